//! What stops a conversion, in the words of its error.

use super::*;
use crate::evolve::MisfitKind::{self, DoesNotFit, NotAValue};

/// The last of so many elements is at fault; those before it are this one.
#[track_caller]
fn check(file: &Node, target: &Node, good: &[u8], bad: &[u8], kind: MisfitKind, expected: &str) {
    for count in [1, 2, 700, 10_000] {
        let mut from = good.repeat(count - 1);
        from.extend(bad);
        let plan = plan(file, target).unwrap();
        let misfit = run(&plan, &from, count * target.size_bytes() as usize).unwrap_err();
        assert_eq!(misfit.to_string(), format!("element {}{expected}", count - 1));
        assert_eq!((misfit.kind, misfit.index), (kind, count - 1));
    }
}

#[test]
fn values_that_do_not_fit() {
    check(
        &unsigned(2),
        &unsigned(1),
        &[1, 0],
        &[0, 1],
        DoesNotFit,
        ": expected 0 to 255, found 256",
    );
    let least = i16::MIN.to_le_bytes();
    check(
        &signed(2),
        &signed(1),
        &[0, 0],
        &least,
        DoesNotFit,
        ": expected -128 to 127, found -32768",
    );
    let expected = ": expected an integer, 0 to 255, found 1.5";
    check(&float(4), &unsigned(1), &[0; 4], &1.5_f32.to_le_bytes(), DoesNotFit, expected);
    let expected = ": expected a number that is finite as f16, found 100000";
    check(&float(4), &float(2), &[0; 4], &1e5_f32.to_le_bytes(), DoesNotFit, expected);
    let sides = enums(&[("Buy", 0), ("Sell", 1), ("Gone", 2)]);
    let fewer = enums(&[("Buy", 0), ("Sell", 1)]);
    check(
        &sides,
        &fewer,
        &[1],
        &[2],
        DoesNotFit,
        ": expected a variant that still exists, found `Gone`",
    );
    let expected = ": expected text of at most 2 bytes, found \"abc\" of 3 bytes";
    check(&text(4), &text(2), b"ab\0\0", b"abc\0", DoesNotFit, expected);
    let option = primitive(Class::OptionNonZeroUnsigned, 2);
    let nonzero = primitive(Class::NonZeroUnsigned, 2);
    let expected = ": expected 0 to 65535 and not 0, found None";
    check(&option, &nonzero, &[1, 0], &[0, 0], DoesNotFit, expected);
}

#[test]
fn values_that_are_none() {
    let bool = primitive(Class::Bool, 1);
    for target in [&bool, &unsigned(1), &unsigned(4)] {
        check(&bool, target, &[1], &[2], NotAValue, ": expected 0 or 1, found 2");
    }
    let char = primitive(Class::Char, 4);
    let expected = ": expected a Unicode scalar value, found 0xd800";
    for target in [&char, &unsigned(4), &unsigned(8), &unsigned(2)] {
        check(&char, target, &[0; 4], &[0, 0xd8, 0, 0], NotAValue, expected);
    }
    let side = enums(&[("Buy", 0), ("Sell", 1)]);
    let wide =
        Node::Enum(Enum { width_bytes: 4, ..enumeration("Side", &[("Buy", 0), ("Sell", 1)]) });
    for target in [&side, &wide, &enums(&[("Buy", 0)])] {
        check(&side, target, &[0], &[7], NotAValue, ": expected 0 (Buy) or 1 (Sell), found 7");
    }
    let expected = ": expected UTF-8, then NULs to the end, found bytes 61 00 62 00";
    for target in [&text(4), &text(9), &text(2)] {
        check(&text(4), target, b"a\0\0\0", b"a\0b\0", NotAValue, expected);
    }
    let nonzero = primitive(Class::NonZeroSigned, 2);
    for target in [&nonzero, &signed(2), &signed(4)] {
        check(
            &nonzero,
            target,
            &[1, 0],
            &[0, 0],
            NotAValue,
            ": expected a number other than 0, found 0",
        );
    }
}

#[test]
fn the_place_is_named() {
    let leg = |qty| structure("Leg", [("live", primitive(Class::Bool, 1)), ("qty", qty)]);
    let order =
        |qty| structure("Order", [("id", unsigned(8)), ("legs", array(array(leg(qty), 3), 2))]);
    let (file, target) = (order(unsigned(2)), order(unsigned(1)));
    let mut bad = [0; 8 + 6 * 3];
    bad[8 + 4 * 3 + 2] = 1;
    let expected = ", field `legs[1][1].qty`: expected 0 to 255, found 256";
    check(&file, &target, &[0; 26], &bad, DoesNotFit, expected);
    // The first field of an element, and of the fields of a type the first item.
    bad[8 + 3 * 5] = 3;
    bad[8 + 3] = 2;
    let expected = ", field `legs[0][1].live`: expected 0 or 1, found 2";
    check(&file, &target, &[0; 26], &bad, NotAValue, expected);
}

#[test]
fn padding_that_becomes_a_field() {
    let file = structure("Tick", [("a", unsigned(1)), ("pad", padding(3))]);
    let target = structure("Tick", [("a", unsigned(1)), ("b", unsigned(2)), ("pad", padding(1))]);
    let expected = ": expected zeros in the padding that becomes `b`, found bytes 00 05";
    check(&file, &target, &[1, 0, 0, 9], &[1, 0, 5, 0], DoesNotFit, expected);
    let plan = plan(&file, &target).unwrap();
    assert_eq!(plan.relation(), Relation::Relabel);
    assert_eq!(run(&plan, &[7, 0, 0, 9], 4).unwrap(), [7, 0, 0, 0], "padding is written as zeros");
}

/// The file's order is what its values are shown in.
#[test]
fn foreign_values_are_read_in_their_order() {
    let side = |width_bytes| Node::Enum(Enum { width_bytes, ..enumeration("S", &[("A", 1)]) });
    let plan = |file: &Node, target: &Node| {
        plan_with((file, ByteOrder::Big), (target, ByteOrder::Little), None).unwrap()
    };
    let stop = |plan: Plan, from: &[u8], bytes| run(&plan, from, bytes).unwrap_err().to_string();
    let found = stop(plan(&side(2), &side(2)), &[1, 0], 2);
    assert_eq!(found, "element 0: expected 1 (A), found 256");
    let found = stop(plan(&unsigned(2), &unsigned(1)), &[2, 1], 1);
    assert_eq!(found, "element 0: expected 0 to 255, found 513");
    assert_eq!(run(&plan(&side(2), &side(4)), &[0, 1], 4).unwrap(), [1, 0, 0, 0]);
    assert_eq!(run(&plan(&unsigned(16), &unsigned(16)), &[7; 16], 16).unwrap(), [7; 16]);
}

#[test]
#[should_panic = "whole elements"]
fn elements_must_be_whole() {
    let _ = run(&plan(&unsigned(4), &unsigned(4)).unwrap(), &[0; 6], 8);
}

#[test]
#[should_panic = "as many for the target"]
fn the_target_must_have_room_for_all() {
    let _ = run(&plan(&unsigned(4), &unsigned(4)).unwrap(), &[0; 8], 4);
}
