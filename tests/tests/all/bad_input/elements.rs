//! Elements whose bytes are no value of their type.

use std::fs::File;

use persist_core::{FixedStr, MmapSlice, MmapVec, Mode, OpenOptions, Pad, Persist, Shutdown};

use super::{
    Bench, MODES, Order, Refusal, Way, check_opens, check_path, check_refused, data_offset,
    image_of, orders,
};
use crate::support::{self, Slot};

/// A field of an [`Order`], what is written there, and what the error says of it.
const FAULTS: [(&str, usize, &[u8], &str, &str); 12] = [
    ("letter", 0, &0xd800_u32.to_ne_bytes(), "a Unicode scalar value", "0xd800"),
    ("letter", 0, &0x11_0000_u32.to_ne_bytes(), "a Unicode scalar value", "0x110000"),
    ("id", 4, &[0; 4], "a number other than 0", "0"),
    ("legs[0][0].count", 8, &[0; 2], "a number other than 0", "0"),
    ("legs[0][1].side", 8 + 4 + 2, &[2], "0 (Buy) or 1 (Sell)", "2"),
    ("legs[1][0].live", 8 + 8 + 3, &[2], "0 or 1", "2"),
    ("legs[1][1].live", 8 + 12 + 3, &[0xff], "0 or 1", "255"),
    ("trend", 24, &[0; 2], "1 (Up) or -1 (Down)", "0"),
    ("trend", 24, &i16::MIN.to_ne_bytes(), "1 (Up) or -1 (Down)", "-32768"),
    ("origin", 26, b"\xffFK", "UTF-8, then NULs to the end", "bytes ff 46 4b 00 00"),
    ("origin", 26, b"J\0K", "UTF-8, then NULs to the end", "bytes 4a 00 4b 00 00"),
    ("origin", 26, b"JFK\xc3\0", "UTF-8, then NULs to the end", "bytes 4a 46 4b c3 00"),
];

#[test]
fn elements_that_are_no_values() {
    for mode in MODES {
        check_elements_that_are_no_values(mode);
    }
}

fn check_elements_that_are_no_values(mode: Mode) {
    let orders = orders();
    let image = image_of(mode, &orders);
    let data_offset = data_offset(&image);
    for (field, offset, bytes, expected, found) in FAULTS {
        // At the beginning, on both sides of the blocks that are looked through at once, at the end.
        for index in [0, 255, 256, 599] {
            let bent = image.clone().with_bytes(data_offset + 32 * index + offset, bytes);
            let refusal = Refusal::CorruptElement {
                index: index as u64,
                field: field.into(),
                expected: expected.into(),
                found: found.into(),
            };
            let said =
                [format!("element {index}, field `{field}`: expected {expected}, found {found}")];
            let texts = ["is corrupt", &said[0], "restore it from a copy"];
            check_refused::<Order>(field, &bent, refusal, &texts);
        }
    }
    check_opens("undamaged", &image, &orders, Shutdown::Clean);
}

#[test]
fn the_first_fault_is_named() {
    for mode in MODES {
        check_the_first_fault_is_named(mode);
    }
}

fn check_the_first_fault_is_named(mode: Mode) {
    let image = image_of(mode, &orders());
    let data_offset = data_offset(&image);
    let bent = image
        .with_bytes(data_offset + 32 * 400 + 11, &[9])
        .with_bytes(data_offset + 32 * 300 + 11, &[7])
        .with_bytes(data_offset + 32 * 300 + 10, &[8]);
    let refusal = Refusal::CorruptElement {
        index: 300,
        field: "legs[0][0].side".into(),
        expected: "0 (Buy) or 1 (Sell)".into(),
        found: "8".into(),
    };
    check_refused::<Order>("several", &bent, refusal, &[]);

    let alone = image_of(mode, &[true, false, true]).with_bytes(data_offset + 2, &[3]);
    let refusal = Refusal::CorruptElement {
        index: 2,
        field: String::new(),
        expected: "0 or 1".into(),
        found: "3".into(),
    };
    check_refused::<bool>("no field", &alone, refusal, &["element 2: expected 0 or 1, found 3"]);
}

/// What was never committed is no element, and may be anything.
#[test]
fn faults_past_the_end_are_none() {
    for mode in MODES {
        let image = image_of(mode, &[true, true]);
        let data_offset = data_offset(&image);
        let image = image.with(Slot(0), "committed_len", 1).with(Slot(1), "committed_len", 1);
        let image = image.sealed().with_bytes(data_offset + 1, &[77]);
        check_opens("past the end", &image, &[true], Shutdown::Clean);
    }
}

/// Large enough to be looked through by several threads, of which the first one's find counts.
#[test]
fn a_fault_in_a_large_file() {
    for mode in MODES {
        check_a_fault_in_a_large_file(mode);
    }
}

fn check_a_fault_in_a_large_file(mode: Mode) {
    const LEN: u64 = (64 << 20) / 16;
    #[derive(Debug, Clone, Copy, Persist)]
    #[repr(C)]
    struct Sample {
        value: u64,
        live: bool,
        pad: Pad<7>,
    }

    let image = image_of::<Sample>(mode, &[]);
    let data_offset = data_offset(&image) as u64;
    let image = image.with(Slot(0), "committed_len", LEN).with(Slot(1), "committed_len", LEN);
    let bench = Bench::with(&image.sealed());
    let file = File::options().write(true).open(&bench.path).unwrap();
    file.set_len(data_offset + 16 * LEN).unwrap();
    let check = |faulty: &[u64]| {
        let place = |index: u64| data_offset + 16 * index + 8;
        faulty.iter().for_each(|&index| support::write_at(&file, &[2], place(index)).unwrap());
        let first = *faulty.iter().min().unwrap();
        let expected = Refusal::CorruptElement {
            index: first,
            field: "live".into(),
            expected: "0 or 1".into(),
            found: "2".into(),
        };
        let options = OpenOptions::<Sample>::new();
        check_path("large", &[Way::Slice, Way::Vec], &options, &bench.path, &expected, &[]);
        faulty.iter().for_each(|&index| support::write_at(&file, &[0], place(index)).unwrap());
    };
    check(&[LEN - 2]);
    check(&[LEN - 1, LEN / 2 + 1, LEN / 2 + 7]);
    assert_eq!(MmapSlice::<Sample>::open(&bench.path).unwrap().len() as u64, LEN);
}

/// An element may be larger than the stack of a thread; nothing that opens a file copies one there.
#[test]
fn elements_larger_than_a_stack() {
    const BYTES: usize = 3 << 20;
    type Text = FixedStr<BYTES>;

    #[derive(Clone, Copy, Persist)]
    #[repr(C)]
    struct Page {
        number: u64,
        text: Text,
    }

    /// Writes in a thread that has room for elements on its stack, and opens in one that has none.
    fn check<T: Persist>(element: fn() -> T) {
        let bench = Bench::new("pages.pv");
        let write = || {
            let mut vec = MmapVec::options().journal_bytes(0).create(&bench.path).unwrap();
            vec.resize_with(16, element).unwrap();
            vec.commit().unwrap();
            vec.close().unwrap();
        };
        std::thread::scope(|scope| {
            let writer = std::thread::Builder::new().stack_size(32 * BYTES);
            writer.spawn_scoped(scope, write).unwrap().join().unwrap();
        });
        let open = || {
            assert_eq!(MmapVec::<T>::open(&bench.path).unwrap().len(), 16);
            let slice = MmapSlice::<T>::open(&bench.path).unwrap();
            assert_eq!((slice.len(), slice.info().shutdown), (16, Shutdown::Clean));
        };
        std::thread::scope(|scope| {
            let opener = std::thread::Builder::new().stack_size(BYTES / 2);
            opener.spawn_scoped(scope, open).unwrap().join().unwrap();
        });
    }
    check(|| Text::new("page").unwrap());
    check(|| Page { number: 7, text: Text::new("page").unwrap() });
    check(|| [Text::new("page").unwrap(); 2]);
}
