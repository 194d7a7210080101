//! By how much files grow. What a store writes and when is tested through the vector.

#![forbid(unsafe_code)]

use super::*;

#[test]
fn a_file_doubles_between_a_mebibyte_and_the_most_it_may() {
    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;
    const MOST: u64 = 64 * MIB;
    for (capacity, needed, target) in [
        (0, 1, MIB),
        (0, MIB, MIB),
        (0, MIB + 1, MIB + GROWTH_UNIT_BYTES),
        (MIB, MIB + 1, 2 * MIB),
        (48 * MIB, 48 * MIB + 8, 96 * MIB),
        (64 * MIB, 64 * MIB + 1, 128 * MIB),
        (GIB, GIB + 1, GIB + MOST),
        (5 * GIB, 7 * GIB, 7 * GIB),
        (100, 200, MIB + GROWTH_UNIT_BYTES),
    ] {
        assert_eq!(growth_target(capacity, needed, MOST), target, "{capacity} {needed}");
    }
}
