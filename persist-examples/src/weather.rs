//! Hourly weather observations at three airports, as elements of a file.

mod csv_file;
mod job;
mod report;
mod summary;
mod time;
pub mod v2;

pub use csv_file::{CsvError, read_csv};
pub use job::{
    Correction, Import, JobError, Opening, Recovered, Report, State, Upgraded,
    correct_and_half_convert, import, run,
};
pub use summary::{Airport, Contents};

use persist_core::Persist;

/// What was measured at one airport in one hour: 88 bytes, the same on every machine.
///
/// The fields stand in the order of their alignment, so that no padding is needed. Were there a gap,
/// the derive would refuse the struct, and name the line to add.
///
/// # Missing readings
///
/// `Option<f64>` can't be stored: where its flag lies is the compiler's choice. A zero would be a
/// lie, for zero is a common reading, and a NaN would spoil every sum that forgets to ask. So a
/// bit for each reading says whether it was taken. Those fields are private, and [`get`](Self::get)
/// returns the `Option` that they mean.
#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
pub struct Observation {
    /// The beginning of the hour, in seconds since 1970-01-01T00:00:00Z.
    pub time: i64,
    temp: f64,
    dewp: f64,
    humid: f64,
    wind_dir: f64,
    wind_speed: f64,
    wind_gust: f64,
    precip: f64,
    pressure: f64,
    visib: f64,
    /// Which of the readings above were taken: see [`Reading::bit`]. The others are 0.
    taken: u16,
    /// The year by the airport's clocks, as the following fields.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// The airport.
    pub origin: Origin,
}

impl Observation {
    /// The reading, or `None` where it is missing.
    #[must_use]
    pub fn get(&self, reading: Reading) -> Option<f64> {
        let mut copy = *self;
        (self.taken & reading.bit() != 0).then_some(*copy.field(reading))
    }

    /// Stores a reading, or that it is missing.
    pub fn set(&mut self, reading: Reading, value: Option<f64>) {
        match value {
            Some(_) => self.taken |= reading.bit(),
            None => self.taken &= !reading.bit(),
        }
        *self.field(reading) = value.unwrap_or(0.0);
    }

    fn field(&mut self, reading: Reading) -> &mut f64 {
        match reading {
            Reading::Temperature => &mut self.temp,
            Reading::DewPoint => &mut self.dewp,
            Reading::Humidity => &mut self.humid,
            Reading::WindDirection => &mut self.wind_dir,
            Reading::WindSpeed => &mut self.wind_speed,
            Reading::WindGust => &mut self.wind_gust,
            Reading::Precipitation => &mut self.precip,
            Reading::Pressure => &mut self.pressure,
            Reading::Visibility => &mut self.visib,
        }
    }
}

/// An airport. Opening a file checks that each of its elements has one of these three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Persist)]
#[repr(u8)]
pub enum Origin {
    /// Newark Liberty.
    Ewr = 1,
    /// John F. Kennedy.
    Jfk = 2,
    /// LaGuardia.
    Lga = 3,
}

impl Origin {
    /// All airports.
    pub const ALL: [Self; 3] = [Self::Ewr, Self::Jfk, Self::Lga];

    /// The code of three letters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ewr => "EWR",
            Self::Jfk => "JFK",
            Self::Lga => "LGA",
        }
    }
}

/// Something that is measured, and may be missing. Not stored: it chooses a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// °F.
    Temperature,
    /// °F.
    DewPoint,
    /// Percent.
    Humidity,
    /// Degrees.
    WindDirection,
    /// Miles an hour.
    WindSpeed,
    /// Miles an hour.
    WindGust,
    /// Inches.
    Precipitation,
    /// Millibars.
    Pressure,
    /// Miles.
    Visibility,
}

impl Reading {
    /// All readings.
    pub const ALL: [Self; 9] = [
        Self::Temperature,
        Self::DewPoint,
        Self::Humidity,
        Self::WindDirection,
        Self::WindSpeed,
        Self::WindGust,
        Self::Precipitation,
        Self::Pressure,
        Self::Visibility,
    ];

    /// The name of its column in a CSV file.
    #[must_use]
    pub const fn column(self) -> &'static str {
        match self {
            Self::Temperature => "temp",
            Self::DewPoint => "dewp",
            Self::Humidity => "humid",
            Self::WindDirection => "wind_dir",
            Self::WindSpeed => "wind_speed",
            Self::WindGust => "wind_gust",
            Self::Precipitation => "precip",
            Self::Pressure => "pressure",
            Self::Visibility => "visib",
        }
    }

    /// Its bit among those that say which readings were taken. Part of the file: a new reading takes
    /// a new bit, at the end.
    const fn bit(self) -> u16 {
        1 << self as u16
    }
}
