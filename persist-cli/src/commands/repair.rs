//! `persist repair`: what can be done about a damaged file.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};
use persist_core::{Repair, RepairLoss, Report};
use serde::Serialize;

use super::verify;
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::terminal::{print, print_json};

/// Repair a damaged file, as far as that can be done without making anything up
///
/// Says what is wrong, what would be done and what that loses, and asks before it does it. The file as it was is
/// kept as FILE.bak, which replaces nothing. What can't be helped is not touched.
///
/// Recovers and closes files that weren't closed; writes torn slots anew; restores single bytes of the header, as
/// far as checksums prove what they were; gives up a journal from a damaged record on; cuts files that are too
/// short to their whole elements. Elements that are no values of their type stay as they are.
///
/// The exit code is 0 where the file is fine, or was repaired; 1 where something is wrong that wasn't repaired.
///
/// Example: persist repair ticks.pv --dry-run
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file
    file: PathBuf,
    /// Don't ask
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Keep no copy of the file as it was
    #[arg(long)]
    no_backup: bool,
    /// Print a report for programs
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let repair = plan(&args.file)?;
    let mut told = Told::new(&args.file, &repair);
    let was_fine = repair.report().is_fine();
    if !args.json {
        print(&told.text(repair.report()))?;
    }
    if !repair.is_possible() || args.dry_run || !args.is_wanted()? {
        return told.end(args.json, was_fine && !repair.is_possible());
    }
    if !args.no_backup {
        told.backup = Some(back_up(&repair, &args.file)?);
    }
    let report = repair.run()?;
    told.repaired = Some(verify::Found::new(&report));
    if !args.json {
        let backup = told.backup.as_ref();
        let backup = backup.map(|path| format!("; as it was it is kept as `{}`", path.display()));
        print(&format!("repaired{}\n", backup.unwrap_or_default()))?;
        if !report.is_fine() {
            print(&verify::text(&args.file, &report))?;
        }
    }
    told.end(args.json, report.is_fine())
}

fn plan(path: &Path) -> anyhow::Result<Repair> {
    let mut bar: Option<Progress> = None;
    let repair = Repair::plan_with_progress(path, |done, total| {
        bar.get_or_insert_with(|| Progress::of_bytes(total, "verifying")).set(done);
    })?;
    Ok(repair)
}

impl Args {
    /// Asks whether to go on.
    fn is_wanted(&self) -> anyhow::Result<bool> {
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

fn back_up(repair: &Repair, file: &Path) -> anyhow::Result<PathBuf> {
    let mut name = OsString::from(file);
    name.push(".bak");
    let backup = PathBuf::from(name);
    if backup.symlink_metadata().is_ok() {
        bail!("the backup `{}` exists already: move it away, or use --no-backup", backup.display());
    }
    repair.back_up(&backup)?;
    Ok(backup)
}

/// What is to be said.
#[derive(Debug, Serialize)]
struct Told<'a> {
    file: &'a Path,
    found: verify::Found,
    steps: Vec<Step>,
    obstacles: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<PathBuf>,
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
            obstacles: repair.obstacles().iter().map(ToString::to_string).collect(),
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
        if self.steps.is_empty() && self.obstacles.is_empty() {
            text.push_str("nothing to repair\n");
        }
        text
    }

    fn end(&self, json: bool, is_fine: bool) -> anyhow::Result<Outcome> {
        if json {
            print_json(self)?;
        }
        Ok(Outcome::yes_if(is_fine))
    }
}
