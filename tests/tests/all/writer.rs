//! Whole new files of elements of any type, and files that take the place of others.

use std::fs;
use std::path::Path;

use persist_core::{
    Aliases, AnyFile, AnySlice, AnyWriter, ByteOrder, Descriptor, Error, MmapSlice, MmapVec, Mode,
    Persist, Plan, Replacement, Shutdown,
};

#[cfg(target_os = "linux")]
use crate::support;

#[derive(Clone, Copy, Debug, PartialEq, Persist)]
#[repr(C)]
struct Point {
    x: u64,
    y: u32,
    z: u32,
}

fn points(len: u64) -> Vec<Point> {
    (0..len).map(|i| Point { x: i, y: i as u32 * 3, z: !i as u32 }).collect()
}

fn bytes(points: &[Point]) -> Vec<u8> {
    let fields = |p: &Point| {
        [p.x.to_ne_bytes().to_vec(), p.y.to_ne_bytes().to_vec(), p.z.to_ne_bytes().to_vec()]
    };
    points.iter().flat_map(|point| fields(point).concat()).collect()
}

/// The names in a directory.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn create(path: &Path, points: &[Point]) {
    let mut vector = MmapVec::<Point>::create(path).unwrap();
    vector.extend_from_slice(points).unwrap();
    vector.close().unwrap();
}

#[test]
fn what_is_appended_in_parts_of_any_size_is_what_the_file_has() {
    let directory = tempfile::tempdir().unwrap();
    for (round, parts) in
        [vec![], vec![1], vec![0, 3, 70_000, 0], vec![65_535, 1, 1, 200_000, 1], vec![900_000]]
            .into_iter()
            .enumerate()
    {
        let path = directory.path().join(format!("{round}.pv"));
        let all = points(parts.iter().sum());
        let mut writer = AnyWriter::create(&path, &AnyFile::of::<Point>()).unwrap();
        let mut rest = bytes(&all);
        for part in parts {
            let after = rest.split_off(part as usize * 16);
            writer.append(&rest).unwrap();
            rest = after;
        }
        assert_eq!(writer.len(), all.len() as u64);
        assert!(!path.exists(), "the file has its name too early");
        writer.finish().unwrap();
        let slice = MmapSlice::<Point>::open(&path).unwrap();
        assert_eq!(slice, all);
        assert_eq!(slice.info().shutdown, Shutdown::Clean);
        drop(slice);
        let mut vector = MmapVec::<Point>::open(&path).unwrap();
        vector.push(all.first().copied().unwrap_or(Point { x: 1, y: 2, z: 3 })).unwrap();
        vector.close().unwrap();
    }
}

#[test]
fn a_file_says_what_it_was_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.pv");
    for (mode, order) in [
        (Mode::Atomic, ByteOrder::Little),
        (Mode::Shared, ByteOrder::Big),
        (Mode::Atomic, ByteOrder::Big),
    ] {
        let file = AnyFile::new(Descriptor::of::<Point>())
            .byte_order(order)
            .app_magic(*b"POINTS\0\0")
            .app_version([1, 2, 3])
            .mode(mode)
            .journal_bytes(0);
        let mut writer = AnyWriter::create(&path, &file).unwrap();
        writer.append(&[7; 32]).unwrap();
        writer.finish().unwrap();
        let slice = AnySlice::open(&path).unwrap();
        let info = slice.info();
        assert_eq!((info.mode, info.byte_order, slice.len()), (mode, order, 2));
        assert_eq!((info.app_magic, info.app_version), (*b"POINTS\0\0", [1, 2, 3]));
        assert!(info.data_offset_bytes <= 1 << 17);
        assert_eq!(slice.as_bytes(), [7; 32]);
        let foreign = order != ByteOrder::NATIVE;
        let opened = MmapSlice::<Point>::open(&path).map(drop);
        assert_eq!(matches!(opened, Err(Error::ByteOrder { .. })), foreign, "{opened:?}");

        let copy = directory.path().join("copy.pv");
        let mut writer = AnyWriter::create(&copy, &AnyFile::like(&slice)).unwrap();
        writer.append(slice.as_bytes()).unwrap();
        writer.finish().unwrap();
        let (mut a, mut b) = (fs::read(&path).unwrap(), fs::read(&copy).unwrap());
        for bytes in [&mut a, &mut b] {
            // The time, the salt and the checksum are the file's own.
            bytes[144..152].fill(0);
            bytes[184..192].fill(0);
            bytes[4088..4096].fill(0);
        }
        assert!(a == b, "a copy differs");
        fs::remove_file(&path).unwrap();
        fs::remove_file(&copy).unwrap();
    }
}

#[test]
fn a_writer_replaces_nothing_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.pv");
    let writer = AnyWriter::create(&path, &AnyFile::of::<Point>()).unwrap();
    assert_eq!(names(directory.path()).len(), 1);
    fs::write(&path, "mine").unwrap();
    assert!(matches!(writer.finish(), Err(Error::AlreadyExists { .. })));
    let again = AnyWriter::create(&path, &AnyFile::of::<Point>());
    assert!(matches!(again, Err(Error::AlreadyExists { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    assert_eq!(names(directory.path()), ["a.pv"]);
    fs::remove_file(&path).unwrap();
    let mut writer = AnyWriter::create(&path, &AnyFile::of::<Point>()).unwrap();
    writer.append(&bytes(&points(100_000))).unwrap();
    drop(writer);
    assert_eq!(names(directory.path()), [""; 0]);
}

#[test]
#[should_panic(expected = "17 bytes are no whole elements of 16 bytes")]
fn parts_of_elements_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer =
        AnyWriter::create(directory.path().join("a.pv"), &AnyFile::of::<Point>()).unwrap();
    let _ = writer.append(&[0; 17]);
}

#[test]
fn elements_without_bytes_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let nothing = Descriptor::decode(&[2, 0, 1, 0, 1, 0]).unwrap();
    let path = directory.path().join("a.pv");
    let refused = AnyWriter::create(&path, &AnyFile::new(nothing)).unwrap_err();
    assert!(
        format!("{refused:?}").contains("no file can have elements of this type"),
        "{refused:?}"
    );
    assert_eq!(names(directory.path()), [""; 0]);
}

/// A new file like the one at `path`, with its elements twice.
fn doubled(path: &Path) -> Result<Replacement, Error> {
    let original = AnySlice::open_exclusive(path)?;
    let file = AnyFile::like(&original);
    let mut replacement = Replacement::new(original, &file)?;
    let (original, writer) = replacement.parts();
    writer.append(original.as_bytes())?;
    writer.append(original.as_bytes())?;
    Ok(replacement)
}

#[test]
fn a_replacement_takes_the_place_of_the_original_and_nobody_sees_it_before() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.pv");
    let once = points(3);
    create(&path, &once);
    let replacement = doubled(&path).unwrap();
    let locked = |result: Result<(), Error>| matches!(result, Err(Error::Locked { .. }));
    assert!(locked(MmapSlice::<Point>::open(&path).map(drop)));
    assert!(locked(MmapVec::<Point>::open(&path).map(drop)));
    assert!(locked(AnySlice::open_exclusive(&path).map(drop)));
    drop(replacement);
    assert_eq!(MmapSlice::<Point>::open(&path).unwrap(), once);
    doubled(&path).unwrap().finish().unwrap();
    let slice = MmapSlice::<Point>::open(&path).unwrap();
    assert_eq!(slice, [&once[..], &once[..]].concat());
    assert!(locked(AnySlice::open_exclusive(&path).map(drop)), "a reader was not seen");
    assert_eq!(names(directory.path()), ["a.pv"]);
}

#[test]
#[should_panic(expected = "a file to replace is opened exclusively")]
fn a_file_that_others_may_read_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.pv");
    create(&path, &points(1));
    let original = AnySlice::open(&path).unwrap();
    let file = AnyFile::like(&original);
    let _ = Replacement::new(original, &file);
}

#[cfg(unix)]
#[test]
fn a_replacement_keeps_permissions_and_links() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    let directory = tempfile::tempdir().unwrap();
    let (path, link) = (directory.path().join("a.pv"), directory.path().join("link"));
    create(&path, &points(1));
    symlink("a.pv", &link).unwrap();
    for mode in [0o600, 0o640, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let before = path.metadata().unwrap();
        doubled(&link).unwrap().finish().unwrap();
        let after = path.metadata().unwrap();
        assert_ne!(before.ino(), after.ino());
        assert_eq!(
            (before.mode(), before.uid(), before.gid()),
            (after.mode(), after.uid(), after.gid())
        );
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("a.pv"));
    }
    assert_eq!(MmapSlice::<Point>::open(&path).unwrap().len(), 8);

    fs::hard_link(&path, directory.path().join("other")).unwrap();
    let refused = doubled(&path).unwrap_err();
    assert!(matches!(refused, Error::HardLinks { links: 2, .. }), "{refused}");
    assert_eq!(names(directory.path()), ["a.pv", "link", "other"]);
}

/// The owner is kept where the process may give files away, as root may.
#[cfg(target_os = "linux")]
#[test]
fn a_replacement_keeps_the_owner() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.pv");
    create(&path, &points(1));
    if chown(&path, Some(12_345), Some(54_321)).is_err() {
        return support::skip("a_replacement_keeps_the_owner", "no right to give files away");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
    doubled(&path).unwrap().finish().unwrap();
    let after = path.metadata().unwrap();
    assert_eq!((after.uid(), after.gid(), after.mode() & 0o7777), (12_345, 54_321, 0o664));
}

/// The mode of a file with an access control list shows what anybody on that may, and not what the group may.
#[cfg(target_os = "linux")]
#[test]
fn a_list_that_is_not_kept_gives_nobody_more() {
    use std::os::unix::fs::PermissionsExt;

    use rustix::fs::{XattrFlags, setxattr};

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.pv");
    create(&path, &points(1));
    // The owner, a user, the group, the most that those get, everybody: tag, rights, number.
    let entries: [(u16, u16, u32); 5] =
        [(1, 6, u32::MAX), (2, 6, 2), (4, 0, u32::MAX), (16, 6, u32::MAX), (32, 0, u32::MAX)];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, rights, number) in entries {
        list.extend([tag.to_le_bytes(), rights.to_le_bytes()].concat());
        list.extend(number.to_le_bytes());
    }
    if setxattr(&path, "system.posix_acl_access", &list, XattrFlags::empty()).is_err() {
        return support::skip("a_list_that_is_not_kept_gives_nobody_more", "no such lists here");
    }
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&path), 0o660);
    let new = directory.path().join("new.pv");
    AnyWriter::create(&new, &AnyFile::like(&AnySlice::open(&path).unwrap()))
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(mode(&new), 0o600);
    doubled(&path).unwrap().finish().unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[cfg(unix)]
#[test]
fn a_new_file_like_another_is_no_more_public() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.pv");
    create(&path, &points(1));
    for mode in [0o600, 0o640, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let new = directory.path().join(format!("{mode:o}.pv"));
        let like = AnyFile::like(&AnySlice::open(&path).unwrap());
        AnyWriter::create(&new, &like).unwrap().finish().unwrap();
        let found = new.metadata().unwrap().permissions().mode() & 0o7777;
        // What the process takes off all new files is taken off this one, too.
        assert_eq!(found & !mode, 0, "{mode:o} became {found:o}");
        assert_eq!(found & 0o600, 0o600);
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_another_took_the_place_of_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.pv");
    create(&path, &points(1));
    let replacement = doubled(&path).unwrap();
    fs::remove_file(&path).unwrap();
    create(&path, &points(5));
    let refused = replacement.finish().unwrap_err();
    assert!(format!("{refused:?}").contains("another file by now"), "{refused:?}");
    assert_eq!(MmapSlice::<Point>::open(&path).unwrap().len(), 5);
    assert_eq!(names(directory.path()), ["a.pv"]);
}

/// With the elements of a file of the other byte order, by a plan.
#[test]
fn elements_are_appended_by_a_plan() {
    let directory = tempfile::tempdir().unwrap();
    let (path, turned) = (directory.path().join("a.pv"), directory.path().join("b.pv"));
    create(&path, &points(2_000_000));
    let foreign = match ByteOrder::NATIVE {
        ByteOrder::Little => ByteOrder::Big,
        ByteOrder::Big => ByteOrder::Little,
    };
    let turn = |from: &Path, to: &Path, order| {
        let original = AnySlice::open(from).unwrap();
        let type_of = original.descriptor();
        let orders = (original.info().byte_order, order);
        let plan = Plan::new((type_of, orders.0), (type_of, order), &Aliases::NONE, None).unwrap();
        let file = AnyFile::like(&original).byte_order(order);
        let mut writer = AnyWriter::create(to, &file).unwrap();
        let mut last = None;
        writer.append_converted(&original, &plan, |progress| last = Some(progress)).unwrap();
        let last = last.unwrap();
        assert_eq!((last.done, last.total), (2_000_000, 2_000_000));
        assert_eq!(writer.len(), 2_000_000);
        writer.finish().unwrap();
    };
    turn(&path, &turned, foreign);
    let slice = AnySlice::open(&turned).unwrap();
    let Point { x, y, z } = points(7)[6];
    let expected = [
        &x.swap_bytes().to_ne_bytes()[..],
        &y.swap_bytes().to_ne_bytes(),
        &z.swap_bytes().to_ne_bytes(),
    ];
    assert_eq!(slice.element(6), expected.concat());
    drop(slice);
    fs::remove_file(&path).unwrap();
    turn(&turned, &path, ByteOrder::NATIVE);
    assert!(*MmapSlice::<Point>::open(&path).unwrap() == *points(2_000_000));
}

#[test]
fn a_value_that_does_not_fit_is_named_by_its_place_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.pv");
    let mut numbers = vec![1_u32; 9_000_000];
    numbers[8_765_432] = 256;
    let mut vector = MmapVec::<u32>::create(&path).unwrap();
    vector.extend_from_slice(&numbers).unwrap();
    vector.close().unwrap();
    let original = AnySlice::open(&path).unwrap();
    let order = ByteOrder::NATIVE;
    let narrow = Descriptor::of::<u8>();
    let file = (original.descriptor(), order);
    let plan = Plan::new(file, (&narrow, order), &Aliases::NONE, None).unwrap();
    let to = directory.path().join("b.pv");
    let mut writer = AnyWriter::create(&to, &AnyFile::new(narrow.clone())).unwrap();
    let error = writer.append_converted(&original, &plan, |_| ()).unwrap_err();
    assert!(matches!(&error, Error::Misfit { fault, .. } if fault.index == 8_765_432), "{error}");
    assert!(error.to_string().contains("found 256"), "{error}");
    drop(writer);
    assert_eq!(names(directory.path()), ["a.pv"]);
}

/// What a hostile file says that its elements are needs no memory.
#[test]
fn elements_larger_than_memory_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.pv");
    create(&path, &points(1));
    let original = AnySlice::open(&path).unwrap();
    let order = ByteOrder::NATIVE;
    let huge = padded(1 << 30);
    let file = (original.descriptor(), order);
    let plan = Plan::new(file, (&huge, order), &Aliases::NONE, None).unwrap();
    let to = directory.path().join("b.pv");
    let mut writer = AnyWriter::create(&to, &AnyFile::new(huge.clone())).unwrap();
    let error = writer.append_converted(&original, &plan, |_| ()).unwrap_err();
    assert!(format!("{error:?}").contains("elements of more than 64 MiB"), "{error:?}");
}

#[test]
fn elements_that_no_address_reaches_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.pv");
    AnyWriter::create(&path, &AnyFile::new(padded(1 << 32))).unwrap().finish().unwrap();
    let opened = AnySlice::open(&path);
    match cfg!(target_pointer_width = "32") {
        true => {
            let refused = opened.unwrap_err();
            assert!(
                matches!(refused, Error::TooLarge { element_bytes: 0x1_0000_0008, .. }),
                "{refused}"
            );
        }
        false => assert!(opened.unwrap().is_empty()),
    }
}

/// A struct of `x: u64` and so much padding.
fn padded(bytes: u64) -> Descriptor {
    let number = |mut number: u64| {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        [bytes, vec![number as u8]].concat()
    };
    let fields = vec![0, 2, 1, b'x', 0, 1, 0, 8, 0, 1, b'p', 8, 5];
    let parts = [vec![3, 1, b'P', 0], number(bytes + 8), fields, number(bytes)];
    Descriptor::decode(&parts.concat()).unwrap()
}

/// Appending fails, loses nothing, and goes on when there is space.
#[cfg(target_os = "linux")]
fn fill_and_go_on(disk: &Path) {
    let path = disk.join("a.pv");
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![1; 6 << 20]).unwrap();
    let file = AnyFile::of::<Point>().journal_bytes(0);
    let mut writer = AnyWriter::create(&path, &file).unwrap();
    let part = bytes(&points(70_000));
    let mut parts = 0;
    let error = loop {
        match writer.append(&part) {
            Ok(()) => parts += 1,
            Err(error) => break error,
        }
        assert!(parts < 100, "the disk is never full");
    };
    assert!(matches!(error, Error::DiskFull { .. }), "{error:?}");
    assert_eq!(writer.len(), parts * 70_000);
    assert_eq!(names(disk).iter().filter(|name| *name == "a.pv").count(), 0);
    fs::remove_file(ballast).unwrap();
    writer.append(&part).unwrap();
    writer.finish().unwrap();
    let slice = MmapSlice::<Point>::open(&path).unwrap();
    assert!(slice.chunks(70_000).all(|part| *part == *points(70_000)));
    assert_eq!(slice.len() as u64, (parts + 1) * 70_000);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_not_the_end() {
    let test = "writer::a_full_disk_is_an_error_and_not_the_end";
    crate::disks::Disk::Tmpfs.run(test, fill_and_go_on);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_with_blocks_is_one_too() {
    let test = "writer::a_full_disk_with_blocks_is_one_too";
    crate::disks::Disk::Image("ext4").run(test, fill_and_go_on);
}
