//! What was measured: rows of contestants, goals, and where persist stands beside the others.

mod markdown;
mod plot;
mod standing;
mod summary;

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::measure::{Pair, Times};
use crate::peers::{Kind, Library};
use crate::report::standing::Standing;

/// Everything that was measured.
#[derive(Serialize)]
pub(crate) struct Report {
    /// Machine, kernel, file system, sizes: a line each.
    setup: Vec<String>,
    groups: Vec<Group>,
    goals: Vec<Goal>,
    standings: Vec<Standing>,
}

/// Rows that belong together, in a plot of their own.
#[derive(Serialize)]
struct Group {
    name: String,
    about: String,
    rows: Vec<Row>,
}

/// The contestants of one work.
#[derive(Serialize)]
struct Row {
    heading: String,
    unit: Unit,
    entries: Vec<Entry>,
    lacks: Vec<Lack>,
}

/// What is measured, of which less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    /// Of an operation, of which there are many.
    Nanoseconds,
    /// Of something that is done once in a turn, or for each of its elements or bytes.
    NanosecondsEach,
    Bytes,
}

/// What a contestant took, under its name.
#[derive(Clone, Serialize)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    #[serde(flatten)]
    pub(crate) times: Times,
}

/// A peer that has no part in a row.
#[derive(Serialize)]
struct Lack {
    name: String,
    reason: String,
}

/// A ratio, and what it may be.
#[derive(Serialize)]
struct Goal {
    heading: String,
    by: String,
    /// What it is divided by.
    other: String,
    medians: f64,
    /// Between which ratios half of the pairs are, where both took turns and `medians` is the median of the pairs'.
    between: Option<[f64; 2]>,
    /// Not of pairs: one that was interrupted would decide.
    means: Option<f64>,
    at_most: Option<f64>,
    verdict: &'static str,
}

impl Report {
    pub(crate) fn new(setup: Vec<String>) -> Self {
        Self { setup, groups: Vec::new(), goals: Vec::new(), standings: Vec::new() }
    }

    /// Begins a group of rows.
    pub(crate) fn begin(&mut self, name: &str, about: &str) {
        self.groups.push(Group { name: name.into(), about: about.into(), rows: Vec::new() });
    }

    /// Enters what each contestant took under a heading, and sees where persist stands.
    pub(crate) fn row(&mut self, heading: &str, unit: Unit, entries: Vec<Entry>) {
        self.standings.extend(standing::of(heading, &entries));
        let row = Row { heading: heading.into(), unit, entries, lacks: Vec::new() };
        self.groups.last_mut().expect("a group has begun").rows.push(row);
    }

    /// Says why a peer has no part in the last row.
    pub(crate) fn lacks(&mut self, library: Library, reason: &str) {
        let row = self.groups.last_mut().and_then(|group| group.rows.last_mut());
        let lack = Lack { name: library.name().into(), reason: reason.into() };
        row.expect("a row was entered").lacks.push(lack);
    }

    /// Enters how many times as long as another a contestant took, and how many times it may.
    pub(crate) fn ratio(&mut self, heading: &str, by: &str, other: &str, at_most: Option<f64>) {
        let ratio = |of: fn(&Times) -> f64| {
            Some(of(&self.entry(heading, by)?.times) / of(&self.entry(heading, other)?.times))
        };
        // Where a contestant was too large for the memory there is nothing to compare.
        if let (Some(medians), Some(means)) = (ratio(Times::median), ratio(Times::mean)) {
            let judged = if self.is_amortised(heading) { medians.max(means) } else { medians };
            self.goal(heading, by, other, (medians, Some(means), judged), at_most);
        }
    }

    /// Enters how a contestant's time, or what it took, stands to a figure.
    pub(crate) fn figure(&mut self, heading: &str, by: &str, figure: &str, value: f64) {
        if let Some(entry) = self.entry(heading, by) {
            let (median, mean) = (entry.times.median() / value, entry.times.mean() / value);
            self.goal(heading, by, figure, (median, Some(mean), median), Some(1.0));
        }
    }

    /// Enters how many times as long as another a contestant took of each pair of their turns, and how many times it may.
    pub(crate) fn ratio_of_pairs(
        &mut self,
        heading: &str,
        by: &str,
        other: &str,
        pairs: &[Pair],
        at_most: f64,
    ) {
        let ratios = Times::new(pairs.iter().map(|(one, another)| one / another).collect());
        let median = ratios.median();
        self.goal(heading, by, other, (median, None, median), Some(at_most));
        self.goals.last_mut().expect("it was just entered").between = Some(ratios.quartiles());
    }

    fn goal(
        &mut self,
        heading: &str,
        by: &str,
        other: &str,
        (medians, means, judged): (f64, Option<f64>, f64),
        at_most: Option<f64>,
    ) {
        let verdict = match at_most {
            None => "",
            Some(goal) if judged <= goal => "met",
            Some(goal) if medians <= goal => "median only",
            Some(_) => "missed",
        };
        let (heading, by, other) = (heading.into(), by.into(), other.into());
        let between = None;
        self.goals.push(Goal { heading, by, other, medians, between, means, at_most, verdict });
    }

    /// Whether the operations of a row leave something behind, which the mean has its share of.
    fn is_amortised(&self, heading: &str) -> bool {
        let mut rows = self.groups.iter().flat_map(|group| &group.rows);
        rows.any(|row| row.heading == heading && row.unit == Unit::Nanoseconds)
    }

    /// What a contestant took of a work.
    pub(crate) fn median(&self, heading: &str, name: &str) -> Option<f64> {
        self.entry(heading, name).map(|entry| entry.times.median())
    }

    fn entry(&self, heading: &str, name: &str) -> Option<&Entry> {
        let mut rows = self.groups.iter().flat_map(|group| &group.rows);
        let row = rows.find(|row| row.heading == heading)?;
        row.entries.iter().find(|entry| entry.name == name)
    }

    /// Writes the report, its figures and its plots into a directory, and returns the report.
    pub(crate) fn write(&self, directory: &Path) -> Result<String> {
        fs::create_dir_all(directory)?;
        let text = self.to_string();
        fs::write(directory.join("report.md"), &text)?;
        fs::write(directory.join("summary.md"), summary::markdown(self))?;
        fs::write(directory.join("report.json"), serde_json::to_string_pretty(self)?)?;
        for group in &self.groups {
            plot::group(group, &directory.join(format!("{}.svg", group.name)))?;
        }
        let rows = self.groups.iter().flat_map(|group| &group.rows);
        plot::ratios(rows.collect(), &directory.join("overview.svg"))?;
        plot::ratios(summary::rows(self), &directory.join("summary.svg"))?;
        Ok(text)
    }
}

/// A quantity in the unit that suits it.
fn quantity(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Nanoseconds | Unit::NanosecondsEach => duration(value),
        Unit::Bytes => bytes(value),
    }
}

fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1.0 => format!("{nanoseconds:.3} ns"),
        ..1e3 => format!("{nanoseconds:.2} ns"),
        ..1e6 => format!("{:.1} µs", nanoseconds / 1e3),
        ..1e9 => format!("{:.2} ms", nanoseconds / 1e6),
        _ => format!("{:.2} s", nanoseconds / 1e9),
    }
}

fn bytes(bytes: f64) -> String {
    const KIB: f64 = 1024.0;
    match bytes / KIB {
        ..1.0 => format!("{bytes:.0} B"),
        ..KIB => format!("{:.1} KiB", bytes / KIB),
        _ => format!("{:.1} MiB", bytes / KIB / KIB),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSIST: &str = "persist";
    const OTHER: &str = "other";

    /// A report of one row, in which both took so long, and left as much behind.
    fn report(unit: Unit, persist: (f64, f64), other: (f64, f64)) -> Report {
        let entry = |name: &str, kind, (time, rest)| Entry {
            name: name.into(),
            kind,
            times: Times::new(vec![time]).with_rest(rest),
        };
        let mut report = Report::new(vec!["Machine: none".into()]);
        report.begin("group", "");
        let entries =
            vec![entry(PERSIST, Kind::Persist, persist), entry(OTHER, Kind::Vector, other)];
        report.row("row", unit, entries);
        report
    }

    fn check_goal(unit: Unit, persist: (f64, f64), at_most: f64, verdict: &str) {
        let mut report = report(unit, persist, (10.0, 0.0));
        report.ratio("row", PERSIST, OTHER, Some(at_most));
        assert_eq!(report.goals[0].verdict, verdict, "{unit:?} {persist:?} {at_most}");
    }

    #[test]
    fn a_goal_is_met_by_the_median_and_of_commits_by_the_mean_too() {
        check_goal(Unit::NanosecondsEach, (10.0, 0.0), 1.0, "met");
        check_goal(Unit::NanosecondsEach, (10.1, 0.0), 1.0, "missed");
        check_goal(Unit::NanosecondsEach, (11.0, 0.0), 1.15, "met");
        check_goal(Unit::NanosecondsEach, (10.0, 5.0), 1.0, "met");
        check_goal(Unit::Nanoseconds, (10.0, 5.0), 1.0, "median only");
        check_goal(Unit::Nanoseconds, (10.1, 0.0), 1.0, "missed");
    }

    #[test]
    fn figures_are_goals_too() {
        let mut report = report(Unit::NanosecondsEach, (10.0, 0.0), (20.0, 0.0));
        report.figure("row", PERSIST, "5 ns", 5.0);
        report.figure("row", PERSIST, "20 ns", 20.0);
        report.ratio("row", PERSIST, "one who had no memory", Some(1.0));
        let goals: Vec<_> = report.goals.iter().map(|goal| (goal.medians, goal.verdict)).collect();
        assert_eq!(goals, [(2.0, "missed"), (0.5, "met")]);
    }

    #[test]
    fn pairs_are_judged_by_the_median_of_their_ratios() {
        let mut report = report(Unit::NanosecondsEach, (10.0, 0.0), (10.0, 0.0));
        // The machine slowed down by ten, in the middle of the second pair.
        let pairs = [(1.0, 1.0), (11.0, 1.0), (10.0, 10.0), (9.0, 10.0), (12.0, 10.0)];
        report.ratio_of_pairs("row", PERSIST, OTHER, &pairs, 1.03);
        let goal = &report.goals[0];
        assert_eq!((goal.medians, goal.between, goal.verdict), (1.0, Some([1.0, 1.2]), "met"));
        assert!(report.to_string().contains("| 1.00 (1.00–1.20) | – |"), "{report}");
        report.ratio_of_pairs("row", PERSIST, OTHER, &pairs, 0.99);
        assert_eq!(report.goals[1].verdict, "missed");
    }

    #[test]
    fn each_table_of_the_report_is_one() {
        let mut report = report(Unit::NanosecondsEach, (10.0, 0.0), (20.0, 0.0));
        report.lacks(Library::Rkyv, "no reason");
        report.ratio("row", PERSIST, OTHER, None);
        let text = report.to_string();
        let mut columns = None;
        for line in text.lines() {
            let bars = line.starts_with('|').then(|| line.matches('|').count());
            assert!(columns.is_none() || bars.is_none() || bars == columns, "{line}");
            columns = bars;
        }
        assert!(text.contains("| rkyv | – (no reason) |"), "{text}");
    }

    #[test]
    fn quantities_have_the_unit_that_suits_them() {
        let check = |unit, value, expected| assert_eq!(quantity(unit, value), expected);
        check(Unit::NanosecondsEach, 0.0412, "0.041 ns");
        check(Unit::Nanoseconds, 1.5, "1.50 ns");
        check(Unit::NanosecondsEach, 1500.0, "1.5 µs");
        check(Unit::NanosecondsEach, 150e3, "150.0 µs");
        check(Unit::Nanoseconds, 2.5e6, "2.50 ms");
        check(Unit::Nanoseconds, 3e9, "3.00 s");
        check(Unit::Bytes, 1023.0, "1023 B");
        check(Unit::Bytes, 1536.0, "1.5 KiB");
        check(Unit::Bytes, 3.0 * 1024.0 * 1024.0, "3.0 MiB");
    }
}
