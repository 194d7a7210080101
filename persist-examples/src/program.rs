//! What each of the programs needs besides its work: arguments, and errors that people can read.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, exit};

use persist_core::{FileInfo, Mode};

use crate::location;

/// The arguments of the program, at most so many, none of them an option. Otherwise, or if help is
/// asked for, prints the usage and ends the program.
#[must_use]
pub fn arguments(usage: &str, most: usize) -> Vec<OsString> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        // Nobody is left to be told that it can't be printed.
        let _ = io::stdout().write_all(usage.as_bytes());
        exit(0);
    }
    // A file whose name begins with a dash can be given as `./-name`.
    let option = arguments.iter().find(|argument| argument.to_string_lossy().starts_with('-'));
    if let Some(option) = option {
        misused(usage, &format!("unknown option `{}`", option.to_string_lossy()));
    }
    if arguments.len() > most {
        misused(usage, &format!("expected at most {most} arguments, found {}", arguments.len()));
    }
    arguments
}

/// The two arguments of an example: its file, by default one of this name, and how much to do.
#[must_use]
pub fn file_and_amount(usage: &str, file_name: &str, amount: usize) -> (PathBuf, usize) {
    let mut arguments = arguments(usage, 2).into_iter();
    let path = arguments.next().map(PathBuf::from);
    let amount = match arguments.next() {
        None => amount,
        Some(text) => text.to_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| {
            misused(usage, &format!("expected a number, found `{}`", text.to_string_lossy()))
        }),
    };
    (path.unwrap_or_else(|| location::output_file(file_name)), amount)
}

fn misused(usage: &str, problem: &str) -> ! {
    complain(&format!("error: {problem}\n\n{usage}"));
    exit(2)
}

/// Prints a text for errors. `eprint!` would panic where nobody reads it.
pub fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// A file that exists keeps its mode, and this one has another than the examples are about.
#[derive(Debug, thiserror::Error)]
#[error("`{}` was created in mode {mode:?}, expected {:?}: remove it, or name another file", path.display(), Mode::Atomic)]
pub struct OtherMode {
    path: PathBuf,
    mode: Mode,
}

/// Refuses a file in which a commit isn't atomic.
///
/// # Errors
///
/// Where it is one.
pub fn check_mode(path: &Path, info: &FileInfo) -> Result<(), OtherMode> {
    match info.mode {
        Mode::Atomic => Ok(()),
        mode => Err(OtherMode { path: path.into(), mode }),
    }
}

/// The exit code of the program. An error is printed with what caused it: a `main` that returns it
/// would print its `Debug` form, which is for programmers.
///
/// An [`io::Error`] is taken for one of printing; those of files and processes come inside of others. A reader
/// that has seen enough, such as `head`, is no failure.
#[must_use]
pub fn finish(result: Result<(), Box<dyn Error>>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    let mut text = match error.downcast_ref::<io::Error>() {
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        Some(error) => format!("error: can't print: {error}\n"),
        None => format!("error: {error}\n"),
    };
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!("  cause: {error}\n");
        cause = error.source();
    }
    complain(&text);
    ExitCode::FAILURE
}
