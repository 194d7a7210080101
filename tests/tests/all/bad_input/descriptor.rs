//! Descriptors that describe nothing, or not the elements that the preamble tells of.

use persist_core::Region;

use super::{DATA_BYTES, MODES, Refusal, Tick, check_refused, data_offset, image_of, ticks};
use crate::support::{self, DESCRIPTOR_OFFSET, Image, Preamble};

#[test]
fn a_preamble_that_no_longer_agrees_with_the_descriptor() {
    for mode in MODES {
        check_elements_of_another_size(image_of(mode, &ticks()), image_of::<Tick>(mode, &[]));
    }
}

fn check_elements_of_another_size(image: Image, empty: Image) {
    let corrupt = Refusal::Corrupt(Region::Descriptor, DESCRIPTOR_OFFSET);
    let smaller = image.clone().with(Preamble, "element_bytes", 16).sealed();
    let texts = ["expected elements of 16 bytes, found 24"];
    check_refused::<Tick>("smaller elements", &smaller, corrupt.clone(), &texts);
    let bytewise = image.clone().with(Preamble, "element_align_bytes", 1);
    let bytewise = bytewise.with(Preamble, "element_bytes", 1).sealed();
    let texts = ["expected elements of 1 bytes, found 24"];
    check_refused::<Tick>("elements of a byte", &bytewise, corrupt.clone(), &texts);
    let huge = empty.with(Preamble, "element_bytes", 1 << 40).sealed();
    check_refused::<Tick>("no elements, but huge", &huge, corrupt, &["1099511627776", "found 24"]);

    let header_bytes = data_offset(&image) as u64;
    let huge = image.with(Preamble, "element_bytes", 1 << 40).sealed();
    let expected_bytes = 3 * (1 << 40) + header_bytes;
    let found_bytes = header_bytes + DATA_BYTES as u64;
    let truncated = Refusal::Truncated { expected_bytes, found_bytes };
    check_refused::<Tick>("huge elements", &huge, truncated, &[]);
}

#[test]
fn the_descriptor_is_a_hostile_input() {
    for mode in MODES {
        check_hostile_descriptors(&image_of(mode, &ticks()));
    }
}

fn check_hostile_descriptors(image: &Image) {
    let corrupt = |at| Refusal::Corrupt(Region::Descriptor, DESCRIPTOR_OFFSET + at);
    for (descriptor, at, text) in [
        (&b""[..], 0, "descriptor at byte 16384: expected the tag of a type, found the end"),
        (b"\x09", 0, "expected the tag of a type, 1 to 8, found 9"),
        (b"\x01\x00\x03\x00", 1, "expected a primitive of the format, found class 0, width 3"),
        (b"\x01\x00\x08\x00\x00", 4, "expected the end, found 1 more bytes"),
        (b"\x02\x83\x00\x01\x00\x08\x00", 1, "expected a number in its shortest form"),
        (b"\x03\x01T\x00\x18\x00\x01\x01a\x04\x01\x00\x08\x00", 9, "the field at offset 0"),
        (b"\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01\x00\x08\x00", 1, "2^63 - 1"),
        (b"\x07\x02\xff\xff", 1, "expected a name in UTF-8"),
        (b"\x04\x01E\x00\x00\x01\x02\x01a\x00\x01b\x00", 12, "expected a tag above 0, found 0"),
        (b"\x04\x01E\x00\x00\x01\x02\x01a\x00\x01a\x01", 10, "names that differ, found `a` twice"),
        (&b"\x02\x01".repeat(70), 128, "nest at most 64 deep"),
    ] {
        let bent = image.clone().with_descriptor(descriptor);
        let texts = [text, "is corrupt: descriptor at byte 16", "from a copy"];
        check_refused::<Tick>(&format!("{descriptor:x?}"), &bent, corrupt(at), &texts);
    }

    let checksum = image.clone().flipped(DESCRIPTOR_OFFSET + 9, 1);
    check_refused::<Tick>("checksum", &checksum, corrupt(0), &["expected checksum 0x"]);
    let fingerprint = image.clone().flipped(Preamble.field("fingerprint").start, 1);
    let checksum = support::checksum(&fingerprint, Preamble);
    let fingerprint = fingerprint.with(Preamble, "checksum", checksum);
    check_refused::<Tick>("fingerprint", &fingerprint, corrupt(0), &["expected fingerprint 0x"]);
}
