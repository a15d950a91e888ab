//! Files in object storage, for the crate `object_store` in two of its versions.

mod filling;
mod part_sizes;
mod payment;
mod request;
mod sink;
mod uploading;
#[allow(dead_code, reason = "the page store comes in a change of its own")]
mod versions;

pub use request::RequestError;
pub use sink::{ObjectStoreSink, Uploaded};
