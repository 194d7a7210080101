//! By which of its earlier versions a file comes to be of a type.

use std::mem::swap;

use super::Migrated;
use crate::any::AnySlice;
use crate::byte_order::ByteOrder;
use crate::descriptor::Descriptor;
use crate::error::Error;
use crate::evolve::{Aliases, Incompatible, Plan, Relation};
use crate::layout::Layout;
use crate::persist::{Older, Persist};
use crate::transfer::{Block, Transfer, run_plan};
use crate::typed;

/// The type that a file is to have.
pub(super) struct Target<'a> {
    layout: &'static Layout,
    older: Option<&'static Older>,
    /// The bytes of an element, from which fields come that the file lacks.
    defaults: Option<&'a [u8]>,
}

/// The way of an element: by a plan to the target or to one of its earlier versions, and from there through each
/// newer one.
pub(super) struct Route {
    plan: Plan,
    /// The type to which the plan goes.
    version: Descriptor,
    /// The versions from there on, the newest first.
    older: Vec<&'static Older>,
    /// The size of the largest element on the way.
    most_bytes: usize,
}

/// A version to which the plan may go, with all from there on.
struct Candidate<'a> {
    layout: &'static Layout,
    version: Descriptor,
    older: Vec<&'static Older>,
    defaults: Option<&'a [u8]>,
}

impl<'a> Target<'a> {
    pub(super) fn of<T: Persist>(defaults: Option<&'a [u8]>) -> Self {
        Self { layout: T::LAYOUT, older: T::OLDER.as_ref(), defaults }
    }

    /// The target, the version before it, and so on.
    fn candidates(&self) -> Vec<Candidate<'a>> {
        let mut older = Vec::new();
        let mut found = vec![Candidate::new(self.layout, &older, self.defaults)];
        let mut next = self.older;
        while let Some(version) = next {
            older.push(version);
            found.push(Candidate::new(version.layout(), &older, None));
            next = version.older();
        }
        found
    }
}

impl<'a> Candidate<'a> {
    fn new(layout: &'static Layout, older: &[&'static Older], defaults: Option<&'a [u8]>) -> Self {
        Self { layout, version: Descriptor::of_layout(layout), older: older.into(), defaults }
    }

    fn plan(&self, file: &AnySlice) -> Result<Plan, Incompatible> {
        let order = file.info().byte_order;
        let target = (&self.version, ByteOrder::NATIVE);
        let aliases = Aliases::of_layout(self.layout);
        Plan::new((file.descriptor(), order), target, &aliases, self.defaults)
    }

    fn route(self, plan: Plan) -> Route {
        let sizes = self.older.iter().map(|version| version.layout().size());
        let most_bytes = sizes.chain([self.layout.size()]).max().unwrap_or(0);
        Route { plan, version: self.version, older: self.older, most_bytes }
    }
}

/// Which of the types that the file can't become is the one to speak of: the newest of those in which only fields are in
/// the way, or else the target itself.
fn nearest(plans: &[Result<Plan, Incompatible>]) -> usize {
    let only_fields = |plan: &Result<Plan, Incompatible>| {
        let reasons = plan.as_ref().err().map_or(&[][..], |incompatible| &incompatible.reasons);
        reasons.iter().all(|reason| !reason.field.is_empty())
    };
    plans.iter().position(only_fields).unwrap_or(0)
}

impl Route {
    /// The version that the file is exactly, in either byte order; else the oldest to which it can go without loss, for
    /// fields of the same name mean something else after a `From`; else, where loss is allowed, the newest to which it
    /// can go.
    pub(super) fn find(
        file: &AnySlice,
        target: &Target<'_>,
        is_loss_allowed: bool,
    ) -> Result<Self, Error> {
        let mut candidates = target.candidates();
        let exact = candidates.iter().position(|it| it.version == *file.descriptor());
        if let Some(exact) = exact {
            candidates.drain(..exact);
            candidates.truncate(1);
        }
        let mut plans: Vec<_> = candidates.iter().map(|it| it.plan(file)).collect();
        let index = plans
            .iter()
            .rposition(|plan| plan.as_ref().is_ok_and(|plan| plan.relation() <= Relation::Convert));
        let lossy = || plans.iter().position(Result::is_ok);
        let index = index.or_else(lossy).unwrap_or_else(|| nearest(&plans));
        let version = candidates[index].older.last().map(|version| version.type_name());
        let plan = plans.swap_remove(index).map_err(|mut reason| {
            reason.version = version;
            Error::Incompatible { path: file.path().into(), reason: Box::new(reason) }
        })?;
        if plan.relation() == Relation::Lossy && !is_loss_allowed {
            return Err(Error::Loss { path: file.path().into(), plan: Box::new(plan) });
        }
        Ok(candidates.swap_remove(index).route(plan))
    }

    pub(super) fn migrated(&self, file: &AnySlice) -> Migrated {
        Migrated {
            relation: self.plan.relation(),
            functions: self.older.len(),
            elements: file.len() as u64,
            replaced: true,
        }
    }

    /// All elements of a file on this way.
    pub(super) fn transfer<'a>(&'a self, file: &'a AnySlice) -> Transfer<'a> {
        let convert =
            |first, from: &[u8], block: &mut Block| self.convert(file, first, from, block);
        Transfer { original: file, element_bytes: self.most_bytes, convert: Box::new(convert) }
    }

    fn convert(
        &self,
        file: &AnySlice,
        first: u64,
        from: &[u8],
        block: &mut Block,
    ) -> Result<(), Error> {
        let Block { elements, spare } = block;
        let size = self.version.size_bytes() as usize;
        run_plan(file, &self.plan, size, (first, from), elements)?;
        for version in self.older.iter().rev() {
            spare.clear();
            version.convert(elements, spare).map_err(|index| {
                let size = version.layout().size();
                let element = &elements[index * size..][..size];
                let descriptor = Descriptor::of_layout(version.layout());
                typed::corrupt_element(file.path(), &descriptor, first as usize + index, element)
            })?;
            swap(elements, spare);
        }
        Ok(())
    }
}
