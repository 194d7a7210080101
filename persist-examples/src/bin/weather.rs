//! A year of hourly weather in New York: from CSV into a typed vector, and what can be done with it.

#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use persist_core::MmapSlice;
use persist_examples::crash::CrashError;
use persist_examples::weather::{self, Contents, JobError, Observation};
use persist_examples::{crash, location, program};

const USAGE: &str = "\
usage: weather [CSV [FILE]]
       weather --read FILE

  CSV    observations to import; by default those that come with the example
  FILE   the persist file to fill; by default one under target/persist-examples/

A FILE that an earlier run made is filled anew; any other is left alone. With --read it is only looked at.
";

const WHAT_NEXT: &str = "
What next
  run it again         the file is opened, checked, and filled anew
  change the struct    swap the fields `month` and `day` of `Observation` in persist-examples/src/weather.rs
                       and run it again: the file is refused, and you are told why
  simulate in a file   cargo run --release -p persist-examples --bin particles
  record, and crash    cargo run --release -p persist-examples --bin ticks
  run the tests        cargo test --workspace
";

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    if let (Some("--read"), Some(file), None) =
        (arguments.next().as_deref().and_then(OsStr::to_str), arguments.next(), arguments.next())
    {
        return program::finish(read(file.as_ref()));
    }
    let mut paths = program::arguments(USAGE, 2).into_iter().map(PathBuf::from);
    if crash::is_victim() {
        return program::finish(work_until_killed(&paths.next().unwrap_or_default()));
    }
    let csv = paths.next().unwrap_or_else(location::weather_csv);
    let file = paths.next().unwrap_or_else(|| location::output_file("weather.pv"));

    let result = weather::run(&csv, &file, kill_at_work);
    let is_other_layout =
        matches!(result, Err(JobError::Persist(persist_core::Error::Layout { .. })));
    let code = program::finish(result.map_err(Into::into).and_then(|report| {
        io::stdout().write_all(format!("{report}{WHAT_NEXT}").as_bytes())?;
        Ok(())
    }));
    if is_other_layout {
        program::complain(
            "the file was not changed: to import into a new one, remove it, or name another\n",
        );
    }
    code
}

/// Says what is in a file.
fn read(file: &Path) -> Result<(), Box<dyn Error>> {
    let observations = MmapSlice::<Observation>::open(file)?;
    Ok(io::stdout().write_all(Contents::of(&observations).to_string().as_bytes())?)
}

/// Has another process correct, commit, begin to convert, and be killed. Returns how many rows it had
/// converted.
fn kill_at_work(file: &Path) -> Result<usize, CrashError> {
    let said = crash::kill_self(file, |_| true)?;
    said.parse().map_err(|_| CrashError::Said(said))
}

/// What the other process does.
fn work_until_killed(file: &Path) -> Result<(), Box<dyn Error>> {
    let (_observations, converted) = weather::correct_and_half_convert(file)?;
    writeln!(io::stdout(), "{converted}")?;
    // Waits: nobody writes to it.
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
