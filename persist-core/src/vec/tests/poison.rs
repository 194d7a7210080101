//! What the vector asks of its storage, in which order, and what it does when that fails.

#![forbid(unsafe_code)]

use std::error::Error as _;
use std::io::ErrorKind;

use super::*;
use crate::storage::faulty::{Call, FaultyStorage};

const ROOM: usize = 4096;

fn faulty() -> FaultyStorage {
    FaultyStorage::new(HeapStorage::new(HEADER_BYTES + ROOM))
}

/// Storage with a closed file of the elements 1 and 2.
fn two_elements() -> FaultyStorage {
    let storage = faulty();
    let mut vector = create::<u64>(&storage);
    vector.extend_from_slice(&[1, 2]).unwrap();
    vector.commit().unwrap();
    vector.close().unwrap();
    storage.take_calls();
    storage
}

fn assert_poisoned<T>(result: Result<T, Error>, by: Action) {
    match result.err() {
        Some(Error::Poisoned { action, source, .. }) => {
            assert_eq!((action, source.kind()), (by, ErrorKind::Other));
        }
        other => panic!("expected it to be poisoned, found {other:?}"),
    }
}

/// Reading goes on, and nothing else: no call is made of storage that failed once.
fn assert_only_readable(mut vector: MmapVec<u64>, storage: &FaultyStorage, by: Action) {
    storage.take_calls();
    let elements = vector.to_vec();
    assert_poisoned(vector.commit(), by);
    assert_poisoned(vector.reserve(ROOM / 8), by);
    assert_poisoned(vector.shrink_to_fit(), by);
    assert_eq!(vector, elements);
    vector.iter_mut().for_each(|element| *element += 0);
    assert_poisoned(vector.close(), by);
    assert_eq!(storage.take_calls(), [Call::ForgetCache], "what was not written is not read again");
}

#[test]
fn reading_changes_nothing() {
    let storage = two_elements();
    let vector = open::<u64>(&storage).unwrap();
    assert_eq!((vector.as_slice(), vector.info().shutdown), (&[1, 2][..], Shutdown::Clean));
    assert_eq!(storage.take_calls(), [Call::Map]);
    drop(vector);
    open::<u64>(&storage).unwrap().close().unwrap();
    assert_eq!(storage.take_calls(), [Call::Map]);
}

#[test]
fn a_commit_makes_elements_durable_before_it_counts_them() {
    use Call::{Allocate, Map, Sync, Write};

    let storage = two_elements();
    let mut vector = open::<u64>(&storage).unwrap();
    assert_eq!(storage.take_calls(), [Map]);
    vector[0] = 7;
    // The slot that stands may be known to the kernel only, so it is made durable before the other goes.
    assert_eq!(storage.take_calls(), [Sync, Write, Sync], "the file now says that it has a writer");
    vector[1] = 8;
    vector.pop();
    assert_eq!(storage.take_calls(), []);
    vector.commit().unwrap();
    assert_eq!(storage.take_calls(), [Sync, Write, Sync]);
    vector[0] = 9;
    vector.commit().unwrap();
    assert_eq!(storage.take_calls(), [Sync], "the number of elements is the same");
    vector.extend_from_slice(&[10; 20]).unwrap();
    let grown = storage.take_calls();
    assert!(grown.iter().all(|call| matches!(call, Allocate | Map)), "{grown:?}");
    vector.close().unwrap();
    assert_eq!(storage.take_calls(), [Sync, Write, Sync, Write, Sync]);
    assert_eq!(open::<u64>(&storage).unwrap().len(), 21, "closing commits");
}

#[test]
fn a_failed_commit_poisons() {
    for (call, successes, action, len_after) in [
        (Call::Sync, 0, Action::Sync, 2),
        (Call::Write, 0, Action::Write, 2),
        // The slot was written, and nobody knows whether it is durable: here it is.
        (Call::Sync, 1, Action::Sync, 3),
    ] {
        let storage = two_elements();
        let mut vector = open::<u64>(&storage).unwrap();
        vector.push(3).unwrap();
        storage.fail(call, successes, ErrorKind::Other);
        assert_poisoned(vector.commit(), action);
        assert_eq!(vector, [1, 2, 3]);
        assert_only_readable(vector, &storage, action);
        let vector = open::<u64>(&storage).unwrap();
        assert_eq!(vector, [1, 2, 3][..len_after], "{call:?}, after {successes}");
        assert_eq!(vector.info().shutdown, Shutdown::Unclean);
    }
}

#[test]
fn a_failed_close_is_an_error_and_loses_nothing() {
    for (call, successes, action, len_after) in [
        (Call::Sync, 0, Action::Sync, 2),
        (Call::Write, 0, Action::Write, 2),
        // From here on one slot has the new length.
        (Call::Sync, 1, Action::Sync, 3),
        (Call::Write, 1, Action::Write, 3),
        (Call::Sync, 2, Action::Sync, 3),
    ] {
        let storage = two_elements();
        let mut vector = open::<u64>(&storage).unwrap();
        vector.push(3).unwrap();
        storage.fail(call, successes, ErrorKind::Other);
        assert_poisoned(vector.close(), action);
        assert_eq!(open::<u64>(&storage).unwrap(), [1, 2, 3][..len_after]);
    }
}

/// A slot that says *clean* may be known to the kernel only, while the other has another length.
#[test]
fn closing_is_done_again_where_the_slots_disagree() {
    use Call::{Map, Sync, Write};

    let storage = two_elements();
    let mut vector = open::<u64>(&storage).unwrap();
    vector.push(3).unwrap();
    storage.fail(Sync, 1, ErrorKind::Other);
    assert_poisoned(vector.close(), Action::Sync);
    storage.take_calls();

    let vector = open::<u64>(&storage).unwrap();
    assert_eq!((vector.len(), vector.info().shutdown), (3, Shutdown::Clean));
    vector.close().unwrap();
    assert_eq!(storage.take_calls(), [Map, Sync, Write, Sync, Write, Sync]);
    open::<u64>(&storage).unwrap().close().unwrap();
    assert_eq!(storage.take_calls(), [Map], "both slots say it now");
}

#[test]
fn a_file_that_cant_be_marked_is_poisoned_before_it_changes() {
    let storage = two_elements();
    let mut vector = open::<u64>(&storage).unwrap();
    storage.fail(Call::Write, 0, ErrorKind::Other);
    assert_poisoned(vector.push(3), Action::Write);
    assert_eq!(vector, [1, 2]);
    assert_only_readable(vector, &storage, Action::Write);

    let mut vector = open::<u64>(&storage).unwrap();
    storage.fail(Call::Write, 0, ErrorKind::Other);
    vector[0] = 7; // can't say so
    assert_only_readable(vector, &storage, Action::Write);
}

#[test]
fn the_poison_says_why() {
    let storage = two_elements();
    let mut vector = open::<u64>(&storage).unwrap();
    vector.push(3).unwrap();
    storage.fail(Call::Sync, 0, ErrorKind::Other);
    let first = vector.commit().unwrap_err();
    let second = vector.commit().unwrap_err();
    assert_eq!(first.to_string(), second.to_string());
    assert!(first.to_string().contains("attempt to sync"), "{first}");
    assert!(first.source().is_some_and(|source| source.is::<std::sync::Arc<std::io::Error>>()));
    assert_eq!(std::io::Error::from(first).kind(), ErrorKind::Other);
}

#[test]
fn storage_that_cant_grow_is_not_poisoned() {
    for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::Other] {
        let storage = two_elements();
        let mut vector = open::<u64>(&storage).unwrap();
        vector.reserve_exact(1).unwrap();
        vector.push(3).unwrap();
        storage.take_calls();
        storage.fail(Call::Allocate, 0, kind);
        let error = vector.reserve_exact(9).unwrap_err();
        match kind {
            ErrorKind::Other => {
                assert!(matches!(error, Error::Io { action: Action::Grow, .. }), "{error}");
            }
            _ => assert!(matches!(error, Error::DiskFull { needed_bytes: 72, .. }), "{error}"),
        }
        assert_eq!(
            storage.take_calls(),
            [Call::Allocate, Call::Truncate],
            "what was got half-way is given back"
        );
        assert_eq!((vector.as_slice(), vector.capacity()), (&[1, 2, 3][..], 3));
        vector.commit().unwrap();
        vector.push(4).unwrap();
        vector.commit().unwrap();
        drop(vector);
        assert_eq!(open::<u64>(&storage).unwrap(), [1, 2, 3, 4]);
    }
}

#[test]
fn a_smaller_step_is_tried_where_a_large_one_fails() {
    let storage = two_elements();
    let mut vector = open::<u64>(&storage).unwrap();
    vector.extend_from_slice(&[3; (ROOM / 8) - 2]).unwrap();
    let calls = storage.take_calls();
    let attempts = calls.iter().filter(|&&call| call == Call::Allocate).count();
    assert!((2..32).contains(&attempts), "{attempts}");
    assert_eq!(vector.capacity(), ROOM / 8);
}

#[test]
fn storage_that_cant_be_cut_is_not_poisoned() {
    let storage = two_elements();
    let mut vector = open::<u64>(&storage).unwrap();
    vector.reserve_exact(5).unwrap();
    storage.fail(Call::Truncate, 0, ErrorKind::Other);
    let error = vector.shrink_to_fit().unwrap_err();
    assert!(matches!(error, Error::Io { action: Action::Shrink, .. }), "{error}");
    assert_eq!((vector.as_slice(), vector.capacity()), (&[1, 2][..], 7));
    vector.push(3).unwrap();
    vector.commit().unwrap();
    vector.shrink_to_fit().unwrap();
    assert_eq!((vector.as_slice(), vector.capacity()), (&[1, 2, 3][..], 3));
}

/// Storage that is mapped anew when its size changes.
fn moving() -> (FaultyStorage, MmapVec<u64>) {
    let storage = FaultyStorage::new(HeapStorage::that_must_remap(HEADER_BYTES + ROOM));
    let mut vector = create::<u64>(&storage);
    vector.extend_from_slice(&[1, 2]).unwrap();
    vector.commit().unwrap();
    vector.shrink_to_fit().unwrap();
    (storage, vector)
}

#[test]
fn growth_that_cant_be_mapped_leaves_the_vector_as_it_was() {
    let (storage, mut vector) = moving();
    storage.fail(Call::Map, 0, ErrorKind::OutOfMemory);
    let error = vector.reserve_exact(1).unwrap_err();
    assert!(matches!(error, Error::Io { action: Action::Map, .. }), "{error}");
    assert_eq!((vector.as_slice(), vector.capacity()), (&[1, 2][..], 2));
    vector.push(3).unwrap();
    vector.commit().unwrap();
    drop(vector);
    assert_eq!(open::<u64>(&storage).unwrap(), [1, 2, 3]);
}

#[test]
fn a_vector_that_lost_its_mapping_is_empty_and_its_file_is_not() {
    let (storage, mut vector) = moving();
    vector.reserve_exact(8).unwrap();
    vector.push(3).unwrap();
    storage.fail(Call::Map, 0, ErrorKind::Other);
    assert_poisoned(vector.shrink_to_fit(), Action::Map);
    assert_eq!((vector.as_slice(), vector.capacity()), (&[][..], 0));
    assert_poisoned(vector.push(4), Action::Map);
    assert_only_readable(vector, &storage, Action::Map);
    assert_eq!(open::<u64>(&storage).unwrap(), [1, 2]);
}
