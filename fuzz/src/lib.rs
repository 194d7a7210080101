//! What the fuzz targets share: files to begin with, and what must hold of each that was bent.
//!
//! A file is seen by the library and by the second reader of the tests, which was made from `FORMAT.md` alone.
//! They must see the same in it, and the library must never panic, hang or read out of bounds.
//!
//! `cargo +nightly fuzz run journal -- -max_total_time=60` runs the target `journal` for a minute.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use persist_core::{
    Aliases, AnySlice, ByteOrder, Descriptor, Error, Finding, FindingKind, FixedStr, MmapSlice,
    MmapVec, Mode, Pad, Persist, Plan, Relation, Repair, Severity, Shutdown, verify,
};

use format::reader::{self, Word};
use support::{DESCRIPTOR_OFFSET, Image, JournalWriter, Live, Preamble, Record, Slot};

#[path = "../../tests/tests/all/format"]
#[allow(dead_code)]
mod format {
    pub(crate) mod reader;
}

#[path = "../../tests/tests/all/support"]
#[allow(dead_code)]
mod support {
    mod image;
    mod journal;

    pub(crate) use image::*;
    pub(crate) use journal::*;
}

/// An element not all of whose bit patterns are values.
#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Flagged {
    number: u32,
    flag: bool,
    pad: Pad<3>,
}

/// What the file is that is bent.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Base {
    is_flagged: bool,
    is_atomic: bool,
    is_clean: bool,
}

/// Most that an element can be made of.
#[derive(Debug, Clone, Copy, Persist)]
#[repr(C)]
struct Order {
    time: u64,
    price: f64,
    legs: [Leg; 3],
    note: FixedStr<5>,
    side: Side,
    flag: bool,
    _pad: Pad<1>,
    letter: char,
}

#[derive(Debug, Clone, Copy, Persist)]
#[repr(C)]
struct Leg {
    quantity: i16,
    side: Side,
    flag: bool,
}

#[derive(Debug, Clone, Copy, Persist)]
#[repr(u8)]
enum Side {
    Buy,
    Sell,
}

/// As an order, and larger, smaller, elsewhere.
#[derive(Debug, Clone, Copy, Persist)]
#[persist(rename = "Order")]
#[repr(C)]
struct WideOrder {
    flag: bool,
    note: FixedStr<7>,
    legs: [WideLeg; 2],
    price: f32,
    side: WideSide,
    time: i64,
    venue: u64,
}

#[derive(Debug, Clone, Copy, Persist)]
#[persist(rename = "Leg")]
#[repr(C)]
struct WideLeg {
    side: WideSide,
    quantity: i32,
}

#[derive(Debug, Clone, Copy, Persist)]
#[persist(rename = "Side")]
#[repr(u32)]
enum WideSide {
    Sell = 7,
    Buy = 9,
    Short = 1,
}

/// Two types, one of a file and one that it is to have, and elements.
#[derive(Debug, Arbitrary)]
pub struct PlanInput {
    file: TypeInput,
    target: TypeInput,
    defaults: Option<Vec<u8>>,
    elements: Vec<u8>,
}

/// A type that is there, with other bytes in its descriptor.
#[derive(Debug, Arbitrary)]
struct TypeInput {
    base: u8,
    is_big: bool,
    patches: Vec<(u16, u8)>,
}

/// Changes to the header of a file.
#[derive(Debug, Arbitrary)]
pub struct HeaderInput {
    base: Base,
    patches: Vec<Patch>,
    /// Whether the checksums hold nevertheless.
    is_sealed: bool,
    /// The live state is one of this boot.
    is_live: bool,
    /// So many bytes are cut off.
    cut_bytes: u32,
}

/// A file that is to be repaired.
#[derive(Debug, Arbitrary)]
pub enum RepairInput {
    Header(HeaderInput),
    Journal(JournalInput),
}

/// Other bytes at a place.
#[derive(Debug, Arbitrary)]
struct Patch {
    block: u8,
    offset: u16,
    bytes: [u8; 8],
    len: u8,
}

/// What stands in the journal of a file.
#[derive(Debug, Arbitrary)]
pub struct JournalInput {
    base: Base,
    records: Vec<RecordInput>,
    flips: Vec<(u16, u8)>,
    /// A slot that isn't whole.
    torn_slot: Option<bool>,
    cut_bytes: u8,
}

#[derive(Debug, Arbitrary)]
struct RecordInput {
    new_len: Len,
    payload: PayloadInput,
    /// Where the payload lies, if not in the journal: so many bytes after the end of the file.
    elsewhere: Option<i16>,
    /// Fields that are written over, with the checksum made to hold.
    lies: Vec<(u8, Number)>,
    /// So many blocks are left out before it, or if below 0, written over again.
    skipped_blocks: i8,
}

#[derive(Debug, Arbitrary)]
enum Len {
    Same,
    Small(u8),
    Any(u64),
}

#[derive(Debug, Arbitrary)]
enum PayloadInput {
    Extents(Vec<(Number, Vec<u8>)>),
    Zeros(u16),
    Raw(Vec<u8>),
}

/// A number near one that matters, or any.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Number {
    Small(u8),
    Medium(u16),
    Near { bit: u8, difference: i8 },
    Any(u64),
}

impl Number {
    fn get(self) -> u64 {
        match self {
            Self::Small(number) => number.into(),
            Self::Medium(number) => number.into(),
            Self::Near { bit, difference } => {
                (1_u64 << (bit % 64)).wrapping_add_signed(difference.into())
            }
            Self::Any(number) => number,
        }
    }
}

impl Base {
    /// The same, in the mode that has a journal.
    fn atomic(self) -> Self {
        Self { is_atomic: true, ..self }
    }

    fn image(self) -> Image {
        static IMAGES: LazyLock<[Image; 4]> = LazyLock::new(|| {
            let flagged = [1, 2, 3].map(|number| Flagged { number, flag: true, pad: Pad::new() });
            [
                closed(Mode::Shared, &[1_u64, 2, 3]),
                closed(Mode::Atomic, &[1_u64, 2, 3]),
                closed(Mode::Shared, &flagged),
                closed(Mode::Atomic, &flagged),
            ]
        });
        let image = &IMAGES[usize::from(self.is_flagged) * 2 + usize::from(self.is_atomic)];
        if self.is_clean { image.clone() } else { image.clone().unclean() }
    }

    fn check(self, image: &Image) {
        // Nobody looks for records in a file that was closed, so there they may spoil what is written next.
        let goes_on = !self.is_clean;
        match self.is_flagged {
            false => check(image, 7_u64, goes_on),
            true => check(image, Flagged { number: 7, flag: false, pad: Pad::new() }, goes_on),
        }
    }
}

/// The smallest file of some elements.
fn closed<T: Persist>(mode: Mode, elements: &[T]) -> Image {
    let path = scratch_path();
    let _ = fs::remove_file(path);
    let mut vec = MmapVec::options().mode(mode).journal_bytes(0).create(path).unwrap();
    vec.reserve_exact(elements.len()).unwrap();
    vec.extend_from_slice(elements).unwrap();
    vec.close().unwrap();
    Image::read(path)
}

/// A file for this process, in memory where there is such a place.
fn scratch_path() -> &'static Path {
    static PATH: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.into() } else { std::env::temp_dir() };
        let directory = parent.join("persist-fuzz");
        fs::create_dir_all(&directory).unwrap();
        remove_left_files(&directory);
        directory.join(std::process::id().to_string())
    });
    &PATH
}

/// Removes the files of processes that have ended: a fuzzer has no chance to do it at its end.
fn remove_left_files(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        if !Path::new("/proc").join(entry.file_name()).exists() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Bends the header of a file, and holds that it is refused, or read as it should.
pub fn check_header(input: &HeaderInput) {
    input.base.check(&with_bent_header(input));
}

/// Puts records into the journal of a file, and holds that it is refused, or read as it should.
pub fn check_journal(input: &JournalInput) {
    input.base.atomic().check(&with_records(input));
}

/// Bends a file, and holds that it is repaired, or left alone.
pub fn check_repair(input: &RepairInput) {
    check_repaired(&match input {
        RepairInput::Header(input) => with_bent_header(input),
        RepairInput::Journal(input) => with_records(input),
    });
}

fn with_bent_header(input: &HeaderInput) -> Image {
    let mut image = input.base.image();
    if input.is_live {
        let boot_id = reader::boot_id().unwrap_or_default();
        image = image.with_bytes(Live.field("boot_id").start, &boot_id).with(Live, "live_len", 2);
    }
    for patch in &input.patches {
        // The beginnings of the blocks mean most.
        let (start, len) = match patch.block % 8 {
            0 | 1 => (Preamble.offset(), 192),
            2 => (Slot(0).offset(), 40),
            3 => (Slot(1).offset(), 40),
            4 => (Live.offset(), 40),
            5 | 6 => (DESCRIPTOR_OFFSET, image.descriptor().len().max(1)),
            _ => (0, 65536 + 200),
        };
        let start = start + usize::from(patch.offset) % len;
        let bytes = &patch.bytes[..1 + usize::from(patch.len) % 8];
        image = image.with_bytes(start, bytes);
    }
    if input.is_sealed {
        image = image.sealed();
    }
    let len = image.0.len();
    image.resized(len - (input.cut_bytes as usize).checked_rem(len).unwrap_or(0) % 150_000 % len)
}

fn with_records(input: &JournalInput) -> Image {
    let mut writer = JournalWriter::new(input.base.atomic().image());
    let start = writer.at;
    let end = writer.image.get(Preamble, "data_offset") as usize;
    for record in &input.records {
        writer.at = writer.at.saturating_add_signed(4096 * isize::from(record.skipped_blocks % 4));
        if writer.at < start || writer.at >= end {
            break;
        }
        let len = writer.next.old_len;
        let new_len = match record.new_len {
            Len::Same => len,
            Len::Small(len) => len.into(),
            Len::Any(len) => len,
        };
        let mut payload = record.payload.bytes();
        let file_bytes = writer.image.0.len() as u64;
        let elsewhere =
            record.elsewhere.map(|offset| file_bytes.saturating_add_signed(offset.into()));
        if elsewhere.is_none() {
            payload.truncate(end - writer.at - 64);
        }
        let at = writer.at;
        writer = writer.commit_payload(new_len, elsewhere.unwrap_or(0), payload);
        for (field, value) in &record.lies {
            let fields = Record(at).fields();
            let field = fields[usize::from(*field) % (fields.len() - 1)];
            writer.image = writer.image.with(Record(at), field, value.get());
        }
        writer.image = writer.image.with_checksum(Record(at));
    }
    let mut image = writer.image;
    for (offset, bits) in &input.flips {
        image = image.flipped(start + usize::from(*offset) % (end - start), *bits);
    }
    if let Some(slot) = input.torn_slot {
        image = image.flipped(Slot(slot.into()).field("checksum").start, 1);
    }
    let len = image.0.len() - usize::from(input.cut_bytes);
    image.resized(len)
}

impl PayloadInput {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Extents(extents) => {
                let extents: Vec<_> =
                    extents.iter().map(|(offset, bytes)| (offset.get(), &bytes[..])).collect();
                support::extents(&extents)
            }
            // Many extents of nothing.
            Self::Zeros(bytes) => vec![0; usize::from(*bytes) * 16],
            Self::Raw(bytes) => bytes.clone(),
        }
    }
}

/// Holds that bytes are a descriptor to both readers, or to none.
pub fn check_descriptor(bytes: &[u8]) {
    let size = reader::size_of_descriptor(bytes);
    let decoded = Descriptor::decode(bytes);
    assert_eq!(decoded.as_ref().ok().map(Descriptor::size_bytes), size, "{decoded:?}");
    match decoded {
        Ok(descriptor) => {
            assert_eq!(descriptor.as_bytes(), bytes);
            assert!(descriptor.differences(&descriptor).is_empty());
            let number = Descriptor::of::<u64>();
            let is_number = bytes == number.as_bytes();
            assert_eq!(descriptor.differences(&number).is_empty(), is_number);
            let _ = descriptor.to_string();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The largest elements that are converted here, and the most bytes of them.
const MOST_ELEMENT_BYTES: u64 = 1 << 16;
const MOST_BYTES: usize = 1 << 18;

impl TypeInput {
    /// The type, if it is one still.
    fn get(&self) -> Option<(Descriptor, ByteOrder)> {
        let base = match self.base % 4 {
            0 => Descriptor::of::<Order>(),
            1 => Descriptor::of::<WideOrder>(),
            2 => Descriptor::of::<[Flagged; 4]>(),
            _ => Descriptor::of::<u128>(),
        };
        let mut bytes = base.as_bytes().to_vec();
        for (offset, byte) in &self.patches {
            let len = bytes.len();
            bytes[usize::from(*offset) % len] = *byte;
        }
        let order = if self.is_big { ByteOrder::Big } else { ByteOrder::Little };
        Some((Descriptor::decode(&bytes).ok()?, order))
    }
}

/// So many elements of a size as fit, of these bytes again and again.
fn repeated(bytes: &[u8], len: usize) -> Vec<u8> {
    let bytes = if bytes.is_empty() { &[0] } else { bytes };
    bytes.iter().copied().cycle().take(len).collect()
}

/// Makes a plan for two types and holds that it makes values, the same ones however many at a time.
pub fn check_plan(input: &PlanInput) {
    let (Some((file, file_order)), Some((target, target_order))) =
        (input.file.get(), input.target.get())
    else {
        return;
    };
    let sizes = [&file, &target].map(Descriptor::size_bytes);
    let are_small = sizes.iter().all(|size| (1..=MOST_ELEMENT_BYTES).contains(size));
    let [from_bytes, to_bytes] = sizes.map(|size| size as usize);
    let (from, to) = ((&file, file_order), (&target, target_order));
    let are_defaults_there = input.defaults.is_some() && are_small;
    let defaults = are_defaults_there
        .then(|| repeated(input.defaults.as_deref().unwrap_or_default(), to_bytes));
    let plan = match Plan::new(from, to, &Aliases::NONE, defaults.as_deref()) {
        Ok(plan) => plan,
        Err(reasons) => return assert!(reasons.to_string().len() < 1 << 16),
    };
    assert!(!plan.to_string().is_empty());
    assert_eq!(plan.relation() == Relation::Identical, file == target && !plan_swaps(from, to));
    if !are_small {
        return;
    }
    let len = (input.elements.len() / from_bytes).clamp(1, MOST_BYTES / from_bytes.max(to_bytes));
    let elements = repeated(&input.elements, len * from_bytes);
    let mut converted = vec![0xAA; len * to_bytes];
    let all = plan.run(&elements, &mut converted);
    let values = Plan::new(to, to, &Aliases::NONE, None).unwrap();
    let pairs = elements.chunks_exact(from_bytes).zip(converted.chunks_exact(to_bytes));
    for (index, (element, together)) in pairs.enumerate() {
        let mut alone = vec![0x55; to_bytes];
        match (plan.run(element, &mut alone), &all) {
            (Ok(()), Err(misfit)) => assert!(misfit.index > index),
            (Err(misfit), Err(first)) => {
                assert!(!misfit.to_string().is_empty());
                assert_eq!(first.index, index);
                return;
            }
            (Err(misfit), Ok(())) => panic!("only alone: {misfit}"),
            (Ok(()), Ok(())) => assert_eq!(alone, together, "element {index}"),
        }
        let mut copy = alone.clone();
        assert_eq!(values.run(&alone, &mut copy), Ok(()), "no value was made");
    }
}

/// Whether elements of one type have other bytes in the other byte order.
fn plan_swaps(from: (&Descriptor, ByteOrder), to: (&Descriptor, ByteOrder)) -> bool {
    from.1 != to.1 && from.0.depends_on_byte_order()
}

/// Holds that a file which is found to be fine can be read, that a repair makes it fine but for elements that are none,
/// and that what can't be repaired stays as it is.
fn check_repaired(image: &Image) {
    let path = scratch_path();
    image.write(path);
    let Ok(report) = verify(path) else { return };
    assert!(*image == Image::read(path), "looking through the file changed it");
    if report.is_fine() {
        AnySlice::open(path).unwrap();
    }
    let repair = Repair::plan(path).unwrap();
    assert!(repair.steps().iter().all(|step| !step.to_string().is_empty()));
    match repair.is_possible() {
        false => {
            drop(repair);
            assert!(*image == Image::read(path), "what can't be repaired was changed");
        }
        true => {
            // Elements aren't looked at before it is known what they are.
            let report = repair.run().unwrap();
            let is_element =
                |finding: &Finding| matches!(finding.kind, FindingKind::Element { .. });
            let is_fine = |finding: &Finding| finding.severity() == Severity::Note;
            assert!(report.findings.iter().all(|it| is_element(it) || is_fine(it)), "{report:?}");
            AnySlice::open(path).unwrap();
        }
    }
}

/// Holds that the library sees in a file what the second reader does, whichever way it is opened, and can go on
/// with it.
fn check<T: Persist + Debug + PartialEq>(image: &Image, next: T, goes_on: bool) {
    let path = scratch_path();
    image.write(path);
    let is_same = || Image::read(path) == *image;
    let slice = MmapSlice::<T>::open(path).map(|slice| seen(&slice, slice.info().shutdown));
    compare::<T>(slice, image, false);
    assert!(is_same(), "reading changed the file");
    // Little address space: the address sanitizer looks after each byte of it.
    let options = MmapVec::<T>::options().reserve_bytes(1 << 20);
    let vec = options.open(path).map(|vec| seen(&vec, vec.info().shutdown));
    let is_opened = vec.is_ok();
    compare::<T>(vec, image, true);
    if !is_opened {
        return assert!(is_same(), "who was refused changed the file");
    }
    let mut vec = options.open(path).unwrap();
    let mut expected = vec.to_vec();
    if goes_on {
        vec.push(next).unwrap();
        vec.commit().unwrap();
        expected.push(next);
    }
    drop(vec);
    assert!(*MmapSlice::<T>::open(path).unwrap() == expected, "not what was committed");
}

type Seen = (Vec<String>, Shutdown);

fn seen<T: Debug>(elements: &[T], shutdown: Shutdown) -> Seen {
    (elements.iter().map(|element| format!("{element:?}")).collect(), shutdown)
}

fn compare<T: Persist>(opened: Result<Seen, Error>, image: &Image, writes: bool) {
    let program = Descriptor::of::<T>();
    match (opened, reader::read(&image.0, program.as_bytes(), writes)) {
        (Ok(opened), Ok(expected)) => {
            assert!(opened == (expected.elements, expected.shutdown), "{opened:?}");
        }
        (Err(error), Err(refused)) => {
            assert_eq!(Word::of(&error), refused.word, "step {}: {error}", refused.step);
        }
        (opened, expected) => panic!("{opened:?}, {expected:?}"),
    }
}
