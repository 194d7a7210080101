//! The report: a table of times, and one of ratios and the goals for them.

use std::fmt;

use crate::measure::Times;
use crate::rows::Setup;

/// What was measured, to be printed as Markdown.
pub(crate) struct Report {
    machine: String,
    setup: String,
    times: Vec<[String; 7]>,
    ratios: Vec<[String; 7]>,
}

/// What a contestant took, under its name.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) times: Times,
}

impl Report {
    pub(crate) fn new(machine: String, setup: &Setup) -> Self {
        Self { machine, setup: setup.to_string(), times: Vec::new(), ratios: Vec::new() }
    }

    /// Enters each contestant's times under a heading.
    pub(crate) fn times(&mut self, heading: &str, entries: &[Entry]) {
        for Entry { name, times } in entries {
            self.times.push([
                heading.into(),
                name.clone(),
                duration(times.median()),
                duration(times.min()),
                duration(times.max()),
                duration(times.mean()),
                times.count().to_string(),
            ]);
        }
    }

    /// Enters how many times as long as another a contestant took, and how many times it may.
    pub(crate) fn ratio(
        &mut self,
        heading: &str,
        contestant: &Entry,
        other: &Entry,
        goal: Option<f64>,
    ) {
        let median = contestant.times.median() / other.times.median();
        let mean = contestant.times.mean() / other.times.mean();
        let verdict = match goal {
            None => "",
            Some(goal) if median.max(mean) <= goal => "met",
            Some(goal) if median <= goal => "**median only**",
            Some(goal) if mean <= goal => "**mean only**",
            Some(_) => "**missed**",
        };
        self.ratios.push([
            heading.into(),
            contestant.name.clone(),
            other.name.clone(),
            format!("{median:.2}"),
            format!("{mean:.2}"),
            goal.map_or("–".into(), |goal| format!("≤ {goal}")),
            verdict.into(),
        ]);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}{}", self.machine, self.setup)?;
        table(
            f,
            2,
            ["what", "by", "median", "min", "max", "mean (amortised)", "measured"],
            &self.times,
        )?;
        writeln!(f)?;
        table(
            f,
            3,
            ["what", "by", "÷ by", "ratio of medians", "ratio of means", "goal", "verdict"],
            &self.ratios,
        )
    }
}

/// Writes a table whose first columns are words, and the others numbers.
fn table(
    f: &mut fmt::Formatter<'_>,
    words: usize,
    head: [&str; 7],
    rows: &[[String; 7]],
) -> fmt::Result {
    writeln!(f, "| {} |", head.join(" | "))?;
    writeln!(f, "|{}{}", "---|".repeat(words), "---:|".repeat(head.len() - words))?;
    for row in rows {
        writeln!(f, "| {} |", row.join(" | "))?;
    }
    Ok(())
}

/// Nanoseconds in the unit that suits them.
fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e3 => format!("{nanoseconds:.2} ns"),
        ..1e6 => format!("{:.1} µs", nanoseconds / 1e3),
        ..1e9 => format!("{:.2} ms", nanoseconds / 1e6),
        _ => format!("{:.2} s", nanoseconds / 1e9),
    }
}
