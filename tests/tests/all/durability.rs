//! What is in a file after its writer was killed, dropped or closed, and after its header was torn.

use std::path::Path;

use persist_core::{MmapSlice, MmapVec, Shutdown};

use crate::child;
use crate::support::{Image, Slot};

/// What element `index` holds, when it has been written once.
fn element(index: usize) -> u64 {
    (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn options() -> persist_core::OpenOptions<u64> {
    MmapVec::options().journal_bytes(0)
}

fn shutdown(path: &Path) -> Shutdown {
    MmapSlice::<u64>::open(path).unwrap().info().shutdown
}

/// Kills a process at some moment while it appends and commits. Element 0 counts its commits in place.
#[test]
fn a_killed_writer_loses_nothing_that_it_committed() {
    const TEST: &str = "durability::a_killed_writer_loses_nothing_that_it_committed";
    const ROUNDS: usize = 60;
    /// No commit appends more.
    const MOST: usize = 700;
    if let Some((role, path)) = child::task() {
        let mut random: usize = role.parse().unwrap();
        let mut vector = options().open_or_create(path).unwrap();
        if vector.is_empty() {
            vector.push(0).unwrap();
        }
        loop {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            for index in vector.len()..vector.len() + (random >> 33) % MOST {
                vector.push(element(index)).unwrap();
            }
            vector[0] += 1;
            vector.commit().unwrap();
            child::say(format!("{} {}", vector.len(), vector[0]));
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("killed.pv");
    let (mut last_len, mut last_count, mut torn) = (0, 0, 0);
    for round in 0..ROUNDS {
        let mut writer = child::start(TEST, &round.to_string(), &path);
        let mut note = |line: Option<String>| {
            let line = line?;
            let (len, count) = line.split_once(' ').unwrap();
            (last_len, last_count) = (len.parse().unwrap(), count.parse().unwrap());
            Some(())
        };
        for _ in 0..1 + round * 7 % 11 {
            note(writer.hear()).expect("the writer goes on for ever");
        }
        writer.kill();
        // What it had said by then.
        while note(writer.hear()).is_some() {}

        let vector = options().open(&path).unwrap();
        let most = last_len + MOST;
        assert!((last_len..=most).contains(&vector.len()), "{} of {last_len}", vector.len());
        assert!(
            (last_count..=last_count + 1).contains(&vector[0]),
            "{} of {last_count}",
            vector[0]
        );
        assert!(vector.iter().enumerate().skip(1).all(|(i, &found)| found == element(i)));
        match vector.info().shutdown {
            Shutdown::Unclean => {}
            Shutdown::Torn => torn += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(torn, 0, "the kernel finishes a write of one block");
}

#[test]
fn the_file_knows_how_it_was_left() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("left.pv");
    drop(options().create(&path).unwrap());
    assert_eq!(shutdown(&path), Shutdown::Clean, "created, and never written");

    let mut vector = options().open(&path).unwrap();
    vector.push(1).unwrap();
    drop(vector);
    assert_eq!(shutdown(&path), Shutdown::Unclean, "dropped");
    let vector = options().open(&path).unwrap();
    assert!(vector.is_empty());
    vector.close().unwrap();
    assert_eq!(shutdown(&path), Shutdown::Clean, "closed after that");

    let mut vector = options().open(&path).unwrap();
    vector.push(1).unwrap();
    vector.commit().unwrap();
    drop(vector);
    assert_eq!(shutdown(&path), Shutdown::Unclean, "committed, but not closed");
    let mut vector = options().open(&path).unwrap();
    vector.push(2).unwrap();
    vector.close().unwrap();
    assert_eq!(shutdown(&path), Shutdown::Clean);
    assert_eq!(options().open(&path).unwrap(), [1, 2], "closing commits");
    assert_eq!(shutdown(&path), Shutdown::Clean, "only read");
    options().open(&path).unwrap()[0] = 7;
    assert_eq!(shutdown(&path), Shutdown::Unclean, "changed in place");
    let mut vector = options().open(&path).unwrap();
    assert_eq!(vector, [7, 2]);
    vector.pop();
    vector.close().unwrap();
    assert_eq!(shutdown(&path), Shutdown::Clean);
    assert_eq!(options().open(&path).unwrap(), [7], "a removal alone is a change, too");
}

#[test]
fn without_a_commit_the_number_of_elements_is_the_old_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("five.pv");
    let mut vector = options().create(&path).unwrap();
    vector.extend_from_slice(&[1, 2, 3]).unwrap();
    assert_eq!((vector.len(), vector.committed_len()), (3, 0));
    vector.commit().unwrap();
    assert_eq!((vector.len(), vector.committed_len()), (3, 3));
    vector.extend_from_slice(&[4, 5]).unwrap();
    assert!(vector.capacity() > 8);
    drop(vector);
    assert_eq!(options().open(&path).unwrap(), [1, 2, 3], "neither 5 nor the capacity");

    let mut vector = options().open(&path).unwrap();
    vector.clear();
    drop(vector);
    assert_eq!(options().open(&path).unwrap(), [1, 2, 3]);
    let mut vector = options().open(&path).unwrap();
    vector.clear();
    vector.commit().unwrap();
    drop(vector);
    assert_eq!(options().open(&path).unwrap(), []);
}

/// A file of two states of different lengths, the newer one in slot `newest`.
fn two_states(path: &Path, newest: usize) -> Image {
    let mut vector = options().create(path).unwrap();
    for number in 0..2 + newest as u64 {
        vector.push(number).unwrap();
        vector.commit().unwrap();
    }
    drop(vector);
    let image = Image::read(path);
    let epochs = [0, 1].map(|slot| image.get(Slot(slot), "epoch"));
    assert_eq!(epochs[newest], epochs[1 - newest] + 1, "a commit writes the other slot");
    std::fs::remove_file(path).unwrap();
    image
}

#[test]
fn a_torn_slot_leaves_the_other_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("torn.pv");
    for (newest, torn) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let image = two_states(&path, newest);
        let lens = [0, 1].map(|slot| image.get(Slot(slot), "committed_len"));
        assert_eq!(lens[newest], lens[1 - newest] + 1);
        // The first half of another slot, as a disk that lost power could leave it.
        let block = Slot(torn).offset();
        let image = image.with_bytes(block, &[0xa5; 20]);
        image.write(&path);

        let expected: Vec<u64> = (0..lens[1 - torn]).collect();
        assert_eq!(shutdown(&path), Shutdown::Torn);
        let mut vector = options().open(&path).unwrap();
        assert_eq!(vector, expected);
        vector.push(expected.len() as u64).unwrap();
        drop(vector);
        assert_eq!(options().open(&path).unwrap(), expected);

        let mut vector = options().open(&path).unwrap();
        vector.push(expected.len() as u64).unwrap();
        vector.commit().unwrap();
        assert_eq!(vector.committed_len(), expected.len() + 1);
        vector.close().unwrap();
        assert_eq!(shutdown(&path), Shutdown::Clean);
        assert_eq!(MmapSlice::<u64>::open(&path).unwrap().len(), expected.len() + 1);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_closed_file_survives_the_loss_of_either_slot() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("closed.pv");
    let mut vector = options().create(&path).unwrap();
    vector.extend_from_slice(&[1, 2, 3]).unwrap();
    vector.commit().unwrap();
    vector.close().unwrap();
    let image = Image::read(&path);
    for slot in [0, 1] {
        let offset = Slot(slot).field("committed_len").start;
        image.clone().flipped(offset, 1).write(&path);
        assert_eq!(shutdown(&path), Shutdown::Torn);
        let vector = options().open(&path).unwrap();
        assert_eq!(vector, [1, 2, 3]);
        vector.close().unwrap();
        assert_eq!(shutdown(&path), Shutdown::Clean, "closing repairs the slot");
    }
}
