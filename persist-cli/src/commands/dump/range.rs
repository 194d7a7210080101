//! `A..B`: which elements.

use std::ops::Range;
use std::str::FromStr;

/// Elements by their indices, the end exclusive, as in Rust.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ElementRange {
    start: usize,
    end: Option<usize>,
}

/// A text that is no range.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoRange {
    #[error("expected A..B, A.. or ..B, as in 10..20")]
    Shape,
    #[error("expected a number before and after `..`, found `{0}`")]
    Number(String),
    #[error("elements are counted from the first one on, found `{0}`: --tail 5 is the last five")]
    Negative(String),
    #[error("it ends before it begins")]
    Backwards,
}

impl FromStr for ElementRange {
    type Err = NoRange;

    fn from_str(text: &str) -> Result<Self, NoRange> {
        let (start, end) = text.split_once("..").ok_or(NoRange::Shape)?;
        let number = |text: &str| match text {
            "" => Ok(None),
            text if text.starts_with('-') => Err(NoRange::Negative(text.into())),
            text => text.parse().map(Some).map_err(|_| NoRange::Number(text.into())),
        };
        let (start, end) = (number(start)?.unwrap_or(0), number(end)?);
        match end {
            Some(end) if end < start => Err(NoRange::Backwards),
            _ => Ok(Self { start, end }),
        }
    }
}

impl ElementRange {
    /// Whether some of them aren't there, where there are `len`; of `A..`, none.
    pub(crate) fn is_beyond(self, len: usize) -> bool {
        let is_empty = self.end == Some(self.start);
        !is_empty && (self.start >= len || self.end.is_some_and(|end| end > len))
    }

    /// Those that there are, where there are `len`.
    pub(crate) fn within(self, len: usize) -> Range<usize> {
        let end = self.end.unwrap_or(len).min(len);
        self.start.min(end)..end
    }
}
