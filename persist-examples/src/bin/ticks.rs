//! A recorder of trades: appends, commits now and then, crashes, and looks things up by time.
//!
//! What a recorder wants to know is what it may lose. The answer is one number: elements below
//! `committed_len()` are on the disk, the rest is not yet. How often to commit is therefore a choice
//! between the time a flush takes and the time that may be lost.

#![forbid(unsafe_code)]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use persist_core::{MmapSlice, MmapVec, Pad, Persist};
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

const COMMITS: usize = 10;
const MINUTE_US: u64 = 60_000_000;

const USAGE: &str = "\
usage: ticks [FILE [TICKS]]

  FILE    the file of the recording; by default one under target/persist-examples/
  TICKS   how many ticks to add; by default 500000
";

fn main() -> ExitCode {
    let (path, new_ticks) = program::file_and_amount(USAGE, "ticks.pv", 500_000);
    program::finish(run(&path, new_ticks))
}

fn run(path: &Path, new_ticks: usize) -> Result<(), Box<dyn Error>> {
    record(path, new_ticks)?;
    crash(path, new_ticks / COMMITS / 2)?;
    look_up(path)?;
    println!("\nrun it again to record on; remove {} to start over", path.display());
    Ok(())
}

/// Appends ticks, with a commit after each tenth of them.
fn record(path: &Path, new_ticks: usize) -> Result<(), Box<dyn Error>> {
    let mut ticks = MmapVec::<Tick>::open_or_create(path)?;
    println!("recording: {} ticks are in the file", count(ticks.len()));
    println!("          len   committed_len   time of the commit");

    let mut market = Market::after(ticks.last());
    let start = Instant::now();
    for _ in 0..COMMITS {
        for _ in 0..new_ticks / COMMITS {
            ticks.push(market.next())?;
        }
        print!("{:>13} {:>15}", count(ticks.len()), count(ticks.committed_len()));
        let start = Instant::now();
        ticks.commit()?;
        println!(" {:>20}", duration(start.elapsed()));
    }
    let elapsed = start.elapsed();
    let ticks_per_second = per_second(new_ticks / COMMITS * COMMITS, elapsed);
    println!("{:>13} {:>15}", count(ticks.len()), count(ticks.committed_len()));
    println!("{ticks_per_second} ticks/s, {COMMITS} commits included");
    // Not needed, but the next one to open the file then knows that nothing is missing.
    ticks.close()?;
    Ok(())
}

/// Appends ticks and loses them: a drop without a commit leaves the file as a kill would.
fn crash(path: &Path, new_ticks: usize) -> Result<(), Box<dyn Error>> {
    let mut ticks = MmapVec::<Tick>::open(path)?;
    let mut market = Market::after(ticks.last());
    for _ in 0..new_ticks {
        ticks.push(market.next())?;
    }
    let (len, committed_len) = (ticks.len(), ticks.committed_len());
    println!("\ncrash: len was {}, committed_len {}", count(len), count(committed_len));
    drop(ticks);

    let ticks = MmapVec::<Tick>::open(path)?;
    println!("opened again: len is {}, shutdown {:?}", count(ticks.len()), ticks.info().shutdown);
    let lost = count(len - ticks.len());
    println!("{lost} ticks were lost, none of them committed: {}", ticks.len() == committed_len);
    ticks.close()?;
    Ok(())
}

/// Finds a minute by binary search, in a slice that is the file itself.
fn look_up(path: &Path) -> Result<(), Box<dyn Error>> {
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
    println!("\nlooking up: {} ticks opened in {opening}", count(ticks.len()));
    println!(
        "minute from {} s: elements {first}..{end}, found in {searching}",
        from_us / 1_000_000
    );
    println!(
        "{} ticks, {} of them bought, at {} on average",
        count(minute.len()),
        count(bought),
        decimal(paid / shares, 2)
    );
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
