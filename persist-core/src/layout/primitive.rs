//! The scalars: which exist, and what they are called.

/// A scalar: its class, its width in bytes and its byte order.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Primitive {
    pub class: Class,
    pub width: u8,
    pub order: Order,
}

/// The class of a scalar; the discriminants are part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Class {
    /// An unsigned integer.
    Unsigned = 0,
    /// A signed integer.
    Signed = 1,
    /// An IEEE 754 binary float.
    Float = 2,
    /// `bool`.
    Bool = 3,
    /// `char`.
    Char = 4,
    /// `NonZero` of an unsigned integer.
    NonZeroUnsigned = 5,
    /// `NonZero` of a signed integer.
    NonZeroSigned = 6,
    /// `Option<NonZero>` of an unsigned integer.
    OptionNonZeroUnsigned = 7,
    /// `Option<NonZero>` of a signed integer.
    OptionNonZeroSigned = 8,
    /// The upper half of an `f32`.
    BFloat = 9,
}

/// The byte order of a [`Primitive`]; the discriminants are part of the format.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Order {
    /// The order of the machine that wrote the file, or none: one byte has no order.
    Native = 0,
    Little = 1,
    Big = 2,
}

impl Class {
    /// Every class, at the index that is its discriminant.
    pub(crate) const ALL: [Self; 10] = [
        Self::Unsigned,
        Self::Signed,
        Self::Float,
        Self::Bool,
        Self::Char,
        Self::NonZeroUnsigned,
        Self::NonZeroSigned,
        Self::OptionNonZeroUnsigned,
        Self::OptionNonZeroSigned,
        Self::BFloat,
    ];
}

impl Order {
    /// Every order, at the index that is its discriminant.
    pub(crate) const ALL: [Self; 3] = [Self::Native, Self::Little, Self::Big];
}

impl Primitive {
    /// The name of the type in Rust, or in the crate that has it; `None` where there is no such
    /// scalar.
    pub(crate) const fn name(self) -> Option<&'static str> {
        let names = match self.order {
            Order::Native => native_names(self.class),
            Order::Little => little_names(self.class),
            Order::Big => big_names(self.class),
        };
        let name = match self.width {
            1 => names[0],
            2 => names[1],
            4 => names[2],
            8 => names[3],
            16 => names[4],
            _ => "",
        };
        if name.is_empty() { None } else { Some(name) }
    }
}

/// The scalars of a class in native order, of 1, 2, 4, 8 and 16 bytes.
const fn native_names(class: Class) -> [&'static str; 5] {
    match class {
        Class::Unsigned => ["u8", "u16", "u32", "u64", "u128"],
        Class::Signed => ["i8", "i16", "i32", "i64", "i128"],
        Class::Float => ["", "f16", "f32", "f64", ""],
        Class::Bool => ["bool", "", "", "", ""],
        Class::Char => ["", "", "char", "", ""],
        Class::NonZeroUnsigned => {
            ["NonZero<u8>", "NonZero<u16>", "NonZero<u32>", "NonZero<u64>", "NonZero<u128>"]
        }
        Class::NonZeroSigned => {
            ["NonZero<i8>", "NonZero<i16>", "NonZero<i32>", "NonZero<i64>", "NonZero<i128>"]
        }
        Class::OptionNonZeroUnsigned => [
            "Option<NonZero<u8>>",
            "Option<NonZero<u16>>",
            "Option<NonZero<u32>>",
            "Option<NonZero<u64>>",
            "Option<NonZero<u128>>",
        ],
        Class::OptionNonZeroSigned => [
            "Option<NonZero<i8>>",
            "Option<NonZero<i16>>",
            "Option<NonZero<i32>>",
            "Option<NonZero<i64>>",
            "Option<NonZero<i128>>",
        ],
        Class::BFloat => ["", "bf16", "", "", ""],
    }
}

const fn little_names(class: Class) -> [&'static str; 5] {
    match class {
        Class::Unsigned => ["", "U16<LE>", "U32<LE>", "U64<LE>", "U128<LE>"],
        Class::Signed => ["", "I16<LE>", "I32<LE>", "I64<LE>", "I128<LE>"],
        Class::Float => ["", "", "F32<LE>", "F64<LE>", ""],
        _ => [""; 5],
    }
}

const fn big_names(class: Class) -> [&'static str; 5] {
    match class {
        Class::Unsigned => ["", "U16<BE>", "U32<BE>", "U64<BE>", "U128<BE>"],
        Class::Signed => ["", "I16<BE>", "I32<BE>", "I64<BE>", "I128<BE>"],
        Class::Float => ["", "", "F32<BE>", "F64<BE>", ""],
        _ => [""; 5],
    }
}
