//! What there is to say of a file, for programs and for people.

use std::fs::Metadata;
use std::path::Path;
use std::time::UNIX_EPOCH;

use persist_core::reflect::{Kind, TypeRef};
use persist_core::{AnySlice, ByteOrder, Mode, Shutdown};
use serde::Serialize;

use crate::terminal::path_as_text;

/// More fields nobody reads, and a hostile type has any number.
const MOST_FIELDS: usize = 10_000;

#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    #[serde(serialize_with = "path_as_text")]
    pub(super) path: &'a Path,
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) fingerprint: String,
    pub(super) element_bytes: u64,
    pub(super) elements: usize,
    pub(super) byte_order: String,
    pub(super) byte_order_matters: bool,
    pub(super) state: &'static str,
    pub(super) mode: &'static str,
    pub(super) epoch: u64,
    pub(super) waiting_commits: u64,
    pub(super) journal_bytes: u64,
    pub(super) data_offset_bytes: u64,
    pub(super) file_bytes: u64,
    /// What the file takes on the disk, where the system says.
    pub(super) disk_bytes: Option<u64>,
    pub(super) app_magic: Option<String>,
    pub(super) app_version: Option<String>,
    pub(super) architecture: String,
    pub(super) pointer_bytes: u32,
    pub(super) writer: String,
    pub(super) created_unix_ms: u64,
    pub(super) fields: Vec<FieldReport>,
    pub(super) fields_left_out: bool,
}

/// A field, or the one value of an element that has none.
#[derive(Debug, Serialize)]
pub(super) struct FieldReport {
    /// Of an array: that of any item.
    pub(super) path: String,
    /// Of an array: that of the first item.
    pub(super) offset_bytes: u64,
    pub(super) size_bytes: u64,
    #[serde(rename = "type")]
    pub(super) type_name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    /// By their discriminants.
    pub(super) variants: Vec<VariantReport>,
}

#[derive(Debug, Serialize)]
pub(super) struct VariantReport {
    pub(super) name: String,
    pub(super) discriminant: i128,
}

impl<'a> Report<'a> {
    pub(super) fn new(file: &'a AnySlice, disk: &Metadata) -> Self {
        let (info, descriptor) = (file.info(), file.descriptor());
        let (fields, fields_left_out) = fields(descriptor.root());
        let version = info.app_version;
        Self {
            path: file.path(),
            type_name: descriptor.root().to_string(),
            fingerprint: descriptor.fingerprint().to_string(),
            element_bytes: descriptor.size_bytes(),
            elements: file.len(),
            byte_order: info.byte_order.to_string(),
            byte_order_matters: descriptor.depends_on_byte_order(),
            state: match info.shutdown {
                Shutdown::Clean => "clean",
                Shutdown::Torn => "torn",
                _ => "unclean",
            },
            mode: if info.mode == Mode::Shared { "shared" } else { "atomic" },
            epoch: info.epoch,
            waiting_commits: info.waiting_commits,
            journal_bytes: info.journal_bytes,
            data_offset_bytes: info.data_offset_bytes,
            file_bytes: disk.len(),
            disk_bytes: disk_bytes(disk),
            app_magic: app_magic(info.app_magic),
            app_version: (version != [0; 3])
                .then(|| version.map(|part| part.to_string()).join(".")),
            architecture: info.architecture,
            pointer_bytes: info.pointer_bytes,
            writer: info.writer,
            created_unix_ms: info
                .created
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_millis() as u64),
            fields,
            fields_left_out,
        }
    }

    /// Whether the file was made on a machine of the other byte order, and that matters.
    pub(super) fn is_foreign(&self) -> bool {
        self.byte_order_matters && self.byte_order != ByteOrder::NATIVE.to_string()
    }
}

#[cfg(unix)]
fn disk_bytes(disk: &Metadata) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;

    // The unit is that of POSIX, whatever the file system's blocks are.
    Some(disk.blocks() * 512)
}

#[cfg(not(unix))]
fn disk_bytes(_: &Metadata) -> Option<u64> {
    None
}

/// Zeros stand for none; others may be text or not.
fn app_magic(magic: [u8; 8]) -> Option<String> {
    let end = magic.iter().rposition(|&byte| byte != 0)? + 1;
    Some(magic[..end].escape_ascii().to_string())
}

/// The fields of a type, and whether there are more.
pub(super) fn fields(root: TypeRef<'_>) -> (Vec<FieldReport>, bool) {
    let mut found = Vec::new();
    add(&mut found, "", 0, root);
    let has_more = found.len() > MOST_FIELDS;
    found.truncate(MOST_FIELDS);
    (found, has_more)
}

fn add(found: &mut Vec<FieldReport>, path: &str, offset_bytes: u64, ty: TypeRef<'_>) {
    let (inner, suffix) = innermost(ty);
    if let Kind::Struct { fields, .. } = inner.kind() {
        if !suffix.is_empty() {
            found.push(leaf(path, offset_bytes, ty));
        }
        for field in fields {
            let dot = if path.is_empty() && suffix.is_empty() { "" } else { "." };
            let path = format!("{path}{suffix}{dot}{}", field.name.escape_debug());
            if found.len() > MOST_FIELDS {
                return;
            }
            add(found, &path, offset_bytes + field.offset_bytes, field.ty);
        }
    } else {
        found.push(leaf(path, offset_bytes, ty));
    }
}

fn leaf(path: &str, offset_bytes: u64, ty: TypeRef<'_>) -> FieldReport {
    let mut variants: Vec<_> = match innermost(ty).0.kind() {
        Kind::Enum { variants, .. } => variants
            .map(|it| VariantReport {
                name: it.name.escape_debug().to_string(),
                discriminant: it.discriminant,
            })
            .collect(),
        _ => Vec::new(),
    };
    variants.sort_by_key(|it| it.discriminant);
    FieldReport {
        path: path.to_owned(),
        offset_bytes,
        size_bytes: ty.size_bytes(),
        type_name: ty.to_string(),
        variants,
    }
}

/// What an array of arrays has in the end, and `[]` for each.
fn innermost(ty: TypeRef<'_>) -> (TypeRef<'_>, String) {
    let (mut ty, mut suffix) = (ty, String::new());
    while let Kind::Array { item, .. } = ty.kind() {
        (ty, suffix) = (item, suffix + "[]");
    }
    (ty, suffix)
}
