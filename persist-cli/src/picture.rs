//! A picture of the bytes of an element: eight bytes to a row, a box for each field.
//!
//! ```text
//!       0       1       2       3       4       5       6       7
//!     ┌───────────────────────────────────────────────────────────────┐
//!   0 │ time: u64                                                     │
//!     ├───────────────────────────────┬───────┬───────┬───────────────┤
//!   8 │ qty: u32                      │ side  │ live  │░░░░░░░░░░░░░░░│
//!     └───────────────────────────────┴───────┴───────┴───────────────┘
//! ```
//!
//! Fields of many rows are cut in the middle, and so are pictures: a type can have any size and any number of
//! fields.

mod boxes;
mod grid;

use std::fmt::Write;

use persist_core::reflect::TypeRef;

use boxes::boxes;
use grid::{Grid, ROW_BYTES};

/// What a picture is drawn with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pen {
    /// How many columns a line may have.
    pub(crate) width: usize,
    /// Whether there is more than ASCII.
    pub(crate) unicode: bool,
}

/// The narrowest and the widest that a byte is drawn.
const CELL_WIDTHS: std::ops::RangeInclusive<usize> = 4..=8;

/// The picture of a type, its lines ended.
pub(crate) fn picture(ty: TypeRef<'_>, pen: Pen) -> String {
    let (boxes, hidden_bytes) = boxes(ty);
    let offset_width = ty.size_bytes().to_string().len().max(3);
    let room = pen.width.saturating_sub(offset_width + 2) / ROW_BYTES;
    let cell_width = room.clamp(*CELL_WIDTHS.start(), *CELL_WIDTHS.end());
    let mut text = Grid { boxes: &boxes, cell_width, offset_width, unicode: pen.unicode }.draw();
    if hidden_bytes > 0 {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{:offset_width$}   and {hidden_bytes} more bytes", "");
    }
    text
}

#[cfg(test)]
mod tests {
    use persist_core::{Descriptor, FixedStr, Pad, Persist};

    use super::*;

    #[derive(Clone, Copy, Persist)]
    #[repr(u8)]
    enum Side {
        Buy = 0,
        Sell = 1,
    }

    #[derive(Clone, Copy, Persist)]
    #[repr(C)]
    struct Tick {
        time: u64,
        price: f64,
        qty: u32,
        side: Side,
        live: bool,
        _pad: Pad<2>,
    }

    #[derive(Clone, Copy, Persist)]
    #[repr(C)]
    struct Book {
        name: FixedStr<12>,
        level: u32,
        ticks: [Tick; 3],
        blob: [u8; 100],
        _pad: Pad<4>,
    }

    #[derive(Clone, Copy, Persist)]
    #[repr(C, packed)]
    struct Packed {
        kind: u8,
        length: u32,
        sequence: u64,
    }

    #[track_caller]
    fn check<T: Persist>(pen: Pen, expected: &str) {
        let picture = picture(Descriptor::of::<T>().root(), pen);
        assert_eq!(picture.trim_end(), expected.trim_matches('\n'), "\n{picture}");
        let widest = picture.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(pen.width.max(38)), "{widest:?}");
    }

    const UNICODE: Pen = Pen { width: 80, unicode: true };

    #[test]
    fn fields_and_padding() {
        check::<Tick>(
            UNICODE,
            "
      0       1       2       3       4       5       6       7
    ┌───────────────────────────────────────────────────────────────┐
  0 │ time: u64                                                     │
    ├───────────────────────────────────────────────────────────────┤
  8 │ price: f64                                                    │
    ├───────────────────────────────┬───────┬───────┬───────────────┤
 16 │ qty: u32                      │ side  │ live  │░░░░░░░░░░░░░░░│
    └───────────────────────────────┴───────┴───────┴───────────────┘",
        );
    }

    #[test]
    fn ascii_and_narrow() {
        check::<Tick>(
            Pen { width: 40, unicode: false },
            "
      0   1   2   3   4   5   6   7
    +-------------------------------+
  0 | time: u64                     |
    +-------------------------------+
  8 | price: f64                    |
    +---------------+---+---+-------+
 16 | qty: u32      | s | l |.......|
    +---------------+---+---+-------+",
        );
    }

    #[test]
    fn one_byte() {
        check::<u8>(
            UNICODE,
            "
      0
    ┌───────┐
  0 │ u8    │
    └───────┘",
        );
    }

    #[test]
    fn fields_that_cross_rows() {
        check::<Packed>(
            UNICODE,
            "
      0       1       2       3       4       5       6       7
    ┌───────┬───────────────────────────────┬───────────────────────┐
  0 │ kind  │ length: u32                   │ sequence: u64         │
    ├───────┴───────────────────────────────┼───────────────────────┘
  8 │                                       │
    └───────────────────────────────────────┘",
        );
    }

    #[test]
    fn arrays_are_shown_by_their_first_item_and_long_fields_are_cut() {
        check::<Book>(
            UNICODE,
            "
      0       1       2       3       4       5       6       7
    ┌───────────────────────────────────────────────────────────────┐
  0 │ name: FixedStr<12>                                            │
    │                               ┌───────────────────────────────┤
  8 │                               │ level: u32                    │
    ├───────────────────────────────┴───────────────────────────────┤
 16 │ ticks[0].time: u64                                            │
    ├───────────────────────────────────────────────────────────────┤
 24 │ ticks[0].price: f64                                           │
    ├───────────────────────────────┬───────┬───────┬───────────────┤
 32 │ ticks[0].qty: u32             │ side  │ live  │░░░░░░░░░░░░░░░│
    ├───────────────────────────────┴───────┴───────┴───────────────┤
 40 │ ticks[1..3]: [Tick; 2]                                        │
  … ·                                                               ·
 80 │                                                               │
    ├───────────────────────────────────────────────────────────────┤
 88 │ blob: [u8; 100]                                               │
  … ·                                                               ·
    │                               ┌───────────────────────────────┤
184 │                               │░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░│
    └───────────────────────────────┴───────────────────────────────┘",
        );
    }
}
