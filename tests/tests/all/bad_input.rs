//! Bad input: each way in which a path or a file can be wrong is refused with the error that names it,
//! and nothing is lost or changed.
//!
//! Most tests are rows of a table: what stands in the file, and the refusal. Each row is tried with
//! every way to open a file, and with the undamaged file afterwards.

use std::ffi::{OsStr, OsString};
use std::fmt::Debug;
use std::fs::{self, File, FileType};
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;

use persist_core::{
    Action, ByteOrder, Descriptor, Error, Feature, FixedStr, LockHolder, MmapSlice, MmapVec,
    OpenOptions, Pad, Persist, Region, Shutdown,
};
use proptest::prelude::*;
#[cfg(target_os = "linux")]
use rustix::io::Errno;
use tempfile::TempDir;
use zerocopy::byteorder::{LE, U32};

use crate::format::{self, Word};
use crate::support::{self, Block, DESCRIPTOR_OFFSET, Image, Preamble, Slot};

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
    for text in texts.iter().copied().chain([&*path.display().to_string()]) {
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

/// The file of a vector of these elements, closed, with the smallest header.
fn image_of<T: Persist>(elements: &[T]) -> Image {
    image_with(&MmapVec::options(), elements)
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

/// Bytes before the elements of [`ticks`].
const HEADER_BYTES: usize = 65536;

/// Bytes of a file of [`ticks`].
const FILE_BYTES: usize = HEADER_BYTES + 3 * size_of::<Tick>();

#[test]
fn the_undamaged_file_opens() {
    let image = image_of(&ticks());
    assert_eq!(image.0.len(), FILE_BYTES);
    assert_eq!(image.clone().sealed(), image, "a closed file has its checksums");
    check_opens("undamaged", &image, &ticks(), Shutdown::Clean);
}

#[test]
fn files_that_are_none_of_ours() {
    let not_persist = |found: &[u8]| Refusal::NotPersist(found.to_vec());
    for (name, bytes, found, texts) in [
        ("empty", &b""[..], &b""[..], ["is not a persist file", "empty", "remove it first"]),
        ("one byte", b"x", b"x", ["is not a persist file", "\\x89PVF", "found \"x\""]),
        (
            "text",
            b"hello, world\n",
            b"hello, w",
            ["not a persist", "\\x89PVF", "found \"hello, w\""],
        ),
        (
            "PNG",
            b"\x89PNG\r\n\x1a\n...",
            b"\x89PNG\r\n\x1a\n",
            ["not a", "\\x89PVF", "\\x89PNG\\r"],
        ),
        ("zeros", &[0; 70000], &[0; 8], ["is not a persist file", "\\x89PVF", "\\x00\\x00"]),
        ("no CR", b"\x89PVF\n\x1a\n...", b"\x89PVF\n\x1a\n.", ["not a persist", "", "\\x89PVF\\n"]),
    ] {
        let image = Image(bytes.to_vec());
        check_refused::<Tick>(name, &image, not_persist(found), &texts);
    }
    let junk: Vec<u8> =
        (0..100_000_u32).map(|i| (i.wrapping_mul(0x9e37_79b9) >> 24) as u8).collect();
    check_refused::<Tick>("junk", &Image(junk.clone()), not_persist(&junk[..8]), &[]);
}

#[test]
fn every_truncation() {
    let image = image_of(&ticks());
    let whole = &image;
    in_shards(1..FILE_BYTES, |lens| {
        let bench = Bench::with(whole);
        let file = File::options().write(true).open(&bench.path).unwrap();
        for len in lens.rev() {
            file.set_len(len as u64).unwrap();
            let way = WAYS[len % 3];
            let error = way.open(&OpenOptions::<Tick>::new(), &bench.path);
            let error = error.expect_err(&format!("{len} bytes: {way:?} accepted it"));
            let expected_bytes = match len {
                ..DESCRIPTOR_OFFSET => DESCRIPTOR_OFFSET,
                DESCRIPTOR_OFFSET..HEADER_BYTES => HEADER_BYTES,
                _ => FILE_BYTES,
            } as u64;
            let expected = Refusal::Truncated { expected_bytes, found_bytes: len as u64 };
            if len.is_power_of_two() {
                let numbers = [format!("at least {expected_bytes} "), format!("found {len}:")];
                let texts = ["is truncated: ", &numbers[0], &numbers[1], "restore it from a copy"];
                check_error("truncated", error, &bench.path, &expected, &texts);
            } else {
                assert_eq!(Refusal::of(&error), expected);
            }
            assert_eq!(file.metadata().unwrap().len(), len as u64, "the file was made longer");
        }
        assert!(whole.0.starts_with(&fs::read(&bench.path).unwrap()), "the file was changed");
        whole.write(&bench.path);
        assert_eq!(MmapSlice::<Tick>::open(&bench.path).unwrap(), ticks());
    });
}

/// Nothing that stands before the elements can change unnoticed. Damage to one of the two slots is what
/// a crash in a commit looks like: the other one says the same.
#[test]
fn every_flipped_header_byte() {
    use std::os::unix::fs::FileExt;

    let image = image_of(&ticks());
    let whole = &image;
    in_shards(0..HEADER_BYTES, |offsets| {
        let bench = Bench::with(whole);
        let file = File::options().write(true).open(&bench.path).unwrap();
        for offset in offsets {
            let (all, one) = (0xff, 1 << (offset % 8));
            let flips = if is_one_of_many_reserved(offset) {
                &[[all, one][offset % 2]][..]
            } else {
                &[all, one]
            };
            for (i, bits) in flips.iter().enumerate() {
                file.write_all_at(&[whole.0[offset] ^ bits], offset as u64).unwrap();
                let way = WAYS[(offset / 8 + i) % 3];
                let opened = way.open(&OpenOptions::<Tick>::new(), &bench.path);
                check_flipped(offset, *bits, opened);
                file.write_all_at(&whole.0[offset..=offset], offset as u64).unwrap();
            }
        }
        assert!(Image::read(&bench.path) == *whole, "an attempt changed the file");
        assert_eq!(MmapSlice::<Tick>::open(&bench.path).unwrap(), ticks());
    });
}

/// Whether a byte is one of the many before the journal that mean nothing. To save time each of these
/// is flipped once, alternately in all bits and in one.
fn is_one_of_many_reserved(offset: usize) -> bool {
    offset >= DESCRIPTOR_OFFSET + 4096
}

fn check_flipped(offset: usize, bits: u8, opened: Result<(Vec<Tick>, Shutdown), Error>) {
    let slots = Slot(0).offset()..Slot(1).offset() + 4096;
    if slots.contains(&offset) {
        let (elements, shutdown) = opened.unwrap_or_else(|error| panic!("byte {offset}: {error}"));
        assert_eq!(elements, ticks(), "byte {offset} ^ {bits:#x}");
        assert_eq!(shutdown, Shutdown::Torn, "byte {offset} ^ {bits:#x}");
        return;
    }
    let Err(error) = opened else { panic!("byte {offset} ^ {bits:#x} went unnoticed") };
    let descriptor_end = DESCRIPTOR_OFFSET + Descriptor::of::<Tick>().as_bytes().len();
    let region = match offset {
        0..8 => return assert!(matches!(error, Error::NotPersist { .. }), "{offset}: {error}"),
        8..4096 => Region::Preamble,
        DESCRIPTOR_OFFSET.. if offset < descriptor_end => Region::Descriptor,
        _ => Region::Reserved,
    };
    let at = match region {
        Region::Preamble => 0,
        Region::Descriptor => DESCRIPTOR_OFFSET,
        _ => offset,
    };
    assert_eq!(Refusal::of(&error), Refusal::Corrupt(region, at), "byte {offset} ^ {bits:#x}");
}

/// Runs `f` with parts of a range, on as many threads as the machine has.
fn in_shards(range: std::ops::Range<usize>, f: impl Fn(std::ops::Range<usize>) + Sync) {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let step = range.len().div_ceil(threads);
    thread::scope(|scope| {
        for start in range.clone().step_by(step) {
            let (f, shard) = (&f, start..range.end.min(start + step));
            scope.spawn(move || f(shard));
        }
    });
}

#[test]
fn damage_in_the_preamble() {
    let image = image_of(&ticks());
    let at = |field| Refusal::Corrupt(Region::Preamble, Preamble.field(field).start);
    for (field, value, expected, text) in [
        ("byte_order", 0x0203_0401, at("byte_order"), "byte-order mark"),
        ("byte_order", 0, at("byte_order"), "byte-order mark"),
        ("element_align_bytes", 0, at("element_align_bytes"), "power of two up to 4096"),
        ("element_align_bytes", 3, at("element_align_bytes"), "power of two up to 4096"),
        ("element_align_bytes", 8192, at("element_align_bytes"), "power of two up to 4096"),
        ("element_bytes", 0, at("element_bytes"), "a multiple of the alignment above 0"),
        ("element_bytes", 1, at("element_bytes"), "a multiple of the alignment above 0"),
        ("element_bytes", 25, at("element_bytes"), "a multiple of the alignment above 0"),
        ("descriptor_bytes", (1 << 20) + 1, at("descriptor_bytes"), "at most 1048576"),
        ("descriptor_bytes", u64::MAX, at("descriptor_bytes"), "at most 1048576"),
        ("descriptor_bytes", 1 << 20, at("journal_offset"), "after the descriptor"),
        ("journal_offset", 0, at("journal_offset"), "multiple of 65536 after"),
        ("journal_offset", 131_072, at("journal_offset"), "multiple of 65536 after"),
        ("journal_offset", u64::MAX, at("journal_offset"), "multiple of 65536 after"),
        ("journal_bytes", 1, at("journal_bytes"), "a multiple of 65536"),
        ("journal_bytes", 65536, at("data_offset"), "the end of the journal"),
        ("journal_bytes", 0u64.wrapping_sub(65536), at("data_offset"), "the end of the journal"),
        ("data_offset", 65560, at("data_offset"), "the end of the journal"),
        ("data_offset", 0, at("data_offset"), "the end of the journal"),
        ("data_offset", u64::MAX, at("data_offset"), "the end of the journal"),
        (
            "reserved_1",
            1,
            Refusal::Corrupt(Region::Reserved, Preamble.field("reserved_1").start),
            "expected 0, found 1",
        ),
        (
            "reserved_2",
            7 << 56,
            Refusal::Corrupt(Region::Reserved, Preamble.field("reserved_2").start + 7),
            "expected 0, found 7",
        ),
    ] {
        let bent = image.clone().with(Preamble, field, value).sealed();
        let name = format!("{field} = {value:#x}");
        check_refused::<Tick>(&name, &bent, expected, &["is corrupt", text, "from a copy"]);
    }
    let far = image.with(Preamble, "journal_bytes", 1 << 63).with(Preamble, "data_offset", 1 << 63);
    let far = far.with(Preamble, "data_offset", (1 << 63) + HEADER_BYTES as u64).sealed();
    check_refused::<Tick>("data past 2^63", &far, at("data_offset"), &[]);
}

#[test]
fn a_preamble_that_no_longer_agrees_with_the_descriptor() {
    let image = image_of(&ticks());
    let corrupt = Refusal::Corrupt(Region::Descriptor, DESCRIPTOR_OFFSET);
    let smaller = image.clone().with(Preamble, "element_bytes", 16).sealed();
    let texts = ["expected elements of 16 bytes, found 24"];
    check_refused::<Tick>("smaller elements", &smaller, corrupt.clone(), &texts);
    let bytewise = image.clone().with(Preamble, "element_align_bytes", 1);
    let bytewise = bytewise.with(Preamble, "element_bytes", 1).sealed();
    let texts = ["expected elements of 1 bytes, found 24"];
    check_refused::<Tick>("elements of a byte", &bytewise, corrupt.clone(), &texts);
    let huge = image_of::<Tick>(&[]).with(Preamble, "element_bytes", 1 << 40).sealed();
    check_refused::<Tick>("no elements, but huge", &huge, corrupt, &["1099511627776", "found 24"]);

    let huge = image.with(Preamble, "element_bytes", 1 << 40).sealed();
    let expected_bytes = 3 * (1 << 40) + HEADER_BYTES as u64;
    let truncated = Refusal::Truncated { expected_bytes, found_bytes: FILE_BYTES as u64 };
    check_refused::<Tick>("huge elements", &huge, truncated, &[]);
}

#[test]
fn a_length_that_lies() {
    let image = image_of(&ticks());
    let truncated =
        |expected_bytes| Refusal::Truncated { expected_bytes, found_bytes: FILE_BYTES as u64 };
    for (len, expected_bytes) in [
        (4, FILE_BYTES as u64 + 24),
        (1 << 40, (24 << 40) + HEADER_BYTES as u64),
        (u64::MAX / 24, u64::MAX),
        (u64::MAX / 24 + 2, u64::MAX),
        (i64::MAX as u64, u64::MAX),
        (u64::MAX, u64::MAX),
    ] {
        let bent = [Slot(0), Slot(1)]
            .into_iter()
            .fold(image.clone(), |image, slot| image.with(slot, "committed_len", len));
        let name = format!("{len} elements");
        check_refused::<Tick>(&name, &bent.sealed(), truncated(expected_bytes), &["truncated"]);
    }
}

#[test]
fn the_descriptor_is_a_hostile_input() {
    let image = image_of(&ticks());
    let corrupt = |at| Refusal::Corrupt(Region::Descriptor, DESCRIPTOR_OFFSET + at);
    for (descriptor, at, text) in [
        (&b""[..], 0, "descriptor at byte 16384: expected the tag of a type, found the end"),
        (b"\x09", 0, "expected the tag of a type, 1 to 8, found 9"),
        (b"\x01\x00\x03\x00", 1, "expected a primitive of the format, found class 0, width 3"),
        (b"\x01\x00\x08\x00\x00", 4, "expected the end, found 1 more bytes"),
        (b"\x02\x83\x00\x01\x00\x08\x00", 1, "expected a number in its shortest form"),
        (b"\x03\x01T\x00\x18\x00\x01\x01a\x04\x01\x00\x08\x00", 9, "the field at offset 0"),
        (b"\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01\x00\x08\x00", 1, "2^63 - 1"),
        (b"\x07\x02\xff\xff", 1, "expected a name in UTF-8"),
        (b"\x04\x01E\x00\x00\x01\x02\x01a\x00\x01b\x00", 12, "expected a tag above 0, found 0"),
        (b"\x04\x01E\x00\x00\x01\x02\x01a\x00\x01a\x01", 10, "names that differ, found `a` twice"),
        (&b"\x02\x01".repeat(70), 128, "nest at most 64 deep"),
    ] {
        let bent = image.clone().with_descriptor(descriptor);
        let texts = [text, "is corrupt: descriptor at byte 16", "from a copy"];
        check_refused::<Tick>(&format!("{descriptor:x?}"), &bent, corrupt(at), &texts);
    }

    let checksum = image.clone().flipped(DESCRIPTOR_OFFSET + 9, 1);
    check_refused::<Tick>("checksum", &checksum, corrupt(0), &["expected checksum 0x"]);
    let fingerprint = image.clone().flipped(Preamble.field("fingerprint").start, 1);
    let checksum = support::checksum(&fingerprint, Preamble);
    let fingerprint = fingerprint.with(Preamble, "checksum", checksum);
    check_refused::<Tick>("fingerprint", &fingerprint, corrupt(0), &["expected fingerprint 0x"]);
}

#[test]
fn what_only_newer_versions_know() {
    let image = image_of(&ticks());
    let unsupported = Refusal::Unsupported;
    for (field, value, expected, texts) in [
        ("format_version", 2, Feature::FormatVersion(2), ["expected format version 1", "found 2"]),
        ("format_version", 0, Feature::FormatVersion(0), ["expected format version 1", "found 0"]),
        ("incompat", 1, Feature::Incompat(1), ["no incompat features", "found 0x1"]),
        ("incompat", 1 << 63, Feature::Incompat(1 << 63), ["incompat", "0x8000000000000000"]),
    ] {
        let newer = image.clone().with(Preamble, field, value).sealed();
        let texts = ["is unsupported", "a newer version of persist", texts[0], texts[1]];
        check_refused::<Tick>(field, &newer, unsupported(expected), &texts);
    }

    let read_only = image.clone().with(Preamble, "ro_compat", 4).sealed();
    let expected = unsupported(Feature::ReadOnlyCompat(4));
    let texts = ["it can only be read", "found 0x4"];
    let (options, writers) = (OpenOptions::<Tick>::new(), [Way::Vec, Way::OpenOrCreate]);
    check_refused_with("ro_compat", &read_only, &options, &writers, expected, &texts);
    assert_eq!(Way::Slice.open(&options, &Bench::with(&read_only).path).unwrap().0, ticks());

    let compat = image.clone().with(Preamble, "compat", u64::MAX).sealed();
    check_opens("compat", &compat, &ticks(), Shutdown::Clean);

    let newest = newest_slot(&image);
    let atomic = image.clone().with(newest, "mode", 1).sealed();
    let texts = ["is unsupported", "expected mode 0 (shared), found 1"];
    check_refused::<Tick>("mode", &atomic, unsupported(Feature::Mode(1)), &texts);
    let was_atomic = image.clone().with(other(newest), "mode", 1).sealed();
    check_opens("the mode of the older slot", &was_atomic, &ticks(), Shutdown::Clean);

    // A preamble that is newer *and* damaged is damaged.
    let damaged = image.with(Preamble, "format_version", 2);
    check_refused::<Tick>(
        "damaged",
        &damaged,
        Refusal::Corrupt(Region::Preamble, 0),
        &["checksum"],
    );
}

fn newest_slot(image: &Image) -> Block {
    let epochs = [Slot(0), Slot(1)].map(|slot| image.get(slot, "epoch"));
    if epochs[0] > epochs[1] { Slot(0) } else { Slot(1) }
}

fn other(slot: Block) -> Block {
    if slot == Slot(0) { Slot(1) } else { Slot(0) }
}

#[test]
fn the_slots() {
    let image = image_of(&ticks());
    let newest = newest_slot(&image);
    let epoch = image.get(newest, "epoch");
    let corrupt = Refusal::Corrupt(Region::Slots, Slot(0).offset());
    for (name, bent, text) in [
        ("both damaged", image.clone().flipped(4096, 1).flipped(8192, 1), "found none"),
        (
            "both of the wrong parity",
            image.clone().with(newest, "epoch", epoch - 1).with(other(newest), "epoch", epoch),
            "found none",
        ),
        ("apart", image.clone().with(newest, "epoch", epoch + 2), "epochs that differ by 1"),
        ("reserved flags", image.clone().with(newest, "flags", 3), "no reserved flags"),
        (
            "worn out",
            image.clone().with(Slot(0), "epoch", u64::MAX - 1).with(Slot(1), "epoch", u64::MAX),
            "an epoch that commits can reach",
        ),
    ] {
        let bent = if name == "both damaged" { bent } else { bent.sealed() };
        check_refused::<Tick>(name, &bent, corrupt.clone(), &["is corrupt: slots", text]);
    }

    for (name, torn) in [
        ("newest damaged", image.clone().flipped(newest.field("epoch").start, 1)),
        ("older damaged", image.clone().flipped(other(newest).field("epoch").start, 1)),
        ("parity of the newest", image.clone().with(newest, "epoch", epoch + 1).sealed()),
        ("parity of the older", image.clone().with(other(newest), "epoch", epoch).sealed()),
        ("reserved bytes", image.clone().with(newest, "reserved", 1)),
        ("zeros", image.clone().with_bytes(newest.offset(), &[0; 4096])),
        ("ones", image.clone().with_bytes(newest.offset(), &[0xff; 4096])),
    ] {
        check_opens(name, &torn, &ticks(), Shutdown::Torn);
    }
    let flags = image.clone().with(other(newest), "flags", u64::from(u32::MAX)).sealed();
    check_opens("flags of the older slot", &flags, &ticks(), Shutdown::Clean);
    let last = image
        .clone()
        .with(Slot(1), "epoch", (1 << 63) - 1)
        .with(Slot(0), "epoch", (1 << 63) - 2)
        .sealed();
    check_opens("the last epoch", &last, &ticks(), Shutdown::Clean);
}

/// A torn file is healed by the next writer who closes it, and by nobody else.
#[test]
fn closing_a_torn_file_heals_it() {
    let image = image_of(&ticks()).flipped(4096, 1);
    let bench = Bench::with(&image);
    MmapVec::<Tick>::open(&bench.path).unwrap().close().unwrap();
    let slice = MmapSlice::<Tick>::open(&bench.path).unwrap();
    assert_eq!((slice.info().shutdown, &*slice), (Shutdown::Clean, &ticks()[..]));
}

/// In this version nobody reads the journal, nor what stands after the last element.
#[test]
fn bytes_that_mean_nothing() {
    let bench = Bench::new("journal.pv");
    let mut vec = MmapVec::<Tick>::options().journal_bytes(65536).create(&bench.path).unwrap();
    vec.extend_from_slice(&ticks()).unwrap();
    vec.commit().unwrap();
    vec.close().unwrap();
    let image = Image::read(&bench.path);
    let data_offset = image.get(Preamble, "data_offset") as usize;
    assert_eq!(data_offset, 2 * HEADER_BYTES);
    assert!(image.0.len() > data_offset + 3 * 24, "no room to spare");
    let noise = image.with_bytes(HEADER_BYTES, &[0xee; HEADER_BYTES]);
    let noise = noise.with_bytes(data_offset + 3 * 24, &[0xee; 24]);
    check_opens("noise", &noise, &ticks(), Shutdown::Clean);
}

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

#[derive(Debug, Clone, Copy, Persist)]
#[repr(C)]
#[persist(rename = "Tick")]
struct SameSize {
    time: i64,
    price: f32,
    pad: Pad<12>,
}

#[test]
fn other_layouts() {
    let image = image_of(&ticks());
    let rows = [
        "layout mismatch in `",
        "ticks.pv`:\n",
        "  field `price`   file: f32 @8    program: f64 @8\n",
        "  field `venue`   only in program ([u8; 4] @16)\n",
        "  size            file: 24 bytes  program: 32 bytes",
    ];
    check_refused::<newer::Tick>("another size", &image, Refusal::Layout, &rows);
    let rows = ["`:\n  field `time`   file: u64 @0  program: i64 @0"];
    check_refused::<SameSize>("the same size", &image, Refusal::Layout, &rows);
    let rows = ["`:\n  element   file: Tick  program: [u8; 24]"];
    check_refused::<[u8; 24]>("bytes of the same size", &image, Refusal::Layout, &rows);
    check_refused::<Tick>("a number", &image_of(&[1_u64]), Refusal::Layout, &["file: u64"]);

    let bench = Bench::with(&image);
    let Err(Error::Layout { mismatch, .. }) = MmapVec::<newer::Tick>::open(&bench.path) else {
        panic!("another layout was accepted")
    };
    assert_eq!((mismatch.file.size_bytes(), mismatch.program.size_bytes()), (24, 32));
    let difference = &mismatch.differences()[0];
    assert_eq!(difference.subject, "field `price`");
    assert_eq!(difference.file.as_deref(), Some("f32 @8"));
    assert_eq!(difference.program.as_deref(), Some("f64 @8"));
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Portable {
    id: U32<LE>,
    text: FixedStr<3>,
    flag: bool,
}

#[test]
fn foreign_byte_order() {
    let foreign = |image: Image| {
        let mut mark = image.0[Preamble.field("byte_order")].to_vec();
        mark.reverse();
        image.with_bytes(Preamble.field("byte_order").start, &mark).sealed()
    };
    let (program, file) = match ByteOrder::NATIVE {
        ByteOrder::Little => (ByteOrder::Little, ByteOrder::Big),
        ByteOrder::Big => (ByteOrder::Big, ByteOrder::Little),
    };
    let image = foreign(image_of(&ticks()));
    let said = [format!("the file is {file}-endian"), format!("this machine is {program}-endian")];
    let texts = ["byte order mismatch", &said[0], &said[1], "explicit byte order"];
    let refusal = Refusal::ByteOrder { file, program };
    check_refused::<Tick>("numbers", &image, refusal.clone(), &texts);
    // The order is named before the layout: on the right machine it may be the right one.
    check_refused::<newer::Tick>("another layout", &image, refusal, &texts);

    let elements = [7, 1 << 30].map(|id| Portable {
        id: U32::new(id),
        text: FixedStr::new("abc").unwrap(),
        flag: true,
    });
    let portable = foreign(image_of(&elements));
    check_opens("portable", &portable, &elements, Shutdown::Clean);
    assert_eq!(
        MmapSlice::<Portable>::open(Bench::with(&portable).path).unwrap().info().byte_order,
        file
    );
    check_refused::<Tick>("portable, but another", &portable, Refusal::Layout, &[]);
}

#[test]
fn other_applications() {
    let (magic, version) = (*b"TICKDATA", [1, 2, 3]);
    let options = MmapVec::<Tick>::options();
    let ours = options.clone().app_magic(magic).app_version(version);
    let image = image_with(&ours, &ticks());

    let theirs = options.clone().app_magic(*b"CATALOG\0").app_version(version);
    let refusal = Refusal::AppMagic { file: magic, program: *b"CATALOG\0" };
    let texts = ["application mismatch", "file: app_magic \"TICKDATA\"", "\"CATALOG\\x00\""];
    check_refused_with("magic", &image, &theirs, &WAYS, refusal, &texts);

    let newer = ours.clone().app_version([1, 2, 4]);
    let refusal = Refusal::AppVersion { file: version, program: [1, 2, 4] };
    let texts =
        ["application version mismatch", "file: 1.2.3, program: 1.2.4", "with that version"];
    check_refused_with("version", &image, &newer, &WAYS, refusal, &texts);

    let anonymous = image_of(&ticks());
    let refusal = Refusal::AppMagic { file: [0; 8], program: magic };
    check_refused_with("no magic", &anonymous, &ours, &WAYS, refusal, &["\\x00\\x00"]);
    check_opens("any application", &image, &ticks(), Shutdown::Clean);
    for way in WAYS {
        assert_eq!(way.open(&ours, &Bench::with(&image).path).unwrap().0, ticks());
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

/// A field of an [`Order`], what is written there, and what the error says of it.
const FAULTS: [(&str, usize, &[u8], &str, &str); 12] = [
    ("letter", 0, &[0, 0xd8, 0, 0], "a Unicode scalar value", "0xd800"),
    ("letter", 0, &[0, 0, 0x11, 0], "a Unicode scalar value", "0x110000"),
    ("id", 4, &[0; 4], "a number other than 0", "0"),
    ("legs[0][0].count", 8, &[0; 2], "a number other than 0", "0"),
    ("legs[0][1].side", 8 + 4 + 2, &[2], "0 (Buy) or 1 (Sell)", "2"),
    ("legs[1][0].live", 8 + 8 + 3, &[2], "0 or 1", "2"),
    ("legs[1][1].live", 8 + 12 + 3, &[0xff], "0 or 1", "255"),
    ("trend", 24, &[0; 2], "1 (Up) or -1 (Down)", "0"),
    ("trend", 24, &[0x00, 0x80], "1 (Up) or -1 (Down)", "-32768"),
    ("origin", 26, b"\xffFK", "UTF-8, then NULs to the end", "bytes ff 46 4b 00 00"),
    ("origin", 26, b"J\0K", "UTF-8, then NULs to the end", "bytes 4a 00 4b 00 00"),
    ("origin", 26, b"JFK\xc3\0", "UTF-8, then NULs to the end", "bytes 4a 46 4b c3 00"),
];

#[test]
fn elements_that_are_no_values() {
    if cfg!(target_endian = "big") {
        return support::skip("elements_that_are_no_values", "its bytes are little-endian");
    }
    let orders = orders();
    let image = image_of(&orders);
    for (field, offset, bytes, expected, found) in FAULTS {
        // At the beginning, on both sides of the blocks that are looked through at once, at the end.
        for index in [0, 255, 256, 599] {
            let bent = image.clone().with_bytes(HEADER_BYTES + 32 * index + offset, bytes);
            let refusal = Refusal::CorruptElement {
                index: index as u64,
                field: field.into(),
                expected: expected.into(),
                found: found.into(),
            };
            let said =
                [format!("element {index}, field `{field}`: expected {expected}, found {found}")];
            let texts = ["is corrupt", &said[0], "restore it from a copy, or correct the element"];
            check_refused::<Order>(field, &bent, refusal, &texts);
        }
    }
    check_opens("undamaged", &image, &orders, Shutdown::Clean);
}

#[test]
fn the_first_fault_is_named() {
    let bent = image_of(&orders())
        .with_bytes(HEADER_BYTES + 32 * 400 + 11, &[9])
        .with_bytes(HEADER_BYTES + 32 * 300 + 11, &[7])
        .with_bytes(HEADER_BYTES + 32 * 300 + 10, &[8]);
    let refusal = Refusal::CorruptElement {
        index: 300,
        field: "legs[0][0].side".into(),
        expected: "0 (Buy) or 1 (Sell)".into(),
        found: "8".into(),
    };
    check_refused::<Order>("several", &bent, refusal, &[]);

    let alone = image_of(&[true, false, true]).with_bytes(HEADER_BYTES + 2, &[3]);
    let refusal = Refusal::CorruptElement {
        index: 2,
        field: String::new(),
        expected: "0 or 1".into(),
        found: "3".into(),
    };
    check_refused::<bool>("no field", &alone, refusal, &["element 2: expected 0 or 1, found 3"]);
}

/// What was never committed is no element, and may be anything.
#[test]
fn faults_past_the_end_are_none() {
    let image = image_of(&[true, true]);
    let image = image.with(Slot(0), "committed_len", 1).with(Slot(1), "committed_len", 1);
    let image = image.sealed().with_bytes(HEADER_BYTES + 1, &[77]);
    check_opens("past the end", &image, &[true], Shutdown::Clean);
}

/// Large enough to be looked through by several threads, of which the first one's find counts.
#[test]
fn a_fault_in_a_large_file() {
    use std::os::unix::fs::FileExt;

    const LEN: u64 = (64 << 20) / 16;
    #[derive(Debug, Clone, Copy, Persist)]
    #[repr(C)]
    struct Sample {
        value: u64,
        live: bool,
        pad: Pad<7>,
    }

    let image = image_of::<Sample>(&[]);
    let image = image.with(Slot(0), "committed_len", LEN).with(Slot(1), "committed_len", LEN);
    let bench = Bench::with(&image.sealed());
    let file = File::options().write(true).open(&bench.path).unwrap();
    file.set_len(HEADER_BYTES as u64 + 16 * LEN).unwrap();
    let check = |faulty: &[u64]| {
        let place = |index: u64| HEADER_BYTES as u64 + 16 * index + 8;
        faulty.iter().for_each(|&index| file.write_all_at(&[2], place(index)).unwrap());
        let first = *faulty.iter().min().unwrap();
        let expected = Refusal::CorruptElement {
            index: first,
            field: "live".into(),
            expected: "0 or 1".into(),
            found: "2".into(),
        };
        let options = OpenOptions::<Sample>::new();
        check_path("large", &[Way::Slice, Way::Vec], &options, &bench.path, &expected, &[]);
        faulty.iter().for_each(|&index| file.write_all_at(&[0], place(index)).unwrap());
    };
    check(&[LEN - 2]);
    check(&[LEN - 1, LEN / 2 + 1, LEN / 2 + 7]);
    assert_eq!(MmapSlice::<Sample>::open(&bench.path).unwrap().len() as u64, LEN);
}

#[test]
fn missing_files_and_directories() {
    let bench = Bench::new("missing.pv");
    let options = OpenOptions::<Tick>::new();
    let refusal = Refusal::Io(io::ErrorKind::NotFound);
    let texts = ["no such file or directory", "`open_or_create`"];
    let openers = [Way::Vec, Way::Slice];
    check_path("missing file", &openers, &options, &bench.path, &refusal, &texts);
    assert!(bench.snapshot().is_empty());

    let path = bench.path("nowhere/ticks.pv");
    check_path("missing directory", &openers, &options, &path, &refusal, &texts);
    for created in [options.create(&path), options.open_or_create(&path)] {
        let texts = ["can't create", "its directory must exist"];
        check_error("missing directory", created.unwrap_err(), &path, &refusal, &texts);
    }
    assert!(bench.snapshot().is_empty());

    drop(options.open_or_create(&bench.path).unwrap());
    assert_eq!(bench.snapshot().len(), 1);
}

#[test]
fn create_replaces_nothing() {
    let whole = image_of(&ticks());
    for image in [Image(Vec::new()), Image(b"precious".to_vec()), whole] {
        let bench = Bench::with(&image);
        let before = bench.snapshot();
        let error = MmapVec::<Tick>::create(&bench.path).unwrap_err();
        let texts = ["already exists", "open it, or choose another name", "replaces nothing"];
        check_error("file", error, &bench.path, &Refusal::AlreadyExists, &texts);
        assert!(bench.snapshot() == before);
    }
    let bench = Bench::new("directory");
    fs::create_dir(&bench.path).unwrap();
    let error = MmapVec::<Tick>::create(&bench.path).unwrap_err();
    check_error("directory", error, &bench.path, &Refusal::AlreadyExists, &[]);
    assert!(snapshot(&bench.path).is_empty());
    assert_eq!(bench.snapshot().len(), 1, "something was left behind");
}

/// Of many who create a file at once one succeeds: to see that there is none is not to have made it.
#[test]
fn one_of_many_creators_succeeds() {
    const CREATORS: usize = 8;
    let bench = Bench::new("new.pv");
    let barrier = Barrier::new(CREATORS);
    let created: Vec<_> = thread::scope(|scope| {
        let create = || {
            barrier.wait();
            MmapVec::<Tick>::create(&bench.path)
        };
        let creators: Vec<_> = (0..CREATORS).map(|_| scope.spawn(create)).collect();
        creators.into_iter().map(|creator| creator.join().unwrap()).collect()
    });
    let (winners, losers): (Vec<_>, Vec<_>) = created.into_iter().partition(Result::is_ok);
    assert_eq!(winners.len(), 1);
    for error in losers.into_iter().filter_map(Result::err) {
        check_error("late", error, &bench.path, &Refusal::AlreadyExists, &[]);
    }
    assert_eq!(bench.snapshot().len(), 1, "something was left behind");
}

#[test]
fn paths_that_name_no_file() {
    let options = OpenOptions::<Tick>::new();
    let bench = Bench::new("directory");
    fs::create_dir(&bench.path).unwrap();
    let refusal = Refusal::NotAFile("a directory");
    let texts = ["is a directory", "expected a regular file"];
    check_path("directory", &WAYS, &options, &bench.path, &refusal, &texts);

    let refusal = Refusal::NotAFile("a device, a pipe or a socket");
    let texts = ["is a device, a pipe or a socket", "expected a regular file"];
    let socket = bench.path("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    check_path("socket", &WAYS, &options, &socket, &refusal, &texts);
    check_path("device", &WAYS, &options, Path::new("/dev/null"), &refusal, &texts);
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, FileType, Mode, mknodat};

        let pipe = bench.path("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
        check_path("pipe", &WAYS, &options, &pipe, &refusal, &texts);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn symbolic_links() {
    use std::os::unix::fs::symlink;

    let options = OpenOptions::<Tick>::new();
    let bench = Bench::with(&image_of(&ticks()));
    let link = bench.path("link.pv");
    symlink("ticks.pv", &link).unwrap();
    for way in WAYS {
        assert_eq!(way.open(&options, &link).unwrap().0, ticks(), "{way:?}");
    }
    let error = options.create(&link).unwrap_err();
    check_error("link", error, &link, &Refusal::AlreadyExists, &[]);

    let dangling = bench.path("dangling.pv");
    symlink("nowhere.pv", &dangling).unwrap();
    let before = bench.snapshot();
    let refusal = Refusal::NotAFile("a symbolic link to nothing");
    check_path("dangling", &WAYS, &options, &dangling, &refusal, &[]);
    let error = options.create(&dangling).unwrap_err();
    check_error("dangling", error, &dangling, &Refusal::AlreadyExists, &[]);
    assert!(bench.snapshot() == before, "a dangling link was followed or replaced");

    let (here, there) = (bench.path("here.pv"), bench.path("there.pv"));
    symlink(&there, &here).unwrap();
    symlink(&here, &there).unwrap();
    for way in WAYS {
        assert_eq!(os_error(way.open(&options, &here)), Some(Errno::LOOP), "{way:?}");
    }
    assert_eq!(os_error(options.open(&there)), Some(Errno::LOOP));
}

#[cfg(target_os = "linux")]
#[test]
fn unusual_names() {
    use std::os::unix::ffi::OsStrExt;

    let options = OpenOptions::<Tick>::new();
    for name in [&b"\xff\xfe.pv"[..], b"new\nline", b" ", b"*?\"'`$", &[b'n'; 255], b"...", b"-rf"]
    {
        let bench = Bench::new(OsStr::from_bytes(name));
        let mut vec = options.create(&bench.path).unwrap();
        vec.extend_from_slice(&ticks()).unwrap();
        vec.commit().unwrap();
        let error = options.open(&bench.path).unwrap_err();
        check_error("locked", error, &bench.path, &Refusal::Locked(LockHolder::ThisProcess), &[]);
        drop(vec);
        for way in WAYS {
            assert_eq!(way.open(&options, &bench.path).unwrap().0, ticks(), "{name:?}");
        }
        assert_eq!(bench.snapshot().len(), 1, "{name:?}: something was left behind");
    }

    let bench = Bench::new("n".repeat(256));
    for created in [options.create(&bench.path), options.open_or_create(&bench.path)] {
        assert_eq!(os_error(created), Some(Errno::NAMETOOLONG));
    }
    assert!(bench.snapshot().is_empty(), "something was left behind");
}

/// The number of an error for which std has no stable name.
#[cfg(target_os = "linux")]
fn os_error<T>(result: Result<T, Error>) -> Option<Errno> {
    match result {
        Err(Error::Io { source, .. }) => Errno::from_io_error(&source),
        _ => None,
    }
}

#[cfg(target_os = "linux")]
#[test]
fn relative_paths_and_slashes() {
    let options = OpenOptions::<Tick>::new();
    let bench = Bench::with(&image_of(&ticks()));
    support::in_directory(bench.directory.path(), || {
        for path in ["ticks.pv", "./ticks.pv", "./././ticks.pv"] {
            let vec = options.open(path).unwrap();
            assert_eq!((vec.path(), &*vec), (Path::new(path), &ticks()[..]));
            let error = options.open_read_only(&bench.path).unwrap_err();
            let holder = Refusal::Locked(LockHolder::ThisProcess);
            check_error("relative", error, &bench.path, &holder, &["open in this process"]);
        }
        options.create("new.pv").unwrap().close().unwrap();
        assert!(bench.path("new.pv").is_file());
        fs::remove_file("new.pv").unwrap();

        let refusal = Refusal::Io(io::ErrorKind::NotFound);
        for created in [options.create(""), options.open_or_create("")] {
            check_error(
                "no name",
                created.unwrap_err(),
                Path::new(""),
                &refusal,
                &["can't create ``"],
            );
        }
        let no_directory = Refusal::Io(io::ErrorKind::NotADirectory);
        check_path("slash", &WAYS, &options, Path::new("ticks.pv/"), &no_directory, &[]);
        for created in [options.create("new.pv/"), options.open_or_create("new.pv/")] {
            check_error("slash", created.unwrap_err(), Path::new("new.pv/"), &no_directory, &[]);
        }
        let refusal = Refusal::NotAFile("a directory");
        check_path("here", &WAYS, &options, Path::new("."), &refusal, &[]);
    });
    assert_eq!(bench.snapshot().len(), 1, "something was left behind");
}

#[test]
fn one_writer_or_many_readers() {
    let options = OpenOptions::<Tick>::new();
    let bench = Bench::with(&image_of(&ticks()));
    let (soft, hard) = (bench.path("soft.pv"), bench.path("hard.pv"));
    #[cfg(unix)]
    std::os::unix::fs::symlink(&bench.path, &soft).unwrap();
    #[cfg(windows)]
    fs::copy(&bench.path, &soft).unwrap();
    fs::hard_link(&bench.path, &hard).unwrap();
    let refusal = Refusal::Locked(LockHolder::ThisProcess);
    let texts = ["is locked", "open in this process", "close it there first"];

    let before = bench.snapshot();
    let writer = options.open(&bench.path).unwrap();
    for path in [&bench.path, &soft, &hard] {
        check_path("writer", &WAYS, &options, path, &refusal, &texts);
        let error = options.create(path).unwrap_err();
        check_error("create", error, path, &Refusal::AlreadyExists, &[]);
    }
    assert_eq!(writer, ticks());
    drop(writer);

    let readers = [&bench.path, &soft, &hard].map(|path| options.open_read_only(path).unwrap());
    for path in [&bench.path, &soft, &hard] {
        check_path("readers", &[Way::Vec, Way::OpenOrCreate], &options, path, &refusal, &texts);
    }
    assert!(readers.iter().all(|reader| *reader == ticks()));
    let [first, second, third] = readers;
    drop((first, second));
    check_path("last reader", &[Way::Vec], &options, &bench.path, &refusal, &texts);
    drop(third);
    assert!(bench.snapshot() == before);
    drop(options.open(&hard).unwrap());

    let created = options.create(bench.path("new.pv")).unwrap();
    check_path("created", &WAYS, &options, created.path(), &refusal, &texts);
}

/// A handle that was refused, for whatever reason, leaves no lock behind.
#[test]
fn a_refusal_leaves_no_lock() {
    let bench = Bench::with(&image_of(&ticks()).flipped(100, 1));
    for way in WAYS {
        assert!(way.open(&OpenOptions::<Tick>::new(), &bench.path).is_err());
    }
    image_of(&ticks()).write(&bench.path);
    assert!(MmapVec::<newer::Tick>::open(&bench.path).is_err());
    assert_eq!(MmapVec::<Tick>::open(&bench.path).unwrap(), ticks());
}

#[cfg(target_os = "linux")]
#[test]
fn permissions() {
    use std::os::unix::fs::PermissionsExt;

    let bench = Bench::new("ticks.pv");
    let options = OpenOptions::<Tick>::new();
    let tried = support::without_privileges(|| {
        let directory = bench.path("directory");
        fs::create_dir(&directory).unwrap();
        let path = directory.join("ticks.pv");
        image_of(&ticks()).write(&path);
        let before = snapshot(&directory);
        let set = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let refusal = Refusal::Io(io::ErrorKind::PermissionDenied);
        let writers = [Way::Vec, Way::OpenOrCreate];
        let texts = ["permission denied", "`MmapSlice` needs only read permission"];
        let only = ["can't open for reading", "permission denied"];

        set(&path, 0o444);
        check_path("read only", &writers, &options, &path, &refusal, &texts);
        assert_eq!(options.open_read_only(&path).unwrap(), ticks());
        set(&path, 0o222);
        check_path("write only", &writers, &options, &path, &refusal, &texts);
        check_path("write only", &[Way::Slice], &options, &path, &refusal, &only);
        set(&path, 0o000);
        check_path("nothing", &writers, &options, &path, &refusal, &texts);
        check_path("nothing", &[Way::Slice], &options, &path, &refusal, &only);
        set(&path, 0o600);

        set(&directory, 0o555);
        let new = directory.join("new.pv");
        for created in [options.create(&new), options.open_or_create(&new)] {
            let texts = ["can't create", "permission denied"];
            check_error("directory", created.unwrap_err(), &new, &refusal, &texts);
        }
        assert_eq!(options.open(&path).unwrap(), ticks());
        set(&directory, 0o600);
        check_path("directory", &WAYS, &options, &path, &refusal, &["permission denied"]);
        set(&directory, 0o700);
        assert!(snapshot(&directory) == before);
        assert_eq!(options.open(&path).unwrap(), ticks());
    });
    if tried.is_none() {
        support::skip("bad_input::permissions", "this user may ignore permissions");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_only_file_system() {
    use rustix::mount::{MountFlags, mount_remount};

    let bench = Bench::new("mount");
    fs::create_dir(&bench.path).unwrap();
    let image = image_of(&ticks());
    let tried = support::with_tmpfs(&bench.path, 1 << 20, |mount| {
        let options = OpenOptions::<Tick>::new();
        let path = mount.join("ticks.pv");
        image.write(&path);
        mount_remount(mount, MountFlags::RDONLY, "").unwrap();

        let before = snapshot(mount);
        let refusal = Refusal::Io(io::ErrorKind::ReadOnlyFilesystem);
        let texts = ["the file system is read-only", "`MmapSlice` writes nothing"];
        check_path("existing", &[Way::Vec, Way::OpenOrCreate], &options, &path, &refusal, &texts);
        let new = mount.join("new.pv");
        for created in [options.create(&new), options.open_or_create(&new)] {
            let texts = ["can't create", "the file system is read-only"];
            check_error("new", created.unwrap_err(), &new, &refusal, &texts);
        }
        let readers = [&path, &path].map(|path| options.open_read_only(path).unwrap());
        assert_eq!((&readers[0], &*readers[1]), (&readers[1], &ticks()[..]));
        assert!(snapshot(mount) == before);
    });
    if let Err(error) = tried {
        support::skip("bad_input::a_read_only_file_system", format!("no mount: {error}"));
    }
}

/// A change to a file.
#[derive(Debug, Clone)]
enum Edit {
    /// Another number in a field.
    Field { block: usize, field: usize, value: u64 },
    /// Another byte of the header.
    Byte { offset: usize, value: u8 },
    /// Another byte of the descriptor.
    Descriptor { index: usize, value: u8 },
    /// Other bytes among the elements.
    Element { offset: usize, value: u8 },
    /// Another length.
    Resize { bytes: usize },
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let value = prop_oneof![
        0..20_u64,
        (0..64_u32).prop_map(|bit| 1 << bit),
        (0..4_u64).prop_map(|i| u64::MAX - i),
        (0..5_u64).prop_map(|i| i * HEADER_BYTES as u64),
        any::<u64>(),
    ];
    let field = (0..3_usize, 0..32_usize, value).prop_map(|(block, field, value)| Edit::Field {
        block,
        field,
        value,
    });
    let offset = prop_oneof![0..200_usize, 4096..4140_usize, 8192..8230_usize, 0..HEADER_BYTES];
    let byte = (offset, any::<u8>()).prop_map(|(offset, value)| Edit::Byte { offset, value });
    let descriptor = (any::<usize>(), prop_oneof![0..12_u8, any::<u8>()])
        .prop_map(|(index, value)| Edit::Descriptor { index, value });
    let element =
        (0..96_usize, any::<u8>()).prop_map(|(offset, value)| Edit::Element { offset, value });
    let resize = prop_oneof![0..HEADER_BYTES + 200, Just(16384), Just(HEADER_BYTES + 96)]
        .prop_map(|bytes| Edit::Resize { bytes });
    let edit = prop_oneof![4 => field, 1 => byte, 4 => descriptor, 2 => element, 1 => resize];
    prop::collection::vec(edit, 1..5)
}

impl Edit {
    fn apply(&self, image: Image) -> Image {
        match *self {
            Self::Field { block, field, value } => {
                let block = [Preamble, Slot(0), Slot(1)][block];
                let fields = block.fields();
                let field = fields[field % fields.len()];
                let bits = 8 * block.field(field).len().min(8) as u32;
                if image.0.len() < block.field(field).end {
                    return image;
                }
                image.with(block, field, value & (u64::MAX >> (64 - bits)))
            }
            Self::Byte { offset, value } if offset < image.0.len() => {
                image.with_bytes(offset, &[value])
            }
            Self::Descriptor { index, value } if image.0.len() >= HEADER_BYTES => {
                let len = image.descriptor().len().max(1);
                image.with_bytes(DESCRIPTOR_OFFSET + index % len, &[value])
            }
            Self::Element { offset, value } if HEADER_BYTES + offset < image.0.len() => {
                image.with_bytes(HEADER_BYTES + offset, &[value])
            }
            Self::Resize { bytes } => image.resized(bytes),
            _ => image,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever happens to a file, the library and the reader made from `FORMAT.md` see the same in
    /// it: the same elements, or the same kind of damage.
    #[test]
    fn both_readers_agree_on_any_damage(edits in edits(), is_sealed in prop::bool::weighted(0.8)) {
        use std::sync::LazyLock;

        if cfg!(target_endian = "big") {
            support::skip("both_readers_agree_on_any_damage", "the second one is little-endian");
            return Ok(());
        }
        static WHOLE: LazyLock<Image> = LazyLock::new(|| image_of(&orders()[..3]));
        let bent = edits.iter().fold(WHOLE.clone(), |image, edit| edit.apply(image));
        let bent = if is_sealed && bent.0.len() >= HEADER_BYTES { bent.sealed() } else { bent };
        let program = Descriptor::of::<Order>();
        let bench = Bench::with(&bent);
        for way in [Way::Slice, Way::Vec] {
            let expected = format::read(&bent.0, program.as_bytes(), way == Way::Vec);
            match (way.open(&OpenOptions::<Order>::new(), &bench.path), expected) {
                (Ok((elements, shutdown)), Ok(expected)) => {
                    let elements: Vec<_> = elements.iter().map(|of| format!("{of:?}")).collect();
                    prop_assert_eq!(&elements, &expected.elements);
                    prop_assert_eq!(shutdown, expected.shutdown);
                }
                (Err(error), Err(refused)) => {
                    prop_assert_eq!(Word::of(&error), refused.word, "step {}: {}", refused.step, error);
                }
                (found, expected) => prop_assert!(false, "{way:?}: {found:?}, {expected:?}"),
            }
        }
        prop_assert!(Image::read(&bench.path) == bent, "opening changed the file");
    }
}
