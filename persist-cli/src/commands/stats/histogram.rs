//! How often numbers occur, in bars of equal width.

use persist_core::reflect::{Class, Kind, TypeRef, Value};
use serde::Serialize;

use super::summary::Summary;

/// Enough to see a shape.
const MOST_BARS: usize = 20;

#[derive(Debug, Clone)]
pub(super) struct Histogram {
    min: f64,
    /// Where the last bar ends.
    end: f64,
    counts: Vec<u64>,
}

/// What JSON says of it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Where the first bar begins.
    pub(super) start: f64,
    /// Where the last bar ends.
    pub(super) end: f64,
    pub(super) counts: Vec<u64>,
}

impl Histogram {
    /// An empty one, where the field has different numbers.
    pub(super) fn new(ty: TypeRef<'_>, summary: &Summary) -> Option<Self> {
        let Kind::Primitive { class, .. } = ty.kind() else { return None };
        let (min, max) = summary.numeric_range()?;
        let (bars, end) = match class {
            Class::Float | Class::BFloat => (MOST_BARS, max),
            _ => bars_of_integers(min, max),
        };
        Some(Self { min, end, counts: vec![0; bars] })
    }

    pub(super) fn add(&mut self, value: Value<'_>) {
        let number = match value {
            Value::Unsigned(number) => number as f64,
            Value::Signed(number) => number as f64,
            Value::F32(float) => float.into(),
            Value::F64(float) => float,
            _ => return,
        };
        if number.is_finite() {
            // Halves, for the whole range may be too large for a float.
            let part = (number / 2.0 - self.min / 2.0) / (self.end / 2.0 - self.min / 2.0);
            let bars = self.counts.len();
            // What isn't above 0 is 0.
            self.counts[((part * bars as f64) as usize).min(bars - 1)] += 1;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, other)| *count += other);
    }

    pub(super) fn report(&self) -> Report {
        Report { start: self.min, end: self.end, counts: self.counts.clone() }
    }
}

/// How many bars integers have, and where the last one ends: each bar has as many of them, or else some would
/// stand out for nothing.
fn bars_of_integers(min: f64, max: f64) -> (usize, f64) {
    let numbers = max - min + 1.0;
    let width = (numbers / MOST_BARS as f64).ceil();
    let bars = (numbers / width).ceil();
    (bars as usize, min + bars * width)
}
