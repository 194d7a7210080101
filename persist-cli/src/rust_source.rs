//! A type as Rust source: what a program derives `Persist` on to open the file.
//!
//! The types that a type is made of come before it. Names in a file may be anything: those that are no
//! identifiers of Rust get one, and keep theirs by `rename`.

mod defaults;
mod names;
mod place;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use persist_core::reflect::{Class, Field, Kind, TypeRef};
use persist_core::{ByteOrder, Descriptor};

use defaults::{default_variant, has_default};
use names::{Names, is_named};
use place::Packing;

/// The source of a type, with everything that it needs.
pub(crate) fn rust_source(descriptor: &Descriptor) -> String {
    let mut source = Source::default();
    let root = source.ty(descriptor.root());
    let mut text = format!("// Fingerprint: {}\n", descriptor.fingerprint());
    source.notes.iter().for_each(|note| text += &format!("// {note}\n"));
    text.push('\n');
    text += &source.imports();
    text += &source.items.join("\n");
    if source.last != root || root.contains('<') {
        // It is no struct or enum that was just written, or is generic.
        let separator = if source.items.is_empty() { "" } else { "\n" };
        text += &format!("{separator}pub type Element = {root};\n");
    }
    text
}

/// What was written so far.
#[derive(Default)]
struct Source<'a> {
    /// Structs, enums and markers.
    items: Vec<String>,
    /// Their types, each with what it is called.
    known: HashMap<TypeRef<'a>, String>,
    /// What the last of them is called.
    last: String,
    names: Names,
    imports: BTreeSet<&'static str>,
    notes: BTreeSet<&'static str>,
}

impl<'a> Source<'a> {
    /// The lines that bring in what others have.
    fn imports(&self) -> String {
        let of_core = self.imports.iter().filter_map(|it| it.strip_prefix("persist_core::"));
        let of_core: Vec<_> = of_core.collect();
        let mut text = match &*of_core {
            [] => String::new(),
            [one] => format!("use persist_core::{one};\n"),
            many => format!("use persist_core::{{{}}};\n", many.join(", ")),
        };
        for import in self.imports.iter().filter(|import| import.starts_with("std::")) {
            text += &format!("use {import};\n");
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }

    /// What a type is called, after writing it if it has to be.
    fn ty(&mut self, ty: TypeRef<'a>) -> String {
        match ty.kind() {
            Kind::Primitive { class, order } => self.primitive(ty, class, order),
            Kind::Array { item, len } => format!("[{}; {len}]", self.ty(item)),
            Kind::Padding => {
                self.imported("persist_core::Pad", format!("Pad<{}>", ty.size_bytes()))
            }
            Kind::FixedStr => {
                self.imported("persist_core::FixedStr", format!("FixedStr<{}>", ty.size_bytes()))
            }
            Kind::Phantom => {
                let name = self.item(ty, Self::marker);
                self.imported("std::marker::PhantomData", format!("PhantomData<{name}>"))
            }
            Kind::Struct { .. } => self.item(ty, Self::structure),
            Kind::Enum { .. } => self.item(ty, Self::enumeration),
            Kind::Opaque { .. } => self.item(ty, Self::opaque),
            _ => self.unknown(ty),
        }
    }

    fn primitive(&mut self, ty: TypeRef<'a>, class: Class, order: Option<ByteOrder>) -> String {
        let name = ty.to_string();
        if let Some(order) = order {
            self.notes.insert("Needs persist-core's feature \"zerocopy\", and the crate zerocopy.");
            let (module, order) = match order {
                ByteOrder::Little => ("little_endian", "LE"),
                ByteOrder::Big => ("big_endian", "BE"),
            };
            let plain = name.replace(&format!("<{order}>"), "");
            return format!("zerocopy::byteorder::{module}::{plain}");
        }
        match (class, ty.size_bytes()) {
            (Class::Float, 2) | (Class::BFloat, _) => {
                self.notes.insert("Needs persist-core's feature \"half\", and the crate half.");
                format!("half::{name}")
            }
            _ if name.contains("NonZero") => self.imported("std::num::NonZero", name),
            _ => name,
        }
    }

    fn imported(&mut self, import: &'static str, text: String) -> String {
        self.imports.insert(import);
        text
    }

    /// What a type is called that has an item of its own, after writing that.
    fn item(&mut self, ty: TypeRef<'a>, write: fn(&mut Self, TypeRef<'a>, &str)) -> String {
        if let Some(name) = self.known.get(&ty) {
            return name.clone();
        }
        if let (Kind::Phantom, true) = (ty.kind(), names::is_scalar(ty.name())) {
            return ty.name().to_owned();
        }
        let name = self.names.new_type(ty.name());
        write(self, ty, &name);
        let arguments = match ty.kind() {
            Kind::Struct { args, .. } if args.len() > 0 => {
                let values: Vec<_> = args.map(|arg| names::argument(arg).1).collect();
                format!("<{}>", values.join(", "))
            }
            _ => String::new(),
        };
        self.last = name + &arguments;
        self.known.insert(ty, self.last.clone());
        self.last.clone()
    }

    /// A type that only has a name.
    fn marker(&mut self, ty: TypeRef<'a>, name: &str) {
        self.imports.insert("persist_core::TypeName");
        self.items.push(format!(
            "#[derive(Clone, Copy)]\npub struct {name};\n\n\
             impl TypeName for {name} {{\n    const NAME: &'static str = {:?};\n}}\n",
            ty.name()
        ));
    }

    /// A foreign type that isn't a field.
    fn opaque(&mut self, ty: TypeRef<'a>, name: &str) {
        let attribute = self.foreign(ty);
        let derive = self.derive(has_default(ty));
        self.items.push(format!(
            "{derive}#[persist(transparent)]\n#[repr(transparent)]\npub struct {name}(\n    \
             // {FOREIGN}\n    #[persist({attribute})] pub [u8; {}],\n);\n",
            ty.size_bytes()
        ));
    }

    /// `pod = "name"`
    fn foreign(&mut self, ty: TypeRef<'a>) -> String {
        self.notes.insert(
            "Types of other crates are bytes here; put the types in their place. They need the crate bytemuck.",
        );
        let is_pod = matches!(ty.kind(), Kind::Opaque { any_bits: true });
        format!("{} = {:?}", if is_pod { "pod" } else { "checked" }, ty.name())
    }

    /// What every type of ours can derive, and `Default`, where a migration finds what it fills new fields with.
    fn derive(&mut self, has_default: bool) -> &'static str {
        self.imports.insert("persist_core::Persist");
        match has_default {
            true => "#[derive(Debug, Clone, Copy, Default, Persist)]\n",
            false => "#[derive(Debug, Clone, Copy, Persist)]\n",
        }
    }

    fn enumeration(&mut self, ty: TypeRef<'a>, name: &str) {
        let Kind::Enum { version, signed, variants, .. } = ty.kind() else { return };
        let sign = if signed { 'i' } else { 'u' };
        let mut text = format!(
            "{}{}#[repr({sign}{})]\npub enum {name} {{\n",
            self.derive(has_default(ty)),
            attributes(name, ty.name(), version),
            8 * ty.size_bytes()
        );
        let default = default_variant(ty);
        let mut names = Names::default();
        for variant in variants {
            let name = names.identifier(variant.name, "Variant");
            // Writing to a String does not fail.
            let _ = writeln!(
                text,
                "{}{}    {name} = {},",
                if default == Some(variant.discriminant) { "    #[default]\n" } else { "" },
                rename(&name, variant.name),
                variant.discriminant
            );
        }
        self.items.push(text + "}\n");
    }

    fn structure(&mut self, ty: TypeRef<'a>, name: &str) {
        let Kind::Struct { version, args, fields, .. } = ty.kind() else { return };
        let is_tuple = fields.len() > 0
            && fields.clone().enumerate().all(|(i, field)| field.name == i.to_string());
        let lines: Vec<_> = self.fields(fields, is_tuple);
        let parameters: Vec<_> = args.map(|arg| names::argument(arg).0).collect();
        let parameters = if parameters.is_empty() {
            String::new()
        } else {
            format!("<{}>", parameters.join(", "))
        };
        let (open, close) = if is_tuple { ("(", ");") } else { (" {", "}") };
        let derive = self.derive(has_default(ty));
        self.items.push(format!(
            "{derive}{}#[repr({})]\npub struct {name}{parameters}{open}\n{}{close}\n",
            attributes(name, ty.name(), version),
            Packing::of(ty),
            lines.concat(),
        ));
    }

    fn fields(&mut self, fields: impl Iterator<Item = Field<'a>>, is_tuple: bool) -> Vec<String> {
        let mut names = Names::default();
        fields
            .map(|field| {
                let (foreign, ty) = match field.ty.kind() {
                    Kind::Opaque { .. } => {
                        let attribute = self.foreign(field.ty);
                        let bytes = format!("[u8; {}]", field.ty.size_bytes());
                        (format!("    // {FOREIGN}\n    #[persist({attribute})]\n"), bytes)
                    }
                    _ => (String::new(), self.ty(field.ty)),
                };
                if is_tuple {
                    return format!("{foreign}    pub {ty},\n");
                }
                let name = names.identifier(field.name, "field");
                format!("{foreign}{}    pub {name}: {ty},\n", rename(&name, field.name))
            })
            .collect()
    }

    /// A type that only a newer library knows.
    fn unknown(&mut self, ty: TypeRef<'a>) -> String {
        format!("[u8; {}]", ty.size_bytes())
    }
}

/// What stands beside bytes in the place of another crate's type.
const FOREIGN: &str = "Another crate's type goes here.";

/// What `#[persist]` says of a type.
fn attributes(name: &str, original: &str, version: u64) -> String {
    let mut keys = Vec::new();
    if !is_named(name, original) {
        keys.push(format!("rename = {original:?}"));
    }
    if version != 0 {
        keys.push(format!("version = {version}"));
    }
    if keys.is_empty() { String::new() } else { format!("#[persist({})]\n", keys.join(", ")) }
}

/// What `#[persist]` says of a field or a variant.
fn rename(name: &str, original: &str) -> String {
    if is_named(name, original) {
        String::new()
    } else {
        format!("    #[persist(rename = {original:?})]\n")
    }
}
