//! How a program says which elements it will use, so that the system can read them in time.

#![forbid(unsafe_code)]

/// In which order elements will be used: what [`MmapVec::advise`] and [`MmapSlice::advise`] tell the system.
///
/// [`MmapVec::advise`]: crate::MmapVec::advise
/// [`MmapSlice::advise`]: crate::MmapSlice::advise
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Advice {
    /// In no order that is worth telling: the system reads a few pages around each that is missing in memory, and
    /// more of them while they are used in sequence.
    #[default]
    Normal,
    /// From the first to the last: more is read ahead, and memory is given up soon behind.
    Sequential,
    /// Here and there: nothing is read but the page that is used.
    ///
    /// For files larger than memory. Where a file fits, it is slower to come in, and pages that come in
    /// one by one take longer to be read from memory, too.
    Random,
}
