//! How elements of one type become elements of another, in either byte order: classified, then compiled into
//! operations, then run on blocks of bytes.
//!
//! - Pure: descriptors and bytes. No files, no paths, no types of the program.
//! - A value is copied only after it was found to be one: what is not a value of its type, and what doesn't fit, stops
//!   with its place.
//! - Descriptors and elements may be hostile. Compiling takes time and memory in proportion to the descriptors,
//!   running in proportion to the bytes; neither panics nor recurses deeper than types nest.

#![forbid(unsafe_code)]

mod aliases;
mod compile;
mod incompatible;
mod kernel;
mod misfit;
mod number;
mod op;
mod relation;
mod run;
#[cfg(test)]
mod tests;

use std::fmt;

pub use aliases::Aliases;
pub use incompatible::{Incompatible, Obstacle, Problem};
pub use misfit::{Misfit, MisfitKind};
pub use relation::Relation;

use crate::byte_order::ByteOrder;
use crate::descriptor::Descriptor;
use compile::{Defaults, Sides, compile};
use relation::Changes;
use run::Machine;

/// How the elements of a file become elements of another type, or of another byte order.
///
/// Fields are matched by name, variants of enums too; what has another name now is found by its [`Aliases`].
///
/// | in the file | in the target | relation |
/// |---|---|---|
/// | integer | wider, of a range that includes the old one | convert |
/// | integer | another | lossy: a value that doesn't fit stops |
/// | integer, float | float that has each of its values | convert |
/// | integer, float | another float | lossy: rounded to the nearest; a finite value that would become infinite stops |
/// | float | integer | lossy: a value that is no integer of that type stops |
/// | `bool`, `char`, `NonZero`, `Option<NonZero>` | integer | as from the integer it is stored as, `None` being 0 |
/// | integer | `bool`, `char`, `NonZero` | lossy: a value that is none stops |
/// | integer | `Option<NonZero>` | lossy: 0 becomes `None`, and a value that doesn't fit stops |
/// | enum | tags renumbered, or wider | convert |
/// | enum | a variant removed | lossy: a value that has it stops |
/// | `FixedStr` | longer | convert |
/// | `FixedStr` | shorter | lossy: a text that doesn't fit stops |
/// | array | longer | convert: the new items are from the default |
/// | array | shorter | lossy: the last items go |
/// | struct | a field added | convert: from the default; relabel where the file has padding there, which must be zero |
/// | struct | a field removed | lossy |
/// | struct, enum | another name | relabel |
/// | struct, enum, `PhantomData` | another version, const argument, or type that is named | lossy: it may mean something else |
/// | foreign type | the same, in the same byte order | as it is |
/// | anything | anything else | incompatible |
///
/// Padding is written as zeros. [`Display`](fmt::Display) says what changes, a line for each field; `{:?}` lists the
/// operations. A NaN stays one, with its sign; of its other bits nothing is promised where the type changes.
///
/// ```
/// use persist_core::{Aliases, ByteOrder, Descriptor, Persist, Plan, Relation};
///
/// mod v1 {
///     # use persist_core::Persist;
///     #[derive(Clone, Copy, Persist)]
///     #[repr(C)]
///     pub struct Tick { pub time: u32, pub price: f32 }
/// }
/// #[derive(Clone, Copy, Persist)]
/// #[repr(C)]
/// struct Tick { venue: u32, price: f32, time: u64 }
///
/// let (old, new) = (Descriptor::of::<v1::Tick>(), Descriptor::of::<Tick>());
/// let order = ByteOrder::Little;
/// let default = [9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// let plan = Plan::new((&old, order), (&new, order), &Aliases::of::<Tick>(), Some(&default))?;
/// assert_eq!(plan.relation(), Relation::Convert);
/// assert_eq!(plan.to_string(), "\
/// convert: every value is kept
///   field `venue`   convert   added: u32 from the default
///   field `time`    convert   u32 → u64");
///
/// let mut converted = [0; 16];
/// plan.run(&[7, 0, 0, 0, 1, 2, 3, 4], &mut converted)?;
/// assert_eq!(converted, [9, 0, 0, 0, 1, 2, 3, 4, 7, 0, 0, 0, 0, 0, 0, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Plan {
    file: Descriptor,
    file_order: ByteOrder,
    changes: Changes,
    machine: Machine,
}

impl Plan {
    /// The plan for elements of a file of this layout and byte order to become those of the target. O(nodes of both).
    ///
    /// `defaults` are the bytes of an element of the target, from which fields and items are taken that the file lacks.
    ///
    /// # Errors
    ///
    /// [`Incompatible`] lists what is in the way: fields that no rule converts, foreign types whose bytes would have to
    /// be swapped, and fields that the file lacks, without a default.
    ///
    /// # Panics
    ///
    /// Panics if there are `defaults` of another size than an element of the target.
    pub fn new(
        file: (&Descriptor, ByteOrder),
        target: (&Descriptor, ByteOrder),
        aliases: &Aliases,
        defaults: Option<&[u8]>,
    ) -> Result<Self, Incompatible> {
        if let Some(defaults) = defaults {
            let size = target.0.size_bytes();
            assert_eq!(defaults.len() as u64, size, "the defaults are an element of the target");
        }
        let known = defaults.map_or(Defaults::None, Defaults::Bytes);
        let (program, changes) = compile(Sides { file, target }, *aliases, known)?;
        // Both sizes were found to be addressable.
        let (from_bytes, to_bytes) = (file.0.size_bytes() as usize, target.0.size_bytes() as usize);
        let leaves_gaps = program.written_bytes() < to_bytes;
        let defaults = defaults.filter(|_| program.fills()).unwrap_or_default().into();
        let machine = Machine { program, from_bytes, to_bytes, defaults, leaves_gaps };
        Ok(Self { file: file.0.clone(), file_order: file.1, changes, machine })
    }

    /// How far the two are apart. Never [`Incompatible`](Relation::Incompatible): then there is no plan.
    #[must_use]
    pub fn relation(&self) -> Relation {
        self.changes.relation
    }

    /// Converts whole elements, as many as `from` has. O(n), at more than a gigabyte a second for a change of byte order.
    ///
    /// Elements are independent: large files can be converted in parts, on several threads.
    ///
    /// # Errors
    ///
    /// [`Misfit`] names the first element that has a value which doesn't fit, or isn't one. What `to` holds then, nobody
    /// knows.
    ///
    /// # Panics
    ///
    /// Panics if `from` or `to` is not made of whole elements, or `to` has another number of them.
    pub fn run(&self, from: &[u8], to: &mut [u8]) -> Result<(), Misfit> {
        let Machine { from_bytes, to_bytes, .. } = self.machine;
        let len = from.len() / from_bytes;
        assert_eq!(from.len(), len * from_bytes, "the file has whole elements");
        assert_eq!((to.len() / to_bytes, to.len() % to_bytes), (len, 0), "as many for the target");
        self.machine.run(from, to).map_err(|stop| {
            let element = &from[stop.element * from_bytes..][..from_bytes];
            misfit::of_stop(&stop, &self.machine.program, (&self.file, self.file_order), element)
        })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.changes.fmt(f)
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.changes.relation)?;
        self.machine.program.fmt(f)
    }
}

/// What would become of elements, if there were defaults for what a file lacks.
#[derive(Debug, Clone)]
pub(crate) struct Outlook(Result<Changes, Incompatible>);

impl Outlook {
    pub(crate) fn new(
        file: (&Descriptor, ByteOrder),
        target: (&Descriptor, ByteOrder),
        aliases: &Aliases,
    ) -> Self {
        let compiled = compile(Sides { file, target }, *aliases, Defaults::Assumed);
        Self(compiled.map(|(_, changes)| changes))
    }

    /// For a program that knows how to make its elements of the file's.
    pub(crate) fn known() -> Self {
        Self(Ok(Changes::new(Relation::Convert)))
    }

    pub(crate) fn relation(&self) -> Relation {
        self.0.as_ref().map_or(Relation::Incompatible, |changes| changes.relation)
    }

    pub(crate) fn obstacles(&self) -> Option<&Incompatible> {
        self.0.as_ref().err()
    }

    /// A foreign type whose bytes would have to be swapped.
    pub(crate) fn foreign_type(&self) -> Option<&str> {
        self.obstacles()?.reasons.iter().find_map(|reason| match &reason.problem {
            Problem::ForeignOrder { name } => Some(&**name),
            _ => None,
        })
    }

    /// What may be lost, or what no rule converts: lines that each begin with a line break.
    pub(crate) fn fmt_reasons(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(changes) => changes.fmt_losses(f),
            Err(incompatible) => incompatible.fmt_reasons(f, "\n    "),
        }
    }
}
