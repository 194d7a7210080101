//! A foreign field says what the file records, once.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    #[persist(pod)] //~ ERROR `pod` doesn't say what the file records
    a: u8,
    #[persist(as = u8)] //~ ERROR `as` stands without `pod`
    b: u8,
    #[persist(pod = "b", as = u8)] //~ ERROR a name and `as` contradict
    c: u8,
    #[persist(pod = "c", checked = "c")] //~ ERROR `checked` goes with neither `pod` nor `as`
    d: u8,
}
//~? name a type of the same bytes, `pod, as = [f32; 3]`, or a name, `pod = "name"`

fn main() {}
