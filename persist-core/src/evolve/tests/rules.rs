//! The rules of the classification, a row each.

use super::*;
use crate::evolve::{Obstacle, Problem};
use crate::layout::{self, Kind, Layout};
use crate::persist::Persist;

#[track_caller]
fn check(what: &str, file: &Node, target: &Node, expected: Relation) {
    let found = plan(file, target).map_or(Relation::Incompatible, |plan| plan.relation());
    assert_eq!(found, expected, "{what}");
    let (file, target) = (descriptor(file), descriptor(target));
    let order = ByteOrder::Little;
    let between = Relation::between((&file, order), (&target, order), &Aliases::NONE);
    assert_eq!(between, expected, "{what}, with defaults assumed");
}

use Relation::{Convert, Identical, Incompatible as Never, Lossy, Relabel};

#[test]
fn numbers() {
    let named = |name: &str| {
        let all = [1, 2, 4, 8, 16].into_iter().flat_map(|width| {
            let each = Class::ALL.into_iter().map(move |class| (class, width));
            each.flat_map(|(class, width)| {
                Order::ALL.map(|order| Primitive { class, width, order })
            })
        });
        Node::Primitive(all.into_iter().find(|of| of.name() == Some(name)).unwrap())
    };
    for (file, target, expected) in [
        ("u8", "u8", Identical),
        ("u8", "u32", Convert),
        ("u32", "i64", Convert),
        ("i16", "i32", Convert),
        ("u64", "u128", Convert),
        ("i64", "i128", Convert),
        ("u64", "i128", Convert),
        ("u128", "i128", Lossy),
        ("i128", "u128", Lossy),
        ("u32", "u8", Lossy),
        ("u32", "i32", Lossy),
        ("i32", "u64", Lossy),
        ("u32", "f64", Convert),
        ("i32", "f64", Convert),
        ("i16", "f32", Convert),
        ("u32", "f32", Lossy),
        ("u64", "f64", Lossy),
        ("u8", "f16", Convert),
        ("u16", "f16", Lossy),
        ("u8", "bf16", Convert),
        ("i8", "bf16", Convert),
        ("i16", "bf16", Lossy),
        ("f32", "f64", Convert),
        ("f64", "f32", Lossy),
        ("f16", "f32", Convert),
        ("bf16", "f32", Convert),
        ("f16", "bf16", Lossy),
        ("bf16", "f16", Lossy),
        ("f64", "i64", Lossy),
        ("bool", "u8", Relabel),
        ("bool", "i8", Relabel),
        ("bool", "u64", Convert),
        ("u8", "bool", Lossy),
        ("char", "u32", Relabel),
        ("char", "i32", Relabel),
        ("char", "u64", Convert),
        ("char", "u16", Lossy),
        ("u32", "char", Lossy),
        ("u8", "char", Lossy),
        ("NonZero<u32>", "u32", Relabel),
        ("NonZero<u32>", "u64", Convert),
        ("u32", "NonZero<u32>", Lossy),
        ("NonZero<u16>", "NonZero<u32>", Convert),
        ("NonZero<u32>", "Option<NonZero<u32>>", Relabel),
        ("Option<NonZero<u32>>", "NonZero<u32>", Lossy),
        ("Option<NonZero<u32>>", "u32", Relabel),
        ("u32", "Option<NonZero<u32>>", Lossy),
        ("i16", "Option<NonZero<i64>>", Lossy),
        ("Option<NonZero<i16>>", "i64", Convert),
        ("u32", "U32<LE>", Relabel),
        ("u32", "U32<BE>", Convert),
        ("U32<BE>", "U64<LE>", Convert),
        ("F64<BE>", "f64", Convert),
        ("F64<LE>", "f64", Relabel),
        ("bool", "char", Never),
        ("bool", "f32", Never),
        ("char", "f64", Never),
        ("bool", "NonZero<u8>", Never),
        ("NonZero<u8>", "f64", Never),
    ] {
        check(&format!("{file} → {target}"), &named(file), &named(target), expected);
    }
}

#[test]
fn what_is_not_a_number() {
    let side = || enums(&[("Buy", 0), ("Sell", 1)]);
    let with = |change: &dyn Fn(&mut Enum)| {
        let mut of = enumeration("Side", &[("Buy", 0), ("Sell", 1)]);
        change(&mut of);
        Node::Enum(of)
    };
    let more = enums(&[("Buy", 0), ("Sell", 1), ("Short", 2)]);
    let renumbered = enums(&[("Buy", 1), ("Sell", 2)]);
    check("variant added", &side(), &more, Relabel);
    check("variant removed", &more, &side(), Lossy);
    check("tags renumbered", &side(), &renumbered, Convert);
    check("no variant in common", &side(), &enums(&[("Red", 0)]), Never);
    check("enum wider", &side(), &with(&|of| of.width_bytes = 2), Convert);
    check("enum signed", &side(), &with(&|of| of.signed = true), Relabel);
    check("enum renamed", &side(), &with(&|of| of.name = "Direction".into()), Relabel);
    check("version of an enum", &side(), &with(&|of| of.version = 1), Lossy);
    check("enum to number", &side(), &unsigned(1), Never);

    check("text longer", &text(3), &text(5), Convert);
    check("text shorter", &text(5), &text(3), Lossy);
    check("text to bytes", &text(3), &array(unsigned(1), 3), Never);

    check("array longer", &array(unsigned(1), 3), &array(unsigned(1), 4), Convert);
    check("array shorter", &array(unsigned(1), 4), &array(unsigned(1), 3), Lossy);
    check("items wider", &array(unsigned(1), 4), &array(unsigned(2), 4), Convert);
    check("one item", &array(unsigned(1), 1), &unsigned(1), Never);
    check("padding", &array(padding(3), 2), &array(padding(1), 9), Convert);

    check("foreign type", &opaque("f80", 10, true), &opaque("f80", 10, true), Identical);
    check("foreign name", &opaque("f80", 10, true), &opaque("f81", 10, true), Never);
    check("foreign size", &opaque("f80", 10, true), &opaque("f80", 16, true), Never);
    check("foreign type unchecked", &opaque("K", 1, false), &opaque("K", 1, true), Relabel);
    check("foreign type checked", &opaque("K", 1, true), &opaque("K", 1, false), Never);
}

#[test]
fn structs() {
    let of = |fields: &[(&'static str, Node)]| structure("Tick", fields.to_vec());
    let (a, b) = (|| ("a", unsigned(4)), || ("b", unsigned(4)));
    check("field added", &of(&[a()]), &of(&[a(), b()]), Convert);
    check("field removed", &of(&[a(), b()]), &of(&[a()]), Lossy);
    check("field became padding", &of(&[a(), b()]), &of(&[a(), ("p", padding(4))]), Lossy);
    check("fields moved", &of(&[a(), b()]), &of(&[b(), a()]), Convert);
    check("padding added", &of(&[a()]), &of(&[a(), ("p", padding(4))]), Convert);
    check(
        "padding renamed",
        &of(&[a(), ("p", padding(4))]),
        &of(&[a(), ("q", padding(4))]),
        Relabel,
    );
    check("field from padding", &of(&[a(), ("p", padding(4))]), &of(&[a(), b()]), Relabel);
    let first = of(&[("p", padding(4)), a()]);
    check("field that only looks as if from padding", &first, &of(&[a(), b()]), Convert);
    check("no field in common", &of(&[a()]), &of(&[b()]), Never);
    check("only padding so far", &of(&[("p", padding(4))]), &of(&[b()]), Relabel);
    check("another name", &of(&[a()]), &structure("Trade", [a()]), Relabel);
    check("unaligned", &of(&[("x", unsigned(1)), a()]), &of(&[a(), ("x", unsigned(1))]), Convert);
    check("phantom added", &of(&[a()]), &of(&[a(), ("u", phantom("Metres"))]), Relabel);
    let marked = |name| of(&[a(), ("u", phantom(name))]);
    check("another unit", &marked("Metres"), &marked("Feet"), Lossy);

    let Node::Struct(plain) = of(&[a()]) else { unreachable!() };
    let new = Node::Struct(Struct { version: 2, ..plain.clone() });
    check("version of a struct", &of(&[a()]), &new, Lossy);
    let scaled = |value| {
        let args = vec![ConstArg { name: "SCALE".into(), value }];
        Node::Struct(Struct { args, ..plain.clone() })
    };
    check("const argument", &scaled(2), &scaled(4), Lossy);

    let nested = |inner: Node| of(&[("inner", array(structure("I", [("x", inner)]), 3)), a()]);
    check("nested, wider", &nested(unsigned(1)), &nested(unsigned(2)), Convert);
    check("nested, narrower", &nested(unsigned(2)), &nested(unsigned(1)), Lossy);
    check("nested, other", &nested(unsigned(2)), &nested(text(2)), Never);
    check("tuple struct", &of(&[("0", unsigned(2))]), &of(&[("0", unsigned(4))]), Convert);
}

#[test]
fn byte_orders() {
    let check = |node: &Node, expected: Relation| {
        let (little, big) = ((node, ByteOrder::Little), (node, ByteOrder::Big));
        let found = plan_with(little, big, None).map_or(Never, |plan| plan.relation());
        assert_eq!(found, expected, "{}", descriptor(node));
    };
    check(&unsigned(1), Identical);
    check(&unsigned(2), Convert);
    check(&explicit(Class::Unsigned, 4, Order::Big), Identical);
    check(&array(text(3), 2), Identical);
    check(&enums(&[("A", 0)]), Identical);
    check(&Node::Enum(Enum { width_bytes: 2, ..enumeration("E", &[("A", 0)]) }), Convert);
    check(&opaque("f80", 10, true), Never);
}

#[test]
fn every_obstacle_is_named() {
    let tick = |x, y, z| structure("Tick", [("x", x), ("y", y), ("z", array(z, 2))]);
    let file = tick(unsigned(4), enums(&[("A", 0)]), opaque("f80", 10, true));
    let target = tick(text(4), enums(&[("B", 0)]), opaque("f80", 10, true));
    let error = plan_with((&file, ByteOrder::Little), (&target, ByteOrder::Big), None).unwrap_err();
    let fields: Vec<&str> = error.reasons.iter().map(|reason| &*reason.field).collect();
    assert_eq!(fields, ["x", "y", "z[]"]);
    assert_eq!(
        error.to_string(),
        "incompatible: no rule converts it\
         \n  field `x`: u32 can't become FixedStr<4>\
         \n  field `y`: Side { A } and Side { B } have no name in common\
         \n  field `z[]`: nobody knows how the bytes of the foreign type f80 change with the byte order"
    );
}

#[test]
fn defaults() {
    let file = structure("Tick", [("a", unsigned(4))]);
    let nonzero = primitive(Class::NonZeroUnsigned, 4);
    let target = structure("Tick", [("a", unsigned(4)), ("b", nonzero)]);
    let with = |defaults| {
        let (from, to) = ((&file, ByteOrder::Little), (&target, ByteOrder::Big));
        plan_with(from, to, defaults)
    };
    let problem = |plan: Result<Plan, Incompatible>| {
        let Obstacle { field, problem } = plan.unwrap_err().reasons.swap_remove(0);
        assert_eq!(field, "b");
        problem
    };
    assert_eq!(problem(with(None)), Problem::NoDefault { target: "NonZero<u32>".into() });
    let (expected, found) = ("a number other than 0".into(), "0".into());
    assert_eq!(problem(with(Some(&[0; 8]))), Problem::BadDefault { expected, found });
    let found = run(&with(Some(&[9, 9, 9, 9, 0, 0, 0, 5])).unwrap(), &[1, 0, 0, 0], 8).unwrap();
    assert_eq!(found, [0, 0, 0, 1, 0, 0, 0, 5]);
}

/// Each item of an array has the default that it has in the target.
#[test]
fn defaults_within_arrays() {
    let file = array(structure("I", [("a", unsigned(1))]), 2);
    let target = array(structure("I", [("b", unsigned(1)), ("a", unsigned(1))]), 3);
    let defaults = [10, 11, 20, 21, 30, 31];
    let (from, to) = ((&file, ByteOrder::Little), (&target, ByteOrder::Little));
    let plan = plan_with(from, to, Some(&defaults)).unwrap();
    let found = run(&plan, &[1, 2, 3, 4], 12).unwrap();
    assert_eq!(found, [10, 1, 20, 2, 30, 31, 10, 3, 20, 4, 30, 31]);
}

static SIDE: Layout = Layout {
    size: 1,
    kind: Kind::Enum {
        name: "Side",
        version: 0,
        signed: false,
        variants: &[
            layout::Variant { name: "Buy", aliases: &["Bid"], value: 2 },
            layout::Variant { name: "Sell", aliases: &["Offer", "Ask"], value: 1 },
        ],
    },
};

static TICK: Layout = Layout {
    size: 14,
    kind: Kind::Struct {
        name: "Tick",
        version: 0,
        align: 1,
        packed: 1,
        args: &[],
        fields: &[
            layout::Field {
                name: "cost",
                aliases: &["fee", "price"],
                offset: 0,
                layout: u64::LAYOUT,
            },
            layout::Field { name: "qty", aliases: &["price"], offset: 8, layout: u32::LAYOUT },
            layout::Field {
                name: "sides",
                aliases: &["side"],
                offset: 12,
                layout: &Layout { size: 2, kind: Kind::Array { element: &SIDE, len: 2 } },
            },
        ],
    },
};

#[test]
fn aliases() {
    let side = |variants: &[(&str, u64)]| array(Node::Enum(enumeration("Side", variants)), 2);
    let file = |price: &'static str, qty: &'static str, sell: &str| {
        let side = side(&[("Bid", 0), (sell, 1)]);
        structure("Tick", [(price, unsigned(8)), (qty, unsigned(4)), ("side", side)])
    };
    let target = crate::Descriptor::decode(&TICK.encode()).unwrap();
    let plan = |file: &Node, aliases| {
        let order = ByteOrder::Little;
        Plan::new((&descriptor(file), order), (&target, order), &aliases, Some(&[0; 14]))
    };
    let aliases = Aliases::of_layout(&TICK);
    let renamed = plan(&file("price", "qty", "Ask"), aliases).unwrap();
    assert_eq!(renamed.relation(), Relation::Convert);
    let element = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 1];
    let expected = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 2, 1];
    assert_eq!(run(&renamed, &element, 14).unwrap(), expected);
    let same = side(&[("Sell", 1), ("Buy", 2)]);
    let same = structure("Tick", [("price", unsigned(8)), ("qty", unsigned(4)), ("side", same)]);
    assert_eq!(plan(&same, aliases).unwrap().relation(), Relation::Relabel);

    // One field of the file becomes one of the target, the first that asks for it; and a name goes before an alias.
    let first = plan(&file("price", "gone", "Ask"), aliases).unwrap();
    assert_eq!(first.relation(), Relation::Lossy);
    assert_eq!(run(&first, &element, 14).unwrap(), [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 2, 1]);
    let both = plan(&file("cost", "price", "Ask"), aliases).unwrap();
    assert_eq!(run(&both, &element, 14).unwrap(), expected);
    // Without aliases the three names have nothing to do with the file's.
    let error = plan(&file("price", "gone", "Ask"), Aliases::NONE).unwrap_err();
    assert!(matches!(error.reasons[0].problem, Problem::NothingInCommon { .. }), "{error}");
    // Aliases of another type are none.
    assert!(plan(&file("price", "gone", "Ask"), Aliases::of::<[u8; 14]>()).is_err());
}

/// A variant that keeps its name isn't taken by one that had it once.
#[test]
fn a_name_goes_before_an_alias() {
    static SWAPPED: Layout = Layout {
        size: 1,
        kind: Kind::Enum {
            name: "Side",
            version: 0,
            signed: false,
            variants: &[
                layout::Variant { name: "A", aliases: &[], value: 5 },
                layout::Variant { name: "B", aliases: &["A"], value: 6 },
            ],
        },
    };
    let file = descriptor(&enums(&[("A", 0)]));
    let target = crate::Descriptor::decode(&SWAPPED.encode()).unwrap();
    let order = ByteOrder::Little;
    let plan =
        Plan::new((&file, order), (&target, order), &Aliases::of_layout(&SWAPPED), None).unwrap();
    assert_eq!(run(&plan, &[0], 1).unwrap(), [5]);
}
