//! Holds the tables and the numbers of `FORMAT.md` against the code.

use std::collections::BTreeSet;
use std::mem::offset_of;

use super::slot::Slot;
use super::{
    BLOCK_BYTES, BYTE_ORDER_MARK, DESCRIPTOR_OFFSET, FORMAT_VERSION, LIVE_OFFSET, Live, MAGIC,
    MAX_JOURNAL_BYTES, Preamble, REGION_ALIGN_BYTES, SLOT_OFFSETS,
};
use crate::journal::{ExtentHeader, MAX_EXTENT_BYTES, RecordHeader};
use crate::layout::{
    Class, Fingerprint, MAX_ALIGN_BYTES, MAX_DEPTH, MAX_DESCRIPTOR_BYTES, Order, Primitive, tag,
};
use crate::mode::Mode;

const FORMAT: &str = include_str!("../../FORMAT.md");

/// The cells of the rows of the table that has this header.
fn table(header: &[&str]) -> Vec<Vec<&'static str>> {
    let cells = |line: &'static str| -> Vec<&'static str> {
        line.trim_matches('|').split('|').map(str::trim).collect()
    };
    let mut lines = FORMAT.lines().skip_while(|line| cells(line) != header).peekable();
    assert!(lines.peek().is_some(), "FORMAT.md has no table {header:?}");
    lines.skip(2).take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// The offset, width and name of each field in the table of fields under a heading.
fn fields_in_document(heading: &str) -> Vec<(usize, usize, &'static str)> {
    let section = FORMAT.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    section
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            let (offset, width) = (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
            Some((offset, width, cells.next()?.trim_matches('`')))
        })
        .collect()
}

/// The offset, width and name of each field of a struct. A field that is forgotten doesn't compile.
macro_rules! fields {
    ($of:ident: $($field:ident)*) => {{
        fn width<T>(_: impl Fn(&$of) -> &T) -> usize {
            size_of::<T>()
        }
        let _ = |$of { $($field: _),* }: &$of| {};
        vec![$((
            offset_of!($of, $field),
            width(|of| &of.$field),
            stringify!($field),
        )),*]
    }};
}

#[test]
#[cfg_attr(miri, ignore = "compares text, and does so very slowly")]
fn the_tables_of_fields_are_those_of_the_structs() {
    let preamble = fields!(Preamble: magic format_version byte_order compat incompat ro_compat
        architecture pointer_bytes element_align_bytes element_bytes descriptor_bytes
        descriptor_checksum fingerprint app_magic app_version reserved_1 journal_offset
        journal_bytes data_offset created_unix_ms writer journal_salt reserved_2 checksum);
    assert_eq!(fields_in_document("Preamble"), preamble);
    let slot = fields!(Slot: epoch committed_len mode flags checksum reserved);
    assert_eq!(fields_in_document("Slots"), slot);
    let live = fields!(Live: live_len boot_id reserved);
    assert_eq!(fields_in_document("Live state"), live);
    let mut journal = fields!(RecordHeader: epoch sequence old_len new_len payload_offset
        payload_bytes payload_checksum checksum);
    journal.extend(fields!(ExtentHeader: offset bytes));
    assert_eq!(fields_in_document("Journal"), journal);
}

#[test]
#[cfg_attr(miri, ignore = "compares text, and does so very slowly")]
fn the_regions_are_where_the_document_says() {
    let block = BLOCK_BYTES.to_string();
    let descriptor = DESCRIPTOR_OFFSET.to_string();
    let [slot_0, slot_1] = SLOT_OFFSETS.map(|offset| offset.to_string());
    let live_state = LIVE_OFFSET.to_string();
    let expected = [
        ["0", &block, "preamble"],
        [&slot_0, &block, "slot 0"],
        [&slot_1, &block, "slot 1"],
        [&live_state, &block, "live state"],
        [&descriptor, "`descriptor_bytes`", "descriptor"],
    ];
    assert_eq!(table(&["offset", "width", "region"]), expected);
}

#[test]
#[cfg_attr(miri, ignore = "compares text, and does so very slowly")]
fn the_tags_are_those_of_the_encoder() {
    let expected = [
        (tag::PRIMITIVE, "primitive"),
        (tag::ARRAY, "array"),
        (tag::STRUCT, "struct"),
        (tag::ENUM, "enum"),
        (tag::PADDING, "padding"),
        (tag::FIXED_STR, "fixed string"),
        (tag::PHANTOM, "phantom"),
        (tag::OPAQUE, "opaque"),
    ]
    .map(|(tag, name)| [tag.to_string(), name.to_string()]);
    let rows = table(&["tag", "type", "then"]);
    assert_eq!(rows.iter().map(|row| [row[0], row[1]]).collect::<Vec<_>>(), expected);
}

#[test]
#[cfg_attr(miri, ignore = "compares text, and does so very slowly")]
fn the_classes_and_widths_are_those_that_exist() {
    let document: BTreeSet<(u8, u8)> = table(&["class", "primitive", "widths"])
        .iter()
        .flat_map(|row| {
            let class = row[0].parse().unwrap();
            row[2].split(", ").map(move |width| (class, width.parse().unwrap()))
        })
        .collect();
    assert_eq!(primitives(Order::Native), document);

    // "1 and 2 exist for the first three classes only (floats: widths 4 and 8)", and no single bytes.
    let with_order = document.into_iter().filter(|&(class, width)| match class {
        0 | 1 => width > 1,
        2 => width == 4 || width == 8,
        _ => false,
    });
    let with_order: BTreeSet<_> = with_order.collect();
    assert_eq!(primitives(Order::Little), with_order);
    assert_eq!(primitives(Order::Big), with_order);
    assert_eq!(Order::ALL.map(|order| order as u8), [0, 1, 2]);
}

/// The classes and widths of the primitives that have this order.
fn primitives(order: Order) -> BTreeSet<(u8, u8)> {
    let all =
        Class::ALL.into_iter().flat_map(|class| (0..=u8::MAX).map(move |width| (class, width)));
    all.filter(|&(class, width)| Primitive { class, width, order }.name().is_some())
        .map(|(class, width)| (class as u8, width))
        .collect()
}

#[test]
#[cfg_attr(miri, ignore = "compares text, and does so very slowly")]
fn the_numbers_in_the_text_are_those_of_the_code() {
    let text = FORMAT.split_whitespace().collect::<Vec<_>>().join(" ");
    let hex =
        |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ");
    for said in [
        format!("| `magic` | `{}`:", hex(&MAGIC)),
        format!("# The `.pv` file format, version {FORMAT_VERSION}"),
        format!("| `format_version` | {FORMAT_VERSION} |"),
        format!("`{}` where elements are little-endian", hex(&BYTE_ORDER_MARK.to_le_bytes())),
        format!("`{}` where they are big-endian", hex(&BYTE_ORDER_MARK.to_be_bytes())),
        format!("the number {BYTE_ORDER_MARK:#010x}"),
        format!("a power of two, at most {MAX_ALIGN_BYTES}"),
        format!("the length of the descriptor, at most {MAX_DESCRIPTOR_BYTES}"),
        format!(
            "{DESCRIPTOR_OFFSET} + `descriptor_bytes`, rounded up to a multiple of {REGION_ALIGN_BYTES}"
        ),
        format!(
            "the size of the journal region, a multiple of {REGION_ALIGN_BYTES}, at most {MAX_JOURNAL_BYTES}"
        ),
        format!("The file has at least {DESCRIPTOR_OFFSET} bytes"),
        format!("of bytes 0 to {} of the file", offset_of!(Preamble, checksum) - 1),
        format!("of bytes 0 to {} of the slot", offset_of!(Slot, checksum) - 1),
        format!("| `mode` | {}: shared. {}: atomic.", Mode::Shared as u32, Mode::Atomic as u32),
        format!("each at a multiple of {BLOCK_BYTES} bytes"),
        format!("how many they are, at most {MAX_EXTENT_BYTES} |"),
        format!("of bytes 0 to {} of the header", offset_of!(RecordHeader, checksum) - 1),
        format!("Types nest at most {MAX_DEPTH} deep"),
        format!("offset basis `{}`", Fingerprint::of_descriptor(&[])),
    ] {
        assert!(text.contains(&said), "FORMAT.md doesn't say: {said}");
    }
}

/// What stands in the document, computed as it says.
#[test]
#[cfg_attr(miri, ignore = "compares text, and does so very slowly")]
fn the_fingerprint_is_the_hash_that_the_document_names() {
    let number = |before: &str| {
        let number = FORMAT.split(before).nth(1).unwrap().split('`').nth(1).unwrap();
        u128::from_str_radix(number.trim_start_matches("0x"), 16).unwrap()
    };
    let (basis, prime) = (number("offset basis"), number("prime\n"));
    let bytes = b"any bytes \xff\0";
    let expected =
        bytes.iter().fold(basis, |hash, &byte| (hash ^ u128::from(byte)).wrapping_mul(prime));
    assert_eq!(Fingerprint::of_descriptor(bytes).to_u128(), expected);
}
