//! The grammar, rule by rule: one descriptor that breaks it, and the error that says so.

use super::*;
use crate::descriptor::{DescriptorError, DescriptorProblem as Problem};
use crate::layout::{self, Kind, Layout, MAX_DEPTH};
use crate::persist::Persist;

const SIDE: Layout = Layout {
    size: 2,
    kind: Kind::Enum {
        name: "Side",
        version: 300,
        signed: true,
        // Out of order, as a program may declare them.
        variants: &[
            layout::Variant { name: "None", aliases: &[], value: -1 },
            layout::Variant { name: "Buy", aliases: &[], value: 1 },
        ],
    },
};

const ORDER: Layout = Layout {
    size: 24,
    kind: Kind::Struct {
        name: "Order",
        version: 0,
        align: 8,
        packed: 0,
        args: &[layout::ConstArg { name: "N", value: u128::MAX }],
        fields: &[
            layout::Field { name: "price", aliases: &[], offset: 0, layout: f64::LAYOUT },
            layout::Field { name: "venue", aliases: &[], offset: 8, layout: <[u8; 4]>::LAYOUT },
            layout::Field {
                name: "text",
                aliases: &[],
                offset: 12,
                layout: crate::FixedStr::<4>::LAYOUT,
            },
            layout::Field { name: "side", aliases: &[], offset: 16, layout: &SIDE },
            layout::Field { name: "half", aliases: &[], offset: 18, layout: &HALF },
            layout::Field {
                name: "pad",
                aliases: &[],
                offset: 20,
                layout: crate::Pad::<4>::LAYOUT,
            },
            layout::Field { name: "unit", aliases: &[], offset: 24, layout: &UNIT },
        ],
    },
};

const HALF: Layout =
    Layout { size: 2, kind: Kind::Opaque { name: "f16", align: 2, any_bits: true } };

const UNIT: Layout = Layout { size: 0, kind: Kind::Phantom { name: "Metres" } };

/// Written out from `FORMAT.md`, so that the grammar can't drift in both directions at once.
const ORDER_BYTES: &[&[u8]] = &[
    b"\x03\x05Order\x00\x18",
    b"\x01\x01N\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x03",
    b"\x07\x05price\x00\x01\x02\x08\x00",
    b"\x05venue\x08\x02\x04\x01\x00\x01\x00",
    b"\x04text\x0c\x06\x04",
    b"\x04side\x10\x04\x04Side\xac\x02\x01\x02\x02\x03Buy\x01\x04None\xff\xff\x03",
    b"\x04half\x12\x08\x03f16\x02\x01",
    b"\x03pad\x14\x05\x04",
    b"\x04unit\x18\x07\x06Metres",
];

#[test]
fn a_layout_has_the_bytes_of_the_specification() {
    assert_eq!(ORDER.encode(), ORDER_BYTES.concat());
    let decoded = Descriptor::decode(&ORDER.encode()).unwrap();
    let side = Enum {
        signed: true,
        width_bytes: 2,
        version: 300,
        ..enumeration("Side", &[("Buy", 1), ("None", 0xffff)])
    };
    let fields = [
        ("price", float(8)),
        ("venue", array(unsigned(1), 4)),
        ("text", Node::FixedStr { size_bytes: 4 }),
        ("side", Node::Enum(side)),
        ("half", opaque("f16", 2, true)),
        ("pad", padding(4)),
        ("unit", phantom("Metres")),
    ];
    let args = vec![ConstArg { name: "N".into(), value: u128::MAX }];
    assert_eq!(decoded.root, Node::Struct(Struct { args, ..tiled("Order", fields) }));
}

#[test]
fn the_descriptor_of_a_type_is_that_of_its_layout() {
    let descriptor = Descriptor::of::<[f32; 3]>();
    assert_eq!(descriptor.as_bytes(), <[f32; 3]>::LAYOUT.encode());
    assert_eq!(descriptor.fingerprint(), <[f32; 3]>::FINGERPRINT);
    assert_eq!(descriptor.size_bytes(), 12);
    assert_eq!(descriptor.root, array(float(4), 3));
}

#[test]
fn names_are_those_of_the_layout() {
    for layout in
        [&ORDER, &SIDE, &HALF, &UNIT, u8::LAYOUT, <[u8; 1]>::LAYOUT, crate::Pad::<1>::LAYOUT]
    {
        assert_eq!(Descriptor::decode(&layout.encode()).unwrap().name(), layout.name());
    }
    assert_eq!(Descriptor::of::<crate::FixedStr<3>>().name(), "FixedStr");
}

#[track_caller]
fn check(bytes: &[u8], offset_bytes: usize, problem: Problem) {
    assert_eq!(Descriptor::decode(bytes), Err(DescriptorError { offset_bytes, problem }));
}

#[test]
fn every_part_may_be_missing() {
    let ends = |expected| Problem::Ends { expected };
    check(b"", 0, ends("the tag of a type"));
    check(b"\x01", 1, ends("the class of a primitive"));
    check(b"\x02", 1, ends("the length of an array"));
    check(b"\x02\x80", 2, ends("the length of an array"));
    check(b"\x03\x02S", 2, ends("a name"));
    check(b"\x05", 1, ends("a size"));
    check(b"\x08\x01o\x01", 4, ends("whether any bit pattern is a value"));
}

#[test]
fn nothing_may_follow() {
    check(b"\x05\x01\x00\x00", 2, Problem::TrailingBytes { found_bytes: 2 });
}

#[test]
fn tags_and_primitives_are_those_of_the_tables() {
    check(b"\x00", 0, Problem::UnknownTag { found: 0 });
    check(b"\x02\x01\x09", 2, Problem::UnknownTag { found: 9 });
    for (class, width_bytes, order) in [
        (10, 1, 0),
        (0, 3, 0),
        (0, 0, 0),
        (0, 8, 3),
        (0, 1, 1),
        (2, 2, 1),
        (3, 4, 0),
        (4, 4, 2),
        (5, 8, 1),
    ] {
        check(
            &[1, class, width_bytes, order],
            1,
            Problem::NoSuchPrimitive { class, width_bytes, order },
        );
    }
}

#[test]
fn numbers_are_in_shortest_form_and_fit() {
    check(b"\x05\x80\x00", 1, Problem::LongNumber);
    check(b"\x05\x81\x80\x00", 1, Problem::LongNumber);
    let with_version = |number: &[u8]| [b"\x03\x01S", number, b"\x00\x00\x00"].concat();
    let mut wide = vec![0xff; 9];
    wide.push(0x01);
    assert!(Descriptor::decode(&with_version(&wide)).is_ok(), "2^64 - 1 is a version");
    wide[9] = 0x02;
    check(&with_version(&wide), 3, Problem::LargeNumber { max_bits: 64 });
    check(&with_version(&[0x80; 200]), 3, Problem::LargeNumber { max_bits: 128 });
}

#[test]
fn const_arguments_have_128_bits() {
    let with_arg = |number: &[u8]| [b"\x03\x01S\x00\x00\x01\x01N", number, b"\x00"].concat();
    let mut wide = vec![0xff; 18];
    wide.push(0x03);
    assert!(Descriptor::decode(&with_arg(&wide)).is_ok(), "2^128 - 1 is a value");
    wide[18] = 0x04;
    check(&with_arg(&wide), 8, Problem::LargeNumber { max_bits: 128 });
    wide[18] = 0x83;
    check(&with_arg(&wide), 8, Problem::LargeNumber { max_bits: 128 });
}

#[test]
fn names_are_text() {
    check(b"\x07\x00", 1, Problem::EmptyName);
    check(b"\x07\x03ab\xff", 1, Problem::NotUtf8 { valid_bytes: 2 });
    check(
        b"\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01a",
        11,
        Problem::Ends { expected: "a name" },
    );
}

#[test]
fn flags_are_0_or_1() {
    check(b"\x08\x01o\x01\x02", 4, Problem::Flag { found: 2 });
    check(b"\x04\x01E\x00\xff\x01\x01\x01A\x00", 4, Problem::Flag { found: 255 });
}

/// A struct `S` of this size with these fields, each a name, an offset and a type.
fn raw_struct(size_bytes: u64, fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"\x03\x01S\x00".to_vec();
    number(&mut bytes, size_bytes.into());
    bytes.push(0);
    number(&mut bytes, fields.len() as u128);
    bytes.extend(fields.concat());
    bytes
}

#[test]
fn fields_tile_their_struct() {
    let a: &[u8] = b"\x01a\x00\x05\x04";
    assert!(Descriptor::decode(&raw_struct(8, &[a, b"\x01b\x04\x05\x04"])).is_ok());
    let offset = |found_bytes| Problem::FieldOffset { expected_bytes: 4, found_bytes };
    check(&raw_struct(8, &[a, b"\x01b\x03\x05\x05"]), 14, offset(3));
    check(&raw_struct(8, &[a, b"\x01b\x05\x05\x03"]), 14, offset(5));
    let size = |expected_bytes, found_bytes| Problem::StructSize { expected_bytes, found_bytes };
    check(&raw_struct(8, &[a]), 4, size(4, 8));
    check(&raw_struct(3, &[a]), 4, size(4, 3));
    check(&raw_struct(1, &[]), 4, size(0, 1));
}

#[test]
fn names_of_fields_and_variants_differ() {
    let twice = |name: &str| Problem::DuplicateName { name: name.into() };
    let fields: [&[u8]; 3] = [b"\x01a\x00\x05\x04", b"\x01b\x04\x05\x04", b"\x01a\x08\x05\x04"];
    check(&raw_struct(12, &fields), 17, twice("a"));
    check(b"\x04\x01E\x00\x00\x01\x02\x01A\x00\x01A\x01", 10, twice("A"));
}

#[test]
fn enums_have_a_width_and_variants() {
    check(b"\x04\x01E\x00\x00\x03\x01\x01A\x00", 5, Problem::EnumWidth { found_bytes: 3 });
    check(b"\x04\x01E\x00\x00\x10\x01\x01A\x00", 5, Problem::EnumWidth { found_bytes: 16 });
    check(b"\x04\x01E\x00\x00\x01\x00", 6, Problem::NoVariants);
}

#[test]
fn tags_ascend_and_fit() {
    let order = |previous, found| Problem::TagOrder { previous, found };
    check(b"\x04\x01E\x00\x00\x01\x02\x01A\x05\x01B\x04", 12, order(5, 4));
    check(b"\x04\x01E\x00\x00\x01\x02\x01A\x05\x01B\x05", 12, order(5, 5));
    let large = Problem::LargeTag { width_bytes: 1, found: 256 };
    check(b"\x04\x01E\x00\x00\x01\x01\x01A\x80\x02", 9, large);
    assert!(Descriptor::decode(b"\x04\x01E\x00\x00\x01\x01\x01A\xff\x01").is_ok());
}

/// `levels` arrays of one item each, around a byte.
fn nested(levels: usize) -> Vec<u8> {
    [[tag::ARRAY, 1].repeat(levels), b"\x01\x00\x01\x00".to_vec()].concat()
}

#[test]
fn types_nest_64_deep_and_no_deeper() {
    let too_deep = Problem::TooDeep { max_depth: MAX_DEPTH };
    assert!(Descriptor::decode(&nested(MAX_DEPTH - 1)).is_ok());
    check(&nested(MAX_DEPTH), 2 * MAX_DEPTH, too_deep.clone());
    check(&nested(500_000), 2 * MAX_DEPTH, too_deep.clone());
    let structs = b"\x03\x01S\x00\x00\x00\x01\x01f\x00".repeat(100_000);
    check(&structs, 10 * MAX_DEPTH, too_deep);
}

#[test]
fn sizes_stay_below_2_to_the_63() {
    let largest = array(padding(1), i64::MAX as u64);
    assert_eq!(descriptor(&largest).size_bytes(), i64::MAX as u64);
    let half = encode(&array(unsigned(1), 1 << 62));
    check(&[b"\x02\x02", &*half].concat(), 1, Problem::TooLarge);
    check(&[b"\x02\x04", &*half].concat(), 1, Problem::TooLarge);
    check(
        &[b"\x02\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", &*half].concat(),
        1,
        Problem::TooLarge,
    );
    let field: &[u8] = &[b"\x01a\x00", &*half].concat();
    let second = [&b"\x01b\x80\x80\x80\x80\x80\x80\x80\x80\x40"[..], &half].concat();
    check(&raw_struct(0, &[field, &second]), 7 + field.len(), Problem::TooLarge);
    check(b"\x05\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 1, Problem::TooLarge);
}

#[test]
fn counts_are_not_trusted_with_memory() {
    let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    let name = Problem::Ends { expected: "the length of a name" };
    check(&[b"\x03\x01S\x00\x00", &most[..]].concat(), 15, name.clone());
    check(&[b"\x03\x01S\x00\x00\x00", &most[..]].concat(), 16, name.clone());
    check(&[b"\x04\x01E\x00\x00\x01", &most[..]].concat(), 16, name);
}

#[test]
fn an_array_of_nothing_may_be_long() {
    let nothing =
        [b"\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", &encode(&phantom("P"))[..]].concat();
    let descriptor = Descriptor::decode(&nothing).unwrap();
    assert_eq!(descriptor.size_bytes(), 0);
    assert_eq!(descriptor.fault(&[], ByteOrder::NATIVE), None);
}

/// Time out of proportion to the input would make this test take minutes.
#[test]
#[cfg_attr(miri, ignore = "large")]
fn a_megabyte_of_fields_is_decoded_and_compared() {
    let fields = |last| {
        (0..100_000).map(move |i| (format!("{i}"), unsigned(if i == 99_999 { last } else { 1 })))
    };
    let file = descriptor(&Node::Struct(tiled("S", fields(1))));
    let program = descriptor(&Node::Struct(tiled("S", fields(2))));
    assert!(file.as_bytes().len() > 1 << 20);
    assert_eq!(file.differences(&program).len(), 2, "one field, and the size");
}

#[test]
fn the_byte_order_matters_to_what_has_more_than_one_byte() {
    let explicit = |order| Node::Primitive(Primitive { class: Class::Float, width: 8, order });
    let wide = Node::Enum(Enum { width_bytes: 2, ..enumeration("E", &[("A", 0)]) });
    let free = [
        unsigned(1),
        primitive(Class::Bool, 1),
        explicit(Order::Little),
        explicit(Order::Big),
        Node::Enum(enumeration("E", &[("A", 0)])),
        padding(8),
        Node::FixedStr { size_bytes: 8 },
        phantom("u64"),
    ];
    let bound = [unsigned(2), primitive(Class::Char, 4), float(8), wide, opaque("o", 1, true)];
    let within = |node| structure("S", [("a", unsigned(1)), ("b", array(node, 2))]);
    for node in free {
        assert!(!descriptor(&node).depends_on_byte_order(), "{node:?}");
        assert!(!descriptor(&within(node)).depends_on_byte_order());
    }
    for node in bound {
        assert!(descriptor(&node).depends_on_byte_order(), "{node:?}");
        assert!(descriptor(&within(node)).depends_on_byte_order());
    }
}
