//! Page indexes from the bytes that a file holds, where the chunk's metadata say.

use crate::basic::Type;
use crate::errors::ParquetError;
use crate::meta::page_index::column_index::ColumnIndexMetaData;
use crate::meta::page_index::offset_index::OffsetIndexMetaData;
use crate::wire::index::{read_column_index, read_offset_index};

/// The offset index that `data` holds: the bytes of
/// [`offset_index_range`](crate::file::metadata::ColumnChunkMetaData::offset_index_range), and no more. Fields that are
/// not known are passed over.
///
/// # Errors
/// [`ParquetError::EOF`] if the bytes end early; [`ParquetError::General`] if they are no offset index, or bytes
/// follow.
pub fn decode_offset_index(data: &[u8]) -> Result<OffsetIndexMetaData, ParquetError> {
    read_offset_index(data)
}

/// The column index that `data` holds: the bytes of
/// [`column_index_range`](crate::file::metadata::ColumnChunkMetaData::column_index_range), and no more. Fields that are
/// not known are passed over.
///
/// # Errors
/// [`ParquetError::EOF`] if the bytes end early; [`ParquetError::General`] if they are no column index of a column of
/// `column_type`, or bytes follow.
pub fn decode_column_index(
    data: &[u8],
    column_type: Type,
) -> Result<ColumnIndexMetaData, ParquetError> {
    read_column_index(data, column_type)
}
