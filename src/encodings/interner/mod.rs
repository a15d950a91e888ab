//! Interning: distinct values get numbers in the order they are first seen.
//!
//! Values come in blocks. A block is first looked up without a branch on what is found, so that the
//! processor works on many look-ups at once; the few values that this does not settle follow one
//! by one. [`FixedInterner`] does so for raw bits of fixed width; [`BytesInterner`] turns byte
//! strings into such bits and keeps the bytes of long ones.

mod block;
mod bytes;
mod fixed;
mod hash;
mod key;
mod probe;
#[cfg(test)]
mod tests;

pub(crate) use block::for_each_block;
pub(crate) use bytes::BytesInterner;
pub(crate) use fixed::FixedInterner;
pub(crate) use key::{Key, PlainKey};

/// Values interned at a time.
pub(crate) const BLOCK: usize = 64;
