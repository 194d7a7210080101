//! Files exchanged between machines: `scripts/cross-test` runs these tests on each of them, with one
//! directory for all.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use persist_core::{ByteOrder, Persist};

use crate::golden::{self, Golden, Visitor};

/// The directory in which each machine has one of its own.
fn directory() -> PathBuf {
    std::env::var_os("PERSIST_TEST_EXCHANGE").expect("scripts/cross-test says where").into()
}

/// What files say of the machine that wrote them.
fn machine() -> String {
    let order = if ByteOrder::NATIVE == ByteOrder::Big { "big" } else { "little" };
    format!("{} {order} {}", std::env::consts::ARCH, std::env::consts::OS)
}

#[test]
#[ignore = "for other machines: see scripts/cross-test"]
fn files_are_left_for_other_machines() {
    struct Write(PathBuf);
    impl Visitor for Write {
        fn visit<T: Persist + Debug + PartialEq>(&mut self, golden: &Golden<T>) {
            golden.make_in_another_boot(&self.0.join(golden.name));
        }
    }
    let own = directory().join(machine());
    fs::create_dir(&own).unwrap();
    golden::visit_all(&mut Write(own));
}

#[test]
#[ignore = "by other machines: see scripts/cross-test"]
fn files_of_other_machines_are_read_or_refused() {
    struct Read {
        directory: PathBuf,
        architecture: String,
        order: ByteOrder,
    }
    impl Visitor for Read {
        fn visit<T: Persist + Debug + PartialEq>(&mut self, golden: &Golden<T>) {
            golden.check_holds(&self.directory.join(golden.name), self.order, &self.architecture);
        }
    }
    let mut machines = Vec::new();
    for entry in fs::read_dir(directory()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let [architecture, order, _] = name.split(' ').collect::<Vec<_>>()[..] else {
            panic!("not a machine: {name}");
        };
        golden::visit_all(&mut Read {
            directory: Path::new(&directory()).join(&name),
            architecture: architecture.into(),
            order: if order == "big" { ByteOrder::Big } else { ByteOrder::Little },
        });
        machines.push(name);
    }
    assert!(machines.len() > 1, "nobody else was here: {machines:?}");
    println!("{} has read the files of {machines:?}", machine());
}
