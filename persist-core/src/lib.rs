//! A `Vec<T>` that lives in a memory-mapped file.
//!
//! Derive [`Persist`] on a struct, and a [`MmapVec`] of it is an array on disk that is used like one in
//! memory: a plain `&[T]` and `&mut [T]`, no serialising, opened in microseconds whatever its size (where every bit
//! pattern is a value of the element; others are looked at, once). The
//! file carries the layout of the struct, so a program with another one is refused, with the field that
//! differs.
//!
//! ```
//! use persist_core::{Error, MmapSlice, MmapVec, Pad, Persist};
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("ticks.pv");
//!
//! #[derive(Clone, Copy, Debug, PartialEq, Persist)]
//! #[repr(u8)]
//! enum Side { Buy = 0, Sell = 1 }
//!
//! #[derive(Clone, Copy, Debug, PartialEq, Persist)]
//! #[repr(C)]
//! struct Tick { time: u64, price: f64, qty: u32, side: Side, live: bool, _pad: Pad<2> }
//!
//! let tick = Tick { time: 1, price: 9.5, qty: 3, side: Side::Buy, live: true, _pad: Pad::new() };
//!
//! let mut ticks = MmapVec::<Tick>::open_or_create(&path)?;
//! ticks.push(tick)?; // may fail: a disk can be full
//! ticks[0].price += 0.5; // can't fail: a place in memory
//! ticks.commit()?; // on the disk
//! ticks.close()?;
//!
//! let ticks = MmapSlice::<Tick>::open(&path)?;
//! assert_eq!(ticks[0], Tick { price: 10.0, ..tick });
//! # drop(ticks);
//!
//! // A program with another layout is told where it differs.
//! mod older {
//!     # use persist_core::Persist;
//!     #[derive(Clone, Copy, Debug, Persist)]
//!     #[repr(C)]
//!     pub struct Tick { pub time: u64, pub price: f32, pub qty: u32 }
//! }
//! let refused = MmapSlice::<older::Tick>::open(&path).unwrap_err();
//! assert!(matches!(refused, Error::Layout { .. }));
//! assert!(refused.to_string().contains("field `price`"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to look
//!
//! - [`Persist`]: which types can be elements, and the derive.
//! - [`MmapVec`]: the vector, what it promises and what not. [`MmapSlice`]: the same file, to read.
//! - [`Advice`]: in which order elements will be used.
//! - [`AnySlice`]: a file whose type the program doesn't know. [`AnyWriter`]: a new one. [`reflect`]: what its
//!   bytes mean.
//! - [`MmapVec::migrate`]: a file gets the type that the program has now. [`Migration`]: the same, with options.
//! - [`OpenOptions`]: the application's own magic and version, address space, journal.
//! - [`verify()`]: everything that is wrong with a file. [`Repair`]: what can be done about it.
//! - [`Error`]: everything that can go wrong. [`FileInfo`]: what a file says of itself.
//! - `FORMAT.md` beside this crate's manifest: the file, byte by byte.
//!
//! # Features
//!
//! `derive` (on by default) re-exports the macro. `zerocopy`, `uuid`, `half` and `glam` make element
//! types of those crates' types; they tie this crate's public API to one version of each.

mod advice;
mod any;
mod byte_order;
mod checksum;
mod descriptor;
mod dirty;
mod elements;
mod error;
mod evolve;
mod foreign;
mod header;
mod info;
mod journal;
mod layout;
mod lock;
mod mapping;
mod migrate;
mod mode;
mod mutant;
mod open;
mod options;
mod overlay;
mod persist;
mod raw;
mod repair;
mod slice;
mod snapshot;
mod storage;
mod store;
mod temporary;
mod transfer;
mod typed;
mod validate;
mod vec;
mod verify;
mod writer;

pub use advice::Advice;
pub use any::AnySlice;
pub use descriptor::{Descriptor, DescriptorError, DescriptorProblem, Difference};
pub use elements::{FixedStr, FixedStrError, Pad};
pub use error::{
    Action, ByteOrder, Damage, ElementFault, Error, Feature, LayoutMismatch, LockHolder, Region,
};
pub use evolve::{Aliases, Incompatible, Misfit, MisfitKind, Obstacle, Plan, Problem, Relation};
pub use info::{FileInfo, Shutdown};
pub use layout::{Fingerprint, Layout};
pub use migrate::{Lossy, Migrated, Migration};
pub use mode::Mode;
pub use options::OpenOptions;
pub use persist::{Persist, TypeName};
pub use repair::{Repair, RepairKind, RepairLoss, RepairObstacle, RepairStep};
pub use slice::MmapSlice;
pub use transfer::Progress;
pub use vec::{Drain, ExtractIf, MmapVec};
pub use verify::{Finding, FindingKind, Report, Severity, verify, verify_with_progress};
pub use writer::{AnyFile, AnyWriter, Replacement};

#[cfg(feature = "derive")]
pub use persist_derive::Persist;

/// Looking into a [`Descriptor`]: the parts of a type, and the values that bytes are by it.
///
/// Begins at [`Descriptor::root`].
pub mod reflect {
    pub use crate::descriptor::{
        ConstArg, ConstArgs, Field, Fields, Kind, NotAValue, TypeRef, Value, Variant, Variants,
    };
    pub use crate::layout::Class;
}

/// What the code that `#[derive(Persist)]` emits calls. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use bytemuck;

    pub use crate::foreign::{assert_checked, assert_pod, is_valid_checked, pod_as};
    pub use crate::layout::{
        ConstArg, Field, Kind, Layout, Primitive, Variant, check_field, check_fields,
        check_fingerprint, check_type,
    };
    pub use crate::persist::Older;
}
