//! What the vectors hold: a number, a struct of any bits, and one whose bits must be checked.

use persist_core::{Pad, Persist};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::peers::epserde::Mappable;
use crate::peers::rkyv::Archivable;

/// An element that every peer can store.
pub(crate) trait Element:
    Persist + std::fmt::Debug + FromBytes + IntoBytes + Immutable + KnownLayout + Mappable + Archivable
{
    /// What the report calls it.
    const NAME: &'static str;

    /// An element for a number, whose keys are in no order.
    fn nth(number: u64) -> Self;

    /// What is summed, and sorted by.
    fn key(&self) -> u64;
}

/// Spreads numbers over all there are, and none twice.
fn scrambled(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Element for u64 {
    const NAME: &'static str = "u64";

    #[inline]
    fn nth(number: u64) -> Self {
        scrambled(number)
    }

    #[inline]
    fn key(&self) -> u64 {
        *self
    }
}

/// 32 bytes, all of them values.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Persist,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
    epserde::Epserde,
    rkyv::Archive,
    rkyv::Serialize,
)]
#[epserde(zero_copy)]
#[repr(C)]
pub(crate) struct Particle {
    pub(crate) key: u64,
    pub(crate) position: [f32; 3],
    pub(crate) velocity: [f32; 3],
}

impl Element for Particle {
    const NAME: &'static str = "32-byte struct";

    #[inline]
    fn nth(number: u64) -> Self {
        let key = scrambled(number);
        let position = [number as f32, key as f32, 0.5];
        Self { key, position, velocity: [1.0, -1.0, number as f32] }
    }

    #[inline]
    fn key(&self) -> u64 {
        self.key
    }
}

/// The side of a [`Tick`].
#[derive(Clone, Copy, Debug, PartialEq, Persist, rkyv::Archive, rkyv::Serialize)]
#[repr(u8)]
pub(crate) enum Side {
    Buy,
    Sell,
}

/// 24 bytes with an enum, a `bool` and padding, of which not all bits are values.
#[derive(Clone, Copy, Debug, PartialEq, Persist)]
#[repr(C)]
pub(crate) struct Tick {
    pub(crate) time: u64,
    pub(crate) price: f64,
    pub(crate) quantity: u32,
    pub(crate) side: Side,
    pub(crate) live: bool,
    pub(crate) pad: Pad<2>,
}

impl Tick {
    pub(crate) fn nth(number: u64) -> Self {
        Self {
            time: number,
            price: number as f64 * 0.5,
            quantity: number as u32,
            side: if number.is_multiple_of(3) { Side::Sell } else { Side::Buy },
            live: number.is_multiple_of(2),
            pad: Pad::new(),
        }
    }
}
