//! A file whose elements are made of another's by a plan: beside it, or in its place.

use std::fmt::Display;
use std::path::Path;

use anyhow::anyhow;
use persist_core::{
    Aliases, AnyFile, AnySlice, AnyWriter, ByteOrder, Descriptor, Error, Misfit, Plan, Relation,
    Replacement,
};
use serde::Serialize;

use crate::outcome::{self, Outcome, complain};
use crate::parallel;
use crate::progress::Progress;
use crate::terminal::{self, path_as_text, shown};

/// How many bytes of elements a thread tries at a time.
const PART_BYTES: usize = 1 << 22;

/// A default of more bytes isn't made: a hostile type can have any size.
const MOST_DEFAULT_BYTES: u64 = 1 << 30;

/// What to make of which file, and where.
pub(crate) struct Rewrite<'a> {
    pub(crate) path: &'a Path,
    /// Where the new file goes; into the place of the old one where nothing is given.
    pub(crate) output: Option<&'a Path>,
    /// Values may be lost.
    pub(crate) lossy: bool,
    /// Only say what would be done.
    pub(crate) dry_run: bool,
    pub(crate) json: bool,
}

/// What the elements are to be.
pub(crate) struct Target {
    pub(crate) descriptor: Descriptor,
    pub(crate) byte_order: ByteOrder,
}

/// What became of the new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Done,
    /// It would have been written.
    Tried,
    /// The old one is as it should be.
    Not,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    relation: String,
    /// What changes.
    plan: Vec<Change>,
    elements: usize,
    /// Whether there is a new file.
    written: bool,
    #[serde(serialize_with = "path_as_text")]
    output: &'a Path,
}

/// What is one thing in the old file, and another in the new one.
#[derive(Debug, Serialize)]
struct Change {
    subject: String,
    /// Absent where the old file has no such thing.
    from: Option<String>,
    /// Absent where the new one has none.
    to: Option<String>,
}

impl Rewrite<'_> {
    /// Opens the file, so that nobody changes it meanwhile.
    pub(crate) fn open(&self) -> Result<AnySlice, Error> {
        match (self.output, self.dry_run) {
            (None, false) => AnySlice::open_exclusive(self.path),
            _ => AnySlice::open(self.path),
        }
    }

    /// Makes the new file.
    pub(crate) fn run(&self, original: AnySlice, target: &Target) -> anyhow::Result<Outcome> {
        let elements = original.len();
        let plan = match plan(&original, target) {
            Ok(plan) => plan,
            Err(reasons) => {
                let what = format!("`{}` can't be converted: {reasons}", shown(self.path));
                return Ok(refuse(what));
            }
        };
        if plan.relation() == Relation::Lossy && !self.lossy {
            let why = "that may lose something: --lossy allows it, and with --dry-run only tries it. \
                Fields that were renamed are known to a program alone (`MmapVec::migrate`)";
            return Ok(refuse(format!("`{}`: {why}\n{plan}", shown(self.path))));
        }
        let changes = changes(&original, target);
        match self.write(original, target, &plan) {
            Ok(written) => self.report(&plan, changes, elements, written),
            Err(error) if is_about_a_value(&error) => Ok(refuse(error)),
            Err(error) => Err(error),
        }
    }

    /// Writes the new file, and says whether it had to.
    fn write(&self, original: AnySlice, target: &Target, plan: &Plan) -> anyhow::Result<Written> {
        let file = AnyFile::like(&original).byte_order(target.byte_order);
        let file = match &target.descriptor == original.descriptor() {
            // It knows its alignment better than its type does.
            true => file,
            false => file.descriptor(target.descriptor.clone()),
        };
        let is_same = original.info().byte_order == target.byte_order
            && plan.relation() == Relation::Identical;
        if self.output.is_none() && is_same {
            return Ok(Written::Not);
        }
        if self.dry_run {
            try_out(&original, target, plan)?;
            return Ok(Written::Tried);
        }
        if let Some(output) = self.output {
            let mut writer = AnyWriter::create(output, &file)?;
            append(&mut writer, &original, plan)?;
            writer.finish()?;
            return Ok(Written::Done);
        }
        let mut replacement = Replacement::new(original, &file)?;
        let (original, writer) = replacement.parts();
        append(writer, original, plan)?;
        replacement.finish()?;
        Ok(Written::Done)
    }

    fn report(
        &self,
        plan: &Plan,
        changes: Vec<Change>,
        elements: usize,
        written: Written,
    ) -> anyhow::Result<Outcome> {
        let output = self.output.unwrap_or(self.path);
        let report = Report {
            relation: plan.relation().to_string(),
            plan: changes,
            elements,
            written: written == Written::Done,
            output,
        };
        let elements = terminal::count(elements as u64, "element");
        let output = shown(output);
        let what = match written {
            Written::Done if self.output.is_none() => {
                format!("{output}: {elements} written, in the place of the old file")
            }
            Written::Done => format!("{output}: {elements} written"),
            Written::Tried => format!("{output}: {elements} would be written"),
            Written::Not => format!("{output}: nothing to do"),
        };
        let printed = match self.json {
            true => terminal::print_json(&report),
            false => terminal::print(&format!("{plan}\n{what}\n")),
        };
        match written {
            Written::Done => outcome::done(printed, what)?,
            Written::Tried | Written::Not => printed?,
        }
        Ok(Outcome::Yes)
    }
}

/// What the new file has that the old one hasn't, and the other way round.
fn changes(original: &AnySlice, target: &Target) -> Vec<Change> {
    let orders = [original.info().byte_order, target.byte_order];
    let [from, to] = orders.map(|order| Some(order.to_string()));
    let order = (from != to).then(|| Change { subject: "byte order".into(), from, to });
    let layout = original.descriptor().differences(&target.descriptor).into_iter();
    let layout = layout.map(|it| Change { subject: it.subject, from: it.file, to: it.program });
    order.into_iter().chain(layout).collect()
}

/// The plan, or in words why there is none. Fields that the file lacks become zeros.
fn plan(original: &AnySlice, target: &Target) -> Result<Plan, String> {
    let file = (original.descriptor(), original.info().byte_order);
    let zeros = zeros(&target.descriptor);
    let target = (&target.descriptor, target.byte_order);
    Plan::new(file, target, &Aliases::NONE, zeros.as_deref()).map_err(|reasons| reasons.to_string())
}

/// An element of zeros, where there is memory for one.
fn zeros(of: &Descriptor) -> Option<Vec<u8>> {
    let bytes = usize::try_from(of.size_bytes().min(MOST_DEFAULT_BYTES + 1)).ok()?;
    (bytes as u64 == of.size_bytes()).then(|| vec![0; bytes])
}

fn append(writer: &mut AnyWriter, original: &AnySlice, plan: &Plan) -> Result<(), Error> {
    let element_bytes = original.descriptor().size_bytes();
    let mut progress = Progress::of_bytes(original.as_bytes().len() as u64, "converting");
    writer.append_converted(original, plan, |now| progress.set(now.done * element_bytes))
}

/// Converts all elements, and throws them away.
fn try_out(original: &AnySlice, target: &Target, plan: &Plan) -> Result<(), Misfit> {
    let from_bytes = original.descriptor().size_bytes() as usize;
    // The plan found that it can be addressed.
    let to_bytes = target.descriptor.size_bytes() as usize;
    let mut progress = Progress::of_bytes(original.as_bytes().len() as u64, "trying");
    parallel::in_order(
        0..original.len(),
        (PART_BYTES / from_bytes.max(to_bytes)).max(1),
        |part, buffer| {
            buffer.resize(part.len() * to_bytes, 0);
            plan.run(&original.as_bytes()[part.start * from_bytes..part.end * from_bytes], buffer)
        },
        |part, made, _| {
            progress.set((part.end * from_bytes) as u64);
            made.map_err(|misfit| misfit_of_file(part.start, misfit))
        },
    )
}

/// A misfit among elements of which the first has this index.
fn misfit_of_file(first: usize, mut misfit: Misfit) -> Misfit {
    misfit.index += first;
    misfit
}

/// Whether a value stopped it, which is an answer.
fn is_about_a_value(error: &anyhow::Error) -> bool {
    let of_library = error.downcast_ref();
    error.is::<Misfit>()
        || matches!(of_library, Some(Error::Misfit { .. } | Error::CorruptElement { .. }))
}

/// The answer is no, for this reason, and nothing was changed.
fn refuse(why: impl Display) -> Outcome {
    complain(&anyhow!("{why}\nnothing was changed"));
    Outcome::No
}
