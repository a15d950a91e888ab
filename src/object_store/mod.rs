//! Files in object storage, for the crate `object_store` in two of its versions.

mod filling;
mod page_store;
mod part_sizes;
mod payment;
mod request;
mod sink;
mod uploading;
mod versions;

pub use page_store::ObjectPageStoreFactory;
pub use request::RequestError;
pub use sink::{ObjectStoreSink, Uploaded};
