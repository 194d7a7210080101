//! Looks at every element of a file, on as many threads as the machine has where there are many.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::finding::{Finding, FindingKind};
use super::{Examination, Report};
use crate::byte_order::ByteOrder;
use crate::descriptor::{Checks, Descriptor, Fault};
use crate::error::{Action, ElementFault, Error, Region};
use crate::snapshot::{Elements, LockedFile};
use crate::storage::Storage;

/// A thread takes so many bytes of elements at a time, or one element if that has more.
const BLOCK_BYTES: u64 = 1 << 20;
/// So many elements are looked at together, or one: they stay in the cache of the processor.
const STEP_BYTES: usize = 1 << 16;
/// The least bytes for which one more thread pays.
const BYTES_PER_THREAD: u64 = 16 << 20;

/// The elements of a file, and how to look at them.
pub(super) struct Scan<'a> {
    file: &'a LockedFile,
    descriptor: &'a Descriptor,
    checks: Checks<'a>,
    order: ByteOrder,
    elements: Elements<'a>,
    element_bytes: u64,
    data_offset: u64,
    file_bytes: u64,
}

/// What was found in the elements so far.
#[derive(Default)]
struct Found {
    checked: u64,
    invalid: u64,
    unreadable_bytes: u64,
    /// The first of them, by index.
    faults: BTreeMap<u64, ElementFault>,
    /// The first places that can't be read, and why.
    unreadable: BTreeMap<u64, String>,
}

impl<'a> Scan<'a> {
    /// Maps the elements that are there; `None` where nobody can tell what or how many they are.
    pub(super) fn new(
        path: &Path,
        file: &'a LockedFile,
        examination: &'a Examination,
    ) -> Result<Option<Self>, Error> {
        let parts = (&examination.preamble, &examination.header, &examination.descriptor);
        let (Some(preamble), Some(header), Some(descriptor)) = parts else { return Ok(None) };
        let (Some(replay), Some(len)) = (&examination.replay, examination.len_there()) else {
            return Ok(None);
        };
        let data_offset = preamble.data_offset.get();
        let element_bytes = preamble.element_bytes.get();
        let bytes = header.file_bytes(len).map(|end| end - data_offset);
        let bytes = bytes
            .filter(|&bytes| bytes <= isize::MAX as u64)
            .ok_or_else(|| Error::TooLarge { path: path.into(), elements: len, element_bytes })?;
        let elements = Elements::map(file, data_offset, bytes, replay)
            .map_err(|source| Error::io(Action::Map, path, source))?;
        let (order, file_bytes) = (preamble.byte_order(), examination.file_bytes);
        let checks = descriptor.checks(order);
        let scan = Self {
            file,
            descriptor,
            checks,
            order,
            elements,
            element_bytes,
            data_offset,
            file_bytes,
        };
        Ok(Some(scan))
    }

    /// Looks at all of them, and adds what was found.
    pub(super) fn run(
        &self,
        report: &mut Report,
        findings: &mut Vec<Finding>,
        progress: impl FnMut(u64, u64) + Send,
    ) {
        let found = Mutex::new((Found::default(), progress));
        let next = AtomicU64::new(0);
        let bytes = self.elements.bytes().len() as u64;
        let parallelism = thread::available_parallelism().map_or(1, NonZero::get) as u64;
        let threads = (bytes / BYTES_PER_THREAD).clamp(1, parallelism);
        thread::scope(|scope| {
            for _ in 1..threads {
                let work = || self.work(&next, &found);
                // Where the system has no thread to spare the others do its part.
                let _ = thread::Builder::new().spawn_scoped(scope, work);
            }
            self.work(&next, &found);
        });
        let (found, _) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        report.checked_elements = found.checked;
        report.invalid_elements = found.invalid;
        report.unreadable_bytes = found.unreadable_bytes;
        self.tell(found, findings);
    }

    fn tell(&self, found: Found, findings: &mut Vec<Finding>) {
        findings.extend(found.faults.into_values().map(|fault| {
            let offset = self.data_offset + fault.index * self.element_bytes;
            Finding::of_element(fault, offset)
        }));
        findings.extend(found.unreadable.into_iter().map(|(offset, why)| {
            let expected = "bytes that can be read";
            Finding::new(FindingKind::Unreadable, Region::Elements, offset, expected, why)
        }));
    }

    /// Takes one block after the other that nobody took.
    fn work(&self, next: &AtomicU64, found: &Mutex<(Found, impl FnMut(u64, u64))>) {
        let total_bytes = self.elements.bytes().len() as u64;
        let block_bytes = (BLOCK_BYTES / self.element_bytes).max(1) * self.element_bytes;
        let mut scratch = Vec::new();
        loop {
            let start = next.fetch_add(1, Ordering::Relaxed).saturating_mul(block_bytes);
            if start >= total_bytes {
                break;
            }
            let end = total_bytes.min(start + block_bytes);
            let of_block = self.look_at(start, end, &mut scratch);
            let mut guard = found.lock().unwrap_or_else(PoisonError::into_inner);
            let (found, progress) = &mut *guard;
            found.add(of_block);
            progress(found.checked * self.element_bytes + found.unreadable_bytes, total_bytes);
        }
    }

    fn look_at(&self, start: u64, end: u64, scratch: &mut Vec<u8>) -> Found {
        let mut found = Found::default();
        match self.probe(start, end, scratch) {
            Err((offset, why)) => {
                found.unreadable_bytes = end - start;
                found.unreadable.insert(offset, why);
            }
            Ok(()) => {
                let step_bytes =
                    (STEP_BYTES / self.element_bytes as usize).max(1) * self.element_bytes as usize;
                let block = &self.elements.bytes()[start as usize..end as usize];
                let first = start / self.element_bytes;
                for (i, step) in block.chunks(step_bytes).enumerate() {
                    let first = first + (i * step_bytes) as u64 / self.element_bytes;
                    self.check(first, step, &mut found);
                }
            }
        }
        found
    }

    /// Reads bytes before they are looked at in memory, so that a device that fails is an error and not a signal.
    /// Fails with the offset in the file, and the reason.
    fn probe(&self, start: u64, end: u64, scratch: &mut Vec<u8>) -> Result<(), (u64, String)> {
        scratch.resize((end - start).min(BLOCK_BYTES) as usize, 0);
        // What a journal brings past the end of the file is in memory already.
        let end = (self.data_offset + end).min(self.file_bytes);
        let mut offset = self.data_offset + start;
        while offset < end {
            let part = &mut scratch[..(end - offset).min(BLOCK_BYTES) as usize];
            let read = self.file.storage.read_exact_at(offset, part);
            read.map_err(|error| (offset, error.to_string()))?;
            offset += part.len() as u64;
        }
        Ok(())
    }

    fn check(&self, first: u64, elements: &[u8], found: &mut Found) {
        let element_bytes = self.element_bytes as usize;
        found.checked += (elements.len() / element_bytes) as u64;
        if self.checks.are_valid(elements) {
            return;
        }
        for (index, element) in (first..).zip(elements.chunks(element_bytes)) {
            if self.checks.are_valid(element) {
                continue;
            }
            found.invalid += 1;
            if found.faults.len() < Report::MAX_LISTED {
                let fault = self.descriptor.known_fault(element, self.order);
                found.faults.insert(index, element_fault(index, fault));
            }
        }
    }
}

fn element_fault(index: u64, fault: Option<Fault>) -> ElementFault {
    let Fault { field, expected, found } =
        fault.expect("what the checks refuse has a field at fault");
    ElementFault { index, field, expected, found }
}

impl Found {
    /// Adds what was found elsewhere, and keeps the first of all.
    fn add(&mut self, other: Self) {
        self.checked += other.checked;
        self.invalid += other.invalid;
        self.unreadable_bytes += other.unreadable_bytes;
        self.faults.extend(other.faults);
        self.unreadable.extend(other.unreadable);
        while self.faults.len() > Report::MAX_LISTED {
            self.faults.pop_last();
        }
        while self.unreadable.len() > Report::MAX_LISTED {
            self.unreadable.pop_last();
        }
    }
}
