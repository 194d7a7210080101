//! Damage of any kind, in any combination, seen by the library and by a second reader.

use std::sync::LazyLock;

use persist_core::{Descriptor, Mode, OpenOptions};
use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::{Bench, HEADER_BYTES, Order, WAYS, Way, data_offset, image_of, orders};
use crate::format::{self, Word, boot_id};
use crate::support::{
    self, Block, DESCRIPTOR_OFFSET, Image, JournalWriter, Live, Preamble, Record, Slot,
};

/// A change to a file.
#[derive(Debug, Clone)]
pub(super) enum Edit {
    /// Another number in a field.
    Field { block: usize, field: usize, value: u64 },
    /// Another byte of the header.
    Byte { offset: usize, value: u8 },
    /// Another byte of the descriptor.
    Descriptor { index: usize, value: u8 },
    /// Another byte of a record or after it.
    Journal { record: usize, offset: usize, value: u8 },
    /// A record in the place of another.
    Copy { from: usize, to: usize },
    /// Other bytes among the elements.
    Element { offset: usize, value: u8 },
    /// Another length.
    Resize { bytes: usize },
}

/// Which checksums are made to hold again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seal {
    pub(super) header: bool,
    pub(super) records: bool,
}

pub(super) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let value = prop_oneof![
        0..20_u64,
        (0..64_u32).prop_map(|bit| 1 << bit),
        (0..4_u64).prop_map(|i| u64::MAX - i),
        (0..5_u64).prop_map(|i| i * HEADER_BYTES as u64),
        (0..300_u64).prop_map(|i| 2 * HEADER_BYTES as u64 + i),
        any::<u64>(),
    ];
    let blocks = 0..BLOCKS.len();
    let field = (blocks, 0..32_usize, value).prop_map(|(block, field, value)| Edit::Field {
        block,
        field,
        value,
    });
    let offset = prop_oneof![
        0..200_usize,
        4096..4140_usize,
        8192..8230_usize,
        12288..12320_usize,
        0..HEADER_BYTES
    ];
    let byte = (offset, any::<u8>()).prop_map(|(offset, value)| Edit::Byte { offset, value });
    let descriptor = (any::<usize>(), prop_oneof![0..12_u8, any::<u8>()])
        .prop_map(|(index, value)| Edit::Descriptor { index, value });
    let offset = prop_oneof![0..160_usize, 0..4096_usize];
    let journal = (0..RECORDS.len(), offset, prop_oneof![0..3_u8, any::<u8>()])
        .prop_map(|(record, offset, value)| Edit::Journal { record, offset, value });
    let copy = (0..RECORDS.len(), 0..16_usize).prop_map(|(from, to)| Edit::Copy { from, to });
    let element =
        (0..160_usize, any::<u8>()).prop_map(|(offset, value)| Edit::Element { offset, value });
    let resize = prop_oneof![
        0..HEADER_BYTES + 200,
        2 * HEADER_BYTES - 10..2 * HEADER_BYTES + 200,
        Just(16384),
        Just(HEADER_BYTES + 96)
    ]
    .prop_map(|bytes| Edit::Resize { bytes });
    let edit = prop_oneof![
        6 => field, 1 => byte, 3 => descriptor, 3 => journal, 1 => copy, 2 => element, 1 => resize
    ];
    prop::collection::vec(edit, 1..5)
}

fn seal() -> impl Strategy<Value = Seal> {
    (prop::bool::weighted(0.8), prop::bool::weighted(0.8))
        .prop_map(|(header, records)| Seal { header, records })
}

/// The file after these edits.
pub(super) fn apply(whole: &Image, edits: &[Edit], seal: Seal) -> Image {
    seal.apply(edits.iter().fold(whole.clone(), |image, edit| edit.apply(image)))
}

/// Where records may begin: those of [`journal`], and one more.
const RECORDS: [usize; 4] =
    [HEADER_BYTES, HEADER_BYTES + 4096, HEADER_BYTES + 2 * 4096, HEADER_BYTES + 3 * 4096];

const BLOCKS: [Block; 8] = [
    Preamble,
    Slot(0),
    Slot(1),
    Live,
    Record(RECORDS[0]),
    Record(RECORDS[1]),
    Record(RECORDS[2]),
    Record(RECORDS[3]),
];

impl Edit {
    fn apply(&self, image: Image) -> Image {
        match *self {
            Self::Field { block, field, value } => {
                let block = BLOCKS[block];
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
            Self::Journal { record, offset, value } if has_journal(&image) => {
                image.with_bytes(RECORDS[record] + offset, &[value])
            }
            Self::Copy { from, to } if has_journal(&image) => {
                let record = image.0[RECORDS[from]..RECORDS[from] + 4096].to_vec();
                image.with_bytes(RECORDS[0] + 4096 * to, &record)
            }
            Self::Element { offset, value } => {
                let at = if has_journal(&image) { 2 * HEADER_BYTES } else { HEADER_BYTES } + offset;
                if at < image.0.len() { image.with_bytes(at, &[value]) } else { image }
            }
            Self::Resize { bytes } => image.resized(bytes),
            _ => image,
        }
    }
}

/// Whether the bytes between the header and the data are there.
fn has_journal(image: &Image) -> bool {
    image.0.len() >= 2 * HEADER_BYTES
}

impl Seal {
    fn apply(self, image: Image) -> Image {
        let image = match self.header && image.0.len() >= HEADER_BYTES {
            true => image.sealed(),
            false => image,
        };
        if !self.records || !has_journal(&image) {
            return image;
        }
        RECORDS.into_iter().fold(image, |image, at| {
            let place = match image.get(Record(at), "payload_offset") {
                0 => at as u64 + 64,
                offset => offset,
            };
            let end = place.saturating_add(image.get(Record(at), "payload_bytes"));
            let payload = image.0.get(place as usize..end as usize).map(xxh3_64);
            let payload = payload.unwrap_or_else(|| image.get(Record(at), "payload_checksum"));
            image.with(Record(at), "payload_checksum", payload).with_checksum(Record(at))
        })
    }
}

/// Whole files to begin with: closed ones, one with a live state, one with three records, and one whose last
/// record has its payload elsewhere.
pub(super) static WHOLE: LazyLock<[Image; 5]> = LazyLock::new(|| {
    let orders = orders();
    let [shared, atomic] = [Mode::Shared, Mode::Atomic].map(|mode| image_of(mode, &orders[..3]));
    let live = shared
        .clone()
        .unclean()
        .with(Live, "live_len", 2)
        .with_bytes(Live.field("boot_id").start, &boot_id().unwrap_or_default());
    let bytes = atomic.0[data_offset(&atomic)..].to_vec();
    let journal = JournalWriter::new(atomic.clone().unclean())
        .commit(3, &[(0, &('😀' as u32).to_ne_bytes()), (28, &[1])])
        .commit(5, &[(96, &bytes[..64])]);
    let elsewhere = journal.clone().commit_payload(
        4,
        2 * HEADER_BYTES as u64 + 200,
        support::extents(&[(32, &bytes[..32])]),
    );
    let journal = journal.commit(4, &[(64, &('a' as u32).to_ne_bytes())]);
    [shared, live, atomic, journal.image, elsewhere.image]
});

#[test]
fn files_to_begin_with_are_whole() {
    let lens: Vec<_> = WHOLE
        .iter()
        .map(|image| {
            let program = Descriptor::of::<Order>();
            format::read(&image.0, program.as_bytes(), true).unwrap().elements.len()
        })
        .collect();
    let live_len = if boot_id().is_some() { 2 } else { 3 };
    assert_eq!(lens, [3, live_len, 3, 4, 4]);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever happens to a file, the library and the reader made from `FORMAT.md` see the same in
    /// it: the same elements, or the same kind of damage. Who is refused leaves the file as it is, and who
    /// recovers it leaves the same elements.
    #[test]
    fn both_readers_agree_on_any_damage(whole in 0..5_usize, edits in edits(), seal in seal()) {
        let bent = apply(&WHOLE[whole], &edits, seal);
        let program = Descriptor::of::<Order>();
        let bench = Bench::with(&bent);
        for way in WAYS {
            let expected = format::read(&bent.0, program.as_bytes(), way != Way::Slice);
            let opened = way.open(&OpenOptions::<Order>::new(), &bench.path);
            let is_same = || Image::read(&bench.path) == bent;
            match (opened, expected) {
                (Ok((elements, shutdown)), Ok(expected)) => {
                    let elements: Vec<_> = elements.iter().map(|of| format!("{of:?}")).collect();
                    prop_assert_eq!(&elements, &expected.elements);
                    prop_assert_eq!(shutdown, expected.shutdown);
                    if way == Way::Slice {
                        prop_assert!(is_same(), "reading changed the file");
                    } else if !is_same() {
                        let recovered = Image::read(&bench.path);
                        let again = format::read(&recovered.0, program.as_bytes(), true);
                        prop_assert_eq!(&elements, &again.unwrap().elements, "recovered");
                        bent.write(&bench.path);
                    }
                }
                (Err(error), Err(refused)) => {
                    prop_assert_eq!(Word::of(&error), refused.word, "step {}: {}", refused.step, error);
                    prop_assert!(is_same(), "{:?}: who was refused changed the file", way);
                }
                (found, expected) => prop_assert!(false, "{way:?}: {found:?}, {expected:?}"),
            }
        }
    }
}
