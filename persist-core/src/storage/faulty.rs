//! Storage that fails when it is told to, for tests of what the layers above do then.

#![forbid(unsafe_code)]

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use super::Storage;
use super::heap::HeapStorage;
use crate::mapping::{Detection, Mapping};

/// A call of [`Storage`] that changes something, and so may fail in a way that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Write,
    WriteDurable,
    Allocate,
    Truncate,
    Sync,
    Map,
    ForgetCache,
    StartWriteBack,
    FinishWriteBack,
}

/// Storage on the heap that counts its calls, and fails those it was told to. Clones share the bytes,
/// the plan and the record.
#[derive(Debug, Clone)]
pub(crate) struct FaultyStorage {
    heap: HeapStorage,
    script: Arc<Mutex<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    /// What fails, after how many more successes of the same call, and how. It happens once.
    fault: Option<(Call, usize, io::ErrorKind)>,
    /// The calls that were made, failed ones too.
    calls: Vec<Call>,
}

impl FaultyStorage {
    pub(crate) fn new(heap: HeapStorage) -> Self {
        Self { heap, script: Arc::default() }
    }

    /// Lets one call fail, after `successes` of its kind. The one after it would succeed.
    pub(crate) fn fail(&self, call: Call, successes: usize, kind: io::ErrorKind) {
        self.script().fault = Some((call, successes, kind));
    }

    /// The calls since this was last asked.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.script().calls)
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().expect("a test panicked")
    }

    fn play(&self, call: Call) -> io::Result<()> {
        let mut script = self.script();
        script.calls.push(call);
        match &mut script.fault {
            Some((faulty, 0, kind)) if *faulty == call => {
                let kind = *kind;
                script.fault = None;
                Err(kind.into())
            }
            Some((faulty, successes, _)) if *faulty == call => {
                *successes -= 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Storage for FaultyStorage {
    fn len_bytes(&self) -> io::Result<u64> {
        self.heap.len_bytes()
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.heap.read_exact_at(offset, buffer)
    }

    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.play(Call::Write)?;
        self.heap.write_all_at(offset, bytes)
    }

    fn write_durable_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.play(Call::WriteDurable)?;
        self.heap.write_durable_at(offset, bytes)
    }

    fn allocate(&self, start: u64, end: u64) -> io::Result<()> {
        self.play(Call::Allocate)?;
        self.heap.allocate(start, end)
    }

    fn is_sparse(&self, start: u64, end: u64) -> io::Result<bool> {
        self.heap.is_sparse(start, end)
    }

    fn allocates_to_read(&self) -> bool {
        self.heap.allocates_to_read()
    }

    fn start_write_back(&self, start: u64, end: u64) {
        self.script().calls.push(Call::StartWriteBack);
        self.heap.start_write_back(start, end);
    }

    fn finish_write_back(&self, start: u64, end: u64) -> io::Result<()> {
        self.play(Call::FinishWriteBack)?;
        self.heap.finish_write_back(start, end)
    }

    fn block_bytes(&self) -> usize {
        self.heap.block_bytes()
    }

    fn truncate(&self, end: u64) -> io::Result<()> {
        self.play(Call::Truncate)?;
        self.heap.truncate(end)
    }

    fn sync(&self, mapping: &Mapping) -> io::Result<()> {
        self.play(Call::Sync)?;
        self.heap.sync(mapping)
    }

    fn forget_cache(&self) {
        self.script().calls.push(Call::ForgetCache);
    }

    fn map(&self, offset: u64, bytes: usize) -> io::Result<Mapping> {
        self.play(Call::Map)?;
        self.heap.map(offset, bytes)
    }

    fn map_read_only(&self, offset: u64, bytes: usize) -> io::Result<Mapping> {
        self.heap.map_read_only(offset, bytes)
    }

    fn map_private(&self, offset: u64, bytes: usize) -> io::Result<Mapping> {
        self.play(Call::Map)?;
        self.heap.map_private(offset, bytes)
    }

    fn maps_past_end(&self) -> bool {
        self.heap.maps_past_end()
    }

    fn set_private(
        &self,
        mapping: &mut Mapping,
        offset: u64,
        pages: Range<usize>,
        private: bool,
    ) -> io::Result<()> {
        self.heap.set_private(mapping, offset, pages, private)
    }

    fn boot_id(&self) -> Option<[u8; 16]> {
        self.heap.boot_id()
    }

    fn detection(&self) -> Detection {
        self.heap.detection()
    }

    fn page_bytes(&self) -> usize {
        self.heap.page_bytes()
    }
}
