//! What can be seen of a file that can't be opened.
//!
//! Reads the places that `FORMAT.md` names, without a check but that they are there: what stands in them may
//! be wrong. Prints nothing of a file that isn't one of ours.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use persist_core::Descriptor;
use serde::Serialize;

use super::report::{FieldReport, fields};
use super::text;
use crate::rust_source::rust_source;
use crate::terminal;

const MAGIC_BEGINS: &[u8] = b"\x89PVF";
const PREAMBLE_BYTES: usize = 4096;
const DESCRIPTOR_OFFSET: usize = 16384;
const MAX_DESCRIPTOR_BYTES: u64 = 1 << 20;

/// The header of a damaged file, as far as it goes.
#[derive(Debug, Serialize)]
struct Salvage {
    damaged: bool,
    format_version: u32,
    byte_order: &'static str,
    architecture: String,
    writer: String,
    element_bytes: u64,
    created_unix_ms: u64,
    slots: Vec<SlotSalvage>,
    #[serde(rename = "type")]
    type_name: Option<String>,
    fields: Vec<FieldReport>,
}

#[derive(Debug, Serialize)]
struct SlotSalvage {
    epoch: u64,
    committed_len: u64,
    clean: bool,
}

/// Prints what there is to see: the header and the type.
pub(super) fn print(path: &Path, rust: bool, json: bool) -> anyhow::Result<()> {
    // Why it can't be opened is printed by the caller.
    let Some(bytes) = read(path) else { return Ok(()) };
    let descriptor = descriptor(&bytes);
    if rust {
        let source = descriptor.as_ref().map(rust_source).unwrap_or_default();
        return terminal::print(&source);
    }
    let salvage = Salvage::new(&bytes, descriptor.as_ref());
    if json {
        return terminal::print_json(&salvage);
    }
    let mut report = salvage.text();
    if let Some(descriptor) = &descriptor {
        report.push('\n');
        report += &text::type_text(descriptor.root());
    }
    terminal::print(&report)
}

/// The header of a file of ours; `None` where it isn't one, or can't be read.
fn read(path: &Path) -> Option<Vec<u8>> {
    // Opening a pipe would wait for its other end.
    path.metadata().ok().filter(|it| it.is_file())?;
    let file = File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.take(DESCRIPTOR_OFFSET as u64 + MAX_DESCRIPTOR_BYTES).read_to_end(&mut bytes).ok()?;
    (bytes.starts_with(MAGIC_BEGINS) && bytes.len() >= PREAMBLE_BYTES).then_some(bytes)
}

fn descriptor(bytes: &[u8]) -> Option<Descriptor> {
    let len = usize::try_from(number(bytes, 72)).ok()?;
    Descriptor::decode(bytes.get(DESCRIPTOR_OFFSET..)?.get(..len)?).ok()
}

/// Eight bytes of the preamble or of a slot; zero where the file has ended.
fn number(bytes: &[u8], offset: usize) -> u64 {
    let bytes = bytes.get(offset..).and_then(|bytes| bytes.first_chunk());
    bytes.copied().map_or(0, u64::from_le_bytes)
}

fn zero_ended(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    text::harmless(&String::from_utf8_lossy(&bytes[..end]))
}

impl Salvage {
    fn new(bytes: &[u8], descriptor: Option<&Descriptor>) -> Self {
        let slot = |offset| SlotSalvage {
            epoch: number(bytes, offset),
            committed_len: number(bytes, offset + 8),
            clean: number(bytes, offset + 16) >> 32 & 1 == 1,
        };
        Self {
            damaged: true,
            format_version: number(bytes, 8) as u32,
            byte_order: match &bytes[12..16] {
                [4, 3, 2, 1] => "little",
                [1, 2, 3, 4] => "big",
                _ => "unknown",
            },
            architecture: zero_ended(&bytes[40..56]),
            writer: zero_ended(&bytes[152..184]),
            element_bytes: number(bytes, 64),
            created_unix_ms: number(bytes, 144),
            slots: [4096, 8192].map(slot).into(),
            type_name: descriptor.map(|it| it.root().to_string()),
            fields: descriptor.map(|it| fields(it.root()).0).unwrap_or_default(),
        }
    }

    fn text(&self) -> String {
        let mut text = String::from("What the file says of itself, unchecked:\n\n");
        let mut fact = |name: &str, value: String| text += &format!("  {name:<12} {value}\n");
        fact("type", text::name(self.type_name.as_deref().unwrap_or("unreadable")).into_owned());
        fact(
            "element",
            format!("{}, {}-endian", terminal::count(self.element_bytes, "byte"), self.byte_order),
        );
        for (index, slot) in self.slots.iter().enumerate() {
            let state = if slot.clean { "clean" } else { "not closed" };
            let (epoch, len) = (slot.epoch, slot.committed_len);
            fact(
                &format!("slot {index}"),
                format!("epoch {epoch}, {}, {state}", terminal::count(len, "element")),
            );
        }
        let created = text::created(self.created_unix_ms);
        fact("created", format!("{created} by {} on {}", self.writer, self.architecture));
        fact("format", format!("version {}", self.format_version));
        text
    }
}
