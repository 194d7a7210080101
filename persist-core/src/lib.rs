//! A `Vec<T>` that lives in a memory-mapped file.

mod checksum;
mod descriptor;
mod elements;
mod error;
mod foreign;
mod header;
mod info;
mod layout;
mod lock;
mod mapping;
mod open;
mod options;
mod persist;
mod raw;
mod slice;
mod storage;
mod store;
mod typed;
mod validate;
mod vec;

pub use descriptor::{Descriptor, DescriptorError, DescriptorProblem, Difference};
pub use elements::{FixedStr, FixedStrError, Pad};
pub use error::{
    Action, ByteOrder, Damage, ElementFault, Error, Feature, LayoutMismatch, LockHolder, Region,
};
pub use header::Mode;
pub use info::{FileInfo, Shutdown};
pub use layout::{Fingerprint, Layout};
pub use options::OpenOptions;
pub use persist::{Persist, TypeName};
pub use slice::MmapSlice;
pub use vec::{Drain, ExtractIf, MmapVec};

#[cfg(feature = "derive")]
pub use persist_derive::Persist;

/// What the code that `#[derive(Persist)]` emits calls. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use bytemuck;

    pub use crate::foreign::{assert_checked, assert_pod, is_valid_checked, pod_as};
    pub use crate::layout::{
        ConstArg, Field, Kind, Layout, Primitive, Variant, check_field, check_fields,
        check_fingerprint, check_type,
    };
}
