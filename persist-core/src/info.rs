//! What a file says of itself, for people and programs that ask.

#![forbid(unsafe_code)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::descriptor::Descriptor;
use crate::error::ByteOrder;
use crate::mode::Mode;
use crate::store::Store;

/// The header of a file, as it was when the file was opened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FileInfo {
    /// The application's own magic, zeros where it gave none.
    pub app_magic: [u8; 8],
    /// The application's own version: major, minor, patch.
    pub app_version: [u8; 3],
    /// The architecture of the machine that created the file, such as `x86_64`.
    pub architecture: String,
    /// The width of a pointer on that machine, in bytes.
    pub pointer_bytes: u32,
    /// The byte order of the elements.
    pub byte_order: ByteOrder,
    /// The full structure of the element type.
    pub descriptor: Descriptor,
    /// When the file was created; the Unix epoch where the system has no word for that time.
    pub created: SystemTime,
    /// The library that created the file, and its version.
    pub writer: String,
    /// Where element 0 lies in the file, in bytes.
    pub data_offset_bytes: u64,
    /// The room for commits that wait to be applied, in bytes.
    pub journal_bytes: u64,
    /// How many commits of a writer that didn't close the file wait there. They count, and the next writer
    /// applies them.
    pub waiting_commits: u64,
    /// How often a state of the file was written into its header.
    pub epoch: u64,
    /// How the vector is committed.
    pub mode: Mode,
    /// How the file was left by its last writer.
    pub shutdown: Shutdown,
}

/// How a file was left by its last writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shutdown {
    /// It was closed, and nothing was written since. In mode atomic only a commit counts as that.
    Clean,
    /// It was written and not closed: dropped, killed, or cut off from power. What it has now is what its
    /// [`Mode`] promises: in mode atomic the last commit.
    Unclean,
    /// One of the two copies of the length is damaged, as by a crash while it was written. The
    /// other one was used.
    Torn,
}

impl FileInfo {
    pub(crate) fn new(store: &Store) -> Self {
        let header = store.header();
        let (preamble, slots) = (&header.preamble, &header.slots);
        Self {
            app_magic: preamble.app_magic,
            app_version: preamble.app_version,
            architecture: text(&preamble.architecture),
            pointer_bytes: preamble.pointer_bytes.get(),
            byte_order: preamble.byte_order(),
            descriptor: Descriptor::decode(&header.descriptor)
                .expect("opening compared the descriptor with a type's"),
            created: UNIX_EPOCH
                .checked_add(Duration::from_millis(preamble.created_unix_ms.get()))
                .unwrap_or(UNIX_EPOCH),
            writer: text(&preamble.writer),
            data_offset_bytes: store.data_offset(),
            journal_bytes: preamble.journal_bytes.get(),
            waiting_commits: store.waiting_commits(),
            epoch: slots.newest.epoch,
            mode: slots.newest.mode,
            shutdown: match (slots.torn, slots.newest.clean) {
                (true, _) => Shutdown::Torn,
                (false, true) => Shutdown::Clean,
                (false, false) => Shutdown::Unclean,
            },
        }
    }
}

/// Text that was filled up with zeros.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
