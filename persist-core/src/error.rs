//! What can go wrong, in the words of the format: *torn*, *truncated*, *corrupt*, *mismatched*,
//! *unsupported*.

#![forbid(unsafe_code)]

mod shown;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use crate::byte_order::ByteOrder;
use crate::descriptor::{Descriptor, Difference, Differences};
use crate::evolve::{Aliases, Incompatible, Misfit, MisfitKind, Outlook, Plan, Relation};
use crate::mode::Mode;
pub(crate) use shown::Shown;
use shown::Word;

/// What to do about damage.
const RESTORE: &str =
    "restore it from a copy, or see what the command `persist repair` can save of it";

/// Why a call on a persist file failed.
///
/// Every variant names the file. A call that fails leaves the file and the vector as they were,
/// unless it says otherwise. The cause that the operating system gave, where there is one, is the
/// [`source`](std::error::Error::source): print the whole chain, or `{:?}`, which does.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused a call.
    #[error("can't {action} `{}`{}", Shown(path), hint(*action, source))]
    #[non_exhaustive]
    Io {
        /// What was attempted.
        action: Action,
        /// The file.
        path: Box<Path>,
        /// The reason given.
        source: io::Error,
    },

    /// There is no space left on the device, or in the quota, for the file to grow.
    ///
    /// The vector is as it was before the call, can be read, and can be committed. Growing works
    /// again once there is space.
    #[error(
        "no space left to grow `{}` by {needed_bytes} bytes: nothing was lost; free some space and try again",
        Shown(path)
    )]
    #[non_exhaustive]
    DiskFull {
        /// The file.
        path: Box<Path>,
        /// By how much the file had to grow at least for the call to go on, in bytes. (A commit that is larger than
        /// the journal learns what it needs as it goes.)
        needed_bytes: u64,
        /// The reason given: no space, or no quota.
        source: io::Error,
    },

    /// The vector would be larger than the machine can address.
    #[error(
        "`{}` can't hold {elements} elements of {element_bytes} bytes: the limit on this machine is {} bytes",
        Shown(path),
        isize::MAX
    )]
    #[non_exhaustive]
    TooLarge {
        /// The file.
        path: Box<Path>,
        /// How many elements were asked for; `u64::MAX` where that number overflowed.
        elements: u64,
        /// The size of one element in bytes.
        element_bytes: u64,
    },

    /// A file of this name exists, and `create` replaces nothing.
    #[error(
        "`{}` already exists: open it, or choose another name; `create` replaces nothing",
        Shown(path)
    )]
    #[non_exhaustive]
    AlreadyExists {
        /// The file.
        path: Box<Path>,
    },

    /// The path names something that isn't a regular file.
    #[error("`{}` is {found}: expected a regular file", Shown(path))]
    #[non_exhaustive]
    NotAFile {
        /// The path.
        path: Box<Path>,
        /// What it is, with its article.
        found: &'static str,
    },

    /// The file has other names, under which it would stay as it is when a new file takes its place.
    #[error(
        "`{}` can't be replaced: it has {links} names (hard links), and the others would keep the old file; remove them, or work on a copy",
        Shown(path)
    )]
    #[non_exhaustive]
    HardLinks {
        /// The file.
        path: Box<Path>,
        /// How many names it has.
        links: u64,
    },

    /// A migration would lose something, and wasn't told that it may.
    #[error(
        "`{}` was not migrated: {plan}\n  allow that with `migrate_with(path, Lossy)`, or say what becomes of an element with `migrate_from`; `#[persist(alias = \"…\")]` finds a field that was renamed",
        Shown(path)
    )]
    #[non_exhaustive]
    Loss {
        /// The file.
        path: Box<Path>,
        /// What changes, field by field.
        plan: Box<Plan>,
    },

    /// No rule makes elements of the file into elements of the type that was asked for.
    #[error(
        "`{}` can't be migrated: {reason}\n  say what becomes of an element with `migrate_from`; `#[persist(alias = \"…\")]` finds a field by an earlier name, `Migration::defaults` fills one that is new in the newest type",
        Shown(path)
    )]
    #[non_exhaustive]
    Incompatible {
        /// The file.
        path: Box<Path>,
        /// What is in the way.
        reason: Box<Incompatible>,
    },

    /// A value of the file has no place in the type that was asked for.
    #[error(
        "`{}` was not migrated: {fault}: change that value first, or say what becomes of it with `migrate_from`",
        Shown(path)
    )]
    #[non_exhaustive]
    Misfit {
        /// The file.
        path: Box<Path>,
        /// Which element, which field of the file, and what it holds.
        fault: Box<ElementFault>,
    },

    /// The file doesn't begin as a persist file does. It was not changed.
    #[error("`{}` is not a persist file: {}", Shown(path), Beginning { path, found })]
    #[non_exhaustive]
    NotPersist {
        /// The file.
        path: Box<Path>,
        /// Its first bytes, at most eight.
        found: Box<[u8]>,
    },

    /// The file ends before what its header counts.
    #[error(
        "`{}` is truncated: expected at least {expected_bytes} bytes, found {found_bytes}: {RESTORE}",
        Shown(path)
    )]
    #[non_exhaustive]
    Truncated {
        /// The file.
        path: Box<Path>,
        /// The size in bytes that the header calls for.
        expected_bytes: u64,
        /// The size of the file in bytes.
        found_bytes: u64,
    },

    /// The file was damaged: bytes differ from what any writer would have written.
    #[error("`{}` is corrupt: {damage}: {RESTORE}", Shown(path))]
    #[non_exhaustive]
    Corrupt {
        /// The file.
        path: Box<Path>,
        /// Where, and how.
        damage: Box<Damage>,
    },

    /// An element is not a value of its type.
    #[error("`{}` is corrupt: {fault}: {RESTORE}", Shown(path))]
    #[non_exhaustive]
    CorruptElement {
        /// The file.
        path: Box<Path>,
        /// Which element, which field, and what it holds.
        fault: Box<ElementFault>,
    },

    /// The file uses something that this version of the library doesn't know.
    #[error("`{}` is unsupported: {feature}: open it with a newer version of persist", Shown(path))]
    #[non_exhaustive]
    Unsupported {
        /// The file.
        path: Box<Path>,
        /// What is unknown.
        feature: Feature,
    },

    /// The elements are in the byte order of another kind of machine.
    #[error(
        "byte order mismatch in `{}`: the file is {file}-endian, this machine is {program}-endian: {}",
        Shown(path),
        ByteOrderAdvice { path, foreign: foreign.as_deref() }
    )]
    #[non_exhaustive]
    ByteOrder {
        /// The file.
        path: Box<Path>,
        /// The order of the elements in the file.
        file: ByteOrder,
        /// The order of this machine.
        program: ByteOrder,
        /// A foreign type in the elements, whose bytes nobody here knows how to turn around; `None` where all can
        /// be converted.
        foreign: Option<Box<str>>,
    },

    /// The elements have another layout than the program's type.
    #[error(
        "layout mismatch in `{}`:\n{mismatch}\n{}",
        Shown(path),
        LayoutAdvice { path, mismatch }
    )]
    #[non_exhaustive]
    Layout {
        /// The file.
        path: Box<Path>,
        /// The two layouts, and where they differ.
        mismatch: Box<LayoutMismatch>,
    },

    /// The file belongs to another application.
    #[error(
        "application mismatch in `{}`: file: {}, program: {}: it is another application's file",
        Shown(path),
        AppName(file),
        AppName(program)
    )]
    #[non_exhaustive]
    AppMagic {
        /// The file.
        path: Box<Path>,
        /// The magic in the file.
        file: [u8; 8],
        /// The magic the program gave.
        program: [u8; 8],
    },

    /// The file was made by another version of the application.
    #[error(
        "application version mismatch in `{}`: file: {}, program: {}: open it with that version, or without `app_version` to read it whatever its version",
        Shown(path),
        Version(file),
        Version(program)
    )]
    #[non_exhaustive]
    AppVersion {
        /// The file.
        path: Box<Path>,
        /// The version in the file: major, minor, patch.
        file: [u8; 3],
        /// The version the program gave.
        program: [u8; 3],
    },

    /// The file is committed in another way than the program expects.
    #[error(
        "mode mismatch in `{}`: file: {file}, program: {program}: open it with the mode that it was created with, or copy its elements into a new file",
        Shown(path)
    )]
    #[non_exhaustive]
    Mode {
        /// The file.
        path: Box<Path>,
        /// The mode of the file.
        file: Mode,
        /// The mode that the program gave.
        program: Mode,
    },

    /// Somebody else has the file open, and one of the two wants to write. Opening doesn't wait: a
    /// process that was just killed may hold its lock until the kernel has unmapped its files.
    #[error(
        "`{}` is locked: it is open in {holder}; close it there, or try again later",
        Shown(path)
    )]
    #[non_exhaustive]
    Locked {
        /// The file.
        path: Box<Path>,
        /// Who holds the lock.
        holder: LockHolder,
    },

    /// There is nothing to roll back to: in [`Mode::Shared`](crate::Mode::Shared) a change is in the file as
    /// soon as it is made.
    #[error(
        "`{}` can't be rolled back: it is in mode shared, which keeps no earlier state; create it with `Mode::Atomic`",
        Shown(path)
    )]
    #[non_exhaustive]
    NoRollback {
        /// The file.
        path: Box<Path>,
    },

    /// A write or flush through this handle failed, now or earlier, so that nobody knows what reached the
    /// disk. Reading goes on, and elements in memory can still be changed, but nothing is committed: the
    /// file must be opened anew.
    #[error(
        "`{}` can't be changed any more: an attempt to {action} it failed, so nobody knows what reached the disk; open it anew, which recovers the last commit",
        Shown(path)
    )]
    #[non_exhaustive]
    Poisoned {
        /// The file.
        path: Box<Path>,
        /// What failed.
        action: Action,
        /// Why it failed.
        source: Arc<io::Error>,
    },
}

impl fmt::Debug for Error {
    /// The message with its causes: this is what `unwrap`, and a `main` that returns the error, print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl Error {
    /// The error for a call that the operating system refused.
    pub(crate) fn io(action: Action, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.into(), source }
    }

    /// The error for a value that stopped a conversion, of elements the first of which has this index.
    pub(crate) fn misfit(path: &Path, first: u64, misfit: Misfit) -> Self {
        let Misfit { index, field, kind, expected, found } = misfit;
        let fault = Box::new(ElementFault { index: first + index as u64, field, expected, found });
        match kind {
            MisfitKind::NotAValue => Self::CorruptElement { path: path.into(), fault },
            MisfitKind::DoesNotFit => Self::Misfit { path: path.into(), fault },
        }
    }

    /// The error for a file that could not become `needed_bytes` longer.
    pub(crate) fn no_room(
        action: Action,
        path: &Path,
        needed_bytes: u64,
        source: io::Error,
    ) -> Self {
        match is_full(&source) {
            true => Self::DiskFull { path: path.into(), needed_bytes, source },
            false => Self::io(action, path, source),
        }
    }
}

/// Whether a device or a quota has no space left.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl From<Error> for io::Error {
    /// Keeps the kind that the operating system gave, or the one that is nearest.
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Io { source, .. } | Error::DiskFull { source, .. } => source.kind(),
            Error::Poisoned { source, .. } => source.kind(),
            Error::AlreadyExists { .. } => io::ErrorKind::AlreadyExists,
            Error::Locked { .. } => io::ErrorKind::WouldBlock,
            Error::TooLarge { .. } => io::ErrorKind::FileTooLarge,
            Error::Unsupported { .. } | Error::NoRollback { .. } => io::ErrorKind::Unsupported,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

/// What was being done when a call to the operating system failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Opening the file for reading and writing.
    OpenForWriting,
    /// Opening the file for reading.
    OpenForReading,
    /// Creating the file.
    Create,
    /// Putting a new file in the place of the file.
    Replace,
    /// Locking the file.
    Lock,
    /// Reading the header or the elements.
    Read,
    /// Writing the header.
    Write,
    /// Making changes durable.
    Sync,
    /// Making the file longer.
    Grow,
    /// Making the file shorter.
    Shrink,
    /// Mapping the file into memory.
    Map,
    /// Copying the file to a backup.
    BackUp,
    /// Mending a copy of the file.
    Repair,
    /// Bringing a file that was not closed to its last commit. It has that still, and can be tried again.
    Recover,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenForWriting => "open for writing",
            Self::OpenForReading => "open for reading",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Lock => "lock",
            Self::Read => "read",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Grow => "grow",
            Self::Shrink => "shrink",
            Self::Map => "map into memory",
            Self::BackUp => "back up",
            Self::Repair => "repair",
            Self::Recover => "recover the last commit of",
        })
    }
}

/// Bytes of a header that no writer would have written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// Which part of the file.
    pub region: Region,
    /// Where that part, or the field at fault, begins in the file.
    pub offset_bytes: u64,
    /// What a writer would have written.
    pub expected: Box<str>,
    /// What stands there.
    pub found: Box<str>,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, offset_bytes, expected, found } = self;
        write!(f, "{region} at byte {offset_bytes}: expected {expected}, found {found}")
    }
}

/// A part of the file, as `FORMAT.md` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Region {
    /// What the file is, written once.
    Preamble,
    /// The full structure of the element type.
    Descriptor,
    /// The two alternating copies of the length.
    Slots,
    /// The records of commits that are yet to be applied.
    Journal,
    /// Bytes that must be zero.
    Reserved,
    /// The elements.
    Elements,
    /// Room after the last element.
    Spare,
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Preamble => "preamble",
            Self::Descriptor => "descriptor",
            Self::Slots => "slots",
            Self::Journal => "journal",
            Self::Reserved => "reserved bytes",
            Self::Elements => "elements",
            Self::Spare => "spare room",
        })
    }
}

/// Something in a file that a newer version of the library put there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// The version of the format.
    FormatVersion(u32),
    /// Feature bits without which the file can't be read.
    Incompat(u64),
    /// Feature bits without which the file can't be written.
    ReadOnlyCompat(u64),
    /// How the file is committed.
    Mode(u32),
}

impl Feature {
    /// What this version of the library knows, and what stands in the file.
    pub(crate) fn expected_and_found(&self) -> (&'static str, String) {
        match self {
            Self::FormatVersion(found) => ("format version 1", found.to_string()),
            Self::Incompat(bits) => ("no incompat features", format!("{bits:#x}")),
            Self::ReadOnlyCompat(bits) => ("no ro_compat features", format!("{bits:#x}")),
            Self::Mode(found) => ("mode 0 (shared) or 1 (atomic)", found.to_string()),
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (expected, found) = self.expected_and_found();
        if let Self::ReadOnlyCompat(_) = self {
            f.write_str("it can only be read: ")?;
        }
        write!(f, "expected {expected}, found {found}")
    }
}

/// Who holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockHolder {
    /// Another handle of this process, maybe through another name of the file.
    ThisProcess,
    /// Another process.
    AnotherProcess,
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ThisProcess => "this process",
            Self::AnotherProcess => "another process",
        })
    }
}

/// An element that is not a value of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ElementFault {
    /// The index of the element.
    pub index: u64,
    /// The path of the field, such as `legs[3].side`; empty where the element has no fields.
    pub field: String,
    /// What the field may hold.
    pub expected: String,
    /// What it holds.
    pub found: String,
}

impl fmt::Display for ElementFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "element {}", self.index)?;
        if !self.field.is_empty() {
            write!(f, ", field `{}`", self.field)?;
        }
        write!(f, ": expected {}, found {}", self.expected, self.found)
    }
}

/// Two layouts that were expected to be the same.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LayoutMismatch {
    /// The layout the file has.
    pub file: Descriptor,
    /// The layout the program expected.
    pub program: Descriptor,
    /// What it takes to make one of the other.
    pub(crate) outlook: Outlook,
    /// Whether the program knows earlier versions of its type: then nothing else should convert the file.
    pub(crate) has_versions: bool,
}

impl LayoutMismatch {
    /// Where the two differ, field by field; never empty.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        self.file.differences(&self.program)
    }

    /// What it takes for the elements of the file to become the program's, where it has defaults for fields that the
    /// file lacks.
    #[must_use]
    pub fn relation(&self) -> Relation {
        self.outlook.relation()
    }

    /// Whether a program that knows neither earlier names, versions nor defaults does with the file what this one would.
    fn is_convertible_by_command(&self) -> bool {
        let in_order = |descriptor| (descriptor, ByteOrder::NATIVE);
        let plan = Plan::new(in_order(&self.file), in_order(&self.program), &Aliases::NONE, None);
        !self.has_versions && plan.is_ok_and(|plan| plan.relation() == self.relation())
    }

    /// A field that only the file has, where the program has one that may be the same under a new name.
    fn maybe_renamed(&self) -> Option<String> {
        let differences = self.differences();
        let field = |it: &Difference| {
            Some(it.subject.strip_prefix("field `")?.strip_suffix('`')?.to_owned())
        };
        differences.iter().find(|it| it.file.is_none() && field(it).is_some())?;
        let gone = differences.iter().filter(|it| it.program.is_none()).find_map(field)?;
        gone.rsplit('.').next().map(str::to_owned)
    }

    /// What no rule converts; `None` where there are rules for all.
    #[must_use]
    pub fn obstacles(&self) -> Option<&Incompatible> {
        self.outlook.obstacles()
    }
}

impl fmt::Display for LayoutMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Differences(&self.differences()).fmt(f)
    }
}

/// What makes a file of another layout one that the program can open.
struct LayoutAdvice<'a> {
    path: &'a Path,
    mismatch: &'a LayoutMismatch,
}

impl fmt::Display for LayoutAdvice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mismatch.relation() {
            Relation::Lossy => {
                if let Some(field) = self.mismatch.maybe_renamed() {
                    let alias = format!("`#[persist(alias = \"{field}\")]`");
                    writeln!(f, "  if `{field}` has another name now, say so with {alias} on that field, and it is kept; or else")?;
                }
                f.write_str("  `MmapVec::migrate_with` and `Lossy` convert it")?;
                self.fmt_command(f, " --lossy")?;
                f.write_str("; what may be lost:")?;
            }
            Relation::Incompatible => f.write_str(
                "  nothing converts it by itself: give `MmapVec::migrate_from` a function that does, or use the type that the file was written with",
            )?,
            _ => {
                f.write_str("  `MmapVec::migrate`, or `Migration` for a type without `Default`, converts it without loss")?;
                self.fmt_command(f, "")?;
            }
        }
        self.mismatch.outlook.fmt_reasons(f)
    }
}

impl LayoutAdvice<'_> {
    /// The command that does the same, where it does.
    fn fmt_command(&self, f: &mut fmt::Formatter<'_>, options: &str) -> fmt::Result {
        if !self.mismatch.is_convertible_by_command() {
            return Ok(());
        }
        let path = Word(self.path);
        write!(
            f,
            ", or `persist migrate {path} --to-layout-of OTHER{options}`, where OTHER is an empty file of the new type"
        )
    }
}

/// What makes a file of foreign byte order one that this machine can open.
struct ByteOrderAdvice<'a> {
    path: &'a Path,
    foreign: Option<&'a str>,
}

impl fmt::Display for ByteOrderAdvice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.foreign {
            None => {
                let path = Word(self.path);
                write!(f, "`MmapVec::migrate` converts it, or `persist convert {path} --to native`")
            }
            Some(name) => write!(
                f,
                "use it on a machine of its own order, for nobody knows how the bytes of the foreign type `{}` change with it",
                name.escape_debug()
            ),
        }
    }
}

/// The commonest refusals of the operating system, with what to do about them.
fn hint(action: Action, source: &io::Error) -> &'static str {
    match (source.kind(), action) {
        (io::ErrorKind::NotFound, Action::Create) => {
            ": no such file or directory; its directory must exist"
        }
        (io::ErrorKind::NotFound, _) => {
            ": no such file or directory; `create` or `open_or_create` makes a file"
        }
        (io::ErrorKind::PermissionDenied, Action::OpenForWriting) => {
            ": permission denied; `MmapSlice` needs only read permission"
        }
        (io::ErrorKind::PermissionDenied, _) => ": permission denied",
        (io::ErrorKind::ReadOnlyFilesystem, Action::OpenForWriting) => {
            ": the file system is read-only; `MmapSlice` writes nothing"
        }
        (io::ErrorKind::ReadOnlyFilesystem, _) => ": the file system is read-only",
        (io::ErrorKind::Unsupported, Action::Lock) => {
            ": the file system has no locks; `OpenOptions::open_unlocked` does without"
        }
        _ => "",
    }
}

/// What a file of ours begins with.
const MAGIC: &[u8] = b"\x89PVF\r\n\x1a\n";

/// The beginning of a file that isn't ours.
struct Beginning<'a> {
    path: &'a Path,
    found: &'a [u8],
}

impl Beginning<'_> {
    /// Whether it is ours but for one byte.
    fn is_one_byte_off(&self) -> bool {
        let differing = MAGIC.iter().zip(self.found).filter(|(expected, found)| expected != found);
        self.found.len() == MAGIC.len() && differing.count() == 1
    }
}

impl fmt::Display for Beginning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = Quoted(self.found);
        if self.found.is_empty() {
            return f.write_str("it is empty; remove it first if a new file is to have this name");
        }
        if !self.is_one_byte_off() {
            return write!(f, "expected it to begin with \"\\x89PVF\", found {found}");
        }
        let (magic, path) = (Quoted(MAGIC), Word(self.path));
        write!(
            f,
            "expected it to begin with {magic}, found {found}: one byte differs, which `persist repair {path}` restores where the rest is whole"
        )
    }
}

/// Bytes as a string literal.
struct Quoted<'a>(&'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// An application's magic, without the zeros at its end.
struct AppName<'a>(&'a [u8; 8]);

impl fmt::Display for AppName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        match &self.0[..end] {
            [] => f.write_str("no app_magic"),
            name => write!(f, "app_magic {}", Quoted(name)),
        }
    }
}

struct Version<'a>(&'a [u8; 3]);

impl fmt::Display for Version<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_stays_small() {
        assert!(size_of::<Result<(), Error>>() <= 40, "{}", size_of::<Result<(), Error>>());
    }

    #[test]
    fn paths_are_shown_without_what_a_terminal_acts_on() {
        let path = || Path::new("a\u{1b}[31m.pv").into();
        for error in [
            Error::Locked { path: path(), holder: LockHolder::ThisProcess },
            Error::io(Action::Read, Path::new("a\u{1b}[31m.pv"), io::Error::other("no")),
            Error::ByteOrder {
                path: path(),
                file: ByteOrder::Big,
                program: ByteOrder::Little,
                foreign: None,
            },
        ] {
            let text = error.to_string();
            assert!(text.contains("a\\u{1b}[31m.pv") && !text.contains('\u{1b}'), "{text:?}");
        }
    }

    #[test]
    fn debug_is_for_people() {
        let error = Error::DiskFull {
            path: Path::new("ticks.pv").into(),
            needed_bytes: 8,
            source: io::Error::other("no blocks"),
        };
        let expected = "no space left to grow `ticks.pv` by 8 bytes: nothing was lost; free some space \
                        and try again\n  caused by: no blocks";
        assert_eq!(format!("{error:?}"), expected);
    }
}
