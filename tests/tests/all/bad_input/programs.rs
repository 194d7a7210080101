//! Files in order that another program made: with another layout, byte order, magic or version.

use persist_core::{ByteOrder, Error, FixedStr, MmapSlice, MmapVec, Mode, Pad, Persist, Shutdown};
use zerocopy::byteorder::{LE, U32};

use super::{
    Bench, Refusal, Tick, WAYS, check_opens, check_refused, check_refused_with, image_of,
    image_with, newer, ticks,
};
use crate::support::{Image, Preamble};

#[derive(Debug, Clone, Copy, Persist)]
#[repr(C)]
#[persist(rename = "Tick")]
struct SameSize {
    time: i64,
    price: f32,
    pad: Pad<12>,
}

#[test]
fn other_layouts() {
    let image = image_of(Mode::default(), &ticks());
    let rows = [
        "layout mismatch in `",
        "ticks.pv`:\n",
        "  field `price`   file: f32 @8    program: f64 @8\n",
        "  field `venue`   only in program ([u8; 4] @16)\n",
        "  size            file: 24 bytes  program: 32 bytes",
        "\n  `MmapVec::migrate`, or `Migration` for a type without `Default`, converts it without loss",
    ];
    check_refused::<newer::Tick>("another size", &image, Refusal::Layout, &rows);
    let rows = [
        "`:\n  field `time`   file: u64 @0  program: i64 @0",
        "\n  `MmapVec::migrate_with` and `Lossy` convert it, or `persist migrate ",
        "ticks.pv --to-layout-of OTHER --lossy`, where OTHER is an empty file of the new type; what may be lost:\n    field `time`   u64 → i64",
    ];
    check_refused::<SameSize>("the same size", &image, Refusal::Layout, &rows);
    let rows = [
        "`:\n  element   file: Tick  program: [u8; 24]",
        "\n  nothing converts it by itself: give `MmapVec::migrate_from` a function that does, or use the \
         type that the file was written with\n    Tick can't become [u8; 24]",
    ];
    check_refused::<[u8; 24]>("bytes of the same size", &image, Refusal::Layout, &rows);
    check_refused::<Tick>(
        "a number",
        &image_of(Mode::default(), &[1_u64]),
        Refusal::Layout,
        &["file: u64"],
    );

    let bench = Bench::with(&image);
    let Err(Error::Layout { mismatch, .. }) = MmapVec::<newer::Tick>::open(&bench.path) else {
        panic!("another layout was accepted")
    };
    assert_eq!((mismatch.file.size_bytes(), mismatch.program.size_bytes()), (24, 32));
    let difference = &mismatch.differences()[0];
    assert_eq!(difference.subject, "field `price`");
    assert_eq!(difference.file.as_deref(), Some("f32 @8"));
    assert_eq!(difference.program.as_deref(), Some("f64 @8"));
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Portable {
    id: U32<LE>,
    text: FixedStr<3>,
    flag: bool,
}

#[test]
fn foreign_byte_order() {
    let foreign = |image: Image| {
        let mut mark = image.0[Preamble.field("byte_order")].to_vec();
        mark.reverse();
        image.with_bytes(Preamble.field("byte_order").start, &mark).sealed()
    };
    let (program, file) = match ByteOrder::NATIVE {
        ByteOrder::Little => (ByteOrder::Little, ByteOrder::Big),
        ByteOrder::Big => (ByteOrder::Big, ByteOrder::Little),
    };
    let image = foreign(image_of(Mode::default(), &ticks()));
    let said = [format!("the file is {file}-endian"), format!("this machine is {program}-endian")];
    let texts = [
        "byte order mismatch",
        &said[0],
        &said[1],
        "`MmapVec::migrate` converts it, or `persist convert ",
        "ticks.pv --to native`",
    ];
    let refusal = Refusal::ByteOrder { file, program };
    check_refused::<Tick>("numbers", &image, refusal.clone(), &texts);
    // The order is named before the layout: on the right machine it may be the right one.
    check_refused::<newer::Tick>("another layout", &image, refusal, &texts);

    let elements = [7, 1 << 30].map(|id| Portable {
        id: U32::new(id),
        text: FixedStr::new("abc").unwrap(),
        flag: true,
    });
    let portable = foreign(image_of(Mode::default(), &elements));
    check_opens("portable", &portable, &elements, Shutdown::Clean);
    assert_eq!(
        MmapSlice::<Portable>::open(Bench::with(&portable).path).unwrap().info().byte_order,
        file
    );
    check_refused::<Tick>("portable, but another", &portable, Refusal::Layout, &[]);
}

#[test]
fn other_applications() {
    let (magic, version) = (*b"TICKDATA", [1, 2, 3]);
    let options = MmapVec::<Tick>::options();
    let ours = options.clone().app_magic(magic).app_version(version);
    let image = image_with(&ours, &ticks());

    let theirs = options.clone().app_magic(*b"CATALOG\0").app_version(version);
    let refusal = Refusal::AppMagic { file: magic, program: *b"CATALOG\0" };
    let texts =
        ["application mismatch", "file: app_magic \"TICKDATA\"", "program: app_magic \"CATALOG\":"];
    check_refused_with("magic", &image, &theirs, &WAYS, refusal, &texts);

    let newer = ours.clone().app_version([1, 2, 4]);
    let refusal = Refusal::AppVersion { file: version, program: [1, 2, 4] };
    let texts =
        ["application version mismatch", "file: 1.2.3, program: 1.2.4", "with that version"];
    check_refused_with("version", &image, &newer, &WAYS, refusal, &texts);

    let anonymous = image_of(Mode::default(), &ticks());
    let refusal = Refusal::AppMagic { file: [0; 8], program: magic };
    check_refused_with(
        "no magic",
        &anonymous,
        &ours,
        &WAYS,
        refusal,
        &["file: no app_magic, program"],
    );
    check_opens("any application", &image, &ticks(), Shutdown::Clean);
    for way in WAYS {
        assert_eq!(way.open(&ours, &Bench::with(&image).path).unwrap().0, ticks());
    }
}
