//! Small disks to fill and to kill processes on: real file systems, each mounted in a process of its own.
//! What such a process mounted goes with it, however it ends.

#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{child, support};

/// How a disk is made at a mount point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    Tmpfs,
    /// An image in a file, of the file system of this name.
    Image(&'static str),
    /// An ext4 image in a sparse file on a tmpfs of the same size, beside the mount point. Where that is
    /// full ([`backing`]), blocks of the disk that were never written can't be.
    ///
    /// Linux's loop device takes a request whose first blocks it could write for written (`lo_complete_rq`). So what is to fail
    /// must not follow, on the disk, blocks that were written before and are written again with it.
    Thin,
}

/// The size of a disk that can be so small.
pub(crate) const DISK_BYTES: u64 = 16 << 20;

impl Disk {
    /// Mounts the disk at `directory`, which has another beside it for an image.
    fn mount(self, directory: &Path) -> Result<(), String> {
        match self {
            Self::Tmpfs => {
                let options = format!("size={DISK_BYTES},mode=0700");
                run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs"], directory)
            }
            Self::Image(file_system) => {
                let image = directory.with_extension("image");
                // Small blocks need less space for themselves; nothing is kept for root.
                let (bytes, options): (u64, &[_]) = match file_system {
                    // These refuse to be small. The image is sparse.
                    "btrfs" => (128 << 20, &["-q", "-f", "--mixed"]),
                    "xfs" => (320 << 20, &["-q", "-f"]),
                    _ => (DISK_BYTES, &["-q", "-F", "-m", "0", "-b", "4096"]),
                };
                make_image(&image, bytes, &format!("mkfs.{file_system}"), options)?;
                let options = if file_system.starts_with("ext") { "errors=continue" } else { "rw" };
                mount_image(&image, options, directory)
            }
            Self::Thin => {
                let backing = backing(directory);
                fs::create_dir(&backing).map_err(|error| error.to_string())?;
                Self::Tmpfs.mount(&backing)?;
                // Without a journal, and with all that it needs for itself written at once, only what the
                // test writes can fail.
                let options = ["-q", "-F", "-m", "0", "-b", "4096", "-O", "^has_journal"];
                let at_once = ["-E", "lazy_itable_init=0,nodiscard"];
                let image = backing.join("image");
                make_image(&image, DISK_BYTES, "mkfs.ext4", &[&options[..], &at_once].concat())?;
                mount_image(&image, "errors=continue", directory)
            }
        }
    }

    /// Mounts the disk anew, after it was unmounted, with nothing that the kernel remembered of it.
    pub(crate) fn mount_again(self, directory: &Path) -> Result<(), String> {
        assert_eq!(self, Self::Thin, "others are not needed");
        run("umount", &[], directory)?;
        mount_image(&backing(directory).join("image"), "errors=continue", directory)
    }

    /// Runs a scenario on such a disk, in another process.
    pub(crate) fn run(self, test: &str, scenario: impl FnOnce(&Path)) {
        in_own_mounts(test, |directory| self.mount(directory), scenario);
    }
}

/// Runs a scenario in another process, with a directory where it has mounted something.
pub(crate) fn in_own_mounts(
    test: &str,
    mount: impl FnOnce(&Path) -> Result<(), String>,
    scenario: impl FnOnce(&Path),
) {
    if let Some((_, directory)) = child::task() {
        match mount(&directory) {
            Ok(()) => {
                child::say("mounted");
                scenario(&directory);
                child::say("done");
            }
            Err(reason) => child::say(format!("can't mount: {reason}")),
        }
        return;
    }
    let Some(unshare) = unshare() else {
        return support::skip(test, "no right to mount anything");
    };
    let directory = tempfile::tempdir().unwrap();
    let mount_point = directory.path().join("disk");
    fs::create_dir(&mount_point).unwrap();
    let mut child = child::start_under(unshare, test, "", &mount_point);
    match child.hear() {
        Some(line) if line == "mounted" => {}
        Some(line) => return support::skip(test, line),
        None => panic!("the process died: {}", child.wait()),
    }
    let last = child.hear();
    let status = child.wait();
    assert_eq!((last.as_deref(), status.success()), (Some("done"), true), "{status}");
}

fn make_image(image: &Path, bytes: u64, mkfs: &str, options: &[&str]) -> Result<(), String> {
    let file = File::create(image).map_err(|error| error.to_string())?;
    file.set_len(bytes).map_err(|error| error.to_string())?;
    run(mkfs, options, image)
}

fn mount_image(image: &Path, options: &str, directory: &Path) -> Result<(), String> {
    let options = format!("loop,{options}");
    run("mount", &["-o", &options, image.to_str().unwrap()], directory)
}

/// The file system that a thin disk lies on.
pub(crate) fn backing(disk: &Path) -> PathBuf {
    disk.with_extension("backing")
}

/// Runs a program of the system, with a path as its last argument.
pub(crate) fn run(program: &str, arguments: &[&str], path: &Path) -> Result<(), String> {
    let search = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let output = Command::new(program)
        .args(arguments)
        .arg(path)
        .env("PATH", search)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// How a process gets mounts of its own: as root, or as one who is root only there.
fn unshare() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] =
        [&["unshare", "--mount"], &["unshare", "--user", "--map-root-user", "--mount"]];
    WAYS.into_iter().find(|way| run(way[0], &way[1..], Path::new("true")).is_ok())
}
