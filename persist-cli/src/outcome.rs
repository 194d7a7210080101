//! How the program ends.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anstyle::AnsiColor;
use persist_core::Error;

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

/// The exit code, after printing the error if there is one. A reader of our output that has seen enough, such
/// as `head`, is no failure.
pub(crate) fn finish(result: anyhow::Result<Outcome>) -> ExitCode {
    let error = match result {
        Ok(Outcome::Yes) => return ExitCode::SUCCESS,
        Ok(Outcome::No) => return ExitCode::from(1),
        Err(error) => error,
    };
    if is_broken_pipe(&error) {
        return ExitCode::SUCCESS;
    }
    complain(&error);
    ExitCode::from(2)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|it| it.kind() == io::ErrorKind::BrokenPipe)
}

/// Prints an error with what caused it. `eprintln!` would panic where nobody reads it.
pub(crate) fn complain(error: &anyhow::Error) {
    let style = AnsiColor::Red.on_default().bold();
    let mut text = format!("{style}error:{style:#} ");
    // The library tells a program which call would help: nothing for people who call none.
    if let Some(Error::Io { action, path, source, .. }) = error.downcast_ref() {
        let _ = writeln!(text, "can't {action} `{}`: {source}", path.display());
        let _ = anstream::stderr().write_all(text.as_bytes());
        return;
    }
    let _ = writeln!(text, "{error}");
    for cause in error.chain().skip(1) {
        // Writing to a String does not fail.
        let _ = writeln!(text, "  caused by: {cause}");
    }
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Prints a remark beside the output.
pub(crate) fn warn(text: impl std::fmt::Display) {
    let style = AnsiColor::Yellow.on_default().bold();
    let text = format!("{style}warning:{style:#} {text}\n");
    let _ = anstream::stderr().write_all(text.as_bytes());
}
