//! Files in object storage, for the crate `object_store` in two of its versions.

mod request;
#[allow(
    dead_code,
    reason = "the sink and the page store come in changes of their own"
)]
mod versions;

pub use request::RequestError;
