//! The search for faults finds the first one, wherever it is and however the work is divided.

use super::*;

/// Elements of one byte, as some thread could find them in a file.
fn first_fault_of(bytes: &[u8], part_len: Option<usize>) -> Option<usize> {
    let base = NonNull::from(bytes).cast::<u8>();
    if let Some(part_len) = part_len {
        let elements = Elements { base: base.cast::<bool>(), len: bytes.len() };
        return elements.first_fault_of_parts(part_len);
    }
    // SAFETY: a `bool` needs no alignment, and these are `len` bytes that nobody writes.
    unsafe { first_fault::<bool>(base, bytes.len()) }
}

#[test]
fn the_first_fault_is_found_in_any_place_of_any_block() {
    for len in [1, 2, BLOCK_LEN - 1, BLOCK_LEN, BLOCK_LEN + 1, 2 * BLOCK_LEN + 3] {
        if cfg!(miri) && len != BLOCK_LEN + 1 {
            continue;
        }
        let mut bytes = vec![1; len];
        assert_eq!(first_fault_of(&bytes, None), None, "{len}");
        for fault in [0, 1, BLOCK_LEN - 1, BLOCK_LEN, len - 1].into_iter().filter(|&i| i < len) {
            bytes[fault] = 2;
            assert_eq!(first_fault_of(&bytes, None), Some(fault), "{len}");
            bytes[len - 1] = 3;
            assert_eq!(first_fault_of(&bytes, None), Some(fault), "{len}, and one more at the end");
            (bytes[len - 1], bytes[fault]) = (0, 0);
        }
    }
    assert_eq!(first_fault_of(&[], None), None);
}

#[test]
fn threads_find_the_same_fault() {
    const LEN: usize = if cfg!(miri) { 20 } else { BLOCK_LEN + 7 };
    let mut bytes = [0; LEN];
    for part_len in [1 + LEN / 2, LEN / 4, LEN, LEN + 1] {
        assert_eq!(first_fault_of(&bytes, Some(part_len)), None, "{part_len}");
        for faults in [[0, LEN - 1], [LEN / 4, LEN / 2], [LEN - 2, LEN - 1]] {
            faults.iter().for_each(|&fault| bytes[fault] = 0xff);
            assert_eq!(first_fault_of(&bytes, Some(part_len)), Some(faults[0]), "{part_len}");
            faults.iter().for_each(|&fault| bytes[fault] = 0);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too much memory to look through")]
fn much_memory_is_divided_among_threads() {
    let mut bytes = vec![0; 3 * BYTES_PER_THREAD + 1];
    assert_eq!(first_fault_of(&bytes, None), None);
    *bytes.last_mut().unwrap() = 2;
    assert_eq!(first_fault_of(&bytes, None), Some(3 * BYTES_PER_THREAD));
    bytes[2 * BYTES_PER_THREAD - 1] = 2;
    assert_eq!(first_fault_of(&bytes, None), Some(2 * BYTES_PER_THREAD - 1));
}

#[test]
fn a_check_needs_no_alignment() {
    /// Puts the bytes of an element at an odd address, and asks.
    fn is_valid<T: Persist, const N: usize>(bytes: [u8; N]) -> bool {
        #[repr(C, align(64))]
        struct Unaligned<const N: usize>(u8, [u8; N]);

        const { assert!(size_of::<T>() == N) };
        let place = Unaligned(0, bytes);
        // SAFETY: the pointer is to as many initialised bytes as `T` has.
        unsafe { T::is_valid(place.1.as_ptr().cast()) }
    }

    assert!(is_valid::<u64, 8>([0xff; 8]));
    assert!(is_valid::<bool, 1>([1]) && !is_valid::<bool, 1>([2]));
    assert!(is_valid::<char, 4>(0x10_ffff_u32.to_ne_bytes()));
    assert!(is_valid::<char, 4>(0xd7ff_u32.to_ne_bytes()));
    assert!(is_valid::<char, 4>(0xe000_u32.to_ne_bytes()));
    assert!(!is_valid::<char, 4>(0xd800_u32.to_ne_bytes()));
    assert!(!is_valid::<char, 4>(0xdfff_u32.to_ne_bytes()));
    assert!(!is_valid::<char, 4>(0x11_0000_u32.to_ne_bytes()));
    assert!(is_valid::<std::num::NonZero<u128>, 16>(1_u128.to_ne_bytes()));
    assert!(!is_valid::<std::num::NonZero<u128>, 16>([0; 16]));
    assert!(is_valid::<Option<std::num::NonZero<i64>>, 8>([0; 8]));
    assert!(is_valid::<[char; 2], 8>([0; 8]));
    assert!(!is_valid::<[char; 2], 8>([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]));
    assert!(is_valid::<crate::FixedStr<5>, 5>(*b"ab\0\0\0"));
    assert!(!is_valid::<crate::FixedStr<5>, 5>(*b"ab\0c\0"));
    assert!(!is_valid::<crate::FixedStr<5>, 5>(*b"\xff\0\0\0\0"));
    assert!(is_valid::<crate::Pad<3>, 3>([7; 3]));
}
