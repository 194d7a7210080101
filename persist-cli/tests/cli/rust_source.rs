//! `persist inspect --rust`: a program with the printed source opens the file.

use std::marker::PhantomData;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use persist_core::{FixedStr, Pad, Persist, TypeName};

use crate::support::*;

#[derive(Clone, Copy)]
struct Metres;

impl TypeName for Metres {
    const NAME: &'static str = "Metres";
}

#[derive(Clone, Copy, Persist)]
#[persist(rename = "type")]
#[repr(i8)]
#[allow(non_camel_case_types)]
enum Keyword {
    #[persist(rename = "Self")]
    A = -128,
    #[persist(rename = "match")]
    B = 0,
    #[persist(rename = "7 of \"9\"")]
    C = 127,
    #[persist(rename = "match_")]
    D = 5,
}

#[derive(Clone, Copy, Persist)]
#[repr(u64)]
enum Wide {
    Least = 0,
    Most = u64::MAX,
}

#[derive(Clone, Copy, Persist)]
#[persist(transparent)]
#[repr(transparent)]
struct Foreign(#[persist(pod = "colours::Rgb")] [u8; 3]);

#[derive(Clone, Copy, Persist)]
#[persist(version = 7)]
#[repr(C)]
struct Ring<const N: usize, const SIGNED: i32, const FLAG: bool> {
    items: [u8; N],
}

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Tuple(u32, u16, Pad<2>);

#[derive(Clone, Copy, Persist)]
#[repr(C, packed(2))]
struct Halves {
    a: u16,
    b: u64,
    c: u8,
    d: u8,
}

#[derive(Clone, Copy, Persist)]
#[persist(rename = "Persist")]
#[repr(C)]
struct Odd {
    #[persist(rename = "r#fn")]
    raw: u64,
    #[persist(rename = "größe")]
    size: f64,
    #[persist(rename = "a b")]
    spaced: u32,
    #[persist(rename = "a_b")]
    taken: u32,
    #[persist(rename = "_")]
    blank: Wide,
    r#type: Keyword,
    #[persist(rename = "crate")]
    krate: i8,
    foreign: [Foreign; 2],
    #[persist(checked = "std::Flag")]
    flag: bool,
    length: PhantomData<Metres>,
    unit: PhantomData<u8>,
    ring: Ring<4, -3, true>,
    other_ring: Ring<3, 0, false>,
    pair: [Tuple; 1],
    halves: Halves,
    text: FixedStr<8>,
    none: Option<NonZero<u8>>,
    empty: [u8; 0],
    _pad: Pad<11>,
}

/// What has no default, for one reason each.
#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Long {
    bytes: [u8; 33],
}

#[derive(Clone, Copy, Persist)]
#[repr(u8)]
enum NeverZero {
    One = 1,
}

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct WithoutDefault {
    id: NonZero<u8>,
    kind: NeverZero,
    long: Long,
    /// Such an array has one, whatever its items.
    none: [NeverZero; 0],
}

/// What has one.
#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct WithDefault {
    bytes: [u8; 32],
    letter: char,
    none: [NonZero<u8>; 0],
    next: Option<NonZero<u32>>,
    wide: Wide,
    name: FixedStr<40>,
    _pad: Pad<80>,
}

/// Files of types that are hard to write, beside the golden ones.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = golden_files();
    files.push(file_of::<Odd>(directory, "odd.pv", &[]));
    files.push(file_of::<Ring<2, -1, true>>(directory, "ring.pv", &[]));
    files.push(file_of::<Tuple>(directory, "tuple.pv", &[]));
    files.push(file_of::<Halves>(directory, "halves.pv", &[]));
    files.push(file_of::<Keyword>(directory, "keyword.pv", &[]));
    files.push(file_of::<Foreign>(directory, "foreign.pv", &[]));
    files.push(file_of::<WithoutDefault>(directory, "without-default.pv", &[]));
    files.push(file_of::<WithDefault>(directory, "with-default.pv", &[]));
    files.push(file_of::<[[Tick; 2]; 3]>(directory, "array.pv", &[]));
    files.push(file_of::<Option<NonZero<u16>>>(directory, "scalar.pv", &[]));
    files
}

/// The name of the last type of a source: the element's.
fn element(source: &str) -> &str {
    let is_name = |line: &&str| {
        ["pub struct ", "pub enum ", "pub type "].iter().any(|it| line.starts_with(it))
    };
    let line = source.lines().rev().find(is_name).expect(source);
    let name = line.split_whitespace().nth(2).unwrap();
    name.split(['(', '<', ';']).next().unwrap()
}

/// A program that opens each file as the type that its source says.
fn program(files: &[PathBuf]) -> String {
    let (mut modules, mut calls) = (String::new(), String::new());
    for (index, file) in files.iter().enumerate() {
        let source = stdout_of(0, args!["inspect", file, "--rust"]);
        let element = element(&source);
        modules += &format!("mod m{index} {{\n{source}}}\n");
        calls += &format!("    open::<m{index}::{element}>({file:?});\n");
    }
    format!(
        "#![allow(dead_code, non_camel_case_types, non_snake_case)]\n{modules}\n\
         fn open<T: persist_core::Persist>(path: &str) {{\n    \
             persist_core::MmapSlice::<T>::open(path).unwrap();\n}}\n\n\
         fn main() {{\n{calls}}}\n"
    )
}

/// What stands above an item of a source.
fn derives(source: &str, item: &str) -> String {
    let above = source.split_once(&format!("pub {item} ")).expect(source).0;
    let derive = above.lines().rev().find(|line| line.starts_with("#[derive(")).unwrap();
    derive.trim_start_matches("#[derive(").trim_end_matches(")]").to_owned()
}

#[test]
fn types_have_the_derives_that_they_can_have() {
    let directory = tempfile::tempdir().unwrap();
    let source_of = |name| stdout_of(0, args!["inspect", directory.path().join(name), "--rust"]);
    files(directory.path());
    let (with, without) = (source_of("with-default.pv"), source_of("without-default.pv"));
    for item in ["struct WithDefault", "enum Wide"] {
        assert_eq!(derives(&with, item), "Debug, Clone, Copy, Default, Persist", "{item}");
    }
    for item in ["struct WithoutDefault", "enum NeverZero", "struct Long"] {
        assert_eq!(derives(&without, item), "Debug, Clone, Copy, Persist", "{item}");
    }
    assert!(with.contains("    #[default]\n    Least = 0,\n"), "{with}");
}

#[test]
fn a_program_with_the_source_opens_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let files = files(directory.path());
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rust-source");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::create_dir_all(package.join("src")).unwrap();
    let core = workspace.join("persist-core");
    fs::write(
        package.join("Cargo.toml"),
        format!(
            "[package]\nname = \"rust-source\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
             [dependencies]\n\
             persist-core = {{ path = {core:?}, features = [\"half\", \"zerocopy\"] }}\n\
             half = {{ version = \"2\", default-features = false }}\nzerocopy = \"0.8\"\n\
             bytemuck = {{ version = \"1\", features = [\"min_const_generics\"] }}\n"
        ),
    )
    .unwrap();
    fs::copy(workspace.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    fs::write(package.join("src/main.rs"), program(&files)).unwrap();
    let output = Command::new(env::var_os("CARGO").expect("cargo runs these tests"))
        .current_dir(workspace)
        .args(["run", "--offline", "--quiet", "--manifest-path"])
        .arg(package.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(package.join("target"))
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
