//! `verify` lists everything that is wrong, also with files that can't be opened, and writes nothing.

use std::fs;

use persist_core::{
    AnyFile, AnyWriter, ByteOrder, Descriptor, Error, Finding, FindingKind, MmapVec, Mode, Region,
    Report, Severity, verify, verify_with_progress,
};

use super::bytes::in_shards;
use super::journal::{RECORDS, three_records};
use super::{
    Bench, HEADER_BYTES, MODES, Order, Tick, Way, data_offset, image_of, image_with, orders, ticks,
};
use crate::golden::{self, Golden, Visitor};
use crate::support::{DESCRIPTOR_OFFSET, Image, Live, Preamble, Slot};

/// A finding as a test expects it: how bad, where, and a part of its text.
type Expected<'a> = (Severity, Region, usize, &'a str);
use Severity::{Error as Bad, Note, Warning};

fn verified(image: &Image) -> Report {
    let bench = Bench::with(image);
    let before = bench.snapshot();
    let report = verify(&bench.path).unwrap();
    assert!(bench.snapshot() == before, "verifying changed something");
    report
}

/// Holds that these are all the findings, but for notes other than that a file wasn't closed.
#[track_caller]
fn check(name: &str, image: &Image, expected: &[Expected<'_>]) -> Report {
    let report = verified(image);
    let is_told = |finding: &&Finding| {
        finding.severity() > Note || matches!(finding.kind, FindingKind::Unclean { .. })
    };
    let complaints: Vec<&Finding> = report.findings.iter().filter(is_told).collect();
    let places: Vec<_> =
        complaints.iter().map(|it| (it.severity(), it.region, it.offset_bytes as usize)).collect();
    let expected_places: Vec<_> = expected.iter().map(|it| (it.0, it.1, it.2)).collect();
    assert_eq!(places, expected_places, "{name}: {complaints:#?}");
    for (finding, (.., text)) in complaints.iter().zip(expected) {
        assert!(finding.to_string().contains(text), "{name}: {text:?} is not in: {finding}");
        assert!(!finding.expected.is_empty() && !finding.found.is_empty(), "{name}: {finding:?}");
    }
    assert_eq!(report.is_fine(), expected.iter().all(|it| it.0 == Note), "{name}");
    report
}

#[test]
fn whole_files_are_fine() {
    for mode in MODES {
        let report = check("orders", &image_of(mode, &orders()), &[]);
        assert_eq!((report.len, report.checked_elements), (Some(600), 600));
        check("nothing", &image_of::<Order>(mode, &[]), &[]);
    }
}

/// Also those of the other byte order: their elements are read as the file says.
#[test]
fn golden_files_are_fine() {
    struct Check;
    impl Visitor for Check {
        fn visit<T: persist_core::Persist + std::fmt::Debug + PartialEq>(
            &mut self,
            golden: &Golden<T>,
        ) {
            for order in [ByteOrder::Little, ByteOrder::Big] {
                let report = verify(golden.path(order)).unwrap();
                assert!(report.worst() < Some(Bad), "{}: {:#?}", golden.name, report.findings);
                let elements = golden.elements.len() as u64;
                assert_eq!(report.checked_elements, elements, "{}", golden.name);
            }
        }
    }
    golden::visit_all(&mut Check);
}

#[test]
fn every_kind_of_damage_is_found_at_once() {
    let image = image_of(Mode::Atomic, &orders());
    let data = data_offset(&image);
    let (live, descriptor) = (Live.field("reserved").start + 9, DESCRIPTOR_OFFSET + 3);
    let after = HEADER_BYTES - 2;
    let bent = image
        .flipped(Preamble.field("created_unix_ms").start, 1)
        .flipped(Slot(1).field("committed_len").start, 4)
        .flipped(live, 1)
        .flipped(descriptor, 1)
        .flipped(after, 8);
    let report = check(
        "all of it",
        &bent,
        &[
            (Bad, Region::Preamble, 0, "expected checksum 0x"),
            (Warning, Region::Slots, Slot(1).offset(), "expected checksum 0x"),
            (Bad, Region::Reserved, live, "expected 0, found 1"),
            (Bad, Region::Descriptor, DESCRIPTOR_OFFSET, "expected checksum 0x"),
            (Bad, Region::Reserved, after, "expected 0, found 8"),
        ],
    );
    // What the elements are can't be told.
    assert_eq!((report.len, report.checked_elements), (Some(600), 0));
    let note = report.findings.last().unwrap();
    assert_eq!((&note.kind, note.offset_bytes as usize), (&FindingKind::NotLookedAt, data));
}

#[test]
fn fields_that_make_no_sense_are_all_found() {
    let bent = image_of(Mode::Atomic, &ticks())
        .with(Preamble, "byte_order", 7)
        .with(Preamble, "element_align_bytes", 3)
        .with(Preamble, "journal_bytes", 1)
        .sealed();
    let at = |field| Preamble.field(field).start;
    check(
        "fields",
        &bent,
        &[
            (Bad, Region::Preamble, at("byte_order"), "a byte-order mark, found [07, 00, 00, 00]"),
            (Bad, Region::Preamble, at("element_align_bytes"), "up to 4096, found 3"),
            (Bad, Region::Preamble, at("journal_bytes"), "a multiple of 65536"),
            (Bad, Region::Preamble, at("data_offset"), "the end of the journal"),
        ],
    );
}

#[test]
fn what_is_no_persist_file() {
    check(
        "text",
        &Image(b"just some text".to_vec()),
        &[(Bad, Region::Preamble, 0, "found \"just som\"")],
    );
    check("nothing", &Image(Vec::new()), &[(Bad, Region::Preamble, 0, "an empty file")]);
    let image = image_of(Mode::Atomic, &ticks());
    for (bytes, region) in [
        (4, Region::Preamble),
        (16383, Region::Preamble),
        (HEADER_BYTES - 1, Region::Descriptor),
        (HEADER_BYTES + 1, Region::Journal),
        (data_offset(&image) + 47, Region::Elements),
    ] {
        let cut = image.clone().resized(bytes);
        check("cut", &cut, &[(Bad, region, bytes, "expected at least")]);
    }
    let newer = image.with(Preamble, "format_version", 2).sealed();
    check("newer", &newer, &[(Bad, Region::Preamble, 0, "format version 1, found 2")]);
}

#[test]
fn the_state_of_the_writer() {
    let (image, states) = three_records();
    let slot = image.newest_slot().offset();
    let report = check("records", &image, &[(Note, Region::Slots, slot, "3 commits that wait")]);
    assert_eq!(report.len, Some(states[3].len() as u64));
    let kinds: Vec<_> = report.findings.iter().map(|finding| finding.kind.clone()).collect();
    assert!(matches!(kinds[0], FindingKind::Unclean { records: 3, .. }), "{kinds:?}");

    let cut_short = image.clone().flipped(RECORDS[2] + 70, 1);
    check(
        "cut short",
        &cut_short,
        &[
            (Note, Region::Slots, slot, "2 commits that wait"),
            (Warning, Region::Journal, RECORDS[2], "record 3 to be whole"),
        ],
    );
    let damaged = image.flipped(RECORDS[1] + 70, 1);
    check(
        "a record in the middle",
        &damaged,
        &[
            (Note, Region::Slots, slot, "1 commit that waits"),
            (Bad, Region::Journal, RECORDS[1], "record 2 to be whole, found record 3 after it"),
            (Warning, Region::Journal, RECORDS[1], "record 2 to be whole"),
        ],
    );
}

/// Nobody reads the journal of a closed file to open it; but a commit would refuse these records.
#[test]
fn records_in_a_closed_file() {
    let (image, _) = three_records();
    let newest = image.newest_slot();
    let closed = image.with(newest, "flags", 1).sealed();
    check(
        "closed",
        &closed,
        &[(Bad, Region::Journal, RECORDS[0], "record 1 to be whole, found record 1 after it")],
    );
}

#[test]
fn every_element_that_is_no_value() {
    let image = image_of(Mode::Atomic, &orders());
    let data = data_offset(&image);
    let at = |index: usize, offset: usize| data + index * size_of::<Order>() + offset;
    // A bool, an enum, a NonZero, text, a char.
    let bent = image
        .with_bytes(at(0, 11), &[2])
        .with_bytes(at(1, 10), &[9])
        .with_bytes(at(7, 8), &[0, 0])
        .with_bytes(at(300, 26), &[0xff])
        .with_bytes(at(599, 0), &0xd800_u32.to_ne_bytes());
    let report = check(
        "elements",
        &bent,
        &[
            (Bad, Region::Elements, at(0, 0), "element 0, field `legs[0][0].live`"),
            (Bad, Region::Elements, at(1, 0), "element 1, field `legs[0][0].side`"),
            (Bad, Region::Elements, at(7, 0), "element 7, field `legs[0][0].count`"),
            (Bad, Region::Elements, at(300, 0), "element 300, field `origin`"),
            (Bad, Region::Elements, at(599, 0), "element 599, field `letter`"),
        ],
    );
    assert_eq!((report.checked_elements, report.invalid_elements), (600, 5));
}

/// The library's typed check and this one by the descriptor alone refuse the same elements, whatever byte changes.
#[test]
fn elements_are_judged_as_when_they_are_opened() {
    let image = image_of(Mode::Atomic, &orders()[..1]);
    let data = data_offset(&image);
    let image = &image;
    in_shards(data..data + size_of::<Order>(), |offsets| {
        let bench = Bench::with(image);
        for offset in offsets {
            for value in [0, 1, 2, 0x41, 0x7f, 0x80, 0xc3, 0xd8, 0xff] {
                image.clone().with_bytes(offset, &[value]).write(&bench.path);
                let opened =
                    Way::Slice.open(&persist_core::OpenOptions::<Order>::new(), &bench.path);
                let report = verify(&bench.path).unwrap();
                assert_eq!(opened.is_ok(), report.is_fine(), "byte {offset} = {value}");
                let Err(Error::CorruptElement { fault, .. }) = opened else { continue };
                let found = &report.findings[0];
                let FindingKind::Element { field, .. } = &found.kind else { panic!("{found}") };
                assert_eq!((field, &found.found), (&fault.field, &fault.found));
            }
        }
    });
}

/// The first ones are listed, all are counted, on however many threads.
#[test]
fn more_faults_than_are_listed() {
    let count = 40_000_000;
    let bench = Bench::new("flags.pv");
    let mut flags = MmapVec::<u8>::create(&bench.path).unwrap();
    flags.extend_from_slice(&vec![1; count]).unwrap();
    flags[17] = 2;
    flags[(1 << 20) - 1] = 3;
    let start = count - 2_000_000;
    flags[start..].fill(9);
    flags.close().unwrap();
    let flags = Image::read(&bench.path);
    let bools = image_of(Mode::Atomic, &[true]);
    flags.with_descriptor(bools.descriptor()).write(&bench.path);

    let mut calls = Vec::new();
    let report =
        verify_with_progress(&bench.path, |done, total| calls.push((done, total))).unwrap();
    assert_eq!((report.checked_elements, report.invalid_elements), (count as u64, 2_000_002));
    let indices: Vec<u64> = report
        .findings
        .iter()
        .filter_map(|finding| match finding.kind {
            FindingKind::Element { index, .. } => Some(index),
            _ => None,
        })
        .collect();
    let expected: Vec<u64> =
        [17, (1 << 20) - 1].into_iter().chain(start as u64..).take(Report::MAX_LISTED).collect();
    assert_eq!(indices, expected);
    assert!(calls.is_sorted() && calls.last() == Some(&(count as u64, count as u64)));
}

#[test]
fn elements_larger_than_a_block() {
    type Large = [[bool; 1 << 10]; 1 << 11];
    let bench = Bench::new("large.pv");
    let file = AnyFile::new(Descriptor::of::<Large>());
    let mut writer = AnyWriter::create(&bench.path, &file).unwrap();
    let mut elements = vec![1; 2 * size_of::<Large>()];
    let element_1 = size_of::<Large>();
    elements[element_1 + 5 * (1 << 10) + 3] = 3;
    writer.append(&elements).unwrap();
    writer.finish().unwrap();
    let image = Image::read(&bench.path);
    let at = data_offset(&image) + element_1;
    let expected = (Bad, Region::Elements, at, "element 1, field `[5][3]`");
    let report = check("large", &image, &[expected]);
    assert_eq!(report.checked_elements, 2);
}

/// What waits in the journal counts, and the damage that it covers doesn't.
#[test]
fn elements_as_of_the_last_commit() {
    let bench = Bench::new("flags.pv");
    let mut flags = MmapVec::<bool>::options().journal_bytes(0).create(&bench.path).unwrap();
    flags.extend_from_slice(&[true; 100]).unwrap();
    flags.commit().unwrap();
    flags.checkpoint().unwrap();
    flags[3] = false;
    flags.commit().unwrap();
    drop(flags);
    let image = Image::read(&bench.path);
    let data = data_offset(&image);
    let slot = image.newest_slot().offset();
    let waits = (Note, Region::Slots, slot, "1 commit that waits");
    let covered = image.clone().with_bytes(data + 3, &[7]);
    check("covered", &covered, &[waits]);
    let bare = image.with_bytes(data + 70, &[7]);
    check("bare", &bare, &[waits, (Bad, Region::Elements, data + 70, "element 70")]);
}

#[test]
fn notes() {
    let image = image_of(Mode::Atomic, &ticks());
    let end = image.0.len();
    let spare = verified(&image.clone().resized(end + 100));
    assert!(spare.is_fine());
    let note = &spare.findings[0];
    assert_eq!((&note.kind, note.offset_bytes as usize), (&FindingKind::Spare, end));

    let read_only = verified(&image.with(Preamble, "ro_compat", 4).sealed());
    assert_eq!(read_only.findings[0].kind, FindingKind::ReadOnly);
    assert_eq!(read_only.worst(), Some(Note));
}

/// Elements of a machine of the other byte order are judged by that order.
#[test]
fn the_other_byte_order() {
    let other = match ByteOrder::NATIVE {
        ByteOrder::Little => ByteOrder::Big,
        ByteOrder::Big => ByteOrder::Little,
    };
    let bench = Bench::new("letters.pv");
    let file = AnyFile::of::<char>().byte_order(other);
    let mut writer = AnyWriter::create(&bench.path, &file).unwrap();
    let swapped = |number: u32| number.swap_bytes().to_ne_bytes();
    writer.append(&[swapped('😀'.into()), swapped(0xd800), swapped(0x61)].concat()).unwrap();
    writer.finish().unwrap();
    let report = verify(&bench.path).unwrap();
    assert_eq!(report.invalid_elements, 1);
    assert!(report.findings.iter().any(|it| {
        it.to_string().contains("element 1: expected a Unicode scalar value, found 0xd800")
    }));
}

#[test]
fn what_can_not_be_looked_at() {
    let bench = Bench::new("ticks.pv");
    let missing = verify(&bench.path).unwrap_err();
    assert!(matches!(missing, Error::Io { .. }), "{missing}");
    let directory = verify(bench.path.parent().unwrap()).unwrap_err();
    assert!(matches!(directory, Error::NotAFile { .. }), "{directory}");
    let writer = MmapVec::<Tick>::create(&bench.path).unwrap();
    let locked = verify(&bench.path).unwrap_err();
    assert!(matches!(locked, Error::Locked { .. }), "{locked}");
    drop(writer);
    let _reader = persist_core::MmapSlice::<Tick>::open(&bench.path).unwrap();
    assert!(verify(&bench.path).is_ok(), "readers don't keep each other out");
}

/// Each flipped byte that anybody would refuse is found, and so is each that a writer's state depends on.
#[test]
fn every_flipped_byte_of_the_header() {
    let image = image_with(&MmapVec::options(), &ticks());
    let image = &image;
    let end = DESCRIPTOR_OFFSET + image.descriptor().len() + 40;
    in_shards(0..end, |offsets| {
        let bench = Bench::with(image);
        for offset in offsets.filter(|offset| offset % 7 < 3 || offset % 4096 < 200) {
            let bent = image.clone().flipped(offset, 1 << (offset % 8));
            fs::write(&bench.path, &bent.0).unwrap();
            let is_live = (Live.offset()..Live.field("reserved").start).contains(&offset);
            assert_eq!(verify(&bench.path).unwrap().is_fine(), is_live, "byte {offset}");
        }
    });
}
