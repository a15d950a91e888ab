//! An encoder without a sink gives the bytes of a writer with one, whenever its chunks are taken.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowEncoder, ArrowWriterOptions, Parallelism};
use herringbone::budget::MemoryBudget;
use herringbone::errors::{ParquetError, Result};
use herringbone::file::properties::{BloomFilterPosition, WriterProperties};

use crate::support::cases::{Case, Written};
use crate::support::check::check;
use crate::support::stores::Store;
use crate::support::types::{Nesting, Nulls, batch_of_all_types, pieces};
use crate::support::ways::ways;

/// When chunks are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// After each call, until there is none.
    AtOnce,
    /// One after each batch, so that row groups are handed out while the next ones are encoded.
    OneByOne,
    /// When the encoder takes no batch otherwise.
    WhenNeeded,
}

const TAKEN: [Taken; 3] = [Taken::AtOnce, Taken::OneByOne, Taken::WhenNeeded];

fn take_all(encoder: &mut ArrowEncoder, file: &mut Vec<u8>) -> Result<()> {
    while let Some(chunk) = encoder.next_chunk()? {
        assert!(!chunk.is_empty() && chunk.len() <= 256 << 10);
        file.extend_from_slice(&chunk);
    }
    Ok(())
}

/// The file, and how often a row group was handed out while another one was open.
fn encode(batches: &[RecordBatch], options: ArrowWriterOptions, taken: Taken) -> (Written, usize) {
    let mut encoder =
        ArrowEncoder::try_new_with_options(batches[0].schema(), options.clone()).unwrap();
    let (mut file, mut overlaps, mut groups) = (Vec::new(), 0, 0);
    for batch in batches {
        if encoder.wants_drain() {
            let refused = encoder.write(batch);
            assert!(matches!(refused, Err(ParquetError::NotDrained)));
            take_all(&mut encoder, &mut file).unwrap();
        }
        encoder.write(batch).unwrap();
        match taken {
            Taken::AtOnce => take_all(&mut encoder, &mut file).unwrap(),
            Taken::OneByOne => {
                file.extend(encoder.next_chunk().unwrap().unwrap_or_default());
            }
            Taken::WhenNeeded => {}
        }
        let ended = encoder.row_groups_flushed();
        overlaps += usize::from(ended > groups && encoder.in_progress_rows() > 0);
        groups = ended;
    }
    encoder.finish().unwrap();
    assert!(encoder.write(&batches[0]).is_err());
    take_all(&mut encoder, &mut file).unwrap();
    assert_eq!(encoder.bytes_written(), file.len());
    let metadata = encoder.take_metadata().unwrap();
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    assert_eq!(metadata.file_metadata().num_rows(), rows as i64);
    assert!(encoder.next_chunk().unwrap().is_none() && encoder.finish().is_err());
    (Written { file, metadata }, overlaps)
}

fn write(batches: &[RecordBatch], options: ArrowWriterOptions) -> Vec<u8> {
    let mut writer =
        ArrowWriter::try_new_with_options(Vec::new(), batches[0].schema(), options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn chunks_are_the_bytes_of_a_writer() {
    for way in ways(150).into_iter().step_by(5) {
        let batch = batch_of_all_types(way.nesting, way.nulls, 150);
        let batches = pieces(&batch, way.case.batch);
        let expected = write(&batches, way.case.options());
        for taken in TAKEN {
            let (found, _) = encode(&batches, way.case.options(), taken);
            assert!(found.file == expected, "{taken:?}: {way:?}");
        }
    }
}

/// A batch may fill many row groups, or a small part of one; filters stand behind each row group.
#[test]
fn row_groups_end_where_those_of_a_writer_end() {
    let batch = batch_of_all_types(Nesting::Flat, Nulls::Half, 120);
    let batch = batch.project(&[0, 1, 5, 20, 30]).unwrap();
    for (batch_rows, group_rows) in [(120, 7), (120, 50), (1, 40), (25, 24), (20, 45), (7, 1)] {
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(group_rows))
            .set_bloom_filter_enabled(true)
            .set_bloom_filter_max_ndv(100)
            .set_bloom_filter_position(BloomFilterPosition::AfterRowGroup)
            .build();
        let options = ArrowWriterOptions::new().with_properties(properties);
        let batches = pieces(&batch, batch_rows);
        let expected = write(&batches, options.clone());
        let together = options.with_parallelism(Parallelism::Threads(2));
        for taken in TAKEN {
            let (found, overlaps) = encode(&batches, together.clone(), taken);
            assert!(
                found.file == expected,
                "{taken:?}: {batch_rows} of {group_rows}"
            );
            if taken == Taken::OneByOne && batch_rows == 1 {
                assert!(overlaps > 0, "no row group was handed out beside another");
            }
        }
    }
}

/// While a row group waits to be handed out the next one is encoded within the same limit.
#[test]
fn encoders_within_a_limit_write_files_that_read_back_and_give_everything_back() {
    let batch = batch_of_all_types(Nesting::ListOfStructOfList, Nulls::Few, 300);
    let batch = batch.project(&[0, 3, 7, 12, 25]).unwrap();
    for limit in [64 << 10, 4 << 20] {
        for taken in TAKEN {
            let budget = MemoryBudget::new(limit);
            let case = Case {
                row_group: Some(100),
                store: Store::Limited,
                ..Case::default()
            };
            let options = case
                .options()
                .with_memory_budget(budget.clone())
                .with_parallelism(Parallelism::Threads(3));
            let (written, _) = encode(&pieces(&batch, 40), options, taken);
            check(&case, &batch, &written);
            assert_eq!(budget.used(), 0, "{limit} {taken:?}");
        }
    }
}

#[test]
fn a_flush_hands_out_the_open_row_group_and_nothing_without_one() {
    let batch = batch_of_all_types(Nesting::Flat, Nulls::Few, 50);
    let mut encoder = ArrowEncoder::try_new(batch.schema(), None).unwrap();
    encoder.flush().unwrap();
    assert!(encoder.next_chunk().unwrap().is_none());
    encoder.write(&batch).unwrap();
    assert_eq!(
        (encoder.in_progress_rows(), encoder.bytes_written()),
        (50, 4)
    );
    assert!(encoder.next_chunk().unwrap().is_none());
    encoder.flush().unwrap();
    let mut file = Vec::new();
    take_all(&mut encoder, &mut file).unwrap();
    assert_eq!(
        (encoder.in_progress_rows(), encoder.row_groups_flushed()),
        (0, 1)
    );
    assert_eq!(file.len(), encoder.bytes_written());
    assert!(encoder.take_metadata().is_none());
}

/// A row group ends where the flush was asked for, not where its chunks are taken.
#[test]
fn batches_behind_a_flush_are_of_the_next_row_group() {
    let batch = batch_of_all_types(Nesting::Flat, Nulls::Few, 30);
    let mut encoder = ArrowEncoder::try_new(batch.schema(), None).unwrap();
    let mut file = Vec::new();
    encoder.write(&batch).unwrap();
    encoder.flush().unwrap();
    encoder.write(&batch).unwrap();
    encoder.write(&batch).unwrap();
    take_all(&mut encoder, &mut file).unwrap();
    assert_eq!(
        (encoder.in_progress_rows(), encoder.row_groups_flushed()),
        (60, 1)
    );
    encoder.flush().unwrap();
    encoder.flush().unwrap();
    take_all(&mut encoder, &mut file).unwrap();
    encoder.finish().unwrap();
    take_all(&mut encoder, &mut file).unwrap();
    let metadata = encoder.take_metadata().unwrap();
    let rows: Vec<_> = metadata
        .row_groups()
        .iter()
        .map(|it| it.num_rows())
        .collect();
    assert_eq!(rows, [30, 60]);
    let all = concat_batches(&batch.schema(), [&batch, &batch, &batch]).unwrap();
    let case = Case {
        store: Store::Limited,
        ..Case::default()
    };
    check(&case, &all, &Written { file, metadata });
}

/// A batch that does not fit is refused, and the file holds all others.
#[test]
fn refused_batches_leave_no_trace() {
    let batch = batch_of_all_types(Nesting::Flat, Nulls::Required, 20);
    let other = batch.project(&[0, 1]).unwrap();
    let mut encoder = ArrowEncoder::try_new(batch.schema(), None).unwrap();
    let mut file = Vec::new();
    for _ in 0..3 {
        encoder.write(&batch).unwrap();
        assert!(encoder.write(&other).is_err());
        take_all(&mut encoder, &mut file).unwrap();
    }
    encoder.finish().unwrap();
    take_all(&mut encoder, &mut file).unwrap();
    assert!(
        file == write(
            &[batch.clone(), batch.clone(), batch],
            ArrowWriterOptions::new()
        )
    );
}
