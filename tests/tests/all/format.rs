//! A second reader of `.pv` files, written from `FORMAT.md` alone: if it and the library agree, the
//! document is true and says enough.
//!
//! Places of fields and the list of primitives come from the tables of the document itself (through
//! [`support`](crate::support)); rules are written down here again, in the order and the words of
//! the document. That the tables agree with the library's own structs is a test in the library,
//! `header/tests.rs`.

use std::collections::HashSet;
use std::fmt::{Debug, Write};

use half::{bf16, f16};
use persist_core::{Error, MmapSlice, Persist, Shutdown};
use xxhash_rust::xxh3::xxh3_64;

use crate::golden::{self, Golden, Visitor};
use crate::support::{
    Block, DESCRIPTOR_OFFSET, Image, Preamble, Slot, checksum, fnv1a_128, region, table,
};

/// Why a file was refused, in the words of `FORMAT.md`, and at which step of "Reading a file".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) step: u32,
    pub(crate) word: Word,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    NotPersist,
    Truncated,
    Corrupt,
    Unsupported,
    Mismatched,
}

impl Word {
    /// The word for what the library says.
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::NotPersist { .. } => Self::NotPersist,
            Error::Truncated { .. } => Self::Truncated,
            Error::Corrupt { .. } | Error::CorruptElement { .. } => Self::Corrupt,
            Error::Unsupported { .. } => Self::Unsupported,
            Error::ByteOrder { .. } | Error::Layout { .. } => Self::Mismatched,
            other => panic!("no word of the format: {other}"),
        }
    }
}

/// A file as the document describes it.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) shutdown: Shutdown,
    /// Each element as Rust's `Debug` shows it.
    pub(crate) elements: Vec<String>,
}

/// Reads the bytes of a whole file, as a program that expects this descriptor on a little-endian
/// machine, maybe in order to write.
pub(crate) fn read(bytes: &[u8], program: &[u8], writes: bool) -> Result<Contents, Refused> {
    let refuse = |step, word| Err(Refused { step, word });
    let corrupt_unless = |step, holds: bool| match holds {
        true => Ok(()),
        false => Err(Refused { step, word: Word::Corrupt }),
    };
    let file = Image(bytes.to_vec());
    let file_bytes = bytes.len() as u128;

    // 1.
    let magic = [0x89, 0x50, 0x56, 0x46, 0x0D, 0x0A, 0x1A, 0x0A];
    let beginning = &bytes[..bytes.len().min(8)];
    if beginning.is_empty() || !magic.starts_with(beginning) {
        return refuse(1, Word::NotPersist);
    }
    // 2.
    if file_bytes < 16384 {
        return refuse(2, Word::Truncated);
    }
    // 3.
    corrupt_unless(3, checksum_holds(&file, Preamble))?;
    // 4.
    if file.get(Preamble, "format_version") != 1 || file.get(Preamble, "incompat") != 0 {
        return refuse(4, Word::Unsupported);
    }
    // 5.
    let is_little = match bytes[Preamble.field("byte_order")] {
        [4, 3, 2, 1] => true,
        [1, 2, 3, 4] => false,
        _ => return refuse(5, Word::Corrupt),
    };
    let align = file.get(Preamble, "element_align_bytes");
    let element_bytes = file.get(Preamble, "element_bytes");
    let descriptor_bytes = file.get(Preamble, "descriptor_bytes");
    let journal_offset = file.get(Preamble, "journal_offset");
    let journal_bytes = file.get(Preamble, "journal_bytes");
    let data_offset = file.get(Preamble, "data_offset");
    corrupt_unless(5, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096].contains(&align))?;
    corrupt_unless(5, element_bytes >= 1 && element_bytes % align == 0)?;
    corrupt_unless(5, descriptor_bytes <= 1_048_576)?;
    corrupt_unless(5, journal_offset == (16384 + descriptor_bytes).div_ceil(65536) * 65536)?;
    corrupt_unless(5, journal_bytes % 65536 == 0)?;
    let end_of_journal = u128::from(journal_offset) + u128::from(journal_bytes);
    corrupt_unless(5, u128::from(data_offset) == end_of_journal && data_offset < 1 << 63)?;
    corrupt_unless(5, is_zero(&bytes[Preamble.field("reserved_1")]))?;
    corrupt_unless(5, is_zero(&bytes[Preamble.field("reserved_2")]))?;
    // 6.
    if file_bytes < u128::from(data_offset) {
        return refuse(6, Word::Truncated);
    }
    // 7.
    let descriptor = file.descriptor();
    corrupt_unless(7, xxh3_64(descriptor) == file.get(Preamble, "descriptor_checksum"))?;
    let fingerprint = fnv1a_128(descriptor).to_le_bytes();
    corrupt_unless(7, fingerprint == bytes[Preamble.field("fingerprint")])?;
    corrupt_unless(7, is_zero(&bytes[region("reserved, for the state of a live writer")]))?;
    let descriptor_end = DESCRIPTOR_OFFSET + descriptor.len();
    corrupt_unless(7, is_zero(&bytes[descriptor_end..journal_offset as usize]))?;
    // 8.
    let state = state(&file)?;
    // 9.
    let data_bytes = u128::from(state.committed_len) * u128::from(element_bytes);
    if u128::from(data_offset) + data_bytes > file_bytes {
        return refuse(9, Word::Truncated);
    }
    // 10.
    let element = decode(descriptor).ok_or(Refused { step: 10, word: Word::Corrupt })?;
    corrupt_unless(10, element.size() == element_bytes)?;
    // 11.
    if !is_little && element.depends_on_byte_order() {
        return refuse(11, Word::Mismatched);
    }
    // 12.
    if descriptor != program {
        return refuse(12, Word::Mismatched);
    }
    if writes && file.get(Preamble, "ro_compat") != 0 {
        return refuse(12, Word::Unsupported);
    }
    // 13.
    let elements = bytes[data_offset as usize..][..data_bytes as usize]
        .chunks_exact(element_bytes as usize)
        .map(|bytes| element.show(bytes))
        .collect::<Option<Vec<_>>>()
        .ok_or(Refused { step: 13, word: Word::Corrupt })?;
    Ok(Contents { shutdown: state.shutdown, elements })
}

fn checksum_holds(file: &Image, block: Block) -> bool {
    checksum(file, block) == file.get(block, "checksum")
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}

struct State {
    committed_len: u64,
    shutdown: Shutdown,
}

fn state(file: &Image) -> Result<State, Refused> {
    let corrupt = Refused { step: 8, word: Word::Corrupt };
    let whole: Vec<Block> = [Slot(0), Slot(1)]
        .into_iter()
        .enumerate()
        .filter(|&(parity, slot)| {
            checksum_holds(file, slot)
                && is_zero(&file.0[slot.field("reserved")])
                && file.get(slot, "epoch") % 2 == parity as u64
        })
        .map(|(_, slot)| slot)
        .collect();
    let newest = *whole.iter().max_by_key(|&&slot| file.get(slot, "epoch")).ok_or(corrupt)?;
    if whole.iter().any(|&slot| file.get(newest, "epoch") - file.get(slot, "epoch") > 1) {
        return Err(corrupt);
    }
    if file.get(newest, "mode") != 0 {
        return Err(Refused { step: 8, word: Word::Unsupported });
    }
    if file.get(newest, "flags") > 1 || file.get(newest, "epoch") >= 1 << 63 {
        return Err(corrupt);
    }
    let shutdown = match (whole.len(), file.get(newest, "flags")) {
        (1, _) => Shutdown::Torn,
        (_, 1) => Shutdown::Clean,
        _ => Shutdown::Unclean,
    };
    Ok(State { committed_len: file.get(newest, "committed_len"), shutdown })
}

/// The order of the bytes of a primitive. This reader runs on a little-endian machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    OfTheFile,
    Little,
    Big,
}

#[derive(Debug)]
enum Type {
    Primitive { class: u8, width: u8, order: Order },
    Array { len: u64, element: Box<Type>, size: u64 },
    Struct { name: String, size: u64, fields: Vec<(String, Type)> },
    Enum { width: u8, variants: Vec<(String, u64)> },
    Padding(u64),
    Text(u64),
    Phantom(String),
    Opaque { name: String, size: u64 },
}

const MAX_SIZE: u64 = (1 << 63) - 1;

/// The type that a descriptor describes, if it keeps to the grammar.
fn decode(descriptor: &[u8]) -> Option<Type> {
    let mut rest = descriptor;
    let element = decode_type(&mut rest, 1)?;
    rest.is_empty().then_some(element)
}

fn decode_type(rest: &mut &[u8], depth: u32) -> Option<Type> {
    if depth > 64 {
        return None;
    }
    let decoded = match byte(rest)? {
        1 => {
            let (class, width, order) = (byte(rest)?, byte(rest)?, byte(rest)?);
            let order =
                [Order::OfTheFile, Order::Little, Order::Big][..].get(usize::from(order))?;
            exists(class, width, *order).then_some(Type::Primitive {
                class,
                width,
                order: *order,
            })?
        }
        2 => {
            let len = number(rest)?;
            let element = Box::new(decode_type(rest, depth + 1)?);
            let size = len.checked_mul(element.size()).filter(|&size| size <= MAX_SIZE)?;
            Type::Array { len, element, size }
        }
        3 => decode_struct(rest, depth)?,
        4 => decode_enum(rest)?,
        5 => Type::Padding(size(rest)?),
        6 => Type::Text(size(rest)?),
        7 => Type::Phantom(text(rest)?),
        8 => {
            let opaque = Type::Opaque { name: text(rest)?, size: size(rest)? };
            flag(rest)?;
            opaque
        }
        _ => return None,
    };
    Some(decoded)
}

fn decode_struct(rest: &mut &[u8], depth: u32) -> Option<Type> {
    let name = text(rest)?;
    let _version = number(rest)?;
    let size = size(rest)?;
    for _ in 0..number(rest)? {
        text(rest)?;
        wide_number(rest)?;
    }
    let (mut fields, mut names, mut end) = (Vec::new(), HashSet::new(), 0_u64);
    for _ in 0..number(rest)? {
        let name = text(rest)?;
        if !names.insert(name.clone()) || number(rest)? != end {
            return None;
        }
        let field = decode_type(rest, depth + 1)?;
        end = end.checked_add(field.size()).filter(|&end| end <= MAX_SIZE)?;
        fields.push((name, field));
    }
    (end == size).then_some(Type::Struct { name, size, fields })
}

fn decode_enum(rest: &mut &[u8]) -> Option<Type> {
    let _name = text(rest)?;
    let _version = number(rest)?;
    let _signed = flag(rest)?;
    let width = byte(rest).filter(|width| [1, 2, 4, 8].contains(width))?;
    let (mut variants, mut names) = (Vec::<(String, u64)>::new(), HashSet::new());
    for _ in 0..number(rest)? {
        let name = text(rest)?;
        let tag = number(rest)?;
        let fits = width == 8 || tag < 1 << (8 * width);
        let ascends = variants.last().is_none_or(|last| last.1 < tag);
        if !fits || !ascends || !names.insert(name.clone()) {
            return None;
        }
        variants.push((name, tag));
    }
    (!variants.is_empty()).then_some(Type::Enum { width, variants })
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (&first, others) = rest.split_first()?;
    *rest = others;
    Some(first)
}

fn flag(rest: &mut &[u8]) -> Option<bool> {
    match byte(rest)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn wide_number(rest: &mut &[u8]) -> Option<u128> {
    let mut number = 0_u128;
    for i in 0.. {
        let byte = byte(rest)?;
        let bits = u128::from(byte & 0x7f);
        let shifted = bits.checked_shl(7 * i).filter(|shifted| shifted >> (7 * i) == bits)?;
        number |= shifted;
        if byte == 0 && i > 0 {
            return None;
        }
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(number)
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    wide_number(rest)?.try_into().ok()
}

fn size(rest: &mut &[u8]) -> Option<u64> {
    number(rest).filter(|&size| size <= MAX_SIZE)
}

fn text(rest: &mut &[u8]) -> Option<String> {
    let len = usize::try_from(number(rest)?).ok().filter(|&len| len > 0 && len <= rest.len())?;
    let (text, others) = rest.split_at(len);
    *rest = others;
    String::from_utf8(text.to_vec()).ok()
}

/// Whether there is such a primitive, by the document's table of classes.
fn exists(class: u8, width: u8, order: Order) -> bool {
    let classes = class_table();
    let Some((_, _, widths)) = classes.iter().find(|row| row.0 == class) else { return false };
    let has_order = match class {
        0 | 1 => width > 1,
        2 => [4, 8].contains(&width),
        _ => false,
    };
    widths.contains(&width) && (order == Order::OfTheFile || has_order)
}

/// The rows of the table of primitives: class, what it is, widths.
fn class_table() -> Vec<(u8, &'static str, Vec<u8>)> {
    let rows = crate::support::FORMAT.lines().skip_while(|line| !line.starts_with("| class |"));
    rows.skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            let widths = cells[2].split(", ").map(|width| width.parse().unwrap()).collect();
            (cells[0].parse().unwrap(), cells[1], widths)
        })
        .collect()
}

impl Type {
    fn size(&self) -> u64 {
        match self {
            Self::Primitive { width, .. } | Self::Enum { width, .. } => (*width).into(),
            Self::Array { size, .. } | Self::Struct { size, .. } | Self::Opaque { size, .. } => {
                *size
            }
            Self::Padding(size) | Self::Text(size) => *size,
            Self::Phantom(_) => 0,
        }
    }

    fn depends_on_byte_order(&self) -> bool {
        match self {
            Self::Primitive { width, order, .. } => *width > 1 && *order == Order::OfTheFile,
            Self::Array { element, .. } => element.depends_on_byte_order(),
            Self::Struct { fields, .. } => fields.iter().any(|(_, of)| of.depends_on_byte_order()),
            Self::Enum { width, .. } => *width > 1,
            Self::Padding(_) | Self::Text(_) | Self::Phantom(_) => false,
            Self::Opaque { .. } => true,
        }
    }

    /// The value as Rust's `Debug` shows it, if the bytes are one.
    fn show(&self, bytes: &[u8]) -> Option<String> {
        Some(match self {
            Self::Primitive { class, width, order } => {
                show_primitive(*class, *width, *order, unsigned(bytes, *order))?
            }
            Self::Array { len, element, .. } => {
                let size = element.size() as usize;
                let items = (0..*len as usize).map(|i| element.show(&bytes[i * size..][..size]));
                format!("[{}]", items.collect::<Option<Vec<_>>>()?.join(", "))
            }
            Self::Struct { name, fields, .. } => show_struct(name, fields, bytes)?,
            Self::Enum { variants, .. } => {
                let tag = unsigned(bytes, Order::OfTheFile);
                variants.iter().find(|variant| u128::from(variant.1) == tag)?.0.clone()
            }
            Self::Padding(size) => format!("Pad<{size}>"),
            Self::Text(_) => {
                let len = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
                is_zero(&bytes[len..]).then_some(())?;
                format!("{:?}", std::str::from_utf8(&bytes[..len]).ok()?)
            }
            Self::Phantom(name) => format!("PhantomData<{name}>"),
            Self::Opaque { name, size: 1 } => format!("{name}({})", bytes[0]),
            Self::Opaque { name, .. } => format!("{name}({bytes:?})"),
        })
    }
}

fn show_struct(name: &str, fields: &[(String, Type)], bytes: &[u8]) -> Option<String> {
    let is_tuple = fields[0].0 == "0";
    let mut shown = String::new();
    let mut offset = 0;
    for (name, of) in fields {
        let size = of.size() as usize;
        let value = of.show(&bytes[offset..][..size])?;
        offset += size;
        shown.push_str(if shown.is_empty() { "" } else { ", " });
        match is_tuple {
            true => write!(shown, "{value}").ok()?,
            false => write!(shown, "{name}: {value}").ok()?,
        }
    }
    Some(if is_tuple { format!("{name}({shown})") } else { format!("{name} {{ {shown} }}") })
}

fn unsigned(bytes: &[u8], order: Order) -> u128 {
    let most_significant_first = |number: u128, &byte: &u8| number << 8 | u128::from(byte);
    match order {
        Order::Big => bytes.iter().fold(0, most_significant_first),
        Order::Little | Order::OfTheFile => bytes.iter().rev().fold(0, most_significant_first),
    }
}

fn show_primitive(class: u8, width: u8, order: Order, bits: u128) -> Option<String> {
    let unused_bits = 128 - 8 * u32::from(width);
    let signed = (bits << unused_bits) as i128 >> unused_bits;
    let number = match class {
        0 | 5 | 7 => bits.to_string(),
        1 | 6 | 8 => signed.to_string(),
        2 if width == 2 => format!("{:?}", f16::from_bits(bits as u16)),
        2 if width == 4 => format!("{:?}", f32::from_bits(bits as u32)),
        2 => format!("{:?}", f64::from_bits(bits as u64)),
        3 => [false, true].get(usize::try_from(bits).ok()?)?.to_string(),
        4 => format!("{:?}", char::from_u32(bits as u32)?),
        9 => format!("{:?}", bf16::from_bits(bits as u16)),
        _ => unreachable!("no such class: {class}"),
    };
    match class {
        5 | 6 if bits == 0 => return None,
        7 | 8 if bits == 0 => return Some("None".into()),
        7 | 8 => return Some(format!("Some({number})")),
        _ => {}
    }
    // zerocopy's names.
    Some(match (order, class) {
        (Order::OfTheFile, _) => number,
        (_, 0) => format!("U{}({number})", 8 * width),
        (_, 1) => format!("I{}({number})", 8 * width),
        _ => format!("F{}({number})", 8 * width),
    })
}

/// The descriptor of a program's type, taken from a file that the library made of it.
fn descriptor_of<T: Persist>() -> Vec<u8> {
    persist_core::Descriptor::of::<T>().as_bytes().to_vec()
}

#[test]
fn a_reader_made_from_the_document_sees_what_the_library_sees() {
    struct Check;
    impl Visitor for Check {
        fn visit<T: Persist + Debug + PartialEq>(&mut self, golden: &Golden<T>) {
            let file = Image::read(&golden.path());
            let contents = read(&file.0, &descriptor_of::<T>(), false).unwrap();
            assert_eq!(contents.shutdown, golden.shutdown, "{}", golden.name);
            let expected: Vec<_> = golden.elements.iter().map(|of| format!("{of:?}")).collect();
            assert_eq!(contents.elements, expected, "{}", golden.name);

            if cfg!(target_endian = "big") {
                return;
            }
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("copy.pv");
            file.write(&path);
            let slice = MmapSlice::<T>::open(&path).unwrap();
            let seen: Vec<_> = slice.iter().map(|of| format!("{of:?}")).collect();
            assert_eq!(contents.elements, seen, "{}", golden.name);
        }
    }
    golden::visit_all(&mut Check);
}

/// The tables leave no gap: each field begins where the last one ended, up to the end of the block.
#[test]
fn tables_of_fields_fill_their_blocks() {
    for (block, bytes) in [(Preamble, 4096), (Slot(0), 4096), (Slot(1), 4096)] {
        let mut end = block.offset();
        for name in block.fields() {
            let field = block.field(name);
            assert_eq!(field.start, end, "{name} in {block:?}");
            end = field.end;
        }
        assert_eq!(end, block.offset() + bytes, "{block:?}");
    }
}

#[test]
fn regions_follow_each_other() {
    let mut end = 0;
    for row in &table("Overview")[..4] {
        let region = region(row[2]);
        assert_eq!(region.start, end, "{}", row[2]);
        end = region.end;
    }
    let last = table("Overview").pop().unwrap();
    assert_eq!(last, [&DESCRIPTOR_OFFSET.to_string(), "`descriptor_bytes`", "descriptor"]);
    assert_eq!(end, DESCRIPTOR_OFFSET);
}

/// A golden file of each way a file may be refused, cut and bent, is refused at the step that the
/// document says and with its word.
#[test]
fn each_step_of_reading_can_refuse() {
    struct Check;
    impl Visitor for Check {
        fn visit<T: Persist + Debug + PartialEq>(&mut self, golden: &Golden<T>) {
            if golden.name != "torn" {
                return;
            }
            let file = Image::read(&golden.path());
            let program = descriptor_of::<T>();
            let journal_offset = file.get(Preamble, "journal_offset");
            let element = file.get(Preamble, "data_offset") as usize;
            let refused = [
                (1, Word::NotPersist, file.clone().with_bytes(0, b"P")),
                (2, Word::Truncated, file.clone().resized(100)),
                (3, Word::Corrupt, file.clone().flipped(4095, 1)),
                (4, Word::Unsupported, file.clone().with(Preamble, "format_version", 2)),
                (5, Word::Corrupt, file.clone().with(Preamble, "element_align_bytes", 3)),
                (6, Word::Truncated, file.clone().resized(journal_offset as usize - 1)),
                (7, Word::Corrupt, file.clone().flipped(DESCRIPTOR_OFFSET, 1)),
                (8, Word::Corrupt, file.clone().flipped(4096, 1).flipped(8192, 1)),
                (9, Word::Truncated, file.clone().resized(element)),
                (10, Word::Corrupt, file.clone().with_descriptor(b"?")),
                (11, Word::Mismatched, file.clone().with(Preamble, "byte_order", 0x0403_0201)),
                (12, Word::Mismatched, file.clone().with_descriptor(&[1, 0, 4, 0])),
                (12, Word::Unsupported, file.clone().with(Preamble, "ro_compat", 1)),
                (13, Word::Corrupt, file.clone().with_bytes(element + 3, &[0xff])),
            ];
            for (step, word, image) in refused {
                let bent_behind_checksums = [4, 5, 11, 12].contains(&step);
                let image = if bent_behind_checksums { image.sealed() } else { image };
                let found = read(&image.0, &program, true).err();
                assert_eq!(found, Some(Refused { step, word }));
            }
        }
    }
    golden::visit_all(&mut Check);
}
