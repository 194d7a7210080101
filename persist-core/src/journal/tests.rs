//! What differs between pages, and what records may say.

use super::*;

fn changes(old: &[u8], new: &[u8]) -> Vec<(usize, usize)> {
    let mut changes = Vec::new();
    for_each_change(old, new, |change| changes.push((change.start, change.end)));
    changes
}

#[test]
fn changes_are_runs_of_units() {
    let old = [0; 1000];
    let with = |indices: &[usize]| {
        let mut new = old;
        indices.iter().for_each(|&i| new[i] = 1);
        changes(&old, &new)
    };
    assert_eq!(with(&[]), []);
    assert_eq!(with(&[0]), [(0, 16)]);
    assert_eq!(with(&[15, 16]), [(0, 32)], "neighbours are one run");
    assert_eq!(with(&[15, 48]), [(0, 16), (48, 64)]);
    assert_eq!(with(&[255, 256]), [(240, 272)], "across blocks");
    assert_eq!(with(&[240, 511, 512]), [(240, 256), (496, 528)]);
    assert_eq!(with(&[999]), [(992, 1000)], "the last unit is short");
    assert_eq!(changes(&[], &[]), []);
}

/// Whatever changed, copying the changed bytes makes the new version of the old one.
#[test]
fn applying_the_changes_gives_the_new_version() {
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..if cfg!(miri) { 5 } else { 500 } {
        let mut old = vec![0; random.usize(0..2000)];
        random.fill(&mut old);
        let mut new = old.clone();
        for _ in 0..random.usize(0..20) {
            if !new.is_empty() {
                let i = random.usize(0..new.len());
                new[i] ^= random.u8(1..);
            }
        }
        let mut rebuilt = old.clone();
        let mut end = 0;
        for (start, change_end) in changes(&old, &new) {
            assert!(start >= end && start < change_end);
            end = change_end;
            rebuilt[start..end].copy_from_slice(&new[start..end]);
        }
        assert_eq!(rebuilt, new);
    }
}
