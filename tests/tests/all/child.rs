//! This binary once more, as another process that runs one test in another role.
//!
//! Such a test is one function: it begins with what the other process does ([`task`]), and goes on
//! with what starts that one ([`start`]) and looks at it from outside. The two speak by lines: the
//! child [`say`]s them.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

const ROLE: &str = "PERSIST_TEST_ROLE";
const FILE: &str = "PERSIST_TEST_FILE";
/// The command that runs programs of this machine, where the system can't: an emulator and its arguments.
const RUNNER: &str = "PERSIST_TEST_RUNNER";
/// What distinguishes a line of the child from those of the test harness.
const MARK: &str = "@ ";

/// In the other process: its role, and the path it was given.
pub(crate) fn task() -> Option<(String, PathBuf)> {
    let role = std::env::var(ROLE).ok()?;
    Some((role, std::env::var_os(FILE)?.into()))
}

/// In the other process: says something to the one that started it.
pub(crate) fn say(line: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    // Past the harness, which may have left an unfinished line.
    write!(out, "\n{MARK}{line}\n").unwrap();
    out.flush().unwrap();
}

/// In the other process: waits for the one that started it to [`release`](Child::release) it.
pub(crate) fn wait_for_release() {
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// Another process, killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Child {
    process: std::process::Child,
    stdin: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
}

/// The words of the command that runs this program, before its own name.
fn runner() -> Vec<OsString> {
    let words = std::env::var(RUNNER).unwrap_or_default();
    words.split_whitespace().map(OsString::from).collect()
}

/// Whether this program runs in an emulator, which has limits of its own and is slow. Says aloud that a test is skipped
/// there.
#[cfg(target_os = "linux")]
pub(crate) fn skips_in_emulator(test: &str, reason: &str) -> bool {
    let emulated = !runner().is_empty();
    if emulated {
        crate::support::skip(test, reason);
    }
    emulated
}

/// Starts the test of this name in this role.
pub(crate) fn start(test: &str, role: &str, file: &Path) -> Child {
    start_under::<&str>(&[], test, role, file)
}

/// As [`start`], through a program that runs its last arguments as a command.
pub(crate) fn start_under<S: AsRef<OsStr>>(
    wrapper: &[S],
    test: &str,
    role: &str,
    file: &Path,
) -> Child {
    let this = std::env::current_exe().unwrap();
    let runner = runner();
    let mut words = wrapper
        .iter()
        .map(AsRef::as_ref)
        .chain(runner.iter().map(AsRef::as_ref))
        .chain([this.as_os_str()]);
    let mut process = Command::new(words.next().unwrap())
        .args(words)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env(FILE, file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = process.stdin.take();
    let lines = BufReader::new(process.stdout.take().unwrap());
    Child { process, stdin, lines }
}

impl Child {
    /// What the child says next, or `None` when it has ended.
    pub(crate) fn hear(&mut self) -> Option<String> {
        let mut line = Vec::new();
        loop {
            line.clear();
            // A line that was cut off was not said.
            if self.lines.read_until(b'\n', &mut line).unwrap() == 0 || line.pop() != Some(b'\n') {
                return None;
            }
            if let Some(said) = line.strip_prefix(MARK.as_bytes()) {
                return Some(String::from_utf8(said.into()).unwrap());
            }
        }
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str) {
        assert_eq!(self.hear().as_deref(), Some(line), "the other process has failed");
    }

    /// Lets [`wait_for_release`] return.
    pub(crate) fn release(&mut self) {
        self.stdin = None;
    }

    /// Ends the process as no process can prepare for: by SIGKILL where there is such a thing.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        self.process.wait().unwrap();
    }

    /// Waits for the end of the process.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.release();
        self.process.wait().unwrap()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}
