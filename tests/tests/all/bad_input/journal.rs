//! Journals that were damaged, cut short, or made up.
//!
//! A crash can do no more to a journal than cut its last record short. That is no damage: the commit before it
//! counts. What a crash can't do is refused, to readers as well, and the file is left as it is.

use persist_core::{MmapSlice, MmapVec, Mode, OpenOptions, Region, Shutdown};
use std::fs::File;

use super::bytes::in_shards;
use super::{
    Bench, HEADER_BYTES, Refusal, Tick, WAYS, Way, check_opens, check_refused, data_offset,
    image_of, ticks,
};
use crate::support::{
    self, Block, Image, JournalWriter, NewRecord, Preamble, Record, Slot, extents,
};

/// Where the first record of a file of [`ticks`] begins.
pub(super) const JOURNAL: usize = HEADER_BYTES;

fn tick(time: u64) -> Tick {
    Tick { time, ..ticks()[0] }
}

/// A file with three commits in its journal: an edit, an append that takes two blocks, and a truncation with an
/// edit. Returns it with the elements after no commit, after one, two and all three.
pub(super) fn three_records() -> (Image, [Vec<Tick>; 4]) {
    let bench = Bench::new("records.pv");
    let mut vec = MmapVec::<Tick>::options().journal_bytes(0).create(&bench.path).unwrap();
    vec.extend_from_slice(&ticks()).unwrap();
    vec.commit().unwrap();
    vec.checkpoint().unwrap();
    let mut states = [vec.to_vec(), vec![], vec![], vec![]];
    vec[1] = tick(11);
    vec.commit().unwrap();
    states[1] = vec.to_vec();
    (0..200).for_each(|i| vec.push(tick(100 + i)).unwrap());
    vec.commit().unwrap();
    states[2] = vec.to_vec();
    vec.truncate(150);
    vec[0] = tick(12);
    vec.commit().unwrap();
    states[3] = vec.to_vec();
    drop(vec);
    (Image::read(&bench.path), states)
}

/// Where the records of [`three_records`] begin, and where their payloads end.
pub(super) const RECORDS: [usize; 3] = [JOURNAL, JOURNAL + 4096, JOURNAL + 3 * 4096];

fn payload_end(image: &Image, record: usize) -> usize {
    Record(record).field("checksum").end + image.get(Record(record), "payload_bytes") as usize
}

/// Holds that a file with an unclean journal has these elements, in every way to open it; that reading leaves
/// it as it is; and that it stays the same vector when it was recovered.
fn check_recovers(name: &str, image: &Image, expected: &[Tick]) {
    let bench = Bench::with(image);
    for way in [Way::Slice, Way::Vec, Way::Slice, Way::OpenOrCreate, Way::Slice] {
        let opened = way.open(&OpenOptions::<Tick>::new(), &bench.path);
        let (elements, found) = opened.unwrap_or_else(|error| panic!("{name}, {way:?}: {error}"));
        assert!(elements == expected, "{name}, {way:?}: {elements:?}");
        assert_eq!(found, Shutdown::Unclean, "{name}, {way:?}");
    }
    image.write(&bench.path);
    MmapSlice::<Tick>::open(&bench.path).unwrap();
    assert!(Image::read(&bench.path) == *image, "{name}: reading changed the file");
}

fn corrupt(at: usize) -> Refusal {
    Refusal::Corrupt(Region::Journal, at)
}

/// The slot that a record outlived.
fn corrupt_slot(slot: Block) -> Refusal {
    Refusal::Corrupt(Region::Slots, slot.offset())
}

#[test]
fn three_records_are_as_they_should() {
    let (image, states) = three_records();
    for (i, record) in RECORDS.into_iter().enumerate() {
        assert_eq!(image.get(Record(record), "sequence"), i as u64 + 1);
        assert_eq!(image.get(Record(record), "new_len"), states[i + 1].len() as u64);
        assert_eq!(image.clone().with_checksum(Record(record)), image);
    }
    assert!(RECORDS[0] + 100 < payload_end(&image, RECORDS[0]).next_multiple_of(4096));
    assert!(RECORDS[1] + 4096 < payload_end(&image, RECORDS[1]));
    check_recovers("undamaged", &image, &states[3]);
}

/// A flipped byte of the last record makes that one torn; in an earlier one it is damage, for the next record
/// tells that it was whole. What stands between records and after them means nothing.
#[test]
fn every_flipped_journal_byte() {
    let (image, states) = three_records();
    let (image, states) = (&image, &states);
    in_shards(JOURNAL..data_offset(image), |offsets| {
        let bench = Bench::with(image);
        let file = File::options().write(true).open(&bench.path).unwrap();
        for offset in offsets {
            let record = RECORDS.iter().rposition(|&record| record <= offset).unwrap();
            let means_something = offset < payload_end(image, RECORDS[record]);
            // The many bytes that mean nothing take turns.
            if !means_something && offset % 4096 > 64 && offset % 61 != 0 {
                continue;
            }
            let bits = [0xff, 1 << (offset % 8)][offset / 3 % 2];
            support::write_at(&file, &[image.0[offset] ^ bits], offset as u64).unwrap();
            let bent = image.clone().flipped(offset, bits);
            let ways = if offset % 16 == 0 { &WAYS[..] } else { &[Way::Slice] };
            for way in ways {
                let opened = way.open(&OpenOptions::<Tick>::new(), &bench.path);
                let name = format!("byte {offset} ^ {bits:#x}, {way:?}");
                if means_something && record < 2 {
                    let Err(error) = opened else { panic!("{name} went unnoticed") };
                    let expected = corrupt(RECORDS[record]);
                    assert_eq!(Refusal::of(&error), expected, "{name}: {error}");
                    assert!(Image::read(&bench.path) == bent, "{name} changed the file");
                    continue;
                }
                let expected = &states[if means_something { 2 } else { 3 }];
                let (elements, shutdown) = opened.unwrap_or_else(|error| panic!("{name}: {error}"));
                assert!(elements == *expected && shutdown == Shutdown::Unclean, "{name}");
                if *way == Way::Slice {
                    assert!(offset % 16 != 0 || Image::read(&bench.path) == bent, "{name}");
                } else {
                    bent.write(&bench.path);
                }
            }
            support::write_at(&file, &[image.0[offset]], offset as u64).unwrap();
        }
        assert!(Image::read(&bench.path) == *image, "an attempt changed the file");
    });
}

/// Whole records that are gone, that stand elsewhere, or that another record stands in for.
#[test]
fn records_that_are_gone() {
    let (image, states) = three_records();
    let [first, second, third] = RECORDS;
    let zeroed = |from: usize, to: usize| image.clone().with_bytes(from, &vec![0; to - from]);
    let last = data_offset(&image) - 4096;
    for (name, bent, at, lost) in [
        ("the first is zero", zeroed(first, second), first, 1),
        ("the first and second are", zeroed(first, third), first, 1),
        ("the second is", zeroed(second, third), second, 2),
        ("the first is noise", image.clone().with_bytes(first, &[0xee; 4096]), first, 1),
        ("the end of the second is zero", zeroed(second + 4096, third), second, 2),
        (
            "the third far behind",
            zeroed(third, third + 4096)
                .with_bytes(last, &image.0[third..third + 4096])
                .flipped(second, 1),
            second,
            2,
        ),
    ] {
        let text = format!("expected record {lost} to be whole");
        let texts = ["is corrupt: journal at byte", &text, "from a copy"];
        check_refused::<Tick>(name, &bent, corrupt(at), &texts);
    }
    for (name, bent, expected) in [
        ("the third is zero", zeroed(third, third + 4096), &states[2]),
        (
            "the third far behind",
            {
                let zeroed = zeroed(third, third + 4096);
                // Sequence 3 is what is looked for, so nothing says that another stood there.
                zeroed.with_bytes(last, &image.0[third..third + 4096])
            },
            &states[2],
        ),
        ("all are zero", zeroed(first, third + 4096), &states[0]),
        (
            "the first twice",
            {
                let copy = image.0[first..first + 4096].to_vec();
                zeroed(third, third + 4096).with_bytes(third, &copy)
            },
            &states[2],
        ),
    ] {
        check_recovers(name, &bent, expected);
    }
}

/// A record tells that the slot was durable on which it builds. Where that is gone, so is the state that the
/// record belongs to: what the other slot says is none that a commit left.
#[test]
fn a_slot_that_its_records_outlived() {
    let (image, _) = three_records();
    let newest = image.newest_slot();
    let older = if newest == Slot(0) { Slot(1) } else { Slot(0) };
    for (name, flags) in [("unclean before", 0), ("clean before", 1)] {
        let image = image.clone().with(older, "flags", flags).with_checksum(older);
        let torn = image.clone().flipped(newest.field("committed_len").start, 1);
        check_refused::<Tick>(name, &torn, corrupt_slot(newest), &["is corrupt: slots at byte"]);
        let torn = image.with_bytes(newest.offset(), &[0; 4096]);
        check_refused::<Tick>(name, &torn, corrupt_slot(newest), &["is corrupt: slots at byte"]);
    }
}

/// Records that have their checksums, and that no writer writes.
#[test]
fn records_that_make_no_sense() {
    let image = image_of(Mode::Atomic, &ticks()).unclean();
    let journal = JournalWriter::new(image.clone());
    let edited = journal.clone().commit(3, &[(0, &[9])]);
    let (data_offset, file_bytes) = (data_offset(&image) as u64, image.0.len() as u64);
    let room = 65536 - 64;
    let lone_header =
        |offset: u64, bytes: u64| [offset.to_le_bytes(), bytes.to_le_bytes()].concat();
    let payloads: [(&str, Vec<u8>); 10] = [
        ("a byte", vec![0]),
        ("half an extent", vec![0; 15]),
        ("an extent and a byte", vec![0; 17]),
        ("an extent that is longer", lone_header(0, 1)),
        ("an extent that is huge", lone_header(0, u64::MAX)),
        ("an extent past the end", extents(&[(72, &[1])])),
        ("an extent over the end", extents(&[(65, &[1; 8])])),
        ("an extent of nothing past the end", extents(&[(73, &[])])),
        ("an extent that wraps", extents(&[(u64::MAX, &[1, 2])])),
        ("the second one past the end", extents(&[(0, &[1]), (1 << 62, &[1])])),
    ];
    let record = |change: fn(&mut NewRecord)| {
        let mut record = NewRecord { payload: extents(&[(0, &[9])]), ..journal.next.clone() };
        change(&mut record);
        image.clone().with_record(JOURNAL, &record)
    };
    let field = |name: &str, value: u64| {
        let header = Record(JOURNAL);
        record(|_| {}).with(header, name, value).with_checksum(header)
    };
    let mut cases: Vec<(String, Image)> = Vec::new();
    for (name, payload) in &payloads {
        cases.push((name.to_string(), journal.clone().commit_payload(3, 0, payload.clone()).image));
        let elsewhere = journal.clone().commit_payload(3, file_bytes, payload.clone()).image;
        cases.push((format!("{name}, elsewhere"), elsewhere));
    }
    for (name, image) in [
        ("a shorter vector before", record(|record| record.old_len = 2)),
        ("a longer vector before", record(|record| record.old_len = 4)),
        ("a huge vector before", record(|record| record.old_len = u64::MAX)),
        ("a huge vector after", record(|record| record.new_len = u64::MAX)),
        ("one too long for a file", record(|record| record.new_len = (1 << 63) / 24 + 1)),
        ("a payload past the region", field("payload_bytes", room + 1)),
        ("a huge payload", field("payload_bytes", u64::MAX)),
        ("a payload that wraps", field("payload_bytes", u64::MAX - 64 - JOURNAL as u64)),
        ("a payload in the header", field("payload_offset", 64)),
        ("a payload in the region", field("payload_offset", JOURNAL as u64 + 64)),
        ("a payload before the data", field("payload_offset", data_offset - 1)),
        ("a payload past the file", field("payload_offset", file_bytes)),
        ("a payload far past the file", field("payload_offset", u64::MAX)),
        ("a payload over the end", field("payload_offset", file_bytes - 16)),
        (
            "a payload elsewhere, without its checksum",
            journal
                .clone()
                .commit_payload(3, file_bytes, extents(&[(0, &[9])]))
                .image
                .flipped(file_bytes as usize + 16, 1),
        ),
    ] {
        cases.push((name.into(), image));
    }
    for (name, image) in cases {
        check_refused::<Tick>(
            &name,
            &image,
            corrupt(JOURNAL),
            &["is corrupt: journal at byte 65536"],
        );
        // The same after a record that makes sense.
        let first = edited.image.0[JOURNAL..JOURNAL + 4096].to_vec();
        let header = Record(JOURNAL + 4096);
        if image.get(Record(JOURNAL), "payload_bytes") < 1000 {
            let second = image.0[JOURNAL..JOURNAL + 4096].to_vec();
            let both = image.with_bytes(JOURNAL + 4096, &second).with_bytes(JOURNAL, &first);
            let both = both.with(header, "sequence", 2).with_checksum(header);
            check_refused::<Tick>(&name, &both, corrupt(JOURNAL + 4096), &["at byte 69632"]);
        }
    }
}

/// A number of elements is worth no more than the bytes that come with it.
#[test]
fn a_length_without_its_elements() {
    let image = image_of(Mode::Atomic, &ticks()).unclean();
    let found_bytes = image.0.len() as u64;
    let journal = JournalWriter::new(image);
    for new_len in [1000, 1 << 20, 1 << 33, 1 << 36, (1 << 62) / 24] {
        for changes in [&[][..], &[(0, &[1][..])], &[(24 * new_len - 1, &[1])]] {
            let image = journal.clone().commit(new_len, changes).image;
            let expected_bytes = HEADER_BYTES as u64 * 2 + 24 * new_len;
            let truncated = Refusal::Truncated { expected_bytes, found_bytes };
            check_refused::<Tick>(&format!("{new_len} elements"), &image, truncated, &[]);
        }
    }
}

/// A record that once was far longer leaves nothing behind.
#[test]
fn a_length_that_was_taken_back() {
    let journal = JournalWriter::new(image_of(Mode::Atomic, &ticks()).unclean());
    for most in [1000, 1 << 30, 1 << 40, (1 << 62) / 24] {
        let back = journal.clone().commit(most, &[(24 * most - 1, &[1])]).commit(2, &[]);
        check_recovers(&format!("{most}"), &back.image, &ticks()[..2]);
        let bench = Bench::with(&back.image);
        drop(MmapVec::<Tick>::open(&bench.path).unwrap());
        let bytes = std::fs::metadata(&bench.path).unwrap().len();
        assert!(bytes <= back.image.0.len() as u64, "{most}: {bytes} bytes");
    }
}

/// Commits that change nothing leave nothing behind that a later one could stumble over.
#[test]
fn records_that_change_nothing() {
    let journal = JournalWriter::new(image_of(Mode::Atomic, &ticks()).unclean());
    let nothing = journal.commit(3, &[]).commit(3, &[]).commit(3, &[]);
    check_recovers("nothing", &nothing.image, &ticks());
    let bench = Bench::with(&nothing.image);
    let mut expected = ticks().to_vec();
    for round in 0..4 {
        let mut vec = MmapVec::<Tick>::open(&bench.path).unwrap();
        assert_eq!(vec, expected, "round {round}");
        vec.push(tick(round)).unwrap();
        vec.commit().unwrap();
        expected.push(tick(round));
        drop(vec);
        assert_eq!(MmapSlice::<Tick>::open(&bench.path).unwrap(), expected, "round {round}");
    }
}

/// What a record brings must be a value of its type. Opening to write, too, finds that out before it changes
/// the file.
#[test]
fn records_of_elements_that_are_no_values() {
    let image = image_of(Mode::Atomic, &[true, false, true]).unclean();
    let journal = JournalWriter::new(image);
    let refusal = |index, found: &str| Refusal::CorruptElement {
        index,
        field: String::new(),
        expected: "0 or 1".into(),
        found: found.into(),
    };
    let edit = journal.clone().commit(3, &[(1, &[7])]);
    check_refused::<bool>("an edit", &edit.image, refusal(1, "7"), &[]);
    let append = journal.clone().commit(5, &[(3, &[1, 8])]);
    check_refused::<bool>("an append", &append.image, refusal(4, "8"), &[]);
    let end = append.image.0.len() as u64;
    let elsewhere = journal.clone().commit_payload(3, end, extents(&[(2, &[9])]));
    check_refused::<bool>("elsewhere", &elsewhere.image, refusal(2, "9"), &[]);
    let image = edit.commit(3, &[(1, &[1])]).image;
    let bench = Bench::with(&image);
    for way in WAYS {
        let opened = way.open(&OpenOptions::<bool>::new(), &bench.path).unwrap();
        assert_eq!(opened.0, [true, true, true], "made good by the next record");
    }
    let gone = append.commit(4, &[]).image;
    let bench = Bench::with(&gone);
    for way in WAYS {
        let opened = way.open(&OpenOptions::<bool>::new(), &bench.path).unwrap();
        assert_eq!(opened.0, [true, false, true, true], "removed by the next record");
    }
}

/// A payload elsewhere must not lie where elements belong: writing them would spoil it for who does it again.
#[test]
fn a_payload_among_the_elements() {
    let image = image_of(Mode::Atomic, &[0_u8; 5000]).unclean();
    let data_offset = data_offset(&image) as u64;
    let journal = JournalWriter::new(image);
    let payload = extents(&[(100, &[7; 100])]);
    for (name, journal, offset) in [
        ("at the beginning", journal.clone().commit(5000, &[(0, &[1])]), 0),
        ("at the last element", journal.clone().commit(5000, &[(0, &[1])]), 4999),
        ("where elements were", journal.clone().commit(100, &[(0, &[1])]), 4000),
    ] {
        let at = journal.at;
        let bent = journal.commit_payload(200, data_offset + offset, payload.clone());
        check_refused::<u8>(name, &bent.image, corrupt(at), &[]);
    }
}

/// A writer goes on to the next epoch after a record with its payload elsewhere, and after it closed the file.
#[test]
fn records_that_nobody_would_have_added() {
    let image = image_of(Mode::Atomic, &ticks()).unclean();
    let end = image.0.len() as u64;
    let journal = JournalWriter::new(image.clone());
    let elsewhere =
        journal.clone().commit_payload(3, end, extents(&[(0, &tick(9).time.to_ne_bytes())]));
    check_recovers("elsewhere", &elsewhere.image, &[tick(9), ticks()[1], ticks()[2]]);
    let at = elsewhere.at;
    let more = elsewhere.commit(3, &[(0, &[10])]);
    check_refused::<Tick>(
        "after one elsewhere",
        &more.image,
        corrupt(at),
        &["found record 2 after it"],
    );

    // A crash can't tear a slot of a closed file and leave a record of the other's epoch.
    let closed = journal.commit(3, &[(0, &[9])]).image;
    let closed = closed.with(Slot(0), "flags", 1).with(Slot(1), "flags", 1).sealed();
    check_opens("closed", &closed, &ticks(), Shutdown::Clean);
    let newest = closed.newest_slot();
    let older = if newest == Slot(0) { Slot(1) } else { Slot(0) };
    for (name, slot, expected) in [
        ("the newest slot is torn", newest, corrupt_slot(newest)),
        ("the older slot is torn", older, corrupt(JOURNAL)),
    ] {
        let torn = closed.clone().flipped(slot.field("epoch").start, 1);
        check_refused::<Tick>(name, &torn, expected, &[]);
    }

    // Nobody looks there before the first commit, which is refused.
    let bench = Bench::with(&closed);
    let mut vector = MmapVec::<Tick>::open(&bench.path).unwrap();
    vector[0] = tick(10);
    let error = vector.commit().unwrap_err();
    assert_eq!(Refusal::of(&error), corrupt(JOURNAL), "{error}");
    drop(vector);
    assert!(Image::read(&bench.path) == closed, "a refused commit changed the file");
}

/// Sizes that are allowed, and large: opening such a file takes neither long nor memory.
#[test]
fn the_largest_journal() {
    const JOURNAL_BYTES: u64 = 1 << 30;
    let small = image_of(Mode::Atomic, &ticks());
    let data = small.0[data_offset(&small)..].to_vec();
    let header = Image(small.0[..JOURNAL].to_vec())
        .with(Preamble, "journal_bytes", JOURNAL_BYTES)
        .with(Preamble, "data_offset", JOURNAL as u64 + JOURNAL_BYTES)
        .unclean();
    let bench = Bench::with(&header);
    let file = File::options().write(true).open(&bench.path).unwrap();
    support::write_at(&file, &data, JOURNAL as u64 + JOURNAL_BYTES).unwrap();
    assert_eq!(MmapSlice::<Tick>::open(&bench.path).unwrap(), ticks());

    let writer = JournalWriter::new(header.clone().resized(JOURNAL + 4096));
    let edited = writer.clone().commit(3, &[(0, &tick(9).time.to_ne_bytes())]);
    support::write_at(&file, &edited.image.0[JOURNAL..], JOURNAL as u64).unwrap();
    let expected = [tick(9), ticks()[1], ticks()[2]];
    assert_eq!(MmapSlice::<Tick>::open(&bench.path).unwrap(), expected);

    // In the very last block: a record that says that others are lost.
    let mut late = writer;
    late.next.sequence = 7;
    let late = late.commit(3, &[(0, &[1])]).image;
    support::write_at(&file, &late.0[JOURNAL..], JOURNAL_BYTES + JOURNAL as u64 - 4096).unwrap();
    let error = MmapSlice::<Tick>::open(&bench.path).unwrap_err();
    assert_eq!(Refusal::of(&error), corrupt(JOURNAL + 4096), "{error}");
    assert!(error.to_string().contains("found record 7 after it"), "{error}");

    // Whoever closed the file doesn't need to look.
    support::write_at(
        &file,
        &header.with(Slot(0), "flags", 1).with(Slot(1), "flags", 1).sealed().0,
        0,
    )
    .unwrap();
    assert_eq!(MmapSlice::<Tick>::open(&bench.path).unwrap(), ticks());
}

/// Cut anywhere, a file with a journal is truncated, unless its records bring back what was cut off.
#[test]
fn truncated_files_with_a_journal() {
    let (image, states) = three_records();
    let data_offset = data_offset(&image);
    let slot_bytes = data_offset + 3 * 24;
    let image = image.resized(data_offset + 250 * 24);
    for len in (0..250 * 24).step_by(7).map(|bytes| data_offset + bytes).chain([slot_bytes - 1]) {
        let cut = image.clone().resized(len);
        if len >= slot_bytes {
            check_recovers(&format!("{len} bytes"), &cut, &states[3]);
            continue;
        }
        let (expected_bytes, found_bytes) = (slot_bytes as u64, len as u64);
        let truncated = Refusal::Truncated { expected_bytes, found_bytes };
        check_refused::<Tick>("cut", &cut, truncated, &["is truncated"]);
    }
    for len in [JOURNAL, JOURNAL + 1, JOURNAL + 4096, data_offset - 1] {
        let (expected_bytes, found_bytes) = (data_offset as u64, len as u64);
        let truncated = Refusal::Truncated { expected_bytes, found_bytes };
        check_refused::<Tick>("in the journal", &image.clone().resized(len), truncated, &[]);
    }
    // What isn't in the records must be in the file.
    let shrunk = JournalWriter::new(image_of(Mode::Atomic, &ticks()).unclean()).commit(2, &[]);
    check_recovers("shrunk", &shrunk.image.clone().resized(data_offset + 48), &ticks()[..2]);
    let (expected_bytes, found_bytes) = (data_offset as u64 + 48, data_offset as u64 + 47);
    let truncated = Refusal::Truncated { expected_bytes, found_bytes };
    check_refused::<Tick>("cut", &shrunk.image.resized(data_offset + 47), truncated, &[]);
}
