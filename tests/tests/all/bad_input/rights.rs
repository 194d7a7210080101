//! Files in order that permissions or the file system keep from being opened.

#![cfg(target_os = "linux")]

use std::fs;
use std::io;
use std::path::Path;

use persist_core::{Mode, OpenOptions};

use super::{Bench, Refusal, Tick, WAYS, Way, check_error, check_path, image_of, snapshot, ticks};
use crate::support;

#[test]
fn permissions() {
    use std::os::unix::fs::PermissionsExt;

    let bench = Bench::new("ticks.pv");
    let options = OpenOptions::<Tick>::new();
    let tried = support::without_privileges(|| {
        let directory = bench.path("directory");
        fs::create_dir(&directory).unwrap();
        let path = directory.join("ticks.pv");
        image_of(Mode::default(), &ticks()).write(&path);
        let before = snapshot(&directory);
        let set = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let refusal = Refusal::Io(io::ErrorKind::PermissionDenied);
        let writers = [Way::Vec, Way::OpenOrCreate];
        let texts = ["permission denied", "`MmapSlice` needs only read permission"];
        let only = ["can't open for reading", "permission denied"];

        set(&path, 0o444);
        check_path("read only", &writers, &options, &path, &refusal, &texts);
        assert_eq!(options.open_read_only(&path).unwrap(), ticks());
        set(&path, 0o222);
        check_path("write only", &writers, &options, &path, &refusal, &texts);
        check_path("write only", &[Way::Slice], &options, &path, &refusal, &only);
        set(&path, 0o000);
        check_path("nothing", &writers, &options, &path, &refusal, &texts);
        check_path("nothing", &[Way::Slice], &options, &path, &refusal, &only);
        set(&path, 0o600);

        set(&directory, 0o555);
        let new = directory.join("new.pv");
        for created in [options.create(&new), options.open_or_create(&new)] {
            let texts = ["can't create", "permission denied"];
            check_error("directory", created.unwrap_err(), &new, &refusal, &texts);
        }
        assert_eq!(options.open(&path).unwrap(), ticks());
        set(&directory, 0o600);
        check_path("directory", &WAYS, &options, &path, &refusal, &["permission denied"]);
        set(&directory, 0o700);
        assert!(snapshot(&directory) == before);
        assert_eq!(options.open(&path).unwrap(), ticks());
    });
    if tried.is_none() {
        support::skip("bad_input::rights::permissions", "this user may ignore permissions");
    }
}

/// To make a file in a directory durable takes opening the directory, which needs a right to read it.
#[test]
fn a_directory_that_is_only_written() {
    use std::os::unix::fs::PermissionsExt;

    let bench = Bench::new("directory");
    let options = OpenOptions::<Tick>::new();
    let tried = support::without_privileges(|| {
        let set = |mode| {
            fs::set_permissions(&bench.path, fs::Permissions::from_mode(mode)).unwrap();
        };
        fs::create_dir(&bench.path).unwrap();
        set(0o333);
        let new = bench.path.join("new.pv");
        let refusal = Refusal::Io(io::ErrorKind::PermissionDenied);
        for created in [options.create(&new), options.open_or_create(&new)] {
            let texts = ["can't create", "permission denied"];
            check_error("directory", created.unwrap_err(), &new, &refusal, &texts);
        }
        set(0o700);
        assert!(snapshot(&bench.path).is_empty(), "a file was left behind");
        options.create(&new).unwrap();
    });
    if tried.is_none() {
        support::skip(
            "bad_input::rights::a_directory_that_is_only_written",
            "this user may ignore permissions",
        );
    }
}

#[test]
fn a_read_only_file_system() {
    use rustix::mount::{MountFlags, mount_remount};

    let bench = Bench::new("mount");
    fs::create_dir(&bench.path).unwrap();
    let image = image_of(Mode::default(), &ticks());
    let tried = support::with_tmpfs(&bench.path, 1 << 20, |mount| {
        let options = OpenOptions::<Tick>::new();
        let path = mount.join("ticks.pv");
        image.write(&path);
        mount_remount(mount, MountFlags::RDONLY, "").unwrap();

        let before = snapshot(mount);
        let refusal = Refusal::Io(io::ErrorKind::ReadOnlyFilesystem);
        let texts = ["the file system is read-only", "`MmapSlice` writes nothing"];
        check_path("existing", &[Way::Vec, Way::OpenOrCreate], &options, &path, &refusal, &texts);
        let new = mount.join("new.pv");
        for created in [options.create(&new), options.open_or_create(&new)] {
            let texts = ["can't create", "the file system is read-only"];
            check_error("new", created.unwrap_err(), &new, &refusal, &texts);
        }
        let readers = [&path, &path].map(|path| options.open_read_only(path).unwrap());
        assert_eq!((&readers[0], &*readers[1]), (&readers[1], &ticks()[..]));
        assert!(snapshot(mount) == before);
    });
    if let Err(error) = tried {
        support::skip("bad_input::rights::a_read_only_file_system", format!("no mount: {error}"));
    }
}
