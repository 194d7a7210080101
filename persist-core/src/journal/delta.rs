//! Which bytes differ between two versions of a page.

use std::ops::Range;

/// The unit of comparison. An extent costs 16 bytes beside its own, so a finer unit would not pay.
const UNIT_BYTES: usize = 16;
/// Where two versions of so many bytes are equal, they are skipped at once.
const BLOCK_BYTES: usize = 256;

/// Calls `changed` with each run of bytes, in whole units, in which `new` differs from `old`.
///
/// # Panics
///
/// Where the two differ in length.
pub(crate) fn for_each_change(old: &[u8], new: &[u8], mut changed: impl FnMut(Range<usize>)) {
    assert_eq!(old.len(), new.len());
    let mut run = 0..0;
    for (index, (old, new)) in old.chunks(BLOCK_BYTES).zip(new.chunks(BLOCK_BYTES)).enumerate() {
        if old == new {
            continue;
        }
        let mut start = index * BLOCK_BYTES;
        for (old, new) in old.chunks(UNIT_BYTES).zip(new.chunks(UNIT_BYTES)) {
            let end = start + new.len();
            if old != new {
                if run.end != start {
                    if !run.is_empty() {
                        changed(run);
                    }
                    run = start..start;
                }
                run.end = end;
            }
            start = end;
        }
    }
    if !run.is_empty() {
        changed(run);
    }
}
