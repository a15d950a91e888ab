//! Page writers that callers bring themselves.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use herringbone::basic::{Compression, Encoding, PageType};
use herringbone::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use herringbone::column::writer::{
    ColumnCloseResult, ColumnWriterImpl, get_column_writer, get_typed_column_writer,
};
use herringbone::data_type::Int32Type;
use herringbone::errors::{ParquetError, Result};
use herringbone::file::properties::{WriterProperties, WriterVersion};
use herringbone::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use herringbone::schema::types::SchemaDescriptor;
use parquet::column as oracle;

use crate::support::check::read;
use crate::support::walker::Layout;
use crate::typed::schema;

const SCHEMA: &str = "message m { REQUIRED INT32 c; }";

/// What a page writer was called with.
#[derive(Debug, Default)]
struct Seen {
    pages: Vec<CompressedPage>,
    closed: usize,
}

/// Keeps pages, and says that each took a hundred bytes.
#[derive(Debug, Clone, Default)]
struct Keep {
    seen: Arc<Mutex<Seen>>,
    defers: bool,
    fails_at: Option<usize>,
}

impl PageWriter for Keep {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec> {
        let mut seen = self.seen.lock().unwrap();
        assert_eq!(seen.closed, 0, "a page after the end");
        let place = seen.pages.len();
        if self.fails_at == Some(place) {
            return Err(ParquetError::General("no room for the page".to_owned()));
        }
        let spec = PageWriteSpec {
            page_type: page.page_type(),
            uncompressed_size: page.uncompressed_size() + 10,
            compressed_size: page.compressed_size() + 10,
            num_values: page.num_values(),
            offset: 1000 + 100 * place as u64,
            bytes_written: 100,
        };
        seen.pages.push(page);
        Ok(spec)
    }

    fn defers_dictionary_ordering(&self) -> bool {
        self.defers
    }

    fn close(&mut self) -> Result<()> {
        self.seen.lock().unwrap().closed += 1;
        Ok(())
    }
}

fn properties(version: WriterVersion) -> WriterProperties {
    WriterProperties::builder()
        .set_writer_version(version)
        .set_compression(Compression::SNAPPY)
        .set_data_page_row_count_limit(100)
        .set_write_batch_size(100)
        .build()
}

fn write(
    pages: Box<dyn PageWriter + '_>,
    properties: WriterProperties,
) -> Result<ColumnCloseResult> {
    let descr = SchemaDescriptor::new(schema(SCHEMA)).column(0);
    let writer = get_column_writer(descr, Arc::new(properties), pages);
    let mut writer: ColumnWriterImpl<'_, Int32Type> = get_typed_column_writer(writer);
    let values: Vec<i32> = (0..350).map(|i| i % 10).collect();
    writer.write_batch(&values, None, None)?;
    writer.close()
}

#[test]
fn a_page_writer_gets_the_dictionary_first() {
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let keep = Keep::default();
        let close = write(Box::new(keep.clone()), properties(version)).unwrap();
        let seen = keep.seen.lock().unwrap();
        assert_eq!(seen.closed, 1);
        let types: Vec<PageType> = seen.pages.iter().map(CompressedPage::page_type).collect();
        let data = match version {
            WriterVersion::PARQUET_1_0 => PageType::DATA_PAGE,
            WriterVersion::PARQUET_2_0 => PageType::DATA_PAGE_V2,
        };
        assert_eq!(types, [PageType::DICTIONARY_PAGE, data, data, data, data]);
        let dictionary = &seen.pages[0];
        assert_eq!(
            (dictionary.num_values(), dictionary.encoding()),
            (10, Encoding::PLAIN)
        );
        assert_eq!(dictionary.uncompressed_size(), 40);
        for (page, values) in seen.pages[1..].iter().zip([100, 100, 100, 50]) {
            assert_eq!(page.num_values(), values);
            assert_eq!(page.encoding(), Encoding::RLE_DICTIONARY);
            assert!(page.compressed_page().is_data_page());
            assert_eq!(page.compressed_size(), page.data().len());
            assert!(page.memory_usage() >= page.data().len());
            if let Page::DataPageV2 {
                num_rows,
                num_nulls,
                ..
            } = page.compressed_page()
            {
                assert_eq!((*num_rows, *num_nulls), (values, 0));
            }
        }
        assert_eq!(close.rows_written, 350);
        assert_eq!(close.metadata.dictionary_page_offset(), Some(1000));
        assert_eq!(close.metadata.data_page_offset(), 1100);
        let locations = close.offset_index.unwrap().page_locations;
        let offsets: Vec<i64> = locations.iter().map(|place| place.offset).collect();
        assert_eq!(offsets, [1100, 1200, 1300, 1400]);
        for (place, page) in locations.iter().zip(&seen.pages[1..]) {
            assert_eq!(
                place.compressed_page_size as usize,
                page.compressed_size() + 10
            );
        }
        let rows: Vec<i64> = locations
            .iter()
            .map(|place| place.first_row_index)
            .collect();
        assert_eq!(rows, [0, 100, 200, 300]);
    }
}

/// Sizes that only a page writer could come up with, by the page's place.
fn invented(place: u64) -> PageWriteSpec {
    PageWriteSpec {
        page_type: PageType::DATA_PAGE,
        uncompressed_size: 5000 + place as usize,
        compressed_size: 3000 + place as usize,
        num_values: 7 + place as u32,
        offset: 1000 * (place + 1),
        bytes_written: 900 + place,
    }
}

/// Says of each page what [`invented`] says.
#[derive(Default)]
struct Inventive {
    pages: u64,
}

impl PageWriter for Inventive {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec> {
        self.pages += 1;
        let page_type = page.page_type();
        Ok(PageWriteSpec {
            page_type,
            ..invented(self.pages)
        })
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

impl oracle::page::PageWriter for Inventive {
    fn write_page(
        &mut self,
        page: oracle::page::CompressedPage,
    ) -> parquet::errors::Result<oracle::page::PageWriteSpec> {
        self.pages += 1;
        let said = invented(self.pages);
        Ok(oracle::page::PageWriteSpec {
            page_type: page.page_type(),
            uncompressed_size: said.uncompressed_size,
            compressed_size: said.compressed_size,
            num_values: said.num_values,
            offset: said.offset,
            bytes_written: said.bytes_written,
        })
    }

    fn close(&mut self) -> parquet::errors::Result<()> {
        Ok(())
    }
}

/// The numbers of a closed chunk that a page writer decides.
macro_rules! numbers {
    ($close:expr) => {{
        let close = $close;
        let metadata = &close.metadata;
        let places = &close.offset_index.as_ref().unwrap().page_locations;
        let places: Vec<(i64, i32, i64)> = places
            .iter()
            .map(|at| (at.offset, at.compressed_page_size, at.first_row_index))
            .collect();
        let numbers = [
            close.bytes_written as i64,
            close.rows_written as i64,
            metadata.compressed_size(),
            metadata.uncompressed_size(),
            metadata.num_values(),
            metadata.data_page_offset(),
            metadata.dictionary_page_offset().unwrap_or(-1),
        ];
        (numbers, places)
    }};
}

#[test]
fn what_a_page_writer_says_of_its_pages_is_believed() {
    for dictionary in [true, false] {
        let ours = WriterProperties::builder()
            .set_dictionary_enabled(dictionary)
            .set_data_page_row_count_limit(100)
            .set_write_batch_size(100)
            .build();
        let found = numbers!(write(Box::new(Inventive::default()), ours).unwrap());

        let theirs = parquet::file::properties::WriterProperties::builder()
            .set_dictionary_enabled(dictionary)
            .set_data_page_row_count_limit(100)
            .set_write_batch_size(100)
            .build();
        let message = parquet::schema::parser::parse_message_type(SCHEMA).unwrap();
        let descr = parquet::schema::types::SchemaDescriptor::new(Arc::new(message)).column(0);
        let pages = Box::new(Inventive::default());
        let writer = oracle::writer::get_column_writer(descr, Arc::new(theirs), pages);
        let mut writer =
            oracle::writer::get_typed_column_writer::<parquet::data_type::Int32Type>(writer);
        let values: Vec<i32> = (0..350).map(|i| i % 10).collect();
        writer.write_batch(&values, None, None).unwrap();
        let expected = numbers!(writer.close().unwrap());
        assert_eq!(found, expected, "dictionary {dictionary}");
        assert!(found.0[2] > 4 * 3000);
    }
}

#[test]
fn bytes_written_are_those_the_page_writer_has_written() {
    let descr = SchemaDescriptor::new(schema(SCHEMA)).column(0);
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(10)
        .set_write_batch_size(10)
        .build();
    let pages = Box::new(Inventive::default());
    let writer = get_column_writer(descr, Arc::new(properties), pages);
    let mut writer: ColumnWriterImpl<'_, Int32Type> = get_typed_column_writer(writer);
    assert_eq!(writer.get_total_bytes_written(), 0);
    writer.write_batch(&[1; 20], None, None).unwrap();
    assert_eq!(writer.get_total_bytes_written(), 901 + 902);
}

#[test]
fn sizes_that_the_format_cannot_say_are_refused() {
    struct Huge;
    impl PageWriter for Huge {
        fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec> {
            Ok(PageWriteSpec {
                page_type: page.page_type(),
                compressed_size: usize::MAX,
                ..PageWriteSpec::new()
            })
        }

        fn close(&mut self) -> Result<()> {
            Ok(())
        }
    }
    let result = write(Box::new(Huge), properties(WriterVersion::PARQUET_1_0));
    assert!(result.is_err());
}

#[test]
fn a_page_writer_that_orders_pages_itself_gets_them_as_they_come() {
    let keep = Keep {
        defers: true,
        ..Keep::default()
    };
    write(
        Box::new(keep.clone()),
        properties(WriterVersion::PARQUET_1_0),
    )
    .unwrap();
    let seen = keep.seen.lock().unwrap();
    let types: Vec<bool> = seen
        .pages
        .iter()
        .map(|page| page.compressed_page().is_dictionary_page())
        .collect();
    assert_eq!(types, [false, false, false, false, true]);
}

#[test]
fn what_a_page_writer_says_comes_out() {
    for fails_at in 0..5 {
        let keep = Keep {
            fails_at: Some(fails_at),
            ..Keep::default()
        };
        let result = write(Box::new(keep), properties(WriterVersion::PARQUET_1_0));
        let error = result.unwrap_err();
        assert!(
            error.to_string().contains("no room for the page"),
            "{error}"
        );
    }
}

/// Writes pages one behind the other, the dictionary last, from offset 0.
struct Behind<'a> {
    data: SerializedPageWriter<'a, Vec<u8>>,
    dictionary: &'a mut Option<CompressedPage>,
}

impl PageWriter for Behind<'_> {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec> {
        if page.compressed_page().is_data_page() {
            return self.data.write_page(page);
        }
        // Its header and body are written elsewhere, to learn their length.
        let copy = CompressedPage::new(page.compressed_page().clone(), page.uncompressed_size());
        *self.dictionary = Some(copy);
        let mut elsewhere = TrackedWrite::new(Vec::new());
        SerializedPageWriter::new(&mut elsewhere).write_page(page)
    }

    fn defers_dictionary_ordering(&self) -> bool {
        true
    }

    fn close(&mut self) -> Result<()> {
        self.data.close()
    }
}

#[test]
fn a_dictionary_that_came_last_can_be_put_first() {
    for disabled in [false, true] {
        let properties = properties(WriterVersion::PARQUET_1_0)
            .into_builder()
            .set_statistics_enabled(herringbone::file::properties::EnabledStatistics::Chunk)
            .set_offset_index_disabled(disabled)
            .build();
        let mut data = TrackedWrite::new(Vec::new());
        let mut dictionary = None;
        let close = {
            let pages = Behind {
                data: SerializedPageWriter::new(&mut data),
                dictionary: &mut dictionary,
            };
            write(Box::new(pages), properties.clone()).unwrap()
        };
        assert_eq!(close.offset_index.is_none(), disabled);
        let mut chunk = TrackedWrite::new(Vec::new());
        let spec = SerializedPageWriter::new(&mut chunk)
            .write_page(dictionary.unwrap())
            .unwrap();
        let mut chunk = chunk.into_inner().unwrap();
        chunk.extend(data.into_inner().unwrap());
        let close = close
            .update_dictionary_location(spec.bytes_written as usize)
            .unwrap();
        assert_eq!(close.metadata.dictionary_page_offset(), Some(0));
        assert_eq!(close.metadata.data_page_offset(), spec.bytes_written as i64);
        let mut file = Vec::new();
        let mut writer =
            SerializedFileWriter::new(&mut file, schema(SCHEMA), Arc::new(properties)).unwrap();
        let mut row_group = writer.next_row_group().unwrap();
        row_group.append_column(&Bytes::from(chunk), close).unwrap();
        row_group.close().unwrap();
        writer.close().unwrap();
        Layout::read(&file);
        let rows = read(&file);
        let expected: arrow::array::Int32Array = (0..350).map(|i| Some(i % 10)).collect();
        assert_eq!(
            rows.column(0).as_ref(),
            &expected as &dyn arrow::array::Array
        );
    }
}

#[test]
fn a_chunk_without_a_dictionary_has_nothing_to_move() {
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .build();
    let keep = Keep::default();
    let close = write(Box::new(keep), properties).unwrap();
    let before = close.metadata.data_page_offset();
    let moved = close.update_dictionary_location(77).unwrap();
    assert_eq!(moved.metadata.dictionary_page_offset(), None);
    assert_eq!(moved.metadata.data_page_offset(), before);
}
