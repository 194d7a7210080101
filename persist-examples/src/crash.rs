//! A crash for the examples to come through: the program is started once more, and killed at work.

use std::env;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// Set in the environment of a process that is started to be killed.
pub const VICTIM: &str = "PERSIST_EXAMPLES_VICTIM";

/// Why there was no crash.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrashError {
    /// The process can't be started, heard or killed.
    #[error("can't start this program once more, and kill it")]
    System(#[from] io::Error),
    /// The process ended before it was killed, and said why.
    #[error("the process that was to be killed ended by itself: {0}")]
    Ended(ExitStatus),
    /// The process said something else than the program expected.
    #[error("the process that was killed said {0:?}")]
    Said(String),
}

/// Whether this process was started to be killed.
#[must_use]
pub fn is_victim() -> bool {
    env::var_os(VICTIM).is_some()
}

/// Starts this program once more, to work on a file, and kills it: see [`kill`].
///
/// # Errors
///
/// Where it can't be started, or ends by itself.
pub fn kill_self(file: &Path, enough: impl FnMut(&str) -> bool) -> Result<String, CrashError> {
    kill(&env::current_exe()?, file, enough)
}

/// Starts a program as a victim that works on a file, and kills it (on Unix with SIGKILL, which no
/// program can prepare for) once it has printed a line that is `enough`. Returns the last line it printed.
///
/// Should this process come to an end before, the victim finds its standard input and output closed.
///
/// # Errors
///
/// Where it can't be started, or ends by itself.
pub fn kill(
    program: &Path,
    file: &Path,
    mut enough: impl FnMut(&str) -> bool,
) -> Result<String, CrashError> {
    let mut command = Command::new(program);
    command.arg(file).env(VICTIM, "1").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut victim = command.spawn()?;
    let output = victim.stdout.take().expect("it was asked for");
    let mut lines = BufReader::new(output).lines();

    let mut last = loop {
        match lines.next() {
            Some(line) => {
                let line = line?;
                if enough(&line) {
                    break line;
                }
            }
            None => return Err(CrashError::Ended(victim.wait()?)),
        }
    };
    victim.kill()?;
    // What it printed while the line above was read.
    for line in lines {
        last = line?;
    }
    victim.wait()?;
    Ok(last)
}
