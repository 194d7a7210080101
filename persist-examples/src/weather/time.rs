//! Times as `2013-01-01T06:00:00Z`.

/// Seconds from 1970-01-01T00:00:00Z to a time in exactly this form, if it is one.
pub(super) fn parse_utc(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = digits(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = digits(time, ':', [2, 2, 2])?;
    let is_date = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
    let is_time = hour < 24 && minute < 60 && second < 60;
    (is_date && is_time)
        .then(|| days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Three numbers, each of so many digits.
fn digits(text: &str, separator: char, widths: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part = parts.next().filter(|part| part.len() == width)?;
        // `parse` would take a sign, too.
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        *number = part.parse().ok().filter(|_| is_number)?;
    }
    parts.next().is_none().then_some(numbers)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Howard Hinnant's `days_from_civil` (<https://howardhinnant.github.io/date_algorithms.html>), for
/// years from 0 on: the year begins in March, so that the leap day is its last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts the days one by one.
    fn naive_days(year: i64, month: i64, day: i64) -> i64 {
        let years: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
        let months: i64 = (1..month).map(|month| days_in_month(year, month)).sum();
        years + months + day - 1
    }

    #[test]
    fn every_day_is_the_one_that_counting_gives() {
        for year in 1970..2110 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    let text = format!("{year}-{month:02}-{day:02}T00:00:00Z");
                    assert_eq!(
                        parse_utc(&text),
                        Some(naive_days(year, month, day) * 86_400),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn hours_minutes_and_seconds_count() {
        // `date -u -d 2013-01-01T06:07:08Z +%s`
        assert_eq!(parse_utc("2013-01-01T06:07:08Z"), Some(1_357_020_428));
    }

    #[test]
    fn other_texts_are_no_times() {
        for text in [
            "",
            "NA",
            "2013-01-01",
            "2013-01-01T06:00:00",
            "2013-01-01 06:00:00Z",
            "2013-1-01T06:00:00Z",
            "2013-13-01T06:00:00Z",
            "2013-00-01T06:00:00Z",
            "2013-02-29T06:00:00Z",
            "2013-01-00T06:00:00Z",
            "2013-01-01T24:00:00Z",
            "2013-01-01T06:60:00Z",
            "2013-01-01T06:00:60Z",
            "2013-01-01T06:00:00:00Z",
            "+013-01-01T06:00:00Z",
            "２013-01-01T06:00:00Z",
        ] {
            assert_eq!(parse_utc(text), None, "{text:?}");
        }
    }
}
