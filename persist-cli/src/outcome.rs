//! How the program ends, and what it says beside its output.

use std::fmt::{Display, Write as _};
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};
use persist_core::Error;
use serde_json::json;

use crate::terminal::{self, shown};

/// What the answer of a command is, where it came to one. An error is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done, or there is nothing to complain about.
    Yes,
    /// Findings, differences, values that are none, a refusal: the command said which.
    No,
}

impl Outcome {
    /// `Yes` exactly where there is nothing to complain about.
    pub(crate) fn yes_if(is_fine: bool) -> Self {
        if is_fine { Self::Yes } else { Self::No }
    }
}

/// What was asked for is done, and the report of it can't be printed.
#[derive(Debug, thiserror::Error)]
#[error("{done}, but the report of that can't be printed")]
pub(crate) struct Unreported {
    /// What became of which file.
    done: String,
    source: anyhow::Error,
}

/// Sees to it that something that is done is told all the same where its report wasn't printed. Whether somebody reads
/// it is no matter.
pub(crate) fn done(printed: anyhow::Result<()>, done: impl Display) -> anyhow::Result<()> {
    terminal::even_if_closed(printed)
        .map_err(|source| Unreported { done: done.to_string(), source }.into())
}

/// Whether what is said beside the output is for programs.
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// Decides for everything that the process says beside its output.
pub(crate) fn speak_json(is_json: bool) {
    IS_JSON.store(is_json, Ordering::Relaxed);
}

/// The exit code, after printing the error if there is one. A reader of our output that has seen enough, such
/// as `head`, is no failure.
pub(crate) fn finish(result: anyhow::Result<Outcome>) -> ExitCode {
    let error = match result {
        Ok(Outcome::Yes) => return ExitCode::SUCCESS,
        Ok(Outcome::No) => return ExitCode::from(1),
        Err(error) => error,
    };
    if terminal::is_broken_pipe(&error) {
        return ExitCode::SUCCESS;
    }
    complain(&error);
    ExitCode::from(if error.is::<Unreported>() { 3 } else { 2 })
}

/// Prints an error with what caused it.
pub(crate) fn complain(error: &anyhow::Error) {
    say(ERROR, &in_words(error));
}

/// An error with what caused it, for people. The library tells a program which call would help: nothing for those who
/// call none.
pub(crate) fn in_words(error: &anyhow::Error) -> String {
    match error.downcast_ref() {
        Some(Error::Io { action, path, source, .. }) => {
            return format!("can't {action} `{}`: {source}", shown(path));
        }
        Some(Error::AlreadyExists { path, .. }) => {
            return format!("`{}` already exists: choose another name, or remove it", shown(path));
        }
        Some(Error::Misfit { path, fault, .. }) => {
            return format!(
                "`{}` can't be converted: {fault}: change that value first",
                shown(path)
            );
        }
        _ => {}
    }
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        // Writing to a String does not fail.
        let _ = write!(text, "\n  caused by: {cause}");
    }
    text
}

/// Prints a remark beside the output: something may not be as it was meant.
pub(crate) fn warn(text: impl Display) {
    say(("warning", AnsiColor::Yellow.on_default().bold()), &text.to_string());
}

/// Prints a remark beside the output that is worth knowing.
pub(crate) fn note(text: impl Display) {
    say(("note", Style::new().bold()), &text.to_string());
}

const ERROR: (&str, Style) = ("error", AnsiColor::Red.on_default().bold());

/// Prints something beside the output: a line for people, or an object of JSON on a line. `eprintln!` would panic where
/// nobody reads it.
fn say((kind, style): (&str, Style), text: &str) {
    let line = match IS_JSON.load(Ordering::Relaxed) {
        true => terminal::escaped(&json!({ kind: text }).to_string()),
        false => format!("{style}{kind}:{style:#} {text}\n"),
    };
    let _ = anstream::stderr().write_all(line.as_bytes());
}

/// Prints what is wrong with the command line, or its help, and gives the exit code. Nobody knows yet what was asked for,
/// so `--json` counts wherever it stands.
pub(crate) fn misused(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args_os().any(|arg| arg == "--json") {
        speak_json(true);
        let text = error.to_string();
        let text = text.trim_end();
        say(ERROR, text.strip_prefix("error: ").unwrap_or(text));
    } else {
        // Where nobody reads it nothing can be done.
        let _ = error.print();
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}
