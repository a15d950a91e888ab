//! Physical values, column by column: what waits for a dictionary is all that a column keeps, and a limit holds for it.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::basic::Compression;
use herringbone::budget::MemoryBudget;
use herringbone::column::page::{CompressedPage, PageWriteSpec, PageWriter};
use herringbone::column::page_store::TempFilePageStoreFactory;
use herringbone::column::writer::{ColumnWriter, MemoryPressure, get_column_writer};
use herringbone::data_type::{ByteArray, FixedLenByteArray};
use herringbone::errors::Result;
use herringbone::file::properties::{WriterProperties, WriterPropertiesBuilder};
use herringbone::file::writer::{SerializedFileWriter, SerializedFileWriterOptions};
use herringbone::schema::parser::parse_message_type;
use herringbone::schema::types::SchemaDescriptor;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;

use super::data::{Column, batches_of, schema_of};
use super::watch::{
    Auditor, KIB, MIB, Nowhere, SLACK, assert_holds, assert_near, mib, scratch_file,
};
use crate::heap::{self, counted, uncounted};

/// What was seen of one file.
#[derive(Debug)]
struct Seen {
    peak: usize,
    bytes: usize,
    pressure: MemoryPressure,
}

/// Writes `groups` row groups, each column as `fill` says, under the eyes of the counting allocator.
fn watch(
    message: &str,
    properties: WriterPropertiesBuilder,
    options: SerializedFileWriterOptions,
    groups: usize,
    sink: impl Write + Send,
    fill: impl Fn(usize, &mut ColumnWriter<'_>),
) -> Seen {
    let schema = Arc::new(parse_message_type(message).unwrap());
    let properties = Arc::new(properties.build());
    heap::reset();
    counted(|| {
        let mut file =
            SerializedFileWriter::new_with_options(sink, schema, properties, options).unwrap();
        for _ in 0..groups {
            let mut group = file.next_row_group().unwrap();
            let mut index = 0;
            while let Some(mut column) = group.next_column().unwrap() {
                fill(index, column.untyped());
                column.close().unwrap();
                index += 1;
            }
            group.close().unwrap();
        }
        let metadata = file.finish().unwrap();
        drop(metadata);
        Seen {
            peak: heap::peak(),
            bytes: file.bytes_written(),
            pressure: file.memory_pressure(),
        }
    })
}

/// As [`watch`], within `limit`, and holds the writer to it: on the heap, in what the budget says of that, and in
/// what is left.
fn keep(
    what: &str,
    message: &str,
    properties: WriterPropertiesBuilder,
    limit: usize,
    options: SerializedFileWriterOptions,
    groups: usize,
    fill: impl Fn(usize, &mut ColumnWriter<'_>),
) -> (Seen, File) {
    let budget = MemoryBudget::new(limit);
    let (file, reader) = scratch_file();
    let (file, audit) = Auditor::new(file, &budget);
    let options = options.with_memory_budget(budget.clone());
    let start = Instant::now();
    let seen = watch(message, properties, options, groups, file, fill);
    let (said, found) = audit.worst();
    println!(
        "{what}, limit {}: peak {}, budget {}, {} bytes, worst at the sink {said} said {found} counted, {:.2} s, {:?}",
        mib(limit),
        mib(seen.peak),
        mib(budget.peak()),
        seen.bytes,
        start.elapsed().as_secs_f64(),
        seen.pressure
    );
    assert_eq!((budget.used(), budget.members()), (0, 0));
    assert!(
        seen.peak <= limit + limit * 3 / 100,
        "{what}: {}",
        seen.peak
    );
    // Values that are converted are paid for from the second piece on, and a filter that is folded exists twice.
    assert!(
        found <= said + limit / 16 + SLACK && said <= 2 * found + limit / 16,
        "{what}: said {said}, counted {found}"
    );
    assert!(
        seen.peak <= budget.peak() + limit / 6,
        "{what}: {} and {}",
        seen.peak,
        budget.peak()
    );
    (seen, reader)
}

fn rows_of(file: File) -> i64 {
    let reader = SerializedFileReader::new(file).unwrap();
    reader.metadata().file_metadata().num_rows()
}

fn ints(writer: &mut ColumnWriter<'_>, count: usize, batch: usize, value: impl Fn(usize) -> i64) {
    let ColumnWriter::Int64ColumnWriter(writer) = writer else {
        panic!("{writer:?}")
    };
    for from in (0..count).step_by(batch) {
        let values: Vec<i64> = uncounted(|| (from..count.min(from + batch)).map(&value).collect());
        writer.write_batch(&values, None, None).unwrap();
        uncounted(|| drop(values));
    }
}

fn temp_files() -> SerializedFileWriterOptions {
    SerializedFileWriterOptions::new()
        .with_page_store_factory(Arc::new(TempFilePageStoreFactory::new()))
}

/// What comes again and again in no order: the dictionary pays.
fn repeated(row: usize) -> i64 {
    (row.wrapping_mul(7_919) % 10_000) as i64
}

const NUMBER: &str = "message rows { required int64 number; }";

#[test]
fn a_column_in_its_dictionary_leaves_its_pages_to_the_store() {
    const ROWS: usize = 250_000;
    for batch in [ROWS, 5_000] {
        let fill = |_: usize, writer: &mut ColumnWriter<'_>| ints(writer, ROWS, batch, repeated);
        let properties = WriterProperties::builder;
        let on_heap = SerializedFileWriterOptions::new();
        let heap = watch(NUMBER, properties(), on_heap, 1, Nowhere, fill);
        let files = watch(NUMBER, properties(), temp_files(), 1, Nowhere, fill);
        println!(
            "{batch}: {} on the heap, {} with files",
            heap.peak, files.peak
        );
        // Pages are all that differs.
        assert!(heap.peak < files.peak + heap.bytes, "{heap:?} {files:?}");
        assert!(
            files.peak + heap.bytes / 2 < heap.peak,
            "{heap:?} {files:?}"
        );
        assert_eq!(heap.pressure.spilled_bytes, 0);
        let pages = files.bytes - files.bytes / 4;
        assert!(files.pressure.spilled_bytes > pages as u64, "{files:?}");
        for limit in [600 * KIB, 2 * MIB] {
            let stores = [temp_files(), SerializedFileWriterOptions::new()];
            for (store, options) in stores.into_iter().enumerate() {
                let what = format!("dictionary, batches of {batch}, store {store}");
                let (seen, file) = keep(&what, NUMBER, properties(), limit, options, 1, fill);
                assert_eq!(seen.pressure.dictionaries_given_up, 0);
                assert_eq!(rows_of(file), ROWS as i64);
            }
        }
    }
}

#[test]
fn a_large_column_among_many_keeps_the_limit() {
    let columns: String = (0..60).map(|at| format!("required int64 c{at};")).collect();
    let message = format!("message rows {{ {columns} required binary text; }}");
    let texts = |writer: &mut ColumnWriter<'_>| {
        let ColumnWriter::ByteArrayColumnWriter(writer) = writer else {
            panic!("{writer:?}")
        };
        let texts: Vec<ByteArray> = uncounted(|| (0..2_000).map(|row| text(row, 4_000)).collect());
        writer.write_batch(&texts, None, None).unwrap();
        uncounted(|| drop(texts));
    };
    let fill = |column: usize, writer: &mut ColumnWriter<'_>| match column {
        60 => texts(writer),
        _ => ints(writer, 2_000, 2_000, repeated),
    };
    for dictionary_bytes in [64 * KIB, 16 * MIB] {
        let properties =
            WriterProperties::builder().set_dictionary_page_size_limit(dictionary_bytes);
        let options = SerializedFileWriterOptions::new();
        let what = format!("skewed, dictionaries of {dictionary_bytes}");
        let (seen, file) = keep(&what, &message, properties, 2 * MIB, options, 1, fill);
        assert!(seen.bytes > 8_000_000, "{}", seen.bytes);
        assert_eq!(rows_of(file), 2_000);
    }
}

#[test]
fn many_row_groups_keep_a_small_limit() {
    let columns: String = (0..20).map(|at| format!("required int64 c{at};")).collect();
    let message = format!("message rows {{ {columns} }}");
    let fill = |_: usize, writer: &mut ColumnWriter<'_>| ints(writer, 4, 4, repeated);
    let properties = WriterProperties::builder();
    let options = SerializedFileWriterOptions::new();
    let (_, file) = keep(
        "row groups",
        &message,
        properties,
        256 * KIB,
        options,
        60,
        fill,
    );
    assert_eq!(rows_of(file), 4 * 60);
}

fn text(row: usize, bytes: usize) -> ByteArray {
    ByteArray::from(format!("{row:0bytes$}").into_bytes())
}

/// Writes many values in one call.
fn in_one_call(writer: &mut ColumnWriter<'_>, count: usize) {
    match writer {
        ColumnWriter::BoolColumnWriter(writer) => {
            let values: Vec<bool> = uncounted(|| (0..count).map(|row| row % 3 == 0).collect());
            writer.write_batch(&values, None, None).unwrap();
            uncounted(|| drop(values));
        }
        ColumnWriter::FixedLenByteArrayColumnWriter(writer) => {
            let values: Vec<FixedLenByteArray> =
                uncounted(|| (0..count).map(|row| text(row, 100).into()).collect());
            writer.write_batch(&values, None, None).unwrap();
            uncounted(|| drop(values));
        }
        ColumnWriter::ByteArrayColumnWriter(writer) => {
            let values: Vec<ByteArray> =
                uncounted(|| (0..count).map(|row| text(row, 200)).collect());
            writer.write_batch(&values, None, None).unwrap();
            uncounted(|| drop(values));
        }
        other => panic!("{other:?}"),
    }
}

/// Dictionaries that do not pay end in the middle of the call, and what is converted is converted in small pieces.
#[test]
fn all_values_in_one_call_take_no_more_than_few_at_a_time() {
    const LIMIT: usize = 600 * KIB;
    for (column, count) in [
        ("boolean", 400_000),
        ("fixed_len_byte_array(100)", 20_000),
        ("binary", 12_000),
    ] {
        let message = format!("message rows {{ required {column} value; }}");
        for dictionary in [false, true] {
            let properties = WriterProperties::builder()
                .set_dictionary_enabled(dictionary)
                .set_write_batch_size(count)
                .set_data_page_row_count_limit(usize::MAX);
            let fill = |_: usize, writer: &mut ColumnWriter<'_>| in_one_call(writer, count);
            let options = SerializedFileWriterOptions::new();
            let what = format!("{column}, dictionary {dictionary}");
            let (seen, file) = keep(&what, &message, properties, LIMIT, options, 1, fill);
            let has_dictionary = dictionary && column != "boolean";
            let given_up = seen.pressure.dictionaries_given_up;
            assert_eq!(given_up, u64::from(has_dictionary), "{what}");
            assert_eq!(rows_of(file), count as i64);
        }
    }
}

#[test]
fn lists_in_one_call_keep_the_limit() {
    const SLOTS: usize = 200_000;
    let message = "message rows { optional group list (LIST) \
                   { repeated group list { optional int64 item; } } }";
    for (row, dictionary) in [(4, false), (4, true), (3_000, false), (3_000, true)] {
        let fill = |_: usize, writer: &mut ColumnWriter<'_>| {
            let ColumnWriter::Int64ColumnWriter(writer) = writer else {
                panic!("{writer:?}")
            };
            let (values, def, rep): (Vec<i64>, Vec<i16>, Vec<i16>) = uncounted(|| {
                let slots = 0..SLOTS;
                let def = slots.clone().map(|slot| 2 + i16::from(slot % 5 > 0));
                let rep = slots.clone().map(|slot| i16::from(slot % row > 0));
                let values = slots.clone().filter(|slot| slot % 5 > 0).map(repeated);
                (values.collect(), def.collect(), rep.collect())
            });
            writer.write_batch(&values, Some(&def), Some(&rep)).unwrap();
            uncounted(|| drop((values, def, rep)));
        };
        let properties = WriterProperties::builder().set_dictionary_enabled(dictionary);
        let what = format!("rows of {row}, dictionary {dictionary}");
        let options = SerializedFileWriterOptions::new();
        let (_, file) = keep(&what, message, properties, MIB, options, 1, fill);
        assert_eq!(rows_of(file), SLOTS.div_ceil(row) as i64);
    }
}

/// The hashes of a large call become bits while it goes on: all of them would take several times the limit.
#[test]
fn filters_and_counts_of_distinct_values_keep_the_limit() {
    const ROWS: usize = 100_000;
    let message = "message rows { required int64 a; required int64 b; }";
    for dictionary in [false, true] {
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(dictionary)
            .set_bloom_filter_max_ndv(150_000)
            .set_write_row_group_number_distinct_values(dictionary);
        let fill =
            |_: usize, writer: &mut ColumnWriter<'_>| ints(writer, ROWS, ROWS, |row| row as i64);
        let what = format!("filters, dictionary {dictionary}");
        let options = SerializedFileWriterOptions::new();
        let (seen, file) = keep(&what, message, properties, 512 * KIB, options, 1, fill);
        assert_eq!(seen.pressure.bloom_filters_given_up, 0);
        if !dictionary {
            // Bits and the runs of hashes that they are made of.
            assert!(seen.peak < 400 * KIB, "{}", seen.peak);
        }
        let reader = SerializedFileReader::new(file).unwrap();
        for column in reader.metadata().row_group(0).columns() {
            assert!(column.bloom_filter_offset().is_some());
        }
    }
}

/// Some that are given values, some that are given batches, and one that holds a column open meanwhile.
#[test]
fn writers_of_both_kinds_share_a_budget() {
    const LIMIT: usize = 3 * MIB;
    let budget = MemoryBudget::new(LIMIT);
    let columns = [Column::Int64Of10k, Column::Utf8, Column::List];
    let properties = || WriterProperties::builder().set_max_row_group_row_count(None);
    let new_typed = |file| {
        let schema = Arc::new(parse_message_type(NUMBER).unwrap());
        let options = SerializedFileWriterOptions::new().with_memory_budget(budget.clone());
        let properties = Arc::new(properties().build());
        SerializedFileWriter::new_with_options(file, schema, properties, options).unwrap()
    };
    heap::reset();
    let mut arrow = Vec::new();
    for _ in 0..3 {
        let (file, reader) = scratch_file();
        let options = ArrowWriterOptions::new()
            .with_properties(properties().build())
            .with_memory_budget(budget.clone());
        let writer = counted(|| {
            ArrowWriter::try_new_with_options(file, schema_of(&columns), options).unwrap()
        });
        arrow.push((writer, reader));
    }
    let ((file, reader), (idle, idle_reader)) = (scratch_file(), scratch_file());
    counted(|| {
        let (mut typed, mut idle) = (new_typed(file), new_typed(idle));
        let mut idle_group = idle.next_row_group().unwrap();
        let mut idle_column = idle_group.next_column().unwrap().unwrap();
        ints(idle_column.untyped(), 50_000, 50_000, repeated);
        let mut group = typed.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let mut batches = uncounted(|| batches_of(&columns, 12, 2_048));
        while let Some(batch) = uncounted(|| batches.next()) {
            for (writer, _) in &mut arrow {
                writer.write(&batch).unwrap();
            }
            ints(column.untyped(), 5_000, 5_000, repeated);
            uncounted(|| drop(batch));
        }
        column.close().unwrap();
        group.close().unwrap();
        drop(typed.finish().unwrap());
        ints(idle_column.untyped(), 50_000, 50_000, repeated);
        idle_column.close().unwrap();
        idle_group.close().unwrap();
        drop(idle.finish().unwrap());
    });
    for (mut writer, reader) in arrow {
        drop(counted(|| writer.finish()).unwrap());
        counted(|| drop(writer));
        assert_holds(reader, batches_of(&columns, 12, 2_048));
    }
    println!(
        "shared: peak {}, budget {}",
        mib(heap::peak()),
        mib(budget.peak())
    );
    assert!(heap::peak() <= LIMIT + LIMIT * 3 / 100, "{}", heap::peak());
    assert_eq!((budget.used(), budget.members()), (0, 0));
    assert_eq!((rows_of(reader), rows_of(idle_reader)), (60_000, 100_000));
}

/// A page writer of the caller's own, which keeps nothing.
#[derive(Debug, Default)]
struct Dropping {
    offset: u64,
}

impl PageWriter for Dropping {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec> {
        let bytes_written = page.compressed_size() as u64;
        let offset = self.offset;
        self.offset += bytes_written;
        Ok(PageWriteSpec {
            page_type: page.page_type(),
            uncompressed_size: page.uncompressed_size(),
            compressed_size: page.compressed_size(),
            num_values: page.num_values(),
            offset,
            bytes_written,
        })
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Tiny pages, whose places take most, large ones, whose buffers do, and compressed ones.
#[test]
fn memory_size_counts_pages_that_wait_for_a_page_writer() {
    let schema = Arc::new(parse_message_type(NUMBER).unwrap());
    let column = SchemaDescriptor::new(schema).column(0);
    for (page_rows, compression) in [
        (10, Compression::UNCOMPRESSED),
        (20_000, Compression::UNCOMPRESSED),
        #[cfg(feature = "snap")]
        (3_000, Compression::SNAPPY),
    ] {
        for statistics in [false, true] {
            let properties = WriterProperties::builder()
                .set_compression(compression)
                .set_write_page_header_statistics(statistics)
                .set_data_page_row_count_limit(page_rows)
                .set_write_batch_size(page_rows.min(1_000));
            let properties = Arc::new(properties.build());
            heap::reset();
            counted(|| {
                let pages = Box::new(Dropping::default());
                let mut writer = get_column_writer(column.clone(), properties, pages);
                let fixed = heap::live();
                for batch in 0..12 {
                    ints(&mut writer, 10_000, 10_000, repeated);
                    let ColumnWriter::Int64ColumnWriter(writer) = &writer else {
                        panic!("{writer:?}")
                    };
                    let (said, found) = (writer.memory_size(), heap::live() - fixed);
                    let what = format!("pages of {page_rows}, {compression}, batch {batch}");
                    assert_near(said, found, 0, &what);
                }
                drop(writer.close().unwrap());
            });
            assert_eq!(heap::live(), 0, "something is left");
        }
    }
}

/// The sizes at which record batches are measured, column by column.
#[test]
fn a_long_dictionary_column_keeps_its_open_page_alone() {
    const ROWS: usize = 512 * 8_192;
    let seen = |batch: usize, options: SerializedFileWriterOptions| {
        // No run is long enough for RLE.
        let value = |row: usize| ((row.wrapping_mul(0x9E37_79B9) >> 7) % 16) as i64;
        let fill = |_: usize, writer: &mut ColumnWriter<'_>| ints(writer, ROWS, batch, value);
        let properties = WriterProperties::builder();
        watch(NUMBER, properties, options, 1, Nowhere, fill)
    };
    let heap = seen(8_192, SerializedFileWriterOptions::new());
    for batch in [8_192, ROWS] {
        let files = seen(batch, temp_files());
        println!(
            "4.2 million values of 16, {batch} a batch: heap {}, spilling {}, {} bytes",
            mib(heap.peak),
            mib(files.peak),
            files.bytes
        );
        assert!(files.bytes > 2 * MIB, "{}", files.bytes);
        assert!(files.peak <= MIB / 8, "{}", files.peak);
        assert!(heap.peak > 2 * MIB, "{}", heap.peak);
    }
}

#[test]
fn a_skewed_row_group_keeps_its_open_pages_alone() {
    const ROWS: usize = 4_096;
    let narrow: String = (0..8).map(|at| format!("required int64 c{at};")).collect();
    let message = format!("message rows {{ required binary wide; {narrow} }}");
    for batch in [128, ROWS] {
        let fill = |column: usize, writer: &mut ColumnWriter<'_>| match writer {
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                for from in (0..ROWS).step_by(batch) {
                    let rows = from..from + batch;
                    let values: Vec<ByteArray> =
                        uncounted(|| rows.map(|row| text(row, 4_096)).collect());
                    writer.write_batch(&values, None, None).unwrap();
                    uncounted(|| drop(values));
                }
            }
            narrow => ints(narrow, ROWS, batch, |row| {
                (row * 8 + column).wrapping_mul(0x9E37_79B9_7F4A_7C15) as i64
            }),
        };
        let properties = WriterProperties::builder();
        let seen = watch(&message, properties, temp_files(), 1, Nowhere, fill);
        println!(
            "one wide column of nine, {batch} rows a batch: spilling {}, {} bytes",
            mib(seen.peak),
            seen.bytes
        );
        assert!(seen.bytes > 16 * MIB, "{}", seen.bytes);
        assert!(seen.peak <= 35 * MIB / 10, "{}", seen.peak);
    }
}
