//! What `#[derive(Persist)]` makes: layouts, fingerprints and validity, seen through the public API.
//!
//! What it refuses is in [`ui`](crate::ui).

use std::marker::PhantomData;
use std::num::NonZero;

use persist_core::{Fingerprint, FixedStr, Pad, Persist, TypeName};

#[derive(Clone, Copy, Persist)]
#[repr(u8)]
enum Side {
    Buy = 0,
    Sell = 1,
    Cross = 200,
}

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Tick {
    time: u64,
    price: f64,
    qty: u32,
    side: Side,
    live: bool,
    _pad: Pad<2>,
}

/// Whether the bytes are a value of `T`, wherever they are in memory.
fn is_valid<T: Persist>(bytes: &[u8]) -> bool {
    assert_eq!(bytes.len(), size_of::<T>());
    let verdict = |shift: usize| {
        let shifted = [&vec![0xaa; shift], bytes].concat();
        let element = shifted[shift..].as_ptr().cast::<T>();
        // SAFETY: `bytes` has the length of `T`, by the assertion above; they need not be aligned,
        // nor a value.
        unsafe { T::is_valid(element) }
    };
    let verdicts: Vec<_> = (0..16).map(verdict).collect();
    assert!(verdicts.iter().all(|&it| it == verdicts[0]), "the alignment makes a difference");
    verdicts[0]
}

mod fingerprints {
    use super::*;

    /// A second set of the types above, each different by what the test says.
    macro_rules! tick {
        ($(#[$attr:meta])* $($field:ident: $type:ty),*) => {
            #[derive(Clone, Copy, Persist)]
            $(#[$attr])*
            #[repr(C)]
            pub(super) struct Tick { $($field: $type),* }
        };
    }

    #[test]
    fn are_constants() {
        const PIN: Fingerprint = Tick::FINGERPRINT;
        assert_eq!(PIN, Tick::FINGERPRINT);
        assert_eq!(PIN, Tick::LAYOUT.fingerprint());
    }

    /// FNV-1a-128, as its authors define it, over the descriptor that `FORMAT.md` specifies.
    #[test]
    fn hash_the_descriptor_of_the_format() {
        #[derive(Clone, Copy, Persist)]
        #[persist(version = 300)]
        #[repr(C)]
        struct Pair<const N: usize> {
            side: Signed,
            data: [u16; N],
        }
        #[derive(Clone, Copy, Persist)]
        #[repr(i16)]
        enum Signed {
            Minus = -1,
            Zero = 0,
        }
        let signed = b"\x04\x06Signed\x00\x01\x02\x02\x04Zero\x00\x05Minus\xff\xff\x03";
        let descriptor = [
            b"\x03\x04Pair\xac\x02\x08\x01\x01N\x03\x02\x04side\x00".as_slice(),
            signed,
            b"\x04data\x02\x02\x03\x01\x00\x02\x00",
        ]
        .concat();
        let fnv = descriptor.iter().fold(0x6c62272e07bb014262b821756295c58d_u128, |hash, &byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x1000000000000000000013b)
        });
        assert_eq!(Pair::<3>::FINGERPRINT, Fingerprint::from_u128(fnv));
    }

    #[test]
    fn outlive_a_move_to_another_module_and_more_derives() {
        mod elsewhere {
            pub(super) mod deeper {
                use persist_core::{Pad, Persist};

                use super::super::super::Side;

                /// Documented, and with more derives.
                #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Persist)]
                #[repr(C)]
                #[must_use]
                pub(in super::super) struct Tick {
                    pub(crate) time: u64,
                    /// In dollars.
                    pub(crate) price: f64,
                    qty: u32,
                    #[persist(rename = "side")]
                    kind: Wrapped,
                    live: bool,
                    _pad: Pad<2>,
                }

                #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Persist)]
                #[persist(rename = "Side")]
                #[repr(u8)]
                enum Wrapped {
                    Cross = 200,
                    #[default]
                    Buy = 0,
                    Sell,
                }
                const _: Side = Side::Buy;
            }
        }
        assert_eq!(elsewhere::deeper::Tick::FINGERPRINT, Tick::FINGERPRINT);
    }

    #[test]
    fn change_with_each_part_of_a_struct() {
        let tick = Tick::FINGERPRINT;
        let mut others = vec![];
        macro_rules! other {
            ($($tokens:tt)*) => {{
                mod other {
                    use super::super::*;
                    tick!($($tokens)*);
                }
                others.push((stringify!($($tokens)*), other::Tick::FINGERPRINT));
            }};
        }
        mod same {
            use super::super::*;
            tick!(time: u64, price: f64, qty: u32, side: Side, live: bool, _pad: Pad<2>);
        }
        assert_eq!(same::Tick::FINGERPRINT, tick, "the macro makes the same type");

        other!(#[persist(rename = "Tock")] time: u64, price: f64, qty: u32, side: Side, live: bool, _pad: Pad<2>);
        other!(#[persist(version = 1)] time: u64, price: f64, qty: u32, side: Side, live: bool, _pad: Pad<2>);
        other!(date: u64, price: f64, qty: u32, side: Side, live: bool, _pad: Pad<2>);
        other!(price: f64, time: u64, qty: u32, side: Side, live: bool, _pad: Pad<2>);
        other!(time: i64, price: f64, qty: u32, side: Side, live: bool, _pad: Pad<2>);
        other!(time: u64, price: f64, qty: u32, side: Side, live: u8, _pad: Pad<2>);
        other!(time: u64, price: f64, qty: u32, side: Side, live: bool, _pad: [u8; 2]);
        other!(time: u64, price: f64, qty: [u8; 4], side: Side, live: bool, _pad: Pad<2>);
        other!(time: u64, price: f64, qty: [u16; 2], side: Side, live: bool, _pad: Pad<2>);
        other!(time: u64, price: f64, qty: FixedStr<4>, side: Side, live: bool, _pad: Pad<2>);
        other!(time: NonZero<u64>, price: f64, qty: u32, side: Side, live: bool, _pad: Pad<2>);
        other!(time: Option<NonZero<u64>>, price: f64, qty: u32, side: Side, live: bool, _pad: Pad<2>);
        other!(time: u64, price: f64, qty: char, side: Side, live: bool, _pad: Pad<2>);

        let mut all: Vec<_> = others.iter().map(|(_, it)| it.to_u128()).collect();
        for (what, other) in &others {
            assert_ne!(*other, tick, "{what}");
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), others.len(), "two of them are equal");
    }

    #[test]
    fn of_both_types_change_when_nested_fields_are_swapped() {
        mod a {
            use super::*;
            #[derive(Clone, Copy, Persist)]
            #[repr(C)]
            pub(super) struct Inner {
                x: u32,
                y: u32,
            }
            #[derive(Clone, Copy, Persist)]
            #[repr(C)]
            pub(super) struct Outer {
                inner: [Inner; 2],
            }
        }
        mod b {
            use super::*;
            #[derive(Clone, Copy, Persist)]
            #[repr(C)]
            pub(super) struct Inner {
                y: u32,
                x: u32,
            }
            #[derive(Clone, Copy, Persist)]
            #[repr(C)]
            pub(super) struct Outer {
                inner: [Inner; 2],
            }
        }
        assert_ne!(a::Inner::FINGERPRINT, b::Inner::FINGERPRINT);
        assert_ne!(a::Outer::FINGERPRINT, b::Outer::FINGERPRINT);
    }

    #[test]
    fn change_with_each_part_of_an_enum() {
        mod other {
            use super::*;
            macro_rules! side {
                ($module:ident, $repr:ident, $($variant:ident = $value:literal),*) => {
                    pub(super) mod $module {
                        #[derive(Clone, Copy, super::Persist)]
                        #[repr($repr)]
                        pub(in super::super) enum Side { $($variant = $value),* }
                    }
                };
            }
            side!(same, u8, Cross = 200, Sell = 1, Buy = 0);
            side!(wider, u16, Buy = 0, Sell = 1, Cross = 200);
            side!(signed, i8, Buy = 0, Sell = 1, Cross = 100);
            side!(unsigned, u8, Buy = 0, Sell = 1, Cross = 100);
            side!(renamed, u8, Buy = 0, Sold = 1, Cross = 200);
            side!(renumbered, u8, Buy = 0, Sell = 2, Cross = 200);
            side!(fewer, u8, Buy = 0, Sell = 1);
        }
        assert_eq!(Side::FINGERPRINT, other::same::Side::FINGERPRINT, "the order means nothing");
        let others = [
            Side::FINGERPRINT,
            other::wider::Side::FINGERPRINT,
            other::signed::Side::FINGERPRINT,
            other::unsigned::Side::FINGERPRINT,
            other::renamed::Side::FINGERPRINT,
            other::renumbered::Side::FINGERPRINT,
            other::fewer::Side::FINGERPRINT,
        ];
        for (i, a) in others.iter().enumerate() {
            assert!(others[..i].iter().all(|b| a != b), "number {i} is equal to one before it");
        }
    }

    #[test]
    fn change_with_the_arguments_of_a_generic_type() {
        #[derive(Clone, Copy, Persist)]
        #[repr(C)]
        struct Flags<const A: bool, const B: char, const C: i8, const D: u128> {
            value: u8,
        }
        type Plain = Flags<false, 'a', 1, 1>;
        assert_ne!(Plain::FINGERPRINT, Flags::<true, 'a', 1, 1>::FINGERPRINT);
        assert_ne!(Plain::FINGERPRINT, Flags::<false, 'b', 1, 1>::FINGERPRINT);
        assert_ne!(Plain::FINGERPRINT, Flags::<false, 'a', -1, 1>::FINGERPRINT);
        assert_ne!(Plain::FINGERPRINT, Flags::<false, 'a', 1, { u128::MAX }>::FINGERPRINT);

        #[derive(Clone, Copy, Persist)]
        #[repr(C)]
        struct Pair<A, B> {
            a: A,
            b: B,
        }
        assert_ne!(Pair::<u32, f32>::FINGERPRINT, Pair::<f32, u32>::FINGERPRINT);
    }

    #[test]
    fn change_with_the_unit_of_measure() {
        #[derive(Clone, Copy)]
        struct Metres;
        impl TypeName for Metres {
            const NAME: &'static str = "Metres";
        }
        #[derive(Clone, Copy)]
        struct Feet;
        impl TypeName for Feet {
            const NAME: &'static str = "Feet";
        }
        #[derive(Clone, Copy, Persist)]
        #[repr(transparent)]
        struct Length<U> {
            value: f64,
            unit: PhantomData<U>,
        }
        assert_ne!(Length::<Metres>::FINGERPRINT, Length::<Feet>::FINGERPRINT);
        assert_ne!(Length::<Metres>::FINGERPRINT, Length::<u8>::FINGERPRINT);
        assert_eq!(Length::<Metres>::LAYOUT.size(), 8);
    }

    /// Types made of others have no name, by the case `unit_without_a_name`.
    #[test]
    fn change_with_the_name_of_a_derived_unit() {
        #[derive(Clone, Copy, Persist)]
        #[persist(rename = "Tick")]
        #[repr(C)]
        struct Renamed(u8);
        #[derive(Clone, Copy, Persist)]
        #[persist(transparent)]
        #[repr(transparent)]
        struct r#Metres(f64);
        #[derive(Clone, Copy, Persist)]
        #[repr(transparent)]
        struct Length<U>(f64, PhantomData<U>);

        assert_eq!(Length::<Renamed>::FINGERPRINT, Length::<Tick>::FINGERPRINT);
        assert_ne!(Length::<Side>::FINGERPRINT, Length::<Tick>::FINGERPRINT);
        assert_ne!(Length::<Metres>::FINGERPRINT, Length::<f64>::FINGERPRINT);
        let names = [Renamed::NAME, Side::NAME, Metres::NAME, <Option<NonZero<u8>>>::NAME];
        assert_eq!(names, ["Tick", "Side", "Metres", "Option<NonZero<u8>>"]);
    }

    #[test]
    fn of_a_transparent_struct_are_those_of_its_field() {
        #[derive(Clone, Copy, Persist)]
        #[persist(transparent)]
        #[repr(transparent)]
        struct Wrapper<T, U>(PhantomData<U>, T);
        // No `TypeName` is asked of what isn't recorded.
        #[derive(Clone, Copy)]
        struct Nameless;
        assert_eq!(Wrapper::<Tick, Nameless>::FINGERPRINT, Tick::FINGERPRINT);
        const { assert!(!Wrapper::<bool, Nameless>::ANY_BITS) };
        assert!(is_valid::<Wrapper<bool, Nameless>>(&[1]));
        assert!(!is_valid::<Wrapper<bool, Nameless>>(&[2]));
    }

    #[test]
    fn can_be_pinned() {
        #[derive(Clone, Copy, Persist)]
        #[persist(rename = "Side", fingerprint = 0xe0042f7031053b14e44ac42ed3906e9e)]
        #[repr(u8)]
        enum Pinned {
            Buy = 0,
            Sell = 1,
            Cross = 200,
        }
        assert_eq!(Pinned::FINGERPRINT, Side::FINGERPRINT);
    }

    #[test]
    fn record_names_without_the_mark_of_raw_identifiers() {
        #[derive(Clone, Copy, Persist)]
        #[allow(non_camel_case_types)]
        #[repr(C)]
        struct r#struct<const r#N: usize> {
            r#type: r#enum,
        }
        #[derive(Clone, Copy, Persist)]
        #[allow(non_camel_case_types)]
        #[repr(u8)]
        enum r#enum {
            r#match,
        }
        #[derive(Clone, Copy, Persist)]
        #[persist(rename = "struct")]
        #[repr(C)]
        struct Plain<const N: usize> {
            #[persist(rename = "type")]
            kind: Same,
        }
        #[derive(Clone, Copy, Persist)]
        #[persist(rename = "enum")]
        #[repr(u8)]
        enum Same {
            #[persist(rename = "match")]
            Match,
        }
        let _ = (r#enum::r#match, Same::Match);
        let text = persist_core::Descriptor::of::<r#struct<1>>().to_string();
        assert!(!text.contains("r#"), "{text}");
        assert_eq!(text, persist_core::Descriptor::of::<Plain<1>>().to_string());
    }
}

mod layouts {
    use super::*;

    #[test]
    fn have_the_size_of_the_type() {
        #[derive(Clone, Copy, Persist)]
        #[repr(C, packed)]
        struct Packed(u8, u64, Side);
        #[derive(Clone, Copy, Persist)]
        #[repr(C, packed(2))]
        struct Half(u8, u8, u64);
        #[derive(Clone, Copy, Persist)]
        #[repr(C)]
        #[repr(align(4096))]
        struct Page([u64; 512]);

        assert_eq!(Tick::LAYOUT.size(), 24);
        assert_eq!(Packed::LAYOUT.size(), 10);
        assert_eq!((Half::LAYOUT.size(), Half::LAYOUT.natural_align()), (10, 2));
        assert_eq!((Page::LAYOUT.size(), Page::LAYOUT.natural_align()), (4096, 4096));
        assert_eq!(Tick::LAYOUT.natural_align(), 8);
        assert_eq!(Packed::LAYOUT.natural_align(), 1);
    }

    #[test]
    fn of_foreign_fields_are_what_the_attribute_says() {
        use bytemuck::{Pod, Zeroable};

        #[derive(Clone, Copy)]
        #[repr(C, align(16))]
        struct Simd([f32; 4]);
        // SAFETY: four floats without padding, for which zeros are a value.
        unsafe impl Zeroable for Simd {}
        // SAFETY: four floats without padding; every bit pattern is a value.
        unsafe impl Pod for Simd {}

        #[derive(Clone, Copy, Persist)]
        #[repr(C)]
        struct Body {
            #[persist(pod, as = [f32; 4])]
            position: Simd,
            #[persist(pod = "Simd")]
            velocity: Simd,
            mass: f32,
            _pad: Pad<12>,
        }
        #[derive(Clone, Copy, Persist)]
        #[persist(rename = "Body")]
        #[repr(C)]
        struct Plain {
            position: [f32; 4],
            #[persist(pod = "Simd")]
            velocity: [f32; 4],
            mass: f32,
            _pad: Pad<12>,
        }
        assert_eq!(Body::FINGERPRINT, Plain::FINGERPRINT);
        assert_eq!((Body::LAYOUT.natural_align(), Plain::LAYOUT.natural_align()), (16, 4));
        const { assert!(Body::ANY_BITS) };
        assert!(is_valid::<Body>(&[0xff; 48]));
    }

    #[test]
    fn come_with_bytemuck_on_request() {
        #[derive(Clone, Copy, Debug, PartialEq, Persist)]
        #[persist(bytemuck)]
        #[repr(C)]
        struct Point {
            x: u16,
            y: u16,
        }
        #[derive(Clone, Copy, Persist)]
        #[persist(bytemuck)]
        #[repr(C, packed)]
        struct Pair<A, B>(A, B, u8);
        let point: Point = bytemuck::pod_read_unaligned(&[1, 1, 2, 2]);
        assert_eq!(point, Point { x: 257, y: 514 });
        assert_eq!(bytemuck::bytes_of(&Pair(1_u8, 0x0303_u16, 4)), [1, 3, 3, 4]);
    }
}

mod validity {
    use super::*;

    #[test]
    fn any_bits_only_where_all_fields_take_any() {
        #[derive(Clone, Copy, Persist)]
        #[repr(C)]
        struct Numbers<T> {
            a: T,
            b: [Option<NonZero<u32>>; 2],
            c: Pad<4>,
            d: PhantomData<bool>,
        }
        #[derive(Clone, Copy, Persist)]
        #[repr(C)]
        struct Nested {
            a: Numbers<u32>,
            last: bool,
            _pad: Pad<3>,
        }
        #[derive(Clone, Copy, Persist)]
        #[repr(C)]
        struct First {
            first: [NonZero<u8>; 1],
            a: u8,
        }
        const {
            assert!(Numbers::<f32>::ANY_BITS && Numbers::<[u8; 4]>::ANY_BITS);
            assert!(!Numbers::<char>::ANY_BITS && !Numbers::<[char; 1]>::ANY_BITS);
            assert!(!Nested::ANY_BITS && !First::ANY_BITS && !Side::ANY_BITS && !Tick::ANY_BITS);
        }
        assert!(is_valid::<Numbers<f32>>(&[0xff; 16]));
        assert!(!is_valid::<Numbers<char>>(&[0xff; 16]));
        assert!(!is_valid::<First>(&[0, 0]));
        assert!(is_valid::<First>(&[1, 0]));
    }

    #[test]
    fn of_an_enum_is_being_a_variant() {
        let valid: Vec<u8> = (0..=255).filter(|&tag| is_valid::<Side>(&[tag])).collect();
        assert_eq!(valid, [Side::Buy as u8, Side::Sell as u8, Side::Cross as u8]);
    }

    #[test]
    fn of_wide_and_signed_enums_looks_at_every_byte() {
        #[derive(Clone, Copy, Persist)]
        #[repr(i32)]
        enum Signed {
            Low = i32::MIN,
            Minus = -1,
            High = 0x0102_0304,
        }
        #[derive(Clone, Copy, Persist)]
        #[repr(u64)]
        enum Wide {
            Max = u64::MAX,
            One = 1,
        }
        for value in [Signed::Low, Signed::Minus, Signed::High] {
            let bytes = (value as i32).to_ne_bytes();
            assert!(is_valid::<Signed>(&bytes));
            for i in 0..4 {
                let mut wrong = bytes;
                wrong[i] ^= 0x10;
                assert!(!is_valid::<Signed>(&wrong));
            }
        }
        for value in [Wide::Max, Wide::One] {
            assert!(is_valid::<Wide>(&(value as u64).to_ne_bytes()));
        }
        assert!(!is_valid::<Wide>(&(u64::MAX >> 1).to_ne_bytes()));
        assert!(!is_valid::<Wide>(&u64::from(u32::MAX).to_ne_bytes()));
        assert!(!is_valid::<Wide>(&0_u64.to_ne_bytes()));
    }

    #[test]
    fn of_a_struct_looks_at_each_field() {
        let tick = |side: u8, live: u8| {
            let mut bytes = [0xff; 24];
            (bytes[20], bytes[21]) = (side, live);
            is_valid::<Tick>(&bytes)
        };
        assert!(tick(0, 0) && tick(1, 1) && tick(200, 0));
        assert!(!tick(2, 0) && !tick(0, 2) && !tick(255, 255) && !tick(201, 1));
    }

    #[test]
    fn of_char_leaves_out_surrogates_and_what_is_past_the_last() {
        #[derive(Clone, Copy, Persist)]
        #[repr(C)]
        struct Letter(char);
        let valid = |bits: u32| is_valid::<Letter>(&bits.to_ne_bytes());
        for bits in [0, 0x41, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10_ffff] {
            assert!(valid(bits) && char::from_u32(bits).is_some(), "{bits:#x}");
        }
        for bits in [0xd800, 0xdbff, 0xdc00, 0xdfff, 0x11_0000, u32::MAX, 0x8000_0041] {
            assert!(!valid(bits) && char::from_u32(bits).is_none(), "{bits:#x}");
        }
    }

    #[test]
    fn of_text_is_utf8_then_nuls() {
        #[derive(Clone, Copy, Persist)]
        #[repr(C)]
        struct Name {
            text: FixedStr<4>,
        }
        assert!(is_valid::<Name>(b"ab\0\0") && is_valid::<Name>("é\0\0".as_bytes()));
        assert!(!is_valid::<Name>(b"a\0b\0") && !is_valid::<Name>(b"ab\xff\0"));
    }

    #[test]
    fn of_packed_and_nested_fields_needs_no_alignment() {
        #[derive(Clone, Copy, Persist)]
        #[repr(C, packed)]
        struct Packed<const N: usize> {
            a: u8,
            letters: [[char; 2]; N],
            id: NonZero<u64>,
        }
        let mut bytes = [0; 1 + 16 + 8];
        assert!(!is_valid::<Packed<2>>(&bytes), "the id is zero");
        bytes[24] = 1;
        assert!(is_valid::<Packed<2>>(&bytes));
        for letter in 0..4 {
            let mut wrong = bytes;
            wrong[1 + 4 * letter..][..4].fill(0xff);
            assert!(!is_valid::<Packed<2>>(&wrong), "letter {letter}");
        }
    }

    #[test]
    fn of_checked_foreign_fields_is_their_own_verdict() {
        use bytemuck::{CheckedBitPattern, NoUninit};

        #[derive(Clone, Copy)]
        #[repr(transparent)]
        struct Percent(u16);
        // SAFETY: a transparent `u16`.
        unsafe impl NoUninit for Percent {}
        // SAFETY: a transparent `u16`, of which the values are those accepted here.
        unsafe impl CheckedBitPattern for Percent {
            type Bits = u16;
            fn is_valid_bit_pattern(bits: &u16) -> bool {
                *bits <= 100
            }
        }
        #[derive(Clone, Copy, Persist)]
        #[repr(C, packed)]
        struct Row<T: Copy> {
            a: u8,
            #[persist(checked = "Percent")]
            share: T,
        }
        const { assert!(!Row::<Percent>::ANY_BITS) };
        let valid =
            |share: u16| is_valid::<Row<Percent>>(&[&[9], share.to_ne_bytes().as_slice()].concat());
        assert!(valid(0) && valid(100) && !valid(101) && !valid(u16::MAX));
    }
}

mod features {
    use super::*;

    #[derive(Clone, Copy, Persist)]
    #[repr(C)]
    struct Foreign {
        id: uuid::Uuid,
        position: glam::Vec3,
        small: half::f16,
        brain: half::bf16,
        big: zerocopy::byteorder::big_endian::U64,
        little: zerocopy::byteorder::little_endian::F32,
        _pad: Pad<4>,
        matrix: [glam::DVec2; 2],
    }

    #[test]
    fn make_elements_of_other_crates_types() {
        assert_eq!(Foreign::LAYOUT.size(), 80);
        const { assert!(Foreign::ANY_BITS) };
        assert_ne!(half::f16::FINGERPRINT, half::bf16::FINGERPRINT);
    }

    #[test]
    fn have_names_as_units() {
        use zerocopy::byteorder::{big_endian, little_endian};

        let names = [uuid::Uuid::NAME, glam::Mat4::NAME, half::f16::NAME, half::bf16::NAME];
        assert_eq!(names, ["Uuid", "Mat4", "f16", "bf16"]);
        assert_ne!(big_endian::U64::NAME, little_endian::U64::NAME);
    }

    /// zerocopy's types are arrays of bytes, which no target aligns.
    #[test]
    fn let_explicit_byte_orders_stand_anywhere() {
        #[derive(Clone, Copy, Persist)]
        #[repr(C)]
        struct Record {
            tag: u8,
            value: zerocopy::byteorder::big_endian::U64,
        }
        assert_eq!((Record::LAYOUT.size(), Record::LAYOUT.natural_align()), (9, 1));
    }
}
