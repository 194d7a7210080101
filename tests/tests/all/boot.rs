//! The boot of the machine, which a file of mode *shared* remembers, and how to make it forget.

use std::fs;
use std::path::Path;

/// Where a file of mode *shared* has the UUID of the boot in which it was written: `FORMAT.md`, "Live state".
const BOOT_ID_OFFSET: usize = 12288 + 8;

/// Whether the system says by a number which boot this is.
pub(crate) fn is_known() -> bool {
    cfg!(target_os = "linux") && Path::new("/proc/sys/kernel/random/boot_id").exists()
}

/// Makes a file one that was left behind in another boot.
pub(crate) fn another(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[BOOT_ID_OFFSET..][..16].fill(0x5a);
    fs::write(path, bytes).unwrap();
}
