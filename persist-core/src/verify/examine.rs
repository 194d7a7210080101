//! What can be made of a file that may be damaged: as much of its header and its journal as makes sense.

use std::io;

use crate::descriptor::Descriptor;
use crate::error::Region;
use crate::header::{DESCRIPTOR_OFFSET, Faults, FileFault, Header, Preamble};
use crate::journal::{ReadAt, Replay};
use crate::mode::Mode;
use crate::storage::Storage;
use crate::store::reader;
use crate::typed;

/// Each part is there where it could be made sense of.
#[derive(Debug)]
pub(crate) struct Examination {
    pub(crate) file_bytes: u64,
    /// What stands before the journal, as far as the preamble says how much that is; with zeros for what the file
    /// lacks.
    pub(crate) bytes: Vec<u8>,
    /// Its offsets are right, the rest may not be.
    pub(crate) preamble: Option<Preamble>,
    pub(crate) header: Option<Header>,
    pub(crate) replay: Option<Replay>,
    pub(crate) live_len: Option<u64>,
    /// A descriptor with its checksum, of a preamble whose fields make sense.
    pub(crate) descriptor: Option<Descriptor>,
    pub(crate) faults: Vec<FileFault>,
}

impl Examination {
    /// Reads steps 1 to 10 of `FORMAT.md`, and the journal also where the file was closed.
    ///
    /// # Errors
    ///
    /// Where the file can't be read.
    pub(crate) fn new(storage: &dyn Storage) -> io::Result<Self> {
        Self::of(storage.len_bytes()?, storage.boot_id(), &mut reader(storage))
    }

    /// The same, of a file of `file_bytes` that is read by a function, on this boot of the machine.
    pub(crate) fn of(
        file_bytes: u64,
        boot_id: Option<[u8; 16]>,
        read: &mut ReadAt<'_>,
    ) -> io::Result<Self> {
        let mut examination = Self {
            file_bytes,
            bytes: read_start(read, file_bytes, DESCRIPTOR_OFFSET)?,
            preamble: None,
            header: None,
            replay: None,
            live_len: None,
            descriptor: None,
            faults: Vec::new(),
        };
        let mut faults = Faults::all();
        examination.read_on(boot_id, read, &mut faults)?;
        examination.faults = faults.into_found();
        match examination.faults.iter().position(|it| matches!(it, FileFault::Unreadable(_))) {
            None => Ok(examination),
            Some(index) => match examination.faults.swap_remove(index) {
                FileFault::Unreadable(error) => Err(error),
                _ => unreachable!("the fault at this index is one of reading"),
            },
        }
    }

    fn read_on(
        &mut self,
        boot_id: Option<[u8; 16]>,
        read: &mut ReadAt<'_>,
        faults: &mut Faults,
    ) -> io::Result<()> {
        let there = self.file_bytes.min(DESCRIPTOR_OFFSET) as usize;
        let examined = Preamble::examine(&self.bytes[..there], self.file_bytes, faults);
        let Ok(preamble) = examined else { return Ok(()) };
        self.bytes = read_start(read, self.file_bytes, preamble.header_bytes())?;
        self.preamble = Some(preamble.clone());
        self.header = Header::examine(preamble.clone(), &self.bytes, faults).ok();
        self.read_descriptor(&preamble, faults);
        let Some(header) = &self.header else { return Ok(()) };
        self.live_len = header.live_len(boot_id, self.file_bytes);
        if self.file_bytes < preamble.data_offset.get() {
            return Ok(());
        }
        let replay = match header.slots.newest.mode {
            Mode::Shared => Ok(Replay::nothing(header)),
            Mode::Atomic => Replay::examine(header, self.file_bytes, read, faults),
        };
        if let Ok(replay) = replay {
            // Who gathers all faults doesn't stop here.
            let _ = faults.note(replay.check_len(header, self.live_len, self.file_bytes));
            self.replay = Some(replay);
        }
        Ok(())
    }

    /// Takes a descriptor that nothing speaks against.
    fn read_descriptor(&mut self, preamble: &Preamble, faults: &mut Faults) {
        let is_damaged = faults.found().any(|fault| match fault {
            FileFault::Corrupt(damage) => {
                damage.region == Region::Descriptor
                    // A checksum that doesn't hold accuses no field.
                    || damage.region == Region::Preamble && damage.offset_bytes > 0
            }
            _ => false,
        });
        if is_damaged {
            return;
        }
        let start = DESCRIPTOR_OFFSET as usize;
        let bytes = &self.bytes[start..][..preamble.descriptor_bytes.get() as usize];
        match typed::decode(bytes, preamble.element_bytes.get()) {
            Ok(descriptor) => self.descriptor = Some(descriptor),
            Err(damage) => _ = faults.add(FileFault::Corrupt(damage)),
        }
    }

    /// How many elements the file should have.
    pub(crate) fn len(&self) -> Option<u64> {
        let counted = self.replay.as_ref().map(|replay| replay.len);
        let in_slot = || self.header.as_ref().map(|header| header.slots.newest.committed_len);
        self.live_len.or(counted).or_else(in_slot)
    }

    /// How many whole elements are there, of those that should be.
    pub(crate) fn len_there(&self) -> Option<u64> {
        let is_truncated =
            self.faults.iter().any(|fault| matches!(fault, FileFault::Truncated { .. }));
        let len = self.len()?;
        Some(if is_truncated { len.min(self.room()?) } else { len })
    }

    /// How many whole elements the file has room for.
    pub(crate) fn room(&self) -> Option<u64> {
        let preamble = self.preamble.as_ref()?;
        let data_bytes = self.file_bytes.saturating_sub(preamble.data_offset.get());
        data_bytes.checked_div(preamble.element_bytes.get())
    }
}

/// The first `bytes` bytes of a file, with zeros for those that it lacks.
fn read_start(read: &mut ReadAt<'_>, file_bytes: u64, bytes: u64) -> io::Result<Vec<u8>> {
    let mut start = vec![0; bytes as usize];
    let there = file_bytes.min(bytes) as usize;
    read(0, &mut start[..there])?;
    Ok(start)
}
