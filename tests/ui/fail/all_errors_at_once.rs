//! Every error of one type is shown, and no implementation is made.
use persist_core::Persist;

#[derive(Clone, Persist)]
#[persist(version = "x", colour)] //~ ERROR expected integer literal //~ ERROR unknown attribute
struct Row<'a> { //~ ERROR `Row` has no `repr(C)` //~ ERROR elements can't borrow
    name: String, //~ ERROR a `String` keeps its text elsewhere in memory
    text: &'a str, //~ ERROR a reference means nothing to the next process
    #[persist(rename = "name", pod)] //~ ERROR another field is called `name` already //~ ERROR `pod` doesn't say
    count: usize, //~ ERROR the width of `usize` and `isize` is the machine's
}

const _: persist_core::Fingerprint = <Row as Persist>::FINGERPRINT; //~ ERROR can't be stored in a persist file

fn main() {}
