//! Memory at its peak, and bytes sent to the device: each of a process of its own that fills a file, or
//! commits changes.
//!
//! Of bytes there are two figures. The kernel's for the process counts all of a large folio where a part of it
//! was written. The device's is of what the device was told to write, by whoever did it: only the least of
//! several runs means something where others write, too.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::{Setup, random_pages, size};
use crate::column::{Column, Edits, Work};
use crate::measure::{Times, fresh_rounds};
use crate::peers::persist::PAGE_BYTES;
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
    dirtied_bytes: f64,
    device_bytes: f64,
}

/// What was written until some moment.
struct Written {
    dirtied_bytes: u64,
    device_bytes: u64,
}

/// One of the figures.
type Figure = fn(&Footprint) -> f64;

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let bytes = setup.file_bytes / SHARE;
    let fill = format!("fill {}, durably", size(bytes));
    run_row(setup, report, &fill, "fill", &FILLERS)?;
    for library in OTHERS {
        if let Some(reason) = library.lacks(Work::Fill) {
            report.lacks(library, reason);
        }
    }
    let commit = format!("{COMMITS} commits of a page");
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
    let figures: [(&str, Figure); 3] = [
        ("peak memory", |of| of.peak_bytes),
        ("bytes the process wrote", |of| of.dirtied_bytes),
        ("bytes the device wrote", |of| of.device_bytes),
    ];
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
    let figures = text.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let [peak_bytes, dirtied_bytes, device_bytes] = figures[..] else {
        bail!("the child said something else: {text}")
    };
    Ok(Footprint { peak_bytes, dirtied_bytes, device_bytes })
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
    let before = Written::until_now(setup)?;
    if library.is_database() {
        let mut peer = library.database(&setup.directory, 4 * bytes as usize, None)?;
        peer.append(bytes)?;
        peer.checkpoint()?;
    } else {
        let mut column: Box<dyn Column<u64>> = library.create(&setup.directory)?;
        let block: Vec<u64> = (0..BLOCK_BYTES / size_of::<u64>() as u64).collect();
        column.extend(&block, bytes / BLOCK_BYTES)?;
        column.sync()?;
    }
    before.print_since(setup)
}

fn commit(setup: &Setup, library: Library, bytes: u64) -> Result<()> {
    let mut peer: Box<dyn Peer> = match library.kind() {
        Kind::Database => {
            let room_bytes = 4 * bytes as usize + (1 << 30);
            let mut peer = library.database(&setup.directory, room_bytes, None)?;
            peer.append(bytes)?;
            peer
        }
        _ => Box::new(setup.vector_in(&setup.directory, bytes / 8, Edits::ByIndex)?),
    };
    peer.checkpoint()?;
    let before = Written::until_now(setup)?;
    for stamp in 1..=COMMITS {
        peer.update(&random_pages(stamp, 1, bytes / PAGE_BYTES as u64), stamp)?;
    }
    peer.checkpoint()?;
    before.print_since(setup)
}

impl Written {
    fn until_now(setup: &Setup) -> Result<Self> {
        setup.settle()?;
        Ok(Self { dirtied_bytes: dirtied_bytes()?, device_bytes: device_bytes(&setup.directory)? })
    }

    fn print_since(&self, setup: &Setup) -> Result<()> {
        let now = Self::until_now(setup)?;
        let dirtied_bytes = now.dirtied_bytes - self.dirtied_bytes;
        let device_bytes = now.device_bytes - self.device_bytes;
        println!("{} {dirtied_bytes} {device_bytes}", peak_bytes()?);
        Ok(())
    }
}

fn peak_bytes() -> Result<u64> {
    Ok(1024 * figure("/proc/self/status", "VmHWM:")?)
}

/// What the device of a directory was told to write, or 0 where the file system has none.
fn device_bytes(directory: &Path) -> Result<u64> {
    let device = rustix::fs::stat(directory)?.st_dev;
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let Ok(text) = fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/stat")) else {
        return Ok(0);
    };
    // The seventh figure is of sectors of 512 bytes.
    let sectors = text.split_whitespace().nth(6).context("the device has no figure of writes")?;
    Ok(512 * sectors.parse::<u64>()?)
}

/// What this process made the kernel write, or have to write: pages that are dirty several times between
/// two flushes count once.
fn dirtied_bytes() -> Result<u64> {
    figure("/proc/self/io", "write_bytes:")
}

fn figure(path: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(path)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    Ok(number.with_context(|| format!("`{path}` has no `{name}`"))?.parse()?)
}
