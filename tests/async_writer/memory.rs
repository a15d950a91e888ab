//! What the writer holds while a slow sink takes a row group.

use herringbone::arrow::AsyncArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::file::properties::WriterProperties;

use crate::data::{Column, batches_of, schema_of};
use crate::heap::{self, counted, uncounted};
use crate::sinks::Throttled;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// Writes one row group of 24 MiB into a sink of 10 MB/s, whose time is simulated. The most that was on the heap,
/// what was after the last batch, and the largest chunk.
fn peak(columns: &[Column], limit: usize) -> (usize, usize, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let budget = MemoryBudget::new(limit);
    heap::reset();
    let seen = counted(|| {
        runtime.block_on(async {
            let properties = WriterProperties::builder()
                .set_max_row_group_row_count(None)
                .set_dictionary_enabled(false)
                .build();
            let options = ArrowWriterOptions::new()
                .with_properties(properties)
                .with_memory_budget(budget.clone());
            let sink = Throttled::new(10_000_000);
            let schema = uncounted(|| schema_of(columns));
            let mut writer = AsyncArrowWriter::try_new_with_options(sink, schema, options).unwrap();
            let mut batches = uncounted(|| batches_of(columns, 48, 65_536 / columns.len()));
            while let Some(batch) = uncounted(|| batches.next()) {
                writer.write(&batch).await.unwrap();
                uncounted(|| drop(batch));
            }
            let written = heap::peak();
            let metadata = writer.finish().await.unwrap();
            assert_eq!(metadata.num_row_groups(), 1);
            let bytes = writer.bytes_written();
            let sink = writer.into_inner();
            assert_eq!(sink.bytes, bytes);
            assert!(bytes > 24 * MIB, "{bytes}");
            (heap::peak(), written, sink.largest)
        })
    });
    assert_eq!((budget.used(), budget.members()), (0, 0));
    seen
}

#[test]
fn a_slow_sink_takes_a_row_group_within_the_limit() {
    for (columns, limit) in [
        (vec![Column::Int64], 2 * MIB),
        (vec![Column::Int64; 8], 4 * MIB),
        (vec![Column::Int64; 8], 8 * MIB),
    ] {
        let (peak, written, largest) = peak(&columns, limit);
        println!(
            "{} columns, limit {} KiB: peak {} KiB, while writing {} KiB, largest chunk {} KiB",
            columns.len(),
            limit / KIB,
            peak / KIB,
            written / KIB,
            largest / KIB
        );
        assert!(peak <= limit + limit / 32, "{peak} under {limit}");
        assert!(largest <= limit / 4, "a chunk of {largest} under {limit}");
    }
}
