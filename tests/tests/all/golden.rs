//! Files that were made once and never change: what was written by version 1 of the format can be
//! read as long as there is a version 1, and a file made today has the same bytes. There is one of each kind in
//! either byte order, made on x86-64 and on s390x.
//!
//! `cargo test -p persist-tests --test all -- --ignored write_missing_golden_files` writes those
//! of this machine's byte order that aren't there. One that is there is right by definition.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::{fs, iter};

use bytemuck::{CheckedBitPattern, NoUninit, Pod, Zeroable};
use half::{bf16, f16};
use persist_core::{
    ByteOrder, Error, FixedStr, MmapSlice, MmapVec, Mode, OpenOptions, Pad, Persist, Shutdown,
};
use zerocopy::byteorder::{BE, F64, I16, LE, U32, U64};

use crate::boot;
use crate::support::{Image, Live, Preamble, Record, Slot, checksum};

/// A golden file: how it was made, and what it holds.
pub(crate) struct Golden<T> {
    /// Of the file, without its extension.
    pub(crate) name: &'static str,
    pub(crate) elements: Vec<T>,
    /// Of the type, written down here so that it can't change unnoticed.
    pub(crate) fingerprint: u128,
    pub(crate) mode: Mode,
    pub(crate) left: Left,
}

/// How the writer of a golden file left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    Closed,
    /// With elements that were never committed.
    Dropped,
    /// With the next commit's slot half written.
    TornSlot,
    /// With commits in the journal: of appended, changed and removed elements.
    Journal,
    /// The same, and the next commit's record half written.
    TornRecord,
}

/// The byte orders in which there are golden files, and the machines that made them.
pub(crate) const MADE_ON: [(ByteOrder, &str); 2] =
    [(ByteOrder::Little, "x86_64"), (ByteOrder::Big, "s390x")];

/// What is done with each golden file.
pub(crate) trait Visitor {
    fn visit<T: Persist + Debug + PartialEq>(&mut self, golden: &Golden<T>);
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(u8)]
enum Side {
    Buy = 0,
    Sell = 1,
    Short = 0x80,
}

/// Declared out of order: a file has the variants by their tags. It has the names that it was first
/// written with, too.
#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(i16)]
#[persist(rename = "Direction")]
enum Trend {
    Up = 300,
    Flat = 0,
    Down = -2,
}

/// Plain old data, to the library a foreign type.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(transparent)]
struct Rgb([u8; 3]);

// SAFETY: a transparent array of bytes, for which zeros are a value.
unsafe impl Zeroable for Rgb {}
// SAFETY: a transparent array of bytes: no padding, and every bit pattern is a value.
unsafe impl Pod for Rgb {}

/// A percentage: a foreign type that checks its bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(transparent)]
struct Percent(u8);

// SAFETY: a transparent byte has no padding.
unsafe impl NoUninit for Percent {}
// SAFETY: `Bits` has the same layout, and a value of it up to 100 is one of `Percent`.
unsafe impl CheckedBitPattern for Percent {
    type Bits = u8;

    fn is_valid_bit_pattern(bits: &u8) -> bool {
        *bits <= 100
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C, packed)]
struct Header {
    kind: u8,
    length: u32,
    sequence: u64,
}

/// Each kind of element there is.
#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
#[persist(version = 3)]
struct Everything {
    unsigned_16: u128,
    signed_16: i128,
    unsigned_8: u64,
    signed_8: i64,
    float_8: f64,
    never_zero: NonZero<u64>,
    maybe: Option<NonZero<i64>>,
    unsigned_4: u32,
    signed_4: i32,
    float_4: f32,
    letter: char,
    unsigned_2: u16,
    signed_2: i16,
    half: f16,
    brain: bf16,
    trend: Trend,
    never_zero_2: NonZero<i16>,
    none: Option<NonZero<u16>>,
    unsigned_1: u8,
    signed_1: i8,
    flag: bool,
    side: Side,
    text: FixedStr<6>,
    grid: [[u8; 3]; 2],
    sides: [Side; 3],
    #[persist(pod = "Rgb")]
    color: Rgb,
    #[persist(checked = "Percent")]
    charge: Percent,
    header: Header,
    network: U32<BE>,
    unit: PhantomData<u8>,
    pad: Pad<18>,
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Pair<A, B> {
    first: A,
    second: B,
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Series<T, const N: usize> {
    values: [T; N],
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Meters(f32, f32);

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Portable {
    id: U64<LE>,
    amount: F64<BE>,
    change: I16<BE>,
    side: Side,
    pad: Pad<1>,
}

type Nested = Pair<Series<Pair<u16, i16>, 3>, Pair<Meters, Series<u8, 4>>>;

fn text<const N: usize>(text: &str) -> FixedStr<N> {
    FixedStr::new(text).unwrap()
}

fn everything(i: u8) -> Everything {
    let n = i64::from(i);
    Everything {
        unsigned_16: u128::MAX - u128::from(i),
        signed_16: i128::MIN + i128::from(i),
        unsigned_8: 0x0123_4567_89ab_cdef,
        signed_8: -1 - n,
        float_8: 1.5 + f64::from(i),
        never_zero: NonZero::new(u64::from(i) + 1).unwrap(),
        maybe: NonZero::new(n - 1),
        unsigned_4: 4_000_000_000,
        signed_4: i32::MIN,
        float_4: -0.25,
        letter: ['a', 'é', '😀'][usize::from(i)],
        unsigned_2: 0xfeed,
        signed_2: -300,
        half: f16::from_f32(0.5),
        brain: bf16::from_f32(-3.0),
        trend: [Trend::Up, Trend::Flat, Trend::Down][usize::from(i)],
        never_zero_2: NonZero::<i16>::MIN,
        none: None,
        unsigned_1: i,
        signed_1: -128,
        flag: i == 1,
        side: Side::Short,
        text: text(["", "naïve", "sechs!"][usize::from(i)]),
        grid: [[1, 2, 3], [4, 5, i]],
        sides: [Side::Buy, Side::Sell, Side::Short],
        color: Rgb([0xff, 0x80, i]),
        charge: Percent(100 - i),
        header: Header { kind: 7, length: 0x0102_0304, sequence: 1 << 40 },
        network: U32::new(0x0a00_0001),
        unit: PhantomData,
        pad: Pad::new(),
    }
}

fn nested(i: u16) -> Nested {
    let pair = |n: u16| Pair { first: n * 1000, second: -(n as i16) };
    Pair {
        first: Series { values: [pair(i), pair(i + 1), pair(i + 2)] },
        second: Pair {
            first: Meters(f32::from(i), f32::MAX),
            second: Series { values: [1, 2, 3, i as u8] },
        },
    }
}

fn portable(i: u8) -> Portable {
    Portable {
        id: U64::new(0x0102_0304_0506_0700 + u64::from(i)),
        amount: F64::new(f64::from(i) / 8.0),
        change: I16::new(-2),
        side: Side::Sell,
        pad: Pad::new(),
    }
}

/// Shows each golden file to the visitor.
pub(crate) fn visit_all(visitor: &mut impl Visitor) {
    visitor.visit(&Golden {
        name: "numbers",
        elements: vec![0_u64, 1, 0x0102_0304_0506_0708, u64::MAX],
        fingerprint: 0x66a5_c4b3_5a75_7277_b806_e89a_e39c_e204,
        mode: Mode::Shared,
        left: Left::Closed,
    });
    visitor.visit(&Golden {
        name: "everything",
        elements: (0..3).map(everything).collect(),
        fingerprint: 0xdf08_9568_2f4d_dfd0_785d_8834_8832_fa89,
        mode: Mode::Shared,
        left: Left::Closed,
    });
    visitor.visit(&Golden {
        name: "generic",
        elements: (0..2).map(nested).collect(),
        fingerprint: 0x6a0a_97b8_fbfd_dbfe_6d27_a18e_8319_1e62,
        mode: Mode::Shared,
        left: Left::Closed,
    });
    visitor.visit(&Golden {
        name: "enum",
        elements: vec![Trend::Down, Trend::Up, Trend::Flat, Trend::Down],
        fingerprint: 0xaa07_4909_b281_580d_78c9_e5d7_c0b4_94f3,
        mode: Mode::Shared,
        left: Left::Closed,
    });
    visitor.visit(&Golden {
        name: "empty",
        elements: Vec::<[f32; 3]>::new(),
        fingerprint: 0xeef5_e4e7_493c_64bf_6dcd_9718_76a3_faed,
        mode: Mode::Shared,
        left: Left::Closed,
    });
    visitor.visit(&Golden {
        name: "byte_order",
        elements: (0..3).map(portable).collect(),
        fingerprint: 0x9261_4960_3436_877e_725e_7956_07d7_a489,
        mode: Mode::Shared,
        left: Left::Closed,
    });
    visitor.visit(&Golden {
        name: "text",
        elements: ["", "JFK", "æøå", "LGA\n", "seven b"].map(text::<7>).to_vec(),
        fingerprint: 0x0880_9456_68ab_1be9_5aa0_7330_5524_373a,
        mode: Mode::Shared,
        left: Left::Closed,
    });
    visitor.visit(&Golden {
        name: "unclean",
        elements: vec![1.5_f64, -0.0, f64::INFINITY],
        fingerprint: 0x66a5_cdf0_5075_7277_b806_e89a_e76e_f61a,
        mode: Mode::Shared,
        left: Left::Dropped,
    });
    visitor.visit(&Golden {
        name: "torn",
        elements: vec!['a', '\u{10ffff}'],
        fingerprint: 0x66a5_b2a5_b675_7277_b806_e89a_dc3b_5824,
        mode: Mode::Shared,
        left: Left::TornSlot,
    });
    visitor.visit(&Golden {
        name: "atomic",
        elements: (0..3).map(everything).collect(),
        fingerprint: 0xdf08_9568_2f4d_dfd0_785d_8834_8832_fa89,
        mode: Mode::Atomic,
        left: Left::Closed,
    });
    visitor.visit(&Golden {
        name: "journal",
        elements: (0..5).map(portable).collect(),
        fingerprint: 0x9261_4960_3436_877e_725e_7956_07d7_a489,
        mode: Mode::Atomic,
        left: Left::Journal,
    });
    visitor.visit(&Golden {
        name: "torn_record",
        elements: vec![Trend::Down, Trend::Up, Trend::Flat, Trend::Down],
        fingerprint: 0xaa07_4909_b281_580d_78c9_e5d7_c0b4_94f3,
        mode: Mode::Atomic,
        left: Left::TornRecord,
    });
}

impl<T> Golden<T> {
    /// The golden file itself, of a byte order. Don't open it: a test must leave it as it is.
    pub(crate) fn path(&self, order: ByteOrder) -> PathBuf {
        let directory = if order == ByteOrder::Little { "golden/v1" } else { "golden/v1-big" };
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
        directory.join(self.name).with_extension("pv")
    }

    /// Whether this machine must refuse such a file that another of this byte order wrote: where the elements
    /// say their own order, or are single bytes, they are the same everywhere.
    pub(crate) fn is_foreign(&self, order: ByteOrder) -> bool {
        order != ByteOrder::NATIVE && !["byte_order", "journal", "text"].contains(&self.name)
    }

    pub(crate) fn shutdown(&self) -> Shutdown {
        match self.left {
            Left::Closed => Shutdown::Clean,
            Left::TornSlot => Shutdown::Torn,
            Left::Dropped | Left::Journal | Left::TornRecord => Shutdown::Unclean,
        }
    }

    fn has_journal(&self) -> bool {
        matches!(self.left, Left::Journal | Left::TornRecord)
    }
}

impl<T: Persist> Golden<T> {
    pub(crate) fn options() -> OpenOptions<T> {
        MmapVec::options().app_magic(*b"GOLDEN\r\n").app_version([1, 2, 3]).journal_bytes(0)
    }

    /// Makes the file as the golden one was made.
    pub(crate) fn make(&self, path: &Path) {
        if self.has_journal() {
            return self.make_journal(path);
        }
        let mut vec = Self::options().mode(self.mode).create(path).unwrap();
        // As much as needed and no more: else the file grows by a megabyte.
        vec.reserve_exact(self.elements.len() + 1).unwrap();
        vec.extend_from_slice(&self.elements).unwrap();
        vec.commit().unwrap();
        if self.left == Left::Closed {
            vec.shrink_to_fit().unwrap();
            return vec.close().unwrap();
        }
        vec.extend_from_within(..1).unwrap();
        drop(vec);
        if self.left == Left::TornSlot {
            tear_next_commit(path);
        }
    }

    /// The same, so that no machine takes it for one of its own boot: what was never committed doesn't count.
    pub(crate) fn make_in_another_boot(&self, path: &Path) {
        self.make(path);
        if matches!(self.left, Left::Dropped | Left::TornSlot) {
            boot::another(path);
        }
    }

    /// Three commits that lead to the elements, and a change that leads away from them.
    fn make_journal(&self, path: &Path) {
        let elements = &self.elements;
        let mut vec = Self::options().mode(self.mode).create(path).unwrap();
        vec.reserve_exact(2 * elements.len()).unwrap();
        vec.extend_from_slice(&elements[..2]).unwrap();
        vec.commit().unwrap();
        vec[0] = elements[1];
        vec.extend_from_slice(&elements[2..]).unwrap();
        vec.extend_from_slice(&elements[..2]).unwrap();
        vec.commit().unwrap();
        vec.truncate(elements.len());
        vec[0] = elements[0];
        vec.commit().unwrap();
        vec[1] = elements[0];
        vec.push(elements[0]).unwrap();
        if self.left == Left::TornRecord {
            vec.commit().unwrap();
        }
        drop(vec);
        if self.left == Left::TornRecord {
            let image = Image::read(path);
            let last = *records(&image).last().unwrap();
            let payload_bytes = image.get(Record(last), "payload_bytes") as usize;
            let end = Record(last).field("checksum").end + payload_bytes;
            image.with_bytes(end - 1, &[0xa5]).write(path);
        }
    }
}

/// Where the headers of records stand in a file.
fn records(image: &Image) -> Vec<usize> {
    let [start, end] = ["journal_offset", "data_offset"].map(|of| image.get(Preamble, of) as usize);
    let is_record = |&at: &usize| {
        let header = Record(at);
        image.get(header, "sequence") > 0
            && image.get(header, "checksum") == checksum(image, header)
    };
    (start..end).step_by(4096).filter(is_record).collect()
}

/// Leaves the file as a crash does when half of a slot is written.
fn tear_next_commit(path: &Path) {
    let image = Image::read(path);
    let epochs = [Slot(0), Slot(1)].map(|slot| image.get(slot, "epoch"));
    let (oldest, newest) = if epochs[0] < epochs[1] { (0, 1) } else { (1, 0) };
    image
        .with(Slot(oldest), "epoch", epochs[newest] + 1)
        .with(Slot(oldest), "committed_len", 3)
        .write(path);
}

/// The same file, without what depends on when, where and by which version it was made.
fn without_circumstances(mut image: Image) -> Image {
    for record in records(&image) {
        image.0[Record(record).field("checksum")].fill(0);
    }
    for field in ["live_len", "boot_id"] {
        image.0[Live.field(field)].fill(0);
    }
    for field in
        ["architecture", "pointer_bytes", "created_unix_ms", "writer", "journal_salt", "checksum"]
    {
        image.0[Preamble.field(field)].fill(0);
    }
    image
}

/// Elements of a file as far as `==` tells them apart, and beyond: the sign of a zero counts.
fn assert_same<T: Debug + PartialEq>(name: &str, found: &[T], expected: &[T]) {
    assert_eq!(found, expected, "{name}");
    assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{name}");
}

impl<T: Persist + Debug + PartialEq> Golden<T> {
    /// A file of this kind that a machine of this byte order wrote has what it should, here and whatever is done to a
    /// copy of it; or it is refused for its byte order alone. What is refused waits to be converted.
    pub(crate) fn check_holds(&self, original: &Path, order: ByteOrder, architecture: &str) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("copy.pv");
        fs::copy(original, &path).unwrap();
        if self.is_foreign(order) {
            let error = MmapSlice::<T>::open(&path).err();
            assert!(matches!(error, Some(Error::ByteOrder { .. })), "{}", self.name);
            assert!(MmapVec::<T>::open(&path).is_err(), "{}", self.name);
            assert!(Image::read(&path) == Image::read(original), "{}", self.name);
            return;
        }
        let slice = Self::options().open_read_only(&path).unwrap();
        assert_same(self.name, &slice, &self.elements);
        let info = slice.info();
        assert_eq!(info.shutdown, self.shutdown(), "{}", self.name);
        assert_eq!(info.mode, self.mode, "{}", self.name);
        assert_eq!((info.byte_order, info.architecture.as_str()), (order, architecture));
        assert_eq!(info.writer, "persist-core 0.1.0");
        assert_eq!((info.app_magic, info.app_version), (*b"GOLDEN\r\n", [1, 2, 3]));
        drop(slice);
        let unchanged = || Image::read(&path) == Image::read(original);
        assert!(unchanged(), "{}: reading changed the file", self.name);

        // The second time, what had to be recovered is.
        for _ in 0..2 {
            let vec = Self::options().open(&path).unwrap();
            assert_same(self.name, &vec, &self.elements);
        }
        assert!(self.has_journal() || unchanged(), "{}: opening changed it", self.name);
        self.check_written_on(&path);
    }

    /// A file that was cut off or torn can be written on, and closed as if nothing had been.
    fn check_written_on(&self, path: &Path) {
        let Some(&first) = self.elements.first() else { return };
        let mut vec = MmapVec::<T>::open(path).unwrap();
        vec.push(first).unwrap();
        vec.commit().unwrap();
        vec.close().unwrap();
        let expected: Vec<T> = self.elements.iter().copied().chain([first]).collect();
        let slice = MmapSlice::<T>::open(path).unwrap();
        assert_same(self.name, &slice, &expected);
        assert_eq!(slice.info().shutdown, Shutdown::Clean, "{}", self.name);
    }
}

#[test]
fn golden_files_hold_what_was_written() {
    struct Check;
    impl Visitor for Check {
        fn visit<T: Persist + Debug + PartialEq>(&mut self, golden: &Golden<T>) {
            for (order, architecture) in MADE_ON {
                golden.check_holds(&golden.path(order), order, architecture);
            }
        }
    }
    visit_all(&mut Check);
}

#[test]
fn a_file_made_today_has_the_bytes_of_the_golden_one() {
    struct Check;
    impl Visitor for Check {
        fn visit<T: Persist + Debug + PartialEq>(&mut self, golden: &Golden<T>) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("today.pv");
            golden.make(&path);
            let golden_path = golden.path(ByteOrder::NATIVE);
            let mut today = without_circumstances(Image::read(&path));
            let mut then = without_circumstances(Image::read(&golden_path));
            if golden.has_journal() {
                // How a commit is put into records is the writer's choice, and so is what lies behind it.
                assert_eq!(
                    records(&Image::read(&path)).len(),
                    records(&Image::read(&golden_path)).len()
                );
                let journal_offset = then.get(Preamble, "journal_offset") as usize;
                (today, then) = (today.resized(journal_offset), then.resized(journal_offset));
            }
            assert_eq!(today.0.len(), then.0.len(), "{}", golden.name);
            let different = iter::zip(&today.0, &then.0).position(|(today, then)| today != then);
            assert_eq!(different, None, "{}: at this byte", golden.name);
        }
    }
    visit_all(&mut Check);
}

/// The golden journals have what they are there for.
#[test]
fn golden_journals_have_records_of_every_kind() {
    struct Check;
    impl Visitor for Check {
        fn visit<T: Persist + Debug + PartialEq>(&mut self, golden: &Golden<T>) {
            if !golden.has_journal() {
                return;
            }
            for (order, _) in MADE_ON {
                check(golden, &Image::read(&golden.path(order)));
            }
        }
    }
    fn check<T>(golden: &Golden<T>, image: &Image) {
        let lens: Vec<_> = records(image)
            .into_iter()
            .map(|at| ["old_len", "new_len"].map(|field| image.get(Record(at), field)))
            .collect();
        let len = golden.elements.len() as u64;
        let (counted, torn) = lens.split_at(3);
        assert_eq!(counted, [[0, 2], [2, len + 2], [len + 2, len]], "{}", golden.name);
        let expected = [[len, len + 1]];
        assert_eq!(torn, &expected[usize::from(golden.left == Left::Journal)..]);
        let newest = image.newest_slot();
        assert_eq!((image.get(newest, "committed_len"), image.get(newest, "mode")), (0, 1));
    }
    visit_all(&mut Check);
}

#[test]
fn fingerprints_are_those_that_were_pinned() {
    struct Check(Vec<String>);
    impl Visitor for Check {
        fn visit<T: Persist + Debug + PartialEq>(&mut self, golden: &Golden<T>) {
            if T::FINGERPRINT.to_u128() != golden.fingerprint {
                self.0.push(format!("{}: {:?}", golden.name, T::FINGERPRINT));
            }
        }
    }
    let mut check = Check(Vec::new());
    visit_all(&mut check);
    assert!(check.0.is_empty(), "files of these types won't open any more: {:#?}", check.0);
}

#[test]
fn golden_files_stay_few_and_small() {
    struct Check(u64);
    impl Visitor for Check {
        fn visit<T: Persist + Debug + PartialEq>(&mut self, golden: &Golden<T>) {
            for (order, _) in MADE_ON {
                self.0 += fs::metadata(golden.path(order)).unwrap().len();
            }
        }
    }
    let mut check = Check(0);
    visit_all(&mut check);
    assert!(check.0 <= (MADE_ON.len() as u64) << 20, "{} bytes", check.0);
}

#[test]
#[ignore = "writes into the source tree"]
fn write_missing_golden_files() {
    struct Write;
    impl Visitor for Write {
        fn visit<T: Persist + Debug + PartialEq>(&mut self, golden: &Golden<T>) {
            let path = golden.path(ByteOrder::NATIVE);
            if !path.exists() {
                golden.make_in_another_boot(&path);
            }
        }
    }
    visit_all(&mut Write);
}
