//! Fields of the preamble and the slots that lie, that only newer versions know, or that mean nothing.

use persist_core::{Feature, MmapSlice, MmapVec, Mode, OpenOptions, Region, Shutdown};

use super::{
    Bench, HEADER_BYTES, MODES, Refusal, Tick, Way, check_opens, check_refused, check_refused_with,
    data_offset, image_of, ticks,
};
use crate::support::{Block, Image, Preamble, Slot};

#[test]
fn damage_in_the_preamble() {
    for mode in MODES {
        check_damage_in_the_preamble(&image_of(mode, &ticks()));
    }
}

fn check_damage_in_the_preamble(image: &Image) {
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
        ("journal_bytes", 131_072, at("data_offset"), "the end of the journal"),
        ("journal_bytes", 1 << 30, at("data_offset"), "the end of the journal"),
        ("journal_bytes", (1 << 30) + 65536, at("journal_bytes"), "at most 1073741824"),
        ("journal_bytes", 1 << 63, at("journal_bytes"), "at most 1073741824"),
        ("journal_bytes", 0u64.wrapping_sub(65536), at("journal_bytes"), "at most 1073741824"),
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
    let far = (1 << 63) + HEADER_BYTES as u64;
    let far =
        image.clone().with(Preamble, "journal_bytes", 1 << 63).with(Preamble, "data_offset", far);
    check_refused::<Tick>("data past 2^63", &far.sealed(), at("journal_bytes"), &[]);

    let largest = (1 << 30) + HEADER_BYTES as u64;
    let longer = image.clone().with(Preamble, "journal_bytes", 1 << 30);
    let longer = longer.with(Preamble, "data_offset", largest).sealed();
    let found_bytes = image.0.len() as u64;
    let truncated = Refusal::Truncated { expected_bytes: largest, found_bytes };
    check_refused::<Tick>("the largest journal", &longer, truncated, &[]);
}

/// Without a journal a file can't be atomic.
#[test]
fn an_atomic_file_without_a_journal() {
    let image = image_of(Mode::Shared, &ticks());
    let corrupt = Refusal::Corrupt(Region::Preamble, Preamble.field("journal_bytes").start);
    for flags in [0, 1] {
        let slot = image.newest_slot();
        let atomic = image.clone().with(slot, "mode", 1).with(slot, "flags", flags).sealed();
        let texts = ["is corrupt: preamble", "expected mode atomic to have a journal"];
        check_refused::<Tick>("no journal", &atomic, corrupt.clone(), &texts);
    }
}

#[test]
fn a_length_that_lies() {
    for mode in MODES {
        let image = image_of(mode, &ticks());
        check_a_length_that_lies(&image);
        check_a_length_that_lies(&image.unclean());
    }
}

fn check_a_length_that_lies(image: &Image) {
    let found_bytes = image.0.len() as u64;
    let truncated = |expected_bytes| Refusal::Truncated { expected_bytes, found_bytes };
    for (len, expected_bytes) in [
        (4, found_bytes + 24),
        (1 << 40, (24 << 40) + data_offset(image) as u64),
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
    for mode in MODES {
        check_what_only_newer_versions_know(image_of(mode, &ticks()));
    }
}

fn check_what_only_newer_versions_know(image: Image) {
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

    let newest = image.newest_slot();
    for (mode, found) in [(2, "found 2"), (u32::MAX, "found 4294967295")] {
        let newer = image.clone().with(newest, "mode", mode.into()).sealed();
        let texts = ["is unsupported", "expected mode 0 (shared) or 1 (atomic)", found];
        check_refused::<Tick>("mode", &newer, unsupported(Feature::Mode(mode)), &texts);
    }
    for mode in [0, 1, 2] {
        let was = image.clone().with(other(newest), "mode", mode).sealed();
        check_opens("the mode of the older slot", &was, &ticks(), Shutdown::Clean);
    }

    // A preamble that is newer *and* damaged is damaged.
    let damaged = image.with(Preamble, "format_version", 2);
    check_refused::<Tick>(
        "damaged",
        &damaged,
        Refusal::Corrupt(Region::Preamble, 0),
        &["checksum"],
    );
}

fn other(slot: Block) -> Block {
    if slot == Slot(0) { Slot(1) } else { Slot(0) }
}

#[test]
fn the_slots() {
    for mode in MODES {
        check_the_slots(image_of(mode, &ticks()));
    }
}

fn check_the_slots(image: Image) {
    let newest = image.newest_slot();
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
    for mode in MODES {
        let image = image_of(mode, &ticks()).flipped(4096, 1);
        let bench = Bench::with(&image);
        MmapVec::<Tick>::open(&bench.path).unwrap().close().unwrap();
        let slice = MmapSlice::<Tick>::open(&bench.path).unwrap();
        assert_eq!((slice.info().shutdown, &*slice), (Shutdown::Clean, &ticks()[..]));
    }
}

/// Nobody reads the journal of a file of mode *shared*, nor that of a closed one, nor what stands after the
/// last element.
#[test]
fn bytes_that_mean_nothing() {
    for mode in MODES {
        let bench = Bench::new("journal.pv");
        let options = MmapVec::<Tick>::options().mode(mode).journal_bytes(65536);
        let mut vec = options.create(&bench.path).unwrap();
        vec.extend_from_slice(&ticks()).unwrap();
        vec.commit().unwrap();
        vec.close().unwrap();
        let image = Image::read(&bench.path);
        let data_offset = data_offset(&image);
        assert_eq!(data_offset, 2 * HEADER_BYTES);
        assert!(image.0.len() > data_offset + 3 * 24, "no room to spare");
        let noise = image.with_bytes(HEADER_BYTES, &[0xee; HEADER_BYTES]);
        let noise = noise.with_bytes(data_offset + 3 * 24, &[0xee; 24]);
        check_opens("noise", &noise, &ticks(), Shutdown::Clean);
        let noise = noise.unclean();
        if mode == Mode::Shared {
            check_opens("noise", &noise, &ticks(), Shutdown::Unclean);
            continue;
        }
        // What a killed writer may have left past the elements is given back.
        noise.write(&bench.path);
        assert_eq!(MmapSlice::<Tick>::open(&bench.path).unwrap(), ticks());
        assert!(Image::read(&bench.path) == noise, "reading changed something");
        assert_eq!(MmapVec::<Tick>::open(&bench.path).unwrap(), ticks());
        assert!(Image::read(&bench.path) == noise.resized(data_offset + 3 * 24));
    }
}
