//! The next version of [`Observation`](super::Observation), as somebody may write it who forgets that
//! there are files of the first.
//!
//! `visib` shrank to make room for `station`, so the size is the same: without the layout in the
//! file, all elements would be read, and wrongly.

use persist_core::{FixedStr, Persist};

use super::Origin;

/// Has the name and the size of the first version, and other fields.
#[derive(Debug, Clone, Copy, Persist)]
#[repr(C)]
pub struct Observation {
    /// As before.
    pub time: i64,
    /// As before.
    pub temp: f64,
    /// As before.
    pub dewp: f64,
    /// As before.
    pub humid: f64,
    /// As before.
    pub wind_dir: f64,
    /// As before.
    pub wind_speed: f64,
    /// As before.
    pub wind_gust: f64,
    /// As before.
    pub precip: f64,
    /// As before.
    pub pressure: f64,
    /// Was an `f64`.
    pub visib: f32,
    /// New: the name of the station.
    pub station: FixedStr<4>,
    /// As before.
    pub taken: u16,
    /// As before.
    pub year: u16,
    /// As before.
    pub month: u8,
    /// As before.
    pub day: u8,
    /// As before.
    pub hour: u8,
    /// As before.
    pub origin: Origin,
}
