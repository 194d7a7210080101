//! A descriptor as text, and its errors.

use super::*;
use crate::descriptor::DescriptorError;

#[test]
fn a_type_reads_like_its_source() {
    let side =
        Enum { version: 3, signed: true, ..enumeration("Side", &[("Buy", 0), ("None", 0xff)]) };
    let leg = structure("Leg", [("side", Node::Enum(side)), ("live", primitive(Class::Bool, 1))]);
    let fields = [("time", unsigned(8)), ("legs", array(leg, 3)), ("unit", phantom("Metres"))];
    let args = vec![
        ConstArg { name: "N".into(), value: 3 },
        ConstArg { name: "M".into(), value: u128::MAX },
    ];
    let tick = Node::Struct(Struct { version: 2, args, ..tiled("Tick", fields) });
    let expected = "\
struct Tick<N = 3, M = -1> version 2 (14 bytes) {
    time: u64 @0,
    legs: [struct Leg (2 bytes) {
        side: enum Side version 3 (i8) { Buy = 0, None = -1 } @8,
        live: bool @9,
    }; 3] @8,
    unit: PhantomData<Metres> @14,
}";
    assert_eq!(descriptor(&tick).to_string(), expected);
}

#[test]
fn debug_is_short() {
    let text = format!("{:?}", Descriptor::of::<[u8; 4]>());
    assert!(
        text.starts_with(
            "Descriptor { name: \"array\", size_bytes: 4, fingerprint: Fingerprint(0x"
        ),
        "{text}"
    );
}

#[test]
fn errors_say_where_what_was_expected_and_found() {
    let error: DescriptorError = Descriptor::decode(b"\x02\x01\x09").unwrap_err();
    let expected = "descriptor at byte 2: expected the tag of a type, 1 to 8, found 9";
    assert_eq!(error.to_string(), expected);
    let twice =
        Descriptor::decode(b"\x04\x01E\x00\x00\x01\x02\x01\x1b\x00\x01\x1b\x01").unwrap_err();
    assert_eq!(twice.problem.to_string(), "expected names that differ, found `\\u{1b}` twice");
}
