//! Damage of any kind, in any combination, seen by the library and by a second reader.

use persist_core::{Descriptor, OpenOptions};
use proptest::prelude::*;

use super::{Bench, HEADER_BYTES, Order, Way, image_of, orders};
use crate::format::{self, Word};
use crate::support::{self, DESCRIPTOR_OFFSET, Image, Preamble, Slot};

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
