//! Numbers as people read them.

use std::time::Duration;

/// An integer with a comma between groups of three digits: `26,115`.
#[must_use]
pub fn count(number: usize) -> String {
    group(&number.to_string())
}

/// A number with so many decimal places, and commas: `1,048.36`.
#[must_use]
pub fn decimal(number: f64, places: usize) -> String {
    let text = format!("{number:.places$}");
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{}.{fraction}", group(whole)),
        None => group(&text),
    }
}

/// A duration in the unit that suits it: `41.3 µs`, `21.0 ms`, `1.50 s`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 1e-3 => format!("{:.1} µs", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

/// A size in MiB: `4.2 MiB`.
#[must_use]
pub fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", decimal(bytes as f64 / (1 << 20) as f64, 1))
}

/// How many times a second something happened, without a fraction.
#[must_use]
pub fn per_second(times: usize, duration: Duration) -> String {
    decimal(times as f64 / duration.as_secs_f64(), 0)
}

/// Commas between groups of three digits. A sign stays in front.
fn group(digits: &str) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let mut grouped = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_in_groups_of_three() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (26_115, "26,115"), (1_000_000, "1,000,000")]
        {
            assert_eq!(count(number), expected);
        }
        assert_eq!(decimal(1048.36058, 2), "1,048.36");
        assert_eq!(decimal(-123.5, 1), "-123.5");
        assert_eq!(decimal(-1234.5, 0), "-1,234");
    }

    #[test]
    fn durations_choose_their_unit() {
        for (nanoseconds, expected) in [
            (1_500, "1.5 µs"),
            (999_900, "999.9 µs"),
            (2_000_000, "2.0 ms"),
            (1_500_000_000, "1.50 s"),
        ] {
            assert_eq!(duration(Duration::from_nanos(nanoseconds)), expected);
        }
    }
}
