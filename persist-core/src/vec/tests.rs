//! The vector over storage on the heap: everything that is unsafe about elements, where Miri sees it.

mod ahead;
mod atomic;
mod crash;
mod poison;
mod surface;

use std::io::Write as _;
use std::mem::MaybeUninit;
use std::path::Path;

use super::*;
use crate::error::ByteOrder;
use crate::header::{Header, NewFile, Preamble};
use crate::storage::Storage;
use crate::storage::heap::HeapStorage;
use crate::store::Store;
use crate::{Action, FixedStr, MmapSlice, Mode, Shutdown};

/// The size of the header of a file without a journal, whose descriptor is short.
const HEADER_BYTES: usize = 1 << 16;

/// Writes a file of no elements and mode *shared*.
fn format<T: Persist>(storage: &impl Storage) {
    assert_eq!(format_as::<T>(storage, Mode::Shared), HEADER_BYTES as u64);
}

/// Writes a file of no elements with the smallest journal of its mode. Returns where its data begins.
fn format_as<T: Persist>(storage: &impl Storage, mode: Mode) -> u64 {
    let new_file = NewFile {
        descriptor: &T::LAYOUT.encode(),
        byte_order: ByteOrder::NATIVE,
        element_bytes: size_of::<T>() as u64,
        element_align_bytes: T::LAYOUT.natural_align(),
        app_magic: [0; 8],
        app_version: [0; 3],
        mode,
        journal_bytes: Some(0),
        created_unix_ms: 0,
        journal_salt: 0x5a17,
    };
    let preamble = Preamble::new(&new_file).unwrap();
    let header = Header::create(&preamble, new_file.descriptor, mode, 0);
    storage.allocate(0, preamble.data_offset.get()).unwrap();
    storage.write_all_at(0, &header).unwrap();
    preamble.data_offset.get()
}

fn store(storage: impl Storage + 'static) -> Result<Store, Error> {
    Store::open(Path::new("heap"), Box::new(storage), None)
}

fn open<T: Persist>(storage: &(impl Storage + Clone + 'static)) -> Result<MmapVec<T>, Error> {
    MmapVec::options().reserve_bytes(0).vec(store(storage.clone())?)
}

fn create<T: Persist>(storage: &(impl Storage + Clone + 'static)) -> MmapVec<T> {
    format::<T>(storage);
    open(storage).unwrap()
}

/// Storage with room for `bytes` of elements: one kind that stays in its place, and one that moves
/// whenever it grows.
fn storages(bytes: usize) -> [HeapStorage; 2] {
    let bytes = HEADER_BYTES + bytes;
    [HeapStorage::new(bytes), HeapStorage::that_must_remap(bytes)]
}

#[test]
fn an_empty_vector_has_an_aligned_address_and_no_elements() {
    for storage in storages(0) {
        let mut vector = create::<u128>(&storage);
        assert!(vector.as_ptr().is_aligned() && !vector.as_ptr().is_null());
        assert_eq!(vector.as_slice(), []);
        assert_eq!(vector.as_mut_slice(), []);
        assert_eq!((vector.len(), vector.capacity(), vector.pop()), (0, 0, None));
        assert!(vector.spare_capacity_mut().is_empty());
        assert!(matches!(vector.push(1), Err(Error::DiskFull { .. })));
        vector.commit().unwrap();
        vector.close().unwrap();
        assert_eq!(MmapSlice::<u128>::options().slice(store(storage).unwrap()).unwrap(), []);
    }
}

#[test]
fn elements_survive_moving() {
    let [_, storage] = storages(1 << 12);
    let mut vector = create::<u64>(&storage);
    let mut addresses = Vec::new();
    for i in 0..1 << 9 {
        vector.reserve_exact(usize::from(i % 64 == 0)).unwrap();
        vector.push(i).unwrap();
        addresses.push(vector.as_ptr());
        assert_eq!(vector[i as usize / 2], i / 2);
    }
    addresses.dedup();
    assert!(addresses.len() > 1, "this storage moves when it grows");
    assert!(vector.iter().copied().eq(0..1 << 9));

    vector.truncate(3);
    vector.commit().unwrap();
    vector.shrink_to_fit().unwrap();
    assert_eq!((vector.capacity(), vector.as_slice()), (3, &[0, 1, 2][..]));
    vector.extend_from_within(..).unwrap();
    assert_eq!(vector, [0, 1, 2, 0, 1, 2]);
}

#[test]
fn the_address_stays_where_storage_can_grow_under_it() {
    let [storage, _] = storages(1 << 12);
    let mut vector = create::<u32>(&storage);
    vector.push(0).unwrap();
    let address = vector.as_ptr();
    for i in 1..1 << 9 {
        vector.push(i).unwrap();
    }
    assert_eq!(vector.as_ptr(), address);
}

#[test]
fn full_storage_takes_what_fits_and_no_more() {
    for storage in storages(100) {
        let mut vector = create::<[u8; 3]>(&storage);
        let mut pushed = 0;
        let error = loop {
            match vector.push([pushed; 3]) {
                Ok(()) => pushed += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::DiskFull { .. }), "{error}");
        assert_eq!(pushed, 33);
        assert_eq!(vector.len(), 33);
        assert!(vector.iter().copied().eq((0..33).map(|i| [i; 3])));
        vector.commit().unwrap();
        assert!(vector.extend_from_slice(&[[0; 3]; 2]).is_err());
        vector.truncate(31);
        vector.extend_from_slice(&[[0; 3]; 2]).unwrap();
        assert!(vector.insert(0, [1; 3]).is_err());
        assert_eq!((vector.len(), vector[0]), (33, [0; 3]));
    }
}

#[test]
fn an_element_that_is_no_value_is_never_seen() {
    let [storage, _] = storages(64);
    let mut vector = create::<char>(&storage);
    vector.extend_from_slice(&['a', 'b', 'c']).unwrap();
    vector.commit().unwrap();
    drop(vector);
    let offset = HEADER_BYTES as u64 + 4;
    storage.write_all_at(offset, &0xd800_u32.to_ne_bytes()).unwrap();
    for error in [
        open::<char>(&storage).map(drop).unwrap_err(),
        MmapSlice::<char>::options().slice(store(storage.clone()).unwrap()).map(drop).unwrap_err(),
    ] {
        assert!(
            matches!(&error, Error::CorruptElement { fault, .. } if fault.index == 1),
            "{error}"
        );
    }
    storage.write_all_at(offset, &('z' as u32).to_ne_bytes()).unwrap();
    assert_eq!(open::<char>(&storage).unwrap(), ['a', 'z', 'c']);
}

#[test]
fn spare_room_is_written_before_it_is_counted() {
    for storage in storages(64) {
        let mut vector = create::<u32>(&storage);
        vector.reserve_exact(3).unwrap();
        let spare = vector.spare_capacity_mut();
        assert_eq!(spare.len(), 3);
        spare[..2].copy_from_slice(&[MaybeUninit::new(7), MaybeUninit::new(8)]);
        // SAFETY: there is room for three, and two were just written.
        unsafe { vector.set_len(2) };
        assert_eq!(vector, [7, 8]);
        assert_eq!(vector.spare_capacity_mut().len(), 1);
    }
}

#[test]
fn a_vector_may_go_to_another_thread_and_be_shared() {
    let [storage, _] = storages(64);
    let mut vector = create::<u32>(&storage);
    vector.push(1).unwrap();
    let vector = std::thread::spawn(move || {
        vector.push(2).unwrap();
        vector
    });
    let vector = vector.join().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(vector.iter().sum::<u32>(), 3));
        }
    });
}

#[test]
fn bytes_are_appended_as_by_a_writer() {
    let [storage, _] = storages(16);
    let mut vector = create::<u8>(&storage);
    let number = 12;
    write!(vector, "{number}-ab").unwrap();
    vector.flush().unwrap();
    assert_eq!(vector, *b"12-ab");
    let error = vector.write(&[0; 17]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(vector, *b"12-ab");
}
