//! What a lock is on. Who is kept out by whom is tested from outside, with other processes.

#![forbid(unsafe_code)]

use std::fs;

use super::*;

#[test]
#[cfg_attr(miri, ignore = "needs real files")]
fn a_file_is_still_at_its_name_until_another_is_renamed_over_it() {
    let directory = tempfile::tempdir().unwrap();
    let [name, link, other] = ["name", "link", "other"].map(|name| directory.path().join(name));
    let file = File::create(&name).unwrap();
    // Who may make symbolic links on Windows is a setting; the other kind leads to the file just the same.
    #[cfg(unix)]
    std::os::unix::fs::symlink(&name, &link).unwrap();
    #[cfg(windows)]
    fs::hard_link(&name, &link).unwrap();
    assert!(is_still_at(&file, &name).unwrap());
    assert!(is_still_at(&file, &link).unwrap(), "a link leads to the file");

    fs::write(&other, "").unwrap();
    assert!(!is_still_at(&file, &other).unwrap());
    // Wine renames nothing over a file that is open.
    #[cfg(windows)]
    fs::rename(&name, directory.path().join("moved")).unwrap();
    fs::rename(&other, &name).unwrap();
    assert!(!is_still_at(&file, &name).unwrap());
    assert_eq!(is_still_at(&file, &link).unwrap(), cfg!(windows), "a hard link stays");

    fs::remove_file(&name).unwrap();
    assert_eq!(is_still_at(&file, &name).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
#[cfg_attr(miri, ignore = "needs real files")]
fn the_register_admits_one_writer_or_many_readers() {
    use Access::{Exclusive, Shared};

    let file = tempfile::tempfile().unwrap();
    let id = FileId::of(&file).unwrap();
    let enter = |access| register::Entry::new(id, access, || Ok::<(), ()>(()));

    let readers = [enter(Shared).unwrap(), enter(Shared).unwrap()];
    assert!(enter(Exclusive).is_none());
    let [first, second] = readers;
    drop(first);
    assert!(enter(Exclusive).is_none(), "one reader is left");
    drop(second);

    let writer = enter(Exclusive).unwrap();
    assert!(enter(Exclusive).is_none());
    assert!(enter(Shared).is_none());
    let another = tempfile::tempfile().unwrap();
    assert!(
        register::Entry::new(FileId::of(&another).unwrap(), Exclusive, || Ok::<(), ()>(()))
            .is_some(),
        "another file is free"
    );
    assert!(enter(Shared).is_none(), "who was refused changed nothing");
    drop(writer);
    assert!(enter(Shared).is_some());
}
