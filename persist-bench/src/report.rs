//! What was measured: rows of contestants, goals, and where persist stands beside the others.

mod markdown;
mod plot;

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::measure::Times;
use crate::peers::{Kind, Library};

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
#[derive(Serialize)]
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
    means: f64,
    at_most: Option<f64>,
    verdict: &'static str,
}

/// persist beside the best of those who do the same.
#[derive(Serialize)]
struct Standing {
    heading: String,
    by: String,
    best_other: String,
    ratio: f64,
    verdict: &'static str,
    reason: Option<&'static str>,
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
        self.standings.extend(standings(heading, &entries));
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
            self.goal(heading, by, other, (medians, means, judged), at_most);
        }
    }

    /// Enters how a contestant's time, or what it took, stands to a figure.
    pub(crate) fn figure(&mut self, heading: &str, by: &str, figure: &str, value: f64) {
        if let Some(entry) = self.entry(heading, by) {
            let (median, mean) = (entry.times.median() / value, entry.times.mean() / value);
            self.goal(heading, by, figure, (median, mean, median), Some(1.0));
        }
    }

    fn goal(
        &mut self,
        heading: &str,
        by: &str,
        other: &str,
        (medians, means, judged): (f64, f64, f64),
        at_most: Option<f64>,
    ) {
        let verdict = match at_most {
            None => "",
            Some(goal) if judged <= goal => "met",
            Some(goal) if medians <= goal => "median only",
            Some(_) => "missed",
        };
        let (heading, by, other) = (heading.into(), by.into(), other.into());
        self.goals.push(Goal { heading, by, other, medians, means, at_most, verdict });
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
        fs::write(directory.join("report.json"), serde_json::to_string_pretty(self)?)?;
        for group in &self.groups {
            plot::group(group, &directory.join(format!("{}.svg", group.name)))?;
        }
        plot::overview(self, &directory.join("overview.svg"))?;
        Ok(text)
    }
}

/// Each of persist's entries beside the best of the others that are vectors or databases.
fn standings(heading: &str, entries: &[Entry]) -> Vec<Standing> {
    let is_rival =
        |entry: &&Entry| matches!(entry.kind, Kind::Vector | Kind::Serializer | Kind::Database);
    let median = |entry: &&Entry| entry.times.median();
    let best = entries.iter().filter(is_rival).min_by(|a, b| median(a).total_cmp(&median(b)));
    let standing = |entry: &Entry, best: &Entry| Standing {
        heading: heading.into(),
        by: entry.name.clone(),
        best_other: best.name.clone(),
        ratio: entry.times.median() / best.times.median(),
        verdict: verdict(entry, best),
        reason: (verdict(entry, best) == BEHIND).then(|| reason(heading)),
    };
    let persist = entries.iter().filter(|entry| entry.kind == Kind::Persist);
    persist.filter_map(|entry| best.map(|best| standing(entry, best))).collect()
}

const BEHIND: &str = "behind";

fn verdict(entry: &Entry, best: &Entry) -> &'static str {
    let overlap = entry.times.min() <= best.times.max() && best.times.min() <= entry.times.max();
    match entry.times.median() / best.times.median() {
        ..1.0 => "ahead",
        // Nobody could tell.
        ..=1.03 => "level",
        ..=1.1 if overlap => "level",
        _ => BEHIND,
    }
}

/// Why persist is behind in a row, by what its heading begins with, where that is known and meant to be.
const REASONS: &[(&str, &str)] = &[
    (
        "push one by one, new file",
        "every page gets its place on the device before it is written, so that a full disk is an error and not a \
         `SIGBUS`; the others leave holes, and pay at write-back",
    ),
    (
        "extend by blocks, new file",
        "every page gets its place on the device before it is written; the others leave that to write-back",
    ),
    (
        "random write, first",
        "each page is copied before its first write, so that a commit is atomic and there is a way back; the others \
         write into the file",
    ),
    (
        "random write by index",
        "a write by index marks its page as changed, so that a commit needs to look at no other",
    ),
    (
        "open,",
        "the file is locked, its header read and checked, and 1 TiB of address space reserved; the others check \
         little or nothing",
    ),
    (
        "append",
        "a commit is a record with checksums, all of it or nothing; the others have their bytes flushed where \
         they lie, and no length with them",
    ),
    (
        "bytes the process wrote",
        "the kernel counts all of a large folio where a part of it is written: see what the device wrote",
    ),
];

fn reason(heading: &str) -> &'static str {
    let reason = REASONS.iter().find(|(start, _)| heading.starts_with(start));
    reason.map_or("no reason is known: noise, or something to improve", |(_, reason)| reason)
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
