//! The report as Markdown.

use std::fmt;

use super::standing::{Rival, Standing, Verdict};
use super::{Goal, Group, Report, Row, quantity};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# persist beside the others\n")?;
        for line in &self.setup {
            writeln!(f, "- {line}")?;
        }
        writeln!(f, "\nOnly ratios mean something on another machine.\n\n## Goals\n")?;
        goals(f, &self.goals)?;
        writeln!(f, "\n## Beside the best of the others\n")?;
        standings(f, &self.standings)?;
        self.groups.iter().try_for_each(|group| write_group(f, group))
    }
}

fn goals(f: &mut fmt::Formatter<'_>, goals: &[Goal]) -> fmt::Result {
    writeln!(
        f,
        "Commits are judged by both ratios, for the means have what a commit leaves in a journal or a log; all else by the \
         medians. Where half of the ratios are said to be between two, both took turns with each loop or opening, apart from the tables \
         below, and what counts is the median of the ratios of these pairs.\n"
    )?;
    let head = ["work", "by", "÷ by", "verdict", "ratio of medians", "ratio of means", "at most"];
    let rows = goals.iter().map(|goal| {
        [
            goal.heading.clone(),
            goal.by.clone(),
            goal.other.clone(),
            emphasised(goal.verdict, "met"),
            goal.between.map_or_else(
                || format!("{:.2}", goal.medians),
                |[least, most]| format!("{:.2} ({least:.2}–{most:.2})", goal.medians),
            ),
            goal.means.map_or("–".into(), |means| format!("{means:.2}")),
            goal.at_most.map_or("–".into(), |most| format!("{most}")),
        ]
    });
    table(f, 4, head, rows)
}

fn standings(f: &mut fmt::Formatter<'_>, standings: &[Standing]) -> fmt::Result {
    writeln!(
        f,
        "persist's median divided by that of the best other vector in a mapped file, and of the best archive or database.\n"
    )?;
    let head = ["work", "by", "÷ best vector", "", "÷ best archive or database", "", "why behind"];
    let rows = standings.iter().map(|standing| {
        let [vector, by_vector] = rival(standing.vector.as_ref());
        let [other, by_other] = rival(standing.other.as_ref());
        let reason = standing.reason.unwrap_or_default().into();
        [standing.heading.clone(), standing.by.clone(), vector, by_vector, other, by_other, reason]
    });
    table(f, 7, head, rows)
}

/// How persist stands to another, and who it is.
fn rival(rival: Option<&Rival>) -> [String; 2] {
    rival.map_or(["–".into(), String::new()], |rival| {
        let verdict = emphasised(rival.verdict.name(), Verdict::Ahead.name());
        [format!("{:.2} {}", rival.ratio, rival.name), verdict]
    })
}

/// A verdict that isn't the good one stands out.
fn emphasised(verdict: &str, good: &str) -> String {
    if verdict == good || verdict.is_empty() { verdict.into() } else { format!("**{verdict}**") }
}

fn write_group(f: &mut fmt::Formatter<'_>, group: &Group) -> fmt::Result {
    writeln!(
        f,
        "\n## {name}\n\n{about}\n\n![{name}]({name}.svg)",
        name = group.name,
        about = group.about
    )?;
    group.rows.iter().try_for_each(|row| write_row(f, row))
}

fn write_row(f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
    writeln!(f, "\n### {}\n", row.heading)?;
    let first = row.entries.first().map_or(1.0, |entry| entry.times.median());
    let of = |value| quantity(row.unit, value);
    let head = ["by", "median", "min", "max", "mean (amortised)", "÷ first", "measured"];
    let rows = row.entries.iter().map(|entry| {
        let times = &entry.times;
        [
            entry.name.clone(),
            of(times.median()),
            of(times.min()),
            of(times.max()),
            of(times.mean()),
            format!("{:.2}", times.median() / first),
            times.count().to_string(),
        ]
    });
    let missing = row.lacks.iter().map(|lack| {
        let reason = format!("– ({})", lack.reason);
        let none = || "–".to_owned();
        [lack.name.clone(), reason, none(), none(), none(), none(), none()]
    });
    table(f, 1, head, rows.chain(missing))
}

/// Writes a table whose first columns are words, and the others numbers.
fn table<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    words: usize,
    head: [&str; N],
    mut rows: impl Iterator<Item = [String; N]>,
) -> fmt::Result {
    writeln!(f, "| {} |", head.join(" | "))?;
    writeln!(f, "|{}{}", "---|".repeat(words), "---:|".repeat(N - words))?;
    rows.try_for_each(|row| writeln!(f, "| {} |", row.join(" | ")))
}
