//! `persist verify`: everything that is wrong with files.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use anyhow::bail;
use indicatif::HumanCount;
use persist_core::{AnySlice, Finding, FindingKind, Report, Severity, verify_with_progress};
use serde::Serialize;

use crate::cell::cut;
use crate::outcome::{Outcome, complain, in_words};
use crate::progress::Progress;
use crate::terminal::{count, painted, path_as_text, print, print_json, shown};

/// So much is shown of a name.
const MOST_CHARS: usize = 60;

/// Look for everything that is wrong with files
///
/// Checks every checksum, slot, length, reserved byte and record of the journal, and that every element is a
/// value of its type. Works on files that can't be opened, writes nothing, and lists all that it finds.
///
/// The exit code is 0 where nothing is wrong, 1 where something is, 2 where a file can't be looked at: it is missing,
/// locked by a writer, or no persist file. Notes don't count, such as that a file was not closed: the next writer
/// recovers its last commit.
///
/// Example: persist verify *.pv
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print a report for programs
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut is_fine = true;
    let mut failure: Option<anyhow::Error> = None;
    let mut reports = Vec::new();
    for path in &args.files {
        let report = match report(path) {
            Ok(report) => report,
            Err(error) => {
                reports.push(Verified::failed(path, &error));
                if let Some(earlier) = failure.replace(error) {
                    complain(&earlier);
                }
                continue;
            }
        };
        is_fine &= report.is_fine();
        if args.json {
            reports.push(Verified::new(path, &report));
        } else {
            print(&text(path, &report))?;
        }
    }
    if args.json {
        print_json(&reports)?;
    }
    match failure {
        None => Ok(Outcome::yes_if(is_fine)),
        Some(error) => Err(error),
    }
}

/// Refuses what is no file of ours, as every other command does.
pub(super) fn check_persist(path: &Path, report: &Report) -> anyhow::Result<()> {
    match is_not_persist(report) {
        None => Ok(()),
        Some(Finding { expected, found, .. }) => {
            bail!("`{}` is not a persist file: expected {expected}, found {found}", shown(path))
        }
    }
}

fn is_not_persist(report: &Report) -> Option<&Finding> {
    report.findings.iter().find(|finding| finding.kind == FindingKind::NotPersist)
}

fn report(path: &Path) -> anyhow::Result<Report> {
    let mut bar: Option<Progress> = None;
    let report = verify_with_progress(path, |done, total| {
        bar.get_or_insert_with(|| Progress::of_bytes(total, "verifying")).set(done);
    })?;
    if is_not_persist(&report).is_some() {
        // It knows when a repair may help.
        AnySlice::open(path)?;
    }
    check_persist(path, &report)?;
    Ok(report)
}

/// What was found in a file, for people.
pub(super) fn text(path: &Path, report: &Report) -> String {
    let mut text = format!("{}: {}\n", shown(path), summary(report));
    let unlisted = report.invalid_elements.saturating_sub(Report::MAX_LISTED as u64);
    for finding in &report.findings {
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {} {finding}", label(finding.severity()));
    }
    if unlisted > 0 {
        let elements = match unlisted {
            1 => "1 more element that is not a value of its type".to_owned(),
            _ => {
                format!("{} more elements that are not values of their type", HumanCount(unlisted))
            }
        };
        let _ = writeln!(text, "  … and {elements}");
    }
    text
}

/// `2 errors, 1 warning`, or what is fine.
fn summary(report: &Report) -> String {
    let found = |severity| report.findings.iter().filter(|it| it.severity() == severity).count();
    let parts = [(found(Severity::Error), "error"), (found(Severity::Warning), "warning")];
    let parts = parts.into_iter().filter(|(found, _)| *found > 0);
    let parts: Vec<String> = parts.map(|(found, what)| count(found as u64, what)).collect();
    if !parts.is_empty() {
        return parts.join(", ");
    }
    let fine = painted(AnsiColor::Green.on_default().bold(), "fine");
    match &report.descriptor {
        Some(of) => {
            let elements = count(report.checked_elements, "element");
            let name = of.name().escape_debug().to_string();
            format!("{fine}, {elements} of {}", cut(&name, MOST_CHARS))
        }
        None => fine,
    }
}

fn label(severity: Severity) -> String {
    let style = match severity {
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => AnsiColor::Yellow.on_default().bold(),
        Severity::Note => Style::new().dimmed(),
    };
    painted(style, format_args!("{:<8}", severity.to_string() + ":"))
}

/// What was found in a file, for programs.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Verified<'a> {
    Looked {
        #[serde(serialize_with = "path_as_text")]
        file: &'a Path,
        #[serde(flatten)]
        found: Found,
    },
    Failed {
        #[serde(serialize_with = "path_as_text")]
        file: &'a Path,
        error: String,
    },
}

/// The findings of a file, for programs.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    fine: bool,
    file_bytes: u64,
    /// Absent where it can't be told.
    elements: Option<u64>,
    checked_elements: u64,
    invalid_elements: u64,
    unreadable_bytes: u64,
    findings: Vec<FoundItem>,
}

#[derive(Debug, Serialize)]
struct FoundItem {
    severity: String,
    kind: &'static str,
    region: String,
    offset_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    element: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    expected: String,
    found: String,
}

impl<'a> Verified<'a> {
    fn new(file: &'a Path, report: &Report) -> Self {
        Self::Looked { file, found: Found::new(report) }
    }

    fn failed(file: &'a Path, error: &anyhow::Error) -> Self {
        Self::Failed { file, error: in_words(error) }
    }
}

impl Found {
    pub(super) fn new(report: &Report) -> Self {
        Self {
            fine: report.is_fine(),
            file_bytes: report.file_bytes,
            elements: report.len,
            checked_elements: report.checked_elements,
            invalid_elements: report.invalid_elements,
            unreadable_bytes: report.unreadable_bytes,
            findings: report.findings.iter().map(FoundItem::new).collect(),
        }
    }
}

impl FoundItem {
    fn new(finding: &Finding) -> Self {
        let (element, field) = match &finding.kind {
            FindingKind::Element { index, field, .. } => (Some(*index), Some(field.clone())),
            _ => (None, None),
        };
        Self {
            severity: finding.severity().to_string(),
            kind: kind(&finding.kind),
            region: finding.region.to_string(),
            offset_bytes: finding.offset_bytes,
            element,
            field,
            expected: finding.expected.clone(),
            found: finding.found.clone(),
        }
    }
}

fn kind(kind: &FindingKind) -> &'static str {
    match kind {
        FindingKind::NotPersist => "not a persist file",
        FindingKind::Truncated => "truncated",
        FindingKind::Corrupt => "corrupt",
        FindingKind::Unsupported(_) => "unsupported",
        FindingKind::Element { .. } => "element",
        FindingKind::Unreadable => "unreadable",
        FindingKind::Torn => "torn",
        FindingKind::Unclean { .. } => "unclean",
        FindingKind::CutShort => "cut short",
        FindingKind::ReadOnly => "read-only",
        FindingKind::NotLookedAt => "not looked at",
        FindingKind::Spare => "spare",
        _ => "other",
    }
}
