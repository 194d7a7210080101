//! The [`Report`] as text for people.

use std::fmt::{self, Display, Formatter};

use persist_core::Error;

use super::job::STRONGEST_WIND_MPH;
use super::{
    Contents, Correction, Import, Observation, Opening, Reading, Recovered, Report, State, Upgraded,
};
use crate::format::{count, decimal, duration, mebibytes};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_import(f, self)?;
        write_opening(f, &self.opening, &self.import)?;
        write!(f, "\n{}", self.contents)?;
        write_corrections(f, self)?;
        write_states(f, self)?;
        write_crash(f, self)?;
        write_refusals(f, self)?;
        write_upgrade(f, &self.upgraded)
    }
}

fn write_import(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    let Import { replaced, reading, writing, file_bytes, .. } = report.import;
    let rows = count(report.contents.rows);
    let element_bytes = size_of::<Observation>();
    writeln!(f, "Import")?;
    writeln!(f, "  from         {}", report.csv.display())?;
    writeln!(f, "  to           {}", report.file.display())?;
    if replaced > 0 {
        writeln!(
            f,
            "  which held   {} rows of an earlier run: replaced by the same commit",
            count(replaced)
        )?;
    }
    writeln!(f, "  CSV read     {:>9}   {rows} rows", duration(reading))?;
    writeln!(
        f,
        "  file written {:>9}   {rows} elements of {element_bytes} bytes, committed and closed",
        duration(writing)
    )?;
    writeln!(f, "  file size    {:>9}   header and journal included", mebibytes(file_bytes))
}

fn write_opening(f: &mut Formatter<'_>, opening: &Opening, import: &Import) -> fmt::Result {
    let times = import.reading.as_secs_f64() / opening.slice.as_secs_f64();
    writeln!(
        f,
        "\nOpening (median of {}, including a look at every element: its airport must be one of three)",
        opening.opens
    )?;
    let slice = duration(opening.slice);
    writeln!(
        f,
        "  MmapSlice    {slice:>9}   to read: {} times as fast as the CSV",
        decimal(times, 0)
    )?;
    writeln!(f, "  MmapVec      {:>9}   to read and write", duration(opening.vec))
}

impl Display for Contents {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "Contents, computed from the file")?;
        writeln!(f, "  airport        rows   mean temperature   mean wind")?;
        for airport in &self.airports {
            writeln!(
                f,
                "  {:<7} {:>11} {:>15} °F {:>7} mph",
                airport.origin.code(),
                count(airport.rows),
                or_dash(airport.mean_temp),
                or_dash(airport.mean_wind)
            )?;
        }
        write_extreme(f, "warmest", self.warmest.as_ref())?;
        write_extreme(f, "coldest", self.coldest.as_ref())?;
        let missing = Reading::ALL.iter().zip(self.missing).filter(|&(_, missing)| missing > 0);
        let missing: Vec<_> = missing
            .map(|(reading, missing)| format!("{} {}", reading.column(), count(missing)))
            .collect();
        match &missing[..] {
            [] => writeln!(f, "  missing      nothing"),
            missing => writeln!(f, "  missing      {}", missing.join(", ")),
        }
    }
}

fn write_extreme(f: &mut Formatter<'_>, what: &str, found: Option<&Observation>) -> fmt::Result {
    let Some(observation) = found else { return Ok(()) };
    let temperature = or_dash(observation.get(Reading::Temperature));
    writeln!(f, "  {what}      {temperature} °F at {}", Hour(observation))
}

fn write_corrections(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    /// More of them would push everything else off the screen.
    const MOST_SHOWN: usize = 5;
    writeln!(
        f,
        "\nCorrections in place: winds above {STRONGEST_WIND_MPH} mph, the strongest on record, and \
         directions of calms, become missing"
    )?;
    for correction in report.corrections.iter().take(MOST_SHOWN) {
        write_correction(f, correction)?;
    }
    match report.corrections.len() {
        n if n > MOST_SHOWN => writeln!(f, "  … and {} more winds", count(n - MOST_SHOWN)),
        _ => Ok(()),
    }
}

fn write_correction(f: &mut Formatter<'_>, correction: &Correction) -> fmt::Result {
    let Correction { index, before, after, .. } = correction;
    let mph = |observation: &Observation| match observation.get(Reading::WindSpeed) {
        Some(mph) => format!("{} mph", decimal(mph, 2)),
        None => "missing".into(),
    };
    let (was, is) = (mph(before), mph(after));
    writeln!(f, "  element {}, {}: was {was}, is {is}", count(*index), Hour(before))
}

/// One line for the file before the corrections, and one after each thing that happens to them.
fn write_states(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    writeln!(f, "                                             rows changed   mean wind, EWR")?;
    write_state(f, "imported", 0, &report.contents)?;
    let State { changed, contents, .. } = &report.corrected;
    write_state(f, "corrected through a `&mut [Observation]`", *changed, contents)?;
    let State { changed, contents, .. } = &report.rolled_back;
    write_state(f, "rolled back", *changed, contents)
}

fn write_state(
    f: &mut Formatter<'_>,
    event: &str,
    changed: usize,
    contents: &Contents,
) -> fmt::Result {
    let wind = or_dash(contents.airports[0].mean_wind);
    writeln!(f, "  {event:<43}{:>12} {wind:>12} mph", count(changed))
}

fn write_crash(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    let Recovered { lost, wrong, opening, state, .. } = &report.recovered;
    writeln!(
        f,
        "\nCrash: another process corrects, commits, goes on to convert °F to °C in place, and is killed"
    )?;
    let rows = count(state.contents.rows);
    writeln!(f, "  it had converted {} of {rows} rows, and not committed that", count(*lost))?;
    write_state(
        f,
        &format!("opened again in {}", duration(*opening)),
        state.changed,
        &state.contents,
    )?;
    match wrong {
        0 => writeln!(f, "  every row is as it was committed: corrected, and in °F"),
        _ => writeln!(f, "  {} rows are not as they were committed, which is a bug", count(*wrong)),
    }
}

fn write_refusals(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    writeln!(f, "\nRefused: a second handle, while an MmapVec is open")?;
    write_refusal(f, report.second_handle.as_ref())?;
    writeln!(
        f,
        "\nRefused: a struct of the same name and size, with other fields (src/weather/v2.rs)"
    )?;
    write_refusal(f, report.changed_struct.as_ref())
}

fn write_upgrade(f: &mut Formatter<'_>, upgraded: &Upgraded) -> fmt::Result {
    let Upgraded { migrated, wrong, took } = upgraded;
    writeln!(f, "\nMigrated: a copy of the file, to that struct, which says from what it is made")?;
    writeln!(
        f,
        "  {:>9}   {} elements, durable",
        duration(*took),
        count(migrated.elements as usize)
    )?;
    match wrong {
        0 => writeln!(f, "  every element is what its `From` makes of it"),
        _ => {
            writeln!(f, "  {} elements are not what they should be, which is a bug", count(*wrong))
        }
    }
}

fn write_refusal(f: &mut Formatter<'_>, refusal: Option<&Error>) -> fmt::Result {
    let Some(error) = refusal else {
        return writeln!(f, "  it was let in, which is a bug");
    };
    for line in error.to_string().lines() {
        writeln!(f, "  {line}")?;
    }
    Ok(())
}

/// Where and when: `EWR, 2013-02-12 03:00`.
struct Hour<'a>(&'a Observation);

impl Display for Hour<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Observation { origin, year, month, day, hour, .. } = *self.0;
        write!(f, "{}, {year}-{month:02}-{day:02} {hour:02}:00", origin.code())
    }
}

/// A number with two decimal places, where there is one.
fn or_dash(number: Option<f64>) -> String {
    number.map_or_else(|| "–".into(), |number| decimal(number, 2))
}
