//! Random pairs of types, one made of the other by a few changes, against the oracle.

use fastrand::Rng;

use super::oracle::{self, Bad, Here, encode_number, order_of};
use super::*;

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fn any_scalar(rng: &mut Rng) -> Node {
    loop {
        let class =
            if rng.bool() { Class::ALL[rng.usize(..2)] } else { Class::ALL[rng.usize(..10)] };
        let width = 1 << rng.u32(..5);
        let order = if rng.u8(..4) == 0 { Order::ALL[rng.usize(..3)] } else { Order::Native };
        let of = Primitive { class, width, order };
        if of.name().is_some() {
            return Node::Primitive(of);
        }
    }
}

fn any_enum(rng: &mut Rng) -> Node {
    let width_bytes = 1 << rng.u32(..4);
    let most = u64::MAX >> (64 - 8 * u32::from(width_bytes));
    let mut variants = Vec::new();
    for name in names(rng) {
        let tag = if rng.bool() { rng.u64(..5) } else { rng.u64(..=most) };
        variants.push(Variant { name: name.into(), tag });
    }
    variants.push(Variant { name: "z".into(), tag: 7 });
    variants.sort_by_key(|variant| variant.tag);
    variants.dedup_by_key(|variant| variant.tag);
    Node::Enum(Enum { name: "E".into(), version: 0, signed: rng.bool(), width_bytes, variants })
}

fn any_type(rng: &mut Rng, depth: u8) -> Node {
    match rng.u8(..if depth == 0 { 8 } else { 14 }) {
        0..4 => any_scalar(rng),
        4 => any_enum(rng),
        5 => padding(rng.u64(..5)),
        6 => text(rng.u64(..6)),
        7 if rng.bool() => phantom("P"),
        7 => opaque("O", 2, rng.bool()),
        8..10 => array(any_type(rng, depth - 1), rng.u64(..5)),
        _ => {
            let fields: Vec<(&str, Node)> =
                names(rng).map(|name| (name, any_type(rng, depth - 1))).collect();
            structure("S", fields)
        }
    }
}

fn names(rng: &mut Rng) -> impl Iterator<Item = &'static str> + use<> {
    let mut names = NAMES;
    rng.shuffle(&mut names);
    names.into_iter().take(rng.usize(1..=NAMES.len()))
}

/// The same type with a few changes.
fn changed(rng: &mut Rng, node: &Node) -> Node {
    match node {
        Node::Primitive(of) if rng.u8(..3) > 0 => Node::Primitive(*of),
        Node::Primitive(_) => any_scalar(rng),
        Node::Enum(of) => match rng.u8(..3) {
            0 => any_enum(rng),
            1 => {
                let mut of = of.clone();
                let dropped = rng.usize(..of.variants.len());
                if of.variants.len() > 1 {
                    of.variants.remove(dropped);
                }
                Node::Enum(of)
            }
            _ => node.clone(),
        },
        Node::FixedStr { size_bytes } => text((size_bytes + rng.u64(..3)).saturating_sub(1)),
        Node::Array(of) => {
            let len = if rng.bool() { of.len } else { (of.len + rng.u64(..4)).saturating_sub(1) };
            array(changed(rng, &of.element), len)
        }
        Node::Struct(of) => changed_struct(rng, of),
        Node::Padding { .. } if rng.u8(..3) == 0 => any_type(rng, 0),
        other => other.clone(),
    }
}

fn changed_struct(rng: &mut Rng, of: &Struct) -> Node {
    let mut fields: Vec<(Box<str>, Node)> = Vec::new();
    for field in &of.fields {
        let Node::Padding { size_bytes } = field.node else {
            if rng.u8(..8) > 0 {
                fields.push((field.name.clone(), changed(rng, &field.node)));
            }
            continue;
        };
        // Padding that becomes a field, and less padding.
        let new = any_type(rng, 0);
        let free = NAMES.iter().find(|name| of.fields.iter().all(|field| &*field.name != **name));
        match (size_bytes.checked_sub(new.size_bytes()), free) {
            (Some(rest), Some(name)) if rng.bool() && fields.iter().all(|of| &*of.0 != *name) => {
                fields.push(((*name).into(), new));
                fields.push((format!("{name}_pad").into(), padding(rest)));
            }
            _ => fields.push((field.name.clone(), padding(size_bytes))),
        }
    }
    if rng.u8(..4) == 0 {
        fields.push(("new".into(), any_type(rng, 0)));
    }
    if rng.u8(..4) == 0 {
        rng.shuffle(&mut fields);
    }
    Node::Struct(tiled("S", fields))
}

/// Bytes that are most likely a value, and one that fits.
fn any_bytes(rng: &mut Rng, node: &Node, order: ByteOrder) -> Vec<u8> {
    let noise = |rng: &mut Rng, bytes: u64| (0..bytes).map(|_| rng.u8(..)).collect();
    match node {
        _ if rng.u16(..400) == 0 => noise(rng, node.size_bytes()),
        Node::Primitive(of) => encode_number(any_bits(rng, *of), of.width, order_of(*of, order)),
        Node::Enum(of) => encode_number(
            of.variants[rng.usize(..of.variants.len())].tag.into(),
            of.width_bytes,
            order,
        ),
        Node::FixedStr { size_bytes } => {
            let len = rng.u64(..=*size_bytes) as usize;
            let mut bytes: Vec<u8> = "é€abcdefg".bytes().take(len).collect();
            while std::str::from_utf8(&bytes).is_err() {
                bytes.pop();
            }
            bytes.resize(*size_bytes as usize, 0);
            bytes
        }
        Node::Array(of) => (0..of.len).flat_map(|_| any_bytes(rng, &of.element, order)).collect(),
        Node::Struct(of) => {
            of.fields.iter().flat_map(|of| any_bytes(rng, &of.node, order)).collect()
        }
        Node::Padding { size_bytes } if rng.u8(..30) > 0 => vec![0; *size_bytes as usize],
        other => noise(rng, other.size_bytes()),
    }
}

fn any_bits(rng: &mut Rng, of: Primitive) -> u128 {
    match of.class {
        Class::Bool => rng.u128(..2),
        Class::Char => rng.char(..).into(),
        Class::Float | Class::BFloat => {
            let float = match rng.u8(..6) {
                0 => rng.i64(..) as f64,
                1 => rng.f64() * 1e-5,
                2 => [0.0, -0.0, f64::INFINITY, -f64::NAN.abs(), f64::NAN.abs(), 65519.9]
                    [rng.usize(..6)],
                _ => f64::from(rng.i32(-300..300)),
            };
            match (of.class, of.width) {
                (Class::Float, 8) => float.to_bits().into(),
                (Class::Float, 4) => (float as f32).to_bits().into(),
                (Class::BFloat, _) => ((float as f32).to_bits() >> 16).into(),
                // Not a NaN with other bits than the first.
                _ if float.is_nan() => 0x7e00,
                _ => rng.u128(..0x7c00) | rng.u128(..2) << 15,
            }
        }
        _ => match rng.u8(..8) {
            0 => rng.u128(..),
            1 => u128::MAX,
            2 => 1 << rng.u32(..128),
            3 => rng.u128(1..256),
            _ => rng.u128(1..100),
        },
    }
}

/// An element whose arrays have equal items: then the oracle, which looks at one item, and the plan, which looks at all,
/// agree on whether the default of a field is zero.
fn any_default(rng: &mut Rng, node: &Node, order: ByteOrder) -> Vec<u8> {
    match node {
        Node::Array(of) => any_default(rng, &of.element, order).repeat(of.len as usize),
        Node::Struct(of) => {
            of.fields.iter().flat_map(|of| any_default(rng, &of.node, order)).collect()
        }
        scalar => any_bytes(rng, scalar, order),
    }
}

/// A plan does what the oracle does; or says that it can't, where the oracle can't.
fn check(rng: &mut Rng, file: &Node, target: &Node) -> Option<String> {
    if file.size_bytes() == 0 || target.size_bytes() == 0 {
        return None;
    }
    let orders = (ORDERS[rng.usize(..2)], ORDERS[rng.usize(..2)]);
    let defaults = match rng.u8(..4) {
        0 => None,
        1 => Some(vec![0; target.size_bytes() as usize]),
        _ => Some(any_default(rng, target, orders.1)),
    };
    let defaults = defaults.as_deref();
    let len = rng.usize(1..40);
    let elements: Vec<Vec<u8>> = (0..len).map(|_| any_bytes(rng, file, orders.0)).collect();
    let here = Here { orders, defaults, from: 0, to: 0, aligned: true };
    let expected: Vec<_> =
        elements.iter().map(|bytes| oracle::convert(here, (file, bytes), target)).collect();
    let context = || format!("{orders:?} {}\n→ {}\n", descriptor(file), descriptor(target));
    let plan = match plan_with((file, orders.0), (target, orders.1), defaults) {
        Ok(plan) => plan,
        Err(incompatible) => {
            let bad_default = |reason: &super::super::Obstacle| {
                matches!(reason.problem, super::super::Problem::BadDefault { .. })
            };
            let by_type = expected.contains(&Err(Bad::Type));
            let by_default = incompatible.reasons.iter().all(bad_default);
            assert!(by_type || by_default, "{}{incompatible}\n{expected:?}", context());
            return Some(Relation::Incompatible.to_string());
        }
    };
    assert!(!expected.contains(&Err(Bad::Type)), "{}{plan}", context());
    let found = run(&plan, &elements.concat(), len * target.size_bytes() as usize);
    let first_bad = expected.iter().position(Result::is_err);
    match (found, first_bad) {
        (Err(misfit), Some(index)) => {
            assert_eq!(misfit.index, index, "{}{misfit}", context());
            let lossless = plan.relation() < Relation::Lossy;
            let not_zero = misfit.expected.starts_with("zeros");
            let is_value = misfit.kind == super::super::MisfitKind::DoesNotFit;
            assert!(!lossless || !is_value || not_zero, "{}{plan}\n{misfit}", context());
        }
        (Ok(found), None) => {
            let expected: Vec<Vec<u8>> = expected.into_iter().map(Result::unwrap).collect();
            assert_eq!(found, expected.concat(), "{}{plan:?}", context());
        }
        (found, first_bad) => panic!("{}{plan:?}\n{found:?}, expected {first_bad:?}", context()),
    }
    Some(first_bad.map_or_else(|| plan.relation().to_string(), |_| "stopped".into()))
}

#[test]
fn plans_do_what_the_oracle_does() {
    let mut seen = std::collections::HashMap::new();
    for seed in 0..if cfg!(miri) { 3 } else { 30_000 } {
        let mut rng = Rng::with_seed(seed);
        let file = any_type(&mut rng, 3);
        let target =
            if rng.u8(..8) == 0 { any_type(&mut rng, 3) } else { changed(&mut rng, &file) };
        if let Some(outcome) = check(&mut rng, &file, &target) {
            *seen.entry(outcome).or_insert(0) += 1;
        }
    }
    assert!(cfg!(miri) || seen.len() == 6 && seen.values().all(|&count| count > 100), "{seen:?}");
}

#[test]
fn two_changes_of_byte_order_are_none() {
    for seed in 0..if cfg!(miri) { 2 } else { 2_000 } {
        let mut rng = Rng::with_seed(seed);
        let node = any_type(&mut rng, 3);
        let [little, big] = ORDERS.map(|order| (&node, order));
        let Ok(there) = plan_with(little, big, None) else { continue };
        let back = plan_with(big, little, None).unwrap();
        let bytes: Vec<u8> = (0..9).flat_map(|_| any_bytes(&mut rng, &node, little.1)).collect();
        let Ok(swapped) = run(&there, &bytes, bytes.len()) else { continue };
        let returned = run(&back, &swapped, bytes.len()).unwrap();
        // But for padding, which is zero.
        let same = plan_with(little, little, None).unwrap();
        assert_eq!(returned, run(&same, &bytes, bytes.len()).unwrap(), "{}", descriptor(&node));
        assert!(there.relation() <= Relation::Convert);
    }
}
