//! Whether a file is what a program expects: steps 10 to 13 of `FORMAT.md`.
//!
//! Everything that compares a file's description with a type's stands here, compiled once for all
//! types.

#![forbid(unsafe_code)]

use std::path::Path;

use crate::descriptor::{Descriptor, Fault};
use crate::error::{ByteOrder, Damage, ElementFault, Error, Feature, LayoutMismatch, Region};
use crate::evolve::{Aliases, Outlook, Plan, Relation};
use crate::header::DESCRIPTOR_OFFSET;
use crate::layout::Layout;
use crate::mode::Mode;
use crate::persist::Older;
use crate::store::Store;

/// Refuses a file whose elements are laid out in another way than the program's, or whose numbers
/// are in another byte order. The error says what would convert it.
pub(crate) fn check_layout(
    store: &Store,
    program: &'static Layout,
    older: Option<&Older>,
) -> Result<(), Error> {
    let header = store.header();
    let expected = program.encode();
    let same_layout = *expected == *header.descriptor
        && header.preamble.element_bytes.get() == program.size() as u64;
    let order = header.preamble.byte_order();
    if order == ByteOrder::NATIVE && same_layout {
        return Ok(());
    }
    let file = descriptor(store)?;
    if order != ByteOrder::NATIVE && file.depends_on_byte_order() {
        return Err(byte_order_error(store.path(), &file, order));
    }
    if same_layout {
        return Ok(());
    }
    let program_descriptor =
        Descriptor::decode(&expected).expect("a layout that compiled encodes a descriptor");
    let outlook = if becomes_version(older, (&file, order)) {
        Outlook::known()
    } else {
        let aliases = Aliases::of_layout(program);
        Outlook::new((&file, order), (&program_descriptor, ByteOrder::NATIVE), &aliases)
    };
    let has_versions = older.is_some();
    let mismatch =
        Box::new(LayoutMismatch { file, program: program_descriptor, outlook, has_versions });
    Err(Error::Layout { path: store.path().into(), mismatch })
}

fn byte_order_error(path: &Path, file: &Descriptor, order: ByteOrder) -> Error {
    let outlook = Outlook::new((file, order), (file, ByteOrder::NATIVE), &Aliases::NONE);
    let foreign = outlook.foreign_type().map(Box::from);
    Error::ByteOrder { path: path.into(), file: order, program: ByteOrder::NATIVE, foreign }
}

/// Whether elements of a file are, or become without loss, those of an earlier version that the program knows. A migration
/// goes on from there.
fn becomes_version(older: Option<&Older>, file: (&Descriptor, ByteOrder)) -> bool {
    std::iter::successors(older, |older| older.older()).any(|older| {
        let version = Descriptor::of_layout(older.layout());
        let aliases = Aliases::of_layout(older.layout());
        Plan::new(file, (&version, ByteOrder::NATIVE), &aliases, None)
            .is_ok_and(|plan| plan.relation() <= Relation::Convert)
    })
}

/// Step 10: the descriptor in the file.
pub(crate) fn descriptor(store: &Store) -> Result<Descriptor, Error> {
    let header = store.header();
    decode(&header.descriptor, header.preamble.element_bytes.get())
        .map_err(|damage| Error::Corrupt { path: store.path().into(), damage: Box::new(damage) })
}

/// The descriptor that these bytes of a file are, of elements of `element_bytes`.
pub(crate) fn decode(bytes: &[u8], element_bytes: u64) -> Result<Descriptor, Damage> {
    let damage = |offset_bytes: usize, expected: &str, found: &str| Damage {
        region: Region::Descriptor,
        offset_bytes: DESCRIPTOR_OFFSET + offset_bytes as u64,
        expected: expected.into(),
        found: found.into(),
    };
    let descriptor = Descriptor::decode(bytes).map_err(|error| {
        let problem = error.problem.to_string();
        let (expected, found) =
            problem.split_once(", found ").expect("each problem says what was found");
        let expected = expected.strip_prefix("expected ").unwrap_or(expected);
        damage(error.offset_bytes, expected, found)
    })?;
    let (expected, found) = (element_bytes, descriptor.size_bytes());
    match expected == found {
        true => Ok(descriptor),
        false => Err(damage(0, &format!("elements of {expected} bytes"), &found.to_string())),
    }
}

/// Refuses a file of another application, or of another version of it.
pub(crate) fn check_application(
    store: &Store,
    magic: Option<[u8; 8]>,
    version: Option<[u8; 3]>,
) -> Result<(), Error> {
    let preamble = &store.header().preamble;
    let (path, file) = (store.path(), preamble.app_magic);
    if let Some(program) = magic.filter(|&magic| magic != file) {
        return Err(Error::AppMagic { path: path.into(), file, program });
    }
    let file = preamble.app_version;
    if let Some(program) = version.filter(|&version| version != file) {
        return Err(Error::AppVersion { path: path.into(), file, program });
    }
    Ok(())
}

/// Refuses to write a file that is committed in another way than the program expects.
pub(crate) fn check_mode(store: &Store, program: Option<Mode>) -> Result<(), Error> {
    match program {
        Some(program) if program != store.mode() => {
            Err(Error::Mode { path: store.path().into(), file: store.mode(), program })
        }
        _ => Ok(()),
    }
}

/// Refuses to write a file with features that a writer must know.
pub(crate) fn check_writable(store: &Store) -> Result<(), Error> {
    match store.header().preamble.ro_compat.get() {
        0 => Ok(()),
        bits => Err(Error::Unsupported {
            path: store.path().into(),
            feature: Feature::ReadOnlyCompat(bits),
        }),
    }
}

/// The error for element `index` of a file, whose bytes are not a value of its type.
#[cold]
pub(crate) fn element_error(store: &Store, index: usize, element: &[u8]) -> Error {
    match descriptor(store) {
        Ok(descriptor) => corrupt_element(store.path(), &descriptor, index, element),
        Err(error) => error,
    }
}

/// The error for element `index`, whose bytes are not a value of this type.
#[cold]
pub(crate) fn corrupt_element(
    path: &Path,
    descriptor: &Descriptor,
    index: usize,
    element: &[u8],
) -> Error {
    let Fault { field, expected, found } =
        descriptor.fault(element, ByteOrder::NATIVE).unwrap_or_else(|| Fault {
            field: String::new(),
            expected: "a value of its type".into(),
            found: "another bit pattern".into(),
        });
    let fault = Box::new(ElementFault { index: index as u64, field, expected, found });
    Error::CorruptElement { path: path.into(), fault }
}
