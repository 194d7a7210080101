//! How often numbers occur, in bars of equal width.

use persist_core::reflect::{Kind, TypeRef, Value};
use serde::Serialize;

use super::summary::Summary;

/// Enough to see a shape.
pub(super) const BARS: usize = 20;

#[derive(Debug, Clone)]
pub(super) struct Histogram {
    min: f64,
    max: f64,
    counts: [u64; BARS],
}

/// What JSON says of it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) counts: Vec<u64>,
}

impl Histogram {
    /// An empty one, where the field has different numbers.
    pub(super) fn new(ty: TypeRef<'_>, summary: &Summary) -> Option<Self> {
        if !matches!(ty.kind(), Kind::Primitive { .. }) {
            return None;
        }
        let (min, max) = summary.numeric_range()?;
        Some(Self { min, max, counts: [0; BARS] })
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
            let part = (number / 2.0 - self.min / 2.0) / (self.max / 2.0 - self.min / 2.0);
            // What isn't above 0 is 0.
            self.counts[((part * BARS as f64) as usize).min(BARS - 1)] += 1;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, other)| *count += other);
    }

    pub(super) fn report(&self) -> Report {
        Report { min: self.min, max: self.max, counts: self.counts.to_vec() }
    }
}
