//! What `#[derive(Persist)]` accepts and refuses: the cases in `tests/ui`, one rule a file.
//!
//! Each case is compiled as a program of its own. In those under `fail`, comments say what is
//! expected, and nothing else may go wrong:
//!
//! - `//~ ERROR text`: an error on this line whose message or label has this text; with `//~^`, on
//!   the line above (one `^` for each line);
//! - `//~? text`: this text stands anywhere in the output, as in a help or a note.
//!
//! Those under `pass` must compile without a warning. Attribute macros for both are in `macros`. Whole outputs aren't compared: they change
//! with every compiler.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

/// What the compiler said about one case.
#[derive(Default)]
struct Outcome {
    compiled: bool,
    /// Errors, and warnings too.
    diagnostics: Vec<Diagnostic>,
}

struct Diagnostic {
    is_error: bool,
    /// The message with the labels of its primary spans.
    text: String,
    /// The lines of its primary spans, and of the macro calls around them.
    lines: Vec<usize>,
    rendered: String,
}

/// A `//~` comment.
#[derive(Debug, PartialEq)]
enum Expectation {
    Error { line: usize, text: String },
    Anywhere { text: String },
}

#[test]
fn accepted_types_compile_without_a_warning() {
    let cases = cases("pass");
    let outcomes = compile(&cases, "pass");
    report(outcomes.iter().flat_map(|(name, outcome)| problems_of_pass(name, outcome)));
}

#[test]
fn refused_types_fail_with_the_right_message_on_the_right_line() {
    let cases = cases("fail");
    let outcomes = compile(&cases, "fail");
    report(cases.iter().flat_map(|(name, source)| problems_of_fail(name, source, &outcomes[name])));
    for (name, source) in &cases {
        for broken in broken_expectations(source) {
            let problems = problems_of_fail(name, &broken, &outcomes[name]);
            assert!(!problems.is_empty(), "{name}: a wrong expectation went unnoticed:\n{broken}");
        }
        assert!(!problems_of_pass(name, &outcomes[name]).is_empty(), "{name} failed to fail");
    }
}

#[test]
fn expectations_are_read_from_comments() {
    let source = "struct A; //~ ERROR one //~ ERROR two\n//~^ ERROR three\n//~? four\n";
    let error = |line, text: &str| Expectation::Error { line, text: text.to_owned() };
    let anywhere = Expectation::Anywhere { text: "four".to_owned() };
    assert_eq!(
        expectations(source),
        [error(1, "one"), error(1, "two"), error(1, "three"), anywhere]
    );
}

#[test]
fn an_outcome_that_differs_from_the_expectation_is_a_problem() {
    let problems = |source: &str| problems_of_fail("case", source, &one_error_on_line_2("padding"));
    assert!(problems("\nx //~ ERROR padding").is_empty());
    assert!(problems("\nx //~ ERROR padding\n//~? rendered").is_empty());
    assert_eq!(problems("\nx //~ ERROR reference").len(), 2, "one missing, one surplus");
    assert_eq!(problems("x //~ ERROR padding").len(), 2, "the wrong line");
    assert_eq!(problems("\nx").len(), 1, "surplus");
    assert_eq!(problems("\nx //~ ERROR padding //~ ERROR padding").len(), 1, "missing");
    assert_eq!(problems("\nx //~ ERROR padding\n//~? nowhere").len(), 1);

    let compiled = Outcome { compiled: true, diagnostics: Vec::new() };
    assert_eq!(problems_of_fail("case", "", &compiled).len(), 1);
    assert!(problems_of_pass("case", &compiled).is_empty());
    assert_eq!(problems_of_pass("case", &Outcome::default()).len(), 1);
}

fn one_error_on_line_2(text: &str) -> Outcome {
    let rendered = "rendered".to_owned();
    let error = Diagnostic { is_error: true, text: text.to_owned(), lines: vec![2], rendered };
    Outcome { compiled: false, diagnostics: vec![error] }
}

/// The name and source of every case in a directory.
fn cases(kind: &str) -> BTreeMap<String, String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui").join(kind);
    let files = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
    let sources = files.filter(|path| path.extension() == Some(OsStr::new("rs"))).map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(&path).unwrap())
    });
    let cases: BTreeMap<_, _> = sources.collect();
    assert!(!cases.is_empty(), "no cases in {}", directory.display());
    cases
}

/// Compiles each case as a binary of one package, with the compiler that compiles these tests.
fn compile(cases: &BTreeMap<String, String>, kind: &str) -> BTreeMap<String, Outcome> {
    let package = package(cases, kind);
    let output = Command::new(env::var_os("CARGO").expect("cargo runs these tests"))
        // The configuration of the workspace counts, wherever the target directory is.
        .current_dir(workspace())
        .args(["check", "--offline", "--bins", "--keep-going", "--message-format=json"])
        .arg("--manifest-path")
        .arg(package.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui-target"))
        // Warnings must stay warnings, and the cases are not measured.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .output()
        .unwrap();
    let outcomes = outcomes(cases, &String::from_utf8(output.stdout).unwrap());
    let silent = outcomes.values().all(|case| !case.compiled && case.diagnostics.is_empty());
    assert!(
        !silent,
        "cargo did not come to the cases:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    outcomes
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Writes a package of the cases, and touches only what changed.
fn package(cases: &BTreeMap<String, String>, kind: &str) -> PathBuf {
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui").join(kind);
    let bins = package.join("src/bin");
    fs::create_dir_all(&bins).unwrap();
    write(&package.join("Cargo.toml"), &manifest(kind));
    write(
        &package.join("Cargo.lock"),
        &fs::read_to_string(workspace().join("Cargo.lock")).unwrap(),
    );
    for entry in fs::read_dir(&bins).unwrap() {
        let path = entry.unwrap().path();
        if !cases.contains_key(path.file_stem().unwrap().to_str().unwrap()) {
            fs::remove_file(path).unwrap();
        }
    }
    for (name, source) in cases {
        write(&bins.join(name).with_extension("rs"), source);
    }
    package
}

fn manifest(kind: &str) -> String {
    let core = workspace().join("persist-core");
    let macros = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/macros");
    format!(
        "[package]\nname = \"ui-{kind}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\
         [workspace]\n\
         [dependencies]\n\
         persist-core = {{ path = {core:?} }}\n\
         bytemuck = {{ version = \"1\", features = [\"min_const_generics\"] }}\n\
         ui-macros = {{ path = {macros:?} }}\n"
    )
}

fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::write(path, text).unwrap();
}

/// Sorts cargo's messages by case.
fn outcomes(cases: &BTreeMap<String, String>, stdout: &str) -> BTreeMap<String, Outcome> {
    let mut outcomes: BTreeMap<_, _> =
        cases.keys().map(|name| (name.clone(), Outcome::default())).collect();
    for line in stdout.lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        let is_case = message["target"]["kind"][0] == "bin";
        let name = message["target"]["name"].as_str().filter(|_| is_case);
        let Some(outcome) = name.and_then(|name| outcomes.get_mut(name)) else { continue };
        match message["reason"].as_str() {
            Some("compiler-artifact") => outcome.compiled = true,
            Some("compiler-message") => {
                // The compiler repeats itself, and cargo keeps it from the user.
                let new = |it: &Diagnostic| {
                    outcome.diagnostics.iter().all(|old| old.rendered != it.rendered)
                };
                let diagnostic = diagnostic(&message["message"]).filter(new);
                outcome.diagnostics.extend(diagnostic);
            }
            _ => {}
        }
    }
    outcomes
}

/// An error or a warning; `None` for the summary at the end.
fn diagnostic(message: &Value) -> Option<Diagnostic> {
    let level = message["level"].as_str()?;
    let spans: Vec<_> = message["spans"].as_array()?.iter().collect();
    if !level.starts_with("error") && level != "warning" || spans.is_empty() {
        return None;
    }
    let primary = || spans.iter().filter(|span| span["is_primary"] == true);
    let labels = primary().filter_map(|span| span["label"].as_str());
    let text = message["message"].as_str().into_iter().chain(labels).collect::<Vec<_>>().join("\n");
    Some(Diagnostic {
        is_error: level != "warning",
        text,
        lines: primary().flat_map(lines).collect(),
        rendered: message["rendered"].as_str().unwrap_or_default().to_owned(),
    })
}

/// The lines of a span, and of the macro calls that it came from.
fn lines(span: &&Value) -> Vec<usize> {
    let mut lines = Vec::new();
    let mut span = *span;
    while let (Some(file), Some(line)) = (span["file_name"].as_str(), span["line_start"].as_u64()) {
        if file.starts_with("src") {
            lines.push(line as usize);
        }
        span = &span["expansion"]["span"];
    }
    lines
}

fn expectations(source: &str) -> Vec<Expectation> {
    let lines = source.lines().enumerate();
    lines
        .flat_map(|(i, line)| line.split("//~").skip(1).map(move |text| expectation(text, i + 1)))
        .collect()
}

fn expectation(comment: &str, line: usize) -> Expectation {
    let comment = comment.trim();
    if let Some(text) = comment.strip_prefix('?') {
        return Expectation::Anywhere { text: text.trim().to_owned() };
    }
    let above = comment.len() - comment.trim_start_matches('^').len();
    let text = comment[above..].trim().strip_prefix("ERROR");
    let text = text.unwrap_or_else(|| panic!("not an expectation: //~{comment}")).trim();
    assert!(!text.is_empty(), "an expectation without a text: //~{comment}");
    Expectation::Error { line: line - above, text: text.to_owned() }
}

/// The source with each of its expectations made wrong in turn.
fn broken_expectations(source: &str) -> Vec<String> {
    let at = source.match_indices("//~").map(|(at, _)| at);
    at.map(|at| {
        let end = source[at..].find('\n').map_or(source.len(), |end| at + end);
        format!("{} nobody says this{}", &source[..end], &source[end..])
    })
    .collect()
}

fn problems_of_pass(name: &str, outcome: &Outcome) -> Vec<String> {
    let mut problems: Vec<_> =
        outcome.diagnostics.iter().map(|it| format!("{name}: {}", it.rendered)).collect();
    if !outcome.compiled && problems.is_empty() {
        problems.push(format!("{name}: did not compile"));
    }
    problems
}

fn problems_of_fail(name: &str, source: &str, outcome: &Outcome) -> Vec<String> {
    let mut problems = Vec::new();
    if outcome.compiled {
        problems.push(format!("{name}: compiled, but must not"));
    }
    let mut surplus: Vec<_> = outcome.diagnostics.iter().filter(|it| it.is_error).collect();
    for expectation in expectations(source) {
        let found = match &expectation {
            Expectation::Error { line, text } => {
                let is_it = |it: &&Diagnostic| it.lines.contains(line) && it.text.contains(text);
                let found = surplus.iter().position(is_it);
                found.map(|index| surplus.remove(index)).is_some()
            }
            Expectation::Anywhere { text } => {
                outcome.diagnostics.iter().any(|it| it.rendered.contains(text))
            }
        };
        if !found {
            problems.push(format!("{name}: expected, but not found: {expectation:?}"));
        }
    }
    problems.extend(surplus.iter().map(|it| format!("{name}: not expected: {}", it.rendered)));
    problems
}

fn report(problems: impl Iterator<Item = String>) {
    let problems: Vec<_> = problems.collect();
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}
