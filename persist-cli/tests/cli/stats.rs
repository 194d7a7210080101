//! `persist stats`.

use serde_json::Value;

use crate::support::*;

fn report(path: &std::path::Path, code: i32) -> Value {
    serde_json::from_str(&stdout_of(code, args!["stats", path, "--json"])).unwrap()
}

#[track_caller]
fn check(field: &Value, expected: &str) {
    let expected: Value = serde_json::from_str(expected).unwrap();
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&field[name], value, "{name} of {field}");
    }
}

#[test]
fn figures_of_each_field() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(1000));
    let report = report(&path, 0);
    assert_eq!(report["elements"], 1000);
    let fields = report["fields"].as_array().unwrap();
    check(
        &fields[0],
        r#"{"path": "time", "values": 1000, "min": 0, "max": 999, "mean": 499.5, "distinct": 1000}"#,
    );
    check(&fields[1], r#"{"path": "price", "min": 100.0, "max": 349.75, "mean": 224.875}"#);
    check(&fields[2], r#"{"path": "qty", "distinct": 10, "distinct_is_exact": true}"#);
    assert_eq!(fields[2]["histogram"]["counts"].as_array().unwrap().len(), 10);
    check(&fields[3], r#"{"path": "side", "counts": [["Buy", 666], ["Sell", 334]], "min": null}"#);
    check(&fields[4], r#"{"path": "live", "counts": [["false", 500], ["true", 500]]}"#);
}

#[test]
fn floats_that_are_no_numbers_are_counted_apart() {
    let directory = tempfile::tempdir().unwrap();
    let floats = [1.0, f64::NAN, 3.0, f64::NEG_INFINITY, f64::NAN];
    let field = report(&file_of(directory.path(), "floats.pv", &floats), 0)["fields"][0].clone();
    check(
        &field,
        r#"{"values": 5, "nan": 2, "infinite": 1, "min": "-inf", "max": 3.0, "mean": 2.0}"#,
    );
    let total: u64 = field["histogram"]["counts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_u64().unwrap())
        .sum();
    assert_eq!(total, 2);
}

#[test]
fn large_numbers_keep_their_digits() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "wide.pv", &[u128::MAX, 1]);
    let text = stdout_of(0, args!["stats", path, "--json"]);
    assert!(text.contains("\"max\": 340282366920938463463374607431768211455"), "{text}");
}

#[test]
fn extremes_of_floats_have_a_histogram() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "floats.pv", &[f64::MIN, 0.0, f64::MAX]);
    let counts = report(&path, 0)["fields"][0]["histogram"]["counts"].clone();
    let counts: Vec<u64> =
        counts.as_array().unwrap().iter().map(|it| it.as_u64().unwrap()).collect();
    assert_eq!((counts[0], counts[10], counts[19]), (1, 1, 1));
}

#[test]
fn what_is_no_value_makes_the_answer_no() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "flags.pv", &[true, false, true]);
    overwrite(&path, 1, &[3]);
    check(&report(&path, 1)["fields"][0], r#"{"values": 2, "invalid": 1}"#);
}

#[test]
fn a_picture_for_people() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(100));
    let text = stdout_of(0, args!["stats", path, "--fields", "qty,side"]);
    assert_eq!(
        text,
        "field  values  distinct  min  mean  max  histogram\n\
         qty       100        10    0   4.5    9  ██████████\n\
         side      100         2                  Buy 66, Sell 34\n"
    );
    let text = stdout_of(0, args!["stats", path, "--fields", "side"]);
    assert!(text.contains("\n  Buy   66  ████"), "{text}");
}

#[test]
fn means_have_their_digits() {
    let directory = tempfile::tempdir().unwrap();
    for (values, expected) in [
        (&[12499.5, 12500.25][..], "12499.875"),
        (&[0.0, 0.0, 1.0], "0.333333"),
        (&[1e9, 1e9 + 0.5], "1000000000.25"),
        (&[-0.1, -0.2], "-0.15"),
        (&[1e300, 1e300], "1.0000e300"),
    ] {
        let path = file_of(directory.path(), "floats.pv", values);
        let text = stdout_of(0, args!["stats", path]);
        std::fs::remove_file(path).unwrap();
        assert!(text.contains(&format!(" {expected} ")), "{expected}: {text}");
    }
}

/// A hostile file can have names of any length.
#[test]
fn long_names_are_cut() {
    #[derive(Clone, Copy, persist_core::Persist)]
    #[repr(u8)]
    enum Named {
        #[persist(rename = "0123456789012345678901234567890123456789")]
        Variant = 0,
    }

    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "named.pv", &[Named::Variant]);
    let text = stdout_of(0, args!["stats", path]);
    assert_eq!(text.matches("  012345678901234567890123… (40 bytes)").count(), 2, "{text}");
    assert!(!text.contains("0123456789012345678901234567890123456789"), "{text}");
}
