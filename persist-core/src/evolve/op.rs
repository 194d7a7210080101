//! The operations that a plan is compiled into: a flat list, each with its place in the element.
//!
//! Invariant: within an element no two operations write the same byte; what none writes is zero.

use std::fmt;

use super::kernel::Dim;
use super::number::{Float, Integer};

/// An index into [`Program::places`].
pub(super) type PlaceId = u32;

/// Where an operation belongs: the way to it from the root, through fields and arrays of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) parent: Option<PlaceId>,
    pub(super) step: Step,
    /// The nearest array on the way, this place included.
    pub(super) array: Option<PlaceId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The field of this index in the file's struct.
    Field(usize),
    /// The items of an array.
    Items(Dim),
}

/// One operation, on the first item of each array around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Op<K> {
    pub(super) kind: K,
    /// Where it reads, in an element of the file.
    pub(super) from: usize,
    /// Where it writes, in an element of the target.
    pub(super) to: usize,
    /// What can't fail needs no name: its place is that of the array around it.
    pub(super) place: Option<PlaceId>,
}

/// What succeeds whatever the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Copy {
        bytes: usize,
    },
    /// Scalars one after the other, each turned around.
    Swap {
        width: u8,
        count: usize,
    },
    /// Bytes from the defaults, where they stand as in the target.
    Fill {
        bytes: usize,
    },
}

/// What can fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Checked {
    Test(Test),
    Convert(Convert),
}

/// What only looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// An integer is in its domain.
    Integer(Integer),
    /// A tag is one of an enum.
    Tag(Tags),
    /// UTF-8 and then NULs, with at most so many bytes of text.
    Text { bytes: usize, most: usize },
    /// Padding is zero, of which a field of this name is made.
    Zero { bytes: usize, becomes: Box<str> },
}

/// What makes another value, if it can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Convert {
    Integer { from: Integer, to: Integer },
    Float { from: Float, to: Float },
    IntegerToFloat { from: Integer, to: Float },
    FloatToInteger { from: Float, to: Integer },
    Tag { map: Tags, to: Integer },
}

/// The tags of an enum, and what becomes of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tags {
    pub(super) from: Integer,
    /// The tag in the file, in ascending order, and in the target: `None` where that lacks the variant.
    pub(super) pairs: Box<[(u64, Option<u64>)]>,
}

impl Tags {
    /// What becomes of a tag. O(1) where the tags count up from zero, else O(log variants).
    #[inline]
    pub(super) fn get(&self, tag: u64) -> Option<u64> {
        let guess = usize::try_from(tag).ok().and_then(|tag| self.pairs.get(tag));
        let pair = guess.filter(|pair| pair.0 == tag).or_else(|| {
            let index = self.pairs.binary_search_by_key(&tag, |pair| pair.0).ok()?;
            self.pairs.get(index)
        });
        pair.and_then(|pair| pair.1)
    }
}

impl Move {
    /// How many bytes it writes.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Copy { bytes } | Self::Fill { bytes } => bytes,
            Self::Swap { width, count } => usize::from(width) * count,
        }
    }

    /// This and the next one as one, where they are of a kind.
    fn and(self, next: Self) -> Option<Self> {
        match (self, next) {
            (Self::Copy { bytes }, Self::Copy { bytes: more }) => {
                Some(Self::Copy { bytes: bytes + more })
            }
            (Self::Fill { bytes }, Self::Fill { bytes: more }) => {
                Some(Self::Fill { bytes: bytes + more })
            }
            (Self::Swap { width, count }, Self::Swap { width: other, count: more })
                if width == other =>
            {
                Some(Self::Swap { width, count: count + more })
            }
            _ => None,
        }
    }

    /// So many of these, one after the other.
    pub(super) fn times(self, n: usize) -> Self {
        match self {
            Self::Copy { bytes } => Self::Copy { bytes: bytes * n },
            Self::Fill { bytes } => Self::Fill { bytes: bytes * n },
            Self::Swap { width, count } => Self::Swap { width, count: count * n },
        }
    }
}

/// All operations on an element.
#[derive(Clone, Default)]
pub(super) struct Program {
    places: Vec<Place>,
    /// What can fail, in the order of the target's fields: the first that does is named.
    pub(super) checked: Vec<Op<Checked>>,
    pub(super) moves: Vec<Op<Move>>,
}

impl Convert {
    pub(super) fn to_bytes(&self) -> usize {
        let width = match self {
            Self::Integer { to, .. } | Self::FloatToInteger { to, .. } | Self::Tag { to, .. } => {
                to.width
            }
            Self::Float { to, .. } | Self::IntegerToFloat { to, .. } => to.format.width(),
        };
        width.into()
    }
}

/// Building.
impl Program {
    pub(super) fn add_place(&mut self, parent: Option<PlaceId>, step: Step) -> PlaceId {
        // A descriptor has at most 2^20 bytes, and a place belongs to one of its types.
        let id = self.places.len() as PlaceId;
        let array = match step {
            Step::Items(_) => Some(id),
            Step::Field(_) => self.array_of(parent),
        };
        self.places.push(Place { parent, step, array });
        id
    }

    fn array_of(&self, place: Option<PlaceId>) -> Option<PlaceId> {
        place.and_then(|id| self.place(id).array)
    }

    /// Adds a move, to the one before it where the two are one.
    pub(super) fn add_move(&mut self, op: Op<Move>) {
        let op = Op { place: self.array_of(op.place), ..op };
        if let Some(last) = self.moves.last_mut() {
            let bytes = last.kind.bytes();
            let follows =
                last.place == op.place && last.to + bytes == op.to && last.from + bytes == op.from;
            if let Some(both) = last.kind.and(op.kind).filter(|_| follows) {
                last.kind = both;
                return;
            }
        }
        self.moves.push(op);
    }

    /// Takes the move out of an array that it does all of: the items are one after the other, so it is one move.
    ///
    /// The array's moves begin at `start`, and its items at these offsets.
    pub(super) fn flatten(&mut self, array: PlaceId, start: usize, from: usize, to: usize) {
        let Place { parent, step: Step::Items(dim), .. } = *self.place(array) else { return };
        let [op] = &self.moves[start..] else { return };
        let bytes = op.kind.bytes();
        let reads_all =
            matches!(op.kind, Move::Fill { .. }) || (op.from, dim.from_stride) == (from, bytes);
        let writes_all = (op.to, dim.to_stride) == (to, bytes);
        if reads_all && writes_all && op.place == Some(array) {
            let op = Op { kind: op.kind.times(dim.count), place: parent, ..op.clone() };
            self.moves.pop();
            self.add_move(op);
        }
    }
}

/// Reading.
impl Program {
    pub(super) fn place(&self, id: PlaceId) -> &Place {
        &self.places[id as usize]
    }

    /// The loops over the arrays around a place, the outermost first.
    pub(super) fn loops(&self, place: Option<PlaceId>) -> impl Iterator<Item = Dim> {
        let mut loops = Vec::new();
        let mut next = self.array_of(place);
        while let Some(id) = next {
            let place = self.place(id);
            if let Step::Items(dim) = place.step {
                loops.push(dim);
            }
            next = self.array_of(place.parent);
        }
        loops.into_iter().rev()
    }

    pub(super) fn fills(&self) -> bool {
        self.moves.iter().any(|op| matches!(op.kind, Move::Fill { .. }))
    }

    /// How many bytes of an element are written.
    pub(super) fn written_bytes(&self) -> usize {
        let moves = self.moves.iter().map(|op| (op.kind.bytes(), op.place));
        let converts = self.checked.iter().filter_map(|op| match &op.kind {
            Checked::Convert(convert) => Some((convert.to_bytes(), op.place)),
            Checked::Test(_) => None,
        });
        let bytes = |(bytes, place)| self.loops(place).fold(bytes, |bytes, dim| bytes * dim.count);
        moves.chain(converts).map(bytes).sum()
    }
}

impl fmt::Debug for Program {
    /// A line for each operation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checked =
            self.checked.iter().map(|op| (&op.kind as &dyn fmt::Debug, op.from, op.to, op.place));
        let moves =
            self.moves.iter().map(|op| (&op.kind as &dyn fmt::Debug, op.from, op.to, op.place));
        for (kind, from, to, place) in checked.chain(moves) {
            write!(f, "\n  @{from} → @{to} {kind:?}")?;
            for dim in self.loops(place) {
                write!(f, " × {} every {} → {}", dim.count, dim.from_stride, dim.to_stride)?;
            }
        }
        Ok(())
    }
}
