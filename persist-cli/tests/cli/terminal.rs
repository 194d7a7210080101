//! What the output looks like where, and what happens when nobody reads it.

use std::io::Read;
use std::process::Stdio;

use crate::support::*;

const ESCAPE: char = '\u{1b}';

#[track_caller]
fn check_colors(environment: &[(&str, &str)], args: &[&str], expected: bool) {
    let path = golden("everything.pv");
    for command in ["inspect", "stats"] {
        let output = persist()
            .args(args)
            .arg(command)
            .arg(&path)
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.contains(ESCAPE), expected, "{command} {args:?} {environment:?}");
    }
}

#[test]
fn colors_only_where_they_are_wanted() {
    check_colors(&[], &[], false);
    check_colors(&[], &["--color", "always"], true);
    check_colors(&[], &["--color", "never"], false);
    check_colors(&[("CLICOLOR_FORCE", "1")], &[], true);
    check_colors(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], &["--color", "never"], false);
    check_colors(&[("NO_COLOR", "1")], &[], false);
}

#[test]
fn lines_in_ascii_where_the_locale_is() {
    for command in ["inspect", "stats"] {
        let output =
            persist().arg(command).arg(golden("numbers.pv")).env("LC_ALL", "C").output().unwrap();
        assert!(output.stdout.is_ascii(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn pictures_suit_narrow_terminals() {
    for file in golden_files() {
        for columns in [1, 38, 40, 60, 80, 200] {
            let output = persist()
                .arg("inspect")
                .arg(&file)
                .env("COLUMNS", columns.to_string())
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let drawn = text.lines().filter(|line| line.contains(['│', '┌', '└', '├']));
            for line in drawn {
                assert!(line.chars().count() <= columns.max(38), "{}: {line}", file.display());
            }
        }
    }
}

/// Runs a command whose output is closed after so many bytes.
#[track_caller]
fn check_closed(args: &[&std::ffi::OsStr], read_bytes: usize) {
    let mut command = persist();
    command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut vec![0; read_bytes]).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{args:?}");
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let directory = tempfile::tempdir().unwrap();
    let numbers: Vec<u32> = (0..500_000).collect();
    let path = file_of(directory.path(), "numbers.pv", &numbers);
    for read_bytes in [0, 100] {
        check_closed(args!["dump", path], read_bytes);
        check_closed(args!["dump", path, "--csv"], read_bytes);
        check_closed(args!["dump", path, "--table"], read_bytes);
    }
    check_closed(args!["stats", path], 0);
    check_closed(args!["stats", path, "--json"], 0);
    check_closed(args!["inspect", path], 0);
    check_closed(args!["inspect", path, "--rust"], 0);
    check_closed(args!["diff", path, path], 0);
    check_closed(args!["completions", "zsh"], 0);
}

#[test]
fn a_full_disk_under_the_output_is_an_error() {
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else { return };
    let output = persist()
        .args(args!["dump", golden("numbers.pv")])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn help_has_an_example_for_each_command() {
    let help = stdout_of(0, args!["--help"]);
    assert!(help.contains("Exit codes:"), "{help}");
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    // Long summaries go on in the next line.
    let commands = commands.filter(|line| !line.starts_with("   "));
    let names: Vec<_> = commands.map(|line| line.split_whitespace().next().unwrap()).collect();
    assert!(names.len() > 6, "{names:?}");
    for name in names.into_iter().filter(|name| *name != "help") {
        let help = stdout_of(0, args![name, "--help"]);
        assert!(help.contains("Example"), "{help}");
        assert!(help.lines().all(|line| line.len() <= 100), "{help}");
    }
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout_of(0, args!["completions", shell]);
        assert!(script.contains("inspect") && script.contains("migrate"), "{shell}");
    }
}
