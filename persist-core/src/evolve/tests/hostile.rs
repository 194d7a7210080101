//! Types that no program has: whatever they claim, plans are made in bounded time and memory.

use super::*;
use crate::evolve::Problem;

fn operations(plan: &Plan) -> usize {
    format!("{plan:?}").lines().count() - 1
}

fn swapped(node: &Node) -> Plan {
    plan_with((node, ByteOrder::Little), (node, ByteOrder::Big), None).unwrap()
}

/// An array of so many doublings of four bytes is nearly the largest element that an address space has.
const DOUBLINGS: u32 = usize::BITS - 4;

#[test]
fn arrays_are_loops() {
    assert_eq!(operations(&swapped(&array(unsigned(1), 1 << DOUBLINGS))), 1);
    assert_eq!(operations(&swapped(&array(unsigned(4), 1 << DOUBLINGS))), 1);
    let leg = structure("Leg", [("a", unsigned(4)), ("b", unsigned(2))]);
    let half = DOUBLINGS / 2;
    assert_eq!(operations(&swapped(&array(array(leg, 1 << half), 1 << (half - 1)))), 2);
    let nested = (0..DOUBLINGS + 2).fold(primitive(Class::Bool, 1), |node, _| array(node, 2));
    assert_eq!(operations(&swapped(&nested)), 2);
    let longer = plan_with(
        (&array(unsigned(1), 3), ByteOrder::Little),
        (&array(unsigned(1), isize::MAX as u64), ByteOrder::Little),
        None,
    );
    assert!(matches!(longer.unwrap_err().reasons[0].problem, Problem::NoDefault { .. }));
}

#[test]
fn items_without_bytes() {
    let many = |node| structure("S", [("a", unsigned(1)), ("many", array(node, u64::MAX))]);
    let empty = || structure("Empty", [("p", phantom("P")), ("none", array(unsigned(8), 0))]);
    let file = many(array(empty(), u64::MAX));
    let plan = plan(&file, &many(array(phantom("P"), 9))).map_err(|error| error.to_string());
    assert_eq!(
        plan.unwrap_err(),
        "incompatible: no rule converts it\n  field `many[][]`: Empty can't become PhantomData<P>"
    );
    assert_eq!(swapped(&file).relation(), Relation::Identical);
}

#[test]
fn elements_that_are_too_large_or_have_no_bytes() {
    let problem = |file: &Node, target: &Node| {
        let (file, target) = ((file, ByteOrder::Little), (target, ByteOrder::Little));
        plan_with(file, target, None).unwrap_err().reasons.swap_remove(0).problem
    };
    assert_eq!(problem(&array(unsigned(1), 0), &unsigned(1)), Problem::NoBytes);
    assert_eq!(problem(&unsigned(1), &phantom("P")), Problem::NoBytes);
    #[cfg(target_pointer_width = "32")]
    assert_eq!(problem(&array(unsigned(1), 1 << 31), &unsigned(1)), Problem::TooLarge);
}

/// A field for each of 50,000 names, in arrays 40 deep (8 on a 32-bit machine): neither operations nor paths multiply.
#[test]
#[cfg_attr(miri, ignore = "large")]
fn wide_and_deep() {
    let of = |width: u8| {
        let fields = (0..50_000).map(|i| (format!("{i}"), unsigned(width)));
        let leaf = Node::Struct(tiled("S", fields));
        (0..usize::BITS - 24).fold(leaf, |node, _| array(node, 2))
    };
    let narrower = plan_with((&of(2), ByteOrder::Little), (&of(1), ByteOrder::Big), None).unwrap();
    assert_eq!(operations(&narrower), 50_000);
    assert!(narrower.to_string().lines().count() < 30);
    assert_eq!(operations(&swapped(&of(2))), 1);
}

/// 60 names of 8 KiB around 50,000 fields: paths of 480 KiB each, 24 GiB in all.
#[test]
#[cfg_attr(miri, ignore = "large")]
fn hostile_names_fill_no_memory() {
    let nested = |node: Node| {
        let fields = (0..50_000).map(|i| (format!("{i}"), node.clone()));
        let leaf = Node::Struct(tiled("S", fields));
        (0..60).fold(leaf, |node, _| Node::Struct(tiled("S", [("n".repeat(8 << 10), node)])))
    };
    let wide = plan_with(
        (&nested(unsigned(2)), ByteOrder::Little),
        (&nested(unsigned(1)), ByteOrder::Little),
        None,
    );
    assert!(wide.unwrap().to_string().len() < 16 << 20);
    let refused = plan_with(
        (&nested(unsigned(2)), ByteOrder::Little),
        (&nested(text(1)), ByteOrder::Little),
        None,
    );
    let bytes: usize = refused.unwrap_err().reasons.iter().map(|reason| reason.field.len()).sum();
    assert!(bytes < 2 << 20, "{bytes} bytes");
}

/// The last of a million items is found by halves, not one by one.
#[test]
#[cfg_attr(miri, ignore = "large")]
fn large_elements() {
    let flags = array(array(primitive(Class::Bool, 1), 1 << 10), 1 << 12);
    let plan = plan(&flags, &flags).unwrap();
    let mut from = vec![1; 1 << 22];
    assert_eq!(run(&plan, &from, from.len()).unwrap(), from);
    *from.last_mut().unwrap() = 2;
    let misfit = run(&plan, &from, from.len()).unwrap_err();
    assert_eq!(misfit.to_string(), "element 0, field `[4095][1023]`: expected 0 or 1, found 2");
}
