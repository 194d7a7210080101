//! What each of the programs needs besides its work: arguments, and errors that people can read.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitCode, exit};

use crate::location;

/// The arguments of the program, at most so many, none of them an option. Otherwise, or if help is
/// asked for, prints the usage and ends the program.
#[must_use]
pub fn arguments(usage: &str, most: usize) -> Vec<OsString> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{usage}");
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
    eprint!("error: {problem}\n\n{usage}");
    exit(2)
}

/// The exit code of the program. An error is printed with what caused it: a `main` that returns it
/// would print its `Debug` form, which is for programmers.
#[must_use]
pub fn finish(result: Result<(), Box<dyn Error>>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  cause: {error}");
        cause = error.source();
    }
    ExitCode::FAILURE
}
