//! Repair: each case mends what it says, loses what it says, and leaves a file that is fine; and what can't be
//! helped isn't touched.

#[cfg(unix)]
use std::fs;

use persist_core::{
    Error, FindingKind, MmapSlice, MmapVec, Mode, Persist, Region, Repair, RepairKind, RepairLoss,
    RepairObstacle, Report, Severity, verify,
};
use proptest::prelude::*;

use super::any_damage::{Seal, WHOLE, apply, edits};
use super::bytes::in_shards;
use super::journal::{JOURNAL, RECORDS, three_records};
use super::{
    Bench, HEADER_BYTES, MODES, Order, Tick, data_offset, image_of, image_with, orders, ticks,
};
use crate::support::{
    DESCRIPTOR_OFFSET, Image, JournalWriter, Live, NewRecord, Preamble, Record, Slot, extents,
};

/// Holds that a repair takes these steps, and leaves a file that is fine and has these elements.
#[track_caller]
fn check<T: Persist + PartialEq + std::fmt::Debug>(
    name: &str,
    image: &Image,
    steps: &[(&str, RepairLoss)],
    expected: &[T],
) -> Image {
    let bench = Bench::with(image);
    let before = bench.snapshot();
    let repair = Repair::plan(&bench.path).unwrap();
    let found: Vec<_> =
        repair.steps().iter().map(|step| (step.kind.to_string(), step.loss.clone())).collect();
    assert_eq!(found.len(), steps.len(), "{name}: {found:#?}, {:?}", repair.obstacles());
    for ((kind, loss), (text, expected)) in found.iter().zip(steps) {
        assert!(kind.contains(text), "{name}: {text:?} is not in: {kind}");
        assert_eq!(loss, expected, "{name}: {kind}");
    }
    assert!(repair.obstacles().is_empty() && repair.is_possible(), "{name}");
    assert!(bench.snapshot() == before, "{name}: a plan changed something");
    let report = repair.run().unwrap();
    assert!(report.findings.is_empty(), "{name}: {:#?}", report.findings);
    assert_eq!(bench.snapshot().len(), 1, "{name}: something was left behind");
    let slice = MmapSlice::<T>::open(&bench.path).unwrap();
    assert!(*slice == *expected, "{name}: {slice:?}");
    drop(slice);
    MmapVec::<T>::open(&bench.path).unwrap().close().unwrap();
    Image::read(&bench.path)
}

/// Holds that a file can't be helped, for this reason, and isn't touched.
#[track_caller]
fn check_hopeless(name: &str, image: &Image, expected: &RepairObstacle) {
    let bench = Bench::with(image);
    let before = bench.snapshot();
    let repair = Repair::plan(&bench.path).unwrap();
    assert_eq!(repair.obstacles(), std::slice::from_ref(expected), "{name}");
    assert!(expected.is_final() && repair.steps().is_empty() && !repair.is_possible(), "{name}");
    drop(repair);
    assert!(bench.snapshot() == before, "{name}: it was touched");
}

/// Steps of which none loses anything.
fn lossless<'a>(steps: &[&'a str]) -> Vec<(&'a str, RepairLoss)> {
    steps.iter().map(|step| (*step, RepairLoss::Nothing)).collect()
}

#[test]
fn nothing_to_do() {
    for mode in MODES {
        let bench = Bench::with(&image_of(mode, &ticks()));
        let repair = Repair::plan(&bench.path).unwrap();
        assert!(repair.report().is_fine() && !repair.is_possible());
        assert!(repair.steps().is_empty() && repair.obstacles().is_empty());
    }
}

#[test]
fn a_file_that_was_not_closed() {
    let (image, states) = three_records();
    let slack = image.0.len() > data_offset(&image) + size_of_val(&*states[3]);
    assert!(slack, "the writer left room");
    let steps = ["write 3 commits from the journal to the elements and close", "cut off the"];
    check("pending", &image, &lossless(&steps), &states[3]);

    let cut_short = image.flipped(RECORDS[2] + 70, 1);
    let steps = ["write 2 commits from the journal", "cut off the"];
    check("cut short", &cut_short, &lossless(&steps), &states[2]);
    for mode in MODES {
        let unclean = image_of(mode, &ticks()).unclean();
        check("unclean", &unclean, &lossless(&["close the file"]), &ticks());
    }
}

#[test]
fn room_to_spare() {
    for mode in MODES {
        let image = image_of(mode, &ticks());
        let longer = image.clone().resized(image.0.len() + 1000);
        let mended = check("longer", &longer, &lossless(&["cut off the 1000 bytes"]), &ticks());
        assert!(mended == image, "nothing else is written");
    }
}

#[test]
fn a_torn_slot() {
    for mode in MODES {
        let image = image_of(mode, &ticks());
        for slot in [Slot(0), Slot(1)] {
            let zeroed = image.clone().with_bytes(slot.offset(), &[0; 4096]);
            let step = ("write the damaged slot anew and close the file", RepairLoss::MaybeCommits);
            check("zeroed", &zeroed, &[step], &ticks());
        }
        // The newer one is restored, with the length that only it knows.
        let newest = image.newest_slot();
        let older = if newest == Slot(0) { Slot(1) } else { Slot(0) };
        let longer = image.with(older, "committed_len", 1).unclean();
        let bent = longer.flipped(newest.field("committed_len").start + 2, 0x10);
        let steps = ["in the slots, from 0x10 to 0x00, as the checksum proves", "close the file"];
        check("a byte of the newer slot", &bent, &lossless(&steps), &ticks());
    }
}

/// Files in which the two slots say different things, and what else there is follows the newer one: in the words of the
/// older one bytes are missing, records are damaged, and elements are there that were given up.
fn files_of_the_newer_slot() -> Vec<(String, Image)> {
    let mut files = Vec::new();
    for mode in MODES {
        let closed = image_of(mode, &ticks());
        files.push((format!("{mode:?}, closed"), closed.clone()));
        let older = Slot(1 - (closed.get(closed.newest_slot(), "epoch") % 2) as usize);
        for (name, older_len) in [("cut", 2), ("appended", 1), ("cut to its end", 1000)] {
            let mut unclean = closed.clone().with(older, "committed_len", older_len).unclean();
            if older_len == 1000 {
                // Room for more elements than there are, and for fewer than there were.
                let newer = unclean.newest_slot();
                unclean = unclean.with(newer, "committed_len", 1).sealed();
            }
            files.push((format!("{mode:?}, {name}"), unclean));
        }
    }
    files.push(("records".into(), three_records().0));
    files.push(("records after a large commit".into(), large_commit(2)));
    let large = large_commit(0);
    let record = Record(JOURNAL);
    let payload_offset = large.get(record, "payload_offset");
    let end = payload_offset + large.get(record, "payload_bytes");
    let overwritten = large.clone().resized(end as usize);
    let rewritten = NewRecord {
        epoch: large.get(record, "epoch"),
        sequence: large.get(record, "sequence"),
        old_len: large.get(record, "old_len"),
        new_len: large.get(record, "new_len"),
        payload_offset,
        payload: extents(&[(0, &large.0[data_offset(&large)..][..6100 * size_of::<Tick>()])]),
    };
    files.push(("its record and payload".into(), large.clone().with_record(JOURNAL, &rewritten)));
    files.push(("its payload overwritten".into(), overwritten));
    files.push(("its payload cut off".into(), large));
    files
}

/// A file with a commit of more than its journal holds, and so many records after it. Where there are none its own is
/// there still, of the epoch of the older slot, and its payload was past all elements.
fn large_commit(records: u64) -> Image {
    let bench = Bench::new("large.pv");
    let mut vec = MmapVec::<Tick>::options().journal_bytes(0).create(&bench.path).unwrap();
    (0..6000).for_each(|i| vec.push(Tick { time: i, ..ticks()[0] }).unwrap());
    vec.commit().unwrap();
    vec.iter_mut().for_each(|tick| tick.time += 7);
    (0..100).for_each(|i| vec.push(Tick { time: i, ..ticks()[1] }).unwrap());
    vec.commit().unwrap();
    for i in 0..records {
        vec[0].time = 100 + i;
        vec.commit().unwrap();
    }
    drop(vec);
    let image = Image::read(&bench.path);
    let epoch = image.get(image.newest_slot(), "epoch");
    let expected = if records > 0 { epoch } else { epoch - 1 };
    assert_eq!(image.get(Record(JOURNAL), "epoch"), expected);
    image
}

/// A byte of a slot that its checksum proves is restored before anything else is planned, so nothing is lost, and the
/// file becomes what it would have been without the damage.
#[test]
fn a_byte_of_either_slot() {
    for (name, image) in &files_of_the_newer_slot() {
        let bench = Bench::with(image);
        let whole = Repair::plan(&bench.path).unwrap();
        assert!(whole.obstacles().is_empty(), "{name}: {:?}", whole.obstacles());
        let rest = whole.steps().to_vec();
        if whole.is_possible() {
            whole.run().unwrap();
        }
        let expected = &Image::read(&bench.path);
        let checked = Slot(0).field("checksum").end - Slot(0).offset();
        in_shards(0..2 * (checked + 3), |indices| {
            let bench = Bench::with(image);
            for index in indices {
                let (slot, at) = (index % 2, index / 2);
                let offset = Slot(slot).offset()
                    + if at < checked { at } else { [checked, 511, 4095][at - checked] };
                let bits = [0xff, 1 << (at % 8)][at / 3 % 2];
                image.clone().flipped(offset, bits).write(&bench.path);
                let name = format!("{name}: byte {offset} ^ {bits:#x}");
                let repair = Repair::plan(&bench.path).unwrap();
                let (first, others) = repair.steps().split_first().expect(&name);
                assert!(
                    matches!(first.kind,
                        RepairKind::RestoreByte { region: Region::Slots, offset_bytes, .. }
                        | RepairKind::ZeroReserved { offset_bytes, bytes: 1, .. }
                            if offset_bytes == offset as u64),
                    "{name}: {first}"
                );
                assert_eq!((&first.loss, others), (&RepairLoss::Nothing, &*rest), "{name}");
                assert!(rest.iter().all(|step| step.loss == RepairLoss::Nothing), "{name}");
                assert!(repair.run().unwrap().is_fine(), "{name}");
                assert!(Image::read(&bench.path) == *expected, "{name}: another file");
            }
        });
    }
}

/// Who goes on with a file whose newest slot is damaged goes on from the one before.
#[test]
fn commits_after_the_damage() {
    let image = image_of(Mode::Atomic, &ticks()).unclean();
    let bent = image.clone().flipped(image.newest_slot().offset() + 8, 1);
    let bench = Bench::with(&bent);
    let mut vec = MmapVec::<Tick>::open(&bench.path).unwrap();
    vec[0].time = 77;
    vec.commit().unwrap();
    vec.push(ticks()[1]).unwrap();
    vec.commit().unwrap();
    let expected = vec.to_vec();
    drop(vec);
    let steps = ["write 2 commits from the journal to the elements and close", "cut off the"];
    let losses = [RepairLoss::MaybeCommits, RepairLoss::Nothing];
    let steps: Vec<_> = steps.into_iter().zip(losses).collect();
    check("gone on", &Image::read(&bench.path), &steps, &expected);
}

#[test]
fn reserved_bytes() {
    for mode in MODES {
        let image = image_of(mode, &ticks());
        let bent = image
            .clone()
            .with_bytes(Live.field("reserved").start + 100, &[1, 0, 1])
            .with_bytes(HEADER_BYTES - 20, &[3; 20]);
        let steps = ["write zeros over 2 reserved bytes from byte 12412 on", "20 reserved bytes"];
        let mended = check("reserved", &bent, &lossless(&steps), &ticks());
        assert!(mended == image, "nothing else is written");
        let bent = image.clone().with_bytes(Preamble.field("reserved_2").start + 5, &[1; 9]);
        let steps = ["write zeros over 9 reserved bytes from byte 197 on"];
        assert!(check("of the preamble", &bent, &lossless(&steps), &ticks()) == image);
    }
}

/// One byte of the preamble or the descriptor is told by its checksum, whichever it is.
#[test]
fn a_byte_of_the_description() {
    let image = image_of(Mode::Atomic, &ticks());
    let descriptor_end = DESCRIPTOR_OFFSET + image.descriptor().len();
    let reserved = Preamble.field("reserved_2");
    let image = &image;
    in_shards(0..descriptor_end, |offsets| {
        let bench = Bench::with(image);
        for offset in offsets {
            let is_told = offset < reserved.start
                && !Preamble.field("reserved_1").contains(&offset)
                || (reserved.end..4096).contains(&offset)
                || offset >= DESCRIPTOR_OFFSET;
            // Each search takes a while.
            if !is_told || offset % 3 != 0 {
                continue;
            }
            image.clone().flipped(offset, 0x41).write(&bench.path);
            let repair = Repair::plan(&bench.path).unwrap();
            let steps: Vec<_> = repair.steps().iter().map(|step| step.kind.clone()).collect();
            let [RepairKind::RestoreByte { offset_bytes, .. }] = &*steps else {
                panic!("byte {offset}: {steps:?}, {:?}", repair.obstacles())
            };
            assert_eq!(*offset_bytes, offset as u64);
            repair.run().unwrap();
            assert!(Image::read(&bench.path) == *image, "byte {offset}");
        }
    });
}

#[test]
fn more_than_a_byte_of_the_description() {
    let image = image_of(Mode::Atomic, &ticks());
    let hopeless = |name: &str, image: Image, region| {
        check_hopeless(name, &image, &description(region));
    };
    hopeless("preamble", image.clone().flipped(70, 1).flipped(90, 1), Region::Preamble);
    let descriptor = DESCRIPTOR_OFFSET + 4;
    let bent = image.clone().flipped(descriptor, 1).flipped(descriptor + 9, 1);
    hopeless("descriptor", bent, Region::Descriptor);
    // Neither is anything else mended then.
    let bent = image.clone().flipped(70, 1).flipped(90, 1).flipped(HEADER_BYTES - 1, 1);
    hopeless("and reserved", bent, Region::Preamble);
    check_hopeless("text", &Image(vec![b'x'; 100]), &RepairObstacle::NotPersist);
    check_hopeless("long text", &Image(vec![b'x'; 100_000]), &RepairObstacle::NotPersist);
    check_hopeless("cut", &image.clone().resized(16383), &RepairObstacle::NoHeader);
    let bent = image.with_bytes(4096, &[0; 8192]);
    check_hopeless("no slot", &bent, &RepairObstacle::Slots);
}

fn description(region: Region) -> RepairObstacle {
    let text = Repair::plan(Bench::with(&Image(vec![0; 9])).path).unwrap();
    assert_eq!(text.obstacles(), [RepairObstacle::NotPersist]);
    let image = image_of(Mode::Atomic, &ticks());
    let bent = match region {
        Region::Preamble => image.flipped(100, 1).flipped(110, 1),
        _ => image.flipped(DESCRIPTOR_OFFSET, 1).flipped(DESCRIPTOR_OFFSET + 1, 1),
    };
    let repair = Repair::plan(Bench::with(&bent).path).unwrap();
    let [obstacle @ RepairObstacle::Description { region: found, .. }] = repair.obstacles() else {
        panic!("{:?}", repair.obstacles())
    };
    assert_eq!(*found, region);
    obstacle.clone()
}

/// What has its checksum was written like that.
#[test]
fn nonsense_with_its_checksum() {
    let image = image_of(Mode::Atomic, &ticks());
    for (block, field, value) in [
        (Preamble, "element_align_bytes", 3),
        (Preamble, "reserved_1", 1),
        (Preamble, "journal_bytes", 7),
        (image.newest_slot(), "flags", 3),
    ] {
        let bent = image.clone().with(block, field, value).sealed();
        let bench = Bench::with(&bent);
        let repair = Repair::plan(&bench.path).unwrap();
        assert!(matches!(repair.obstacles(), [RepairObstacle::Nonsense(_)]), "{field}");
        assert!(!repair.is_possible() && Image::read(&bench.path) == bent);
    }
    for (field, value) in [("format_version", 2), ("incompat", 1)] {
        let newer = Bench::with(&image.clone().with(Preamble, field, value).sealed());
        let repair = Repair::plan(&newer.path).unwrap();
        assert!(matches!(repair.obstacles(), [RepairObstacle::Unsupported(_)]), "{field}");
    }
    let read_only = image.with(Preamble, "ro_compat", 1).sealed();
    assert!(Repair::plan(Bench::with(&read_only).path).unwrap().obstacles().is_empty());
    let unclean = Repair::plan(Bench::with(&read_only.unclean()).path).unwrap();
    assert!(matches!(unclean.obstacles(), [RepairObstacle::Unsupported(_)]));
}

#[test]
fn a_damaged_record_in_the_middle() {
    let (image, states) = three_records();
    for (name, bent, kept) in [
        ("payload of the first", image.clone().flipped(RECORDS[0] + 70, 1), 0),
        ("header of the first", image.clone().flipped(RECORDS[0] + 9, 1), 0),
        ("payload of the second", image.clone().flipped(RECORDS[1] + 4100, 1), 1),
        ("header of the second", image.clone().flipped(RECORDS[1], 1), 1),
    ] {
        let len = states[kept].len();
        let whole = 2 - kept as u64;
        let bench = Bench::with(&bent);
        let steps = Repair::plan(&bench.path).unwrap().steps().to_vec();
        let RepairKind::GiveUpJournal { kept: found, len: left, .. } = steps[0].kind else {
            panic!("{name}: {steps:?}")
        };
        assert_eq!((found, left), (kept as u64, len as u64), "{name}");
        let RepairLoss::Commits { count, len: lost_len, .. } = steps[0].loss else {
            panic!("{name}")
        };
        assert_eq!((count, lost_len), (whole + 1, Some(states[3].len() as u64)), "{name}");
        let loss = steps[0].loss.clone();
        assert!(loss.to_string().contains("at least"), "{loss}");
        let give_up = ("give up the journal after", loss);
        let close = if kept == 0 { "close the file" } else { "write 1 commit from the journal" };
        let rest = lossless(&[close, "cut off the"]);
        check(name, &bent, &[vec![give_up], rest].concat(), &states[kept]);
    }
}

/// The slot of a record's epoch can be told by its first record, so nothing is lost.
#[test]
fn a_slot_that_records_build_on() {
    let (image, states) = three_records();
    let newest = image.newest_slot();
    let zeroed = image.clone().with_bytes(newest.offset(), &[0; 512]);
    let steps =
        ["with the 3 elements that the first record after it builds on", "3 commits", "cut off"];
    check("zeroed", &zeroed, &lossless(&steps), &states[3]);

    let byte = image.clone().flipped(newest.offset() + 1, 1);
    check("a byte", &byte, &lossless(&["restore byte", "3 commits", "cut off"]), &states[3]);

    // Nothing tells whether these records are the newest state.
    let neither = image.clone().with_bytes(4096, &[0; 8192]);
    check_hopeless("neither slot", &neither, &RepairObstacle::Slots);
    let bytes = image.clone().flipped(4097, 1).flipped(8193, 1);
    let steps = ["restore byte 4097", "restore byte 8193", "3 commits", "cut off"];
    check("a byte of each", &bytes, &lossless(&steps), &states[3]);

    let gone = zeroed.with_bytes(RECORDS[0], &[0; 64]);
    let bench = Bench::with(&gone);
    let repair = Repair::plan(&bench.path).unwrap();
    assert!(matches!(repair.steps()[0].kind, RepairKind::GiveUpJournal { kept: 0, .. }));
    assert!(repair.run().unwrap().is_fine());
}

#[test]
fn records_of_a_closed_file() {
    let (image, _) = three_records();
    let closed = image.clone().with(image.newest_slot(), "flags", 1).sealed();
    let bench = Bench::with(&closed);
    let repair = Repair::plan(&bench.path).unwrap();
    let RepairLoss::Commits { count, .. } = repair.steps()[0].loss else { panic!() };
    assert_eq!(count, 3);
    assert!(repair.run().unwrap().is_fine());
    let mut vec = MmapVec::<Tick>::open(&bench.path).unwrap();
    vec.push(ticks()[0]).unwrap();
    vec.commit().unwrap();
}

#[test]
fn slots_that_do_not_follow_each_other() {
    for mode in MODES {
        let image = image_of(mode, &ticks());
        let newest = image.newest_slot();
        let epoch = image.get(newest, "epoch");
        let bent = image.with(newest, "epoch", epoch + 20).sealed();
        let step = ("take the slot of epoch", RepairLoss::MaybeCommits);
        check("apart", &bent, &[step], &ticks());
    }
}

/// The largest epoch of the format.
const MAX_EPOCH: u64 = (1 << 63) - 1;

/// Moves the slots, and these records that build on the newer one, to other epochs.
fn at_epoch(image: &Image, records: &[usize], epoch: u64) -> Image {
    let newest = image.newest_slot();
    let older = if newest == Slot(0) { Slot(1) } else { Slot(0) };
    let mut moved = image.clone();
    for (slot, epoch) in [(newest, epoch), (older, epoch - 1)] {
        let block = &image.0[slot.offset()..][..4096];
        let place = Slot((epoch % 2) as usize);
        moved = moved.with_bytes(place.offset(), block).with(place, "epoch", epoch);
    }
    for &record in records {
        moved = moved.with(Record(record), "epoch", epoch).with_checksum(Record(record));
    }
    moved.sealed()
}

/// A plan takes no more epochs than there are.
#[test]
fn a_file_whose_epochs_are_used_up() {
    let (waiting, states) = three_records();
    let close = lossless(&["write 3 commits from the journal", "cut off the"]);
    check("waiting", &at_epoch(&waiting, &RECORDS, MAX_EPOCH - 3), &close, &states[3]);
    check_out_of_epochs(&at_epoch(&waiting, &RECORDS, MAX_EPOCH - 2));
    for mode in MODES {
        let closed = image_of(mode, &ticks());
        let last = at_epoch(&closed, &[], MAX_EPOCH);
        let longer = last.clone().resized(closed.0.len() + 9);
        check("longer", &longer, &lossless(&["cut off the 9 bytes"]), &ticks());
        check_out_of_epochs(&last.clone().resized(closed.0.len() - 1));
        let apart = last.with(Slot(0), "epoch", 2).sealed();
        let follow = [("take the slot of epoch", RepairLoss::MaybeCommits)];
        check("apart", &apart, &follow, &ticks());
        check_out_of_epochs(&apart.unclean());

        let unclean = closed.unclean();
        let last = at_epoch(&unclean, &[], MAX_EPOCH - 2);
        check("unclean", &last, &lossless(&["close the file"]), &ticks());
        check_out_of_epochs(&at_epoch(&unclean, &[], MAX_EPOCH - 1));
    }
}

/// Holds that nothing is done, for want of epochs.
#[track_caller]
fn check_out_of_epochs(image: &Image) {
    let bench = Bench::with(image);
    let repair = Repair::plan(&bench.path).unwrap();
    let [obstacle @ RepairObstacle::Epochs { newest, .. }] = repair.obstacles() else {
        panic!("{:?}, {:?}", repair.obstacles(), repair.steps())
    };
    assert_eq!(*newest, image.get(image.newest_slot(), "epoch"));
    assert!(obstacle.to_string().contains("`persist convert`"), "{obstacle}");
    assert!(obstacle.is_final() && !repair.is_possible());
}

#[test]
fn a_file_that_was_cut() {
    let elements = |count| {
        if count == 1 {
            "the 1 element that".to_owned()
        } else {
            format!("the {count} elements that")
        }
    };
    for mode in MODES {
        let image = image_of(mode, &ticks());
        for (bytes, there) in [(71, 2), (48, 2), (47, 1), (1, 0), (0, 0)] {
            let cut = image.clone().resized(data_offset(&image) + bytes);
            let bench = Bench::with(&cut);
            let repair = Repair::plan(&bench.path).unwrap();
            let RepairKind::Cut { len, .. } = repair.steps()[0].kind else {
                panic!("{:?}", repair.steps())
            };
            let RepairLoss::Elements { count, .. } = repair.steps()[0].loss else { panic!() };
            assert_eq!((len, count), (there, 3 - there));
            let text = repair.steps()[0].kind.to_string();
            assert!(text.contains(&elements(there)[..12]), "{text}");
            assert!(repair.run().unwrap().findings.is_empty());
            assert_eq!(MmapSlice::<Tick>::open(&bench.path).unwrap(), ticks()[..there as usize]);
        }
    }
    // Even the journal is missing.
    let image = image_of(Mode::Atomic, &ticks());
    let bench = Bench::with(&image.clone().resized(JOURNAL + 9));
    let repair = Repair::plan(&bench.path).unwrap();
    assert!(matches!(repair.steps()[0].kind, RepairKind::Extend { .. }));
    assert!(repair.run().unwrap().is_fine());
    assert!(MmapSlice::<Tick>::open(&bench.path).unwrap().is_empty());
}

/// What waits in the journal of a file that was cut is put to the elements that are there.
#[test]
fn a_file_that_was_cut_and_not_closed() {
    let image = image_of(Mode::Atomic, &ticks());
    let pending = JournalWriter::new(image.clone().unclean())
        .commit(3, &[(0, &77_u64.to_ne_bytes()), (48, &78_u64.to_ne_bytes())]);
    let cut = pending.image.resized(data_offset(&image) + 30);
    let bench = Bench::with(&cut);
    let repair = Repair::plan(&bench.path).unwrap();
    assert!(matches!(repair.steps()[0].kind, RepairKind::Cut { len: 1, .. }));
    assert!(repair.run().unwrap().findings.is_empty());
    let slice = MmapSlice::<Tick>::open(&bench.path).unwrap();
    assert_eq!((slice.len(), slice[0].time), (1, 77));
}

/// Elements are no business of a repair; the rest is mended.
#[test]
fn elements_stay_as_they_are() {
    let image = image_of(Mode::Atomic, &orders());
    let at = data_offset(&image) + 11;
    let bent = image.with_bytes(at, &[7]);
    let bench = Bench::with(&bent);
    let repair = Repair::plan(&bench.path).unwrap();
    let [obstacle @ RepairObstacle::Elements { count: 1, .. }] = repair.obstacles() else {
        panic!()
    };
    assert!(!obstacle.is_final() && !repair.is_possible());
    assert!(obstacle.to_string().contains("1 element has bytes that are no value"), "{obstacle}");
    drop(repair);
    let torn = bent.clone().with_bytes(4096, &[0; 4096]);
    torn.write(&bench.path);
    let report = Repair::plan(&bench.path).unwrap().run().unwrap();
    assert_eq!((report.invalid_elements, report.findings.len()), (1, 1));
    assert_eq!(Image::read(&bench.path).0[at], 7);
}

#[test]
fn a_backup_replaces_nothing() {
    let image = image_of(Mode::Atomic, &ticks()).unclean();
    let bench = Bench::with(&image);
    let backup = bench.path("ticks.pv.bak");
    let repair = Repair::plan(&bench.path).unwrap();
    repair.back_up(&backup).unwrap();
    let again = repair.back_up(&backup).unwrap_err();
    assert!(matches!(again, Error::AlreadyExists { .. }), "{again}");
    repair.run().unwrap();
    assert!(Image::read(&backup) == image && Image::read(&bench.path) != image);
    assert_eq!(bench.snapshot().len(), 2);
}

/// The lock of a plan keeps everybody else away, until it is done or dropped.
#[test]
fn a_plan_holds_its_file() {
    let bench = Bench::with(&image_of(Mode::Atomic, &ticks()).unclean());
    let repair = Repair::plan(&bench.path).unwrap();
    assert!(matches!(MmapSlice::<Tick>::open(&bench.path), Err(Error::Locked { .. })));
    drop(repair);
    let _reader = MmapSlice::<Tick>::open(&bench.path).unwrap();
    assert!(matches!(Repair::plan(&bench.path), Err(Error::Locked { .. })));
}

#[cfg(unix)]
#[test]
fn a_backup_has_the_rights_of_the_original() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

    let bench = Bench::with(&image_of(Mode::Atomic, &ticks()).flipped(HEADER_BYTES - 1, 1));
    let is_given_away = chown(&bench.path, Some(12_345), Some(54_321)).is_ok();
    fs::set_permissions(&bench.path, fs::Permissions::from_mode(0o6640)).unwrap();
    let backup = bench.path("backup.pv");
    Repair::plan(&bench.path).unwrap().back_up(&backup).unwrap();
    let [original, backup] = [&bench.path, &backup].map(|path| path.metadata().unwrap());
    assert_eq!(backup.mode() & 0o7777, 0o640, "a copy runs as nobody else");
    assert_eq!((backup.uid(), backup.gid()), (original.uid(), original.gid()));
    assert_eq!(is_given_away, backup.uid() == 12_345);
}

#[cfg(unix)]
#[test]
fn a_repaired_copy_has_the_rights_of_the_original() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    let bent = image_of(Mode::Atomic, &ticks()).flipped(HEADER_BYTES - 1, 1);
    let bench = Bench::with(&bent);
    fs::set_permissions(&bench.path, fs::Permissions::from_mode(0o640)).unwrap();
    let link = bench.path("link.pv");
    symlink(&bench.path, &link).unwrap();
    assert!(Repair::plan(&link).unwrap().run().unwrap().is_fine());
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::metadata(&bench.path).unwrap().mode() & 0o777, 0o640);

    bent.write(&bench.path);
    fs::hard_link(&bench.path, bench.path("other.pv")).unwrap();
    let refused = Repair::plan(&bench.path).unwrap().run().unwrap_err();
    assert!(matches!(refused, Error::HardLinks { links: 2, .. }), "{refused}");
    assert!(Image::read(&bench.path) == bent);
}

/// What is wrong with a report, but for elements: those stay as they are.
fn is_whole(report: &Report) -> bool {
    !report.findings.iter().any(|finding| {
        finding.severity() > Severity::Note && !matches!(finding.kind, FindingKind::Element { .. })
    })
}

/// Plans, and runs what was planned. A plan is kept, or leaves the file as it is.
fn check_any(bent: &Image) {
    let bench = Bench::with(bent);
    let repair = Repair::plan(&bench.path).unwrap();
    let is_final = repair.obstacles().iter().any(RepairObstacle::is_final);
    assert!(!is_final || repair.steps().is_empty(), "{:?}", repair.obstacles());
    assert!(Image::read(&bench.path) == *bent, "a plan changed the file");
    let was_whole = is_whole(repair.report());
    if !repair.is_possible() {
        assert!(was_whole || is_final, "{:#?}", repair.report().findings);
        return;
    }
    let (steps, len_after) = (repair.steps().to_vec(), repair.len_after());
    let report = repair.run().unwrap_or_else(|error| panic!("{steps:?}: {error}"));
    assert_eq!(report.len, len_after, "{steps:?}");
    assert!(is_whole(&report), "{steps:?}: {:#?}", report.findings);
    let again = verify(&bench.path).unwrap();
    assert_eq!(again.findings, report.findings);
    assert_eq!(bench.snapshot().len(), 1, "something was left behind");
    match MmapVec::<Order>::open(&bench.path) {
        Ok(vec) => assert_eq!(vec.len() as u64, again.len.unwrap()),
        Err(Error::CorruptElement { .. }) => assert!(again.invalid_elements > 0),
        // What was changed, and sealed, may be another type's file.
        Err(Error::Layout { .. } | Error::ByteOrder { .. }) => {}
        Err(error) => panic!("{steps:?}: {error}"),
    }
}

/// The file ends in a payload of zeros, of a record that counts all the same.
#[test]
fn a_file_that_ends_in_its_journal() {
    for whole in &*WHOLE {
        for bytes in (JOURNAL..WHOLE[0].0.len().max(JOURNAL + 3 * 4096)).step_by(61) {
            check_any(&whole.clone().resized(bytes.min(whole.0.len())));
        }
    }
}

/// What was cut off with commits in it is told as a loss.
#[cfg(unix)]
#[test]
fn a_cut_that_takes_something_is_told() {
    let opened = |bench: &Bench| MmapSlice::<Order>::open(&bench.path).unwrap().to_vec();
    // All that there is waits in the journal.
    let bench = Bench::with(&image_of::<Order>(Mode::Atomic, &[]));
    let mut vec = MmapVec::<Order>::open(&bench.path).unwrap();
    for some in orders().chunks(10).take(3) {
        vec.extend_from_slice(some).unwrap();
        vec.commit().unwrap();
    }
    let waiting = Image::read(&bench.path);
    drop(vec);
    let mut lossless = 0;
    for whole in WHOLE.iter().chain([&waiting]) {
        let elements = opened(&Bench::with(whole));
        for bytes in (JOURNAL - 4096..whole.0.len() + 2000).step_by(997) {
            let bench = Bench::with(&whole.clone().resized(bytes));
            let repair = Repair::plan(&bench.path).unwrap();
            let loses = repair.steps().iter().any(|step| step.loss != RepairLoss::Nothing);
            let loses_all = repair.loses_all();
            if repair.is_possible() {
                repair.run().unwrap();
                let left = opened(&bench);
                assert!(loses || left == elements, "{bytes} bytes: a loss that nobody told of");
                assert_eq!(loses_all, loses && left.is_empty(), "{bytes} bytes");
                lossless += usize::from(!loses);
            }
        }
    }
    assert!(lossless > 0, "bytes after everything are nothing");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 700,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever happens to a file: a repair leaves it alone, or fine.
    #[test]
    fn any_damage_is_repaired_or_left_alone(
        whole in 0..5_usize,
        edits in edits(),
        header in prop::bool::ANY,
        records in prop::bool::ANY,
    ) {
        check_any(&apply(&WHOLE[whole], &edits, Seal { header, records }));
    }

    /// Flipped bytes and cuts, without a checksum made to hold: what happens to files.
    #[test]
    fn flips_and_cuts_are_repaired_or_left_alone(
        whole in 0..5_usize,
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u32), 0..4),
        cut in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let mut image = WHOLE[whole].clone();
        for (index, bit) in flips {
            let offset = index.index(image.0.len());
            image = image.flipped(offset, 1 << bit);
        }
        if let Some(cut) = cut {
            let bytes = cut.index(image.0.len());
            image = image.resized(bytes);
        }
        check_any(&image);
    }
}

#[test]
fn a_large_header_is_repaired_as_well() {
    let image = image_with(&MmapVec::options().journal_bytes(1 << 20), &ticks());
    let bent = image.clone().flipped(HEADER_BYTES - 1, 1).flipped(3, 4);
    let steps = ["restore byte 3, in the preamble", "write zeros over 1 reserved byte"];
    assert!(check("both", &bent, &lossless(&steps), &ticks()) == image);
}

/// Where there is no room for a copy the original stays, and nothing else.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_original() {
    let mount = tempfile::tempdir().unwrap();
    let bent = image_of(Mode::Atomic, &ticks()).flipped(HEADER_BYTES - 1, 1);
    let result = crate::support::with_tmpfs(mount.path(), 224 << 10, |directory| {
        let path = directory.join("ticks.pv");
        bent.write(&path);
        let repair = Repair::plan(&path).unwrap();
        let backup = repair.back_up(directory.join("ticks.pv.bak")).unwrap_err();
        assert!(matches!(backup, Error::DiskFull { .. }), "{backup}");
        let error = repair.run().unwrap_err();
        assert!(matches!(error, Error::DiskFull { .. }), "{error}");
        assert!(Image::read(&path) == bent);
        assert_eq!(fs::read_dir(directory).unwrap().count(), 1, "something was left behind");
    });
    if let Err(error) = result {
        crate::support::skip("a_full_disk_leaves_the_original", error);
    }
}
