//! The loops: one operation over many items that stand at a fixed distance.
//!
//! A kernel is compiled for the widths it reads and writes, and has no branch that depends on a value: it goes through
//! all items and says at the end whether each fitted.

/// Items at a distance, in the file and in the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dim {
    pub(super) count: usize,
    pub(super) from_stride: usize,
    pub(super) to_stride: usize,
}

impl Dim {
    pub(super) const ONE: Self = Self { count: 1, from_stride: 0, to_stride: 0 };
}

/// Reads items of `F` bytes, writes items of `T`, and says whether all fitted. The slices begin with the first item.
#[inline(always)]
pub(super) fn map<const F: usize, const T: usize>(
    from: &[u8],
    to: &mut [u8],
    dim: Dim,
    f: impl Fn([u8; F]) -> ([u8; T], bool),
) -> bool {
    let Dim { count, from_stride, to_stride } = dim;
    let one = |from: &[u8], to: &mut [u8]| match (from.first_chunk(), to.first_chunk_mut()) {
        (Some(from), Some(to)) => {
            let (bytes, fits) = f(*from);
            *to = bytes;
            fits
        }
        _ => false,
    };
    let mut fits = true;
    if (from_stride, to_stride) == (F, T) {
        // The compiler knows these strides, and makes vectors of the items.
        let items = from[..count * F].chunks_exact(F).zip(to[..count * T].chunks_exact_mut(T));
        items.for_each(|(from, to)| fits &= one(from, to));
        return fits;
    }
    // The last item may be the last of the slice, with less than a stride after it.
    let Some(before) = count.checked_sub(1) else { return true };
    let (from, last_from) = from.split_at(before * from_stride);
    let (to, last_to) = to.split_at_mut(before * to_stride);
    if before > 0 {
        let items = from.chunks_exact(from_stride).zip(to.chunks_exact_mut(to_stride));
        items.for_each(|(from, to)| fits &= one(from, to));
    }
    fits & one(last_from, last_to)
}

/// Reads items of `F` bytes, and says whether all are as they should be. The slice begins with the first.
#[inline(always)]
pub(super) fn all<const F: usize>(from: &[u8], dim: Dim, f: impl Fn([u8; F]) -> bool) -> bool {
    let one = |from: &[u8]| from.first_chunk().is_some_and(|bytes| f(*bytes));
    let mut fits = true;
    if dim.from_stride == F {
        from[..dim.count * F].chunks_exact(F).for_each(|from| fits &= one(from));
        return fits;
    }
    let Some(before) = dim.count.checked_sub(1) else { return true };
    let (from, last) = from.split_at(before * dim.from_stride);
    if before > 0 {
        from.chunks_exact(dim.from_stride).for_each(|from| fits &= one(from));
    }
    fits & one(last)
}

/// Copies items of any length.
pub(super) fn copy(from: &[u8], to: &mut [u8], dim: Dim, bytes: usize) {
    macro_rules! widths {
        ($($width:literal)*) => {
            match bytes {
                $($width => {
                    map::<$width, $width>(from, to, dim, |bytes| (bytes, true));
                })*
                _ => (0..dim.count).for_each(|i| {
                    let from = &from[i * dim.from_stride..][..bytes];
                    to[i * dim.to_stride..][..bytes].copy_from_slice(from);
                }),
            }
        };
    }
    // Short copies of a length that the compiler doesn't know would each be a call.
    widths!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 20 24 28 32);
}

/// Writes the same bytes to items of the target.
pub(super) fn fill(bytes: &[u8], to: &mut [u8], dim: Dim) {
    (0..dim.count).for_each(|i| to[i * dim.to_stride..][..bytes.len()].copy_from_slice(bytes));
}

/// Turns the bytes of items around.
pub(super) fn swap(from: &[u8], to: &mut [u8], dim: Dim, width: u8) {
    macro_rules! widths {
        ($($width:literal)*) => {
            match width {
                $($width => {
                    map::<$width, $width>(from, to, dim, |mut bytes| {
                        bytes.reverse();
                        (bytes, true)
                    });
                })*
                _ => unreachable!("scalars have 1, 2, 4, 8 or 16 bytes"),
            }
        };
    }
    widths!(2 4 8 16);
}

/// Calls a function that is generic over a width.
macro_rules! with_width {
    ($width:expr, $name:ident => $call:expr) => {
        match $width {
            1 => {
                const $name: usize = 1;
                $call
            }
            2 => {
                const $name: usize = 2;
                $call
            }
            4 => {
                const $name: usize = 4;
                $call
            }
            8 => {
                const $name: usize = 8;
                $call
            }
            16 => {
                const $name: usize = 16;
                $call
            }
            _ => unreachable!("scalars have 1, 2, 4, 8 or 16 bytes"),
        }
    };
}
pub(super) use with_width;
