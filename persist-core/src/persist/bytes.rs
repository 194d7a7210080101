//! Elements as bytes, and back.

use std::slice;

use super::Persist;

/// The bytes of elements, as a file of this machine's byte order has them.
pub(crate) fn bytes_of<T: Persist>(elements: &[T]) -> &[u8] {
    // SAFETY: `T: Persist` has no uninitialised bytes and no interior mutability, so all bytes of the slice can
    // be read as such as long as it is borrowed.
    unsafe { slice::from_raw_parts(elements.as_ptr().cast(), size_of_val(elements)) }
}

/// The element of these bytes; `None` where they are not a value of `T`.
///
/// # Panics
///
/// Panics if they are more or less than an element's.
pub(crate) fn element_of<T: Persist>(bytes: &[u8]) -> Option<T> {
    assert_eq!(bytes.len(), size_of::<T>(), "an element has the size of its type");
    let element = bytes.as_ptr().cast::<T>();
    // SAFETY: so many initialised bytes are borrowed; they need neither be aligned nor a value.
    let is_value = unsafe { T::is_valid(element) };
    // SAFETY: the bytes are a value of `T`, which is `Copy`; the read doesn't need them to be aligned.
    is_value.then(|| unsafe { element.read_unaligned() })
}
