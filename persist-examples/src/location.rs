//! Where the examples find their data, and leave their files.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The weather data that comes with the package.
#[must_use]
pub fn weather_csv() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data/nyc_weather_2013.csv"))
}

/// Where an example keeps the file of this name when it is told nothing else: in
/// `target/persist-examples/` of the workspace or, where that can't be written, in the system's
/// directory for temporary files. The directory exists; the file may.
#[must_use]
pub fn output_file(name: &str) -> PathBuf {
    let directory = target_directory().map(|target| target.join("persist-examples"));
    match directory.filter(|directory| is_writable(directory)) {
        Some(directory) => directory.join(name),
        None => env::temp_dir().join(format!("persist-{name}")),
    }
}

/// Cargo's `target` directory, unless the program was moved to a machine without the workspace.
fn target_directory() -> Option<PathBuf> {
    if let Some(target) = env::var_os("CARGO_TARGET_DIR") {
        return Some(PathBuf::from(target));
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    workspace.join("Cargo.toml").is_file().then(|| workspace.join("target"))
}

/// Whether files can be made in a directory, which is created if it is not there. Tried, not asked:
/// permissions don't tell of read-only file systems.
fn is_writable(directory: &Path) -> bool {
    let probe = directory.join(format!(".writable-{}", std::process::id()));
    let created = fs::create_dir_all(directory).and_then(|()| File::create_new(&probe));
    created.and_then(|_| fs::remove_file(&probe)).is_ok()
}
