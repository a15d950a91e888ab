//! Physical values: owned ones for the public interface, borrowed slices for the encoders.

pub(crate) mod bits;
pub(crate) mod levels;
pub(crate) mod values;
