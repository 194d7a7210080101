//! What a slice of observations says.

use super::{Observation, Origin, Reading};

/// What the observations say, all computed from a slice.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Contents {
    /// How many observations there are.
    pub rows: usize,
    /// Each airport.
    pub airports: [Airport; 3],
    /// The hour of the highest temperature, if any was measured.
    pub warmest: Option<Observation>,
    /// The hour of the lowest temperature.
    pub coldest: Option<Observation>,
    /// How many readings are missing, of each kind, in the order of [`Reading::ALL`].
    pub missing: [usize; 9],
}

/// What the observations of one airport say.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Airport {
    /// Which one.
    pub origin: Origin,
    /// How many observations it has.
    pub rows: usize,
    /// The mean of the temperatures that were measured, in °F.
    pub mean_temp: Option<f64>,
    /// The mean of the wind speeds that were measured, in mph.
    pub mean_wind: Option<f64>,
}

impl Contents {
    /// Looks at every observation, some more than once.
    #[must_use]
    pub fn of(observations: &[Observation]) -> Self {
        Self {
            rows: observations.len(),
            airports: Origin::ALL.map(|origin| Airport::of(observations, origin)),
            warmest: extreme(observations, |temp| temp),
            coldest: extreme(observations, |temp| -temp),
            missing: Reading::ALL
                .map(|reading| observations.iter().filter(|o| o.get(reading).is_none()).count()),
        }
    }
}

impl Airport {
    fn of(observations: &[Observation], origin: Origin) -> Self {
        let here = observations.iter().filter(|o| o.origin == origin);
        Self {
            origin,
            rows: here.clone().count(),
            mean_temp: mean(here.clone().filter_map(|o| o.get(Reading::Temperature))),
            mean_wind: mean(here.filter_map(|o| o.get(Reading::WindSpeed))),
        }
    }
}

/// The first observation whose temperature has the highest rank.
fn extreme(observations: &[Observation], rank: impl Fn(f64) -> f64) -> Option<Observation> {
    let ranked = observations.iter().filter_map(|o| Some((rank(o.get(Reading::Temperature)?), o)));
    let highest = ranked.reduce(|best, next| if next.0 > best.0 { next } else { best });
    highest.map(|(_, observation)| *observation)
}

fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = numbers.fold((0.0, 0), |(sum, count), number| (sum + number, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}
