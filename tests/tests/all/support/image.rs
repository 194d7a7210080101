//! The tables of `FORMAT.md`, and surgery on the bytes of a file by the names they give.
//!
//! Nothing here knows how the library reads a file: places come from `FORMAT.md`, by name.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// The specification of the format, from which tests take the places of all fields.
pub(crate) const FORMAT: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../persist-core/FORMAT.md"));

/// The rows of the first table under a heading of `FORMAT.md`: its cells, without the header.
pub(crate) fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let section = FORMAT.split("\n## ").find(|section| section.lines().next() == Some(heading));
    section
        .unwrap_or_else(|| panic!("FORMAT.md has no heading {heading:?}"))
        .lines()
        .skip_while(|line| !line.starts_with("|--") && !line.starts_with("|:-"))
        .skip_while(|line| line.starts_with("|-"))
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// A part of the file that has a table of fields in `FORMAT.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    Preamble,
    Slot(usize),
    Live,
    /// The header of a record of the journal that begins at this byte of the file.
    Record(usize),
}
pub(crate) use Block::{Live, Preamble, Record, Slot};

impl Block {
    fn heading(self) -> &'static str {
        match self {
            Preamble => "Preamble",
            Slot(_) => "Slots",
            Live => "Live state",
            Record(_) => "Journal",
        }
    }

    /// Where it begins in a file.
    pub(crate) fn offset(self) -> usize {
        match self {
            Preamble => region("preamble").start,
            Slot(0) => region("slot 0").start,
            Slot(_) => region("slot 1").start,
            Live => region("live state").start,
            Record(offset) => offset,
        }
    }

    /// The names of its fields, in the order of the table.
    pub(crate) fn fields(self) -> Vec<&'static str> {
        self.rows().iter().map(|(name, _)| *name).collect()
    }

    /// The bytes of a field, counted from the beginning of the file.
    pub(crate) fn field(self, name: &str) -> Range<usize> {
        let row = self.rows().iter().find(|row| row.0 == name);
        let (_, range) =
            row.unwrap_or_else(|| panic!("FORMAT.md has no field {name:?} in {self:?}"));
        self.offset() + range.start..self.offset() + range.end
    }

    fn rows(self) -> &'static [Row] {
        static ROWS: LazyLock<[Vec<Row>; 4]> = LazyLock::new(|| {
            [Preamble, Slot(0), Live, Record(0)].map(|block| {
                let rows = table(block.heading()).into_iter();
                rows.map(|row| (row[2].trim_matches('`'), range(&row))).collect()
            })
        });
        &ROWS[match self {
            Preamble => 0,
            Slot(_) => 1,
            Live => 2,
            Record(_) => 3,
        }]
    }
}

/// The name of a field, and its bytes, counted from the beginning of the block.
type Row = (&'static str, Range<usize>);

/// The bytes of a region of the file that begins and ends at a fixed place.
pub(crate) fn region(name: &str) -> Range<usize> {
    static REGIONS: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| table("Overview"));
    let row = REGIONS.iter().find(|row| row[2].starts_with(name));
    range(row.unwrap_or_else(|| panic!("FORMAT.md has no region {name:?}")))
}

/// The bytes of a row that begins with an offset and a width.
fn range(row: &[&str]) -> Range<usize> {
    let number = |cell: &str| cell.parse().unwrap_or_else(|_| panic!("not a number: {cell:?}"));
    let (start, width): (usize, usize) = (number(row[0]), number(row[1]));
    start..start + width
}

/// Where the descriptor begins: the one region whose width is another field.
pub(crate) const DESCRIPTOR_OFFSET: usize = 16384;

/// The bytes of a file, to be looked at and changed by the names of `FORMAT.md`.
///
/// A change alone makes a damaged file. [`seal`](Self::seal) after it makes a whole one that nobody
/// would write, which finds the checks behind the checksums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image(pub(crate) Vec<u8>);

impl Image {
    pub(crate) fn read(path: &Path) -> Self {
        Self(fs::read(path).unwrap())
    }

    pub(crate) fn write(&self, path: &Path) {
        fs::write(path, &self.0).unwrap();
    }

    /// A field as the number it is, little-endian, or as the first bytes of one.
    pub(crate) fn get(&self, block: Block, field: &str) -> u64 {
        let range = block.field(field);
        let mut bytes = [0; 8];
        let len = range.len().min(8);
        bytes[..len].copy_from_slice(&self.0[range][..len]);
        u64::from_le_bytes(bytes)
    }

    /// The same file with another number in a field.
    #[must_use]
    pub(crate) fn with(self, block: Block, field: &str, value: u64) -> Self {
        let width = block.field(field).len();
        let bytes = value.to_le_bytes();
        assert!(bytes[width.min(8)..].iter().all(|&byte| byte == 0), "{field} is too narrow");
        self.with_bytes(block.field(field).start, &bytes[..width.min(8)])
    }

    /// The same file with other bytes at a place.
    #[must_use]
    pub(crate) fn with_bytes(mut self, offset: usize, bytes: &[u8]) -> Self {
        self.0[offset..][..bytes.len()].copy_from_slice(bytes);
        self
    }

    /// The same file with some bits of one byte turned over.
    #[must_use]
    pub(crate) fn flipped(mut self, offset: usize, bits: u8) -> Self {
        self.0[offset] ^= bits;
        self
    }

    /// The same file with this length: cut, or longer by zeros.
    #[must_use]
    pub(crate) fn resized(mut self, len: usize) -> Self {
        self.0.resize(len, 0);
        self
    }

    /// The same file with another descriptor of at most 48 KiB, its length, checksum and fingerprint.
    #[must_use]
    pub(crate) fn with_descriptor(self, descriptor: &[u8]) -> Self {
        let end = self.get(Preamble, "journal_offset") as usize;
        let zeros = vec![0; end - DESCRIPTOR_OFFSET - descriptor.len()];
        self.with_bytes(DESCRIPTOR_OFFSET, &[descriptor, &zeros].concat())
            .with(Preamble, "descriptor_bytes", descriptor.len() as u64)
            .sealed()
    }

    pub(crate) fn descriptor(&self) -> &[u8] {
        let bytes = self.get(Preamble, "descriptor_bytes") as usize;
        self.0[DESCRIPTOR_OFFSET..].get(..bytes).unwrap_or_default()
    }

    /// Makes every checksum of the header hold again, and the fingerprint with them.
    #[must_use]
    pub(crate) fn sealed(mut self) -> Self {
        let descriptor_checksum = xxh3_64(self.descriptor());
        let fingerprint = fnv1a_128(self.descriptor()).to_le_bytes();
        self = self
            .with(Preamble, "descriptor_checksum", descriptor_checksum)
            .with_bytes(Preamble.field("fingerprint").start, &fingerprint);
        [Preamble, Slot(0), Slot(1)].into_iter().fold(self, Self::with_checksum)
    }

    #[must_use]
    pub(crate) fn with_checksum(self, block: Block) -> Self {
        let checksum = checksum(&self, block);
        self.with(block, "checksum", checksum)
    }
}

/// The checksum that a block should have.
pub(crate) fn checksum(image: &Image, block: Block) -> u64 {
    let seed = match block {
        Record(_) => image.get(Preamble, "journal_salt"),
        _ => 0,
    };
    xxh3_64_with_seed(&image.0[block.offset()..block.field("checksum").start], seed)
}

/// The hash that `FORMAT.md` calls the fingerprint.
pub(crate) fn fnv1a_128(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, &byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}
