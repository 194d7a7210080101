//! Which field is blamed for an element that is not a value, and in which words.

use super::*;

/// The fault as an error prints it.
fn fault_text(node: &Node, element: &[u8]) -> Option<String> {
    let fault = descriptor(node).fault(element, ByteOrder::NATIVE)?;
    Some(format!("{}: expected {}, found {}", fault.field, fault.expected, fault.found))
}

#[track_caller]
fn check(node: &Node, element: &[u8], expected: &str) {
    assert_eq!(fault_text(node, element).as_deref(), Some(expected));
}

#[track_caller]
fn check_value(node: &Node, element: &[u8]) {
    assert_eq!(fault_text(node, element), None);
}

fn side() -> Enum {
    enumeration("Side", &[("Buy", 0), ("Sell", 1)])
}

#[test]
fn scalars() {
    let boolean = primitive(Class::Bool, 1);
    check_value(&boolean, &[0]);
    check_value(&boolean, &[1]);
    check(&boolean, &[7], ": expected 0 or 1, found 7");

    let character = primitive(Class::Char, 4);
    check_value(&character, &0xd7ff_u32.to_ne_bytes());
    check_value(&character, &0x10_ffff_u32.to_ne_bytes());
    check(&character, &0xd800_u32.to_ne_bytes(), ": expected a Unicode scalar value, found 0xd800");
    check(
        &character,
        &0x11_0000_u32.to_ne_bytes(),
        ": expected a Unicode scalar value, found 0x110000",
    );

    for class in [Class::NonZeroSigned, Class::NonZeroUnsigned] {
        check_value(&primitive(class, 8), &(1_u64 << 40).to_ne_bytes());
        check(&primitive(class, 16), &[0; 16], ": expected a number other than 0, found 0");
    }
    for node in [unsigned(16), primitive(Class::OptionNonZeroSigned, 16), padding(16)] {
        check_value(&node, &[0; 16]);
        check_value(&node, &[255; 16]);
    }
}

#[test]
fn enums() {
    let narrow = Node::Enum(side());
    check_value(&narrow, &[1]);
    check(&narrow, &[7], ": expected 0 (Buy) or 1 (Sell), found 7");

    let one = Node::Enum(enumeration("One", &[("Only", 3)]));
    check(&one, &[0], ": expected 3 (Only), found 0");

    let wide = Enum {
        signed: true,
        width_bytes: 2,
        ..enumeration("Wide", &[("A", 0), ("B", 5), ("C", 0xffff)])
    };
    let wide = Node::Enum(wide);
    check_value(&wide, &(-1_i16).to_ne_bytes());
    check(&wide, &(-2_i16).to_ne_bytes(), ": expected 0 (A), 5 (B) or -1 (C), found -2");
    check(&wide, &256_i16.to_ne_bytes(), ": expected 0 (A), 5 (B) or -1 (C), found 256");

    let names: Vec<String> = (0..9).map(|i| format!("V{i}")).collect();
    let variants: Vec<(&str, u64)> = names.iter().map(|name| &**name).zip(0..).collect();
    let eight = Node::Enum(enumeration("Eight", &variants[..8]));
    check(
        &eight,
        &[9],
        ": expected 0 (V0), 1 (V1), 2 (V2), 3 (V3), 4 (V4), 5 (V5), 6 (V6) or 7 (V7), found 9",
    );
    let nine = Node::Enum(enumeration("Nine", &variants));
    check(&nine, &[9], ": expected one of 9 tags of `Nine`, found 9");
}

#[test]
fn eight_byte_tags_are_compared_whole() {
    let wide = Enum { width_bytes: 8, ..enumeration("Wide", &[("A", 1), ("Z", u64::MAX)]) };
    let wide = Node::Enum(wide);
    check_value(&wide, &u64::MAX.to_ne_bytes());
    check(
        &wide,
        &(u64::MAX - 1).to_ne_bytes(),
        ": expected 1 (A) or 18446744073709551615 (Z), found 18446744073709551614",
    );
}

#[test]
fn texts() {
    let text = |size_bytes| Node::FixedStr { size_bytes };
    check_value(&text(4), b"JFK\0");
    check_value(&text(4), "é\0\0".as_bytes());
    check(&text(4), b"J\0K\0", ": expected UTF-8, then NULs to the end, found bytes 4a 00 4b 00");
    let cut = format!(": expected UTF-8, then NULs to the end, found bytes{} …", " ff".repeat(32));
    check(&text(33), &[0xff; 33], &cut);
    let whole = format!(": expected UTF-8, then NULs to the end, found bytes{}", " ff".repeat(32));
    check(&text(32), &[0xff; 32], &whole);
}

#[test]
fn paths() {
    let leg = structure("Leg", [("price", unsigned(4)), ("side", Node::Enum(side()))]);
    let order = structure(
        "Order",
        [
            ("id", unsigned(8)),
            ("legs", array(leg.clone(), 4)),
            ("flags", array(primitive(Class::Bool, 1), 2)),
        ],
    );
    let mut element = [0; 8 + 4 * 5 + 2];
    check_value(&order, &element);
    element[8 + 3 * 5 + 4] = 9;
    check(&order, &element, "legs[3].side: expected 0 (Buy) or 1 (Sell), found 9");
    element[8 + 5 + 4] = 8;
    element[29] = 2;
    check(&order, &element, "legs[1].side: expected 0 (Buy) or 1 (Sell), found 8");
    element[..29].fill(0);
    check(&order, &element, "flags[1]: expected 0 or 1, found 2");

    let grid = array(array(primitive(Class::Bool, 1), 2), 2);
    check(&grid, &[0, 0, 0, 5], "[1][1]: expected 0 or 1, found 5");
    check(&array(leg, 1), &[0, 0, 0, 0, 5], "[0].side: expected 0 (Buy) or 1 (Sell), found 5");
    let pair =
        structure("Pair", [("inner", structure("Inner", [("live", primitive(Class::Bool, 1))]))]);
    check(&pair, &[3], "inner.live: expected 0 or 1, found 3");
}

#[test]
fn foreign_types_are_blamed_last() {
    let order = structure(
        "Order",
        [
            ("half", opaque("f16", 1, true)),
            ("kind", opaque("Kind", 2, false)),
            ("other", opaque("Other", 1, false)),
            ("live", primitive(Class::Bool, 1)),
        ],
    );
    check(&order, &[0xff, 0x0a, 0xff, 0xff, 2], "live: expected 0 or 1, found 2");
    check(
        &order,
        &[0xff, 0x0a, 0xff, 0xff, 1],
        "kind: expected a value of `Kind`, found bytes 0a ff",
    );
    check_value(&structure("S", [("half", opaque("f16", 1, true))]), &[0xff]);
    check(
        &array(opaque("Nil", 0, false), u64::MAX),
        &[],
        "[0]: expected a value of `Nil`, found no bytes",
    );
}

#[test]
#[cfg_attr(miri, ignore = "large")]
fn elements_may_be_large() {
    let mut element = vec![1; 1 << 20];
    *element.last_mut().unwrap() = 2;
    check(
        &array(primitive(Class::Bool, 1), 1 << 20),
        &element,
        "[1048575]: expected 0 or 1, found 2",
    );
}

#[test]
#[should_panic = "an element has the size of its type"]
fn the_element_must_be_whole() {
    descriptor(&unsigned(8)).fault(&[0; 7], ByteOrder::NATIVE);
}
