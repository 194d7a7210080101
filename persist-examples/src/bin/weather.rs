//! A year of hourly weather in New York: from CSV into a typed vector, and what can be done with it.

#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use persist_examples::weather::{self, JobError};
use persist_examples::{location, program};

const USAGE: &str = "\
usage: weather [CSV [FILE]]

  CSV    observations to import; by default those that come with the example
  FILE   the persist file to fill; by default one under target/persist-examples/

A FILE that an earlier run made is filled anew; any other is left alone.
";

const WHAT_IT_PROMISES: &str = "
What survives a crash
  What was committed, unless it was changed in place afterwards: of changes without a commit, any part
  may have reached the disk when the power went. This version doesn't undo them.
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
    let mut paths = program::arguments(USAGE, 2).into_iter().map(PathBuf::from);
    let csv = paths.next().unwrap_or_else(location::weather_csv);
    let file = paths.next().unwrap_or_else(|| location::output_file("nyc_weather_2013.pv"));

    let result = weather::run(&csv, &file);
    let is_other_layout =
        matches!(result, Err(JobError::Persist(persist_core::Error::Layout { .. })));
    let code = program::finish(result.map_err(Into::into).and_then(|report| {
        print(&format!("{report}{WHAT_IT_PROMISES}{WHAT_NEXT}"))?;
        Ok(())
    }));
    if is_other_layout {
        eprintln!("the file was not changed: to import into a new one, remove it, or name another");
    }
    code
}

/// Prints a text. A reader that has seen enough, such as `head`, is no failure.
fn print(text: &str) -> Result<(), Box<dyn Error>> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("can't print: {error}").into())
        }
        _ => Ok(()),
    }
}
