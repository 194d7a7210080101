//! Room is made ready ahead of what is pushed, and large pieces are written to the file, where nothing counts.

use std::io::ErrorKind;

use super::*;
use crate::storage::faulty::{Call, FaultyStorage};

/// Elements in a block of this storage.
const BLOCK: usize = 4096 / 8;
const ROOM: usize = 32 * BLOCK;

/// A vector of no elements with room for [`ROOM`], and its storage, which was called for that alone.
fn roomy() -> (MmapVec<u64>, FaultyStorage) {
    let storage = FaultyStorage::new(HeapStorage::new(HEADER_BYTES + ROOM * 8));
    let mut vector = create::<u64>(&storage);
    vector.reserve_exact(ROOM).unwrap();
    vector.push(0).unwrap();
    vector.clear();
    storage.take_calls();
    (vector, storage)
}

fn numbers(count: usize) -> Vec<u64> {
    (1..=count as u64).collect()
}

/// How many calls of a kind there were since this was last asked.
fn count(storage: &FaultyStorage, call: Call) -> usize {
    storage.take_calls().into_iter().filter(|&made| made == call).count()
}

#[test]
fn large_pieces_are_written_block_by_block() {
    let (mut vector, storage) = roomy();
    let mut model = Vec::new();
    for (len, writes) in [(3 * BLOCK, 3), (BLOCK - 1, 0), (BLOCK, 2), (1, 0), (2 * BLOCK, 2)] {
        vector.extend_from_slice(&numbers(len)).unwrap();
        model.extend(numbers(len));
        assert_eq!(count(&storage, Call::Write), writes, "{len} elements");
        assert!(vector == model, "{len} elements");
    }
    vector.extend_from_slice(&numbers(20 * BLOCK)).unwrap();
    vector.clear();
    storage.take_calls();
    numbers(26 * BLOCK).into_iter().for_each(|number| vector.push(number).unwrap());
    assert_eq!(count(&storage, Call::Write), 0, "written pages are ready for a push");
}

#[test]
fn the_device_begins_before_the_commit() {
    let (mut vector, storage) = roomy();
    // The data begins at a multiple of eight blocks.
    for (blocks, told) in [(7, 0), (1, 1), (17, 2), (6, 0), (1, 1)] {
        vector.extend_from_slice(&numbers(blocks * BLOCK)).unwrap();
        assert_eq!(count(&storage, Call::StartWriteBack), told, "{blocks} blocks");
    }
}

/// Only what was pushed, and only once that is much: a commit may come soon.
#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn the_device_begins_with_many_pushes() {
    let storage = FaultyStorage::new(HeapStorage::new(HEADER_BYTES + 1100 * BLOCK * 8));
    let mut vector = create::<u64>(&storage);
    vector.reserve_exact(1100 * BLOCK).unwrap();
    let told = |vector: &mut MmapVec<u64>, blocks: usize| {
        storage.take_calls();
        numbers(blocks * BLOCK).into_iter().for_each(|number| vector.push(number).unwrap());
        let mut calls = storage.take_calls();
        calls.retain(|call| matches!(call, Call::StartWriteBack | Call::FinishWriteBack));
        calls
    };
    assert_eq!(told(&mut vector, 512), []);
    let one = [Call::FinishWriteBack, Call::StartWriteBack];
    assert_eq!(told(&mut vector, 16), one.repeat(4), "the device is done before it gets more");
    vector.commit().unwrap();
    assert_eq!(told(&mut vector, 512), [], "after a commit");
    vector.resize(1100 * BLOCK, 7).unwrap();
    assert_eq!(count(&storage, Call::StartWriteBack), 1, "what was pushed, and no zeros after it");
}

/// The kernel doesn't tell the next sync of it.
#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn a_device_that_failed_before_the_commit_is_known_to_the_commit() {
    let storage = FaultyStorage::new(HeapStorage::new(HEADER_BYTES + 600 * BLOCK * 8));
    let mut vector = create::<u64>(&storage);
    vector.reserve_exact(600 * BLOCK).unwrap();
    storage.fail(Call::FinishWriteBack, 1, ErrorKind::Other);
    let failed = numbers(600 * BLOCK).into_iter().find_map(|number| vector.push(number).err());
    assert!(matches!(failed, Some(Error::Poisoned { .. })), "{failed:?}");
    let len = vector.len();
    assert!(vector == numbers(len), "{len}");
    assert!(matches!(vector.commit(), Err(Error::Poisoned { .. })));
}

#[test]
fn a_large_piece_is_appended_or_not() {
    for written in 0..3 {
        let (mut vector, storage) = roomy();
        vector.extend_from_slice(&[5, 6]).unwrap();
        storage.fail(Call::Write, written, ErrorKind::StorageFull);
        let full = vector.extend_from_slice(&numbers(3 * BLOCK));
        assert!(matches!(full, Err(Error::DiskFull { .. })), "{full:?}");
        assert_eq!(vector, [5, 6]);
        vector.commit().unwrap();
        vector.extend_from_slice(&numbers(3 * BLOCK)).unwrap();
        assert_eq!((vector[1], vector[2], vector.len()), (6, 1, 2 + 3 * BLOCK));

        storage.fail(Call::Write, written, ErrorKind::Other);
        let broken = vector.extend_from_slice(&numbers(3 * BLOCK));
        assert!(matches!(broken, Err(Error::Poisoned { .. })), "{broken:?}");
        assert_eq!(vector.len(), 2 + 3 * BLOCK);
        storage.take_calls();
        // What there is room for goes to memory.
        vector.extend_from_slice(&numbers(3 * BLOCK)).unwrap();
        numbers(4 * BLOCK).into_iter().for_each(|number| vector.push(number).unwrap());
        assert_eq!(storage.take_calls(), []);
    }
}

#[test]
fn room_is_made_ready_where_a_vector_is_large() {
    let (mut vector, storage) = roomy();
    for block in 0..ROOM / BLOCK {
        numbers(BLOCK).into_iter().for_each(|number| vector.push(number).unwrap());
        let parts = if block < 16 { 0 } else { 2 };
        assert_eq!(count(&storage, Call::Write), parts, "block {block}");
    }
    assert!(vector.chunks(BLOCK).all(|block| block == numbers(BLOCK)));
    vector.clear();
    vector.extend_from_within(..).unwrap();
    numbers(ROOM).into_iter().for_each(|number| vector.push(number).unwrap());
    assert_eq!(count(&storage, Call::Write), 0, "it is ready");
}

#[test]
fn a_push_for_which_no_room_can_be_made_ready_appends_nothing() {
    let (mut vector, storage) = roomy();
    numbers(16 * BLOCK).into_iter().for_each(|number| vector.push(number).unwrap());
    storage.fail(Call::Write, 0, ErrorKind::QuotaExceeded);
    assert!(matches!(vector.push(1), Err(Error::DiskFull { .. })));
    assert!(vector == numbers(16 * BLOCK));
    vector.push(9).unwrap();
    assert_eq!((vector[16 * BLOCK], vector.len()), (9, 16 * BLOCK + 1));
}

/// Fills all the room by other means than to push.
fn fill(vector: &mut MmapVec<u64>) {
    for (place, number) in vector.spare_capacity_mut().iter_mut().zip(1..) {
        place.write(number);
    }
    // SAFETY: all the room was just written.
    unsafe { vector.set_len(vector.capacity()) };
}

#[test]
fn what_was_counted_is_not_made_ready() {
    let (mut vector, _) = roomy();
    vector.extend_from_slice(&numbers(9 * BLOCK)).unwrap();
    vector.clear();
    fill(&mut vector);
    vector.truncate(20 * BLOCK);
    vector.push(20 * BLOCK as u64 + 1).unwrap();
    assert!(vector == numbers(20 * BLOCK + 1));
}

#[test]
fn what_was_committed_is_not_made_ready() {
    let storage = HeapStorage::new(HEADER_BYTES + ROOM * 8);
    let mut vector = create::<u64>(&storage);
    vector.reserve_exact(24 * BLOCK).unwrap();
    fill(&mut vector);
    vector.commit().unwrap();
    vector.truncate(18 * BLOCK);
    vector.reserve_exact(ROOM - vector.len()).unwrap();
    vector.push(18 * BLOCK as u64 + 1).unwrap();
    // SAFETY: elements of the last commit, and of a push.
    unsafe { vector.set_len(24 * BLOCK) };
    assert!(vector == numbers(24 * BLOCK));
}

#[test]
fn storage_that_must_be_mapped_anew_needs_nothing_ahead() {
    let storage = FaultyStorage::new(HeapStorage::that_must_remap(HEADER_BYTES + ROOM * 8));
    let mut vector = create::<u64>(&storage);
    vector.reserve_exact(ROOM).unwrap();
    vector.push(1).unwrap();
    storage.take_calls();
    vector.extend_from_slice(&numbers(20 * BLOCK)).unwrap();
    numbers(11 * BLOCK).into_iter().for_each(|number| vector.push(number).unwrap());
    assert_eq!(storage.take_calls(), [], "a write need not be seen in memory");
}
