//! Where persist stands in a row beside the best of those that do the same, and why it is behind where it is.

use serde::Serialize;

use super::Entry;
use crate::measure::Times;
use crate::peers::Kind;

/// One of persist's entries beside the others.
#[derive(Serialize)]
pub(super) struct Standing {
    pub(super) heading: String,
    pub(super) by: String,
    /// The best of the other vectors in mapped files.
    pub(super) vector: Option<Rival>,
    /// The best of the archives and databases.
    pub(super) other: Option<Rival>,
    /// Why persist is behind one of them.
    pub(super) reason: Option<&'static str>,
}

/// The best of some.
#[derive(Serialize)]
pub(super) struct Rival {
    pub(super) name: String,
    /// persist's median divided by its.
    pub(super) ratio: f64,
    pub(super) verdict: Verdict,
}

/// What can be said of two medians.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Ahead,
    /// Nobody could tell.
    Level,
    Behind,
}

/// Each of persist's entries of a row that has others.
pub(super) fn of(heading: &str, entries: &[Entry]) -> Vec<Standing> {
    let best = |kinds: &[Kind]| {
        let rivals = entries.iter().filter(|entry| kinds.contains(&entry.kind));
        rivals.min_by(|a, b| a.times.median().total_cmp(&b.times.median()))
    };
    let best_vector = best(&[Kind::Vector]);
    let best_other = best(&[Kind::Serializer, Kind::Database]);
    if best_vector.or(best_other).is_none() {
        return Vec::new();
    }
    let persist = entries.iter().filter(|entry| entry.kind == Kind::Persist);
    persist.map(|entry| standing(heading, entry, best_vector, best_other)).collect()
}

fn standing(
    heading: &str,
    entry: &Entry,
    vector: Option<&Entry>,
    other: Option<&Entry>,
) -> Standing {
    let rival = |best: &Entry| Rival {
        name: best.name.clone(),
        ratio: entry.times.median() / best.times.median(),
        verdict: verdict(&entry.times, &best.times),
    };
    let (vector, other) = (vector.map(rival), other.map(rival));
    let is_behind = |rival: &Option<Rival>| {
        rival.as_ref().is_some_and(|rival| rival.verdict == Verdict::Behind)
    };
    let reason = (is_behind(&vector) || is_behind(&other)).then(|| reason(heading));
    Standing { heading: heading.into(), by: entry.name.clone(), vector, other, reason }
}

fn verdict(times: &Times, best: &Times) -> Verdict {
    let overlap = times.min() <= best.max() && best.min() <= times.max();
    match times.median() / best.median() {
        ..1.0 => Verdict::Ahead,
        ..=1.03 => Verdict::Level,
        ..=1.1 if overlap => Verdict::Level,
        _ => Verdict::Behind,
    }
}

impl Verdict {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::Level => "level",
            Self::Behind => "behind",
        }
    }
}

const SAME_MEMORY: &str = "the loop is the same, and the memory but for the size of its folios: noise, or an archive \
     that was written by one call and has larger ones";

const ONE_FLUSH: &str = "a commit is one flush, and so is one to SQLite's log: nothing is left to be quicker by; through \
     a slice the kernel is asked which pages were written, and those are compared";

/// Why persist is behind in a row, by what its heading begins with, where that is known and meant to be.
const REASONS: &[(&str, &str)] = &[
    (
        "push one by one, new file",
        "every page gets its place on the device before it is written, so that a full disk is an error and not a \
         `SIGBUS`; the others leave holes, and pay at write-back",
    ),
    (
        "push one by one, warm",
        "the loop takes as many instructions as that of a `Vec`, with which it is timed turn by turn in the rows \
         `floors`: noise",
    ),
    (
        "extend by blocks, new file",
        "every page gets its place on the device before it is written; the others leave that to write-back",
    ),
    (
        "random write, first",
        "each page is copied before its first write, so that a commit is atomic and there is a way back; the others \
         write into the file",
    ),
    (
        "random write by index",
        "a write by index marks its page as changed, so that a commit needs to look at no other",
    ),
    (
        "open,",
        "the file is locked, its header read and checked, and 1 TiB of address space reserved; the others check \
         little or nothing",
    ),
    (
        "first scan",
        "an archive is written by one call, which gives its file the largest folios, mapped in the fewest steps; persist \
         writes smaller blocks, which are quicker to write",
    ),
    (
        "validated open",
        "one CPU reads the memory about as fast as rkyv checks it, and persist takes half as long again; with all CPUs, as \
         a file is opened, persist is ahead",
    ),
    ("warm scan", SAME_MEMORY),
    ("random read", SAME_MEMORY),
    ("random write to a slice", SAME_MEMORY),
    ("sort", SAME_MEMORY),
    (
        "open and scan",
        "the kernel's read-ahead decides, for all that map their files; it makes larger folios than `prefetch`",
    ),
    (
        "open ",
        "the kernel reads around each page; with `advise` only the page that is used is read, which pays where few of a large \
         file are",
    ),
    (
        "slowest of 64 pushes",
        "a step of growth waits until all of it has its place on the device; the others leave holes",
    ),
    (
        "append",
        "a commit is a record with checksums, all of it or nothing; the others have their bytes flushed where \
         they lie, and no length with them",
    ),
    ("1 changed page", ONE_FLUSH),
    ("100 changed pages", ONE_FLUSH),
    ("peak memory", "mapped pages of the file count, which the system can take back"),
    (
        "bytes the process wrote",
        "the kernel counts all of a large folio where a part of it is written: see what the device wrote",
    ),
];

fn reason(heading: &str) -> &'static str {
    let reason = REASONS.iter().find(|(start, _)| heading.starts_with(start));
    reason.map_or("no reason is known: noise, or something to improve", |(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_verdict(persist: [f64; 3], best: [f64; 3], expected: Verdict) {
        let times = |times: [f64; 3]| Times::new(times.to_vec());
        assert_eq!(verdict(&times(persist), &times(best)), expected, "{persist:?} {best:?}");
    }

    #[test]
    fn a_little_behind_is_level_only_where_the_noise_is_larger() {
        check_verdict([9.0, 9.0, 9.0], [10.0, 10.0, 10.0], Verdict::Ahead);
        check_verdict([10.0, 10.0, 10.0], [10.0, 10.0, 10.0], Verdict::Level);
        check_verdict([10.2, 10.2, 10.2], [10.0, 10.0, 10.0], Verdict::Level);
        check_verdict([10.5, 10.5, 10.5], [10.0, 10.0, 10.0], Verdict::Behind);
        check_verdict([9.9, 10.5, 10.5], [10.0, 10.0, 10.0], Verdict::Level);
        check_verdict([9.9, 11.5, 11.5], [10.0, 10.0, 10.0], Verdict::Behind);
    }

    fn entry(name: &str, kind: Kind, time: f64) -> Entry {
        Entry { name: name.into(), kind, times: Times::new(vec![time]) }
    }

    #[test]
    fn persist_stands_beside_the_best_of_each_kind_and_no_floor() {
        let row = [
            entry("persist", Kind::Persist, 4.0),
            entry("bare", Kind::Floor, 0.5),
            entry("slow vector", Kind::Vector, 16.0),
            entry("vector", Kind::Vector, 8.0),
            entry("archive", Kind::Serializer, 2.0),
            entry("database", Kind::Database, 4.0),
        ];
        let standings = of("append 64 B", &row);
        let [standing] = &standings[..] else { panic!("one for each of persist's entries") };
        let rival = |rival: &Option<Rival>| {
            rival.as_ref().map(|rival| (rival.name.clone(), rival.ratio, rival.verdict))
        };
        assert_eq!(rival(&standing.vector), Some(("vector".into(), 0.5, Verdict::Ahead)));
        assert_eq!(rival(&standing.other), Some(("archive".into(), 2.0, Verdict::Behind)));
        assert!(standing.reason.unwrap().starts_with("a commit is a record"));

        assert!(of("append 64 B", &row[..2]).is_empty(), "nobody to stand beside");
        let alone = of("append 64 B", &[&row[..2], &row[3..4]].concat());
        assert!(alone[0].other.is_none() && alone[0].reason.is_none());
    }
}
