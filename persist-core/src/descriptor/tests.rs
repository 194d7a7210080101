//! Properties of random descriptors, and what the tests of each part share: an encoder of trees,
//! and short ways to build them.

mod decode;
mod differences;
mod fault;
mod text;
mod value;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::Index;

use super::Descriptor;
use super::node::*;
use crate::byte_order::ByteOrder;
use crate::layout::{Class, Order, Primitive, tag};

/// The inverse of the decoder. Not [`Layout::encode`](crate::Layout): a second writing of the
/// grammar, so that a mistake in one shows.
pub(crate) fn encode(node: &Node) -> Vec<u8> {
    let mut out = Vec::new();
    encode_into(&mut out, node);
    out
}

fn encode_into(out: &mut Vec<u8>, node: &Node) {
    match node {
        Node::Primitive(of) => {
            out.extend([tag::PRIMITIVE, of.class as u8, of.width, of.order as u8])
        }
        Node::Array(of) => {
            out.push(tag::ARRAY);
            number(out, of.len.into());
            encode_into(out, &of.element);
        }
        Node::Struct(of) => encode_struct(out, of),
        Node::Enum(of) => encode_enum(out, of),
        Node::Padding { size_bytes } => {
            out.push(tag::PADDING);
            number(out, (*size_bytes).into());
        }
        Node::FixedStr { size_bytes } => {
            out.push(tag::FIXED_STR);
            number(out, (*size_bytes).into());
        }
        Node::Phantom { name } => {
            out.push(tag::PHANTOM);
            text(out, name);
        }
        Node::Opaque(of) => {
            out.push(tag::OPAQUE);
            text(out, &of.name);
            number(out, of.size_bytes.into());
            out.push(of.any_bits.into());
        }
    }
}

fn encode_struct(out: &mut Vec<u8>, of: &Struct) {
    out.push(tag::STRUCT);
    text(out, &of.name);
    number(out, of.version.into());
    number(out, of.size_bytes.into());
    number(out, of.args.len() as u128);
    for arg in &of.args {
        text(out, &arg.name);
        number(out, arg.value);
    }
    number(out, of.fields.len() as u128);
    for field in &of.fields {
        text(out, &field.name);
        number(out, field.offset_bytes.into());
        encode_into(out, &field.node);
    }
}

fn encode_enum(out: &mut Vec<u8>, of: &Enum) {
    out.push(tag::ENUM);
    text(out, &of.name);
    number(out, of.version.into());
    out.extend([of.signed.into(), of.width_bytes]);
    number(out, of.variants.len() as u128);
    for variant in &of.variants {
        text(out, &variant.name);
        number(out, variant.tag.into());
    }
}

fn number(out: &mut Vec<u8>, mut number: u128) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn text(out: &mut Vec<u8>, text: &str) {
    number(out, text.len() as u128);
    out.extend(text.as_bytes());
}

pub(crate) fn descriptor(root: &Node) -> Descriptor {
    Descriptor::decode(&encode(root)).expect("the tests build trees that the decoder accepts")
}

pub(crate) fn primitive(class: Class, width: u8) -> Node {
    Node::Primitive(Primitive { class, width, order: Order::Native })
}

pub(crate) fn unsigned(width: u8) -> Node {
    primitive(Class::Unsigned, width)
}

pub(crate) fn float(width: u8) -> Node {
    primitive(Class::Float, width)
}

pub(crate) fn array(element: Node, len: u64) -> Node {
    let size_bytes = len * element.size_bytes();
    Node::Array(Array { len, element: Box::new(element), size_bytes })
}

pub(crate) fn padding(size_bytes: u64) -> Node {
    Node::Padding { size_bytes }
}

pub(crate) fn phantom(name: &str) -> Node {
    Node::Phantom { name: name.into() }
}

pub(crate) fn opaque(name: &str, size_bytes: u64, any_bits: bool) -> Node {
    Node::Opaque(Opaque { name: name.into(), size_bytes, any_bits })
}

/// A struct of version 0 without const arguments, its fields one after the other.
pub(crate) fn structure(
    name: &str,
    fields: impl IntoIterator<Item = (&'static str, Node)>,
) -> Node {
    Node::Struct(tiled(name, fields))
}

pub(crate) fn tiled<N: Into<Box<str>>>(
    name: &str,
    fields: impl IntoIterator<Item = (N, Node)>,
) -> Struct {
    let mut size_bytes = 0;
    let place = |(name, node): (N, Node)| {
        let offset_bytes = size_bytes;
        size_bytes += node.size_bytes();
        Field { name: name.into(), offset_bytes, node }
    };
    let fields = fields.into_iter().map(place).collect();
    Struct { name: name.into(), version: 0, size_bytes, args: Vec::new(), fields }
}

/// A `repr(u8)` enum of version 0, the variants in ascending order.
pub(crate) fn enumeration(name: &str, variants: &[(&str, u64)]) -> Enum {
    let variant = |&(name, tag): &(&str, u64)| Variant { name: name.into(), tag };
    let variants = variants.iter().map(variant).collect();
    Enum { name: name.into(), version: 0, signed: false, width_bytes: 1, variants }
}

/// Few names, so that random types have some in common; some must be escaped.
const NAMES: [&str; 8] = ["a", "b", "c", "été", "u8", "struct a", "a\u{1b}[31m", "x`y"];

pub(crate) fn any_name() -> impl Strategy<Value = Box<str>> {
    any::<Index>().prop_map(|index| (*index.get(&NAMES)).into())
}

fn any_names(most: usize) -> impl Strategy<Value = Vec<Box<str>>> {
    btree_set(any_name(), 0..=most).prop_map(|names| names.into_iter().collect()).prop_shuffle()
}

/// Numbers of each length that LEB128 has.
fn any_number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64).prop_map(|(number, shift)| number >> shift)
}

pub(crate) fn any_primitive() -> impl Strategy<Value = Node> {
    let widths = [1, 2, 4, 8, 16].into_iter();
    let all: Vec<Node> = widths
        .flat_map(|width| Class::ALL.map(|class| (width, class)))
        .flat_map(|(width, class)| Order::ALL.map(|order| Primitive { class, width, order }))
        .filter(|primitive| primitive.name().is_some())
        .map(Node::Primitive)
        .collect();
    any::<Index>().prop_map(move |index| index.get(&all).clone())
}

fn any_enum() -> impl Strategy<Value = Node> {
    let names = any_names(4).prop_filter("at least one variant", |names| !names.is_empty());
    (any_name(), 0..3_u64, any::<bool>(), 0..4_u32, names, any::<[u64; 4]>()).prop_map(
        |(name, version, signed, log_width, names, tags)| {
            let width_bytes = 1 << log_width;
            let mut tags = tags.map(|tag| tag & (u64::MAX >> (64 - 8 * u32::from(width_bytes))));
            tags.sort_unstable();
            let pairs = names.into_iter().zip(tags);
            let mut variants: Vec<Variant> =
                pairs.map(|(name, tag)| Variant { name, tag }).collect();
            variants.dedup_by_key(|variant| variant.tag);
            Node::Enum(Enum { name, version, signed, width_bytes, variants })
        },
    )
}

fn any_struct(node: impl Strategy<Value = Node> + Clone) -> impl Strategy<Value = Node> {
    let arg = (any_name(), any::<u128>(), 0..128)
        .prop_map(|(name, value, shift)| ConstArg { name, value: value >> shift });
    let fields = any_names(5)
        .prop_flat_map(move |names| (vec(node.clone(), names.len()), Just(names)))
        .prop_map(|(nodes, names)| names.into_iter().zip(nodes));
    (any_name(), any_number(), vec(arg, 0..2), fields).prop_map(|(name, version, args, fields)| {
        Node::Struct(Struct { version, args, ..tiled(&name, fields) })
    })
}

pub(crate) fn any_node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        any_primitive(),
        any_enum(),
        (0..4_u64).prop_map(padding),
        (0..4_u64).prop_map(|size_bytes| Node::FixedStr { size_bytes }),
        any_name().prop_map(|name| Node::Phantom { name }),
        (any_name(), 0..4_u64, any::<bool>())
            .prop_map(|(name, size_bytes, any_bits)| opaque(&name, size_bytes, any_bits)),
    ];
    leaf.prop_recursive(4, 24, 5, |node| {
        prop_oneof![
            1 => (node.clone(), 0..4_u64).prop_map(|(element, len)| array(element, len)),
            3 => any_struct(node),
        ]
    })
}

/// Whatever the bytes are, decoding ends; and what decodes is what it encodes to.
fn check_canonical(bytes: &[u8]) -> Result<Option<Descriptor>, TestCaseError> {
    let decoded = Descriptor::decode(bytes).ok();
    if let Some(descriptor) = &decoded {
        prop_assert_eq!(encode(&descriptor.root), bytes);
    }
    Ok(decoded)
}

fn check_differences(file: &Descriptor, program: &Descriptor) -> Result<(), TestCaseError> {
    let differences = file.differences(program);
    prop_assert_eq!(
        differences.is_empty(),
        file == program,
        "{:?}\n{}\n{}",
        differences,
        file,
        program
    );
    for row in &differences {
        prop_assert_ne!(&row.file, &row.program, "{}\n{}\n{}", row, file, program);
    }
    Ok(())
}

/// Miri has no files for failures to be kept in, and is some hundred times slower.
pub(crate) fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    if cfg!(miri) {
        ProptestConfig { cases: 1, failure_persistence: None, ..config }
    } else {
        config
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_tree_comes_back_as_it_was(root in any_node()) {
        let decoded = Descriptor::decode(&encode(&root)).unwrap();
        prop_assert_eq!(&decoded.root, &root);
        prop_assert_eq!(decoded.as_bytes(), encode(&root));
        prop_assert_eq!(decoded.size_bytes(), root.size_bytes());
    }

    #[test]
    fn no_descriptor_begins_another(root in any_node()) {
        let bytes = encode(&root);
        for len in 0..bytes.len() {
            prop_assert!(Descriptor::decode(&bytes[..len]).is_err(), "cut at {}", len);
        }
    }

    #[test]
    fn a_changed_byte_is_refused_or_makes_another_descriptor(
        root in any_node(),
        at in any::<Index>(),
        change in 1..=255_u8,
    ) {
        let file = descriptor(&root);
        let mut bytes = encode(&root);
        *at.get_mut(&mut bytes) ^= change;
        if let Some(program) = check_canonical(&bytes)? {
            check_differences(&file, &program)?;
        }
    }

    #[test]
    fn random_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..200)) {
        check_canonical(&bytes)?;
    }

    /// Bytes that are likely to follow the grammar for a while.
    #[test]
    fn small_random_bytes_do_no_harm(bytes in vec(0..10_u8, 0..200)) {
        check_canonical(&bytes)?;
    }

    #[test]
    fn differences_are_empty_only_where_descriptors_are_equal(
        file in any_node(),
        program in any_node(),
    ) {
        let (file, program) = (descriptor(&file), descriptor(&program));
        check_differences(&file, &program)?;
        check_differences(&file, &file)?;
    }

    /// The same fields under other names, in another order, or with another type each.
    #[test]
    fn near_misses_have_differences(
        nodes in vec(any_node(), 1..5),
        (old, new) in (any_names(5), any_names(5)),
        swapped in any::<(Index, Index)>(),
    ) {
        let of = |names: Vec<Box<str>>, nodes: &[Node]| {
            Node::Struct(tiled("S", names.into_iter().zip(nodes.iter().cloned())))
        };
        let mut moved = nodes.clone();
        moved.swap(swapped.0.index(nodes.len()), swapped.1.index(nodes.len()));
        let file = descriptor(&of(old.clone(), &nodes));
        for program in [of(new, &nodes), of(old, &moved)] {
            check_differences(&file, &descriptor(&program))?;
        }
    }

    #[test]
    fn any_bytes_of_an_element_can_be_judged(root in any_node(), bytes in vec(any::<u8>(), 1..64)) {
        let descriptor = descriptor(&root);
        let size_bytes = usize::try_from(descriptor.size_bytes()).unwrap();
        let element: Vec<u8> = bytes.iter().copied().cycle().take(size_bytes).collect();
        if let Some(fault) = descriptor.fault(&element, ByteOrder::NATIVE) {
            prop_assert_ne!(fault.expected, fault.found);
        }
    }
}
