//! Field types that can't be stored, told by their syntax.
//!
//! Macros aside, this exists for the messages alone: what hides behind an alias is refused by the
//! bound on `Persist`, which says less.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, PathSegment, Type, TypePath};

use crate::ast::Storage;
use crate::errors::Errors;

const OWNERS: [&str; 15] = [
    "Arc",
    "BTreeMap",
    "BTreeSet",
    "BinaryHeap",
    "Box",
    "Cow",
    "HashMap",
    "HashSet",
    "LinkedList",
    "Rc",
    "Vec",
    "VecDeque",
    "CString",
    "OsString",
    "PathBuf",
];
const MACHINE_WORDS: [&str; 4] = ["usize", "isize", "NonZeroUsize", "NonZeroIsize"];
const CELLS: [&str; 8] =
    ["Cell", "Mutex", "OnceCell", "OnceLock", "RefCell", "RwLock", "UnsafeCell", "AtomicPtr"];
const SCALARS: [&str; 14] = [
    "u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32", "i64", "i128", "f32", "f64", "bool",
    "char",
];

/// Refuses a type that can't be stored this way.
pub(crate) fn refuse(ty: &Type, storage: &Storage, errors: &mut Errors) {
    let errors_before = errors.count();
    refuse_macros(ty, errors);
    if let Storage::PodAs(stored) = storage {
        refuse_macros(stored, errors);
    }
    if errors.count() > errors_before {
        return;
    }
    match storage {
        Storage::Plain => refuse_plain(ty, errors),
        Storage::PodAs(stored) => {
            refuse_foreign(ty, errors);
            refuse_plain(stored, errors);
        }
        Storage::PodOpaque(_) | Storage::Checked(_) => refuse_foreign(ty, errors),
    }
}

/// The generated code repeats the type, and every time each macro in it is asked anew: what was
/// checked might not be what is stored.
fn refuse_macros(ty: &Type, errors: &mut Errors) {
    match peel(ty) {
        Type::Array(array) => {
            refuse_macros(&array.elem, errors);
            if calls_macro(array.len.to_token_stream()) {
                let what = "a macro may expand to another length each time it is asked";
                errors.add(&array.len, what, "give it a name: `const LEN: usize = …!();`");
            }
        }
        Type::Path(path) if is_plain(path) => {}
        _ if calls_macro(ty.to_token_stream()) => {
            let what = "a macro may expand to another type each time it is asked";
            errors.add(ty, what, "give it a name: `type Name = …!();`");
        }
        _ => {}
    }
}

/// Whether the path has no arguments, in which a macro could hide.
fn is_plain(path: &TypePath) -> bool {
    path.qself.is_none() && path.path.segments.iter().all(|segment| !has_arguments(segment))
}

/// Whether `name!(…)` stands among the tokens, at any depth. The derive's grammar has no attributes
/// within types, and no keyword before a negation.
fn calls_macro(tokens: TokenStream) -> bool {
    // Whether the tokens so far end in a name, or in a name and `!`.
    let (mut name, mut call) = (false, false);
    for token in tokens {
        (name, call) = match token {
            TokenTree::Group(group) if call || calls_macro(group.stream()) => return true,
            TokenTree::Punct(mark) => (false, name && mark.as_char() == '!'),
            TokenTree::Ident(_) => (true, false),
            TokenTree::Group(_) | TokenTree::Literal(_) => (false, false),
        };
    }
    false
}

/// Whether this is `PhantomData<…>` under its own name.
pub(crate) fn is_phantom(ty: &Type) -> bool {
    last_segment(peel(ty)).is_some_and(|segment| segment.ident == "PhantomData")
}

fn refuse_plain(ty: &Type, errors: &mut Errors) {
    let (what, help) = match peel(ty) {
        Type::Array(array) => return refuse_plain(&array.elem, errors),
        Type::Path(path) => return refuse_path(path, errors),
        Type::Reference(_) => (
            "a reference means nothing to the next process",
            "store the value itself, or its index in another vector",
        ),
        Type::Ptr(_) => {
            ("a pointer means nothing to the next process", "store an index or an offset, as `u64`")
        }
        Type::FnPtr(_) => (
            "a function pointer means nothing to the next process",
            "store an enum with a fixed `repr`, and match on it",
        ),
        Type::Slice(_) => ("a slice has no fixed size", "use an array `[T; N]`"),
        Type::TraitObject(_) => (
            "a trait object means nothing to the next process",
            "store an enum with a fixed `repr`, and match on it",
        ),
        Type::Tuple(tuple) if tuple.elems.is_empty() => ("`()` has no bytes to store", "remove it"),
        Type::Tuple(_) => (
            "the order of a tuple's fields is the compiler's choice",
            "use a `#[repr(C)]` struct with named fields",
        ),
        Type::Never(_) => ("`!` has no values", "remove it"),
        _ => return,
    };
    errors.add(ty, what, help);
}

fn refuse_path(path: &TypePath, errors: &mut Errors) {
    let Some(segment) = path.path.segments.last() else { return };
    let name = segment.ident.to_string();
    let name = name.as_str();
    if is_machine_word(segment) {
        refuse_machine_word(path, errors);
    } else if name == "String" && segment.arguments.is_none() {
        let what = "a `String` keeps its text elsewhere in memory";
        errors.add(path, what, "use `FixedStr<N>`, which keeps up to N bytes of text inline");
    } else if is_owner(segment) {
        let what = format!("`{name}` keeps its data elsewhere in memory");
        errors.add(path, what, "use an array `[T; N]`, or a second vector and an index into it");
    } else if name == "str" {
        errors.add(path, "`str` has no fixed size", "use `FixedStr<N>`");
    } else if CELLS.contains(&name) && has_arguments(segment) || is_atomic(name) {
        let what = format!("`{name}` may change behind a shared reference");
        errors.add(path, what, "store the plain value");
    } else if name == "Option" {
        refuse_option(path, segment, errors);
    }
}

fn refuse_option(path: &TypePath, segment: &PathSegment, errors: &mut Errors) {
    let Some(inner) = only_argument(segment) else { return };
    if last_segment(peel(inner)).is_some_and(is_machine_word) {
        refuse_machine_word(path, errors);
    } else if has_no_niche(peel(inner)) {
        errors.add(
            path,
            "how an `Option` of this type marks `None` is the compiler's choice",
            "use `Option<NonZero<…>>`, a value that means none, or a flag in a field of its own",
        );
    }
}

/// Types that are surely not `NonZero`, which others might be by an alias.
fn has_no_niche(ty: &Type) -> bool {
    match ty {
        Type::Path(_) => last_segment(ty).is_some_and(|segment| {
            let name = segment.ident.to_string();
            let name = name.as_str();
            SCALARS.contains(&name) || name == "Option" || name == "String" || is_owner(segment)
        }),
        Type::Verbatim(_) => false,
        _ => true,
    }
}

/// The width of the machine has no place in a file, whoever vouches for the type.
fn refuse_foreign(ty: &Type, errors: &mut Errors) {
    match peel(ty) {
        Type::Array(array) => refuse_foreign(&array.elem, errors),
        Type::Path(path) if path.path.segments.last().is_some_and(is_machine_word) => {
            refuse_machine_word(path, errors);
        }
        _ => {}
    }
}

fn refuse_machine_word(path: &TypePath, errors: &mut Errors) {
    let what = "the width of `usize` and `isize` is the machine's";
    errors.add(path, what, "use `u64` or `i64`, or `NonZero` of them");
}

/// `usize`, `NonZeroUsize`, `NonZero<usize>` and their signed kin.
fn is_machine_word(segment: &PathSegment) -> bool {
    if segment.ident == "NonZero" {
        let inner = only_argument(segment).and_then(|inner| last_segment(peel(inner)));
        return inner.is_some_and(is_machine_word);
    }
    MACHINE_WORDS.iter().any(|word| segment.ident == word)
}

/// Asks for the arguments too: a `Box` without any is the user's own.
fn is_owner(segment: &PathSegment) -> bool {
    let name = segment.ident.to_string();
    let plain = ["CString", "OsString", "PathBuf"].contains(&name.as_str());
    OWNERS.contains(&name.as_str()) && plain != has_arguments(segment)
}

fn is_atomic(name: &str) -> bool {
    let width = name.strip_prefix("Atomic").unwrap_or_default();
    ["Bool", "U8", "U16", "U32", "U64", "Usize", "I8", "I16", "I32", "I64", "Isize"]
        .contains(&width)
}

fn has_arguments(segment: &PathSegment) -> bool {
    !segment.arguments.is_none()
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

fn only_argument(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) if arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}

/// The type inside parentheses, and inside the invisible ones of `macro_rules!`.
fn peel(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peel(&group.elem),
        Type::Paren(paren) => peel(&paren.elem),
        _ => ty,
    }
}
