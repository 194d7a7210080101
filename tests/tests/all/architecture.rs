//! Holds ARCHITECTURE.md against the source of `persist-core`: which files may have `unsafe`, and which
//! modules may use which.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// For each module of the core, the modules it may use, children included.
const MAY_USE: &[(&str, &[&str])] = &[
    ("advice", &[]),
    ("byte_order", &[]),
    ("checksum", &[]),
    ("dirty", &[]),
    ("layout", &[]),
    ("mode", &[]),
    ("mutant", &[]),
    ("overlay", &[]),
    ("persist", &["layout"]),
    ("elements", &["layout", "persist"]),
    ("foreign", &["layout", "persist"]),
    ("descriptor", &["byte_order", "elements", "layout", "persist"]),
    ("evolve", &["byte_order", "descriptor", "elements", "layout", "persist"]),
    ("error", &["byte_order", "descriptor", "evolve", "mode"]),
    ("header", &["checksum", "error", "layout", "mode"]),
    ("journal", &["checksum", "error", "header", "mutant"]),
    ("storage", &["mapping"]),
    ("mapping", &["advice", "layout", "storage"]),
    ("lock", &["error"]),
    (
        "store",
        &[
            "checksum", "error", "header", "journal", "lock", "mapping", "mode", "mutant",
            "overlay", "storage",
        ],
    ),
    ("temporary", &["error", "lock"]),
    ("open", &["error", "header", "lock", "mode", "storage", "store", "temporary"]),
    ("info", &["descriptor", "error", "mode", "store"]),
    ("typed", &["descriptor", "error", "evolve", "header", "layout", "mode", "persist", "store"]),
    (
        "raw",
        &[
            "advice", "dirty", "error", "header", "journal", "mapping", "mode", "mutant",
            "storage", "store",
        ],
    ),
    ("validate", &["error", "persist", "store", "typed"]),
    ("snapshot", &["advice", "error", "journal", "lock", "mapping", "storage", "store"]),
    ("slice", &["advice", "error", "info", "options", "persist", "snapshot", "store", "validate"]),
    ("any", &["descriptor", "error", "info", "lock", "open", "snapshot", "store", "typed"]),
    (
        "writer",
        &[
            "any",
            "descriptor",
            "error",
            "header",
            "lock",
            "mode",
            "open",
            "persist",
            "storage",
            "temporary",
        ],
    ),
    (
        "verify",
        &[
            "byte_order",
            "descriptor",
            "error",
            "header",
            "journal",
            "lock",
            "mode",
            "open",
            "snapshot",
            "storage",
            "store",
            "typed",
        ],
    ),
    (
        "repair",
        &[
            "error",
            "header",
            "journal",
            "lock",
            "mapping",
            "mode",
            "snapshot",
            "storage",
            "store",
            "temporary",
            "verify",
        ],
    ),
    ("transfer", &["any", "error", "evolve", "writer"]),
    (
        "migrate",
        &[
            "any",
            "byte_order",
            "descriptor",
            "error",
            "evolve",
            "layout",
            "persist",
            "transfer",
            "typed",
            "vec",
            "writer",
        ],
    ),
    ("vec", &["advice", "error", "info", "options", "persist", "raw", "slice", "validate"]),
    (
        "options",
        &[
            "error", "header", "layout", "lock", "mode", "open", "persist", "raw", "slice",
            "store", "typed", "vec",
        ],
    ),
];

fn core_source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../persist-core/src")
}

/// The files of the core that are compiled into programs, by their path below `src`, with their text.
fn files() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut directories = vec![core_source()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name =
                path.strip_prefix(core_source()).unwrap().to_str().unwrap().replace('\\', "/");
            if path.is_dir() {
                directories.push(path);
            } else if !name.contains("tests") {
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 30, "found only {} files", found.len());
    found
}

#[test]
fn unsafe_is_where_the_architecture_says() {
    let architecture =
        fs::read_to_string(core_source().join("../../ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let table = architecture.split("## Where `unsafe` is").nth(1).expect("the section on unsafe");
    let files = files();
    let forbids = |name: &str| {
        files.iter().any(|(file, text)| file == name && text.contains("#![forbid(unsafe_code)]"))
    };
    for (name, text) in files.iter().filter(|(name, _)| name != "lib.rs") {
        // A module forbids for those below it, too.
        let directory = name.split_once('/').map_or("", |(directory, _)| directory);
        let forbids = forbids(name) || forbids(&format!("{directory}.rs"));
        let is_listed =
            table.contains(&format!("`{name}`")) || table.contains(&format!("`{directory}/*`"));
        assert!(!(forbids && is_listed), "{name} forbids unsafe, but is listed as having it");
        assert!(
            forbids || is_listed || !text.contains("unsafe"),
            "{name} has unsafe, but isn't listed"
        );
        let is_parent = text.lines().any(|line| line.starts_with("mod "));
        assert!(forbids || is_listed || is_parent, "{name} should forbid unsafe");
    }
}

#[test]
fn layers_point_one_way() {
    let modules: BTreeSet<&str> = MAY_USE.iter().map(|(module, _)| *module).collect();
    let mut uses = BTreeSet::new();
    for (name, text) in files().iter().filter(|(name, _)| name != "lib.rs") {
        let module = name.split(['/', '.']).next().unwrap();
        let (_, may_use) = MAY_USE
            .iter()
            .find(|(known, _)| *known == module)
            .unwrap_or_else(|| panic!("{name} belongs to no layer: add it to this test"));
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for used in code.flat_map(|line| line.split("crate::").skip(1)) {
            let used: Vec<&str> = match used.strip_prefix('{') {
                Some(list) => list.split([',', '}', ' ']).collect(),
                None => vec![used],
            };
            for used in used {
                let used = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                assert!(
                    !modules.contains(used) || used == module || may_use.contains(&used),
                    "{name} may not use `{used}`"
                );
                uses.insert((module.to_owned(), used.to_owned()));
            }
        }
    }
    for (module, used) in MAY_USE.iter().flat_map(|(m, used)| used.iter().map(move |u| (m, u))) {
        let is_used = uses.contains(&((*module).to_owned(), (*used).to_owned()));
        assert!(is_used, "{module} may use `{used}`, and doesn't: take it off this list");
    }
}
