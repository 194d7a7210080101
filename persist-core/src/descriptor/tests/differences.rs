//! The table that a layout mismatch shows.

use super::*;
use crate::descriptor::{Difference, Differences};

fn table(file: &Node, program: &Node) -> String {
    Differences(&descriptor(file).differences(&descriptor(program))).to_string()
}

/// The rows without the spaces that align them.
#[track_caller]
fn check(file: &Node, program: &Node, rows: &[&str]) {
    let differences = descriptor(file).differences(&descriptor(program));
    let found: Vec<String> = differences.iter().map(Difference::to_string).collect();
    assert_eq!(found, rows);
}

fn tick(fields: impl IntoIterator<Item = (&'static str, Node)>) -> Node {
    structure("Tick", fields)
}

#[test]
fn the_table_of_the_issue() {
    let file = tick([("time", unsigned(8)), ("price", float(4)), ("_pad0", padding(12))]);
    let program = tick([
        ("time", unsigned(8)),
        ("price", float(8)),
        ("venue", array(unsigned(1), 4)),
        ("_pad1", padding(12)),
    ]);
    let expected = [
        "  field `price`   file: f32 @8    program: f64 @8",
        "  field `venue`   only in program ([u8; 4] @16)",
        "  size            file: 24 bytes  program: 32 bytes",
        "  field `_pad0`   only in file (Pad<12> @12)",
        "  field `_pad1`   only in program (Pad<12> @20)",
    ];
    assert_eq!(table(&file, &program), expected.join("\n"));
}

#[test]
fn padding_comes_last_unless_it_became_something() {
    let with = |a, b| tick([("a", a), ("b", b)]);
    check(
        &with(padding(2), padding(1)),
        &with(padding(1), unsigned(1)),
        &[
            "field `b`   file: Pad<1> @2  program: u8 @1",
            "size   file: 3 bytes  program: 2 bytes",
            "field `a`   file: Pad<2> @0  program: Pad<1> @0",
        ],
    );
}

#[test]
fn elements_that_are_not_structs() {
    check(&unsigned(8), &float(8), &["element   file: u64  program: f64"]);
    check(
        &array(float(4), 3),
        &array(float(4), 4),
        &[
            "element   file: [f32; 3]  program: [f32; 4]",
            "size   file: 12 bytes  program: 16 bytes",
        ],
    );
    let tick = tick([("a", unsigned(8))]);
    check(&tick, &unsigned(8), &["element   file: Tick  program: u64"]);
    check(
        &opaque("f16", 1, true),
        &unsigned(1),
        &["element   file: f16 (opaque, 1 byte)  program: u8"],
    );
    check(
        &phantom("Metres"),
        &phantom("Feet"),
        &["element   file: PhantomData<Metres>  program: PhantomData<Feet>"],
    );
    check(
        &structure("A", [("a", unsigned(8))]),
        &structure("B", [("b", unsigned(8))]),
        &["element   file: A  program: B"],
    );
}

#[test]
fn types_that_look_alike() {
    let side = Node::Enum(enumeration("Side", &[("Buy", 0)]));
    let same_name = structure("Side", [("a", unsigned(1))]);
    check(&side, &same_name, &["element   file: enum Side  program: struct Side"]);
    check(
        &tick([("s", array(side, 2))]),
        &tick([("s", array(same_name, 2))]),
        &["field `s`   file: [enum Side; 2] @0  program: [struct Side; 2] @0"],
    );
    let disguised = structure("u64", [("a", unsigned(8))]);
    check(&unsigned(8), &disguised, &["element   file: u64  program: struct u64"]);
    check(
        &opaque("K", 1, true),
        &opaque("K", 1, false),
        &["element   file: K (opaque, 1 byte)  program: K (opaque, 1 byte, checked)"],
    );
    let little =
        Node::Primitive(Primitive { class: Class::Unsigned, width: 4, order: Order::Little });
    check(&unsigned(4), &little, &["element   file: u32  program: U32<LE>"]);
}

#[test]
fn what_a_struct_has_besides_fields() {
    let Node::Struct(file) = tick([("a", unsigned(8))]) else { unreachable!() };
    let arg = |name: &str, value| ConstArg { name: name.into(), value };
    let args = |args| Node::Struct(Struct { args, ..file.clone() });
    check(
        &Node::Struct(file.clone()),
        &Node::Struct(Struct { version: 2, name: "Trade".into(), ..file.clone() }),
        &["type   file: Tick  program: Trade", "version   file: 0  program: 2"],
    );
    check(
        &args(vec![arg("N", 3), arg("M", 1)]),
        &args(vec![arg("N", u128::MAX)]),
        &[
            "const argument 1   file: N = 3  program: N = -1",
            "const argument 2   only in file (M = 1)",
        ],
    );
}

#[test]
fn nested_structs() {
    let pos = |name, x: Node| structure(name, [("x", x), ("y", float(4))]);
    let file = tick([("id", unsigned(4)), ("pos", pos("Pos", float(4)))]);
    let program = tick([("id", unsigned(4)), ("pos", pos("Point", float(8)))]);
    check(
        &file,
        &program,
        &[
            "type of `pos`   file: Pos  program: Point",
            "field `pos.x`   file: f32 @4  program: f64 @4",
            "size   file: 12 bytes  program: 16 bytes",
            "field `pos.y`   file: f32 @8  program: f32 @12",
        ],
    );
    let legs = |y| {
        let leg = Node::Struct(Struct {
            version: y,
            ..tiled("Leg", [("y", unsigned(2)), ("x", unsigned(y as u8))])
        });
        tick([("id", unsigned(4)), ("legs", array(array(leg, 3), 2))])
    };
    check(
        &legs(1),
        &legs(2),
        &[
            "version of `legs[][]`   file: 1  program: 2",
            "field `legs[][].x`   file: u8 @6  program: u16 @6",
            "size   file: 22 bytes  program: 28 bytes",
        ],
    );
}

#[test]
fn fields_that_moved_come_last_and_without_their_parts() {
    let inner = structure("Inner", [("x", unsigned(4)), ("y", unsigned(4))]);
    let file = tick([("inner", inner.clone()), ("a", unsigned(4)), ("gone", unsigned(4))]);
    let program = tick([("new", unsigned(4)), ("inner", inner), ("a", unsigned(4))]);
    check(
        &file,
        &program,
        &[
            "field `gone`   only in file (u32 @12)",
            "field `new`   only in program (u32 @0)",
            "field `inner`   file: Inner @0  program: Inner @4",
            "field `a`   file: u32 @8  program: u32 @12",
        ],
    );
}

/// `outer` moves up as `x` moves down within it: `x` stays at byte 8 of the element.
#[test]
fn a_field_that_stays_where_it_was_has_no_row() {
    let (a, x) = (("a", unsigned(8)), ("x", unsigned(8)));
    let file = tick([("outer", structure("O", [a.clone(), x.clone()])), ("id", unsigned(8))]);
    let program = tick([("id", unsigned(8)), ("outer", structure("O", [x, a]))]);
    check(
        &file,
        &program,
        &[
            "field `outer.a`   file: u64 @0  program: u64 @16",
            "field `outer`   file: O @0  program: O @8",
            "field `id`   file: u64 @16  program: u64 @0",
        ],
    );
}

#[test]
fn fields_without_bytes_that_change_places() {
    let (a, b) = (("a", phantom("P")), ("b", phantom("P")));
    let file = tick([("x", structure("X", [a.clone(), b.clone(), ("c", unsigned(1))]))]);
    let program = tick([("x", structure("X", [b, a, ("c", unsigned(1))]))]);
    check(&file, &program, &["order of fields of `x`   file: `a` first  program: `b` first"]);
}

#[test]
fn enums() {
    let file = enumeration("Side", &[("Buy", 0), ("Sell", 1), ("Gone", 2)]);
    let variants = [("Buy", 0), ("New", 1), ("Sell", 0xffff)]
        .map(|(name, tag)| Variant { name: name.into(), tag });
    let program = Enum {
        name: "Direction".into(),
        version: 1,
        signed: true,
        width_bytes: 2,
        variants: variants.into(),
    };
    let rows = [
        "type of `s`   file: Side  program: Direction",
        "version of `s`   file: 0  program: 1",
        "repr of `s`   file: u8  program: i16",
        "variant `Sell` of `s`   file: 1  program: -1",
        "variant `Gone` of `s`   only in file (2)",
        "variant `New` of `s`   only in program (1)",
        "size   file: 1 byte  program: 2 bytes",
    ];
    check(&tick([("s", Node::Enum(file.clone()))]), &tick([("s", Node::Enum(program))]), &rows);
    let signed = Enum { signed: true, ..file.clone() };
    check(&Node::Enum(file.clone()), &Node::Enum(signed), &["repr   file: u8  program: i8"]);
    let renamed = enumeration("Colour", &[("Red", 0)]);
    check(
        &tick([("s", Node::Enum(file))]),
        &tick([("s", Node::Enum(renamed))]),
        &["field `s`   file: Side @0  program: Colour @0"],
    );
}

#[test]
fn names_can_not_steer_a_terminal() {
    let file = tick([("a", unsigned(8))]);
    let program = tick([("\u{1b}[2Ja\n", unsigned(8))]);
    assert_eq!(
        table(&file, &program),
        "  field `a`              only in file (u64 @0)\n  field `\\u{1b}[2Ja\\n`   only in program (u64 @0)"
    );
}

#[test]
fn long_cells_are_cut_in_the_middle() {
    let long = |count| Node::Struct(tiled("S", [("x".repeat(count), unsigned(1))]));
    let table = |count| table(&structure("S", []), &long(count));
    let cut =
        format!("  field `{}…{}`   only in program (u8 @0)\n", "x".repeat(25), "x".repeat(30));
    assert!(table(57).starts_with(&cut), "{}", table(57));
    assert!(!table(56).contains('…'), "{}", table(56));
}

#[test]
fn the_rows_past_24_are_counted() {
    let all =
        |count: usize| Node::Struct(tiled("S", (0..count).map(|i| (format!("f{i}"), unsigned(1)))));
    let whole = table(&structure("S", []), &all(23));
    assert_eq!(whole.lines().count(), 24);
    assert!(whole.ends_with("program: 23 bytes"), "{whole}");
    let cut = table(&structure("S", []), &all(26));
    assert_eq!(cut.lines().count(), 25);
    assert!(cut.ends_with("(u8 @23)\n  … and 3 more"), "{cut}");
}

/// 60 names of 8 KiB around 50,000 fields: paths of 480 KiB each, 24 GiB in all.
#[test]
#[cfg_attr(miri, ignore = "large")]
fn hostile_names_fill_no_memory() {
    let nested = |width| {
        let fields = (0..50_000).map(|i| (format!("{i}"), unsigned(width)));
        let leaf = Node::Struct(tiled("S", fields));
        (0..60).fold(leaf, |node, _| Node::Struct(tiled("S", [("n".repeat(8 << 10), node)])))
    };
    let differences = descriptor(&nested(1)).differences(&descriptor(&nested(2)));
    let bytes: usize = differences.iter().map(|row| row.subject.len()).sum();
    assert!(!differences.is_empty() && bytes < 2 << 20, "{bytes} bytes");
}
