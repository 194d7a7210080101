//! Does what was planned.

use std::fs;
use std::io::{self, Seek};
use std::path::Path;

use crate::error::{Action, Error};
use crate::lock::{Access, Lock};
use crate::mapping::Mapping;
use crate::snapshot::LockedFile;
use crate::storage::{FileStorage, Storage};
use crate::store::Store;
use crate::temporary::{self, Temporary};
use crate::verify::{self, Examination, Finding, FindingKind, Report, Severity};

use super::patch::Patches;

/// Recovers, closes and cuts a file, as a writer does.
pub(super) fn in_place(path: &Path, file: &LockedFile) -> Result<Report, Error> {
    settle(path, file)?;
    verify::report(path, file, |_, _| ())
}

/// Mends a copy, and puts it in the place of the original.
pub(super) fn in_a_copy(
    path: &Path,
    original: LockedFile,
    patches: &Patches,
) -> Result<Report, Error> {
    let io = |source| Error::io(Action::Repair, path, source);
    let metadata = original.file.metadata().map_err(io)?;
    // What a symbolic link leads to is replaced, not the link.
    let place = fs::canonicalize(path).map_err(io)?;
    let temporary = Temporary::for_replacing(&place, &metadata)?;
    // Nobody opens the copy by its new name before it is whole.
    let lock = Lock::acquire(temporary.file(), path, Access::Exclusive)?;
    let copy = LockedFile::new(temporary.file().try_clone().map_err(io)?, lock).map_err(io)?;
    let needed_bytes = metadata.len();
    copy_contents(&original, &copy.file)
        .and_then(|()| patch(&original, &copy, patches))
        .and_then(|()| copy.file.sync_all())
        .map_err(|source| Error::no_room(Action::Repair, path, needed_bytes, source))?;
    settle(path, &copy)?;
    copy.file.sync_all().map_err(io)?;
    let report = verify::report(path, &copy, |_, _| ())?;
    check_whole(&report).map_err(io)?;
    original.lock.check_place(&place).map_err(io)?;
    temporary.follow(&place, &original.file)?;
    // Windows replaces no file that is open; elsewhere nobody gets at the original before it is replaced.
    let _original = (!cfg!(windows)).then_some(original);
    temporary.take_place(&place)?;
    Ok(report)
}

/// Refuses a copy that isn't what the plan said, as where a device doesn't keep what it is given.
fn check_whole(report: &Report) -> io::Result<()> {
    let is_of_header = |finding: &Finding| {
        finding.severity() == Severity::Error
            && !matches!(finding.kind, FindingKind::Element { .. } | FindingKind::Unreadable)
    };
    match report.findings.iter().find(|finding| is_of_header(finding)) {
        None => Ok(()),
        Some(finding) => {
            Err(io::Error::other(format!("the repaired copy is not whole: {finding}")))
        }
    }
}

fn patch(original: &LockedFile, copy: &LockedFile, patches: &Patches) -> io::Result<()> {
    let file_bytes = patches.file_bytes(&original.storage)?;
    let mended = Examination::of(file_bytes, None, &mut |offset, buffer| {
        patches.read(&original.storage, offset, buffer)
    })?;
    let preamble = mended.preamble.expect("the plan was proved");
    patches.apply(&original.storage, &copy.storage, preamble.data_offset.get())
}

/// Brings a file that nothing is wrong with to its last commit, closes it, and cuts off what is after its last element.
fn settle(path: &Path, file: &LockedFile) -> Result<(), Error> {
    let io = |source| Error::io(Action::Repair, path, source);
    // The lock of `file` keeps everybody else away.
    let storage = FileStorage::new(file.file.try_clone().map_err(io)?);
    let mut store = Store::open(path, Box::new(storage), None)?;
    let len = store.len();
    let settled = settle_store(&mut store, len);
    settled.map_err(|error| store.recovery_failed(error))
}

fn settle_store(store: &mut Store, len: u64) -> Result<(), Error> {
    store.recover()?;
    if !store.header().slots.newest.clean || store.header().slots.torn {
        store.close(len, &Mapping::none())?;
    }
    let end = store.header().file_bytes(len).ok_or_else(|| store.too_large(Some(len)))?;
    let file_bytes =
        store.storage().len_bytes().map_err(|source| store.io(Action::Read, source))?;
    if file_bytes > end {
        store.shrink(end - store.data_offset())?;
    }
    Ok(())
}

/// Copies a file as it is to a new one at `to`.
pub(super) fn back_up(file: &LockedFile, to: &Path) -> Result<(), Error> {
    let temporary = Temporary::for_new(to, temporary::PRIVATE)?;
    let copied = copy_contents(file, temporary.file())
        .and_then(|()| temporary.keep_permissions(&file.file))
        .and_then(|()| temporary.file().sync_all());
    let needed_bytes = file.storage.len_bytes().unwrap_or_default();
    copied.map_err(|source| Error::no_room(Action::BackUp, to, needed_bytes, source))?;
    temporary.name(to)
}

/// The kernel copies, where it can: some file systems share the blocks.
fn copy_contents(from: &LockedFile, mut to: &fs::File) -> io::Result<()> {
    let mut from = &from.file;
    from.rewind()?;
    io::copy(&mut from, &mut to).map(|_| ())
}
