//! Files in object storage, for the crate `object_store` in two of its versions.
//!
//! [`ObjectStoreSink`] is the sink for an [`AsyncArrowWriter`](crate::arrow::AsyncArrowWriter): the file is uploaded in
//! parts while it is written, within the memory limit of the writer.
//!
#![cfg_attr(
    feature = "object_store_14",
    doc = r#"
```
use std::sync::Arc;

use arrow_array::record_batch;
use herringbone::arrow::AsyncArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::object_store::ObjectStoreSink;
use object_store_14::memory::InMemory;
use object_store_14::path::Path;

# #[tokio::main(flavor = "current_thread")]
# async fn main() -> Result<(), Box<dyn std::error::Error>> {
let buoys = record_batch!(("buoy", Utf8, ["Skerry", "Narrows"]), ("metres", Float64, [0.4, 1.9]))?;
let store = Arc::new(InMemory::new());
let sink = ObjectStoreSink::new(store, Path::from("sea/buoys.parquet"));
let options = ArrowWriterOptions::new().with_memory_limit(64 << 20);
let mut writer = AsyncArrowWriter::try_new_with_options(sink, buoys.schema(), options)?;
writer.write(&buoys).await?;
writer.finish().await?;
let sink = writer.into_inner();
let object = sink.uploaded().ok_or("there is no object")?;
println!("{} bytes, e-tag {:?}", object.size, object.e_tag);
# Ok(())
# }
```
"#
)]
//!
//! # Versions
//!
//! The features `object_store_14` (also called `object_store`) and `object_store_13` may be used side by side: what is
//! made for the older version has its number in its name.

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
