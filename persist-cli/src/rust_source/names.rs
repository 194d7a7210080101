//! Identifiers of Rust for names that may be anything.

use std::collections::{HashMap, HashSet};

use persist_core::reflect::ConstArg;

/// Names that types can't have here: other things are called so.
const TAKEN: [&str; 12] = [
    "Element",
    "FixedStr",
    "NonZero",
    "Option",
    "Pad",
    "Persist",
    "PhantomData",
    "TypeName",
    "half",
    "persist_core",
    "std",
    "zerocopy",
];

/// Identifiers that can't be taken again.
#[derive(Default)]
pub(super) struct Names {
    taken: HashSet<String>,
    /// How often each was asked for.
    counts: HashMap<String, u64>,
}

impl Names {
    /// An identifier for a type.
    pub(super) fn new_type(&mut self, original: &str) -> String {
        if TAKEN.contains(&original) || is_scalar(original) {
            return self.identifier(&format!("{original}_"), "Type");
        }
        self.identifier(original, "Type")
    }

    /// A new identifier that is like a name, or begins with `prefix`.
    pub(super) fn identifier(&mut self, original: &str, prefix: &str) -> String {
        let name = like(original, prefix);
        loop {
            let count = self.counts.entry(name.clone()).or_default();
            *count += 1;
            let unique = if *count == 1 { name.clone() } else { format!("{name}_{count}") };
            if self.taken.insert(unique.clone()) {
                return if KEYWORDS.contains(&&*unique) { format!("r#{unique}") } else { unique };
            }
        }
    }
}

/// An identifier that is like a name, but for keywords.
fn like(original: &str, prefix: &str) -> String {
    let allowed = |char: char| char == '_' || unicode_ident::is_xid_continue(char);
    let mut name: String = original.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
    let starts = |char: char| char == '_' || unicode_ident::is_xid_start(char);
    if !name.starts_with(starts) || name.bytes().all(|byte| byte == b'_') {
        name.insert_str(0, prefix);
    }
    // Rust has no raw identifiers of these names.
    if ["crate", "self", "super", "Self"].contains(&&*name) {
        name.push('_');
    }
    name
}

/// Whether a file that was made from this identifier has this name. Rust normalises what isn't ASCII.
pub(super) fn is_named(identifier: &str, name: &str) -> bool {
    name.is_ascii() && identifier.strip_prefix("r#").unwrap_or(identifier) == name
}

/// Whether Rust calls a scalar so, which needs no item.
pub(super) fn is_scalar(name: &str) -> bool {
    const SCALARS: [&str; 14] = [
        "u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32", "i64", "i128", "f32", "f64", "bool",
        "char",
    ];
    SCALARS.contains(&name)
}

/// A const parameter, and the argument for it. The file has the value, but not its type: any that is wide enough
/// makes the same descriptor.
pub(super) fn argument(arg: ConstArg<'_>) -> (String, String) {
    let name = Names::default().identifier(arg.name, "N");
    let signed = arg.bits as i128;
    match u64::try_from(arg.bits) {
        Ok(_) => (format!("const {name}: u64"), arg.bits.to_string()),
        Err(_) if signed < 0 => (format!("const {name}: i128"), format!("{{ {signed} }}")),
        Err(_) => (format!("const {name}: u128"), arg.bits.to_string()),
    }
}

/// Strict and reserved, of every edition up to 2024.
const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];
