//! A recorder of trades: appends, commits now and then, crashes, and looks things up by time.
//!
//! What a recorder wants to know is what it may lose. The answer is one number: after a crash the file has
//! the first `committed_len()` ticks (or, where a commit was under way, all), and nothing of the others. How
//! often to commit is therefore a choice between the time a flush takes and the time that may be lost.

#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use persist_core::{MmapSlice, MmapVec, Pad, Persist};
use persist_examples::crash::{self, CrashError};
use persist_examples::format::{count, decimal, duration, per_second};
use persist_examples::program;

/// A trade: 24 bytes. Without `_pad` the compiler would leave three bytes unwritten at the end; the
/// derive refuses that.
#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Tick {
    /// Microseconds since the recording began; never decreasing, so it can be searched.
    time_us: u64,
    price: f64,
    shares: u32,
    side: Side,
    _pad: Pad<3>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Persist)]
#[repr(u8)]
enum Side {
    Buy = 0,
    Sell = 1,
}

/// In how many parts a run records its ticks, each with a commit.
const COMMITS: usize = 10;
const MINUTE_US: u64 = 60_000_000;
/// How many ticks the process that is killed commits at a time.
const BATCH: usize = 10_000;
/// After how many ticks it says how far it is.
const REPORT: usize = 1_000;

const USAGE: &str = "\
usage: ticks [FILE [TICKS]]

  FILE    the file of the recording; by default one under target/persist-examples/
  TICKS   how many ticks to add, before some more and a crash; by default 500000
";

fn main() -> ExitCode {
    let (path, new_ticks) = program::file_and_amount(USAGE, "recording.pv", 500_000);
    program::finish(match crash::is_victim() {
        true => record_until_killed(&path),
        false => run(&path, new_ticks),
    })
}

fn run(path: &Path, new_ticks: usize) -> Result<(), Box<dyn Error>> {
    record(path, new_ticks)?;
    crash(path)?;
    look_up(path)?;
    writeln!(io::stdout(), "\nrun it again to record on; remove {} to start over", path.display())?;
    Ok(())
}

fn open(path: &Path) -> Result<MmapVec<Tick>, Box<dyn Error>> {
    let ticks = MmapVec::open_or_create(path)?;
    program::check_mode(path, &ticks.info())?;
    Ok(ticks)
}

/// Appends ticks, with a commit after each tenth of them.
fn record(path: &Path, new_ticks: usize) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let mut ticks = open(path)?;
    writeln!(out, "recording: {} ticks are in the file", count(ticks.len()))?;
    writeln!(out, "          len   committed_len   time of the commit")?;

    let mut market = Market::after(ticks.last());
    let start = Instant::now();
    for _ in 0..COMMITS {
        for _ in 0..new_ticks / COMMITS {
            ticks.push(market.next())?;
        }
        let lens = format!("{:>13} {:>15}", count(ticks.len()), count(ticks.committed_len()));
        let start = Instant::now();
        ticks.commit()?;
        writeln!(out, "{lens} {:>20}", duration(start.elapsed()))?;
    }
    let elapsed = start.elapsed();
    let ticks_per_second = per_second(new_ticks / COMMITS * COMMITS, elapsed);
    writeln!(out, "{:>13} {:>15}", count(ticks.len()), count(ticks.committed_len()))?;
    writeln!(out, "{ticks_per_second} ticks/s, {COMMITS} commits included")?;
    // Not needed, but the next one to open the file then has nothing to recover.
    ticks.close()?;
    Ok(())
}

/// Has another process record on and be killed, and looks what it left in the file.
fn crash(path: &Path) -> Result<(), Box<dyn Error>> {
    /// Somewhere after its second commit.
    const LEN_BEFORE_THE_CRASH: usize = BATCH * 5 / 2;
    let mut out = io::stdout();
    writeln!(
        out,
        "\ncrash: another process records on, commits every {} ticks, and is killed",
        count(BATCH)
    )?;
    let before = open(path)?;
    let (start_len, mut market) = (before.len(), Market::after(before.last()));
    drop(before);
    let said = crash::kill_self(path, |line| {
        Progress::parse(line).is_some_and(|said| said.len >= start_len + LEN_BEFORE_THE_CRASH)
    })?;
    let said = Progress::parse(&said).ok_or(CrashError::Said(said))?;
    writeln!(
        out,
        "the last it said: len is {}, committed_len {}",
        count(said.len),
        count(said.committed_len)
    )?;

    let start = Instant::now();
    let ticks = open(path)?;
    let opening = duration(start.elapsed());
    // It says how far it is just before it commits, too: then the commit may have been in time, or not.
    let is_last_commit = ticks.len() == said.committed_len
        || (ticks.len() == said.len && (said.len - start_len) % BATCH == 0);
    let same = ticks.iter().skip(start_len).all(|tick| *tick == market.next());
    if !(is_last_commit && same) {
        return Err(format!(
            "{} ticks are found, which are not those of the last commit",
            ticks.len()
        )
        .into());
    }
    writeln!(
        out,
        "opened again in {opening}: len is {}, shutdown {:?}",
        count(ticks.len()),
        ticks.info().shutdown
    )?;
    writeln!(
        out,
        "{} ticks were lost, none of them committed; the others are as recorded",
        count(said.len - ticks.len())
    )?;
    ticks.close()?;
    Ok(())
}

/// Records, and says now and then how far it is.
fn record_until_killed(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut ticks = open(path)?;
    let mut market = Market::after(ticks.last());
    loop {
        for _ in 0..BATCH / REPORT {
            for _ in 0..REPORT {
                ticks.push(market.next())?;
            }
            writeln!(io::stdout(), "{} {}", ticks.len(), ticks.committed_len())?;
            // The next ones are yet to come.
            thread::sleep(Duration::from_millis(1));
        }
        ticks.commit()?;
    }
}

/// What the process said that was killed.
struct Progress {
    len: usize,
    committed_len: usize,
}

impl Progress {
    fn parse(line: &str) -> Option<Self> {
        let (len, committed_len) = line.split_once(' ')?;
        Some(Self { len: len.parse().ok()?, committed_len: committed_len.parse().ok()? })
    }
}

/// Finds a minute by binary search, in a slice that is the file itself.
fn look_up(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let start = Instant::now();
    let ticks = MmapSlice::<Tick>::open(path)?;
    let opening = duration(start.elapsed());
    let Some(last) = ticks.last() else { return Ok(()) };

    let from_us = last.time_us / 2;
    let start = Instant::now();
    let first = ticks.partition_point(|tick| tick.time_us < from_us);
    let end = ticks.partition_point(|tick| tick.time_us < from_us + MINUTE_US);
    let searching = duration(start.elapsed());
    let minute = &ticks[first..end];

    let shares: f64 = minute.iter().map(|tick| f64::from(tick.shares)).sum();
    let paid: f64 = minute.iter().map(|tick| tick.price * f64::from(tick.shares)).sum();
    let bought = minute.iter().filter(|tick| tick.side == Side::Buy).count();
    writeln!(out, "\nlooking up: {} ticks opened in {opening}", count(ticks.len()))?;
    writeln!(
        out,
        "minute from {} s: elements {first}..{end}, found in {searching}",
        from_us / 1_000_000
    )?;
    writeln!(
        out,
        "{} ticks, {} of them bought, at {} on average",
        count(minute.len()),
        count(bought),
        decimal(paid / shares, 2)
    )?;
    Ok(())
}

/// Makes trades up, one after the other, and always the same ones.
struct Market {
    last: Tick,
    random: u64,
}

impl Market {
    /// Goes on after the last tick that was recorded: all it needs to know is in the file.
    fn after(last: Option<&Tick>) -> Self {
        let opening =
            Tick { time_us: 0, price: 100.0, shares: 0, side: Side::Buy, _pad: Pad::new() };
        let last = *last.unwrap_or(&opening);
        Self { last, random: last.time_us ^ 0x9E37_79B9_7F4A_7C15 }
    }

    fn next(&mut self) -> Tick {
        // Marsaglia's xorshift: poor, short, and enough.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let random = self.random;
        self.last.time_us += random % 2_000;
        self.last.price =
            (self.last.price + (random >> 20 & 0xFF) as f64 / 12_750.0 - 0.01).max(1.0);
        self.last.shares = 1 + (random >> 32 & 0x1FF) as u32;
        self.last.side = if random >> 50 & 1 == 0 { Side::Buy } else { Side::Sell };
        self.last
    }
}
