//! `persist repair`: what can be done about a damaged file.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use anyhow::{anyhow, bail, ensure};
use persist_core::{Repair, RepairLoss, RepairObstacle, Report};
use serde::Serialize;

use super::verify;
use crate::outcome::{self, Outcome, complain};
use crate::progress::Progress;
use crate::terminal::{
    count, even_if_closed, painted, path_as_text, print, print_json, shown, word,
};

const BAD: Style = AnsiColor::Red.on_default().bold();

/// Repair a damaged file, as far as that can be done without making anything up
///
/// Says what is wrong, what would be done and what that loses, and asks before it does it. The file as it was is
/// kept as FILE.bak, which replaces nothing. What can't be helped is not touched.
///
/// Recovers and closes files that weren't closed; writes torn slots anew; restores single bytes of the header, as
/// far as checksums prove what they were; gives up a journal from a damaged record on; cuts files that are too
/// short to their whole elements. Elements that are no values of their type stay as they are.
///
/// What leaves no element of those that there were is refused under --yes, unless --lose-all allows that.
///
/// The exit code is 0 where nothing is wrong, or the file was repaired; 1 where something is wrong that wasn't
/// repaired; 2 where the file can't be read or written, or is no persist file.
///
/// Example: persist repair ticks.pv --dry-run
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file
    file: PathBuf,
    /// Don't ask
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// With --yes: repair even what leaves no element
    #[arg(long, requires = "yes")]
    lose_all: bool,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Keep no copy of the file as it was
    #[arg(long)]
    no_backup: bool,
    /// Print a report for programs
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let repair = plan(&args.file)?;
    let mut told = Told::new(&args.file, &repair);
    let was_fine = repair.report().is_fine();
    if !args.json {
        even_if_closed(print(&told.text(repair.report())))?;
    }
    let backup = args.backup();
    if repair.is_possible() && !args.dry_run {
        backup.as_deref().map_or(Ok(()), check_backup)?;
    }
    if !repair.is_possible() || args.dry_run || !args.is_wanted(told.loses_all)? {
        if args.json {
            print_json(&told)?;
        }
        return Ok(Outcome::yes_if(was_fine));
    }
    if let Some(backup) = backup {
        repair.back_up(&backup)?;
        told.backup = Some(backup.display().to_string());
    }
    let report = repair.run()?;
    told.repaired = Some(verify::Found::new(&report));
    let done = told.done(&report);
    let printed = match args.json {
        true => print_json(&told),
        false if report.is_fine() => print(&format!("{done}\n")),
        false => print(&format!("{done}\n{}", verify::text(&args.file, &report))),
    };
    outcome::done(printed, done)?;
    Ok(Outcome::yes_if(report.is_fine()))
}

fn plan(path: &Path) -> anyhow::Result<Repair> {
    let mut bar: Option<Progress> = None;
    let repair = Repair::plan_with_progress(path, |done, total| {
        bar.get_or_insert_with(|| Progress::of_bytes(total, "verifying")).set(done);
    })?;
    if repair.obstacles().contains(&RepairObstacle::NotPersist) {
        verify::check_persist(path, repair.report())?;
    }
    Ok(repair)
}

impl Args {
    /// Where the file as it was is kept.
    fn backup(&self) -> Option<PathBuf> {
        (!self.no_backup).then(|| with_suffix(&self.file, ".bak"))
    }

    /// Asks whether to go on.
    fn is_wanted(&self, loses_all: bool) -> anyhow::Result<bool> {
        if self.yes && loses_all && !self.lose_all {
            let file = shown(&self.file);
            let why = "that would leave no element: restore the file from a copy, or allow it with --lose-all";
            complain(&anyhow!("`{file}` was not repaired, for {why}\nnothing was changed"));
            return Ok(false);
        }
        if self.yes {
            return Ok(true);
        }
        ensure!(!self.json, "--json doesn't ask: use --yes, or --dry-run");
        if !io::stdin().is_terminal() {
            bail!("can't ask: standard input is no terminal; use --yes to repair, or --dry-run");
        }
        anstream::stderr().write_all(b"Repair it? [y/N] ")?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}

/// Before anybody is asked: the answer would be no use.
fn check_backup(backup: &Path) -> anyhow::Result<()> {
    ensure!(
        backup.symlink_metadata().is_err(),
        "the backup `{}` exists already: move it away, or use --no-backup",
        shown(backup)
    );
    Ok(())
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    name.into()
}

/// What is to be said.
#[derive(Debug, Serialize)]
struct Told<'a> {
    #[serde(serialize_with = "path_as_text")]
    file: &'a Path,
    found: verify::Found,
    steps: Vec<Step>,
    /// Whether a step leaves no element.
    loses_all: bool,
    obstacles: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<String>,
    /// What was found after the repair.
    #[serde(skip_serializing_if = "Option::is_none")]
    repaired: Option<verify::Found>,
}

#[derive(Debug, Serialize)]
struct Step {
    action: String,
    loses: String,
    lossless: bool,
}

impl<'a> Told<'a> {
    fn new(file: &'a Path, repair: &Repair) -> Self {
        let steps = repair.steps().iter().map(|step| Step {
            action: step.kind.to_string(),
            loses: step.loss.to_string(),
            lossless: step.loss == RepairLoss::Nothing,
        });
        Self {
            file,
            found: verify::Found::new(repair.report()),
            steps: steps.collect(),
            loses_all: repair.loses_all(),
            obstacles: repair.obstacles().iter().map(|it| obstacle(file, it)).collect(),
            backup: None,
            repaired: None,
        }
    }

    fn text(&self, report: &Report) -> String {
        let mut text = verify::text(self.file, report);
        // Writing to a String does not fail.
        for (i, Step { action, loses, .. }) in self.steps.iter().enumerate() {
            let _ = writeln!(text, "{}. {action}\n   loses {loses}", i + 1);
        }
        for obstacle in &self.obstacles {
            let _ = writeln!(text, "can't be repaired: {obstacle}");
        }
        if self.loses_all {
            let _ = writeln!(
                text,
                "{}",
                painted(BAD, "this leaves no element of those that there were")
            );
        }
        if self.steps.is_empty() && self.obstacles.is_empty() {
            text.push_str("nothing to repair\n");
        }
        text
    }

    /// What became of the file.
    fn done(&self, report: &Report) -> String {
        let file = shown(self.file);
        // A repaired file says how many.
        let left = count(report.len.unwrap_or_default(), "element");
        let backup = self.backup.as_ref().map(|path| shown(path.as_ref()));
        let kept = backup.map(|path| format!("; as it was it is kept as `{path}`"));
        format!("repaired {file}, which has {left} now{}", kept.unwrap_or_default())
    }
}

/// What can't be repaired, and what helps where the command has something that does.
fn obstacle(file: &Path, obstacle: &RepairObstacle) -> String {
    if !matches!(obstacle, RepairObstacle::Elements { .. }) {
        return obstacle.to_string();
    }
    let [csv, new] = [".csv", ".new"].map(|suffix| word(&with_suffix(file, suffix)));
    let file = word(file);
    format!(
        "{obstacle}. To give them values make a new file: `persist dump {file} --csv > {csv}`, put values \
         in the place of those that begin with `invalid:`, and `persist import {csv} --like {file} -o {new}`"
    )
}
