//! What the values of one field are like, of which so many were seen.

use std::cmp::Ordering;
use std::collections::HashMap;

use persist_core::reflect::{NotAValue, Value};
use serde::Serialize;
use serde_json::Value as Json;

use super::distinct::Distinct;
use crate::cell;

/// A value that can be kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kept {
    Unsigned(u128),
    Signed(i128),
    Float(f64),
    /// A `f32` has fewer digits.
    Single(f32),
    Char(char),
    Text(String),
}

#[derive(Debug, Clone)]
pub(super) struct Summary {
    values: u64,
    none: u64,
    nan: u64,
    infinite: u64,
    invalid: u64,
    min: Option<Kept>,
    max: Option<Kept>,
    sum: Sum,
    distinct: Distinct,
    /// How often each variant, `true` and `false` occur.
    counts: HashMap<String, u64>,
}

/// What JSON says of it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) values: u64,
    pub(super) none: u64,
    pub(super) nan: u64,
    pub(super) infinite: u64,
    pub(super) invalid: u64,
    pub(super) min: Json,
    pub(super) max: Json,
    pub(super) mean: Option<f64>,
    pub(super) distinct: u64,
    pub(super) distinct_is_exact: bool,
    /// The commonest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) counts: Vec<(String, u64)>,
}

/// A sum that loses little: Neumaier's.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    count: u64,
    sum: f64,
    lost: f64,
}

impl Summary {
    /// Of no values yet, of one of so many fields.
    pub(super) fn new(fields: usize) -> Self {
        Self {
            values: 0,
            none: 0,
            nan: 0,
            infinite: 0,
            invalid: 0,
            min: None,
            max: None,
            sum: Sum::default(),
            distinct: Distinct::new(fields),
            counts: HashMap::new(),
        }
    }

    /// Adds a value, with its bytes.
    pub(super) fn add(&mut self, value: Result<Value<'_>, NotAValue>, bytes: &[u8]) {
        let Ok(value) = value else {
            self.invalid += 1;
            return;
        };
        match value {
            Value::None => {
                self.none += 1;
                return;
            }
            Value::F32(float) => self.float(float.into(), Kept::Single(float)),
            Value::F64(float) => self.float(float, Kept::Float(float)),
            Value::Unsigned(number) => self.number(number as f64, Kept::Unsigned(number)),
            Value::Signed(number) => self.number(number as f64, Kept::Signed(number)),
            Value::Char(char) => self.range(Kept::Char(char)),
            Value::Text(text) => self.text(text),
            Value::Variant(name) => self.count(name),
            Value::Bool(bool) => self.count(if bool { "true" } else { "false" }),
            _ => {}
        }
        self.values += 1;
        self.distinct.add(bytes);
    }

    fn count(&mut self, name: &str) {
        match self.counts.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(name.to_owned(), 1);
            }
        }
    }

    fn float(&mut self, float: f64, kept: Kept) {
        if float.is_nan() {
            self.nan += 1;
        } else if float.is_infinite() {
            self.infinite += 1;
            self.range(kept);
        } else {
            self.number(float, kept);
        }
    }

    fn number(&mut self, number: f64, kept: Kept) {
        self.sum.add(number);
        self.range(kept);
    }

    fn range(&mut self, value: Kept) {
        if self.min.as_ref().is_none_or(|min| value.order(min) == Ordering::Less) {
            self.min = Some(value.clone());
        }
        if self.max.as_ref().is_none_or(|max| value.order(max) == Ordering::Greater) {
            self.max = Some(value);
        }
    }

    /// Texts are kept only where they have to be.
    fn text(&mut self, text: &str) {
        let is_beyond = |kept: &Option<Kept>, beyond| match kept {
            Some(Kept::Text(kept)) => text.cmp(kept) == beyond,
            _ => true,
        };
        if is_beyond(&self.min, Ordering::Less) || is_beyond(&self.max, Ordering::Greater) {
            self.range(Kept::Text(text.to_owned()));
        }
    }

    pub(super) fn merge(&mut self, later: Self) {
        self.values += later.values;
        self.none += later.none;
        self.nan += later.nan;
        self.infinite += later.infinite;
        self.invalid += later.invalid;
        later.min.into_iter().chain(later.max).for_each(|value| self.range(value));
        self.sum.merge(later.sum);
        self.distinct.merge(later.distinct);
        for (name, count) in later.counts {
            *self.counts.entry(name).or_default() += count;
        }
    }

    /// The least and the greatest number, where they are finite and differ.
    pub(super) fn numeric_range(&self) -> Option<(f64, f64)> {
        let (min, max) = (self.min.as_ref()?.as_f64()?, self.max.as_ref()?.as_f64()?);
        Some((min.max(f64::MIN), max.min(f64::MAX))).filter(|(min, max)| min < max)
    }

    pub(super) fn report(&self) -> Report {
        let (distinct, distinct_is_exact) = self.distinct.count();
        let mut counts: Vec<_> = self.counts.clone().into_iter().collect();
        counts.sort_by(|(a, many), (b, more)| more.cmp(many).then_with(|| a.cmp(b)));
        let json = |value: &Option<Kept>| value.as_ref().map_or(Json::Null, Kept::to_json);
        Report {
            values: self.values,
            none: self.none,
            nan: self.nan,
            infinite: self.infinite,
            invalid: self.invalid,
            min: json(&self.min),
            max: json(&self.max),
            mean: self.sum.mean(),
            // An estimate may be too large.
            distinct: distinct.min(self.values),
            distinct_is_exact,
            counts,
        }
    }
}

impl Kept {
    /// Those of one field are of one kind, and none is NaN.
    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Unsigned(a), Self::Unsigned(b)) => a.cmp(b),
            (Self::Signed(a), Self::Signed(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(b),
            (Self::Single(a), Self::Single(b)) => a.total_cmp(b),
            (Self::Char(a), Self::Char(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => Ordering::Equal,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::Unsigned(number) => Some(number as f64),
            Self::Signed(number) => Some(number as f64),
            Self::Float(float) => Some(float),
            Self::Single(float) => Some(float.into()),
            Self::Char(_) | Self::Text(_) => None,
        }
    }

    fn to_json(&self) -> Json {
        let value = match self {
            Self::Unsigned(number) => Value::Unsigned(*number),
            Self::Signed(number) => Value::Signed(*number),
            Self::Float(float) => Value::F64(*float),
            Self::Single(float) => Value::F32(*float),
            Self::Char(char) => Value::Char(*char),
            Self::Text(text) => Value::Text(text),
        };
        cell::to_json(value)
    }
}

impl Sum {
    fn add(&mut self, number: f64) {
        self.count += 1;
        self.add_part(number);
    }

    fn add_part(&mut self, number: f64) {
        let sum = self.sum + number;
        self.lost += if self.sum.abs() >= number.abs() {
            self.sum - sum + number
        } else {
            number - sum + self.sum
        };
        self.sum = sum;
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.add_part(other.sum);
        self.lost += other.lost;
    }

    /// Of finite numbers whose sum is finite.
    fn mean(self) -> Option<f64> {
        let mean = (self.sum + self.lost) / self.count as f64;
        mean.is_finite().then_some(mean)
    }
}
