//! What callers of the `parquet` crate's asynchronous writer rely on.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use herringbone::arrow::AsyncArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::arrow::async_writer::AsyncFileWriter;
use herringbone::errors::ParquetError;
use herringbone::file::metadata::KeyValue;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::files::{assert_rows, blocking, options, rows_of, some_batches};
use crate::sinks::{Shared, Tearing, look};

fn reader(file: &[u8]) -> SerializedFileReader<bytes::Bytes> {
    SerializedFileReader::new(bytes::Bytes::copy_from_slice(file)).unwrap()
}

#[tokio::test]
async fn a_tokio_file_holds_the_rows() {
    let batches = some_batches(3, 700);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let file = tokio::fs::File::create(&path).await.unwrap();
    let mut writer =
        AsyncArrowWriter::try_new_with_options(file, batches[0].schema(), options(1_000)).unwrap();
    for batch in &batches {
        writer.write(batch).await.unwrap();
    }
    let metadata = writer.close().await.unwrap();
    assert_eq!(metadata.num_row_groups(), 3);
    assert_eq!(metadata.file_metadata().num_rows(), 2_100);
    let found = tokio::fs::read(&path).await.unwrap();
    assert_rows(&found, &batches);
    assert_eq!(found, blocking(&batches, options(1_000)));
}

#[tokio::test]
async fn a_boxed_sink_is_a_sink() {
    let batches = some_batches(2, 300);
    let shared = Shared::default();
    let sink = Tearing {
        shared: shared.clone(),
        waits: 1,
    };
    let boxed: Box<dyn AsyncFileWriter> = Box::new(sink);
    let mut writer = AsyncArrowWriter::try_new(boxed, batches[0].schema(), None).unwrap();
    for batch in &batches {
        writer.write(batch).await.unwrap();
    }
    writer.close().await.unwrap();
    assert_eq!(look(&shared).completions, 1);
    assert_rows(&look(&shared).bytes, &batches);
}

#[tokio::test]
async fn a_borrowed_vector_is_a_sink() {
    let batches = some_batches(1, 300);
    let mut file = Vec::new();
    let mut writer = AsyncArrowWriter::try_new(&mut file, batches[0].schema(), None).unwrap();
    writer.write(&batches[0]).await.unwrap();
    writer.close().await.unwrap();
    assert_rows(&file, &batches);
}

#[tokio::test]
async fn the_sink_sees_nothing_of_a_row_group_before_it_ends() {
    let batches = some_batches(4, 500);
    let shared = Shared::default();
    let sink = Tearing {
        shared: shared.clone(),
        waits: 0,
    };
    let mut writer =
        AsyncArrowWriter::try_new_with_options(sink, batches[0].schema(), options(1_500)).unwrap();
    let mut before = 0;
    for (index, batch) in batches.iter().enumerate() {
        writer.write(batch).await.unwrap();
        let taken = look(&shared).bytes.len();
        match index {
            0 | 1 => assert!(taken <= 4, "{taken} bytes of an open row group"),
            2 => assert!(taken > 10_000, "{taken} bytes of a full row group"),
            _ => assert_eq!(taken, before),
        }
        before = taken;
        assert_eq!(writer.row_groups_flushed(), usize::from(index >= 2));
        assert_eq!(writer.flushed_row_groups().len(), usize::from(index >= 2));
        assert_eq!(writer.rows_taken(), 500 * (index as u64 + 1));
    }
    assert_eq!(look(&shared).completions, 0);
    writer.finish().await.unwrap();
    assert_eq!(look(&shared).completions, 1);
    assert_rows(&look(&shared).bytes, &batches);
}

#[tokio::test]
async fn a_batch_larger_than_a_row_group_fills_several() {
    let batches = some_batches(1, 5_050);
    let mut writer =
        AsyncArrowWriter::try_new_with_options(Vec::new(), batches[0].schema(), options(100))
            .unwrap();
    writer.write(&batches[0]).await.unwrap();
    assert_eq!(writer.row_groups_flushed(), 50);
    assert_eq!(writer.in_progress_rows(), 50);
    let metadata = writer.finish().await.unwrap();
    let rows: Vec<i64> = metadata
        .row_groups()
        .iter()
        .map(|group| group.num_rows())
        .collect();
    assert_eq!(rows, [vec![100; 50], vec![50]].concat());
    assert_rows(&writer.into_inner(), &batches);
}

#[tokio::test]
async fn flush_ends_the_row_group() {
    let batches = some_batches(2, 400);
    let mut writer =
        AsyncArrowWriter::try_new_with_options(Vec::new(), batches[0].schema(), options(10_000))
            .unwrap();
    writer.flush().await.unwrap();
    assert_eq!(writer.row_groups_flushed(), 0, "there was nothing to end");
    for batch in &batches {
        writer.write(batch).await.unwrap();
        assert_eq!(writer.in_progress_rows(), 400);
        assert!(writer.in_progress_size() > 1_000);
        assert!(writer.memory_size() > 1_000);
        writer.flush().await.unwrap();
        writer.flush().await.unwrap();
        assert_eq!(writer.in_progress_rows(), 0);
        assert_eq!(writer.in_progress_size(), 0);
        assert_eq!(writer.memory_size(), 0);
    }
    let metadata = writer.finish().await.unwrap();
    assert_eq!(metadata.num_row_groups(), 2);
    assert_rows(&writer.into_inner(), &batches);
}

#[tokio::test]
async fn bytes_written_ends_at_the_length_of_the_file() {
    let batches = some_batches(4, 600);
    let mut writer =
        AsyncArrowWriter::try_new_with_options(Vec::new(), batches[0].schema(), options(600))
            .unwrap();
    let mut before = writer.bytes_written();
    assert!(before <= 4);
    for batch in &batches {
        writer.write(batch).await.unwrap();
        assert!(writer.bytes_written() > before + 10_000);
        before = writer.bytes_written();
    }
    writer.finish().await.unwrap();
    let said = writer.bytes_written();
    assert_eq!(said, writer.into_inner().len());
}

#[tokio::test]
async fn in_progress_rows_and_size_grow_with_the_row_group() {
    let batches = some_batches(3, 1_000);
    let mut writer =
        AsyncArrowWriter::try_new_with_options(Vec::new(), batches[0].schema(), options(10_000))
            .unwrap();
    assert_eq!(
        (writer.in_progress_rows(), writer.in_progress_size()),
        (0, 0)
    );
    assert!(writer.memory_size() <= 1_024, "{}", writer.memory_size());
    let mut size = 0;
    for (index, batch) in batches.iter().enumerate() {
        writer.write(batch).await.unwrap();
        assert_eq!(writer.in_progress_rows(), 1_000 * (index + 1));
        assert!(writer.in_progress_size() > size);
        size = writer.in_progress_size();
        assert!(writer.memory_size() >= size);
    }
}

#[tokio::test]
async fn pairs_of_text_reach_the_footer() {
    let batches = some_batches(1, 100);
    let mut writer = AsyncArrowWriter::try_new(Vec::new(), batches[0].schema(), None).unwrap();
    writer.append_key_value_metadata(KeyValue::new("before".to_owned(), "rows".to_owned()));
    writer.write(&batches[0]).await.unwrap();
    writer.append_key_value_metadata(KeyValue::new("after".to_owned(), None));
    writer.finish().await.unwrap();
    let file = writer.into_inner();
    let reader = reader(&file);
    let pairs = reader
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .unwrap();
    let of = |key: &str| {
        pairs
            .iter()
            .find(|pair| pair.key == key)
            .map(|pair| pair.value.as_deref())
    };
    assert_eq!(of("before"), Some(Some("rows")));
    assert_eq!(of("after"), Some(None));
}

#[tokio::test]
async fn a_file_without_rows_is_a_file() {
    let batches = some_batches(1, 10);
    let mut writer = AsyncArrowWriter::try_new(Vec::new(), batches[0].schema(), None).unwrap();
    writer.write(&batches[0].slice(0, 0)).await.unwrap();
    let metadata = writer.finish().await.unwrap();
    assert_eq!(metadata.num_row_groups(), 0);
    let file = writer.into_inner();
    assert_eq!(rows_of(&file).unwrap().num_rows(), 0);
    assert_eq!(
        file,
        blocking(&[batches[0].slice(0, 0)], ArrowWriterOptions::new())
    );
}

#[tokio::test]
async fn a_refused_batch_changes_nothing() {
    let batches = some_batches(2, 100);
    let names: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let other =
        RecordBatch::try_from_iter([("a", names.clone()), ("b", numbers), ("c", names)]).unwrap();
    for with_runtime in [false, true] {
        let mut writer = AsyncArrowWriter::try_new(Vec::new(), batches[0].schema(), None).unwrap();
        if with_runtime {
            writer = writer.with_runtime(tokio::runtime::Handle::current());
        }
        writer.write(&batches[0]).await.unwrap();
        writer.write(&other).await.unwrap_err();
        assert_eq!(writer.rows_taken(), 100);
        writer.write(&batches[1]).await.unwrap();
        writer.finish().await.unwrap();
        assert_rows(&writer.into_inner(), &batches);
    }
}

#[tokio::test]
async fn a_finished_writer_takes_no_more() {
    let batches = some_batches(1, 100);
    let shared = Shared::default();
    let sink = Tearing {
        shared: shared.clone(),
        waits: 0,
    };
    let mut writer = AsyncArrowWriter::try_new(sink, batches[0].schema(), None).unwrap();
    writer.write(&batches[0]).await.unwrap();
    writer.finish().await.unwrap();
    let is_refused = |result: Result<(), ParquetError>| {
        let text = result.unwrap_err().to_string();
        assert!(text.contains("finished"), "{text}");
    };
    is_refused(writer.write(&batches[0]).await);
    is_refused(writer.flush().await);
    is_refused(writer.finish().await.map(drop));
    assert_eq!(look(&shared).completions, 1);
    assert_rows(&look(&shared).bytes, &batches);
}

#[tokio::test]
async fn into_inner_hands_nothing_over() {
    let batches = some_batches(2, 100);
    let mut writer =
        AsyncArrowWriter::try_new_with_options(Vec::new(), batches[0].schema(), options(100))
            .unwrap();
    writer.write(&batches[0]).await.unwrap();
    writer.write(&batches[1].slice(0, 50)).await.unwrap();
    let file = writer.into_inner();
    assert!(file.len() > 1_000, "the full row group is there");
    rows_of(&file).unwrap_err();
}

#[test]
fn writer_and_futures_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let batches = some_batches(1, 1);
    let mut writer = AsyncArrowWriter::try_new(Vec::new(), batches[0].schema(), None).unwrap();
    is_send(&writer);
    is_send(&writer.write(&batches[0]));
    is_send(&writer.flush());
    is_send(&writer.finish());
    is_send(&writer.close());
}

/// The asynchronous writer of `parquet`, asked for the same.
#[tokio::test]
async fn figures_are_those_of_the_parquet_crate() {
    use parquet::arrow::AsyncArrowWriter as Theirs;
    use parquet::arrow::arrow_writer::ArrowWriterOptions as TheirOptions;
    use parquet::file::properties::WriterProperties as TheirProperties;

    let batches = some_batches(6, 400);
    let schema = batches[0].schema();
    let properties = TheirProperties::builder()
        .set_max_row_group_row_count(Some(1_000))
        .set_data_page_row_count_limit(500)
        .set_write_batch_size(100)
        .build();
    let their_options = TheirOptions::new().with_properties(properties);
    let mut theirs =
        Theirs::try_new_with_options(Vec::new(), schema.clone(), their_options).unwrap();
    let mut ours =
        AsyncArrowWriter::try_new_with_options(Vec::new(), schema, options(1_000)).unwrap();
    assert_eq!(ours.bytes_written(), theirs.bytes_written());
    for (index, batch) in batches.iter().enumerate() {
        let before = (ours.bytes_written(), theirs.bytes_written());
        ours.write(batch).await.unwrap();
        theirs.write(batch).await.unwrap();
        if index == 3 {
            ours.flush().await.unwrap();
            theirs.flush().await.unwrap();
        }
        assert_eq!(ours.in_progress_rows(), theirs.in_progress_rows());
        assert_eq!(ours.in_progress_size() > 0, theirs.in_progress_size() > 0);
        let groups = theirs.flushed_row_groups();
        let rows = |at: usize| groups.get(at).map(|group| group.num_rows());
        let flushed = ours.flushed_row_groups();
        assert_eq!(flushed.len(), groups.len());
        assert!((0..flushed.len()).all(|at| rows(at) == Some(flushed[at].num_rows())));
        let grew = (
            ours.bytes_written() > before.0,
            theirs.bytes_written() > before.1,
        );
        assert_eq!(grew.0, grew.1, "batch {index}");
    }
    let (found, expected) = (ours.finish().await.unwrap(), theirs.finish().await.unwrap());
    assert_eq!(found.num_row_groups(), expected.num_row_groups());
    assert_eq!(
        found.file_metadata().num_rows(),
        expected.file_metadata().num_rows()
    );
    assert_rows(&ours.into_inner(), &batches);
    assert_rows(&theirs.into_inner(), &batches);
}
