//! The next version of [`Observation`](super::Observation): a program that has it is refused files of the first, until
//! it migrates them.
//!
//! `visib` shrank to make room for `station`, so the size is the same: without the layout in the
//! file, all elements would be read, and wrongly.

use persist_core::{FixedStr, Persist};

use super::Origin;

/// Has the name and the size of the first version, and other fields. It says from what it is made, so that a
/// migration knows.
#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[persist(from = super::Observation)]
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
    /// New: the name of the station, which follows from the airport.
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

impl From<super::Observation> for Observation {
    fn from(old: super::Observation) -> Self {
        // In the contiguous United States, stations are called as their airports, after a K.
        let station = format!("K{}", old.origin.code());
        Self {
            time: old.time,
            temp: old.temp,
            dewp: old.dewp,
            humid: old.humid,
            wind_dir: old.wind_dir,
            wind_speed: old.wind_speed,
            wind_gust: old.wind_gust,
            precip: old.precip,
            pressure: old.pressure,
            visib: old.visib as f32,
            station: station.parse().expect("a K and three letters"),
            taken: old.taken,
            year: old.year,
            month: old.month,
            day: old.day,
            hour: old.hour,
            origin: old.origin,
        }
    }
}
