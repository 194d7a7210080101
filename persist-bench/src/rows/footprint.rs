//! Memory at its peak, and bytes sent to the device: each of a process of its own that fills a file, or
//! commits changes.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Setup, random_pages, size};
use crate::column::{Column, Work};
use crate::measure::{Times, fresh_rounds};
use crate::peers::{Kind, Library, Peer};
use crate::report::{Entry, Report, Unit};

const FILLERS: [Library; 8] = [
    Library::Persist,
    Library::VecAndFile,
    Library::Memmap2,
    Library::Memvec,
    Library::FileVec,
    Library::Lmdb,
    Library::Redb,
    Library::Sqlite,
];

const COMMITTERS: [Library; 4] = [Library::Persist, Library::Lmdb, Library::Redb, Library::Sqlite];

const OTHERS: [Library; 4] = [Library::MmapVec, Library::Vecdb, Library::Epserde, Library::Rkyv];

/// How many times as small as the other files these are.
const SHARE: u64 = 8;

const BLOCK_BYTES: u64 = 1 << 20;

/// How many commits change one page each.
const COMMITS: u64 = 300;

/// What a process measured of itself.
#[derive(Clone, Copy)]
struct Footprint {
    peak_bytes: f64,
    written_bytes: f64,
}

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let bytes = setup.file_bytes / SHARE;
    let fill = format!("fill {}, durably", size(bytes));
    run_row(setup, report, &fill, "fill", &FILLERS)?;
    for library in OTHERS {
        if let Some(reason) = library.lacks(Work::Fill) {
            report.lacks(library, reason);
        }
    }
    let commit = format!("{COMMITS} commits of 1 changed page, {}", size(bytes));
    run_row(setup, report, &commit, "commit", &COMMITTERS)
}

fn run_row(
    setup: &Setup,
    report: &mut Report,
    heading: &str,
    work: &str,
    libraries: &[Library],
) -> Result<()> {
    let mut contestants = libraries.to_vec();
    let measured = fresh_rounds(setup.rounds, &mut contestants, |&mut library, _| {
        Ok(vec![in_a_process(setup, work, library).with_context(|| library.name())?])
    })?;
    let figures: [(&str, fn(&Footprint) -> f64); 2] =
        [("peak memory", |of| of.peak_bytes), ("bytes written", |of| of.written_bytes)];
    for (name, figure) in figures {
        let entry = |(library, of): (&Library, &Vec<Footprint>)| {
            let times = Times::new(of.iter().map(figure).collect());
            Entry { name: library.name().into(), kind: library.kind(), times }
        };
        let entries = contestants.iter().zip(&measured).map(entry).collect();
        report.row(&format!("{name}: {heading}"), Unit::Bytes, entries);
    }
    Ok(())
}

/// Runs a work in a process of its own, which prints what it measured.
fn in_a_process(setup: &Setup, work: &str, library: Library) -> Result<Footprint> {
    let directory = setup.scratch()?;
    let index = ALL.iter().position(|&other| other == library).expect("one of all");
    let output = Command::new(std::env::current_exe()?)
        .arg(format!("--child={work} {index}"))
        .arg(format!("--size={}", setup.file_bytes))
        .arg("--directory")
        .arg(directory.path())
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let (peak, written) = text.trim().split_once(' ').context("the child said something else")?;
    Ok(Footprint { peak_bytes: peak.parse()?, written_bytes: written.parse()? })
}

/// The libraries by the number under which a child is told of them.
const ALL: [Library; 8] = FILLERS;

/// What the child does.
pub(crate) fn child(setup: &Setup, command: &str) -> Result<()> {
    let (work, index) = command.split_once(' ').context("a work and a library")?;
    let library = ALL[index.parse::<usize>()?];
    let bytes = setup.file_bytes / SHARE;
    match work {
        "fill" => fill(setup, library, bytes)?,
        _ => commit(setup, library, bytes)?,
    }
    Ok(())
}

fn fill(setup: &Setup, library: Library, bytes: u64) -> Result<()> {
    if library.is_database() {
        let mut peer = library.database(&setup.directory, 4 * bytes as usize, None)?;
        peer.append(bytes)?;
        peer.checkpoint()?;
        return print();
    }
    let mut column: Box<dyn Column<u64>> = library.create(&setup.directory)?;
    let block: Vec<u64> = (0..BLOCK_BYTES / size_of::<u64>() as u64).collect();
    column.extend(&block, bytes / BLOCK_BYTES)?;
    column.sync()?;
    print()
}

fn commit(setup: &Setup, library: Library, bytes: u64) -> Result<()> {
    let pages = bytes / 4096;
    let mut peer: Box<dyn Peer> = match library.kind() {
        Kind::Database => {
            let mut peer =
                library.database(&setup.directory, 4 * bytes as usize + (1 << 30), None)?;
            peer.append(bytes)?;
            peer
        }
        _ => {
            Box::new(setup.vector_in(&setup.directory, bytes / 8, crate::column::Edits::ByIndex)?)
        }
    };
    peer.checkpoint()?;
    let before = written_bytes()?;
    // A database has a few values fewer than pages.
    for stamp in 1..=COMMITS {
        peer.update(&random_pages(stamp, 1, pages), stamp)?;
    }
    peer.checkpoint()?;
    println!("{} {}", peak_bytes()?, written_bytes()? - before);
    Ok(())
}

fn print() -> Result<()> {
    println!("{} {}", peak_bytes()?, written_bytes()?);
    Ok(())
}

fn peak_bytes() -> Result<u64> {
    Ok(1024 * figure("/proc/self/status", "VmHWM:")?)
}

/// What this process made the kernel write, or have to write: pages that are dirty several times between
/// two flushes count once.
fn written_bytes() -> Result<u64> {
    figure("/proc/self/io", "write_bytes:")
}

fn figure(path: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(path)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    Ok(number.with_context(|| format!("`{path}` has no `{name}`"))?.parse()?)
}
