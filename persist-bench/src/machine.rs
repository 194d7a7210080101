//! What the numbers were taken on.

use std::fs;
use std::path::Path;

/// A list of the machine, the kernel and the file system of a directory, in Markdown.
pub(crate) fn describe(directory: &Path) -> String {
    let system = rustix::system::uname();
    let memory = rustix::system::sysinfo();
    let memory_bytes = memory.totalram as u64 * u64::from(memory.mem_unit);
    format!(
        "- Machine: {}, {} CPUs, {} GiB of memory\n\
         - Kernel: {} {}, {}, pages of {} bytes, transparent huge pages: {}\n\
         - File system: {}\n",
        cpu(),
        std::thread::available_parallelism().map_or(0, usize::from),
        memory_bytes >> 30,
        system.sysname().to_string_lossy(),
        system.release().to_string_lossy(),
        system.machine().to_string_lossy(),
        rustix::param::page_size(),
        huge_pages(),
        file_system(directory).unwrap_or_else(|| "unknown".into()),
    )
}

fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or("unknown CPU", |(_, name)| name.trim()).to_owned()
}

/// The chosen word of `always [madvise] never`.
fn huge_pages() -> String {
    let modes =
        fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
    let chosen = modes.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    chosen.map_or("unknown", |(mode, _)| mode).to_owned()
}

/// Type, device and options of the mount that the directory is in: that with the longest mount point.
fn file_system(directory: &Path) -> Option<String> {
    let directory = directory.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    // `36 35 98:0 /root /mount/point options optional… - type device super-options`
    let mount = mounts
        .lines()
        .filter_map(|line| {
            let (mount, system) = line.split_once(" - ")?;
            let mut mount = mount.split(' ').skip(4);
            let (point, options) = (mount.next()?, mount.next()?);
            let mut system = system.split(' ');
            let (kind, device) = (system.next()?, system.next()?);
            let description = format!("{kind} on {device} ({options})");
            directory.starts_with(point).then_some((point.len(), description))
        })
        // The last of equals: a mount hides those before it.
        .max_by_key(|(length, _)| *length)?;
    Some(mount.1)
}
