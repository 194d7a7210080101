//! Files get the type that a program has now: what becomes of their elements, and what is refused.

mod safety;
mod versions;

use std::fs;
use std::path::{Path, PathBuf};

use persist_core::{
    AnyFile, AnyWriter, ByteOrder, Error, FixedStr, Lossy, Migrated, Migration, MmapSlice, MmapVec,
    Mode, Pad, Persist, Progress, Relation, Shutdown,
};

#[cfg(target_os = "linux")]
use crate::support;

mod v1 {
    use persist_core::{Pad, Persist};

    #[derive(Clone, Copy, Debug, PartialEq, Persist)]
    #[repr(u8)]
    pub(super) enum Side {
        Bid = 0,
        Sell = 1,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Persist)]
    #[repr(C)]
    pub(super) struct Tick {
        pub(super) time: u32,
        pub(super) price: f32,
        pub(super) qty: i32,
        pub(super) side: Side,
        pub(super) _pad: Pad<3>,
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Persist)]
#[repr(u16)]
enum Side {
    Sell = 1,
    #[persist(alias = "Bid")]
    Buy = 2,
    #[default]
    Neither = 700,
}

/// One field wider, one renamed, moved and wider, one an enum with other tags, and one new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Persist)]
#[repr(C)]
struct Tick {
    #[persist(alias = "qty", alias = "quantity")]
    volume: i64,
    time: u32,
    side: Side,
    _pad: Pad<2>,
    price: f64,
    venue: FixedStr<8>,
}

fn old(i: u32) -> v1::Tick {
    let side = if i % 3 == 0 { v1::Side::Bid } else { v1::Side::Sell };
    v1::Tick { time: i, price: i as f32 / 4.0, qty: -(i as i32), side, _pad: Pad::new() }
}

/// What [`old`] becomes.
fn new(i: u32) -> Tick {
    let side = if i % 3 == 0 { Side::Buy } else { Side::Sell };
    let venue = FixedStr::default();
    Tick {
        volume: -i64::from(i),
        time: i,
        side,
        _pad: Pad::new(),
        price: f64::from(i) / 4.0,
        venue,
    }
}

fn olds(len: u32) -> Vec<v1::Tick> {
    (0..len).map(old).collect()
}

fn news(len: u32) -> Vec<Tick> {
    (0..len).map(new).collect()
}

/// A closed file of these elements in a new directory.
fn file<T: Persist>(elements: &[T]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ticks.pv");
    create(&path, elements);
    (directory, path)
}

fn create<T: Persist>(path: &Path, elements: &[T]) {
    let mut vector = MmapVec::<T>::create(path).unwrap();
    vector.extend_from_slice(elements).unwrap();
    vector.close().unwrap();
}

/// A number in the other byte order than this machine's.
macro_rules! foreign {
    ($number:expr) => {
        $number.swap_bytes().to_ne_bytes()
    };
}

use foreign;

const FOREIGN: ByteOrder = match ByteOrder::NATIVE {
    ByteOrder::Little => ByteOrder::Big,
    ByteOrder::Big => ByteOrder::Little,
};

/// The file that a machine of the other byte order would have written.
fn create_foreign<T: Persist>(path: &Path, elements: impl Iterator<Item = Vec<u8>>) {
    let file =
        AnyFile::of::<T>().byte_order(FOREIGN).app_magic(*b"TICKS\0\0\0").app_version([1, 2, 3]);
    let mut writer = AnyWriter::create(path, &file).unwrap();
    elements.for_each(|element| writer.append(&element).unwrap());
    writer.finish().unwrap();
}

fn foreign_old(i: u32) -> Vec<u8> {
    let v1::Tick { time, price, qty, side, _pad } = old(i);
    [foreign!(time), foreign!(price.to_bits()), foreign!(qty), [side as u8, 0, 0, 0]].concat()
}

/// What a migration that replaced the file says of it.
fn migrated(relation: Relation, functions: usize, elements: u64) -> impl Fn(Migrated) {
    move |it| {
        assert!(it.replaced);
        assert_eq!((it.relation, it.functions, it.elements), (relation, functions, elements));
    }
}

/// The names in the directory of a file.
fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path.parent().unwrap()).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Holds that something is refused in these words, and changes nothing.
#[track_caller]
fn assert_refused(
    path: &Path,
    words: &[&str],
    call: impl FnOnce(&Path) -> Result<Migrated, Error>,
) -> Error {
    let before = (fs::read(path).unwrap(), names(path));
    let error = call(path).expect_err("it should be refused");
    let text = error.to_string();
    for words in words {
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
    assert!(before == (fs::read(path).unwrap(), names(path)), "the refusal changed something");
    error
}

#[test]
fn fields_are_widened_renamed_moved_and_added() {
    for len in [0, 1, 1000] {
        let (_directory, path) = file(&olds(len));
        migrated(Relation::Convert, 0, len.into())(MmapVec::<Tick>::migrate(&path).unwrap());
        let slice = MmapSlice::<Tick>::open(&path).unwrap();
        assert_eq!(slice, news(len));
        assert_eq!(slice.info().shutdown, Shutdown::Clean);
        drop(slice);
        let mut vector = MmapVec::<Tick>::open(&path).unwrap();
        vector.push(new(5)).unwrap();
        vector.close().unwrap();
        assert_eq!(names(&path), ["ticks.pv"]);
    }
}

#[test]
fn what_is_as_wanted_is_left_alone_and_needs_nothing() {
    let (_directory, path) = file(&news(3));
    let before = (fs::read(&path).unwrap(), path.metadata().unwrap().modified().unwrap());
    // Not even that nobody reads.
    let reader = MmapSlice::<Tick>::open(&path).unwrap();
    for migrated in [
        MmapVec::<Tick>::migrate(&path).unwrap(),
        MmapVec::<Tick>::migrate_with(&path, Lossy).unwrap(),
        MmapVec::<Tick>::migrate_from(&path, |_: &v1::Tick, _| unreachable!()).unwrap(),
        Migration::<Tick>::new().app_version([0, 0, 0]).run(&path).unwrap(),
    ] {
        assert!(!migrated.replaced);
        assert_eq!(
            (migrated.relation, migrated.functions, migrated.elements),
            (Relation::Identical, 0, 3)
        );
    }
    drop(reader);
    assert!(before == (fs::read(&path).unwrap(), path.metadata().unwrap().modified().unwrap()));
}

#[test]
fn names_alone_are_a_relabel() {
    #[derive(Clone, Copy, Debug, PartialEq, Persist)]
    #[repr(C)]
    struct Old {
        a: u32,
        b: u16,
        _pad: Pad<2>,
    }
    /// Another name, and a field where padding was.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Persist)]
    #[repr(C)]
    struct New {
        #[persist(alias = "a")]
        first: u32,
        b: u16,
        c: u16,
    }
    let (_directory, path) = file(&[Old { a: 1, b: 2, _pad: Pad::new() }]);
    migrated(Relation::Relabel, 0, 1)(MmapVec::<New>::migrate(&path).unwrap());
    assert_eq!(MmapSlice::<New>::open(&path).unwrap(), [New { first: 1, b: 2, c: 0 }]);
}

#[test]
fn a_file_of_the_other_byte_order_is_converted() {
    let (_directory, path) = file::<u8>(&[]);
    for len in [0, 1, 1000] {
        fs::remove_file(&path).unwrap();
        create_foreign::<v1::Tick>(&path, (0..len).map(foreign_old));
        assert!(matches!(MmapSlice::<v1::Tick>::open(&path), Err(Error::ByteOrder { .. })));
        let target = path.with_file_name("copy.pv");
        fs::copy(&path, &target).unwrap();
        // To the same type of this machine.
        migrated(Relation::Convert, 0, len.into())(
            Migration::<v1::Tick>::new().run(&target).unwrap(),
        );
        let slice = MmapSlice::<v1::Tick>::open(&target).unwrap();
        assert_eq!(slice, olds(len));
        let info = slice.info();
        assert_eq!((info.app_magic, info.app_version), (*b"TICKS\0\0\0", [1, 2, 3]));
        // To another type.
        migrated(Relation::Convert, 0, len.into())(MmapVec::<Tick>::migrate(&path).unwrap());
        assert_eq!(MmapSlice::<Tick>::open(&path).unwrap(), news(len));
        drop(slice);
        fs::remove_file(&target).unwrap();
    }
}

#[test]
fn a_mark_that_means_nothing_is_no_reason_to_convert() {
    let (_directory, path) = file::<u8>(&[]);
    fs::remove_file(&path).unwrap();
    create_foreign::<[u8; 2]>(&path, [vec![1, 2]].into_iter());
    assert!(!Migration::<[u8; 2]>::new().run(&path).unwrap().replaced);
    assert_eq!(MmapSlice::<[u8; 2]>::open(&path).unwrap(), [[1, 2]]);
}

#[test]
fn each_element_can_be_made_by_a_function() {
    let (_directory, path) = file(&olds(1000));
    let mut seen = 0;
    let result = MmapVec::<u64>::migrate_from(&path, |tick: &v1::Tick, index| {
        assert_eq!((tick, index), (&old(seen), seen as usize));
        seen += 1;
        u64::from(tick.time) * 2
    });
    migrated(Relation::Identical, 1, 1000)(result.unwrap());
    assert_eq!(
        MmapSlice::<u64>::open(&path).unwrap(),
        (0..1000).map(|i| i * 2).collect::<Vec<u64>>()
    );

    // Of the same type, each time.
    for round in 1..3 {
        MmapVec::<u64>::migrate_from(&path, |number: &u64, _| number + 1).unwrap();
        assert_eq!(MmapSlice::<u64>::open(&path).unwrap()[5], 10 + round);
    }
    // From what becomes the old type without loss: here, of the other byte order.
    fs::remove_file(&path).unwrap();
    create_foreign::<u32>(&path, [foreign!(7_u32).to_vec()].into_iter());
    let result = MmapVec::<f32>::migrate_from(&path, |number: &u64, _| *number as f32 / 2.0);
    migrated(Relation::Convert, 1, 1)(result.unwrap());
    assert_eq!(MmapSlice::<f32>::open(&path).unwrap(), [3.5]);
}

#[test]
fn loss_is_refused_unless_it_is_allowed() {
    let (_directory, path) = file(&[1_u32, 200]);
    let words =
        ["was not migrated: lossy", "u32 → u8", "migrate_with(path, Lossy)", "migrate_from"];
    let error = assert_refused(&path, &words, |path| MmapVec::<u8>::migrate(path));
    assert!(matches!(error, Error::Loss { plan, .. } if plan.relation() == Relation::Lossy));
    migrated(Relation::Lossy, 0, 2)(MmapVec::<u8>::migrate_with(&path, Lossy).unwrap());
    assert_eq!(MmapSlice::<u8>::open(&path).unwrap(), [1, 200]);
}

#[test]
fn a_value_that_does_not_fit_stops_with_its_place() {
    let mut elements = vec![[0_u16, 255]; 2_000_000];
    for index in [1_234_567, 1_900_000] {
        elements[index][1] = 300;
    }
    let (_directory, path) = file(&elements);
    let words = ["was not migrated", "element 1234567, field `[1]`", "found 300"];
    let migrate = |path: &Path| MmapVec::<[u8; 2]>::migrate_with(path, Lossy);
    let error = assert_refused(&path, &words, migrate);
    assert!(matches!(error, Error::Misfit { fault, .. } if fault.index == 1_234_567));
    assert_eq!(MmapSlice::<[u16; 2]>::open(&path).unwrap()[1_234_567], [0, 300]);
}

#[test]
fn what_is_no_value_stops_with_its_place() {
    let (_directory, path) = file(&[1_u8, 0, 0, 0].map(|byte| byte == 1));
    let data = MmapSlice::<bool>::open(&path).unwrap().info().data_offset_bytes as usize;
    let mut bytes = fs::read(&path).unwrap();
    bytes[data + 2] = 9;
    fs::write(&path, bytes).unwrap();
    let words = ["is corrupt: element 2: expected", "found 9"];
    let error = assert_refused(&path, &words, |path| MmapVec::<u8>::migrate(path));
    assert!(matches!(error, Error::CorruptElement { .. }));
    assert_refused(&path, &words, |path| {
        MmapVec::<u64>::migrate_from(path, |bit: &bool, _| (*bit).into())
    });
}

#[test]
fn what_no_rule_converts_is_refused() {
    let (_directory, path) = file(&[0.5_f64]);
    let words = ["can't be migrated", "f64 can't become bool", "migrate_from"];
    let error = assert_refused(&path, &words, |path| MmapVec::<bool>::migrate_with(path, Lossy));
    assert!(matches!(error, Error::Incompatible { reason, .. } if reason.reasons.len() == 1));
    let from = |path: &Path| MmapVec::<u8>::migrate_from(path, |_: &bool, _| 0);
    assert_refused(&path, &words, from);
}

#[test]
fn fields_without_default_are_refused_and_can_be_given_one() {
    #[derive(Clone, Copy, Debug, PartialEq, Persist)]
    #[repr(C)]
    struct New {
        time: u32,
        price: f32,
        qty: i32,
        currency: u32,
    }
    let (_directory, path) = file(&olds(2));
    let words = ["field `currency`", "no default", "Migration::defaults"];
    let without = |path: &Path| Migration::<New>::new().allow(Lossy).run(path);
    assert_refused(&path, &words, without);
    let defaults = New { time: 1, price: 2.0, qty: 3, currency: 978 };
    let result = Migration::new().defaults(defaults).allow(Lossy).run(&path);
    migrated(Relation::Lossy, 0, 2)(result.unwrap());
    let New { time, price, qty, currency } = MmapSlice::<New>::open(&path).unwrap()[1];
    assert_eq!((time, price, qty, currency), (1, 0.25, -1, 978));
}

#[test]
fn the_application_stays_unless_another_is_given() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ticks.pv");
    let options = MmapVec::<v1::Tick>::options()
        .app_magic(*b"TICKDATA")
        .app_version([1, 2, 3])
        .mode(Mode::Shared)
        .journal_bytes(0);
    options.create(&path).unwrap().close().unwrap();
    let told = |path: &Path| {
        let info = MmapSlice::<Tick>::open(path).unwrap().info();
        assert_eq!((info.mode, info.data_offset_bytes), (Mode::Shared, 1 << 16));
        (info.app_magic, info.app_version)
    };
    MmapVec::<Tick>::migrate(&path).unwrap();
    assert_eq!(told(&path), (*b"TICKDATA", [1, 2, 3]));
    let again = Migration::<Tick>::new().app_version([2, 0, 0]).run(&path).unwrap();
    assert!(again.replaced && again.relation == Relation::Identical);
    assert_eq!(told(&path), (*b"TICKDATA", [2, 0, 0]));
    Migration::<Tick>::new().app_magic(*b"OTHER\0\0\0").run(&path).unwrap();
    assert_eq!(told(&path), (*b"OTHER\0\0\0", [2, 0, 0]));
}

#[test]
fn a_file_that_was_not_closed_is_read_as_its_last_commit() {
    for mode in [Mode::Atomic, Mode::Shared] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ticks.pv");
        let mut vector = MmapVec::<v1::Tick>::options().mode(mode).create(&path).unwrap();
        vector.extend_from_slice(&olds(100)).unwrap();
        vector.commit().unwrap();
        vector[7].time = 1_000_007;
        vector.commit().unwrap();
        drop(vector);
        assert_eq!(MmapSlice::<v1::Tick>::open(&path).unwrap().info().shutdown, Shutdown::Unclean);
        MmapVec::<Tick>::migrate(&path).unwrap();
        let slice = MmapSlice::<Tick>::open(&path).unwrap();
        let mut expected = news(100);
        expected[7].time = 1_000_007;
        assert_eq!(slice, expected);
        assert_eq!((slice.info().shutdown, slice.info().mode), (Shutdown::Clean, mode));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn holes_are_zeros() {
    let (_directory, path) = file(&vec![!0_u32; 1 << 20]);
    let data = MmapSlice::<u32>::open(&path).unwrap().info().data_offset_bytes;
    if let Err(error) = support::hide_hole(&path, data + (1 << 20)..data + (2 << 20)) {
        return support::skip("holes_are_zeros", error);
    }
    MmapVec::<u64>::migrate(&path).unwrap();
    let slice = MmapSlice::<u64>::open(&path).unwrap();
    let expected = |i: usize| if (1 << 18..2 << 18).contains(&i) { 0 } else { u64::from(u32::MAX) };
    assert!(slice.iter().enumerate().all(|(i, &number)| number == expected(i)));
}

#[test]
fn progress_is_told_to_the_end() {
    for (len, parts) in [(0, 0), (3, 1), (100_000, 1)] {
        let (_directory, path) = file(&olds(len));
        let mut told: Vec<Progress> = Vec::new();
        Migration::<Tick>::new()
            .defaults(Tick::default())
            .progress(|progress| told.push(progress))
            .run(&path)
            .unwrap();
        let len = u64::from(len);
        assert!(told.len() >= parts, "{told:?}");
        assert!(told.iter().all(|it| it.total == len && it.done <= len));
        assert!(told.is_sorted_by(|a, b| a.done < b.done), "{told:?}");
        assert_eq!(told.last().map(|it| it.done), (len > 0).then_some(len));
    }
}

/// In many blocks, on all cores: in order, and each element once.
#[test]
fn large_files_are_converted_on_all_cores() {
    const LEN: u32 = 7 << 20;
    let (_directory, path) = file(&olds(LEN));
    assert!(path.metadata().unwrap().len() > 100 << 20);
    let mut calls = 0;
    let result = Migration::new().defaults(Tick::default()).progress(|_| calls += 1).run(&path);
    migrated(Relation::Convert, 0, LEN.into())(result.unwrap());
    assert!(calls >= 1);
    let slice = MmapSlice::<Tick>::open(&path).unwrap();
    assert_eq!(slice.len(), LEN as usize);
    assert!((0..LEN).zip(slice.iter()).all(|(i, tick)| *tick == new(i)));
    drop(slice);
    let mut next = 0;
    MmapVec::<u32>::migrate_from(&path, |tick: &Tick, index| {
        assert_eq!((tick.time, index), (next, next as usize));
        next += 1;
        tick.time
    })
    .unwrap();
    let slice = MmapSlice::<u32>::open(&path).unwrap();
    assert!(slice.iter().zip(0..LEN).all(|(a, b)| *a == b) && slice.len() == LEN as usize);
}
