//! Buffers for values that cannot be lent as they lie in an array. Used again from step to step and from
//! array to array; empty until needed.

/// Room for one step's values.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Slots picked, or keys.
    pub(super) slots: Vec<u32>,
    /// INT32 values, or the offsets of byte values.
    pub(super) ints: Vec<i32>,
    pub(super) longs: Vec<i64>,
    pub(super) floats: Vec<f32>,
    pub(super) doubles: Vec<f64>,
    /// Booleans as bits, byte values end to end.
    pub(super) bytes: Vec<u8>,
}

impl Scratch {
    /// Bytes on the heap.
    pub(crate) fn memory_size(&self) -> usize {
        self.slots.capacity() * 4
            + self.ints.capacity() * 4
            + self.longs.capacity() * 8
            + self.floats.capacity() * 4
            + self.doubles.capacity() * 8
            + self.bytes.capacity()
    }
}
