//! Fields of the preamble and the slots that lie, that only newer versions know, or that mean nothing.

use persist_core::{Feature, MmapSlice, MmapVec, OpenOptions, Region, Shutdown};

use super::{
    Bench, FILE_BYTES, HEADER_BYTES, Refusal, Tick, Way, check_opens, check_refused,
    check_refused_with, image_of, ticks,
};
use crate::support::{Block, Image, Preamble, Slot};

#[test]
fn damage_in_the_preamble() {
    let image = image_of(&ticks());
    let at = |field| Refusal::Corrupt(Region::Preamble, Preamble.field(field).start);
    for (field, value, expected, text) in [
        ("byte_order", 0x0203_0401, at("byte_order"), "byte-order mark"),
        ("byte_order", 0, at("byte_order"), "byte-order mark"),
        ("element_align_bytes", 0, at("element_align_bytes"), "power of two up to 4096"),
        ("element_align_bytes", 3, at("element_align_bytes"), "power of two up to 4096"),
        ("element_align_bytes", 8192, at("element_align_bytes"), "power of two up to 4096"),
        ("element_bytes", 0, at("element_bytes"), "a multiple of the alignment above 0"),
        ("element_bytes", 1, at("element_bytes"), "a multiple of the alignment above 0"),
        ("element_bytes", 25, at("element_bytes"), "a multiple of the alignment above 0"),
        ("descriptor_bytes", (1 << 20) + 1, at("descriptor_bytes"), "at most 1048576"),
        ("descriptor_bytes", u64::MAX, at("descriptor_bytes"), "at most 1048576"),
        ("descriptor_bytes", 1 << 20, at("journal_offset"), "after the descriptor"),
        ("journal_offset", 0, at("journal_offset"), "multiple of 65536 after"),
        ("journal_offset", 131_072, at("journal_offset"), "multiple of 65536 after"),
        ("journal_offset", u64::MAX, at("journal_offset"), "multiple of 65536 after"),
        ("journal_bytes", 1, at("journal_bytes"), "a multiple of 65536"),
        ("journal_bytes", 65536, at("data_offset"), "the end of the journal"),
        ("journal_bytes", 0u64.wrapping_sub(65536), at("data_offset"), "the end of the journal"),
        ("data_offset", 65560, at("data_offset"), "the end of the journal"),
        ("data_offset", 0, at("data_offset"), "the end of the journal"),
        ("data_offset", u64::MAX, at("data_offset"), "the end of the journal"),
        (
            "reserved_1",
            1,
            Refusal::Corrupt(Region::Reserved, Preamble.field("reserved_1").start),
            "expected 0, found 1",
        ),
        (
            "reserved_2",
            7 << 56,
            Refusal::Corrupt(Region::Reserved, Preamble.field("reserved_2").start + 7),
            "expected 0, found 7",
        ),
    ] {
        let bent = image.clone().with(Preamble, field, value).sealed();
        let name = format!("{field} = {value:#x}");
        check_refused::<Tick>(&name, &bent, expected, &["is corrupt", text, "from a copy"]);
    }
    let far = image.with(Preamble, "journal_bytes", 1 << 63).with(Preamble, "data_offset", 1 << 63);
    let far = far.with(Preamble, "data_offset", (1 << 63) + HEADER_BYTES as u64).sealed();
    check_refused::<Tick>("data past 2^63", &far, at("data_offset"), &[]);
}

#[test]
fn a_length_that_lies() {
    let image = image_of(&ticks());
    let truncated =
        |expected_bytes| Refusal::Truncated { expected_bytes, found_bytes: FILE_BYTES as u64 };
    for (len, expected_bytes) in [
        (4, FILE_BYTES as u64 + 24),
        (1 << 40, (24 << 40) + HEADER_BYTES as u64),
        (u64::MAX / 24, u64::MAX),
        (u64::MAX / 24 + 2, u64::MAX),
        (i64::MAX as u64, u64::MAX),
        (u64::MAX, u64::MAX),
    ] {
        let bent = [Slot(0), Slot(1)]
            .into_iter()
            .fold(image.clone(), |image, slot| image.with(slot, "committed_len", len));
        let name = format!("{len} elements");
        check_refused::<Tick>(&name, &bent.sealed(), truncated(expected_bytes), &["truncated"]);
    }
}

#[test]
fn what_only_newer_versions_know() {
    let image = image_of(&ticks());
    let unsupported = Refusal::Unsupported;
    for (field, value, expected, texts) in [
        ("format_version", 2, Feature::FormatVersion(2), ["expected format version 1", "found 2"]),
        ("format_version", 0, Feature::FormatVersion(0), ["expected format version 1", "found 0"]),
        ("incompat", 1, Feature::Incompat(1), ["no incompat features", "found 0x1"]),
        ("incompat", 1 << 63, Feature::Incompat(1 << 63), ["incompat", "0x8000000000000000"]),
    ] {
        let newer = image.clone().with(Preamble, field, value).sealed();
        let texts = ["is unsupported", "a newer version of persist", texts[0], texts[1]];
        check_refused::<Tick>(field, &newer, unsupported(expected), &texts);
    }

    let read_only = image.clone().with(Preamble, "ro_compat", 4).sealed();
    let expected = unsupported(Feature::ReadOnlyCompat(4));
    let texts = ["it can only be read", "found 0x4"];
    let (options, writers) = (OpenOptions::<Tick>::new(), [Way::Vec, Way::OpenOrCreate]);
    check_refused_with("ro_compat", &read_only, &options, &writers, expected, &texts);
    assert_eq!(Way::Slice.open(&options, &Bench::with(&read_only).path).unwrap().0, ticks());

    let compat = image.clone().with(Preamble, "compat", u64::MAX).sealed();
    check_opens("compat", &compat, &ticks(), Shutdown::Clean);

    let newest = newest_slot(&image);
    let atomic = image.clone().with(newest, "mode", 1).sealed();
    let texts = ["is unsupported", "expected mode 0 (shared), found 1"];
    check_refused::<Tick>("mode", &atomic, unsupported(Feature::Mode(1)), &texts);
    let was_atomic = image.clone().with(other(newest), "mode", 1).sealed();
    check_opens("the mode of the older slot", &was_atomic, &ticks(), Shutdown::Clean);

    // A preamble that is newer *and* damaged is damaged.
    let damaged = image.with(Preamble, "format_version", 2);
    check_refused::<Tick>(
        "damaged",
        &damaged,
        Refusal::Corrupt(Region::Preamble, 0),
        &["checksum"],
    );
}

fn newest_slot(image: &Image) -> Block {
    let epochs = [Slot(0), Slot(1)].map(|slot| image.get(slot, "epoch"));
    if epochs[0] > epochs[1] { Slot(0) } else { Slot(1) }
}

fn other(slot: Block) -> Block {
    if slot == Slot(0) { Slot(1) } else { Slot(0) }
}

#[test]
fn the_slots() {
    let image = image_of(&ticks());
    let newest = newest_slot(&image);
    let epoch = image.get(newest, "epoch");
    let corrupt = Refusal::Corrupt(Region::Slots, Slot(0).offset());
    for (name, bent, text) in [
        ("both damaged", image.clone().flipped(4096, 1).flipped(8192, 1), "found none"),
        (
            "both of the wrong parity",
            image.clone().with(newest, "epoch", epoch - 1).with(other(newest), "epoch", epoch),
            "found none",
        ),
        ("apart", image.clone().with(newest, "epoch", epoch + 2), "epochs that differ by 1"),
        ("reserved flags", image.clone().with(newest, "flags", 3), "no reserved flags"),
        (
            "worn out",
            image.clone().with(Slot(0), "epoch", u64::MAX - 1).with(Slot(1), "epoch", u64::MAX),
            "an epoch that commits can reach",
        ),
    ] {
        let bent = if name == "both damaged" { bent } else { bent.sealed() };
        check_refused::<Tick>(name, &bent, corrupt.clone(), &["is corrupt: slots", text]);
    }

    for (name, torn) in [
        ("newest damaged", image.clone().flipped(newest.field("epoch").start, 1)),
        ("older damaged", image.clone().flipped(other(newest).field("epoch").start, 1)),
        ("parity of the newest", image.clone().with(newest, "epoch", epoch + 1).sealed()),
        ("parity of the older", image.clone().with(other(newest), "epoch", epoch).sealed()),
        ("reserved bytes", image.clone().with(newest, "reserved", 1)),
        ("zeros", image.clone().with_bytes(newest.offset(), &[0; 4096])),
        ("ones", image.clone().with_bytes(newest.offset(), &[0xff; 4096])),
    ] {
        check_opens(name, &torn, &ticks(), Shutdown::Torn);
    }
    let flags = image.clone().with(other(newest), "flags", u64::from(u32::MAX)).sealed();
    check_opens("flags of the older slot", &flags, &ticks(), Shutdown::Clean);
    let last = image
        .clone()
        .with(Slot(1), "epoch", (1 << 63) - 1)
        .with(Slot(0), "epoch", (1 << 63) - 2)
        .sealed();
    check_opens("the last epoch", &last, &ticks(), Shutdown::Clean);
}

/// A torn file is healed by the next writer who closes it, and by nobody else.
#[test]
fn closing_a_torn_file_heals_it() {
    let image = image_of(&ticks()).flipped(4096, 1);
    let bench = Bench::with(&image);
    MmapVec::<Tick>::open(&bench.path).unwrap().close().unwrap();
    let slice = MmapSlice::<Tick>::open(&bench.path).unwrap();
    assert_eq!((slice.info().shutdown, &*slice), (Shutdown::Clean, &ticks()[..]));
}

/// In this version nobody reads the journal, nor what stands after the last element.
#[test]
fn bytes_that_mean_nothing() {
    let bench = Bench::new("journal.pv");
    let mut vec = MmapVec::<Tick>::options().journal_bytes(65536).create(&bench.path).unwrap();
    vec.extend_from_slice(&ticks()).unwrap();
    vec.commit().unwrap();
    vec.close().unwrap();
    let image = Image::read(&bench.path);
    let data_offset = image.get(Preamble, "data_offset") as usize;
    assert_eq!(data_offset, 2 * HEADER_BYTES);
    assert!(image.0.len() > data_offset + 3 * 24, "no room to spare");
    let noise = image.with_bytes(HEADER_BYTES, &[0xee; HEADER_BYTES]);
    let noise = noise.with_bytes(data_offset + 3 * 24, &[0xee; 24]);
    check_opens("noise", &noise, &ticks(), Shutdown::Clean);
}
