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
    /// From the first to the last, once: memory is given up soon behind.
    ///
    /// For files larger than memory, where other things are to stay there. What is read ahead then is waited for, so a scan of a
    /// file that isn't in memory can take longer: it was seen to take twice as long.
    Sequential,
    /// Here and there: nothing is read but the page that is used.
    ///
    /// For a few elements of a file that isn't in memory, and for files larger than memory. Where most pages will be used in the
    /// end each comes in by a read of its own: a scan was seen to take forty times as long.
    Random,
}
