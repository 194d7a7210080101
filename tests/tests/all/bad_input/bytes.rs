//! Files that were never ours, that were cut short anywhere, or that have one byte flipped.

use std::fs::{self, File};
use std::num::NonZero;
use std::thread;

use persist_core::{Descriptor, Error, MmapSlice, Mode, OpenOptions, Region, Shutdown};

use super::{
    Bench, DATA_BYTES, HEADER_BYTES, MODES, Refusal, Tick, WAYS, check_error, check_opens,
    check_refused, data_offset, image_of, ticks,
};
use crate::support::{self, DESCRIPTOR_OFFSET, Image, Live, Slot};

#[test]
fn the_undamaged_file_opens() {
    for (mode, header_bytes) in [(Mode::Shared, HEADER_BYTES), (Mode::Atomic, 2 * HEADER_BYTES)] {
        let image = image_of(mode, &ticks());
        assert_eq!(image.0.len(), header_bytes + DATA_BYTES);
        assert_eq!(data_offset(&image), header_bytes);
        assert_eq!(image.clone().sealed(), image, "a closed file has its checksums");
        check_opens("undamaged", &image, &ticks(), Shutdown::Clean);
    }
}

#[test]
fn files_that_are_none_of_ours() {
    let not_persist = |found: &[u8]| Refusal::NotPersist(found.to_vec());
    for (name, bytes, found, texts) in [
        ("empty", &b""[..], &b""[..], ["is not a persist file", "empty", "remove it first"]),
        ("one byte", b"x", b"x", ["is not a persist file", "\\x89PVF", "found \"x\""]),
        (
            "text",
            b"hello, world\n",
            b"hello, w",
            ["not a persist", "\\x89PVF", "found \"hello, w\""],
        ),
        (
            "PNG",
            b"\x89PNG\r\n\x1a\n...",
            b"\x89PNG\r\n\x1a\n",
            ["not a", "\\x89PVF", "\\x89PNG\\r"],
        ),
        ("zeros", &[0; 70000], &[0; 8], ["is not a persist file", "\\x89PVF", "\\x00\\x00"]),
        ("no CR", b"\x89PVF\n\x1a\n...", b"\x89PVF\n\x1a\n.", ["not a persist", "", "\\x89PVF\\n"]),
    ] {
        let image = Image(bytes.to_vec());
        check_refused::<Tick>(name, &image, not_persist(found), &texts);
    }
    let junk: Vec<u8> =
        (0..100_000_u32).map(|i| (i.wrapping_mul(0x9e37_79b9) >> 24) as u8).collect();
    check_refused::<Tick>("junk", &Image(junk.clone()), not_persist(&junk[..8]), &[]);
}

#[test]
fn every_truncation() {
    for mode in MODES {
        check_every_truncation(&image_of(mode, &ticks()));
    }
}

fn check_every_truncation(whole: &Image) {
    let (data_offset, file_bytes) = (data_offset(whole), whole.0.len());
    in_shards(1..file_bytes, |lens| {
        let bench = Bench::with(whole);
        let file = File::options().write(true).open(&bench.path).unwrap();
        for len in lens.rev() {
            file.set_len(len as u64).unwrap();
            let way = WAYS[len % 3];
            let error = way.open(&OpenOptions::<Tick>::new(), &bench.path);
            let error = error.expect_err(&format!("{len} bytes: {way:?} accepted it"));
            let expected_bytes = match len {
                ..DESCRIPTOR_OFFSET => DESCRIPTOR_OFFSET,
                _ if len < data_offset => data_offset,
                _ => file_bytes,
            } as u64;
            let expected = Refusal::Truncated { expected_bytes, found_bytes: len as u64 };
            if len.is_power_of_two() {
                let numbers = [format!("at least {expected_bytes} "), format!("found {len}:")];
                let texts = ["is truncated: ", &numbers[0], &numbers[1], "restore it from a copy"];
                check_error("truncated", error, &bench.path, &expected, &texts);
            } else {
                assert_eq!(Refusal::of(&error), expected);
            }
            assert_eq!(file.metadata().unwrap().len(), len as u64, "the file was made longer");
        }
        assert!(whole.0.starts_with(&fs::read(&bench.path).unwrap()), "the file was changed");
        whole.write(&bench.path);
        assert_eq!(MmapSlice::<Tick>::open(&bench.path).unwrap(), ticks());
    });
}

/// Nothing that stands before the journal can change unnoticed, but for a live state that nobody is to believe.
/// Damage to one of the two slots is what a crash in a commit looks like: the other one says the same.
#[test]
fn every_flipped_header_byte() {
    for mode in MODES {
        check_every_flipped_header_byte(&image_of(mode, &ticks()));
    }
}

fn check_every_flipped_header_byte(whole: &Image) {
    in_shards(0..HEADER_BYTES, |offsets| {
        let bench = Bench::with(whole);
        let file = File::options().write(true).open(&bench.path).unwrap();
        for offset in offsets {
            let (all, one) = (0xff, 1 << (offset % 8));
            let flips = if is_one_of_many_reserved(offset) {
                &[[all, one][offset % 2]][..]
            } else {
                &[all, one]
            };
            for (i, bits) in flips.iter().enumerate() {
                support::write_at(&file, &[whole.0[offset] ^ bits], offset as u64).unwrap();
                let way = WAYS[(offset / 8 + i) % 3];
                let opened = way.open(&OpenOptions::<Tick>::new(), &bench.path);
                check_flipped(offset, *bits, opened);
                support::write_at(&file, &whole.0[offset..=offset], offset as u64).unwrap();
            }
        }
        assert!(Image::read(&bench.path) == *whole, "an attempt changed the file");
        assert_eq!(MmapSlice::<Tick>::open(&bench.path).unwrap(), ticks());
    });
}

/// Whether a byte is one of the many before the journal that mean nothing. To save time each of these
/// is flipped once, alternately in all bits and in one.
fn is_one_of_many_reserved(offset: usize) -> bool {
    offset >= DESCRIPTOR_OFFSET + 4096
}

fn check_flipped(offset: usize, bits: u8, opened: Result<(Vec<Tick>, Shutdown), Error>) {
    let slots = Slot(0).offset()..Slot(1).offset() + 4096;
    if slots.contains(&offset) {
        let (elements, shutdown) = opened.unwrap_or_else(|error| panic!("byte {offset}: {error}"));
        assert_eq!(elements, ticks(), "byte {offset} ^ {bits:#x}");
        assert_eq!(shutdown, Shutdown::Torn, "byte {offset} ^ {bits:#x}");
        return;
    }
    if (Live.field("live_len").start..Live.field("boot_id").end).contains(&offset) {
        let (elements, shutdown) = opened.unwrap_or_else(|error| panic!("byte {offset}: {error}"));
        assert_eq!((&elements[..], shutdown), (&ticks()[..], Shutdown::Clean), "byte {offset}");
        return;
    }
    let Err(error) = opened else { panic!("byte {offset} ^ {bits:#x} went unnoticed") };
    let descriptor_end = DESCRIPTOR_OFFSET + Descriptor::of::<Tick>().as_bytes().len();
    let region = match offset {
        0..8 => return assert!(matches!(error, Error::NotPersist { .. }), "{offset}: {error}"),
        8..4096 => Region::Preamble,
        DESCRIPTOR_OFFSET.. if offset < descriptor_end => Region::Descriptor,
        _ => Region::Reserved,
    };
    let at = match region {
        Region::Preamble => 0,
        Region::Descriptor => DESCRIPTOR_OFFSET,
        _ => offset,
    };
    assert_eq!(Refusal::of(&error), Refusal::Corrupt(region, at), "byte {offset} ^ {bits:#x}");
}

/// Runs `f` with parts of a range, on as many threads as the machine has.
pub(super) fn in_shards(range: std::ops::Range<usize>, f: impl Fn(std::ops::Range<usize>) + Sync) {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let step = range.len().div_ceil(threads);
    thread::scope(|scope| {
        for start in range.clone().step_by(step) {
            let (f, shard) = (&f, start..range.end.min(start + step));
            scope.spawn(move || f(shard));
        }
    });
}
