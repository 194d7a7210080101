//! Paths at which there is nothing, something already, or what is no file.

use std::fs;
use std::io;
use std::sync::Barrier;
use std::thread;

use persist_core::{MmapVec, Mode, OpenOptions};

use super::{Bench, Refusal, Tick, WAYS, Way, check_error, check_path, image_of, snapshot, ticks};
use crate::support::Image;

#[test]
fn missing_files_and_directories() {
    let bench = Bench::new("missing.pv");
    let options = OpenOptions::<Tick>::new();
    let refusal = Refusal::Io(io::ErrorKind::NotFound);
    let texts = ["no such file or directory", "`open_or_create`"];
    let openers = [Way::Vec, Way::Slice];
    check_path("missing file", &openers, &options, &bench.path, &refusal, &texts);
    assert!(bench.snapshot().is_empty());

    let path = bench.path("nowhere/ticks.pv");
    check_path("missing directory", &openers, &options, &path, &refusal, &texts);
    for created in [options.create(&path), options.open_or_create(&path)] {
        let texts = ["can't create", "its directory must exist"];
        check_error("missing directory", created.unwrap_err(), &path, &refusal, &texts);
    }
    assert!(bench.snapshot().is_empty());

    drop(options.open_or_create(&bench.path).unwrap());
    assert_eq!(bench.snapshot().len(), 1);
}

#[test]
fn create_replaces_nothing() {
    let whole = image_of(Mode::default(), &ticks());
    for image in [Image(Vec::new()), Image(b"precious".to_vec()), whole] {
        let bench = Bench::with(&image);
        let before = bench.snapshot();
        let error = MmapVec::<Tick>::create(&bench.path).unwrap_err();
        let texts = ["already exists", "open it, or choose another name", "replaces nothing"];
        check_error("file", error, &bench.path, &Refusal::AlreadyExists, &texts);
        assert!(bench.snapshot() == before);
    }
    let bench = Bench::new("directory");
    fs::create_dir(&bench.path).unwrap();
    let error = MmapVec::<Tick>::create(&bench.path).unwrap_err();
    check_error("directory", error, &bench.path, &Refusal::AlreadyExists, &[]);
    assert!(snapshot(&bench.path).is_empty());
    assert_eq!(bench.snapshot().len(), 1, "something was left behind");
}

/// Of many who create a file at once one succeeds: to see that there is none is not to have made it.
#[test]
fn one_of_many_creators_succeeds() {
    const CREATORS: usize = 8;
    let bench = Bench::new("new.pv");
    let barrier = Barrier::new(CREATORS);
    let created: Vec<_> = thread::scope(|scope| {
        let create = || {
            barrier.wait();
            MmapVec::<Tick>::create(&bench.path)
        };
        let creators: Vec<_> = (0..CREATORS).map(|_| scope.spawn(create)).collect();
        creators.into_iter().map(|creator| creator.join().unwrap()).collect()
    });
    let (winners, losers): (Vec<_>, Vec<_>) = created.into_iter().partition(Result::is_ok);
    assert_eq!(winners.len(), 1);
    // Wine removes a name of an open file when that is closed.
    drop(winners);
    for error in losers.into_iter().filter_map(Result::err) {
        check_error("late", error, &bench.path, &Refusal::AlreadyExists, &[]);
    }
    assert_eq!(bench.snapshot().len(), 1, "something was left behind");
}

#[test]
fn paths_that_name_no_file() {
    let options = OpenOptions::<Tick>::new();
    let bench = Bench::new("directory");
    fs::create_dir(&bench.path).unwrap();
    let refusal = Refusal::NotAFile("a directory");
    let texts = ["is a directory", "expected a regular file"];
    check_path("directory", &WAYS, &options, &bench.path, &refusal, &texts);

    #[cfg(unix)]
    check_special_files(&bench);
}

/// Sockets, devices and pipes.
#[cfg(unix)]
fn check_special_files(bench: &Bench) {
    let options = OpenOptions::<Tick>::new();
    let refusal = Refusal::NotAFile("a device, a pipe or a socket");
    let texts = ["is a device, a pipe or a socket", "expected a regular file"];
    let socket = bench.path("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    check_path("socket", &WAYS, &options, &socket, &refusal, &texts);
    let device = std::path::Path::new("/dev/null");
    check_path("device", &WAYS, &options, device, &refusal, &texts);
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, FileType, Mode, mknodat};

        let pipe = bench.path("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
        check_path("pipe", &WAYS, &options, &pipe, &refusal, &texts);
    }
}
