//! Columns encoded on threads of the caller's, and spliced into a file.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::thread;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions,
    compute_leaves,
};
use herringbone::column::page_store::TempFilePageStoreFactory;
use herringbone::file::properties::WriterProperties;
use herringbone::file::writer::SerializedFileWriter;

use crate::support::cases::{Case, Written};
use crate::support::check::{check, read};
use crate::support::stores::SparseStores;
use crate::support::types::{Nesting, Nulls, batch_of_all_types, int32_batch};
use crate::support::walker::Layout;

/// Encodes the columns of `batches`, each on a thread of its own.
fn encode(
    factory: &ArrowRowGroupWriterFactory,
    row_group: usize,
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> Vec<ArrowColumnChunk> {
    let mut writers = factory
        .create_column_writers(row_group)
        .unwrap()
        .into_iter();
    let mut threads = Vec::new();
    for (column, field) in schema.fields().iter().enumerate() {
        // A field takes as many writers as it has leaves.
        let leaves = compute_leaves(field, batches[0].column(column)).unwrap();
        let writers: Vec<ArrowColumnWriter> = writers.by_ref().take(leaves.len()).collect();
        assert_eq!(writers.len(), leaves.len());
        let field = field.clone();
        let arrays: Vec<_> = batches.iter().map(|b| b.column(column).clone()).collect();
        threads.push(thread::spawn(move || {
            let mut writers = writers;
            for array in &arrays {
                let leaves = compute_leaves(&field, array).unwrap();
                for (writer, leaf) in writers.iter_mut().zip(&leaves) {
                    writer.write(leaf).unwrap();
                    assert!(writer.get_estimated_total_bytes() <= writer.memory_size());
                }
            }
            let chunks = writers.into_iter().map(|writer| writer.close().unwrap());
            chunks.collect::<Vec<_>>()
        }));
    }
    assert!(writers.next().is_none(), "a writer is left over");
    threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect()
}

fn append<W: Write + Send>(file: &mut SerializedFileWriter<W>, chunks: Vec<ArrowColumnChunk>) {
    let mut row_group = file.next_row_group().unwrap();
    for chunk in chunks {
        chunk.append_to_row_group(&mut row_group).unwrap();
    }
    row_group.close().unwrap();
}

#[test]
fn columns_encoded_on_threads_give_the_file_that_one_writer_gives() {
    for nesting in [Nesting::Flat, Nesting::ListOfStructOfList] {
        let batch = batch_of_all_types(nesting, Nulls::Few, 600);
        let case = Case {
            row_group: Some(300),
            batch: 100,
            ..Case::default()
        };
        let mut file = Vec::new();
        let writer =
            ArrowWriter::try_new_with_options(&mut file, batch.schema(), case.options()).unwrap();
        let (mut serialized, factory) = writer.into_serialized_writer().unwrap();
        for row_group in 0..2 {
            let batches: Vec<_> = (0..3)
                .map(|i| batch.slice(row_group * 300 + i * 100, 100))
                .collect();
            let chunks = encode(&factory, row_group, &batch.schema(), &batches);
            append(&mut serialized, chunks);
        }
        assert_eq!(serialized.flushed_row_groups().len(), 2);
        let metadata = serialized.close().unwrap();
        check(&case, &batch, &Written { file, metadata });
    }
}

#[test]
fn the_parts_write_what_the_whole_writes() {
    let batch = batch_of_all_types(Nesting::List, Nulls::Half, 400);
    let properties = WriterProperties::builder().build();
    let expected = {
        let mut file = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut file, batch.schema(), Some(properties.clone())).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        file
    };
    let options = || ArrowWriterOptions::new().with_properties(properties.clone());
    let stores = || -> [Option<ArrowWriterOptions>; 3] {
        [
            Some(options()),
            Some(options().with_page_store_factory(Arc::new(TempFilePageStoreFactory::new()))),
            None,
        ]
    };
    for options in stores() {
        let mut file = Vec::new();
        let replaced = options.is_none();
        let writer = ArrowWriter::try_new_with_options(
            &mut file,
            batch.schema(),
            options.unwrap_or_default(),
        )
        .unwrap();
        let (mut serialized, mut factory) = writer.into_serialized_writer().unwrap();
        if replaced {
            factory = factory.with_page_store_factory(Arc::new(SparseStores));
        }
        let chunks = encode(&factory, 0, &batch.schema(), std::slice::from_ref(&batch));
        append(&mut serialized, chunks);
        serialized.close().unwrap();
        assert!(file == expected, "other bytes");
    }
}

#[test]
fn rows_that_were_written_before_come_first() {
    let batch = int32_batch(0..100);
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch.slice(0, 50)).unwrap();
    let (mut serialized, factory) = writer.into_serialized_writer().unwrap();
    assert_eq!(serialized.flushed_row_groups().len(), 1);
    let chunks = encode(&factory, 1, &batch.schema(), &[batch.slice(50, 50)]);
    append(&mut serialized, chunks);
    serialized.close().unwrap();
    Layout::read(&file);
    assert!(read(&file) == batch);
}

#[test]
fn a_factory_made_by_hand_encodes_for_a_file_writer() {
    let batch = batch_of_all_types(Nesting::Struct, Nulls::Few, 100);
    let descr = herringbone::arrow::ArrowSchemaConverter::new()
        .convert(&batch.schema())
        .unwrap();
    let mut properties = WriterProperties::builder().build();
    herringbone::arrow::add_encoded_arrow_schema_to_metadata(&batch.schema(), &mut properties);
    let mut file = Vec::new();
    let mut serialized =
        SerializedFileWriter::new(&mut file, descr.root_schema_ptr(), Arc::new(properties))
            .unwrap();
    let factory = ArrowRowGroupWriterFactory::new(&serialized, batch.schema())
        .with_page_store_factory(Arc::new(SparseStores));
    let chunks = encode(&factory, 0, &batch.schema(), std::slice::from_ref(&batch));
    append(&mut serialized, chunks);
    let metadata = serialized.close().unwrap();
    check(&Case::default(), &batch, &Written { file, metadata });
}

#[test]
fn an_index_that_is_taken_away_before_the_splice_is_not_written() {
    let batch = batch_of_all_types(Nesting::Flat, Nulls::Few, 100);
    let mut file = Vec::new();
    let writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    let (mut serialized, factory) = writer.into_serialized_writer().unwrap();
    let mut chunks = encode(&factory, 0, &batch.schema(), std::slice::from_ref(&batch));
    for (i, chunk) in chunks.iter_mut().enumerate() {
        assert_eq!(chunk.close().rows_written, 100);
        assert!(chunk.close().offset_index.is_some());
        if i % 2 == 0 {
            chunk.close_mut().column_index = None;
            chunk.close_mut().offset_index = None;
        }
    }
    append(&mut serialized, chunks);
    serialized.close().unwrap();
    let layout = Layout::read(&file);
    for (i, chunk) in layout.row_groups[0].chunks.iter().enumerate() {
        assert_eq!(chunk.offset_index.is_some(), i % 2 == 1);
    }
    assert!(read(&file).num_rows() == 100);
}

#[test]
fn bytes_reach_the_sink_while_chunks_are_appended() {
    let sink = Shared::default();
    let batch = batch_of_all_types(Nesting::Flat, Nulls::None, 3000);
    let writer = ArrowWriter::try_new(sink.clone(), batch.schema(), None).unwrap();
    let (mut serialized, factory) = writer.into_serialized_writer().unwrap();
    let chunks = encode(&factory, 0, &batch.schema(), std::slice::from_ref(&batch));
    let mut row_group = serialized.next_row_group().unwrap();
    let mut appended = 4;
    for chunk in chunks {
        appended += chunk.close().bytes_written as usize;
        chunk.append_to_row_group(&mut row_group).unwrap();
        let arrived = sink.0.lock().unwrap().len();
        assert!(
            arrived + 8192 >= appended,
            "{arrived} of {appended} bytes have arrived"
        );
    }
    row_group.close().unwrap();
    serialized.close().unwrap();
    let file = std::mem::take(&mut *sink.0.lock().unwrap());
    assert_eq!(read(&file).num_rows(), 3000);
}

#[test]
fn sizes_of_the_open_row_group_rise_and_end_at_nothing() {
    let batch = batch_of_all_types(Nesting::Flat, Nulls::Few, 500);
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    assert_eq!(writer.bytes_written(), 4);
    let sizes = |writer: &ArrowWriter<Vec<u8>>| {
        (
            writer.in_progress_rows(),
            writer.in_progress_size(),
            writer.memory_size(),
        )
    };
    assert_eq!(sizes(&writer), (0, 0, 0));
    let mut before = (0, 0, 0);
    for _ in 0..4 {
        writer.write(&batch).unwrap();
        let now = sizes(&writer);
        assert_eq!(now.0, before.0 + 500);
        assert!(now.1 > before.1 && now.2 >= before.2, "{before:?} {now:?}");
        assert!(now.1 <= now.2, "estimated {} of {} bytes", now.1, now.2);
        before = now;
    }
    assert!(writer.flushed_row_groups().is_empty());
    writer.flush().unwrap();
    assert_eq!(sizes(&writer), (0, 0, 0));
    assert_eq!(writer.flushed_row_groups().len(), 1);
    assert_eq!(writer.flushed_row_groups()[0].num_rows(), 2000);
    writer.flush().unwrap();
    assert_eq!(
        writer.flushed_row_groups().len(),
        1,
        "there was nothing to flush"
    );
    let written = writer.bytes_written();
    let chunks: i64 = writer.flushed_row_groups()[0].compressed_size();
    assert_eq!(written as i64, 4 + chunks);
    let file = writer.into_inner().unwrap();
    assert_eq!(read(&file).num_rows(), 2000);
}

/// A sink that others look into.
#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
