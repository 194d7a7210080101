//! A transparent struct records no name of its field, so that it had none earlier.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(transparent)]
#[repr(transparent)]
struct Metres(
    #[persist(alias = "value")]
    f64, //~ ERROR `alias` has no effect: a transparent struct is described as its field
);

fn main() {}
