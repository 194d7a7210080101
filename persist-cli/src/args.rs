//! The command line: what can be asked for.

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{Parser, Subcommand, ValueEnum};

use crate::commands::{
    completions, convert, diff, dump, import, inspect, migrate, repair, stats, verify,
};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER_HELP: &str = "\
Exit codes:
  0  done, or the answer is yes
  1  the answer is no: findings, differences, bytes that are no values, a conversion or a repair
     that is refused
  2  wrong usage, a file that can't be read or written, or that is no persist file
  3  the file was written, replaced or repaired as asked for, but the report of it could not be
     printed

With --json a report is JSON on standard output, and what would be text on standard error is an
object on a line each: {\"error\": \"...\"}, {\"warning\": \"...\"} or {\"note\": \"...\"}.

Colours follow --color, NO_COLOR, CLICOLOR and CLICOLOR_FORCE; lines are drawn in ASCII where the
locale isn't UTF-8 (LC_ALL=C).";

/// Looks into persist files, converts and migrates them
#[derive(Debug, Parser)]
#[command(name = "persist", version, styles = STYLES, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// When to use colours: auto, always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        display_order = 100
    )]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Decides for everything that the process prints.
    pub(crate) fn write_global(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Inspect(inspect::Args),
    Verify(verify::Args),
    Dump(dump::Args),
    Stats(stats::Args),
    Diff(diff::Args),
    Convert(convert::Args),
    Migrate(migrate::Args),
    Repair(repair::Args),
    Import(import::Args),
    Completions(completions::Args),
}

impl Command {
    /// Whether a program reads what it says.
    pub(crate) fn is_json(&self) -> bool {
        match self {
            Self::Inspect(args) => args.json,
            Self::Verify(args) => args.json,
            Self::Dump(args) => args.is_json(),
            Self::Stats(args) => args.json,
            Self::Diff(args) => args.json,
            Self::Convert(args) => args.json,
            Self::Migrate(args) => args.json,
            Self::Repair(args) => args.json,
            Self::Import(args) => args.json,
            Self::Completions(_) => false,
        }
    }
}
