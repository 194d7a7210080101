//! Floats of 16 bits, all of them, and the values beside the edges.

use super::*;

fn convert(file: &Node, target: &Node, from: &[u8]) -> Option<Vec<u8>> {
    run(&plan(file, target).unwrap(), from, target.size_bytes() as usize).ok()
}

fn brain() -> Node {
    primitive(Class::BFloat, 2)
}

/// Exact, which `powi` doesn't promise to be.
fn power_of_2(exponent: i32) -> f64 {
    assert!((-1022..=1023).contains(&exponent));
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

#[test]
#[cfg_attr(miri, ignore = "large")]
fn every_float_of_16_bits_is_exact_in_a_wider_one_and_comes_back() {
    for (file, mantissa_bits) in [(float(2), 10), (brain(), 7)] {
        let all: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        for target in [float(4), float(8)] {
            let width = target.size_bytes() as usize;
            let wide = run(&plan(&file, &target).unwrap(), &all, (1 << 16) * width).unwrap();
            for (bits, bytes) in (0..=u16::MAX).zip(wide.chunks(width)) {
                let found = match *bytes {
                    [a, b, c, d] => f32::from_le_bytes([a, b, c, d]).into(),
                    _ => f64::from_le_bytes(bytes.try_into().unwrap()),
                };
                let expected = oracle::short(bits, mantissa_bits);
                let same = found.to_bits() == expected.to_bits();
                assert!(
                    same || found.is_nan() && expected.is_nan(),
                    "{bits:#x}: {found} {expected}"
                );
            }
            let back = run(&plan(&target, &file).unwrap(), &wide, 1 << 17).unwrap();
            for (bits, bytes) in (0..=u16::MAX).zip(back.chunks(2)) {
                let found = u16::from_le_bytes([bytes[0], bytes[1]]);
                let is_nan = |bits| oracle::short(bits, mantissa_bits).is_nan();
                assert!(found == bits || is_nan(bits) && is_nan(found), "{bits:#x} {found:#x}");
                assert_eq!(found >> 15, bits >> 15, "the sign of a NaN, too");
            }
        }
    }
}

#[test]
fn rounding_is_to_nearest_and_ties_to_even() {
    let half = |value: f64| convert(&float(8), &float(2), &value.to_le_bytes());
    let bits = |bits: u16| Some(bits.to_le_bytes().to_vec());
    assert_eq!(half(1.0 + power_of_2(-11)), bits(0x3c00), "a tie, and the lower one is even");
    assert_eq!(half(1.0 + 3.0 * power_of_2(-11)), bits(0x3c02), "a tie, and the upper one is");
    assert_eq!(half(1.0 + power_of_2(-11) + power_of_2(-52)), bits(0x3c01));
    assert_eq!(half(65_519.999), bits(0x7bff), "the greatest half");
    assert_eq!(half(65_520.0), None, "would be infinite");
    assert_eq!(half(f64::INFINITY), bits(0x7c00), "is infinite");
    assert_eq!(half(-f64::INFINITY), bits(0xfc00));
    assert_eq!(half(power_of_2(-24)), bits(1), "the least half");
    assert_eq!(half(power_of_2(-25)), bits(0));
    assert_eq!(half(power_of_2(-25) * 1.000_001), bits(1));
    assert_eq!(half(-f64::MIN_POSITIVE / 4.0), bits(0x8000));
    assert_eq!(half(1023.5 * power_of_2(-24)), bits(0x400), "up to a normal one");

    let single = |value: f64| convert(&float(8), &float(4), &value.to_le_bytes());
    assert_eq!(single(f64::MAX), None);
    assert_eq!(single(0.1), Some(0.1_f32.to_le_bytes().to_vec()), "rounded");
    assert!(f32::from_le_bytes(single(f64::NAN).unwrap().try_into().unwrap()).is_nan());
}

#[test]
fn integers_round_once() {
    // In two steps, by way of 2^24 + 1.5 or of f64, these would come out even.
    let from = |value: u64, to: &Node| convert(&unsigned(8), to, &value.to_le_bytes()).unwrap();
    let odd = (1 << 60) + (1 << 36) + 1;
    assert_eq!(from(odd, &float(4)), (odd as f32).to_le_bytes());
    let above_tie = (1 << 60) + (1 << 52) + 1;
    assert_eq!(from(above_tie, &brain()), 0x5d81_u16.to_le_bytes());
    assert_eq!(from(above_tie - 1, &brain()), 0x5d80_u16.to_le_bytes());

    let largest = convert(&unsigned(16), &float(4), &u128::MAX.to_le_bytes());
    assert_eq!(largest, None, "f32 would be infinite");
    assert!(convert(&unsigned(16), &float(8), &u128::MAX.to_le_bytes()).is_some());
    let least = convert(&signed(16), &float(8), &i128::MIN.to_le_bytes()).unwrap();
    assert_eq!(least, (i128::MIN as f64).to_le_bytes());
}

#[test]
fn floats_that_are_integers() {
    let to = |value: f64, target: &Node| convert(&float(8), target, &value.to_le_bytes());
    assert_eq!(to(255.0, &unsigned(1)), Some(vec![255]));
    assert_eq!(to(-0.0, &unsigned(1)), Some(vec![0]));
    assert_eq!(to(-128.0, &signed(1)), Some(vec![128]));
    for (value, target) in [
        (256.0, unsigned(1)),
        (-1.0, unsigned(8)),
        (0.5, signed(8)),
        (-129.0, signed(1)),
        (power_of_2(127), signed(16)),
        (power_of_2(128), unsigned(16)),
        (f64::INFINITY, unsigned(16)),
        (f64::NAN, signed(2)),
    ] {
        assert_eq!(to(value, &target), None, "{value}");
    }
    assert_eq!(to(-(power_of_2(127)), &signed(16)), Some(i128::MIN.to_le_bytes().to_vec()));
    let greatest = power_of_2(128) - power_of_2(75);
    assert_eq!(to(greatest, &unsigned(16)), Some((greatest as u128).to_le_bytes().to_vec()));
}

#[test]
fn integers_at_their_edges() {
    for (file, value, target, expected) in [
        (unsigned(16), u128::MAX, signed(16), None),
        (unsigned(16), i128::MAX as u128, signed(16), Some(i128::MAX as u128)),
        (signed(16), u128::MAX, unsigned(16), None),
        (signed(16), u128::MAX, signed(1), Some(0xff)),
        (signed(1), 0xff, signed(16), Some(u128::MAX)),
        (signed(1), 0xff, unsigned(16), None),
        (unsigned(1), 0xff, signed(1), None),
        (unsigned(1), 0x80, signed(2), Some(0x80)),
        (primitive(Class::Char, 4), 0x10_ffff, unsigned(2), None),
        (unsigned(4), 0xd800, primitive(Class::Char, 4), None),
        (unsigned(4), 0xe000, primitive(Class::Char, 4), Some(0xe000)),
        (unsigned(8), 2, primitive(Class::Bool, 1), None),
        (unsigned(8), 1, primitive(Class::Bool, 1), Some(1)),
        (signed(4), 0, primitive(Class::NonZeroSigned, 2), None),
    ] {
        for order in ORDERS {
            let bytes =
                |value, node: &Node| oracle::encode_number(value, node.size_bytes() as u8, order);
            let plan = plan_with((&file, order), (&target, order), None).unwrap();
            let found = run(&plan, &bytes(value, &file), target.size_bytes() as usize).ok();
            let expected = expected.map(|value| bytes(value, &target));
            assert_eq!(
                found,
                expected,
                "{value:#x}: {} → {}",
                descriptor(&file),
                descriptor(&target)
            );
        }
    }
}
