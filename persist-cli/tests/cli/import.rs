//! `persist import`.

use std::num::NonZero;

use persist_core::{
    AnyFile, AnySlice, AnyWriter, ByteOrder, FixedStr, MmapSlice, MmapVec, Mode, Pad, Persist,
};

use crate::bench::Bench;

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(i16)]
enum Side {
    Buy = -1,
    Sell = 300,
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Leg {
    size: u16,
    side: Side,
}

/// One of each.
#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Everything {
    wide: u128,
    signed: i128,
    price: f64,
    ratio: f32,
    letter: char,
    id: NonZero<u32>,
    next: Option<NonZero<i32>>,
    legs: [[Leg; 2]; 2],
    live: bool,
    name: FixedStr<15>,
    _pad9: Pad<8>,
}

fn everything() -> [Everything; 2] {
    let leg = |size, side| Leg { size, side };
    let first = Everything {
        wide: u128::MAX,
        signed: i128::MIN,
        price: 0.1,
        ratio: f32::MIN_POSITIVE,
        letter: '"',
        id: NonZero::<u32>::MIN,
        next: None,
        legs: [
            [leg(1, Side::Buy), leg(2, Side::Sell)],
            [leg(u16::MAX, Side::Buy), leg(4, Side::Buy)],
        ],
        live: true,
        name: FixedStr::new("a, \"b\"\nc").unwrap(),
        _pad9: Pad::new(),
    };
    let second = Everything {
        signed: -1,
        price: f64::NEG_INFINITY,
        ratio: -0.0,
        letter: '😀',
        next: NonZero::new(i32::MIN),
        live: false,
        name: FixedStr::new("").unwrap(),
        ..first
    };
    [first, second]
}

/// What was dumped is read back as the same bytes, in either byte order.
#[test]
fn a_dump_is_read_back() {
    let bench = Bench::new();
    let options = MmapVec::options().app_magic(*b"EVERYTH\0").mode(Mode::Shared);
    let mut vec = options.create(bench.path("a.pv")).unwrap();
    vec.extend_from_slice(&everything()).unwrap();
    vec.close().unwrap();
    let csv = bench.run(&["dump", "--csv", "a.pv"]).ends(0).out;
    bench.write("a.csv", &csv);
    let ran = bench.run(&["import", "a.csv", "--like", "a.pv", "-o", "b.pv"]).ends(0);
    assert_eq!(ran.prints(&[]).out, "b.pv: 2 elements written\n");
    let read = MmapSlice::<Everything>::open(bench.path("b.pv")).unwrap();
    assert_eq!(read, everything());
    assert_eq!((read.info().app_magic, read.info().mode), (*b"EVERYTH\0", Mode::Shared));
    assert_eq!(read[1].ratio.to_bits(), (-0.0_f32).to_bits());

    let other = match ByteOrder::NATIVE {
        ByteOrder::Little => ByteOrder::Big,
        ByteOrder::Big => ByteOrder::Little,
    };
    let file = AnyFile::of::<Everything>().byte_order(other);
    AnyWriter::create(bench.path("other.pv"), &file).unwrap().finish().unwrap();
    bench.run_with(&["import", "-", "--like", "other.pv", "-o", "c.pv"], &csv).ends(0);
    assert_eq!(AnySlice::open(bench.path("c.pv")).unwrap().info().byte_order, other);
    assert_eq!(bench.run(&["dump", "--csv", "c.pv"]).ends(0).out, csv);
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Point {
    x: i8,
    _pad0: Pad<1>,
    y: u16,
}

/// The padding is the one that the derive demands, under the name that it proposes.
#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Tick {
    live: bool,
    _pad0: Pad<3>,
    ratio: f32,
    time: i64,
    points: [Point; 3],
    next: Option<NonZero<u16>>,
    name: FixedStr<3>,
    _pad5: Pad<7>,
}

#[test]
fn a_schema_is_the_type_that_the_derive_makes() {
    let bench = Bench::new();
    let header = "time,live,ratio,name,points[0].x,points[0].y,points[1].x,points[1].y,points[2].x,points[2].y,next";
    bench.write(
        "a.csv",
        format!("{header}\n-5,true,0.5,abc,-1,2,3,4,5,65535,\n6,false,inf,é,0,0,0,0,0,0,7\n"),
    );
    let schema = "Tick { live: bool, ratio: f32, time: i64, points: [Point { x: i8, y: u16 }; 3], next: Option<NonZero<u16>>, name: str<3>, }";
    bench.run(&["import", "a.csv", "--schema", schema, "-o", "a.pv"]).ends(0).prints(&[]);
    let ticks = MmapSlice::<Tick>::open(bench.path("a.pv")).unwrap();
    assert_eq!((ticks[0].time, ticks[0].ratio, ticks[0].live), (-5, 0.5, true));
    assert_eq!((ticks[0].points[2].y, ticks[0].name.as_str(), ticks[0].next), (65535, "abc", None));
    assert_eq!(
        (ticks[1].ratio, ticks[1].name.as_str(), ticks[1].next),
        (f32::INFINITY, "é", NonZero::new(7))
    );
    drop(ticks);
    bench
        .run(&["inspect", "--rust", "a.pv"])
        .ends(0)
        .prints(&["pub struct Tick", "pub _pad5: Pad<7>"]);
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(i16)]
enum Level {
    Low = -300,
    Zero = 0,
    One = 1,
    High = 300,
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(u64)]
enum Wide {
    Least,
    Most = u64::MAX,
}

/// As `inspect --rust` prints it, but for what isn't its layout.
#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Order {
    level: Level,
    name: FixedStr<4>,
    _gap: Pad<2>,
    #[persist(rename = "unit price")]
    price: f64,
    wide: Wide,
}

#[test]
fn enums_and_names_with_spaces_and_padding_in_a_schema() {
    let bench = Bench::new();
    bench.write(
        "a.csv",
        "level,\"name\", unit price ,wide\nHigh,abcd,0.5,Most\nLow,,1,Least\nOne,é,2,Least\n",
    );
    let schema = "Order { level: enum Level: i16 { High = 300, Low = -300, Zero = 0, One, }, \
        name: FixedStr<4>, _gap: Pad<2>, \"unit price\": f64, wide: enum Wide: u64 { Least, Most = 18446744073709551615 } }";
    let ran = bench.run(&["import", "a.csv", "--schema", schema, "-o", "a.pv", "--json"]).ends(0);
    let report: serde_json::Value = serde_json::from_str(&ran.prints(&[]).out).unwrap();
    assert_eq!((&report["elements"], &report["output"]), (&3.into(), &"a.pv".into()));
    let orders = MmapSlice::<Order>::open(bench.path("a.pv")).unwrap();
    assert_eq!(
        orders.iter().map(|it| it.level).collect::<Vec<_>>(),
        [Level::High, Level::Low, Level::One]
    );
    assert_eq!(
        (orders[0].name.as_str(), orders[0].price, orders[0].wide),
        ("abcd", 0.5, Wide::Most)
    );
}

/// What stands in a cell, and what is expected of it.
#[test]
fn cells_that_are_no_values() {
    let bench = Bench::new();
    for (ty, text, expected) in [
        ("u8", "256", "a number from 0 to 255, found \"256\""),
        ("u8", "-1", "a number from 0 to 255"),
        ("u8", "", "a number from 0 to 255, found \"\""),
        ("i16", "32768", "a number from -32768 to 32767"),
        ("i128", "x", "a number from -170141183460469231731687303715884105728 to"),
        ("f32", "1e39", "a number that f32 has"),
        ("f64", "1,5", "found record with 3 fields"),
        ("f64", "1.5.", "a number that f64 has"),
        ("bool", "yes", "true or false"),
        ("char", "ab", "one character"),
        ("NonZero<u16>", "0", "a number from 1 to 65535, found \"0\""),
        ("NonZero<i8>", "0", "a number from -128 to 127 other than 0, found \"0\""),
        ("Option<NonZero<u8>>", "0", "a number from 1 to 255, or nothing for none, found \"0\""),
        ("Option<NonZero<u8>>", "256", "a number from 1 to 255, or nothing for none"),
        ("Option<NonZero<i8>>", "0", "from -128 to 127 other than 0, or nothing for none"),
        ("str<3>", "abcd", "at most 3 bytes of text"),
        ("str<3>", "éé", "at most 3 bytes of text"),
    ] {
        let schema = format!("a: {ty}, b: u8");
        let first = if ty.starts_with("str") || ty == "char" || ty == "bool" { "1" } else { "2" };
        bench.write("a.csv", format!("a,b\n{first},1\n{text},2\n"));
        let ran = bench.run(&["import", "a.csv", "--schema", &schema, "-o", "a.pv"]).ends(2);
        let ran = ran.complains(&[expected]);
        if !expected.contains("record") {
            ran.complains(&["line 3, column `a`: expected"]);
        }
        assert!(!bench.path("a.pv").exists(), "{ty} {text}");
        assert_eq!(bench.names(), ["a.csv"], "something was left behind");
    }
}

#[test]
fn the_line_of_names() {
    let bench = Bench::new();
    let schema = ["--schema", "a: u8, b: u8", "-o", "a.pv"];
    let run = |csv: &str| {
        bench.write("a.csv", csv);
        bench.run(&[&["import", "a.csv"][..], &schema].concat())
    };
    run("a,c\n1,2\n").ends(2).complains(&["line 1: expected a column `b`, found \"a\", \"c\""]);
    run("a,b,a\n1,2,3\n").ends(2).complains(&["expected one column `a`, found several"]);
    run("a,b, a\n1,2,3\n").ends(0).complains(&["left out: \" a\""]);
    std::fs::remove_file(bench.path("a.pv")).unwrap();
    run(" a,b, a\n1,2,3\n").ends(2).complains(&["expected one column `a`, found several"]);
    run("").ends(2).complains(&["expected a column `a`, found none"]);
    run("x, b ,\" a\"\n1,2,3\n").ends(0).complains(&["left out: \"x\""]);
    bench.run(&["dump", "--csv", "a.pv"]).prints(&["a,b\n3,2\n"]);
    // Nothing is replaced.
    run("a,b\n8,9\n").ends(2).complains(&["`a.pv` already exists"]);
    bench.run(&["dump", "--csv", "a.pv"]).prints(&["a,b\n3,2\n"]);
}

#[test]
fn schemas_that_are_none() {
    let bench = Bench::new();
    bench.write("a.csv", "a\n1\n");
    let deep = format!("a: {}u8{}", "[".repeat(20_000), "; 1]".repeat(20_000));
    for (schema, expected) in [
        ("", "expected a type that has bytes"),
        ("a", "expected `:`, found the end"),
        ("a: u7", "expected a type such as u32"),
        ("a: usize", "found `usize`"),
        ("a: é8", "found `é8`"),
        ("a: u8 b: u8", "expected `,`, found `b: u8`"),
        ("T { a: u8 b: u8 }", "expected `,`, found `b: u8 }`"),
        ("T { a: u8 } b: u8", "expected the end, found `b: u8`"),
        ("a: u8, a: u8", "by: expected names that differ, found `a` twice\n"),
        ("\"a\": u8, b: u7", "error: schema `\"a\": u8, b: u7`\n"),
        ("a: [u8]", "expected `;`, found `]`"),
        ("a: [u8; -1]", "expected a number, found `-1]`"),
        ("a: [u8; 99999999999999999999]", "expected a number"),
        ("a: [u64; 9223372036854775808]", "expected a smaller array"),
        (
            "a: [[u8; 9223372036854775807]; 1], b: [u8; 9223372036854775807], c: [u8; 9]",
            "smaller type",
        ),
        ("a: [u8; 4000000000000]", "elements of 4000000000000 bytes can't be imported"),
        ("a: str<1", "expected `>`, found the end"),
        ("a: FixedStr<1", "expected `>`, found the end"),
        ("\"a: u8", "expected `\"`, found the end"),
        ("a: enum E { A = 0 }", "expected `:`, found `{ A = 0 }`"),
        ("a: enum E: f32 { A = 0 }", "as what an enum is stored as, found `f32`"),
        ("a: enum E: u128 { A = 0 }", "at most 64 bits"),
        ("a: enum E: u8 { A = 256 }", "variant `A`"),
        ("a: enum E: u8 { A = 256 }", "expected 0 to 255, found 256"),
        ("a: enum E: i8 { A = 127, B }", "expected -128 to 127, found 128"),
        ("a: enum E: u64 { A = 99999999999999999999 }", "expected a number"),
        ("a: enum E: u8 { A, B = 0 }", "variant `B`"),
        ("a: enum E: u8 { A, B = 0 }", "expected a number that no other variant has, found 0"),
        ("a: enum E: u8 { A, A }", "by: expected names that differ, found `A` twice\n"),
        ("a: enum E: u8 { }", "expected at least one variant"),
        ("a: enum E: u8 { A B }", "expected `,`, found `B }`"),
        ("a: \"\u{1b}\"", "found `\\u{1b}`"),
        ("a: NonZero<f32>", "expected an integer such as `u32`"),
        ("a: Option<u8>", "expected `NonZero` in an `Option`, found `u8`"),
        ("T { a: u8", "expected `}`, found the end"),
        ("a: T { b: }", "expected a name, found `}`"),
        (&deep, "nest at most 64 deep"),
    ] {
        let ran = bench.run(&["import", "a.csv", "--schema", schema, "-o", "a.pv"]).ends(2);
        ran.complains(&[expected]);
        assert_eq!(bench.names(), ["a.csv"]);
    }
    bench.run(&["import", "a.csv", "-o", "a.pv"]).ends(2).complains(&["--like", "--schema"]);
}

#[test]
fn what_stands_between_fields() {
    let bench = Bench::new();
    let schema = ["--schema", "a: u8, b: bool", "-o", "a.pv"];
    for (sign, name, hint) in [(";", ";", "';'"), ("\t", "tab", "tab"), ("\t", "\t", "tab")] {
        bench.write("a.csv", format!("a{sign}b\n1{sign}0\n"));
        let found = format!("expected a column `a`, found \"a{}b\"", sign.escape_debug());
        let hint = format!(": is it --delimiter {hint}?\n");
        let run = |more: &[&str]| bench.run(&[&["import", "a.csv"], &schema[..], more].concat());
        run(&[]).ends(2).complains(&[&found, &hint]);
        run(&["--delimiter", name]).ends(0);
        bench.run(&["dump", "a.pv"]).prints(&["{\"a\":1,\"b\":false}\n"]);
        std::fs::remove_file(bench.path("a.pv")).unwrap();
    }
    let run = |name: &str| {
        bench.run(&[&["import", "a.csv", "--delimiter", name][..], &schema].concat()).ends(2)
    };
    for name in ["", "ab", "é", "\"", "\n"] {
        run(name).complains(&["expected one character of ASCII"]);
    }
    bench.write("a.csv", "a,b\n1,0\n");
    run(";").complains(&["is it --delimiter ','?"]);
    bench.write("a.csv", "a b\n1 0\n");
    assert!(!run(",").err.contains("--delimiter"));
}
