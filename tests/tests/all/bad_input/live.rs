//! The live state of a file of mode *shared*, which is believed while one kernel runs, and no further than that.

use persist_core::{MmapSlice, MmapVec, Mode, Region, Shutdown};

use super::{
    Bench, DATA_BYTES, HEADER_BYTES, MODES, Refusal, Tick, check_opens, check_refused, image_of,
    ticks,
};
use crate::format::boot_id;
use crate::support::{self, Image, Live, Slot};

/// A file that nobody closed, with this live state.
fn left(mode: Mode, live_len: u64, boot_id: [u8; 16]) -> Image {
    image_of(mode, &ticks())
        .unclean()
        .with(Live, "live_len", live_len)
        .with_bytes(Live.field("boot_id").start, &boot_id)
}

/// Whatever it says, it says it to the kernel that was running.
#[test]
fn the_live_state_of_another_boot() {
    let other_boot = boot_id().unwrap_or([7; 16]).map(|byte| !byte);
    for live_len in [0, 2, 4, 1 << 40, u64::MAX] {
        let image = left(Mode::Shared, live_len, other_boot);
        check_opens("another boot", &image, &ticks(), Shutdown::Unclean);
        let image = left(Mode::Shared, live_len, [0; 16]);
        check_opens("nobody", &image, &ticks(), Shutdown::Unclean);
        let Some(boot_id) = boot_id() else { continue };
        let image = left(Mode::Atomic, live_len, boot_id);
        check_opens("mode atomic", &image, &ticks(), Shutdown::Unclean);
        let closed = left(Mode::Shared, live_len, boot_id);
        let closed = closed.with(Slot(0), "flags", 1).with(Slot(1), "flags", 1).sealed();
        check_opens("closed", &closed, &ticks(), Shutdown::Clean);
    }
}

#[test]
fn a_live_length_that_lies() {
    let Some(boot_id) = boot_id() else {
        return support::skip("a_live_length_that_lies", "no boot id");
    };
    // Elements that the file hasn't: its device was gone for a while, and what the kernel knew with it.
    for live_len in [4, 1 << 40, u64::MAX / 24, u64::MAX / 24 + 2, i64::MAX as u64, u64::MAX] {
        let image = left(Mode::Shared, live_len, boot_id);
        check_opens(&format!("{live_len} elements"), &image, &ticks(), Shutdown::Unclean);
    }
    for live_len in [0, 2, 3] {
        let image = left(Mode::Shared, live_len, boot_id);
        check_opens("this boot", &image, &ticks()[..live_len as usize], Shutdown::Unclean);
    }
}

/// The committed length must be that of a file, too, though the live one hides it.
#[test]
fn a_committed_length_that_lies_behind_the_live_one() {
    let Some(boot_id) = boot_id() else {
        return support::skip("a_committed_length_that_lies_behind_the_live_one", "no boot id");
    };
    let found_bytes = (HEADER_BYTES + DATA_BYTES) as u64;
    for (len, expected_bytes) in [(4, found_bytes + 24), (u64::MAX, u64::MAX)] {
        let image = left(Mode::Shared, 2, boot_id);
        let image = image.with(Slot(0), "committed_len", len).with(Slot(1), "committed_len", len);
        let truncated = Refusal::Truncated { expected_bytes, found_bytes };
        check_refused::<Tick>(&format!("{len} elements"), &image.sealed(), truncated, &[]);
    }
}

/// What is counted by nobody is no element, but what is counted must be one.
#[test]
fn elements_that_only_the_live_state_counts() {
    let Some(boot_id) = boot_id() else {
        return support::skip("elements_that_only_the_live_state_counts", "no boot id");
    };
    let image = image_of(Mode::Shared, &[true, true, false]);
    let image = image.with(Slot(0), "committed_len", 1).with(Slot(1), "committed_len", 1).unclean();
    let live = |len| {
        image
            .clone()
            .with(Live, "live_len", len)
            .with_bytes(Live.field("boot_id").start, &boot_id)
            .with_bytes(HEADER_BYTES + 2, &[9])
    };
    check_opens("before the fault", &live(2), &[true, true], Shutdown::Unclean);
    let refusal = Refusal::CorruptElement {
        index: 2,
        field: String::new(),
        expected: "0 or 1".into(),
        found: "9".into(),
    };
    check_refused::<bool>("with the fault", &live(3), refusal, &[]);
}

#[test]
fn reserved_bytes_of_the_live_state() {
    let reserved = Live.field("reserved");
    for mode in MODES {
        for offset in [reserved.start, reserved.start + 1000, reserved.end - 1] {
            for image in [image_of(mode, &ticks()), image_of(mode, &ticks()).unclean()] {
                let bent = image.with_bytes(offset, &[3]);
                let corrupt = Refusal::Corrupt(Region::Reserved, offset);
                check_refused::<Tick>("reserved", &bent, corrupt, &["expected 0, found 3"]);
            }
        }
    }
}

/// A writer who goes on with what another left, and is killed, too.
#[test]
fn a_live_state_is_taken_over() {
    let Some(boot_id) = boot_id() else {
        return support::skip("a_live_state_is_taken_over", "no boot id");
    };
    let bench = Bench::with(&left(Mode::Shared, 2, boot_id));
    let mut vec = MmapVec::<Tick>::open(&bench.path).unwrap();
    vec.push(ticks()[0]).unwrap();
    drop(vec);
    let [first, second, _] = ticks();
    assert_eq!(MmapSlice::<Tick>::open(&bench.path).unwrap(), [first, second, first]);
    let image = Image::read(&bench.path);
    assert_eq!(image.get(Live, "live_len"), 3);
    assert_eq!(image.0[Live.field("boot_id")], boot_id);
}
