//! What bytes are read as, in either byte order, and what a view shows of a tree.

use super::*;
use crate::descriptor::{Kind, TypeRef, Value};

/// The value of bytes that are given most significant first.
#[track_caller]
fn check(node: &Node, big_endian: &[u8], expected: Value<'_>) {
    let descriptor = descriptor(node);
    let little_endian: Vec<u8> = big_endian.iter().rev().copied().collect();
    assert_eq!(descriptor.root().value(big_endian, ByteOrder::Big), Ok(expected));
    assert_eq!(descriptor.root().value(&little_endian, ByteOrder::Little), Ok(expected));
}

#[test]
fn numbers_are_read_in_the_order_of_the_file() {
    check(&unsigned(1), &[0xfe], Value::Unsigned(0xfe));
    check(&unsigned(4), &[1, 2, 3, 4], Value::Unsigned(0x0102_0304));
    check(&unsigned(16), &[0xff; 16], Value::Unsigned(u128::MAX));
    check(&primitive(Class::Signed, 2), &[0xff, 0xfe], Value::Signed(-2));
    check(
        &primitive(Class::Signed, 16),
        &[0x80; 16],
        Value::Signed(i128::from_be_bytes([0x80; 16])),
    );
    check(&primitive(Class::NonZeroSigned, 1), &[0x80], Value::Signed(-128));
    check(&primitive(Class::NonZeroUnsigned, 2), &[1, 0], Value::Unsigned(256));
    check(&primitive(Class::OptionNonZeroUnsigned, 8), &[0; 8], Value::None);
    check(&primitive(Class::OptionNonZeroSigned, 2), &[0xff, 0xff], Value::Signed(-1));
    check(&primitive(Class::Bool, 1), &[1], Value::Bool(true));
    check(&primitive(Class::Char, 4), &[0, 0, 0x20, 0xac], Value::Char('€'));
    check(&float(4), &1.5_f32.to_be_bytes(), Value::F32(1.5));
    check(&float(8), &(-0.1_f64).to_be_bytes(), Value::F64(-0.1));
}

#[test]
fn narrow_floats_are_exact() {
    /// The least half: 2^-24.
    const STEP: f32 = 1.0 / 16_777_216.0;
    let halves = [
        (0x0000, 0.0),
        (0x0001, STEP),
        (0x03ff, 1023.0 * STEP),
        (0x0400, 1024.0 * STEP),
        (0x3555, 0.333_251_95),
        (0xc000, -2.0),
        (0x7bff, 65504.0),
        (0x7c00, f32::INFINITY),
        (0xfc00, f32::NEG_INFINITY),
    ];
    for (bits, expected) in halves {
        check(&float(2), &u16::to_be_bytes(bits), Value::F32(expected));
    }
    let brains = [(0x3f80, 1.0), (0xc040, -3.0), (0x0001, f32::from_bits(0x1_0000))];
    for (bits, expected) in brains {
        check(&primitive(Class::BFloat, 2), &u16::to_be_bytes(bits), Value::F32(expected));
    }
    let nan = descriptor(&float(2));
    let Ok(Value::F32(nan)) = nan.root().value(&[0x7e, 0], ByteOrder::Big) else {
        panic!("a float")
    };
    assert!(nan.is_nan());
}

#[test]
fn a_primitive_with_an_order_of_its_own_keeps_it() {
    for (order, expected) in [(Order::Little, 0x0201), (Order::Big, 0x0102)] {
        let node = Node::Primitive(Primitive { class: Class::Unsigned, width: 2, order });
        for file in [ByteOrder::Little, ByteOrder::Big] {
            let value = descriptor(&node).root().value(&[1, 2], file).map(|it| format!("{it:?}"));
            assert_eq!(value, Ok(format!("{:?}", Value::Unsigned(expected))));
        }
    }
}

#[test]
fn names_and_texts() {
    let mut trend = enumeration("Trend", &[("Flat", 0), ("Up", 300), ("Down", 0xfffe)]);
    (trend.signed, trend.width_bytes) = (true, 2);
    check(&Node::Enum(trend.clone()), &[0xff, 0xfe], Value::Variant("Down"));
    let trend = descriptor(&Node::Enum(trend));
    let refused = trend.root().value(&[0xff, 0xff], ByteOrder::Big).unwrap_err();
    assert_eq!(refused.to_string(), "expected 0 (Flat), 300 (Up) or -2 (Down), found -1");

    let text = descriptor(&Node::FixedStr { size_bytes: 3 });
    assert_eq!(text.root().value(b"ab\0", ByteOrder::Big), Ok(Value::Text("ab")));
    assert!(text.root().value(b"a\0b", ByteOrder::Big).is_err());
}

#[test]
fn what_has_parts_or_no_meaning_is_bytes() {
    for node in [array(unsigned(1), 2), padding(2), opaque("Rgb", 2, false)] {
        let descriptor = descriptor(&node);
        assert_eq!(descriptor.root().value(&[7, 9], ByteOrder::Big), Ok(Value::Bytes(&[7, 9])));
    }
    let nothing = descriptor(&array(phantom("Unit"), u64::MAX));
    assert_eq!(nothing.root().value(&[], ByteOrder::Little), Ok(Value::Bytes(&[])));
}

/// The tree that a view shows, as a node.
fn rebuilt(of: TypeRef<'_>) -> Node {
    let name = || of.name().into();
    match of.kind() {
        Kind::Primitive { class, order } => Node::Primitive(Primitive {
            class,
            width: of.size_bytes() as u8,
            order: match order {
                None => Order::Native,
                Some(ByteOrder::Little) => Order::Little,
                Some(ByteOrder::Big) => Order::Big,
            },
        }),
        Kind::Array { item, len } => array(rebuilt(item), len),
        Kind::Struct { version, args, fields } => Node::Struct(Struct {
            version,
            args: args.map(|arg| ConstArg { name: arg.name.into(), value: arg.bits }).collect(),
            ..tiled(of.name(), fields.map(|field| (field.name, rebuilt(field.ty))))
        }),
        Kind::Enum { version, signed, variants } => {
            let width_bytes = of.size_bytes() as u8;
            let mask = u64::MAX >> (64 - 8 * of.size_bytes());
            let variant = |it: crate::descriptor::Variant<'_>| Variant {
                name: it.name.into(),
                tag: it.discriminant as u64 & mask,
            };
            let variants = variants.map(variant).collect();
            Node::Enum(Enum { name: name(), version, signed, width_bytes, variants })
        }
        Kind::Padding => padding(of.size_bytes()),
        Kind::FixedStr => Node::FixedStr { size_bytes: of.size_bytes() },
        Kind::Phantom => phantom(of.name()),
        Kind::Opaque { any_bits } => opaque(of.name(), of.size_bytes(), any_bits),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_view_shows_all_of_a_type(root in any_node()) {
        prop_assert_eq!(rebuilt(descriptor(&root).root()), root);
    }

    #[test]
    fn a_value_is_what_no_fault_is_found_in(root in any_node(), bytes in vec(any::<u8>(), 1..64)) {
        let descriptor = descriptor(&root);
        let element: Vec<u8> = bytes.into_iter().cycle().take(root.size_bytes() as usize).collect();
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let value = descriptor.root().value(&element, order);
            if descriptor.fault(&element, order).is_none() {
                prop_assert!(value.is_ok(), "{}", descriptor);
            }
        }
    }
}
