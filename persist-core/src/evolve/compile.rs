//! From two types to the operations that make one of the other.
//!
//! Structs are matched by the names of their fields, enums by the names of their variants. Time and memory are
//! proportional to the two descriptors, whatever sizes and lengths they claim: an array is a loop.

mod enums;
mod scalars;

use std::collections::{HashMap, HashSet};

use super::aliases::Aliases;
use super::incompatible::{Incompatible, Problem, with_names};
use super::kernel::Dim;
use super::number::Scalar;
use super::op::{Checked, Convert, Move, Op, PlaceId, Program, Step, Test};
use super::relation::{Changes, Relation};
use super::run::each_item;
use crate::byte_order::ByteOrder;
use crate::descriptor::node::{Array, Field, Node, Struct};
use crate::descriptor::{Argument, Descriptor, TypeText, known_fault};

/// Where fields come from that the file lacks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Defaults<'a> {
    /// Nowhere.
    None,
    /// There are some, as yet unknown: the operations can't be run.
    Assumed,
    /// An element of the target.
    Bytes(&'a [u8]),
}

/// The two sides of a conversion.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) file: (&'a Descriptor, ByteOrder),
    pub(super) target: (&'a Descriptor, ByteOrder),
}

pub(super) fn compile(
    sides: Sides<'_>,
    aliases: Aliases,
    defaults: Defaults<'_>,
) -> Result<(Program, Changes), Incompatible> {
    let (file, target) = (sides.file.0.node(), sides.target.0.node());
    let mut compiler = Compiler {
        file_order: sides.file.1,
        target_order: sides.target.1,
        defaults,
        program: Program::default(),
        changes: Changes::new(Relation::Identical),
        obstacles: Incompatible::none(),
        swaps_bytes: false,
    };
    if let Some(problem) = sizes(file).or_else(|| sizes(target)) {
        compiler.obstacles.add(String::new, || problem);
        return Err(compiler.obstacles);
    }
    if sides.file.0 != sides.target.0 {
        compiler.changes.raise(Relation::Relabel);
    }
    if file.size_bytes() != target.size_bytes() {
        compiler.changes.raise(Relation::Convert);
    }
    compiler.types(&At::ROOT, file, target, aliases);
    if compiler.swaps_bytes {
        let orders = format!("{} → {}", sides.file.1, sides.target.1);
        compiler.changes.add(Relation::Convert, || "byte order".into(), orders);
    }
    match compiler.obstacles.reasons.is_empty() {
        true => Ok((compiler.program, compiler.changes)),
        false => Err(compiler.obstacles),
    }
}

/// Why elements of this size can't be converted.
fn sizes(node: &Node) -> Option<Problem> {
    match node.size_bytes() {
        0 => Some(Problem::NoBytes),
        size if size > isize::MAX as u64 => Some(Problem::TooLarge),
        _ => None,
    }
}

struct Compiler<'a> {
    file_order: ByteOrder,
    target_order: ByteOrder,
    defaults: Defaults<'a>,
    program: Program,
    changes: Changes,
    obstacles: Incompatible,
    /// Whether a number is in another order on the other side because the files are.
    swaps_bytes: bool,
}

/// A type within the element, on both sides.
#[derive(Clone, Copy)]
struct At<'a> {
    parent: Option<&'a At<'a>>,
    /// The field's name in the target, or items of an array; `None` for the root.
    name: Option<Name<'a>>,
    place: Option<PlaceId>,
    /// Where it begins in an element; within arrays, where it does so in the first item.
    from: usize,
    to: usize,
    /// Whether the items of all arrays around it are as far apart on both sides.
    aligned: bool,
}

#[derive(Clone, Copy)]
enum Name<'a> {
    Field(&'a str),
    Items,
}

impl<'a> At<'a> {
    const ROOT: At<'static> =
        At { parent: None, name: None, place: None, from: 0, to: 0, aligned: true };

    /// `legs[].side`; empty for the root.
    fn path(&self) -> String {
        let mut path = self.parent.map(At::path).unwrap_or_default();
        match self.name {
            None => {}
            Some(Name::Items) => path.push_str("[]"),
            Some(Name::Field(name)) => {
                path.push_str(if path.is_empty() { "" } else { "." });
                path.extend(name.escape_debug());
            }
        }
        path
    }

    /// ``field `legs[].side` ``.
    fn subject(&self) -> String {
        match self.path() {
            path if path.is_empty() => "element".into(),
            path => format!("field `{path}`"),
        }
    }

    /// Something within it that one side lacks.
    fn part(&'a self, name: &'a str, from: u64, to: u64) -> Self {
        let (from, to) = (self.from + bytes(from), self.to + bytes(to));
        At { parent: Some(self), name: Some(Name::Field(name)), from, to, ..*self }
    }

    /// Whether it stands where it stood.
    fn stays(&self) -> bool {
        self.aligned && self.from == self.to
    }
}

/// A size or offset within an element: elements are checked to be addressable.
fn bytes(number: u64) -> usize {
    usize::try_from(number).expect("a part of an element is no larger than it")
}

fn text(node: &Node) -> TypeText<'_> {
    TypeText { node, with_kinds: false }
}

/// The texts of two types that differ, if need be by what kind of type each is.
fn texts(file: &Node, target: &Node) -> (String, String) {
    let texts = |with_kinds| {
        let text = |node| TypeText { node, with_kinds }.to_string();
        (text(file), text(target))
    };
    let plain = texts(false);
    if plain.0 == plain.1 { texts(true) } else { plain }
}

/// Whether bytes of this type say anything.
fn is_informative(node: &Node) -> bool {
    match node {
        Node::Padding { .. } => false,
        Node::Array(of) => of.size_bytes > 0 && is_informative(&of.element),
        Node::Struct(of) => of.fields.iter().any(|field| is_informative(&field.node)),
        scalar => scalar.size_bytes() > 0,
    }
}

/// Whether every bit pattern is a value, by the rules that the format knows.
fn has_any_bits(node: &Node) -> bool {
    match node {
        Node::Primitive(of) => Scalar::new(*of, ByteOrder::NATIVE).has_any_bits(),
        Node::Array(of) => has_any_bits(&of.element),
        Node::Struct(of) => of.fields.iter().all(|field| has_any_bits(&field.node)),
        Node::Enum(_) | Node::FixedStr { .. } => false,
        Node::Padding { .. } | Node::Phantom { .. } | Node::Opaque(_) => true,
    }
}

/// Whether zeros are a value. What only its own crate knows isn't said to be.
fn has_zero(node: &Node) -> bool {
    match node {
        Node::Primitive(of) => Scalar::new(*of, ByteOrder::NATIVE).has_zero(),
        Node::Array(of) => of.size_bytes == 0 || has_zero(&of.element),
        Node::Struct(of) => of.fields.iter().all(|field| has_zero(&field.node)),
        Node::Enum(of) => of.variants.first().is_some_and(|least| least.tag == 0),
        Node::Padding { .. } | Node::FixedStr { .. } | Node::Phantom { .. } => true,
        Node::Opaque(of) => of.any_bits,
    }
}

impl Compiler<'_> {
    fn obstacle(&mut self, at: &At<'_>, problem: impl FnOnce() -> Problem) {
        self.obstacles.add(|| at.path(), problem);
    }

    fn change(&mut self, at: &At<'_>, relation: Relation, what: impl std::fmt::Display) {
        self.changes.add(relation, || at.subject(), what);
    }

    fn types(&mut self, at: &At<'_>, file: &Node, target: &Node, names: Aliases) {
        match (file, target) {
            (Node::Primitive(file), Node::Primitive(target)) => self.primitives(at, *file, *target),
            (Node::Array(file), Node::Array(target)) => self.arrays(at, file, target, names),
            (Node::Struct(file), Node::Struct(target)) => self.structs(at, file, target, names),
            (Node::Enum(file), Node::Enum(target)) => self.enums(at, file, target, names),
            (Node::FixedStr { size_bytes: file }, Node::FixedStr { size_bytes: target }) => {
                self.strings(at, bytes(*file), bytes(*target));
            }
            (Node::Opaque(file), Node::Opaque(target)) => self.opaques(at, file, target),
            (Node::Phantom { name: old }, Node::Phantom { name: new }) => {
                if old != new {
                    // A marker is all that its name says: metres are not feet.
                    let what = format!(
                        "{} → {}: it may mean something else",
                        old.escape_debug(),
                        new.escape_debug()
                    );
                    self.change(at, Relation::Lossy, what);
                }
            }
            (Node::Padding { .. }, Node::Padding { .. }) => {}
            _ => {
                let (file, target) = texts(file, target);
                self.obstacle(at, || Problem::Types { file, target });
            }
        }
    }

    fn version(&mut self, at: &At<'_>, file: u64, target: u64) {
        if file != target {
            let what = format!("version {file} → {target}: it may mean something else");
            self.change(at, Relation::Lossy, what);
        }
    }

    fn type_name(&mut self, at: &At<'_>, file: &str, target: &str) {
        if file != target {
            let what = format!("type {} → {}", file.escape_debug(), target.escape_debug());
            self.change(at, Relation::Relabel, what);
        }
    }

    fn add_move(&mut self, at: &At<'_>, kind: Move) {
        if !at.stays() {
            self.changes.raise(Relation::Convert);
        }
        if kind.bytes() > 0 {
            self.program.add_move(Op { kind, from: at.from, to: at.to, place: at.place });
        }
    }

    fn test(&mut self, at: &At<'_>, test: Test) {
        let op = Op { kind: Checked::Test(test), from: at.from, to: at.to, place: at.place };
        self.program.checked.push(op);
    }

    fn convert(&mut self, at: &At<'_>, convert: Convert) {
        let op = Op { kind: Checked::Convert(convert), from: at.from, to: at.to, place: at.place };
        self.program.checked.push(op);
    }
}

/// Arrays.
impl Compiler<'_> {
    fn arrays(&mut self, at: &At<'_>, file: &Array, target: &Array, names: Aliases) {
        let len = file.len.min(target.len);
        if len > 0 {
            self.items(at, file, target, len, names);
        }
        if file.len > target.len && is_informative(&file.element) {
            let what = format!("[_; {}] → [_; {}]: the last items are lost", file.len, target.len);
            self.change(at, Relation::Lossy, what);
        }
        if file.len < target.len && is_informative(&target.element) {
            let what =
                format!("[_; {}] → [_; {}]: new items from the default", file.len, target.len);
            let to = at.to + bytes(len * target.element.size_bytes());
            let rest = At { to, ..*at };
            self.fill(&rest, &target.element, target.len - len, what);
        }
    }

    /// The items that both have.
    fn items(&mut self, at: &At<'_>, file: &Array, target: &Array, len: u64, names: Aliases) {
        let (from, to) = (file.element.size_bytes(), target.element.size_bytes());
        if from == 0 && to == 0 {
            // Any number of items without bytes is as good as one.
            let items = At { parent: Some(at), name: Some(Name::Items), ..*at };
            return self.types(&items, &file.element, &target.element, names.items());
        }
        let dim = Dim { count: bytes(len), from_stride: bytes(from), to_stride: bytes(to) };
        let place = self.program.add_place(at.place, Step::Items(dim));
        let items = At {
            parent: Some(at),
            name: Some(Name::Items),
            place: Some(place),
            aligned: at.aligned && (from == to || len == 1),
            ..*at
        };
        let start = self.program.moves.len();
        self.types(&items, &file.element, &target.element, names.items());
        self.program.flatten(place, start, at.from, at.to);
    }
}

/// Structs.
impl Compiler<'_> {
    fn structs(&mut self, at: &At<'_>, file: &Struct, target: &Struct, names: Aliases) {
        let sources = sources(file, target, names);
        let says = |of: &Struct| of.fields.iter().any(|field| is_informative(&field.node));
        if says(file) && says(target) && sources.iter().all(Option::is_none) {
            let text =
                |of: &Struct| with_names(&of.name, of.fields.iter().map(|field| &*field.name));
            return self.obstacle(at, || Problem::NothingInCommon {
                file: text(file),
                target: text(target),
            });
        }
        self.type_name(at, &file.name, &target.name);
        self.version(at, file.version, target.version);
        if file.args != target.args {
            let args = |of: &Struct| {
                let args: Vec<String> =
                    of.args.iter().map(|arg| Argument(arg).to_string()).collect();
                format!("<{}>", args.join(", "))
            };
            let what = format!("{} → {}: it may mean something else", args(file), args(target));
            self.change(at, Relation::Lossy, what);
        }
        for (i, (field, source)) in target.fields.iter().zip(&sources).enumerate() {
            let (_, names) = names.field(i, &field.name);
            match *source {
                Some(source) => self.field(at, source, &file.fields[source], field, names),
                None => self.added(at, file, field),
            }
        }
        self.removed(at, file, &sources);
    }

    /// A field that both have, maybe under another name.
    fn field(&mut self, at: &At<'_>, index: usize, file: &Field, target: &Field, names: Aliases) {
        let place = self.program.add_place(at.place, Step::Field(index));
        let part = at.part(&target.name, file.offset_bytes, target.offset_bytes);
        let here = At { place: Some(place), ..part };
        let count = self.changes.count();
        if file.name != target.name {
            let what = format!("was `{}`", file.name.escape_debug());
            self.change(&here, Relation::Relabel, what);
        }
        self.types(&here, &file.node, &target.node, names);
        let moved = file.offset_bytes != target.offset_bytes && here.from != here.to;
        if moved && self.changes.count() == count && is_informative(&file.node) {
            self.changes.add_moved(|| here.subject(), here.from as u64, here.to as u64);
        }
    }

    /// A field that the file lacks.
    fn added(&mut self, at: &At<'_>, file: &Struct, target: &Field) {
        if !is_informative(&target.node) {
            return;
        }
        let here = at.part(&target.name, target.offset_bytes, target.offset_bytes);
        let fits = at.stays() && is_padding(file, target) && has_zero(&target.node);
        if fits && self.default_is_zero(&here, target) {
            self.change(
                &here,
                Relation::Relabel,
                "added where the file has padding, which must be zero",
            );
            let (bytes, becomes) = (bytes(target.node.size_bytes()), target.name.clone());
            return self.test(&here, Test::Zero { bytes, becomes });
        }
        self.fill(
            &here,
            &target.node,
            1,
            format!("added: {} from the default", text(&target.node)),
        );
    }

    fn removed(&mut self, at: &At<'_>, file: &Struct, sources: &[Option<usize>]) {
        let kept: HashSet<usize> = sources.iter().flatten().copied().collect();
        for (i, field) in file.fields.iter().enumerate() {
            if !kept.contains(&i) && is_informative(&field.node) {
                let here = at.part(&field.name, field.offset_bytes, 0);
                self.change(&here, Relation::Lossy, "removed: its values are lost");
            }
        }
    }
}

/// Defaults.
impl Compiler<'_> {
    /// Items that the file lacks, one after the other.
    fn fill(&mut self, at: &At<'_>, node: &Node, count: u64, what: String) {
        if let Defaults::None = self.defaults {
            let target = text(node).to_string();
            return self.obstacle(at, || Problem::NoDefault { target });
        }
        let (size, order) = (bytes(node.size_bytes()), self.target_order);
        let all_bytes = size * bytes(count);
        let fault = match has_any_bits(node) {
            true => None,
            false => self.find_default(at, all_bytes, |default| {
                default.chunks_exact(size).find_map(|item| known_fault(node, item, order))
            }),
        };
        if let Some(fault) = fault {
            let (expected, found) = (fault.expected, fault.found);
            return self.obstacle(at, || Problem::BadDefault { expected, found });
        }
        self.change(at, Relation::Convert, what);
        let kind = Move::Fill { bytes: all_bytes };
        self.program.add_move(Op { kind, from: at.to, to: at.to, place: at.place });
    }

    /// Looks at the default of each item of the arrays around this place, where defaults are known.
    fn find_default<T>(
        &self,
        at: &At<'_>,
        bytes: usize,
        mut find: impl FnMut(&[u8]) -> Option<T>,
    ) -> Option<T> {
        let Defaults::Bytes(defaults) = self.defaults else { return None };
        let dims: Vec<Dim> = self.program.loops(at.place).collect();
        let mut found = None;
        each_item(&dims, at.from, at.to, &mut |_, start| {
            found = found.take().or_else(|| find(&defaults[start..][..bytes]));
            true
        });
        found
    }

    fn default_is_zero(&self, at: &At<'_>, field: &Field) -> bool {
        let bytes = bytes(field.node.size_bytes());
        let is_zero = |default: &[u8]| default.iter().all(|&byte| byte == 0);
        self.find_default(at, bytes, |default| (!is_zero(default)).then_some(())).is_none()
    }
}

/// For each field of the target, the one of the file that it is made of: of its name, or of an earlier one that no
/// other field has now.
fn sources(file: &Struct, target: &Struct, names: Aliases) -> Vec<Option<usize>> {
    let is_padding = |field: &Field| matches!(field.node, Node::Padding { .. });
    let fields = file.fields.iter().enumerate().filter(|(_, field)| !is_padding(field));
    let in_file: HashMap<&str, usize> = fields.map(|(i, field)| (&*field.name, i)).collect();
    let by_name = |field: &Field| in_file.get(&*field.name).filter(|_| !is_padding(field)).copied();
    let mut sources: Vec<Option<usize>> = target.fields.iter().map(by_name).collect();
    let mut taken: HashSet<usize> = sources.iter().flatten().copied().collect();
    for (i, field) in target.fields.iter().enumerate() {
        if sources[i].is_none() && !is_padding(field) {
            let (aliases, _) = names.field(i, &field.name);
            let mut found = aliases.iter().filter_map(|alias| in_file.get(alias).copied());
            sources[i] = found.find(|&source| taken.insert(source));
        }
    }
    sources
}

/// Whether the file has nothing but padding where the field is in the target.
fn is_padding(file: &Struct, field: &Field) -> bool {
    let (start, end) = (field.offset_bytes, field.offset_bytes + field.node.size_bytes());
    let first = file.fields.partition_point(|of| of.offset_bytes + of.node.size_bytes() <= start);
    let mut there = file.fields[first..].iter().take_while(|of| of.offset_bytes < end);
    end <= file.size_bytes && there.all(|of| !is_informative(&of.node))
}
