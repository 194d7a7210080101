//! Why bytes are not a descriptor.

/// Why bytes are not a descriptor, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("descriptor at byte {offset_bytes}: {problem}")]
#[non_exhaustive]
pub struct DescriptorError {
    /// Where the part at fault begins, in bytes from the start of the descriptor.
    pub offset_bytes: usize,
    /// What is wrong with it.
    pub problem: DescriptorProblem,
}

/// How a descriptor leaves the grammar of the format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptorProblem {
    /// The bytes end in the middle of a type.
    #[error("expected {expected}, found the end")]
    Ends {
        /// What should stand here, with its article.
        expected: &'static str,
    },
    /// More bytes follow the type.
    #[error("expected the end, found {found_bytes} more bytes")]
    TrailingBytes {
        /// How many.
        found_bytes: usize,
    },
    /// No type begins with this byte.
    #[error("expected the tag of a type, 1 to 8, found {found}")]
    UnknownTag {
        /// The byte.
        found: u8,
    },
    /// A number ends in a zero byte that a shorter form does without.
    #[error("expected a number in its shortest form, found a final zero byte")]
    LongNumber,
    /// A number has more bits than its meaning allows.
    #[error("expected a number of at most {max_bits} bits, found a larger one")]
    LargeNumber {
        /// The bits allowed.
        max_bits: u32,
    },
    /// A name has no characters.
    #[error("expected a name, found an empty text")]
    EmptyName,
    /// A name is not text.
    #[error("expected a name in UTF-8, found other bytes after {valid_bytes} bytes of it")]
    NotUtf8 {
        /// How many bytes of the name are UTF-8.
        valid_bytes: usize,
    },
    /// Two fields of a struct, or two variants of an enum, have one name.
    #[error("expected names that differ, found `{}` twice", name.escape_debug())]
    DuplicateName {
        /// The name.
        name: Box<str>,
    },
    /// A byte that means no or yes is neither.
    #[error("expected 0 or 1, found {found}")]
    Flag {
        /// The byte.
        found: u8,
    },
    /// The format has no such scalar.
    #[error(
        "expected a primitive of the format, found class {class}, width {width_bytes}, order {order}"
    )]
    NoSuchPrimitive {
        /// The class.
        class: u8,
        /// The width.
        width_bytes: u8,
        /// The byte order.
        order: u8,
    },
    /// A field doesn't begin where the last one ended.
    #[error(
        "expected the field at offset {expected_bytes}, where the last one ended, found {found_bytes}"
    )]
    FieldOffset {
        /// Where the last field ended.
        expected_bytes: u64,
        /// Where the field begins.
        found_bytes: u64,
    },
    /// A struct doesn't end where its last field ends.
    #[error(
        "expected a struct of {expected_bytes} bytes, as its fields have, found {found_bytes} bytes"
    )]
    StructSize {
        /// The sum of the fields.
        expected_bytes: u64,
        /// The size that is written.
        found_bytes: u64,
    },
    /// A type is larger than any machine can address.
    #[error("expected a type of at most 2^63 - 1 bytes, found a larger one")]
    TooLarge,
    /// Types nest too deep.
    #[error("expected types that nest at most {max_depth} deep, found deeper ones")]
    TooDeep {
        /// The depth allowed.
        max_depth: usize,
    },
    /// No enum is that wide.
    #[error("expected an enum of 1, 2, 4 or 8 bytes, found {found_bytes}")]
    EnumWidth {
        /// The width.
        found_bytes: u8,
    },
    /// An enum without values.
    #[error("expected at least one variant, found none")]
    NoVariants,
    /// The tag of a variant doesn't fit the width of its enum.
    #[error("expected a tag of {width_bytes} bytes, found {found}")]
    LargeTag {
        /// The width of the enum.
        width_bytes: u8,
        /// The tag.
        found: u64,
    },
    /// The variants are not in ascending order of their tags.
    #[error("expected a tag above {previous}, found {found}")]
    TagOrder {
        /// The tag before.
        previous: u64,
        /// The tag.
        found: u64,
    },
}
