//! The original survives whatever happens to a migration.

use super::*;
use crate::child;

#[track_caller]
fn assert_locked(path: &Path) {
    for result in [
        MmapVec::<Tick>::migrate(path),
        MmapVec::<Tick>::migrate_with(path, Lossy),
        MmapVec::<Tick>::migrate_from(path, |_: &v1::Tick, _| unreachable!()),
    ] {
        assert!(matches!(result, Err(Error::Locked { .. })), "{result:?}");
    }
}

#[test]
fn a_file_that_somebody_has_open_is_refused() {
    let (_directory, path) = file(&olds(3));
    let reader = MmapSlice::<v1::Tick>::open(&path).unwrap();
    assert_locked(&path);
    drop(reader);
    let writer = MmapVec::<v1::Tick>::open(&path).unwrap();
    assert_locked(&path);
    drop(writer);
    MmapVec::<Tick>::migrate(&path).unwrap();
    assert_eq!(MmapSlice::<Tick>::open(&path).unwrap(), news(3));
}

#[test]
fn a_file_that_another_process_has_open_is_refused() {
    if let Some((role, path)) = child::task() {
        let _reader = (role == "read").then(|| MmapSlice::<v1::Tick>::open(&path).unwrap());
        let _writer = (role == "write").then(|| MmapVec::<v1::Tick>::open(&path).unwrap());
        child::say("open");
        return child::wait_for_release();
    }
    let (_directory, path) = file(&olds(3));
    for role in ["read", "write"] {
        let test = "migrate::safety::a_file_that_another_process_has_open_is_refused";
        let mut other = child::start(test, role, &path);
        other.expect("open");
        assert_locked(&path);
        other.wait();
    }
    MmapVec::<Tick>::migrate(&path).unwrap();
}

#[test]
fn nobody_opens_a_file_that_is_migrated() {
    let (_directory, path) = file(&olds(1000));
    let result = MmapVec::<Tick>::migrate_from(&path, |tick: &v1::Tick, index| {
        if index == 500 {
            assert!(matches!(MmapSlice::<v1::Tick>::open(&path), Err(Error::Locked { .. })));
            assert!(matches!(MmapVec::<v1::Tick>::open(&path), Err(Error::Locked { .. })));
            assert_locked(&path);
        }
        new(tick.time)
    });
    migrated(Relation::Identical, 1, 1000)(result.unwrap());
    assert_eq!(MmapSlice::<Tick>::open(&path).unwrap(), news(1000));
}

#[cfg(unix)]
#[test]
fn permissions_are_kept_and_links_followed() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let (directory, path) = file(&olds(3));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let link = directory.path().join("link.pv");
    symlink("ticks.pv", &link).unwrap();
    MmapVec::<Tick>::migrate(&link).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o640);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(MmapSlice::<Tick>::open(&path).unwrap(), news(3));

    fs::hard_link(&path, directory.path().join("other.pv")).unwrap();
    let migrate =
        |path: &Path| MmapVec::<u64>::migrate_from(path, |tick: &Tick, _| tick.time.into());
    assert_refused(&path, &["2 names (hard links)"], migrate);
}

#[cfg(unix)]
#[test]
fn what_becomes_of_the_original_meanwhile_counts() {
    use std::fs::{Permissions, hard_link, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    let (directory, path) = file(&olds(3));
    set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let convert = |tick: &v1::Tick, _| {
        set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        new(tick.time)
    };
    MmapVec::<Tick>::migrate_from(&path, convert).unwrap();
    assert_eq!(metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    let other = directory.path().join("other.pv");
    let result = MmapVec::<v1::Tick>::migrate_from(&path, |tick: &Tick, index| {
        if index == 0 {
            hard_link(&path, &other).unwrap();
        }
        olds(3)[tick.time as usize]
    });
    assert!(matches!(result, Err(Error::HardLinks { links: 2, .. })), "{result:?}");
    assert_eq!(MmapSlice::<Tick>::open(&path).unwrap(), news(3));
}

#[test]
fn what_is_not_a_file_of_ours_is_refused() {
    let (directory, path) = file(&olds(3));
    fs::write(&path, "time,price\n").unwrap();
    assert_refused(&path, &["is not a persist file"], |path| MmapVec::<Tick>::migrate(path));
    let missing = directory.path().join("missing.pv");
    assert!(matches!(MmapVec::<Tick>::migrate(&missing), Err(Error::Io { .. })));
    assert_eq!(names(&path), ["ticks.pv"]);
}

#[cfg(target_os = "linux")]
mod on_linux {
    use std::hash::{BuildHasher, RandomState};
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::disks::{DISK_BYTES, Disk};

    /// A file that takes a quarter of the disk, beside so much else that its successor doesn't fit.
    fn a_full_disk(disk: &Path) {
        let path = disk.join("ticks.pv");
        let len = (DISK_BYTES / 8 / size_of::<v1::Tick>() as u64) as u32;
        create(&path, &olds(len));
        let before = fs::read(&path).unwrap();
        let ballast = disk.join("ballast");
        // From hardly any room to hardly too little.
        for free in [64 << 10, 1 << 20, 3 << 20, 5 << 20] {
            let used = before.len() as u64;
            let bytes = vec![1; (DISK_BYTES - used - free) as usize];
            // Some of the disk is the file system's own.
            let _ = fs::write(&ballast, &bytes);
            let error = MmapVec::<Tick>::migrate(&path).unwrap_err();
            assert!(matches!(error, Error::DiskFull { .. }), "{error:?}");
            assert!(fs::read(&path).unwrap() == before, "the original was changed");
            assert!(names(&path).iter().all(|name| !name.ends_with(".tmp")), "{:?}", names(&path));
            fs::remove_file(&ballast).unwrap();
        }
        MmapVec::<Tick>::migrate(&path).unwrap();
        assert!(MmapSlice::<Tick>::open(&path).unwrap().iter().eq(&news(len)));
    }

    macro_rules! on_disks {
        ($($name:ident: $disk:expr;)*) => { $(
            #[test]
            fn $name() {
                let test = concat!("migrate::safety::on_linux::", stringify!($name));
                $disk.run(test, a_full_disk);
            }
        )* };
    }

    on_disks! {
        a_full_tmpfs: Disk::Tmpfs;
        a_full_ext4: Disk::Image("ext4");
        a_full_ext2: Disk::Image("ext2");
    }

    /// Enough that a kill meets each part of a migration.
    const LEN: u32 = 1 << 20;

    /// Migrates a file there and back, until it is killed.
    fn migrate_for_ever(path: &Path) -> ! {
        let back = |tick: &Tick, _: usize| old(tick.time);
        child::say("begun");
        loop {
            MmapVec::<Tick>::migrate(path).unwrap();
            MmapVec::<v1::Tick>::migrate_from(path, back).unwrap();
        }
    }

    #[test]
    fn a_kill_at_any_moment_leaves_a_whole_file() {
        if let Some((_, path)) = child::task() {
            migrate_for_ever(&path);
        }
        let test = "migrate::safety::on_linux::a_kill_at_any_moment_leaves_a_whole_file";
        let (_directory, path) = file(&olds(LEN));
        let (olds, news) = (olds(LEN), news(LEN));
        let mut litter = std::collections::HashSet::new();
        for round in 0..40 {
            let mut child = child::start(test, "", &path);
            child.expect("begun");
            let microseconds = RandomState::new().hash_one(round) % 60_000;
            thread::sleep(Duration::from_micros(microseconds));
            child.kill();
            match MmapSlice::<v1::Tick>::open(&path) {
                Ok(slice) => assert!(slice == olds, "not what it was"),
                Err(Error::Layout { .. }) => {
                    assert!(MmapSlice::<Tick>::open(&path).unwrap() == news, "not what it became");
                }
                Err(error) => panic!("{error}"),
            }
            for name in names(&path).iter().filter(|name| *name != "ticks.pv") {
                assert!(name.starts_with(".persist-") && name.ends_with(".tmp"), "{name}");
                litter.insert(name.clone());
            }
        }
        assert!(litter.len() > 1, "hardly a kill met a migration");
        // What somebody makes at this time is none, nor what only has such a name.
        let others = [std::process::id().to_string(), "1".into(), "x".into(), "-7".into()];
        let others = others.map(|process| format!(".persist-{process}-0.tmp"));
        for name in &others {
            fs::write(path.with_file_name(name), "").unwrap();
        }
        let dead = path.with_file_name(".persist-999999999-0.tmp");
        let locked = fs::File::create(&dead).unwrap();
        rustix::fs::flock(&locked, rustix::fs::FlockOperation::LockExclusive).unwrap();
        Migration::<u8>::new()
            .run_from(&path, |_: &Tick, _| 0)
            .or_else(|_| Migration::<u8>::new().run_from(&path, |_: &v1::Tick, _| 0))
            .unwrap();
        let mut expected = vec!["ticks.pv", ".persist-999999999-0.tmp"];
        expected.extend(others.iter().map(String::as_str));
        expected.sort();
        assert_eq!(names(&path), expected);
        drop(locked);
        // A process that another test starts has all descriptors, and so the lock, until it is the other program.
        let unlocked = fs::File::open(&dead).unwrap();
        rustix::fs::flock(&unlocked, rustix::fs::FlockOperation::LockExclusive).unwrap();
        drop(unlocked);
        Migration::<u16>::new().run(&path).unwrap();
        assert!(!dead.exists());
    }
}
