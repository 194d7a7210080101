//! The layout of an element type as a file carries it: decoded, owned, and open to comparison.
//!
//! The grammar is in `FORMAT.md`, "Descriptor". What is decoded here may come from a damaged or
//! hostile file, so these hold for any input:
//!
//! - Nothing panics, nor recurses more than [`MAX_DEPTH`](crate::layout::MAX_DEPTH) levels; time
//!   and memory are proportional to the input.
//! - What decodes is canonical: encoding the tree again gives the same bytes. So the bytes are the
//!   identity of the type, and [`Descriptor::differences`] is empty exactly when they are equal.
//!
//! This module doesn't know files and paths, nor the types of the program: those come as the
//! [`Layout`](crate::Layout) that the derive made.

#![forbid(unsafe_code)]

mod align;
mod check;
mod decode;
mod difference;
mod display;
mod error;
mod fault;
pub(crate) mod node;
#[cfg(test)]
pub(crate) mod tests;
mod value;
mod view;

use std::fmt;

pub(crate) use check::Checks;
pub use difference::Difference;
pub(crate) use difference::{Differences, cut};
pub(crate) use display::{Argument, Bytes, Repr, TypeText};
pub use error::{DescriptorError, DescriptorProblem};
pub(crate) use fault::{Fault, known_fault};
pub use value::{NotAValue, Value};
pub(crate) use value::{hex, of as value_of};
pub use view::{ConstArg, ConstArgs, Field, Fields, Kind, TypeRef, Variant, Variants};

use crate::byte_order::ByteOrder;
use crate::layout::{Fingerprint, Layout};
use crate::persist::Persist;
use node::Node;

/// The full structural description of an element type: names, order, offsets and sizes of fields,
/// variants of enums, versions.
///
/// Two types have the same layout exactly when their descriptors are equal. [`Display`] shows the
/// type much as Rust would, with the offset of each field.
///
/// [`Display`]: fmt::Display
///
/// ```
/// use persist_core::Descriptor;
///
/// let file = Descriptor::of::<[u32; 4]>();
/// assert_eq!(file.size_bytes(), 16);
/// assert_eq!(file.to_string(), "[u32; 4]");
/// assert_eq!(Descriptor::decode(file.as_bytes())?, file);
///
/// let differences = file.differences(&Descriptor::of::<[f32; 4]>());
/// assert_eq!(differences[0].to_string(), "element   file: [u32; 4]  program: [f32; 4]");
/// # Ok::<(), persist_core::DescriptorError>(())
/// ```
#[derive(Clone)]
pub struct Descriptor {
    bytes: Box<[u8]>,
    root: Node,
}

impl Descriptor {
    /// The descriptor of a type of this program. O(nodes of the layout).
    #[must_use]
    pub fn of<T: Persist>() -> Self {
        // Forces the checks of the layout at compile time.
        let _ = const { T::FINGERPRINT };
        Self::of_layout(T::LAYOUT)
    }

    /// The descriptor of a layout that was checked.
    pub(crate) fn of_layout(layout: &Layout) -> Self {
        Self::decode(&layout.encode()).expect("a checked layout encodes to a descriptor")
    }

    /// Decodes the descriptor of a file. O(n) in time and memory, whatever the bytes are.
    ///
    /// # Errors
    ///
    /// [`DescriptorError`] says where the bytes leave the grammar of the format, and how.
    pub fn decode(bytes: &[u8]) -> Result<Self, DescriptorError> {
        let root = decode::decode(bytes)?;
        Ok(Self { bytes: bytes.into(), root })
    }

    /// The bytes, as they stand in a file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The size of one element in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.root.size_bytes()
    }

    /// The largest alignment, in bytes, that any machine gives a type of this layout, as far as the layout tells.
    pub(crate) fn align_bytes(&self) -> u64 {
        align::of(&self.root)
    }

    /// The hash of the bytes, equal to the [`FINGERPRINT`](Persist::FINGERPRINT) of the type. O(n).
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_descriptor(&self.bytes)
    }

    /// The name of the type: its own, or what Rust calls a primitive; `array` for arrays.
    #[must_use]
    pub fn name(&self) -> &str {
        self.root.name()
    }

    /// The type, to look at its parts.
    #[must_use]
    pub fn root(&self) -> TypeRef<'_> {
        TypeRef::new(&self.root)
    }

    /// The tree, for those that convert elements.
    pub(crate) fn node(&self) -> &Node {
        &self.root
    }

    /// Whether elements mean something else on a machine of the other byte order. O(nodes).
    ///
    /// Foreign types that were stored as opaque bytes are taken to depend on it.
    #[must_use]
    pub fn depends_on_byte_order(&self) -> bool {
        self.root.depends_on_byte_order()
    }

    /// Where this layout, of a file, differs from the layout that the program expects. Empty
    /// exactly when the two are equal. O(nodes of both).
    ///
    /// Changes come first, then the size, then what follows from them: padding, and fields that merely
    /// moved. The list is cut where its text exceeds 1 MiB, which no two types that people wrote reach.
    #[must_use]
    pub fn differences(&self, program: &Self) -> Vec<Difference> {
        difference::between(&self.root, &program.root)
    }

    /// The first place where the bytes of an element are not a value of this type. O(size).
    ///
    /// Where every type that is known here has a value, the first foreign type is blamed that has
    /// bit patterns which are none.
    ///
    /// # Panics
    ///
    /// Panics if `element` has not the size of an element.
    pub(crate) fn fault(&self, element: &[u8], order: ByteOrder) -> Option<Fault> {
        self.known_fault(element, order).or_else(|| fault::foreign(&self.root, element))
    }

    /// The same, where every foreign type is taken to have a value.
    ///
    /// # Panics
    ///
    /// Panics if `element` has not the size of an element.
    pub(crate) fn known_fault(&self, element: &[u8], order: ByteOrder) -> Option<Fault> {
        assert_eq!(element.len() as u64, self.size_bytes(), "an element has the size of its type");
        known_fault(&self.root, element, order)
    }

    /// What is to be looked at in elements of this type, which can be in memory. O(nodes).
    pub(crate) fn checks(&self, order: ByteOrder) -> Checks<'_> {
        Checks::new(&self.root, order)
    }

    /// The first foreign type in it whose values only its own crate can tell. O(nodes).
    pub(crate) fn unchecked(&self) -> Option<&str> {
        self.root.unchecked()
    }
}

impl PartialEq for Descriptor {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Descriptor {}

impl fmt::Debug for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Descriptor")
            .field("name", &self.name())
            .field("size_bytes", &self.size_bytes())
            .field("fingerprint", &self.fingerprint())
            .finish()
    }
}

impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::definition(f, &self.root)
    }
}
