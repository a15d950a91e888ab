//! The same bytes as the blocking writer, whatever the sink and the thread.

use herringbone::arrow::AsyncArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, Parallelism};
use herringbone::basic::Compression;
use proptest::prelude::*;

use crate::files::{blocking, one_thread, properties, some_batches};
use crate::sinks::{Keeping, Shared, Tearing, look};

/// How the asynchronous writer is used.
#[derive(Debug, Clone, Copy)]
enum Way {
    Here,
    OnThreads,
}

fn written(
    batches: &[arrow::array::RecordBatch],
    options: ArrowWriterOptions,
    waits: usize,
    keeps: bool,
    way: Way,
) -> Vec<u8> {
    let shared = Shared::default();
    one_thread().block_on(async {
        let sink: Box<dyn herringbone::arrow::async_writer::AsyncFileWriter> = if keeps {
            Box::new(Keeping {
                shared: shared.clone(),
                waits,
                ..Keeping::default()
            })
        } else {
            Box::new(Tearing {
                shared: shared.clone(),
                waits,
            })
        };
        let mut writer =
            AsyncArrowWriter::try_new_with_options(sink, batches[0].schema(), options).unwrap();
        if let Way::OnThreads = way {
            writer = writer.with_runtime(tokio::runtime::Handle::current());
        }
        for batch in batches {
            writer.write(batch).await.unwrap();
        }
        writer.close().await.unwrap();
    });
    std::mem::take(&mut look(&shared).bytes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_batches_and_row_groups(
        rows in prop::collection::vec(0_usize..900, 1..6),
        row_group_rows in prop_oneof![1_usize..40, 200_usize..2_000],
        row_group_bytes in prop::option::of(2_000_usize..60_000),
        compressed in any::<bool>(),
        waits in 0_usize..3,
        keeps in any::<bool>(),
        on_threads in any::<bool>(),
        threads in 1_usize..4,
    ) {
        let row_group_rows = row_group_rows.max(rows.iter().sum::<usize>() / 60);
        let all = some_batches(1, rows.iter().sum::<usize>().max(1)).remove(0);
        let mut from = 0;
        let batches: Vec<_> = rows.iter().map(|rows| {
            from += rows;
            all.slice(from - rows, *rows)
        }).collect();
        let codec = if compressed { Compression::SNAPPY } else { Compression::UNCOMPRESSED };
        let options = || {
            let properties = properties(row_group_rows)
                .set_max_row_group_bytes(row_group_bytes)
                .set_compression(codec)
                .set_bloom_filter_enabled(compressed);
            ArrowWriterOptions::new().with_properties(properties.build())
        };
        let way = if on_threads { Way::OnThreads } else { Way::Here };
        let together = options().with_parallelism(Parallelism::Threads(threads));
        let found = written(&batches, together, waits, keeps, way);
        prop_assert!(found == blocking(&batches, options()), "other bytes");
    }
}

/// A limit that is not reached leaves the bytes alone, here too.
#[test]
fn a_wide_limit_changes_nothing() {
    let batches = some_batches(5, 2_000);
    let options = || crate::files::options(3_000).with_memory_limit(64 << 20);
    let expected = blocking(&batches, crate::files::options(3_000));
    for way in [Way::Here, Way::OnThreads] {
        assert!(
            written(&batches, options(), 1, false, way) == expected,
            "{way:?}"
        );
    }
}
