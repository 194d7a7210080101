//! Boxes as lines of text.

use super::boxes::Area;
use unicode_width::UnicodeWidthStr;

pub(super) const ROW_BYTES: usize = 8;

/// An area of more rows is cut in the middle.
const MOST_ROWS: u64 = 4;

/// What is drawn, and how.
pub(super) struct Grid<'a> {
    /// Each begins where the one before ends, the first at 0.
    pub(super) boxes: &'a [Area],
    /// How many columns a byte has, its line at the left included.
    pub(super) cell_width: usize,
    /// How many columns the offsets at the left have.
    pub(super) offset_width: usize,
    pub(super) unicode: bool,
}

/// A line of bytes: which box each is in, by its index.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    /// Where it begins; `None` for rows that were left out.
    offset: Option<u64>,
    owners: [Option<usize>; ROW_BYTES],
}

const OUTSIDE: [Option<usize>; ROW_BYTES] = [None; ROW_BYTES];

impl Grid<'_> {
    /// The whole picture, its lines ended.
    pub(super) fn draw(&self) -> String {
        let mut text = self.ruler();
        let mut above = OUTSIDE;
        let mut labelled = vec![false; self.boxes.len()];
        for row in self.rows() {
            self.separate(&mut text, &above, &row.owners);
            self.row(&mut text, &row, &mut labelled);
            above = row.owners;
        }
        self.separate(&mut text, &above, &OUTSIDE);
        text
    }

    /// The rows, but for those in the middle of large boxes.
    fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for (index, area) in self.boxes.iter().enumerate() {
            let (first, last) = (area.start / ROW_BYTES as u64, (area.end - 1) / ROW_BYTES as u64);
            let is_cut = last - first >= MOST_ROWS;
            let shown = if is_cut { vec![first, last] } else { (first..=last).collect() };
            for number in shown {
                let offset = Some(number * ROW_BYTES as u64);
                if rows.last().is_none_or(|row| row.offset != offset) {
                    rows.push(Row { offset, owners: OUTSIDE });
                }
                if let Some(row) = rows.last_mut() {
                    row.claim(index, area);
                }
                if is_cut && number == first {
                    rows.push(Row { offset: None, owners: [Some(index); ROW_BYTES] });
                }
            }
        }
        rows
    }

    fn ruler(&self) -> String {
        let bytes = self.boxes.last().map_or(0, |last| last.end.min(ROW_BYTES as u64));
        let mut text = " ".repeat(self.offset_width + 3);
        for byte in 0..bytes {
            text += &format!("{byte:<width$}", width = self.cell_width);
        }
        format!("{}\n", text.trim_end())
    }

    /// A row of bytes, with the names that fit into it.
    fn row(&self, text: &mut String, row: &Row, labelled: &mut [bool]) {
        let (offset, edge) = match (row.offset, self.unicode) {
            (Some(offset), true) => (offset.to_string(), '│'),
            (Some(offset), false) => (offset.to_string(), '|'),
            (None, true) => ("…".into(), '·'),
            (None, false) => ("...".into(), ':'),
        };
        let mut line = format!("{offset:>width$} ", width = self.offset_width);
        let mut byte = 0;
        while byte < ROW_BYTES {
            let owner = row.owners[byte];
            let end = (byte..ROW_BYTES).find(|&i| row.owners[i] != owner).unwrap_or(ROW_BYTES);
            let is_edge = owner.is_some() || byte > 0 && row.owners[byte - 1].is_some();
            line.push(if is_edge { edge } else { ' ' });
            let width = (end - byte) * self.cell_width - 1;
            let content = match owner {
                Some(index) if row.offset.is_some() => self.content(index, width, labelled),
                _ => String::new(),
            };
            line += &content;
            line += &" ".repeat(width - content.width());
            byte = end;
        }
        if row.owners[ROW_BYTES - 1].is_some() {
            line.push(edge);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }

    /// What stands in a part of a box that is so wide.
    fn content(&self, index: usize, width: usize, labelled: &mut [bool]) -> String {
        let area = &self.boxes[index];
        if area.labels.is_empty() {
            return if self.unicode { "░" } else { "." }.repeat(width);
        }
        // One more row may have more room for it.
        let rest = area.end - area.start;
        let has_wider = rest as usize > width / self.cell_width + 1 && width < 3 * self.cell_width;
        let room = width.saturating_sub(2);
        let fits = |label: &&String| label.width() < width;
        let label = match area.labels.iter().find(fits) {
            _ if labelled[index] => String::new(),
            Some(label) => label.clone(),
            None if has_wider => String::new(),
            None => self.cut(&area.labels[area.labels.len() - 1], room),
        };
        labelled[index] |= !label.is_empty();
        if label.is_empty() { label } else { format!(" {label}") }
    }

    /// As much of a name as fits, and a sign that there is more.
    fn cut(&self, name: &str, width: usize) -> String {
        let mut kept = String::new();
        for char in name.chars() {
            kept.push(char);
            if kept.width() >= width.max(1) {
                break;
            }
        }
        if kept.len() < name.len() && width > 2 {
            kept.pop();
            kept.push(if self.unicode { '…' } else { '~' });
        }
        if kept.width() > width { String::new() } else { kept }
    }

    /// The line between two rows, unless there is none to be drawn.
    fn separate(&self, text: &mut String, above: &Owners, below: &Owners) {
        let is_drawn = |byte: usize| above[byte] != below[byte];
        if !(0..ROW_BYTES).any(is_drawn) {
            return;
        }
        let mut line = " ".repeat(self.offset_width + 1);
        for at in 0..=ROW_BYTES {
            let (left, right) = (at > 0 && is_drawn(at - 1), at < ROW_BYTES && is_drawn(at));
            line.push(self.corner(is_edge(above, at), is_edge(below, at), left, right));
            if at < ROW_BYTES {
                let dash = self.corner(false, false, right, right).to_string();
                line += &dash.repeat(self.cell_width - 1);
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }

    /// What lines that meet look like.
    fn corner(&self, up: bool, down: bool, left: bool, right: bool) -> char {
        const LINES: [char; 16] =
            [' ', '╶', '╴', '─', '╷', '┌', '┐', '┬', '╵', '└', '┘', '┴', '│', '├', '┤', '┼'];
        let lines = usize::from(up) << 3
            | usize::from(down) << 2
            | usize::from(left) << 1
            | usize::from(right);
        match (self.unicode, lines) {
            (true, _) => LINES[lines],
            (false, 0) => ' ',
            (false, 0b0001..=0b0011) => '-',
            (false, 0b0100 | 0b1000 | 0b1100) => '|',
            (false, _) => '+',
        }
    }
}

type Owners = [Option<usize>; ROW_BYTES];

impl Row {
    /// Gives the bytes of an area in this row to it.
    fn claim(&mut self, index: usize, area: &Area) {
        let Some(offset) = self.offset else { return };
        for (byte, owner) in (offset..).zip(&mut self.owners) {
            if (area.start..area.end).contains(&byte) {
                *owner = Some(index);
            }
        }
    }
}

/// Whether there is a line between a byte and the one before it.
fn is_edge(owners: &Owners, at: usize) -> bool {
    let owner = |byte: usize| owners.get(byte).copied().flatten();
    let before = at.checked_sub(1).and_then(owner);
    before != owner(at)
}
