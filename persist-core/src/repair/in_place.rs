//! Whether what the records of a journal say is in its place already.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use crate::journal::{ReadAt, Replay};

/// So many runs of bytes are kept in mind, and more than damaged files may make of it are not.
const MOST_RUNS: usize = 1 << 20;

/// Whether the bytes of data up to `end` are those that the records that count make of them. `read_data` reads what is
/// there, from an offset on from the beginning of the data. Says no where that would take a lot of memory to tell.
pub(super) fn is_in_place(
    replay: &Replay,
    end: u64,
    read: &mut ReadAt<'_>,
    read_data: &mut ReadAt<'_>,
) -> io::Result<bool> {
    let mut differing = Runs::default();
    let mut there = Vec::new();
    let mut is_too_much = false;
    replay.for_each_extent(read, end, |offset, bytes| {
        // What a later record says counts.
        differing.remove(offset..offset + bytes.len() as u64);
        is_too_much |= differing.0.len() > MOST_RUNS;
        if !is_too_much {
            there.resize(bytes.len(), 0);
            read_data(offset, &mut there)?;
            differing.insert_differing(offset, bytes, &there);
        }
        Ok(())
    })?;
    Ok(differing.0.is_empty() && !is_too_much)
}

/// Runs of bytes, by where they begin: where they end. None overlaps another.
#[derive(Debug, Default)]
struct Runs(BTreeMap<u64, u64>);

impl Runs {
    fn remove(&mut self, range: Range<u64>) {
        let before = self.0.range(..range.start).next_back().map(|(&start, &end)| (start, end));
        if let Some((start, end)) = before.filter(|&(_, end)| end > range.start) {
            self.0.insert(start, range.start);
            self.insert(range.end, end);
        }
        while let Some((&start, &end)) = self.0.range(range.clone()).next() {
            self.0.remove(&start);
            self.insert(range.end, end);
        }
    }

    /// Nothing where it would be empty.
    fn insert(&mut self, start: u64, end: u64) {
        if start < end {
            self.0.insert(start, end);
        }
    }

    /// The runs of bytes that are not the same in both, which stand at `offset`, where no run is.
    fn insert_differing(&mut self, mut offset: u64, a: &[u8], b: &[u8]) {
        let is_same: Vec<bool> = a.iter().zip(b).map(|(a, b)| a == b).collect();
        for run in is_same.chunk_by(|a, b| a == b) {
            let end = offset + run.len() as u64;
            if !run[0] {
                self.insert(offset, end);
            }
            offset = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_bytes_are_in_no_run() {
        for (start, end) in (0..12).flat_map(|start| (start + 1..14).map(move |end| (start, end))) {
            let mut runs = Runs::default();
            runs.insert_differing(1, b"..xxx.xx..x", b"...........");
            assert_eq!(runs.0, BTreeMap::from([(3, 6), (7, 9), (11, 12)]));
            let is_in =
                |runs: &Runs, at| runs.0.iter().any(|(&start, &end)| (start..end).contains(&at));
            let before: Vec<bool> = (0..14).map(|at| is_in(&runs, at)).collect();
            runs.remove(start..end);
            for at in 0..14 {
                let expected = before[at as usize] && !(start..end).contains(&at);
                assert_eq!(is_in(&runs, at), expected, "{start}..{end}: {at}");
            }
            assert!(runs.0.iter().all(|(start, end)| start < end), "{runs:?}");
        }
    }
}
