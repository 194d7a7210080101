//! `#[derive(Persist)]`. Use it through persist-core, which re-exports it.
//!
//! parse → typed AST → check → expand: `attr` and `repr` read what was written, `check` has one
//! function for each rule, `ast` holds only legal requests, `expand` writes the code. All errors of
//! one type are shown at once, and beside an error nothing is generated. The derive knows syntax
//! alone: it computes no size, offset or hash, but emits `size_of`, `offset_of!` and calls of
//! persist-core, which panic in const evaluation where a layout breaks a rule.

#![forbid(unsafe_code)]

mod ast;
mod attr;
mod check;
mod errors;
mod expand;
mod repr;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as TokenStream2;
use syn::DeriveInput;

use errors::Errors;

/// Implements `Persist` for a struct or a fieldless enum, or says why that can't be.
///
/// ```
/// use persist_core::{Pad, Persist};
///
/// #[derive(Clone, Copy, Persist)]
/// #[repr(u8)]
/// enum Side { Buy = 0, Sell = 1 }
///
/// #[derive(Clone, Copy, Persist)]
/// #[repr(C)]
/// struct Tick { time: u64, price: f64, qty: u32, side: Side, live: bool, _pad: Pad<2> }
///
/// assert_eq!(Tick::LAYOUT.size(), 24);
/// ```
///
/// # Which types
///
/// - **Structs** with `#[repr(C)]`, `#[repr(transparent)]` or `#[repr(C, packed)]`, with `align(N)` or
///   `packed(N)` if you like, of fields that are `Persist` themselves and leave no byte between them.
/// - **Enums** without data, with `#[repr(u8)]` to `#[repr(u64)]` or `#[repr(i8)]` to `#[repr(i64)]`.
///   `repr(C)` isn't accepted, alone or beside an integer: its size is the C compiler's choice.
/// - **Generic** structs, over types and constants. What depends on the arguments, such as padding,
///   is checked where an instance is first used; `check!(Pair<u32, f32>)` checks it by hand.
///
/// A padding error names the field, the bytes and the line to add:
///
/// ```compile_fail
/// # use persist_core::Persist;
/// #[derive(Clone, Copy, Persist)]
/// #[repr(C)]
/// struct Row {
///     a: u16, // `Row` has 2 bytes of implicit padding after field `a` (offset 2..4): …
///     b: u32, //    help: add a field after `a`: `_pad0: persist_core::Pad<2>`
/// }
/// ```
///
/// Attribute macros that change the struct belong above the derive, so that it sees what they made; a
/// struct whose fields another macro changed afterwards doesn't compile. Field types don't call macros
/// themselves, which may answer differently each time: give such a type a name, `type Name = …!();`.
///
/// A type without parameters also gets a [`TypeName`](../persist_core/trait.TypeName.html), so that it
/// can stand in a `PhantomData`: the name that the file records, or its own where it is `transparent`.
///
/// # On a struct or an enum
///
/// ## `rename = "…"`
///
/// The name that the file records, where it isn't the name in the source.
///
/// ```
/// # use persist_core::Persist;
/// #[derive(Clone, Copy, Persist)]
/// #[persist(rename = "Tick")]
/// #[repr(C)]
/// struct TickV1 { price: f64 }
///
/// #[derive(Clone, Copy, Persist)]
/// #[repr(C)]
/// struct Tick { price: f64 }
///
/// assert_eq!(TickV1::FINGERPRINT, Tick::FINGERPRINT);
/// ```
///
/// ## `version = N`
///
/// Sets types of the same fields apart, when the meaning of one has changed. 0 where it isn't given.
///
/// ```
/// # use persist_core::Persist;
/// mod cents {
///     # use persist_core::Persist;
///     #[derive(Clone, Copy, Persist)]
///     #[repr(C)]
///     pub struct Price { pub value: i64 }
/// }
///
/// #[derive(Clone, Copy, Persist)]
/// #[persist(version = 1)] // thousandths from now on
/// #[repr(C)]
/// struct Price { value: i64 }
///
/// assert_ne!(Price::FINGERPRINT, cents::Price::FINGERPRINT);
/// ```
///
/// ## `transparent`
///
/// On a `repr(transparent)` struct of one field, beside any `PhantomData`: the file records the field
/// alone.
///
/// ```
/// # use persist_core::Persist;
/// #[derive(Clone, Copy, Persist)]
/// #[persist(transparent)]
/// #[repr(transparent)]
/// struct Metres(f64);
///
/// assert_eq!(Metres::FINGERPRINT, f64::FINGERPRINT);
/// ```
///
/// ## `from = Type`
///
/// On a struct: the version before this one, which it is made from by `From`. A migration takes a file of that
/// version, or of one before it in turn, through each newer one. A chain that comes back to where it began doesn't compile.
///
/// ```
/// use persist_core::{MmapSlice, MmapVec, Persist};
///
/// mod v1 {
///     # use persist_core::Persist;
///     #[derive(Clone, Copy, Persist)]
///     #[repr(C)]
///     pub struct Price { pub cents: u32 }
/// }
///
/// #[derive(Clone, Copy, Default, Persist)]
/// #[persist(from = v1::Price)]
/// #[repr(C)]
/// struct Price { euros: f64 }
///
/// impl From<v1::Price> for Price {
///     fn from(old: v1::Price) -> Self { Self { euros: f64::from(old.cents) / 100.0 } }
/// }
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("prices.pv");
/// let mut prices = MmapVec::<v1::Price>::create(&path)?;
/// prices.push(v1::Price { cents: 250 })?;
/// prices.close()?;
///
/// MmapVec::<Price>::migrate(&path)?;
/// assert_eq!(MmapSlice::<Price>::open(&path)?[0].euros, 2.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ## `fingerprint = 0x…`
///
/// Fails the build when the layout changes; the error has the new fingerprint. Not for generic types.
///
/// ```
/// # use persist_core::Persist;
/// #[derive(Clone, Copy, Persist)]
/// #[persist(fingerprint = 0xe9cbb15764faeb2d7bea37329367b632)]
/// #[repr(C)]
/// struct Point { x: f64, y: f64 }
/// ```
///
/// ## `bytemuck`
///
/// Implements bytemuck's `Zeroable` and `Pod` too, where every bit pattern is a value. A generic struct
/// must be `repr(transparent)` or `repr(C, packed)`, which have no padding for any argument, and
/// can have no attributes of other crates below the derive, which might change that.
///
/// ```
/// # use persist_core::Persist;
/// #[derive(Clone, Copy, Persist)]
/// #[persist(bytemuck)]
/// #[repr(C)]
/// struct Point { x: f32, y: f32 }
///
/// assert_eq!(bytemuck::bytes_of(&Point { x: 0.0, y: 0.0 }), [0; 8]);
/// ```
///
/// ## `crate = "…"`
///
/// Where persist-core is, if not at `::persist_core`. The path must name persist-core itself or a
/// re-export of it: the generated `unsafe impl` relies on what it finds there. Writing it is a promise,
/// as an `unsafe` block is, that nothing checks.
///
/// ```
/// mod vendored {
///     pub use persist_core;
/// }
///
/// #[derive(Clone, Copy, vendored::persist_core::Persist)]
/// #[persist(crate = "crate::vendored::persist_core")]
/// #[repr(C)]
/// struct Point { x: f64, y: f64 }
/// # fn main() {}
/// ```
///
/// # On a field
///
/// ## `rename = "…"`
///
/// The name that the file records. No two fields may have the same.
///
/// ```
/// # use persist_core::Persist;
/// #[derive(Clone, Copy, Persist)]
/// #[repr(C)]
/// struct Tick {
///     #[persist(rename = "qty")]
///     quantity: u64,
/// }
/// ```
///
/// ## `alias = "…"`
///
/// An earlier name, by which a migration finds the field in old files. May stand more than once; nothing may have that name
/// now. It isn't recorded, and changes no fingerprint.
///
/// ```
/// # use persist_core::Persist;
/// #[derive(Clone, Copy, Persist)]
/// #[repr(C)]
/// struct Tick {
///     #[persist(alias = "qty", alias = "quantity")]
///     volume: u64,
/// }
/// # mod plain {
/// #     use persist_core::Persist;
/// #     #[derive(Clone, Copy, Persist)]
/// #     #[repr(C)]
/// #     pub struct Tick { volume: u64 }
/// # }
/// # assert_eq!(Tick::FINGERPRINT, plain::Tick::FINGERPRINT);
/// ```
///
/// ## `pod, as = Type`
///
/// A foreign type that is bytemuck's `Pod` and not `Persist`, recorded as a type of the same bytes.
///
/// ```
/// # use persist_core::Persist;
/// # use bytemuck::{Pod, Zeroable};
/// # #[derive(Clone, Copy)] #[repr(C)] struct Rgb([f32; 3]);
/// # unsafe impl Zeroable for Rgb {}
/// # unsafe impl Pod for Rgb {}
/// #[derive(Clone, Copy, Persist)]
/// #[repr(C)]
/// struct Pixel {
///     #[persist(pod, as = [f32; 3])]
///     colour: Rgb,
/// }
/// ```
///
/// ## `pod = "name"`
///
/// The same, recorded as bytes of this name, which nothing but the type's crate can read.
///
/// ```
/// # use persist_core::Persist;
/// # use bytemuck::{Pod, Zeroable};
/// # #[derive(Clone, Copy)] #[repr(C)] struct Rgb([f32; 3]);
/// # unsafe impl Zeroable for Rgb {}
/// # unsafe impl Pod for Rgb {}
/// #[derive(Clone, Copy, Persist)]
/// #[repr(C)]
/// struct Pixel {
///     #[persist(pod = "colours::Rgb")]
///     colour: Rgb,
/// }
/// ```
///
/// ## `checked = "name"`
///
/// A foreign type that is bytemuck's `CheckedBitPattern` and `NoUninit`, recorded as bytes of this name
/// and checked when a file is opened.
///
/// ```
/// # use persist_core::Persist;
/// # use bool as Flag;
/// #[derive(Clone, Copy, Persist)]
/// #[repr(C)]
/// struct Pixel {
///     #[persist(checked = "Flag")]
///     visible: Flag,
/// }
///
/// assert!(!Pixel::ANY_BITS);
/// ```
///
/// # On a variant
///
/// ## `rename = "…"`
///
/// The name that the file records. No two variants may have the same.
///
/// ```
/// # use persist_core::Persist;
/// #[derive(Clone, Copy, Persist)]
/// #[repr(u8)]
/// enum Side {
///     #[persist(rename = "Buy")]
///     Bid,
///     Sell,
/// }
/// ```
///
/// ## `alias = "…"`
///
/// An earlier name, as on a field.
///
/// ```
/// # use persist_core::Persist;
/// #[derive(Clone, Copy, Persist)]
/// #[repr(u8)]
/// enum Side {
///     #[persist(alias = "Bid")]
///     Buy,
///     Sell,
/// }
/// ```
#[proc_macro_derive(Persist, attributes(persist))]
pub fn derive_persist(input: TokenStream) -> TokenStream {
    derive(input.into()).unwrap_or_else(|errors| errors).into()
}

/// The implementation, or one `compile_error!` for each error.
fn derive(input: TokenStream2) -> Result<TokenStream2, TokenStream2> {
    let syntax: DeriveInput = syn::parse2(input).map_err(syntax_error)?;
    let mut errors = Errors::default();
    let input = ast::parse(syntax, &mut errors);
    errors.finish(input).map(|input| expand::expand(&input))
}

/// Types are read by a small grammar, which keeps builds short and lacks some expressions.
fn syntax_error(error: syn::Error) -> TokenStream2 {
    if !error.to_string().starts_with("unsupported expression") {
        return error.into_compile_error();
    }
    let what = "persist: the derive can't read this array length";
    let help = "give it a name: `const LEN: usize = …;`";
    syn::Error::new(error.span(), format!("{what}\n  help: {help}")).into_compile_error()
}
