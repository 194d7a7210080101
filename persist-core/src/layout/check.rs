//! The rules a layout must obey, as functions that panic during const evaluation.
//!
//! Each is `#[track_caller]`, so that the build error stands where the derive put the call: on the
//! field, the type or the pin at fault.

use super::message::Message;
use super::{Field, Kind, Layout, MAX_ALIGN_BYTES, MAX_DEPTH, MAX_DESCRIPTOR_BYTES};

/// Refuses bytes between field `index` and what follows it that no field owns.
///
/// What follows is placed by its natural alignment, so the verdict is the same on every target.
/// Does nothing for a layout that isn't a struct.
#[track_caller]
pub const fn check_field(layout: &Layout, index: usize) {
    let Kind::Struct { name, packed, fields, .. } = layout.kind else { return };
    let field = &fields[index];
    if index == 0 && field.offset != 0 {
        panic!("{}", hidden_message(name, field).as_str());
    }
    let end = field.offset + field.layout.size;
    let next = next_offset(layout, fields, packed, index);
    if end != next {
        let message = padding_message(layout, name, fields, packed, index, end, next);
        panic!("{}", message.as_str());
    }
}

/// [`check_field`] for every field: generic types have no place for one check each.
#[track_caller]
pub const fn check_fields(layout: &Layout) {
    if let Kind::Struct { fields, .. } = layout.kind {
        let mut i = 0;
        while i < fields.len() {
            check_field(layout, i);
            i += 1;
        }
    }
}

/// Refuses types that can't be elements whatever their fields are.
#[track_caller]
pub const fn check_type(layout: &Layout) {
    let mut message = Message::new("persist: ");
    message.quoted(layout.name());
    if layout.size == 0 {
        message.text(
            " is zero-sized: a file of it would have no bytes\n  help: store its count as a number",
        );
    } else if layout.natural_align() > MAX_ALIGN_BYTES {
        message.text(" needs alignment ");
        message.number(layout.natural_align());
        message.text(", more than the 4096 a file can give");
    } else if layout.has_empty_name() {
        message.text(
            " holds a type without a name\n  help: give `TypeName::NAME` at least one character",
        );
    } else if layout.depth() > MAX_DEPTH {
        message.text(" nests more than 64 levels of structs and arrays");
    } else {
        return;
    }
    panic!("{}", message.as_str());
}

/// Refuses a type whose descriptor is too long for a file. The length comes with the fingerprint:
/// in const evaluation it costs too much to be counted twice.
#[track_caller]
pub(super) const fn check_descriptor(layout: &Layout, descriptor_bytes: usize) {
    if descriptor_bytes > MAX_DESCRIPTOR_BYTES {
        let mut message = Message::new("persist: ");
        message.quoted(layout.name());
        message.text(" has a descriptor of more than 1 MiB\n  help: use arrays instead of fields of the same type");
        panic!("{}", message.as_str());
    }
}

/// Refuses a layout whose fingerprint isn't the pinned one.
#[track_caller]
pub const fn check_fingerprint(layout: &Layout, pin: u128) {
    let found = layout.fingerprint().to_u128();
    if found != pin {
        let mut message = Message::new("persist: the layout of ");
        message.quoted(layout.name());
        message.text(" is not the pinned one\n  expected fingerprint ");
        message.hex128(pin);
        message.text("\n  found fingerprint    ");
        message.hex128(found);
        message.text("\n  help: undo the change, or pin the new fingerprint: files written before won't open");
        panic!("{}", message.as_str());
    }
}

const _: () =
    assert!(MAX_ALIGN_BYTES == 4096 && MAX_DEPTH == 64 && MAX_DESCRIPTOR_BYTES == 1 << 20);

/// Where the field after `index` (or the end of the struct) must begin on every target; on this
/// target it may begin later still, when an opaque field is aligned more than its bytes say.
const fn next_offset(layout: &Layout, fields: &[Field], packed: usize, index: usize) -> usize {
    let end = fields[index].offset + fields[index].layout.size;
    let (here, align) = if index + 1 < fields.len() {
        (fields[index + 1].offset, fields[index + 1].layout.natural_align_in(packed))
    } else {
        (layout.size, layout.natural_align())
    };
    super::larger(here, end.next_multiple_of(align))
}

/// In `repr(C)` the first field begins the struct; bytes before it belong to a field that an
/// attribute macro added after the derive had looked.
const fn hidden_message(name: &str, first: &Field) -> Message {
    let mut message = Message::new("persist: ");
    message.quoted(name);
    message.text(" has ");
    message.bytes(first.offset);
    message.text(" before field ");
    message.quoted(first.name);
    message.text(
        " that `#[derive(Persist)]` didn't see\n  help: put attribute macros above the derive",
    );
    message
}

const fn padding_message(
    layout: &Layout,
    name: &str,
    fields: &[Field],
    packed: usize,
    index: usize,
    end: usize,
    next: usize,
) -> Message {
    let mut message = Message::new("persist: ");
    message.quoted(name);
    message.text(" has ");
    message.bytes(next - end);
    message.text(" of implicit padding after field ");
    message.quoted(fields[index].name);
    message.text(" (offset ");
    message.number(end);
    message.text("..");
    message.number(next);
    message.text("): ");
    if index + 1 < fields.len() {
        message.text("field ");
        message.quoted(fields[index + 1].name);
        message.text(" needs alignment ");
        message.number(fields[index + 1].layout.natural_align_in(packed));
    } else {
        message.text("the size must be a multiple of the alignment, ");
        message.number(layout.natural_align());
    }
    message.text("\n  help: add a field after ");
    message.quoted(fields[index].name);
    message.text(": `");
    if !is_position(fields[index].name) {
        message.text("_pad");
        message.number(index);
        message.text(": ");
    }
    message.text("persist_core::Pad<");
    message.number(next - end);
    message.text(">`");
    suggest_order(&mut message, layout, fields, packed);
    message
}

/// Whether a field has no name of its own, as in a tuple struct.
const fn is_position(name: &str) -> bool {
    matches!(name.as_bytes(), [b'0'..=b'9', ..])
}

/// Suggests the order by falling alignment, where it makes the struct smaller.
const fn suggest_order(message: &mut Message, layout: &Layout, fields: &[Field], packed: usize) {
    const MOST_FIELDS: usize = 24;
    let align = layout.natural_align();
    let mut padded = 0usize;
    let mut packed_together = 0usize;
    let mut i = 0;
    while i < fields.len() {
        padded = padded.next_multiple_of(fields[i].layout.natural_align_in(packed));
        padded += fields[i].layout.size;
        packed_together += fields[i].layout.size;
        i += 1;
    }
    let (padded, reordered) =
        (padded.next_multiple_of(align), packed_together.next_multiple_of(align));
    if reordered >= padded || fields.len() > MOST_FIELDS {
        return;
    }
    message.text("\n  help: or reorder the fields: ");
    let mut wanted = align;
    let mut first = true;
    while wanted > 0 {
        let mut i = 0;
        while i < fields.len() {
            if fields[i].layout.natural_align_in(packed) == wanted {
                message.text(if first { "" } else { ", " });
                message.quoted(fields[i].name);
                first = false;
            }
            i += 1;
        }
        wanted /= 2;
    }
    message.text(" (");
    message.bytes(reordered);
    message.text(" instead of ");
    message.number(padded);
    message.text(")");
}
