//! `persist dump`.

use persist_core::{FixedStr, Persist};

use crate::support::*;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Leg {
    side: Side,
    qty: u8,
}

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Odd {
    wide: u128,
    float: f64,
    narrow: f32,
    letter: char,
    text: FixedStr<12>,
    legs: [Leg; 2],
}

fn odd(float: f64, text: &str) -> Odd {
    let legs = [Leg { side: Side::Buy, qty: 1 }, Leg { side: Side::Sell, qty: 2 }];
    let text = FixedStr::new(text).unwrap();
    Odd { wide: u128::MAX, float, narrow: 0.1, letter: '"', text, legs }
}

#[test]
fn a_row_for_each_element_in_each_format() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(2));
    assert_eq!(
        stdout_of(0, args!["dump", path]),
        "{\"time\":0,\"price\":100.0,\"qty\":0,\"side\":\"Sell\",\"live\":true}\n\
         {\"time\":1,\"price\":100.25,\"qty\":1,\"side\":\"Buy\",\"live\":false}\n"
    );
    assert_eq!(
        stdout_of(0, args!["dump", path, "--csv"]),
        "time,price,qty,side,live\n0,100.0,0,Sell,true\n1,100.25,1,Buy,false\n"
    );
    assert_eq!(
        stdout_of(0, args!["dump", path, "--table"]),
        "#  time   price  qty  side  live\n\
         0     0   100.0    0  Sell  true\n\
         1     1  100.25    1  Buy   false\n"
    );
}

#[test]
fn parts_of_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(100));
    let check = |options: &str, expected: &[u64]| {
        let mut args = vec!["dump", path.to_str().unwrap(), "--csv", "--fields", "time"];
        args.extend(options.split_whitespace());
        let output = run(&args);
        let text = String::from_utf8(output.stdout).unwrap();
        let times: Vec<u64> = text.lines().skip(1).map(|line| line.parse().unwrap()).collect();
        assert_eq!(times, expected, "{options}");
    };
    check("--head 3", &[0, 1, 2]);
    check("--tail 2", &[98, 99]);
    check("--range 5..8", &[5, 6, 7]);
    check("--range 97..", &[97, 98, 99]);
    check("--range ..2", &[0, 1]);
    check("--range 10..20 --head 1", &[10]);
    check("--range 10..20 --tail 1", &[19]);
    check("--range 99..1000", &[99]);
    check("--range 1000..", &[]);
    check("--head 0", &[]);
    let note_on = |range: &str| {
        let output = run(args!["dump", path, "--csv", "--range", range]);
        assert_eq!(output.status.code(), Some(0), "{range}");
        let note = String::from_utf8(output.stderr).unwrap();
        assert!(note.is_empty() || note.ends_with("ticks.pv` has 100 elements\n"), "{note}");
        !note.is_empty()
    };
    for (range, expected) in [
        ("99..1000", true),
        ("1000..", true),
        ("100..", true),
        ("100..101", true),
        ("99..", false),
        ("0..100", false),
        ("100..100", false),
        ("..", false),
    ] {
        assert_eq!(note_on(range), expected, "{range}");
    }
    for range in ["-5..", "..-5", "-1..2"] {
        let error = stderr_of(2, args!["dump", path, "--range", range]);
        assert!(error.contains("counted from the first one on, found `-"), "{range}: {error}");
    }
    for range in ["8..5", "5", "a..b", "-1..2"] {
        let arg = format!("--range={range}");
        assert!(stderr_of(2, args!["dump", path, arg]).contains("--range"), "{range}");
    }
}

#[test]
fn numbers_are_exact_and_texts_harmless() {
    let directory = tempfile::tempdir().unwrap();
    let elements = [odd(0.1, "a,\"b\"\n"), odd(f64::NAN, "\u{1b}[31m\u{9b}"), odd(-5e-324, "")];
    let path = file_of(directory.path(), "odd.pv", &elements);
    let legs =
        "\"legs[0].side\":\"Buy\",\"legs[0].qty\":1,\"legs[1].side\":\"Sell\",\"legs[1].qty\":2";
    let row = |float: &str, text: &str| {
        format!(
            "{{\"wide\":340282366920938463463374607431768211455,\"float\":{float},\"narrow\":0.1,\
             \"letter\":\"\\\"\",\"text\":\"{text}\",{legs}}}\n"
        )
    };
    assert_eq!(
        stdout_of(0, args!["dump", path]),
        row("0.1", "a,\\\"b\\\"\\n") + &row("\"NaN\"", "\\u001b[31m\\u009b") + &row("-5e-324", "")
    );
    assert_eq!(
        stdout_of(0, args!["dump", path, "--csv", "--fields", "text,float"]),
        "text,float\n\"a,\"\"b\"\"\n\",0.1\n\u{1b}[31m\u{9b},NaN\n,-5e-324\n"
    );
    let table = stdout_of(0, args!["dump", path, "--table"]);
    assert!(!table.contains(['\u{1b}', '\u{9b}']), "{table:?}");
    assert!(table.contains("\\u{1b}[31m\\u{9b}"), "{table}");
}

#[test]
fn every_float_is_read_back_as_itself() {
    let directory = tempfile::tempdir().unwrap();
    let mut seed = fastrand::Rng::with_seed(4);
    let bits: Vec<u64> = (0..20_000).map(|_| seed.u64(..)).collect();
    let floats: Vec<f64> = bits.iter().copied().map(f64::from_bits).collect();
    let path = file_of(directory.path(), "floats.pv", &floats);
    let text = stdout_of(0, args!["dump", path, "--csv"]);
    for (line, float) in text.lines().skip(1).zip(&floats) {
        let read: f64 = line.parse().unwrap();
        assert!(read.to_bits() == float.to_bits() || read.is_nan() && float.is_nan(), "{line}");
    }
}

#[test]
fn fields_are_chosen_by_their_paths() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "odd.pv", &[odd(1.0, "x")]);
    let columns = |fields: &str| {
        let text = stdout_of(0, args!["dump", path, "--csv", "--fields", fields]);
        text.lines().next().unwrap().to_owned()
    };
    assert_eq!(columns("legs[1],wide"), "legs[1].side,legs[1].qty,wide");
    assert_eq!(columns(" wide, legs[0].qty ,text"), "wide,legs[0].qty,text");
    for (fields, hint) in [
        ("leg", "there is no field `leg`: an element has wide, float, narrow, letter, text, legs"),
        ("legs[2]", "legs has items [0] to [1]"),
        ("legs[0].prise", "legs[0] has side, qty"),
        ("wide.x", "wide is one u128"),
        ("", "there is no field ``: an element has wide"),
        ("wide,,text", "there is no field ``"),
        ("wide,text,wide", "the field `wide` was chosen twice"),
        ("legs[0].qty,legs", "the field `legs[0].qty` was chosen twice"),
    ] {
        let stderr = stderr_of(2, args!["dump", path, "--fields", fields]);
        assert!(stderr.contains(hint), "{fields}: {stderr}");
    }
}

#[test]
fn elements_without_fields_have_one_column() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "numbers.pv", &[-1_i64, i64::MAX]);
    assert_eq!(stdout_of(0, args!["dump", path, "--csv"]), "value\n-1\n9223372036854775807\n");
    let none = [None, std::num::NonZero::new(3_u8)];
    let path = file_of(directory.path(), "options.pv", &none);
    assert_eq!(stdout_of(0, args!["dump", path, "--csv"]), "value\n\"\"\n3\n");
    assert_eq!(stdout_of(0, args!["dump", path]), "{\"value\":null}\n{\"value\":3}\n");
}

#[test]
fn what_is_no_value_is_shown_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(3));
    // The side of element 1, and whether element 2 is live.
    overwrite(&path, 24 + 20, &[7]);
    overwrite(&path, 48 + 21, &[2]);
    let output = run(args!["dump", path, "--fields", "side,live"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "{\"side\":\"Sell\",\"live\":true}\n\
         {\"side\":{\"invalid\":\"07\"},\"live\":false}\n\
         {\"side\":\"Buy\",\"live\":{\"invalid\":\"02\"}}\n"
    );
    let stderr = String::from_utf8_lossy(&output.stderr);
    let expected = "bytes that are not a value of their type: 2 times, first in element 1, `side`: expected 0 (Buy) or 1 (Sell), found 7";
    assert!(stderr.contains(expected), "{stderr}");
    let once = stderr_of(1, args!["dump", path, "--fields", "side"]);
    assert!(once.contains("a value of their type: 1 time, first"), "{once}");
    let csv = stdout_of(1, args!["dump", path, "--csv", "--fields", "side,live"]);
    assert_eq!(csv, "side,live\nSell,true\ninvalid:07,false\nBuy,invalid:02\n");
}

#[test]
fn a_file_of_many_parts_comes_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let numbers: Vec<u32> = (0..1_000_000).collect();
    let path = file_of(directory.path(), "numbers.pv", &numbers);
    let text = stdout_of(0, args!["dump", path, "--csv"]);
    assert!(text.lines().skip(1).map(|line| line.parse::<u32>().unwrap()).eq(numbers));
}

/// A name may be any text: one with a comma stands in quotes, and one that looks like a path where there is such a path.
#[test]
fn names_of_any_text() {
    #[derive(Clone, Copy, Persist)]
    #[repr(C)]
    struct Inner {
        b: u8,
    }

    #[derive(Clone, Copy, Persist)]
    #[repr(C)]
    struct Named {
        #[persist(rename = "a.b")]
        dotted: u8,
        a: Inner,
        #[persist(rename = "c,d")]
        comma: u8,
        #[persist(rename = "a[0]")]
        bracket: u8,
    }

    let directory = tempfile::tempdir().unwrap();
    let path = file_of(
        directory.path(),
        "named.pv",
        &[Named { dotted: 1, a: Inner { b: 2 }, comma: 3, bracket: 4 }],
    );
    assert_eq!(
        stdout_of(0, args!["dump", path]),
        "{\"\\\"a.b\\\"\":1,\"a.b\":2,\"c,d\":3,\"\\\"a[0]\\\"\":4}\n"
    );
    let csv = |fields: &str| stdout_of(0, args!["dump", path, "--csv", "--fields", fields]);
    assert_eq!(csv("a,\"c,d\""), "a.b,\"c,d\"\n2,3\n");
    assert_eq!(csv("\"\"\"a.b\"\"\""), "a.b\n1\n");
    assert_eq!(csv("\"\"\"a.b\"\"\",a"), "\"\"\"a.b\"\"\",a.b\n1,2\n");
    stdout_of(0, args!["stats", path, "--fields", "\"c,d\""]);
    stdout_of(0, args!["diff", path, path, "--fields", "\"c,d\""]);

    // What is dumped is read back.
    let (from, to) = (directory.path().join("a.csv"), directory.path().join("b.pv"));
    std::fs::write(&from, stdout_of(0, args!["dump", path, "--csv"])).unwrap();
    stdout_of(0, args!["import", from, "--like", path, "-o", to]);
    assert!(stdout_of(0, args!["diff", path, to]).contains("no difference"));
}
