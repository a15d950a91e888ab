//! The enums of the Parquet format: types, annotations, encodings, codecs, pages and orders.
//!
//! Names follow the format definition, so most variants are spelled in upper case. Every enum that
//! is stored in a file knows its number there; how numbers become bytes is not this module's concern.
//!
//! ```
//! use herringbone::basic::{Compression, Encoding, Type};
//!
//! assert_eq!("BINARY".parse::<Type>()?, Type::BYTE_ARRAY);
//! assert_eq!("rle".parse::<Encoding>()?, Encoding::RLE);
//! assert_eq!("zstd(3)".parse::<Compression>()?.to_string(), "ZSTD(ZstdLevel(3))");
//! # Ok::<(), herringbone::errors::ParquetError>(())
//! ```

mod bloom;
mod compression;
mod encoding;
mod logical;
mod named;
mod order;
mod physical;
#[cfg(test)]
pub(crate) mod tests;

pub use bloom::{BloomFilterAlgorithm, BloomFilterCompression, BloomFilterHash};
pub use compression::{BrotliLevel, Compression, CompressionCodec, GzipLevel, ZstdLevel};
pub use encoding::{Encoding, EncodingMask, PageType};
pub use logical::{
    ConvertedType, DecimalType, EdgeInterpolationAlgorithm, GeographyType, GeometryType, IntType,
    LogicalType, TimeType, TimeUnit, TimestampType, VariantType,
};
pub use order::{BoundaryOrder, ColumnOrder, SortOrder};
/// The name of [`Repetition`] in the format definition.
pub use physical::Repetition as FieldRepetitionType;
pub use physical::{Repetition, Type};
