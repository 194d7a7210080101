//! A plan as text.

use super::*;

fn tick(fields: impl IntoIterator<Item = (&'static str, Node)>) -> Node {
    structure("Tick", fields)
}

#[test]
fn what_changes_is_listed_field_by_field() {
    let pos = |x| structure("Pos", [("x", x)]);
    let file = tick([
        ("time", unsigned(8)),
        ("price", float(4)),
        ("qty", unsigned(4)),
        ("gone", unsigned(1)),
        ("legs", array(pos(unsigned(1)), 2)),
        ("pad", padding(1)),
        ("last", unsigned(4)),
    ]);
    let target = tick([
        ("time", unsigned(8)),
        ("price", float(8)),
        ("qty", unsigned(2)),
        ("legs", array(pos(signed(8)), 2)),
        ("new", text(6)),
        ("last", unsigned(4)),
    ]);
    let zeros = vec![0; target.size_bytes() as usize];
    let plan =
        plan_with((&file, ByteOrder::Big), (&target, ByteOrder::Little), Some(&zeros)).unwrap();
    assert_eq!(
        plan.to_string(),
        "lossy: something may be lost\
         \n  field `price`      convert   f32 → f64\
         \n  field `qty`        lossy     u32 → u16\
         \n  field `legs[].x`   convert   u8 → i64\
         \n  field `new`        convert   added: FixedStr<6> from the default\
         \n  field `gone`       lossy     removed: its values are lost\
         \n  byte order         convert   big → little\
         \n  field `last`       convert   @20 → @40"
    );
}

#[test]
fn kinds_of_changes() {
    #[track_caller]
    fn check(file: &Node, target: &Node, rows: &[&str]) {
        let text = plan(file, target).unwrap().to_string();
        let found: Vec<&str> = text.lines().skip(1).map(str::trim).collect();
        assert_eq!(found, rows);
    }
    check(&unsigned(4), &unsigned(4), &[]);
    check(
        &enums(&[("Buy", 0), ("Sell", 1), ("Gone", 2)]),
        &enums(&[("Buy", 0), ("Sell", 3), ("A", 4), ("B", 5)]),
        &[
            "element   convert   variant `Sell` 1 → 3",
            "element   lossy     variant `Gone` removed: a value that has it stops",
            "element   relabel   2 variants added",
        ],
    );
    check(
        &array(unsigned(1), 3),
        &array(unsigned(1), 2),
        &["element   lossy     [_; 3] → [_; 2]: the last items are lost"],
    );
    let padded = tick([("a", unsigned(1)), ("pad", padding(1))]);
    check(
        &padded,
        &structure("Trade", [("a", unsigned(1)), ("b", signed(1))]),
        &[
            "element     relabel   type Tick → Trade",
            "field `b`   relabel   added where the file has padding, which must be zero",
        ],
    );
}

#[test]
fn names_can_not_steer_a_terminal() {
    let file = tick([("a\u{1b}[2J", unsigned(2)), ("b", unsigned(1))]);
    let text = plan(&file, &tick([("b", unsigned(1))])).unwrap().to_string();
    assert!(text.contains("field `a\\u{1b}[2J`") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn operations_are_merged() {
    let fields = [
        ("a", unsigned(8)),
        ("b", float(8)),
        ("c", unsigned(4)),
        ("d", float(4)),
        ("e", unsigned(2)),
        ("f", array(unsigned(1), 3)),
        ("g", enums(&[("A", 0)])),
        ("h", array(structure("P", [("x", float(4)), ("y", float(4))]), 4)),
    ];
    let node = tick(fields);
    let there = plan_with((&node, ByteOrder::Little), (&node, ByteOrder::Big), None).unwrap();
    let operations = format!("{there:?}");
    let swaps: Vec<&str> = operations.lines().filter(|line| line.contains("Swap")).collect();
    let copies = operations.lines().filter(|line| line.contains("Copy"));
    assert_eq!(
        swaps,
        [
            "  @0 → @0 Swap { width: 8, count: 2 }",
            "  @16 → @16 Swap { width: 4, count: 2 }",
            "  @24 → @24 Swap { width: 2, count: 1 }",
            "  @30 → @30 Swap { width: 4, count: 8 }",
        ]
    );
    assert_eq!(copies.collect::<Vec<_>>(), ["  @26 → @26 Copy { bytes: 4 }"]);
}
