//! The surface of `Vec`, method by method, on elements of several shapes.
//!
//! Random sequences of calls are in the integration tests; here each method is called at least once
//! in each of its cases, in few enough steps for Miri.

use std::mem;

use super::*;

/// Elements of distinct values.
trait Sample: Persist + PartialEq + std::fmt::Debug {
    fn sample(seed: u8) -> Self;
}

impl Sample for u8 {
    fn sample(seed: u8) -> Self {
        seed
    }
}

impl Sample for u64 {
    fn sample(seed: u8) -> Self {
        u64::from(seed) << 40 | 1
    }
}

impl Sample for [u8; 3] {
    fn sample(seed: u8) -> Self {
        [seed, 1, !seed]
    }
}

impl Sample for char {
    fn sample(seed: u8) -> Self {
        char::from_u32(0x1_0000 + u32::from(seed)).unwrap()
    }
}

impl Sample for FixedStr<5> {
    fn sample(seed: u8) -> Self {
        Self::new(&seed.to_string()).unwrap()
    }
}

/// An over-aligned element.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
struct Line([u64; 8]);

// SAFETY: eight integers fill the 64 bytes, and every bit pattern is a value.
unsafe impl Persist for Line {
    const LAYOUT: &'static crate::Layout = <[u64; 8]>::LAYOUT;
    const ANY_BITS: bool = true;

    unsafe fn is_valid(_: *const Self) -> bool {
        true
    }
}

impl Sample for Line {
    fn sample(seed: u8) -> Self {
        Self([seed.into(); 8])
    }
}

/// Makes these the elements of a vector, and returns them.
fn fill<T: Sample>(vector: &mut MmapVec<T>, seeds: &[u8]) -> Vec<T> {
    let model: Vec<T> = seeds.iter().map(|&seed| T::sample(seed)).collect();
    vector.clear();
    vector.try_extend(model.iter().copied()).unwrap();
    model
}

/// Runs a check on elements of each shape, and on both kinds of storage.
macro_rules! for_each_shape {
    ($check:ident) => {
        for_each_shape!($check: u8, u64, [u8; 3], char, FixedStr<5>, Line)
    };
    ($check:ident: $($type:ty),*) => { $(
        for storage in storages(2048) {
            $check::<$type>(&mut create(&storage));
        }
    )* };
}

#[test]
fn elements_are_added() {
    fn check<T: Sample>(vector: &mut MmapVec<T>) {
        let mut model = fill(vector, &[1, 2, 3]);
        let more = [4, 5].map(T::sample);
        vector.extend_from_slice(&more).unwrap();
        model.extend_from_slice(&more);
        for range in [1..4, 0..0, 5..5, 0..5] {
            vector.extend_from_within(range.clone()).unwrap();
            model.extend_from_within(range);
            assert_eq!(*vector, model);
        }
        for index in [0, 3, model.len() + 2] {
            vector.insert(index, T::sample(9)).unwrap();
            model.insert(index, T::sample(9));
            assert_eq!(*vector, model);
        }
        for len in [20, 12, 12, 0, 2] {
            vector.resize(len, T::sample(7)).unwrap();
            model.resize(len, T::sample(7));
            assert_eq!(*vector, model);
            let make = || [30, 31, 32].map(T::sample).into_iter();
            let (mut ours, mut std) = (make(), make());
            vector.resize_with(len + 3, || ours.next().unwrap()).unwrap();
            model.resize_with(len + 3, || std.next().unwrap());
            assert_eq!(*vector, model);
        }
        assert!(vector.capacity() >= vector.len());
    }
    for_each_shape!(check);
}

#[test]
fn elements_are_removed() {
    fn check<T: Sample>(vector: &mut MmapVec<T>) {
        let mut model = fill(vector, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        for index in [0, 4, 7] {
            assert_eq!(vector.remove(index), model.remove(index));
            assert_eq!(*vector, model);
        }
        for index in [0, 3, 4] {
            assert_eq!(vector.swap_remove(index), model.swap_remove(index));
            assert_eq!(*vector, model);
        }
        assert_eq!(vector.pop(), model.pop());
        assert_eq!(vector.pop_if(|_| false), None);
        assert_eq!(vector.pop_if(|_| true), model.pop());
        assert_eq!(vector.split_off(1), model.split_off(1));
        assert_eq!(*vector, model);
        assert_eq!(vector.split_off(1), []);
        vector.truncate(3);
        assert_eq!(vector.len(), 1);
        vector.clear();
        assert!(vector.is_empty());
        assert_eq!(vector.pop_if(|_| true), None);
    }
    for_each_shape!(check);
}

#[test]
fn elements_are_drained() {
    fn check<T: Sample>(vector: &mut MmapVec<T>) {
        for range in [0..5, 1..3, 2..2, 3..5] {
            let mut model = fill(vector, &[0, 1, 2, 3, 4]);
            let (mut ours, mut std) = (vector.drain(range.clone()), model.drain(range));
            assert_eq!(ours.len(), std.len());
            assert_eq!(ours.next(), std.next());
            assert_eq!(ours.as_slice(), std.as_slice());
            assert_eq!(ours.next_back(), std.next_back());
            assert_eq!(ours.nth(1), std.nth(1));
            assert_eq!(ours.next(), std.next());
            drop((ours, std));
            assert_eq!(*vector, model);
        }
        let model = fill(vector, &[0, 1, 2, 3]);
        let mut leaked = vector.drain(1..);
        assert_eq!(leaked.next(), Some(model[1]));
        mem::forget(leaked);
        assert_eq!(*vector, model, "a drain that is leaked removes nothing");
    }
    for_each_shape!(check);
}

#[test]
fn elements_are_sifted() {
    fn check<T: Sample>(vector: &mut MmapVec<T>) {
        let seeds = [1, 1, 2, 3, 3, 3, 1, 2, 2];
        let mut model = fill(vector, &seeds);
        vector.dedup();
        model.dedup();
        assert_eq!(*vector, model);

        let keep = |element: &T| *element != T::sample(1);
        vector.retain(keep);
        model.retain(keep);
        assert_eq!(*vector, model);

        let mut model = fill(vector, &seeds);
        let change = |element: &mut T| {
            let keep = *element != T::sample(3);
            *element = T::sample(8);
            keep
        };
        vector.retain_mut(change);
        model.retain_mut(change);
        assert_eq!(*vector, model);

        let mut model = fill(vector, &seeds);
        let key = |element: &mut T| *element == T::sample(1);
        vector.dedup_by_key(key);
        model.dedup_by_key(key);
        assert_eq!(*vector, model);

        let model = fill(vector, &seeds);
        let extracted: Vec<T> = vector.extract_if(1..8, |e| *e == T::sample(3)).take(2).collect();
        assert_eq!(extracted, [T::sample(3); 2]);
        assert_eq!(*vector, [1, 1, 2, 3, 1, 2, 2].map(T::sample));
        assert_eq!(vector.extract_if(.., |_| true).count(), 7);
        assert!(vector.is_empty() && model.len() == 9);
        assert_eq!(vector.extract_if(.., |_| true).next(), None);
    }
    for_each_shape!(check);
}

#[test]
fn elements_are_a_slice() {
    fn check<T: Sample>(vector: &mut MmapVec<T>) {
        let mut model = fill(vector, &[1, 2, 3, 4]);
        vector[2] = T::sample(9);
        model[2] = T::sample(9);
        vector.reverse();
        model.reverse();
        vector.copy_within(1.., 0);
        model.copy_within(1.., 0);
        for element in &mut *vector {
            *element = if *element == T::sample(9) { T::sample(10) } else { *element };
        }
        assert_eq!(*vector, [10, 2, 1, 1].map(T::sample));
        assert_eq!(model, [9, 2, 1, 1].map(T::sample));
        let (left, right) = vector.split_at_mut(2);
        mem::swap(&mut left[0], &mut right[1]);
        vector[1..3].fill(T::sample(5));
        assert_eq!(*vector, [1, 5, 5, 10].map(T::sample));
        let bytes = vector.as_ptr();
        assert!(bytes.is_aligned());
        assert_eq!(vector.iter().copied().collect::<Vec<T>>(), vector.to_vec());
    }
    for_each_shape!(check);
}

#[test]
fn elements_outlive_the_vector() {
    fn check<T: Sample>(storage: &HeapStorage) {
        let mut vector = create::<T>(storage);
        let model = fill(&mut vector, &[1, 2, 3, 4]);
        vector.commit().unwrap();
        vector.push(T::sample(5)).unwrap();
        drop(vector);
        assert_eq!(open::<T>(storage).unwrap(), model);
        let slice = MmapSlice::<T>::options().slice(store(storage.clone()).unwrap()).unwrap();
        assert_eq!(slice, model);
    }
    let [fixed, moving] = storages(2048);
    check::<FixedStr<5>>(&fixed);
    check::<Line>(&moving);
}
