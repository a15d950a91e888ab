//! Writing Arrow record batches.

mod adapt;
pub mod arrow_writer;
#[cfg(feature = "async")]
pub mod async_writer;
pub mod c_data;
mod leaves;
mod schema;

pub use arrow_writer::ArrowWriter;
#[cfg(feature = "async")]
pub use async_writer::AsyncArrowWriter;
pub use schema::{
    ARROW_SCHEMA_META_KEY, ArrowSchemaConverter, PARQUET_FIELD_ID_META_KEY,
    add_encoded_arrow_schema_to_metadata, encode_arrow_schema,
};
