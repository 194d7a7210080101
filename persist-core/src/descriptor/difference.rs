//! What differs between two types, as rows that a person can act on.
//!
//! Structs are compared by the names of their fields, enums by the names of their variants. The
//! one promise that others build on: types that differ in any byte of their descriptors have at
//! least one row. Each kind of node therefore compares everything that it encodes.

mod table;

use std::collections::{HashMap, HashSet};
use std::fmt::Display;

pub(crate) use table::{Differences, cut};

use super::display::{Argument, Bytes, Repr, TypeText};
use super::node::{ConstArg, Enum, Field, Node, Struct};

/// Text past this many bytes isn't kept: a hostile descriptor could else make paths of 1 MiB for
/// each of its fields.
const MOST_TEXT_BYTES: usize = 1 << 20;

/// One place where the layout in a file and the layout of a program differ.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What differs: ``field `pos.x` ``, ``variant `Buy` of `side` ``, `size`.
    pub subject: String,
    /// How it is in the file; `None` where the file has no such thing.
    pub file: Option<String>,
    /// How it is in the program; `None` where the program has no such thing.
    pub program: Option<String>,
}

/// Where two types differ, the file's and the program's; empty exactly when they are equal.
pub(super) fn between(file: &Node, program: &Node) -> Vec<Difference> {
    let mut found = Collector::default();
    let root = Place::root();
    if comparable(file, program) {
        found.types(&root, file, program);
    } else {
        let texts = type_texts(file, program, false);
        found.change(|| "element".into(), Some(texts.0), Some(texts.1));
    }
    found.part(&root, "size", file.size_bytes(), program.size_bytes(), Bytes);
    found.finish()
}

/// Whether to compare the two part by part: they have parts with names in common, or are equal.
fn comparable(file: &Node, program: &Node) -> bool {
    match (file, program) {
        (Node::Struct(file), Node::Struct(program)) => {
            let (left, right) = (&file.fields, &program.fields);
            file.name == program.name || share_a_name(left, right, |field| &field.name)
        }
        (Node::Enum(file), Node::Enum(program)) => {
            let (left, right) = (&file.variants, &program.variants);
            file.name == program.name || share_a_name(left, right, |variant| &variant.name)
        }
        (Node::Array(file), Node::Array(program)) => {
            file.len == program.len && comparable(&file.element, &program.element)
        }
        _ => file == program,
    }
}

fn share_a_name<T>(left: &[T], right: &[T], name: impl Fn(&T) -> &str) -> bool {
    let names: HashSet<&str> = left.iter().map(&name).collect();
    right.iter().any(|of| names.contains(name(of)))
}

/// The texts of two types. Where the types aren't comparable the texts differ, by what kind of type
/// each is if need be.
fn type_texts(file: &Node, program: &Node, comparable: bool) -> (String, String) {
    let (file_text, program_text) = (typed(file), typed(program));
    if comparable || file_text != program_text {
        return (file_text, program_text);
    }
    let with_kind = |node| TypeText { node, with_kinds: true }.to_string();
    (with_kind(file), with_kind(program))
}

/// A type within the element, in both layouts.
#[derive(Clone, Copy)]
struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    step: Step<'a>,
    /// Where it begins in an element of the file; within an array, its first item.
    file_bytes: u64,
    program_bytes: u64,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Items,
}

impl<'a> Place<'a> {
    fn root() -> Self {
        Self { parent: None, step: Step::Root, file_bytes: 0, program_bytes: 0 }
    }

    /// A field; where one side lacks it, the other stands for both.
    fn field(&'a self, file: &'a Field, program: &'a Field) -> Self {
        Self {
            parent: Some(self),
            step: Step::Field(&file.name),
            file_bytes: self.file_bytes + file.offset_bytes,
            program_bytes: self.program_bytes + program.offset_bytes,
        }
    }

    fn items(&'a self) -> Self {
        Self { parent: Some(self), step: Step::Items, ..*self }
    }

    /// `legs[].side`; empty for the root.
    fn path(&self) -> String {
        let mut path = self.parent.map(Self::path).unwrap_or_default();
        match self.step {
            Step::Root => {}
            Step::Items => path.push_str("[]"),
            Step::Field(name) => {
                path.push_str(if path.is_empty() { "" } else { "." });
                path.extend(name.escape_debug());
            }
        }
        path
    }

    /// `version`, or ``version of `pos` ``.
    fn subject(&self, what: impl Display) -> String {
        match self.path() {
            path if path.is_empty() => what.to_string(),
            path => format!("{what} of `{path}`"),
        }
    }

    fn field_subject(&self) -> String {
        format!("field `{}`", self.path())
    }
}

/// What a row says of one side; `None` where that side lacks the subject.
type Side = Option<String>;

/// What a row tells its reader.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Follows from the changes, and may be long: fields that merely moved, and padding.
    Consequence,
    /// Something that somebody changed.
    Change,
}

/// Gathers the rows, those of each rank apart.
#[derive(Default)]
struct Collector {
    changes: Vec<Difference>,
    consequences: Vec<Difference>,
    /// Every row found, also those not kept.
    count: usize,
    text_bytes: usize,
}

impl Collector {
    fn finish(mut self) -> Vec<Difference> {
        self.changes.append(&mut self.consequences);
        self.changes
    }

    fn change(&mut self, subject: impl FnOnce() -> String, file: Side, program: Side) {
        self.row(Rank::Change, subject, file, program);
    }

    /// Counts a row, and makes it if there is room: subjects grow with the depth of the types.
    fn row(&mut self, rank: Rank, subject: impl FnOnce() -> String, file: Side, program: Side) {
        self.count += 1;
        if self.text_bytes >= MOST_TEXT_BYTES {
            return;
        }
        let row = Difference { subject: subject(), file, program };
        let texts = [Some(&row.subject), row.file.as_ref(), row.program.as_ref()];
        self.text_bytes += texts.into_iter().flatten().map(String::len).sum::<usize>();
        match rank {
            Rank::Change => self.changes.push(row),
            Rank::Consequence => self.consequences.push(row),
        }
    }

    /// A row for this part of the type at `place`, where the two differ.
    fn part<T: PartialEq, D: Display>(
        &mut self,
        place: &Place<'_>,
        what: &str,
        file: T,
        program: T,
        text: impl Fn(T) -> D,
    ) {
        if file != program {
            let texts = (text(file).to_string(), text(program).to_string());
            self.change(|| place.subject(what), Some(texts.0), Some(texts.1));
        }
    }

    /// Compares types that are comparable.
    fn types(&mut self, place: &Place<'_>, file: &Node, program: &Node) {
        match (file, program) {
            (Node::Struct(file), Node::Struct(program)) => self.structs(place, file, program),
            (Node::Enum(file), Node::Enum(program)) => self.enums(place, file, program),
            (Node::Array(file), Node::Array(program)) => {
                self.types(&place.items(), &file.element, &program.element);
            }
            _ => debug_assert_eq!(file, program, "scalars are comparable where they are equal"),
        }
    }

    fn structs(&mut self, place: &Place<'_>, file: &Struct, program: &Struct) {
        let count = self.count;
        self.part(place, "type", &file.name, &program.name, |name| name.escape_debug());
        self.part(place, "version", file.version, program.version, |version| version);
        self.const_args(place, &file.args, &program.args);
        self.fields(place, &file.fields, &program.fields);
        if self.count == count && file != program {
            self.field_order(place, &file.fields, &program.fields);
        }
    }

    fn const_args(&mut self, place: &Place<'_>, file: &[ConstArg], program: &[ConstArg]) {
        for i in 0..file.len().max(program.len()) {
            let (file, program) = (file.get(i), program.get(i));
            if file != program {
                let text = |arg: Option<&ConstArg>| arg.map(|arg| Argument(arg).to_string());
                let what = format!("const argument {}", i + 1);
                self.change(|| place.subject(what), text(file), text(program));
            }
        }
    }

    fn fields(&mut self, place: &Place<'_>, file: &[Field], program: &[Field]) {
        let in_file: HashSet<&str> = file.iter().map(|field| &*field.name).collect();
        let in_program: HashMap<&str, &Field> =
            program.iter().map(|field| (&*field.name, field)).collect();
        for field in file {
            match in_program.get(&*field.name) {
                Some(other) => self.field(&place.field(field, other), field, other),
                None => {
                    let here = place.field(field, field);
                    let text = placed(typed(&field.node), here.file_bytes);
                    self.row(rank(&field.node), || here.field_subject(), Some(text), None);
                }
            }
        }
        for field in program.iter().filter(|field| !in_file.contains(&*field.name)) {
            let here = place.field(field, field);
            let text = placed(typed(&field.node), here.program_bytes);
            self.row(rank(&field.node), || here.field_subject(), None, Some(text));
        }
    }

    /// A field that both have.
    fn field(&mut self, here: &Place<'_>, file: &Field, program: &Field) {
        let same_type = comparable(&file.node, &program.node);
        if same_type {
            self.types(here, &file.node, &program.node);
        }
        // Where a struct and its field moved against each other, the struct's row is enough.
        let moved =
            file.offset_bytes != program.offset_bytes && here.file_bytes != here.program_bytes;
        if same_type && !moved {
            return;
        }
        let rank =
            if same_type { Rank::Consequence } else { rank(&file.node).max(rank(&program.node)) };
        let texts = type_texts(&file.node, &program.node, same_type);
        let texts = (placed(texts.0, here.file_bytes), placed(texts.1, here.program_bytes));
        self.row(rank, || here.field_subject(), Some(texts.0), Some(texts.1));
    }

    /// Fields without bytes can change places at one offset, which no other row shows.
    fn field_order(&mut self, place: &Place<'_>, file: &[Field], program: &[Field]) {
        let mut pairs = file.iter().zip(program);
        if let Some((file, program)) = pairs.find(|(file, program)| file.name != program.name) {
            let text = |field: &Field| Some(format!("`{}` first", field.name.escape_debug()));
            self.change(|| place.subject("order of fields"), text(file), text(program));
        }
    }

    fn enums(&mut self, place: &Place<'_>, file: &Enum, program: &Enum) {
        self.part(place, "type", &file.name, &program.name, |name| name.escape_debug());
        self.part(place, "version", file.version, program.version, |version| version);
        let repr = |of: &Enum| (of.signed, of.width_bytes);
        if repr(file) != repr(program) {
            let texts = (Repr(file).to_string(), Repr(program).to_string());
            self.change(|| place.subject("repr"), Some(texts.0), Some(texts.1));
        }
        self.variants(place, file, program);
    }

    fn variants(&mut self, place: &Place<'_>, file: &Enum, program: &Enum) {
        let (in_file, in_program) = (discriminants(file), discriminants(program));
        let added = program.variants.iter().filter(|variant| !in_file.contains_key(&*variant.name));
        for name in file.variants.iter().chain(added).map(|variant| &*variant.name) {
            let (file, program) = (in_file.get(name), in_program.get(name));
            if file != program {
                let what = format!("variant `{}`", name.escape_debug());
                let text = |tag: Option<&i128>| tag.map(i128::to_string);
                self.change(|| place.subject(what), text(file), text(program));
            }
        }
    }
}

fn discriminants(of: &Enum) -> HashMap<&str, i128> {
    of.variants.iter().map(|variant| (&*variant.name, of.discriminant(variant.tag))).collect()
}

fn rank(field: &Node) -> Rank {
    if matches!(field, Node::Padding { .. }) { Rank::Consequence } else { Rank::Change }
}

fn typed(node: &Node) -> String {
    TypeText { node, with_kinds: false }.to_string()
}

/// `f32 @8`.
fn placed(type_text: String, offset_bytes: u64) -> String {
    format!("{type_text} @{offset_bytes}")
}
