//! A description written on its own: page indexes, footer, its length and the magic, without a row
//! group in front.

use std::io::Write;

use crate::errors::{ParquetError, Result};
use crate::file::PARQUET_MAGIC;
use crate::file::writer::TrackedWrite;
use crate::meta::metadata::{ParquetMetaData, RowGroupMetaData};
use crate::wire::footer::{FooterOptions, Ordinals, stream_file_metadata};
use crate::wire::index::{write_column_index, write_offset_index};

/// Writes the end of a file: all column indexes, all offset indexes, and the footer. What they say of
/// row groups is not checked against any.
///
/// Useful to keep descriptions apart from the files they describe, or to end a file that something
/// else has written.
#[derive(Debug)]
pub struct ParquetMetaDataWriter<'a, W: Write> {
    sink: TrackedWrite<W>,
    metadata: &'a ParquetMetaData,
    options: FooterOptions,
    index_locations: IndexLocations,
}

/// What becomes of the locations of indexes that the description names and does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IndexLocations {
    Keep,
    Drop,
}

impl<'a, W: Write> ParquetMetaDataWriter<'a, W> {
    /// A writer whose first byte in `buf` is byte 0 of the file.
    pub fn new(buf: W, metadata: &'a ParquetMetaData) -> Self {
        Self::new_with_tracked(TrackedWrite::new(buf), metadata)
    }

    /// A writer that goes on where `buf` stands.
    pub fn new_with_tracked(buf: TrackedWrite<W>, metadata: &'a ParquetMetaData) -> Self {
        Self {
            sink: buf,
            metadata,
            options: FooterOptions {
                write_path_in_schema: true,
            },
            index_locations: IndexLocations::Keep,
        }
    }

    /// Says whether each column chunk repeats the path of its column, as older readers demand. True
    /// unless set.
    pub fn with_write_path_in_schema(mut self, write_path_in_schema: bool) -> Self {
        self.options = FooterOptions {
            write_path_in_schema,
        };
        self
    }

    /// Says what becomes of the locations of indexes that the description names without holding the
    /// index: kept if true, dropped if false. Indexes that it holds are written, and their locations
    /// follow. True unless set.
    pub fn with_preserve_page_index_locations(
        mut self,
        preserve_page_index_locations: bool,
    ) -> Self {
        self.index_locations = if preserve_page_index_locations {
            IndexLocations::Keep
        } else {
            IndexLocations::Drop
        };
        self
    }

    /// Writes everything and flushes the sink.
    ///
    /// # Errors
    /// If the sink fails, or an index or the footer exceeds 2 GiB.
    pub fn finish(mut self) -> Result<()> {
        let locations = self.write_indexes()?;
        let metadata = self.metadata;
        let index_locations = self.index_locations;
        let row_groups = metadata.row_groups().iter();
        let ordinals = Ordinals::of(row_groups.clone().map(RowGroupMetaData::ordinal));
        let row_groups = row_groups
            .enumerate()
            .map(|(ordinal, row_group)| locations.placed(ordinal, row_group, index_locations));
        let sink = &mut self.sink;
        let len = stream_file_metadata(
            metadata.file_metadata(),
            row_groups,
            ordinals,
            &self.options,
            |part| Ok(sink.write_all(part)?),
        )?;
        let len = i32::try_from(len)
            .map_err(|_| ParquetError::General(format!("The footer is too large: {len} bytes")))?;
        sink.write_all(&len.to_le_bytes())?;
        sink.write_all(&PARQUET_MAGIC)?;
        Ok(sink.flush()?)
    }

    fn write_indexes(&mut self) -> Result<WrittenIndexes> {
        let mut locations = WrittenIndexes::default();
        let Some(provider) = self.metadata.page_index() else {
            return Ok(locations);
        };
        let mut buffer = Vec::new();
        for (row_group, column) in chunks_of(self.metadata) {
            if let Some(index) = provider.column_index(row_group, column) {
                write_column_index(index, &mut buffer);
                let location = self.write_index(&mut buffer)?;
                locations.column_indexes.push((row_group, column, location));
            }
        }
        for (row_group, column) in chunks_of(self.metadata) {
            if let Some(index) = provider.offset_index(row_group, column) {
                write_offset_index(index, &mut buffer);
                let location = self.write_index(&mut buffer)?;
                locations.offset_indexes.push((row_group, column, location));
            }
        }
        Ok(locations)
    }

    /// Writes a serialized index, empties its buffer, and returns where it went.
    fn write_index(&mut self, buffer: &mut Vec<u8>) -> Result<IndexLocation> {
        let location = IndexLocation {
            offset: i64::try_from(self.sink.bytes_written())?,
            length: i32::try_from(buffer.len())?,
        };
        self.sink.write_all(buffer)?;
        buffer.clear();
        Ok(location)
    }
}

/// Row group and column of every column chunk, in the order of the file.
fn chunks_of(metadata: &ParquetMetaData) -> impl Iterator<Item = (usize, usize)> {
    let row_groups = metadata.row_groups().iter().enumerate();
    row_groups.flat_map(|(ordinal, row_group)| {
        (0..row_group.num_columns()).map(move |column| (ordinal, column))
    })
}

#[derive(Clone, Copy, Debug)]
struct IndexLocation {
    offset: i64,
    length: i32,
}

/// Where indexes went: row group, column, location, in ascending order.
#[derive(Debug, Default)]
struct WrittenIndexes {
    column_indexes: Vec<(usize, usize, IndexLocation)>,
    offset_indexes: Vec<(usize, usize, IndexLocation)>,
}

impl WrittenIndexes {
    /// A copy of the row group that says where its indexes went.
    fn placed(
        &self,
        ordinal: usize,
        row_group: &RowGroupMetaData,
        index_locations: IndexLocations,
    ) -> RowGroupMetaData {
        let mut row_group = row_group.clone();
        let columns = row_group.columns_mut();
        if index_locations == IndexLocations::Drop {
            for column in columns.iter_mut() {
                column.forget_index_places();
            }
        }
        for (_, column, location) in of_row_group(&self.column_indexes, ordinal) {
            if let Some(column) = columns.get_mut(*column) {
                column.place_column_index(location.offset, location.length);
            }
        }
        for (_, column, location) in of_row_group(&self.offset_indexes, ordinal) {
            if let Some(column) = columns.get_mut(*column) {
                column.place_offset_index(location.offset, location.length);
            }
        }
        row_group
    }
}

fn of_row_group(
    locations: &[(usize, usize, IndexLocation)],
    ordinal: usize,
) -> &[(usize, usize, IndexLocation)] {
    let start = locations.partition_point(|(row_group, ..)| *row_group < ordinal);
    let end = locations.partition_point(|(row_group, ..)| *row_group <= ordinal);
    locations.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use parquet::file::metadata as oracle;
    use parquet::file::metadata::PageIndexPolicy;

    use super::*;
    use crate::basic::{ColumnOrder, SortOrder, Type};
    use crate::meta::metadata::page_index::PageIndexBuilder;
    use crate::meta::metadata::{
        ColumnChunkMetaData, ColumnIndexBuilder, FileMetaData, OffsetIndexBuilder,
        ParquetMetaDataBuilder,
    };
    use crate::schema::parser::parse_message_type;
    use crate::schema::types::SchemaDescriptor;

    /// Two row groups of two columns; the second column of each has indexes in the description, the
    /// first one somewhere else.
    fn description() -> ParquetMetaData {
        let schema = "message m { required int32 first; required int32 second; }";
        let schema = SchemaDescriptor::new(Arc::new(parse_message_type(schema).unwrap()));
        let schema = Arc::new(schema);
        let elsewhere = ColumnChunkMetaData::builder(schema.column(0))
            .set_column_index_offset(Some(1000))
            .set_column_index_length(Some(11))
            .set_offset_index_offset(Some(2000))
            .set_offset_index_length(Some(22));
        let held = ColumnChunkMetaData::builder(schema.column(1));
        let chunks = vec![elsewhere.build().unwrap(), held.build().unwrap()];
        let orders = vec![ColumnOrder::TYPE_DEFINED_ORDER(SortOrder::SIGNED); 2];
        let file = FileMetaData::new(1, 0, None, None, schema.clone(), Some(orders));
        let mut page_index = PageIndexBuilder::new(2, 2);
        let mut builder = ParquetMetaDataBuilder::new(file);
        for ordinal in 0..2_u8 {
            let row_group = RowGroupMetaData::builder(schema.clone())
                .set_column_metadata(chunks.clone())
                .set_ordinal(i32::from(ordinal));
            builder = builder.add_row_group(row_group.build().unwrap());
            let mut column_index = ColumnIndexBuilder::new(Type::INT32);
            let mut offset_index = OffsetIndexBuilder::new();
            for page in 0..=ordinal {
                column_index.append(false, vec![page; 4], vec![ordinal; 4], 0, None);
                offset_index.append_row_count(5);
                offset_index.append_offset_and_size(i64::from(ordinal) * 100, 100);
            }
            let row_group = usize::from(ordinal);
            page_index.put_column_index(column_index.build().unwrap(), row_group, 1);
            page_index.put_offset_index(offset_index.build(), row_group, 1);
        }
        let page_index = page_index.build();
        builder.set_page_index(Some(Arc::new(page_index))).build()
    }

    fn read(bytes: &[u8], policy: PageIndexPolicy) -> oracle::ParquetMetaData {
        oracle::ParquetMetaDataReader::new()
            .with_page_index_policy(policy)
            .parse_and_finish(&Bytes::copy_from_slice(bytes))
            .unwrap()
    }

    #[test]
    fn indexes_that_are_held_are_written_and_found() {
        let mut out = Vec::new();
        let metadata = description();
        let writer = ParquetMetaDataWriter::new(&mut out, &metadata);
        writer
            .with_preserve_page_index_locations(false)
            .finish()
            .unwrap();
        let read = read(&out, PageIndexPolicy::Optional);
        for ordinal in 0..2 {
            let pages = read.page_index_for_row_group(ordinal);
            let columns = read.row_group(ordinal);
            assert_eq!(columns.column(0).column_index_range(), None);
            assert_eq!(columns.column(0).offset_index_range(), None);
            assert!(columns.column(1).column_index_range().is_some());
            let index = pages.column_index(1).unwrap();
            assert_eq!(index.num_pages(), ordinal as u64 + 1);
            let ours = metadata.page_index_for_row_group(ordinal);
            assert_eq!(
                format!("{:?}", pages.offset_index(1).unwrap()),
                format!("{:?}", ours.offset_index(1).unwrap())
            );
        }
    }

    #[test]
    fn places_of_indexes_that_are_not_held_are_kept_unless_dropped() {
        let metadata = description();
        for (configured, location) in [
            (None, Some(1000..1011)),
            (Some(true), Some(1000..1011)),
            (Some(false), None),
        ] {
            let mut out = Vec::new();
            let mut writer = ParquetMetaDataWriter::new(&mut out, &metadata);
            if let Some(preserve) = configured {
                writer = writer.with_preserve_page_index_locations(preserve);
            }
            writer.finish().unwrap();
            let read = read(&out, PageIndexPolicy::Skip);
            assert_eq!(read.row_group(1).column(0).column_index_range(), location);
        }
    }

    #[test]
    fn the_oracle_writes_what_it_has_read_with_the_same_bytes() {
        let metadata = description();
        let mut ours = Vec::new();
        let writer = ParquetMetaDataWriter::new(&mut ours, &metadata);
        writer
            .with_preserve_page_index_locations(false)
            .finish()
            .unwrap();
        let mut theirs = Vec::new();
        oracle::ParquetMetaDataWriter::new(&mut theirs, &read(&ours, PageIndexPolicy::Optional))
            .finish()
            .unwrap();
        assert_eq!(ours, theirs);
    }

    #[test]
    fn places_count_from_the_first_byte_of_the_tracked_sink() {
        let metadata = description();
        let mut out = Vec::new();
        let mut sink = TrackedWrite::new(&mut out);
        sink.write_all(&[7; 100]).unwrap();
        let writer = ParquetMetaDataWriter::new_with_tracked(sink, &metadata);
        writer.finish().unwrap();
        let read = read(&out, PageIndexPolicy::Skip);
        let range = read.row_group(0).column(1).column_index_range().unwrap();
        assert_eq!(range.start, 100);
    }

    #[test]
    fn paths_are_written_unless_left_out() {
        let metadata = description();
        let len = |write_path_in_schema| {
            let mut out = Vec::new();
            let writer = ParquetMetaDataWriter::new(&mut out, &metadata);
            let writer = writer.with_write_path_in_schema(write_path_in_schema);
            writer.finish().unwrap();
            out.len()
        };
        assert!(len(true) > len(false));
    }

    #[test]
    fn a_failing_sink_is_reported() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("full"))
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let metadata = description();
        let error = ParquetMetaDataWriter::new(Full, &metadata).finish();
        assert!(error.unwrap_err().to_string().contains("full"));
    }
}
