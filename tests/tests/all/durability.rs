//! What is in a file after its writer was killed, dropped or closed, and after its header was torn.

use std::path::Path;

use persist_core::{MmapSlice, MmapVec, Mode, OpenOptions, Shutdown};

use crate::support::{self, Image, Slot};
use crate::{boot, child};

/// What element `index` holds, when it has been written once.
fn element(index: usize) -> u64 {
    (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn options() -> OpenOptions<u64> {
    MmapVec::options().journal_bytes(0)
}

fn shared() -> OpenOptions<u64> {
    options().mode(Mode::Shared)
}

fn shutdown(path: &Path) -> Shutdown {
    MmapSlice::<u64>::open(path).unwrap().info().shutdown
}

/// Kills a process at some moment while it appends and commits. Element 0 counts its commits in place. In mode
/// *shared* what it had appended by then is there, too.
#[test]
fn a_killed_writer_loses_nothing_that_it_committed() {
    const TEST: &str = "durability::a_killed_writer_loses_nothing_that_it_committed";
    const ROUNDS: usize = 60;
    /// No commit appends more.
    const MOST: usize = 700;
    if let Some((role, path)) = child::task() {
        let mut random: u64 = role.parse().unwrap();
        let mut vector = shared().open_or_create(path).unwrap();
        if vector.is_empty() {
            vector.push(0).unwrap();
        }
        loop {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            for index in vector.len()..vector.len() + (random >> 33) as usize % MOST {
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
        assert!((last_len..=most).contains(&vector.committed_len()));
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

/// In mode *shared* nothing is lost with the process: not an element, nor a change in place.
#[test]
fn a_killed_writer_of_a_shared_file_loses_nothing() {
    const TEST: &str = "durability::a_killed_writer_of_a_shared_file_loses_nothing";
    /// What a process does that finds `len` elements, and what it leaves. Commits at most once.
    fn live(role: &str, vector: &mut MmapVec<u64>) {
        match role {
            "push" => (0..1000).for_each(|i| vector.push(i).unwrap()),
            "pop" => (0..300).for_each(|_| _ = vector.pop()),
            "edit" => vector.iter_mut().for_each(|element| *element ^= 0x55),
            "edit one" => vector[5] = 77,
            "grow" => vector.resize(300_000, 3).unwrap(),
            "truncate" => vector.truncate(12),
            "remove" => _ = vector.remove(3),
            "commit" => vector.commit().unwrap(),
            "commit, push" => {
                vector.commit().unwrap();
                vector.push(4).unwrap();
            }
            "clear" => vector.clear(),
            other => panic!("{other}"),
        }
    }
    if let Some((role, path)) = child::task() {
        let mut vector = options().open(path).unwrap();
        live(&role, &mut vector);
        child::say("done");
        child::wait_for_release();
        unreachable!("killed before");
    }
    if !boot::is_known() {
        return support::skip(TEST, "the system doesn't say which boot this is");
    }
    let roles = [
        "push",
        "pop",
        "edit",
        "commit, push",
        "pop",
        "commit",
        "pop",
        "edit one",
        "grow",
        "remove",
        "commit",
        "truncate",
        "edit",
        "push",
        "commit, push",
        "clear",
        "push",
    ];
    for is_killed in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("live.pv");
        shared().create(&path).unwrap();
        let modelled = directory.path().join("model.pv");
        let mut model = shared().create(modelled).unwrap();
        for role in roles {
            if is_killed {
                let mut writer = child::start(TEST, role, &path);
                writer.expect("done");
                writer.kill();
            } else {
                live(role, &mut options().open(&path).unwrap());
            }
            live(role, &mut model);
            assert!(MmapSlice::open(&path).unwrap() == model.as_slice(), "{role}");
            let vector = options().open(&path).unwrap();
            assert!(vector == model.as_slice(), "{role}");
            assert_eq!(vector.committed_len(), model.committed_len(), "{role}");
        }
        // After a reboot, nobody can say how many were there beyond the last commit.
        assert_ne!(model.len(), model.committed_len());
        boot::another(&path);
        for _ in 0..2 {
            assert_eq!(MmapSlice::<u64>::open(&path).unwrap().len(), model.committed_len());
            assert_eq!(options().open(&path).unwrap().len(), model.committed_len());
        }
    }
}

#[test]
fn another_boot_knows_the_committed_elements() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("boot.pv");
    for mode in [Mode::Shared, Mode::Atomic] {
        let mut vector = options().mode(mode).create(&path).unwrap();
        vector.extend_from_slice(&[1, 2, 3]).unwrap();
        vector.commit().unwrap();
        vector.extend_from_slice(&[4, 5]).unwrap();
        drop(vector);
        boot::another(&path);
        assert_eq!(MmapSlice::<u64>::open(&path).unwrap(), [1, 2, 3]);
        let mut vector = options().open(&path).unwrap();
        assert_eq!(vector, [1, 2, 3]);
        vector.push(6).unwrap();
        drop(vector);
        // The file has seen this boot again, in mode *shared*.
        let expected: &[u64] = match mode {
            Mode::Shared if boot::is_known() => &[1, 2, 3, 6],
            _ => &[1, 2, 3],
        };
        assert_eq!(MmapSlice::<u64>::open(&path).unwrap(), expected);

        // Of a file that was closed, no boot says more.
        options().open(&path).unwrap().close().unwrap();
        boot::another(&path);
        assert_eq!(MmapSlice::<u64>::open(&path).unwrap(), expected);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn the_file_knows_how_it_was_left() {
    let directory = tempfile::tempdir().unwrap();
    for mode in [Mode::Shared, Mode::Atomic] {
        let path = directory.path().join(format!("{mode:?}.pv"));
        let is_shared = mode == Mode::Shared;
        // A change that nobody committed was in the file, or never was.
        let changed = if is_shared { Shutdown::Unclean } else { Shutdown::Clean };
        drop(options().mode(mode).create(&path).unwrap());
        assert_eq!(shutdown(&path), Shutdown::Clean, "created, and never written");

        let mut vector = options().open(&path).unwrap();
        assert_eq!(vector.info().mode, mode);
        vector.push(1).unwrap();
        drop(vector);
        assert_eq!(shutdown(&path), changed, "dropped");
        let mut vector = options().open(&path).unwrap();
        assert_eq!(vector.len(), if is_shared && boot::is_known() { 1 } else { 0 });
        vector.clear();
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
        assert_eq!(shutdown(&path), changed, "changed in place");
        let mut vector = options().open(&path).unwrap();
        assert_eq!(vector, if is_shared { [7, 2] } else { [1, 2] });
        vector.pop();
        vector.close().unwrap();
        assert_eq!(shutdown(&path), Shutdown::Clean);
        let expected = if is_shared { [7] } else { [1] };
        assert_eq!(options().open(&path).unwrap(), expected, "a removal alone is a change, too");
        let mut vector = options().open(&path).unwrap();
        vector[0] = 9;
        vector.close().unwrap();
        assert_eq!(options().open(&path).unwrap(), [9], "so is one in place");
    }
}

#[test]
fn without_a_commit_there_is_nothing_new() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("five.pv");
    let mut vector = options().create(&path).unwrap();
    vector.extend_from_slice(&[1, 2, 3]).unwrap();
    assert_eq!((vector.len(), vector.committed_len()), (3, 0));
    vector.commit().unwrap();
    assert_eq!((vector.len(), vector.committed_len()), (3, 3));
    vector.extend_from_slice(&[4, 5]).unwrap();
    vector[0] = 7;
    assert!(vector.capacity() > 8);
    drop(vector);
    assert_eq!(options().open(&path).unwrap(), [1, 2, 3], "neither 5 nor the capacity");

    let uncommitted: [fn(&mut MmapVec<u64>); 6] = [
        |vector| vector.clear(),
        |vector| vector.reverse(),
        |vector| _ = vector.remove(0),
        |vector| vector.insert(0, 9).unwrap(),
        |vector| {
            vector.clear();
            vector.extend_from_slice(&[7; 100_000]).unwrap();
        },
        |vector| {
            vector.truncate(1);
            vector.shrink_to_fit().unwrap();
            vector.spare_capacity_mut().iter_mut().for_each(|place| _ = place.write(8));
        },
    ];
    for change in uncommitted {
        let mut vector = options().open(&path).unwrap();
        change(&mut vector);
        drop(vector);
        assert_eq!(options().open(&path).unwrap(), [1, 2, 3]);
        // As a panic in the middle would.
        let mut vector = options().open(&path).unwrap();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            change(&mut vector);
            std::panic::resume_unwind(Box::new(()));
        }));
        assert!(panicked.is_err());
        assert_eq!(options().open(&path).unwrap(), [1, 2, 3]);
    }
    let mut vector = options().open(&path).unwrap();
    vector.clear();
    vector.commit().unwrap();
    drop(vector);
    assert_eq!(options().open(&path).unwrap(), []);
}

/// A file of two states of different lengths, the newer one in slot `newest`.
fn two_states(path: &Path, mode: Mode, newest: usize) -> Image {
    let mut vector = options().mode(mode).create(path).unwrap();
    // The first commit in mode *atomic* writes a slot before.
    for number in 0..2 + newest as u64 {
        vector.push(number).unwrap();
        vector.commit().unwrap();
        vector.checkpoint().unwrap();
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
    for (newest, torn) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        a_torn_slot(Mode::Shared, newest, torn, 1 - torn);
        // The journal has what the older slot hasn't.
        a_torn_slot(Mode::Atomic, newest, torn, newest);
    }
}

/// Tears a slot, and expects the length of the slot `expected`.
fn a_torn_slot(mode: Mode, newest: usize, torn: usize, expected: usize) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("torn.pv");
    let image = two_states(&path, mode, newest);
    let lens = [0, 1].map(|slot| image.get(Slot(slot), "committed_len"));
    assert_eq!(lens[newest], lens[1 - newest] + 1);
    // The first half of another slot, as a disk that lost power could leave it.
    let block = Slot(torn).offset();
    let image = image.with_bytes(block, &[0xa5; 20]);
    image.write(&path);
    boot::another(&path);

    let expected: Vec<u64> = (0..lens[expected]).collect();
    assert_eq!(shutdown(&path), Shutdown::Torn);
    let mut vector = options().open(&path).unwrap();
    assert_eq!(vector, expected);
    vector.push(expected.len() as u64).unwrap();
    drop(vector);
    boot::another(&path);
    assert_eq!(options().open(&path).unwrap(), expected);

    let mut vector = options().open(&path).unwrap();
    vector.push(expected.len() as u64).unwrap();
    vector.commit().unwrap();
    assert_eq!(vector.committed_len(), expected.len() + 1);
    vector.close().unwrap();
    assert_eq!(shutdown(&path), Shutdown::Clean);
    assert_eq!(MmapSlice::<u64>::open(&path).unwrap().len(), expected.len() + 1);
}

#[test]
fn a_closed_file_survives_the_loss_of_either_slot() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("closed.pv");
    for (mode, slot) in [Mode::Shared, Mode::Atomic].into_iter().flat_map(|m| [(m, 0), (m, 1)]) {
        let mut vector = options().mode(mode).create(&path).unwrap();
        vector.extend_from_slice(&[1, 7, 3]).unwrap();
        vector.commit().unwrap();
        vector[1] = 2;
        vector.close().unwrap();
        let image = Image::read(&path);
        let offset = Slot(slot).field("committed_len").start;
        image.flipped(offset, 1).write(&path);
        assert_eq!(shutdown(&path), Shutdown::Torn);
        let vector = options().open(&path).unwrap();
        assert_eq!(vector, [1, 2, 3]);
        vector.close().unwrap();
        assert_eq!(shutdown(&path), Shutdown::Clean, "closing repairs the slot");
        std::fs::remove_file(&path).unwrap();
    }
}
