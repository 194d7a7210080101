//! Whether two values are the same, whatever their types.

use persist_core::reflect::Value;

/// Whether they are: by what they are, not by how they are stored.
pub(super) fn same(a: Value<'_>, b: Value<'_>) -> bool {
    match (a, b) {
        (Value::Unsigned(a), Value::Signed(b)) | (Value::Signed(b), Value::Unsigned(a)) => {
            u128::try_from(b) == Ok(a)
        }
        (a, b) => match (float(a), float(b)) {
            (Some(a), Some(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            (Some(float), None) => is_number(float, b),
            (None, Some(float)) => is_number(float, a),
            (None, None) => a == b,
        },
    }
}

/// A `f64` has every value of the others.
fn float(value: Value<'_>) -> Option<f64> {
    match value {
        Value::F32(float) => Some(float.into()),
        Value::F64(float) => Some(float),
        _ => None,
    }
}

/// Whether a float is exactly this integer.
fn is_number(float: f64, integer: Value<'_>) -> bool {
    // Where a conversion saturates, the way back shows it.
    match integer {
        Value::Unsigned(number) => float as u128 == number && number as f64 == float,
        Value::Signed(number) => float as i128 == number && number as f64 == float,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: Value<'_>, b: Value<'_>, expected: bool) {
        assert_eq!(same(a, b), expected, "{a:?} {b:?}");
        assert_eq!(same(b, a), expected, "{b:?} {a:?}");
    }

    #[test]
    fn numbers_are_compared_across_types() {
        check(Value::Unsigned(7), Value::Signed(7), true);
        check(Value::Unsigned(u128::MAX), Value::Signed(-1), false);
        check(Value::F32(0.5), Value::F64(0.5), true);
        check(Value::F32(0.1), Value::F64(0.1), false);
        check(Value::F64(2.0), Value::Unsigned(2), true);
        check(Value::F64(-2.0), Value::Signed(-2), true);
        check(Value::F64(2.5), Value::Signed(2), false);
        check(Value::F64((1_u64 << 53) as f64), Value::Unsigned((1 << 53) + 1), false);
        check(Value::F64(f64::NAN), Value::F32(f32::NAN), true);
        check(Value::F64(f64::NAN), Value::Unsigned(0), false);
        check(Value::F64(f64::INFINITY), Value::Unsigned(u128::MAX), false);
        check(Value::F64(0.0), Value::F64(-0.0), false);
        check(Value::None, Value::Unsigned(0), false);
        check(Value::None, Value::None, true);
        check(Value::Text("a"), Value::Variant("a"), false);
    }
}
