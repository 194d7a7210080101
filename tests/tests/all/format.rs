//! A [second reader](reader) of `.pv` files, written from `FORMAT.md` alone: if it and the library agree, the
//! document is true and says enough.
//!
//! That the tables of the document agree with the library's own structs is a test in the library,
//! `header/tests.rs`.

mod reader;

use std::fmt::Debug;

use persist_core::{ByteOrder, MmapSlice, MmapVec, Mode, Persist, Shutdown};

pub(crate) use reader::{Refused, Word, boot_id, read};

use crate::golden::{self, Golden, Visitor};
use crate::support::{
    self, DESCRIPTOR_OFFSET, Image, JournalWriter, Live, Preamble, Record, Slot, region, table,
};

/// The descriptor of a program's type, taken from a file that the library made of it.
fn descriptor_of<T: Persist>() -> Vec<u8> {
    persist_core::Descriptor::of::<T>().as_bytes().to_vec()
}

#[test]
fn a_reader_made_from_the_document_sees_what_the_library_sees() {
    struct Check;
    impl Visitor for Check {
        fn visit<T: Persist + Debug + PartialEq>(&mut self, golden: &Golden<T>) {
            for (order, _) in golden::MADE_ON {
                check(golden, &Image::read(&golden.path(order)), golden.is_foreign(order));
            }
        }
    }
    fn check<T: Persist + Debug>(golden: &Golden<T>, file: &Image, is_foreign: bool) {
        let contents = match read(&file.0, &descriptor_of::<T>(), false) {
            Err(refused) if is_foreign => {
                let expected = Refused { step: 11, word: Word::Mismatched };
                return assert_eq!(refused, expected, "{}", golden.name);
            }
            contents => contents.unwrap(),
        };
        assert!(!is_foreign, "{}", golden.name);
        assert_eq!(contents.shutdown, golden.shutdown(), "{}", golden.name);
        let expected: Vec<_> = golden.elements.iter().map(|of| format!("{of:?}")).collect();
        assert_eq!(contents.elements, expected, "{}", golden.name);

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("copy.pv");
        file.write(&path);
        let slice = MmapSlice::<T>::open(&path).unwrap();
        let seen: Vec<_> = slice.iter().map(|of| format!("{of:?}")).collect();
        assert_eq!(contents.elements, seen, "{}", golden.name);
    }
    golden::visit_all(&mut Check);
}

/// The tables leave no gap: each field begins where the last one ended, up to the end of the block.
#[test]
fn tables_of_fields_fill_their_blocks() {
    let blocks = [(Preamble, 4096), (Slot(0), 4096), (Slot(1), 4096), (Live, 4096)];
    for (block, bytes) in blocks.into_iter().chain([(Record(65536), 64)]) {
        let mut end = block.offset();
        for name in block.fields() {
            let field = block.field(name);
            assert_eq!(field.start, end, "{name} in {block:?}");
            end = field.end;
        }
        assert_eq!(end, block.offset() + bytes, "{block:?}");
    }
}

#[test]
fn regions_follow_each_other() {
    let mut end = 0;
    for row in &table("Overview")[..4] {
        let region = region(row[2]);
        assert_eq!(region.start, end, "{}", row[2]);
        end = region.end;
    }
    let last = table("Overview").pop().unwrap();
    assert_eq!(last, [&DESCRIPTOR_OFFSET.to_string(), "`descriptor_bytes`", "descriptor"]);
    assert_eq!(end, DESCRIPTOR_OFFSET);
}

/// A golden file of each way a file may be refused, cut and bent, is refused at the step that the
/// document says and with its word.
#[test]
fn each_step_of_reading_can_refuse() {
    struct Check;
    impl Visitor for Check {
        fn visit<T: Persist + Debug + PartialEq>(&mut self, golden: &Golden<T>) {
            if golden.name != "torn" {
                return;
            }
            let file = Image::read(&golden.path(ByteOrder::NATIVE));
            let program = descriptor_of::<T>();
            let journal_offset = file.get(Preamble, "journal_offset");
            let element = file.get(Preamble, "data_offset") as usize;
            let newest = file.newest_slot();
            // Little-endian, as this writes numbers.
            let foreign = u64::from(0x0102_0304_u32.swap_bytes().to_le());
            let refused = [
                (1, Word::NotPersist, file.clone().with_bytes(0, b"P")),
                (2, Word::Truncated, file.clone().resized(100)),
                (3, Word::Corrupt, file.clone().flipped(4095, 1)),
                (4, Word::Unsupported, file.clone().with(Preamble, "format_version", 2)),
                (5, Word::Corrupt, file.clone().with(Preamble, "element_align_bytes", 3)),
                (6, Word::Truncated, file.clone().resized(journal_offset as usize - 1)),
                (7, Word::Corrupt, file.clone().flipped(DESCRIPTOR_OFFSET, 1)),
                (7, Word::Corrupt, file.clone().with(Live, "reserved", 1)),
                (8, Word::Corrupt, file.clone().flipped(4096, 1).flipped(8192, 1)),
                (8, Word::Unsupported, file.clone().with(newest, "mode", 2).sealed()),
                (8, Word::Corrupt, file.clone().with(newest, "mode", 1).sealed()),
                (9, Word::Truncated, file.clone().resized(element)),
                (10, Word::Corrupt, file.clone().with_descriptor(b"?")),
                (11, Word::Mismatched, file.clone().with(Preamble, "byte_order", foreign)),
                (12, Word::Mismatched, file.clone().with_descriptor(&[1, 0, 4, 0])),
                (12, Word::Unsupported, file.clone().with(Preamble, "ro_compat", 1)),
                (13, Word::Corrupt, file.clone().with_bytes(element, &[0xff; 4])),
            ];
            for (step, word, image) in refused {
                let bent_behind_checksums = [4, 5, 11, 12].contains(&step);
                let image = if bent_behind_checksums { image.sealed() } else { image };
                let found = read(&image.0, &program, true).err();
                assert_eq!(found, Some(Refused { step, word }));
            }
        }
    }
    golden::visit_all(&mut Check);
}

/// The file of a vector of these numbers, which its writer left without closing it, and with an empty journal.
fn unclean(mode: Mode, numbers: &[u32]) -> Image {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("image.pv");
    let mut vec = MmapVec::options().mode(mode).journal_bytes(0).create(&path).unwrap();
    vec.reserve_exact(numbers.len()).unwrap();
    vec.extend_from_slice(numbers).unwrap();
    vec.commit().unwrap();
    vec.close().unwrap();
    Image::read(&path).unclean()
}

/// Holds that both readers see these numbers, the library in every way to open the file and again after it
/// recovered it.
#[track_caller]
fn check_numbers(name: &str, image: &Image, expected: &[u32]) {
    let program = descriptor_of::<u32>();
    let contents =
        read(&image.0, &program, true).unwrap_or_else(|refused| panic!("{name}: {refused:?}"));
    let shown: Vec<_> = expected.iter().map(|number| format!("{number:?}")).collect();
    assert_eq!(contents.elements, shown, "{name}: the second reader");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("copy.pv");
    image.write(&path);
    let slice = MmapSlice::<u32>::open(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!((&*slice, slice.info().shutdown), (expected, contents.shutdown), "{name}");
    drop(slice);
    assert!(Image::read(&path) == *image, "{name}: reading changed the file");
    for again in ["", ", again"] {
        let vec = MmapVec::<u32>::open(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(vec, expected, "{name}{again}");
    }
    let recovered = Image::read(&path);
    assert_eq!(read(&recovered.0, &program, true).unwrap().elements, shown, "{name}: recovered");
    MmapVec::<u32>::open(&path).unwrap().close().unwrap();
    let closed = read(&Image::read(&path).0, &program, true).unwrap();
    assert_eq!((closed.elements, closed.shutdown), (shown, Shutdown::Clean), "{name}: closed");
}

/// Numbers as a program has them in memory.
fn bytes_of(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_ne_bytes()).collect()
}

fn numbers_of(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|bytes| u32::from_ne_bytes(bytes.try_into().unwrap())).collect()
}

/// Journals by the document: what counts, what doesn't, and what that makes of the data.
#[test]
fn both_readers_see_the_same_in_a_journal() {
    let base = unclean(Mode::Atomic, &[1, 2, 3]);
    let data_offset = base.get(Preamble, "data_offset");
    let journal = JournalWriter::new(base.clone());
    check_numbers("no record", &journal.image, &[1, 2, 3]);

    let edited = journal.clone().commit(3, &[(4, &bytes_of(&[20]))]);
    check_numbers("an edit", &edited.image, &[1, 20, 3]);
    let unaligned = journal.clone().commit(3, &[(3, &[1, 7]), (11, &[]), (11, &[1])]);
    let mut bytes = bytes_of(&[1, 2, 3]);
    (bytes[3], bytes[4], bytes[11]) = (1, 7, 1);
    check_numbers("bytes", &unaligned.image, &numbers_of(&bytes));
    let appended = edited.clone().commit(5, &[(12, &bytes_of(&[40, 50]))]);
    check_numbers("an append, which the file lacks", &appended.image, &[1, 20, 3, 40, 50]);
    let cut = appended.clone().commit(1, &[]);
    check_numbers("a truncation", &cut.image, &[1]);
    let cut_file = cut.image.clone().resized(data_offset as usize + 4);
    check_numbers("a truncation of a file that was cut", &cut_file, &[1]);
    let again = cut.commit(3, &[(4, &bytes_of(&[21, 31]))]);
    check_numbers("an append over it", &again.image, &[1, 21, 31]);
    let twice =
        again.commit(3, &[(0, &bytes_of(&[9])), (0, &bytes_of(&[10])), (8, &bytes_of(&[30]))]);
    check_numbers("the last extent counts", &twice.image, &[10, 21, 30]);
    let gone = twice.clone().commit(0, &[(0, &bytes_of(&[5]))]);
    check_numbers("nothing left", &gone.image, &[]);

    let long: Vec<u32> = (0..4000).collect();
    let long = appended.clone().commit(4000, &[(0, &bytes_of(&long))]);
    let all: Vec<u32> = (0..4000).collect();
    check_numbers("a record of several blocks", &long.image, &all);
    assert_eq!(long.at, appended.at + 4 * 4096);
    let after = long.commit(2, &[(0, &bytes_of(&[6]))]);
    check_numbers("a record after it", &after.image, &[6, 1]);
    let region = base.get(Preamble, "journal_bytes") as usize;
    let full = vec![0x11; region - 64 - 16];
    let elements = vec![0x1111_1111; full.len() / 4];
    let full = journal.clone().commit(elements.len() as u64, &[(0, &full)]);
    assert_eq!(full.at as u64, data_offset);
    check_numbers("a record that fills the region", &full.image, &elements);

    for (name, of) in [("no commit", &journal), ("an edit", &edited), ("all", &twice)] {
        let seen = read(&of.image.0, &descriptor_of::<u32>(), false).unwrap().elements;
        let seen: Vec<u32> = seen.iter().map(|number| number.parse().unwrap()).collect();
        let check =
            |torn: &str, image: Image| check_numbers(&format!("{name}, {torn}"), &image, &seen);
        let next = of.clone().commit(4, &[(0, &bytes_of(&[77])), (12, &bytes_of(&[4]))]);
        let header = Record(of.at);
        check("no header", next.image.clone().with_bytes(of.at, &[0; 64]));
        check("half a header", next.image.clone().with_bytes(of.at + 24, &[0; 40]));
        check("no payload", next.image.clone().with_bytes(of.at + 64, &[0; 40]));
        check("half a payload", next.image.clone().with_bytes(of.at + 90, &[0; 14]));
        let with =
            |field, value| next.image.clone().with(header, field, value).with_checksum(header);
        let (epoch, sequence) = (of.next.epoch, of.next.sequence);
        check("an older epoch", with("epoch", epoch - 1));
        check("an older sequence", with("sequence", sequence - 1));
        check("another payload", with("payload_checksum", 0));
        check("noise after it", of.image.clone().with_bytes(of.at, &[0xee; 8192]));
        let older = JournalWriter { next: of.next.clone(), ..of.clone() };
        let mut older = JournalWriter { at: of.at + 4096, ..older };
        older.next.epoch -= 2;
        older.next.sequence += 1;
        check("records of an older epoch after it", older.commit(1, &[]).image);
    }

    let clean = twice.image.with(Slot(0), "flags", 1).with(Slot(1), "flags", 1).sealed();
    check_numbers("a clean file", &clean, &[1, 2, 3]);
}

/// A commit that is larger than the journal, caught before its checkpoint.
#[test]
fn both_readers_see_the_same_in_a_payload_elsewhere() {
    let base = unclean(Mode::Atomic, &[1, 2, 3]);
    let spare = base.get(Preamble, "data_offset") + 4096;
    let numbers: Vec<u32> = (0..100_000).map(|i| i * 3).collect();
    let bytes = bytes_of(&numbers);
    let edit = support::extents(&[(4, &bytes_of(&[20]))]);
    let journal = JournalWriter::new(base.clone());
    let small = journal.clone().commit_payload(3, spare, edit.clone());
    check_numbers("a small payload", &small.image, &[1, 20, 3]);
    let odd = journal.clone().commit_payload(2, spare + 13, edit.clone());
    check_numbers("at any place, with a truncation", &odd.image, &[1, 20]);
    let after = journal.clone().commit(3, &[(0, &bytes_of(&[9]))]).commit_payload(3, spare, edit);
    check_numbers("after another record", &after.image, &[9, 20, 3]);

    let extents: Vec<_> = bytes.chunks(65536).enumerate().collect();
    let extents: Vec<_> = extents.iter().map(|(i, bytes)| (*i as u64 * 65536, *bytes)).collect();
    let far = base.get(Preamble, "data_offset") + (1 << 20);
    let room = base.resized(far as usize);
    let large = JournalWriter::new(room).commit_payload(
        numbers.len() as u64,
        far,
        support::extents(&extents),
    );
    check_numbers("a large payload", &large.image, &numbers);
}

/// How many elements a file of mode *shared* has, by what its writer left behind.
#[test]
fn both_readers_see_the_same_live_state() {
    let base = unclean(Mode::Shared, &[1, 2, 3]);
    let live = |len, boot_id: [u8; 16]| {
        base.clone().with(Live, "live_len", len).with_bytes(Live.field("boot_id").start, &boot_id)
    };
    let Some(this_boot) = boot_id() else {
        return support::skip("both_readers_see_the_same_live_state", "no boot id");
    };
    let mut other_boot = this_boot;
    other_boot[15] ^= 1;
    check_numbers("nobody", &base, &[1, 2, 3]);
    for len in [0, 2, 3] {
        let expected = [1, 2, 3];
        check_numbers("this boot", &live(len, this_boot), &expected[..len as usize]);
        check_numbers("another boot", &live(len, other_boot), &[1, 2, 3]);
        check_numbers("no boot", &live(len, [0; 16]), &[1, 2, 3]);
    }
    let longer = live(5, this_boot).resized(base.0.len() + 8);
    check_numbers("longer than committed", &longer, &[1, 2, 3, 0, 0]);
    let closed = live(2, this_boot).with(Slot(0), "flags", 1).with(Slot(1), "flags", 1).sealed();
    check_numbers("closed", &closed, &[1, 2, 3]);
    let atomic = unclean(Mode::Atomic, &[1, 2, 3])
        .with(Live, "live_len", 2)
        .with_bytes(Live.field("boot_id").start, &this_boot);
    check_numbers("mode atomic", &atomic, &[1, 2, 3]);
}

/// Whatever a program does to a file, the second reader finds the last commit in it, or in mode *shared* what
/// the program saw last.
#[test]
fn both_readers_see_what_a_writer_left_behind() {
    let program = descriptor_of::<u32>();
    let mut random = Random(1);
    for round in 0..60 {
        let mode = [Mode::Atomic, Mode::Atomic, Mode::Shared][round % 3];
        if mode == Mode::Shared && boot_id().is_none() {
            // What was changed in place is in the file, and its new length isn't.
            continue;
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("left.pv");
        let mut vec = MmapVec::options().mode(mode).journal_bytes(65536).create(&path).unwrap();
        let mut committed = Vec::new();
        for _ in 0..random.below(40) {
            let len = vec.len() as u64;
            match random.below(10) {
                0..3 if len > 0 => vec[random.below(len) as usize] = random.below(1 << 32) as u32,
                3..6 => {
                    let numbers = vec![random.below(1 << 32) as u32; random.below(30) as usize];
                    vec.extend_from_slice(&numbers).unwrap();
                }
                6 if random.below(3) == 0 => {
                    vec.extend_from_slice(&vec![random.below(9) as u32; 30_000]).unwrap();
                }
                7 => vec.truncate(random.below(len + 1) as usize),
                8 if random.below(4) == 0 => vec.checkpoint().unwrap(),
                _ => {
                    vec.commit().unwrap();
                    committed = vec.to_vec();
                }
            }
        }
        let left = if mode == Mode::Atomic { committed } else { vec.to_vec() };
        drop(vec);
        let contents = read(&Image::read(&path).0, &program, true).unwrap();
        let shown: Vec<_> = left.iter().map(|number| format!("{number:?}")).collect();
        assert!(contents.elements == shown, "round {round}, {mode:?}");
        assert_eq!(MmapSlice::<u32>::open(&path).unwrap(), left, "round {round}, {mode:?}");
    }
}

/// Numbers that look random, the same in every run (the generator "SplitMix64").
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }
}
