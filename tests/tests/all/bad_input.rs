//! Bad input: each way in which a path or a file can be wrong is refused with the error that names it,
//! and nothing is lost or changed.
//!
//! Most tests are rows of a table: what stands in the file, and the refusal. Each row is tried with
//! every way to open a file, and with the undamaged file afterwards.

mod any_damage;
mod bytes;
mod descriptor;
mod elements;
mod header;
mod journal;
mod live;
mod locked;
mod names;
mod paths;
mod programs;
mod repair;
mod rights;
mod verify;

use std::ffi::{OsStr, OsString};
use std::fmt::Debug;
use std::fs::{self, FileType};
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use persist_core::{
    Action, ByteOrder, Error, Feature, FixedStr, LockHolder, MmapVec, Mode, OpenOptions, Pad,
    Persist, Region, Shutdown,
};
use tempfile::TempDir;

use crate::support::{Image, Preamble};

/// What an error says, without its path and its causes, so that it can be compared.
#[derive(Debug, Clone, PartialEq)]
enum Refusal {
    Io(io::ErrorKind),
    AlreadyExists,
    NotAFile(&'static str),
    NotPersist(Vec<u8>),
    Truncated { expected_bytes: u64, found_bytes: u64 },
    Corrupt(Region, usize),
    CorruptElement { index: u64, field: String, expected: String, found: String },
    Unsupported(Feature),
    ByteOrder { file: ByteOrder, program: ByteOrder },
    Layout,
    AppMagic { file: [u8; 8], program: [u8; 8] },
    AppVersion { file: [u8; 3], program: [u8; 3] },
    Locked(LockHolder),
}

impl Refusal {
    fn of(error: &Error) -> Self {
        match error {
            Error::Io { source, .. } => Self::Io(source.kind()),
            Error::AlreadyExists { .. } => Self::AlreadyExists,
            Error::NotAFile { found, .. } => Self::NotAFile(found),
            Error::NotPersist { found, .. } => Self::NotPersist(found.to_vec()),
            &Error::Truncated { expected_bytes, found_bytes, .. } => {
                Self::Truncated { expected_bytes, found_bytes }
            }
            Error::Corrupt { damage, .. } => {
                Self::Corrupt(damage.region, damage.offset_bytes as usize)
            }
            Error::CorruptElement { fault, .. } => Self::CorruptElement {
                index: fault.index,
                field: fault.field.clone(),
                expected: fault.expected.clone(),
                found: fault.found.clone(),
            },
            Error::Unsupported { feature, .. } => Self::Unsupported(*feature),
            &Error::ByteOrder { file, program, .. } => Self::ByteOrder { file, program },
            Error::Layout { .. } => Self::Layout,
            &Error::AppMagic { file, program, .. } => Self::AppMagic { file, program },
            &Error::AppVersion { file, program, .. } => Self::AppVersion { file, program },
            Error::Locked { holder, .. } => Self::Locked(*holder),
            other => panic!("unexpected: {other:?}"),
        }
    }

    /// What the error is as one of std's.
    fn io_kind(&self) -> io::ErrorKind {
        match self {
            Self::Io(kind) => *kind,
            Self::AlreadyExists => io::ErrorKind::AlreadyExists,
            Self::Locked(_) => io::ErrorKind::WouldBlock,
            Self::Unsupported(_) => io::ErrorKind::Unsupported,
            _ => io::ErrorKind::InvalidData,
        }
    }
}

/// A file in a directory of its own.
struct Bench {
    directory: TempDir,
    path: PathBuf,
}

impl Bench {
    fn new(name: impl AsRef<OsStr>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name.as_ref());
        Self { directory, path }
    }

    fn with(image: &Image) -> Self {
        let bench = Self::new("ticks.pv");
        image.write(&bench.path);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Everything in the directory: names, kinds, and what stands in the files.
    fn snapshot(&self) -> Vec<(OsString, FileType, Option<Vec<u8>>)> {
        snapshot(self.directory.path())
    }
}

fn snapshot(directory: &Path) -> Vec<(OsString, FileType, Option<Vec<u8>>)> {
    let mut entries: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let file_type = entry.file_type().unwrap();
            // What can't be read can't be compared; nor could it be changed.
            let bytes = file_type.is_file().then(|| fs::read(entry.path()).ok()).flatten();
            (entry.file_name(), file_type, bytes)
        })
        .collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries
}

/// A way to open a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Vec,
    Slice,
    OpenOrCreate,
}

const WAYS: [Way; 3] = [Way::Vec, Way::Slice, Way::OpenOrCreate];

impl Way {
    /// The elements, and how the file was left by its last writer.
    fn open<T: Persist>(
        self,
        options: &OpenOptions<T>,
        path: &Path,
    ) -> Result<(Vec<T>, Shutdown), Error> {
        Ok(match self {
            Self::Vec => {
                let vec = options.open(path)?;
                (vec.to_vec(), vec.info().shutdown)
            }
            Self::OpenOrCreate => {
                let vec = options.open_or_create(path)?;
                (vec.to_vec(), vec.info().shutdown)
            }
            Self::Slice => {
                let slice = options.open_read_only(path)?;
                (slice.to_vec(), slice.info().shutdown)
            }
        })
    }

    fn action(self) -> Action {
        match self {
            Self::Vec | Self::OpenOrCreate => Action::OpenForWriting,
            Self::Slice => Action::OpenForReading,
        }
    }
}

/// Holds what an error says against what is expected of it.
fn check_error(name: &str, error: Error, path: &Path, expected: &Refusal, texts: &[&str]) {
    assert_eq!(Refusal::of(&error), *expected, "{name}: {error}");
    let message = error.to_string();
    // A message is one line, whatever the file is called.
    let shown = path.display().to_string().replace('\n', "\\n");
    for text in texts.iter().copied().chain([&*shown]) {
        assert!(message.contains(text), "{name}: {text:?} is not in: {message}");
    }
    assert!(!message.contains("invalid"), "{name}: {message}");
    assert!(!message.ends_with('.'), "{name}: {message}");
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    assert!(cause.is_none_or(|cause| !message.contains(&cause)), "{name}: twice: {message}");
    assert_eq!(io::Error::from(error).kind(), expected.io_kind(), "{name}");
}

/// Holds that every given way to open the path is refused alike, and that nothing changes.
fn check_path<T: Persist + Debug>(
    name: &str,
    ways: &[Way],
    options: &OpenOptions<T>,
    path: &Path,
    expected: &Refusal,
    texts: &[&str],
) {
    for way in ways {
        let error = way.open(options, path).expect_err(&format!("{name}: {way:?} accepted it"));
        if let Error::Io { action, .. } = &error {
            assert_eq!(*action, way.action(), "{name}");
        }
        check_error(&format!("{name}, {way:?}"), error, path, expected, texts);
    }
}

/// Holds that a file with these bytes is refused in every way, and stays as it is.
fn check_refused<T: Persist + Debug>(name: &str, image: &Image, expected: Refusal, texts: &[&str]) {
    check_refused_with(name, image, &OpenOptions::<T>::new(), &WAYS, expected, texts);
}

fn check_refused_with<T: Persist + Debug>(
    name: &str,
    image: &Image,
    options: &OpenOptions<T>,
    ways: &[Way],
    expected: Refusal,
    texts: &[&str],
) {
    let bench = Bench::with(image);
    let before = bench.snapshot();
    check_path(name, ways, options, &bench.path, &expected, texts);
    assert!(bench.snapshot() == before, "{name}: the attempt changed something");
}

/// Holds that a file with these bytes opens in every way, and stays as it is.
fn check_opens<T: Persist + Debug + PartialEq>(
    name: &str,
    image: &Image,
    expected: &[T],
    shutdown: Shutdown,
) {
    let bench = Bench::with(image);
    let before = bench.snapshot();
    for way in WAYS {
        let opened = way.open(&OpenOptions::<T>::new(), &bench.path);
        let (elements, found) = opened.unwrap_or_else(|error| panic!("{name}, {way:?}: {error}"));
        assert_eq!((&*elements, found), (expected, shutdown), "{name}, {way:?}");
    }
    assert!(bench.snapshot() == before, "{name}: opening changed something");
}

/// The modes a file may have. Damage that has nothing to do with the mode is tried with both.
const MODES: [Mode; 2] = [Mode::Shared, Mode::Atomic];

/// The file of a vector of these elements, closed, with the smallest header.
fn image_of<T: Persist>(mode: Mode, elements: &[T]) -> Image {
    image_with(&MmapVec::options().mode(mode), elements)
}

fn image_with<T: Persist>(options: &OpenOptions<T>, elements: &[T]) -> Image {
    let bench = Bench::new("image.pv");
    let mut vec = options.clone().journal_bytes(0).create(&bench.path).unwrap();
    vec.reserve_exact(elements.len()).unwrap();
    vec.extend_from_slice(elements).unwrap();
    vec.commit().unwrap();
    vec.close().unwrap();
    Image::read(&bench.path)
}

/// Where the elements of a file begin.
fn data_offset(image: &Image) -> usize {
    image.get(Preamble, "data_offset") as usize
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Tick {
    time: u64,
    price: f32,
    pad: Pad<12>,
}

fn ticks() -> [Tick; 3] {
    [1_u8, 2, 3].map(|i| Tick { time: i.into(), price: f32::from(i) / 2.0, pad: Pad::new() })
}

/// Bytes before the journal of a file of [`ticks`]; also the size of the smallest journal.
const HEADER_BYTES: usize = 65536;

/// Bytes of the elements of a file of [`ticks`].
const DATA_BYTES: usize = 3 * size_of::<Tick>();

mod newer {
    use persist_core::{Pad, Persist};

    #[derive(Debug, Clone, Copy, Persist)]
    #[repr(C)]
    pub(crate) struct Tick {
        time: u64,
        price: f64,
        venue: [u8; 4],
        tail: Pad<12>,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(u8)]
enum Side {
    Buy = 0,
    Sell = 1,
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(i16)]
enum Trend {
    Down = -1,
    Up = 1,
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Leg {
    count: NonZero<u16>,
    side: Side,
    live: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Order {
    letter: char,
    id: NonZero<i32>,
    legs: [[Leg; 2]; 2],
    trend: Trend,
    origin: FixedStr<5>,
    pad: Pad<1>,
}

fn orders() -> Vec<Order> {
    let leg = Leg { count: NonZero::<u16>::MIN, side: Side::Sell, live: true };
    let order = Order {
        letter: 'é',
        id: NonZero::<i32>::MIN,
        legs: [[leg; 2]; 2],
        trend: Trend::Down,
        origin: FixedStr::new("JFK").unwrap(),
        pad: Pad::new(),
    };
    vec![order; 600]
}
