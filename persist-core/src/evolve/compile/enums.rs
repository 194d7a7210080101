//! Enums, by the names of their variants.

use std::collections::HashMap;

use super::scalars::swaps;
use super::{Aliases, At, Compiler, Convert, Move, Problem, Relation, Test};
use crate::byte_order::ByteOrder;
use crate::descriptor::Repr;
use crate::descriptor::node::{Enum, Variant};
use crate::evolve::incompatible::with_names;
use crate::evolve::number::{Domain, Integer};
use crate::evolve::op::Tags;

impl Compiler<'_> {
    pub(super) fn enums(&mut self, at: &At<'_>, file: &Enum, target: &Enum, names: Aliases) {
        let map = variants(file, target, names);
        if map.iter().all(Option::is_none) {
            let text =
                |of: &Enum| with_names(&of.name, of.variants.iter().map(|variant| &*variant.name));
            return self.obstacle(at, || Problem::NothingInCommon {
                file: text(file),
                target: text(target),
            });
        }
        self.type_name(at, &file.name, &target.name);
        self.version(at, file.version, target.version);
        self.variant_changes(at, file, target, &map);
        let (from, to) = (integer(file, self.file_order), integer(target, self.target_order));
        self.swaps_bytes |= swaps(file.width_bytes, from.order != to.order);
        let pair = |(of, to): (&Variant, &Option<&Variant>)| (of.tag, to.map(|to| to.tag));
        let tags = Tags { from, pairs: file.variants.iter().zip(&map).map(pair).collect() };
        let kept = tags.pairs.iter().all(|(old, new)| new.is_none_or(|new| new == *old));
        let repr = |of: &Enum| (of.signed, of.width_bytes);
        if repr(file) != repr(target) {
            let same_bytes = from.width == to.width;
            let relation = if same_bytes { Relation::Relabel } else { Relation::Convert };
            self.change(at, relation, format_args!("{} → {}", Repr(file), Repr(target)));
        }
        if !kept || from.width != to.width {
            self.changes.raise(Relation::Convert);
            return self.convert(at, Convert::Tag { map: tags, to });
        }
        self.test(at, Test::Tag(tags));
        let width = from.width;
        match swaps(width, from.order != to.order) {
            true => {
                self.changes.raise(Relation::Convert);
                self.add_move(at, Move::Swap { width, count: 1 });
            }
            false => self.add_move(at, Move::Copy { bytes: width.into() }),
        }
    }

    fn variant_changes(
        &mut self,
        at: &At<'_>,
        file: &Enum,
        target: &Enum,
        map: &[Option<&Variant>],
    ) {
        for (of, to) in file.variants.iter().zip(map) {
            let name = of.name.escape_debug();
            let (old, new) = (file.discriminant(of.tag), to.map(|to| target.discriminant(to.tag)));
            match to {
                None => {
                    let what = format!("variant `{name}` removed: a value that has it stops");
                    self.change(at, Relation::Lossy, what);
                }
                Some(to) if to.name != of.name => {
                    let what = format!("variant `{}` was `{name}`", to.name.escape_debug());
                    self.change(at, Relation::Relabel, what);
                }
                Some(_) if new == Some(old) => {}
                Some(to) => {
                    let what = format!("variant `{name}` {old} → {}", target.discriminant(to.tag));
                    self.change(at, Relation::Convert, what);
                }
            }
        }
        let kept = map.iter().flatten().count();
        if kept < target.variants.len() {
            let what = format!("{} added", count(target.variants.len() - kept));
            self.change(at, Relation::Relabel, what);
        }
    }
}

fn count(variants: usize) -> String {
    format!("{variants} {}", if variants == 1 { "variant" } else { "variants" })
}

fn integer(of: &Enum, order: ByteOrder) -> Integer {
    Integer { width: of.width_bytes, signed: of.signed, domain: Domain::All, order }
}

/// For each variant of the file, the one that it becomes: of its name, or one that had it and has none in the file now.
fn variants<'a>(file: &Enum, target: &'a Enum, names: Aliases) -> Vec<Option<&'a Variant>> {
    let by_name: HashMap<&str, &Variant> =
        target.variants.iter().map(|variant| (&*variant.name, variant)).collect();
    let mut map: Vec<Option<&Variant>> =
        file.variants.iter().map(|variant| by_name.get(&*variant.name).copied()).collect();
    let in_file: HashMap<&str, usize> =
        file.variants.iter().enumerate().map(|(i, variant)| (&*variant.name, i)).collect();
    for (name, aliases) in names.variants().filter(|(name, _)| !in_file.contains_key(name)) {
        let Some(variant) = by_name.get(name) else { continue };
        let old = aliases.iter().filter_map(|alias| in_file.get(alias).copied());
        if let Some(old) = old.into_iter().find(|&old| map[old].is_none()) {
            map[old] = Some(variant);
        }
    }
    map
}
