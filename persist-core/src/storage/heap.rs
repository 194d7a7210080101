//! Storage on the heap, for tests: the same code as over a file, where Miri can see it.
//!
//! Clones share their bytes, as two handles of one file do. A mapping is the memory itself, which is
//! what a shared mapping of a file is. Storage that must be mapped anew when it grew moves its bytes
//! to other memory each time, and frees the old with the old mapping, so that an address that
//! outlived its mapping is a use of freed memory.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use super::Storage;
use crate::mapping::{Detection, Mapping};

/// Small, so that few elements are many blocks.
const BLOCK_BYTES: usize = 1 << 12;

#[derive(Debug, Clone)]
pub(crate) struct HeapStorage {
    region: Arc<Mutex<Arc<HeapRegion>>>,
    len_bytes: Arc<Mutex<u64>>,
    /// Past this, `allocate` says that the disk is full.
    full_at: u64,
    maps_past_end: bool,
}

/// Memory of fixed size and place.
#[derive(Debug)]
pub(crate) struct HeapRegion {
    base: *mut u8,
    layout: Layout,
}

// SAFETY: the region is plain memory; who may touch which bytes when is decided by the vector that
// maps it, as it is for a file.
unsafe impl Send for HeapRegion {}
// SAFETY: as above.
unsafe impl Sync for HeapRegion {}

impl HeapRegion {
    fn new(bytes: usize) -> Self {
        let layout = Layout::from_size_align(bytes, 65536).expect("a layout of tests");
        // SAFETY: the size is not zero: tests ask for at least a header.
        let base = unsafe { alloc_zeroed(layout) };
        assert!(!base.is_null());
        Self { base, layout }
    }

    fn at(&self, offset: u64, bytes: usize) -> *mut u8 {
        assert!(offset as usize + bytes <= self.layout.size());
        // SAFETY: the sum is inside the allocation, by the assertion.
        unsafe { self.base.add(offset as usize) }
    }

    /// The same bytes elsewhere.
    fn moved(&self) -> Self {
        let moved = Self::new(self.layout.size());
        // SAFETY: both have that many bytes, and a new allocation overlaps no other.
        unsafe { moved.base.copy_from_nonoverlapping(self.base, self.layout.size()) }
        moved
    }
}

impl Drop for HeapRegion {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout in `new`, and freed only here.
        unsafe { dealloc(self.base, self.layout) }
    }
}

impl HeapStorage {
    /// Storage that is full at `bytes`, and can be mapped somewhat further.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { maps_past_end: true, ..Self::over(HeapRegion::new(bytes + (1 << 16)), bytes) }
    }

    /// Storage that is full at `bytes`. It has to be mapped anew whenever it grew, and then is elsewhere.
    pub(crate) fn that_must_remap(bytes: usize) -> Self {
        Self::over(HeapRegion::new(bytes), bytes)
    }

    fn over(region: HeapRegion, full_at: usize) -> Self {
        Self {
            region: Arc::new(Mutex::new(Arc::new(region))),
            len_bytes: Arc::default(),
            full_at: full_at as u64,
            maps_past_end: false,
        }
    }

    fn region(&self) -> Arc<HeapRegion> {
        Arc::clone(&self.region.lock().expect("a test panicked"))
    }

    fn map_region(
        &self,
        region: Arc<HeapRegion>,
        offset: u64,
        bytes: usize,
    ) -> io::Result<Mapping> {
        if offset + bytes as u64 > region.layout.size() as u64 {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        Ok(Mapping::heap(region.at(offset, bytes), bytes, region))
    }
}

impl Storage for HeapStorage {
    fn len_bytes(&self) -> io::Result<u64> {
        Ok(*self.len_bytes.lock().expect("a test panicked"))
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if offset + buffer.len() as u64 > self.len_bytes()? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let region = self.region();
        let from = region.at(offset, buffer.len());
        // SAFETY: `from` has that many bytes, all initialised by `alloc_zeroed`; the buffer is
        // the caller's own and can't overlap.
        unsafe { from.copy_to_nonoverlapping(buffer.as_mut_ptr(), buffer.len()) }
        Ok(())
    }

    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.allocate(offset, offset + bytes.len() as u64)?;
        let region = self.region();
        let to = region.at(offset, bytes.len());
        // SAFETY: `to` has that many bytes, and the vector writes only header bytes this way, which
        // are in no mapping.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) }
        Ok(())
    }

    fn write_durable_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(offset, bytes)
    }

    fn allocate(&self, _: u64, end: u64) -> io::Result<()> {
        if end > self.full_at {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let mut len = self.len_bytes.lock().expect("a test panicked");
        *len = end.max(*len);
        Ok(())
    }

    fn is_sparse(&self, _: u64, _: u64) -> io::Result<bool> {
        Ok(false)
    }

    fn allocates_to_read(&self) -> bool {
        false
    }

    fn start_write_back(&self, _: u64, _: u64) {}

    fn finish_write_back(&self, _: u64, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn block_bytes(&self) -> usize {
        BLOCK_BYTES
    }

    fn truncate(&self, end: u64) -> io::Result<()> {
        *self.len_bytes.lock().expect("a test panicked") = end;
        Ok(())
    }

    fn sync(&self, _: &Mapping) -> io::Result<()> {
        Ok(())
    }

    fn forget_cache(&self) {}

    fn map(&self, offset: u64, bytes: usize) -> io::Result<Mapping> {
        if !self.maps_past_end {
            let mut region = self.region.lock().expect("a test panicked");
            *region = Arc::new(region.moved());
        }
        self.map_region(self.region(), offset, bytes)
    }

    fn map_read_only(&self, offset: u64, bytes: usize) -> io::Result<Mapping> {
        self.map_region(self.region(), offset, bytes)
    }

    fn map_private(&self, offset: u64, bytes: usize) -> io::Result<Mapping> {
        let region = Arc::new(self.region().moved());
        self.map_region(region, offset, bytes)
    }

    fn maps_past_end(&self) -> bool {
        self.maps_past_end
    }

    fn set_private(&self, _: &mut Mapping, _: u64, _: Range<usize>, _: bool) -> io::Result<()> {
        // A heap has no pages; the simulated disk pretends to.
        Err(io::ErrorKind::Unsupported.into())
    }

    fn boot_id(&self) -> Option<[u8; 16]> {
        None
    }

    fn detection(&self) -> Detection {
        Detection::Compare
    }

    fn page_bytes(&self) -> usize {
        4096
    }
}
