//! The cases on several threads: herringbone's own, and `parquet`'s column writers driven by hand. And what a run
//! consists of, so that the speed-up by more cores than there are can be told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, Parallelism};

use crate::cases::{Case, Codec, CountingSink, our_properties, peer_properties, write_ours_with};

/// Writes a case with herringbone on so many threads.
pub(crate) fn write_ours(case: &Case, codec: Codec, threads: usize) -> u64 {
    let options = ArrowWriterOptions::new().with_parallelism(Parallelism::Threads(threads));
    write_ours_with(case, codec, options)
}

/// Writes a case with the column writers of the `parquet` crate: each thread takes the next column and encodes it for
/// the whole row group, which is the least that threads by hand have to exchange.
pub(crate) fn write_peer_by_hand(case: &Case, codec: Codec, threads: usize) -> u64 {
    use parquet::arrow::ArrowSchemaConverter;
    use parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, compute_leaves};
    use parquet::file::writer::SerializedFileWriter;
    let schema = case.schema();
    let descr = ArrowSchemaConverter::new()
        .convert(&schema)
        .expect("a valid schema");
    let properties = Arc::new(peer_properties(case, codec));
    let sink = CountingSink::default();
    let mut file = SerializedFileWriter::new(sink, descr.root_schema_ptr(), properties)
        .expect("a valid schema");
    let factory = ArrowRowGroupWriterFactory::new(&file, schema.clone());
    let mut writers = factory
        .create_column_writers(0)
        .expect("valid columns")
        .into_iter();
    // Fields are what can be taken apart by hand; the writers of their leaves go with them.
    let mut fields: VecDeque<_> = (0..schema.fields().len())
        .map(|field| {
            let leaves = compute_leaves(schema.field(field), case.batches[0].column(field));
            let count = leaves.expect("a valid column").len();
            (field, writers.by_ref().take(count).collect::<Vec<_>>())
        })
        .collect();
    let columns = fields.len();
    let fields = Mutex::new(&mut fields);
    let chunks = Mutex::new(Vec::from_iter((0..columns).map(|_| Vec::new())));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = fields.lock().expect("no panic").pop_front();
                    let Some((field, mut writers)) = next else {
                        return;
                    };
                    for batch in &case.batches {
                        let leaves = compute_leaves(schema.field(field), batch.column(field));
                        let leaves = leaves.expect("a valid column");
                        for (writer, leaf) in writers.iter_mut().zip(&leaves) {
                            writer.write(leaf).expect("a valid leaf");
                        }
                    }
                    let closed = writers
                        .into_iter()
                        .map(|writer| writer.close().expect("pages"));
                    chunks.lock().expect("no panic")[field] = closed.collect();
                }
            });
        }
    });
    let mut row_group = file.next_row_group().expect("an open file");
    for chunk in chunks.into_inner().expect("no panic").into_iter().flatten() {
        chunk
            .append_to_row_group(&mut row_group)
            .expect("the sink does not fail");
    }
    row_group.close().expect("the sink does not fail");
    file.into_inner().expect("the sink does not fail").bytes
}

/// What a run of herringbone consists of, column by column of each batch.
#[derive(Debug, Default)]
pub(crate) struct WorkAndSpan {
    /// All of it, on one thread.
    pub(crate) work: Duration,
    /// The longest path: what is done by one thread whatever there are, and the longest column of each batch.
    pub(crate) span: Duration,
    /// The part that one thread does.
    alone: Duration,
    /// Columns of a batch together, and the longest of them.
    batches: Vec<(Duration, Duration)>,
}

/// Times each column of each batch alone, and what comes before and after.
pub(crate) fn work_and_span(case: &Case, codec: Codec) -> WorkAndSpan {
    use herringbone::arrow::ArrowSchemaConverter;
    use herringbone::arrow::arrow_writer::{ArrowRowGroupWriterFactory, compute_leaves};
    use herringbone::file::writer::SerializedFileWriter;
    let schema: SchemaRef = case.schema();
    let descr = ArrowSchemaConverter::new()
        .convert(&schema)
        .expect("a valid schema");
    let mut found = WorkAndSpan::default();
    let start = Instant::now();
    let mut file = SerializedFileWriter::new(
        CountingSink::default(),
        descr.root_schema_ptr(),
        Arc::new(our_properties(case, codec)),
    )
    .expect("a valid schema");
    let factory = ArrowRowGroupWriterFactory::new(&file, schema.clone());
    let mut writers = factory.create_column_writers(0).expect("valid columns");
    found.alone += start.elapsed();
    for batch in &case.batches {
        let start = Instant::now();
        let fields = schema.fields().iter().zip(batch.columns());
        let leaves =
            fields.flat_map(|(field, array)| compute_leaves(field, array).expect("a valid column"));
        let leaves: Vec<_> = leaves.collect();
        found.alone += start.elapsed();
        let times = writers.iter_mut().zip(&leaves).map(|(writer, leaf)| {
            let start = Instant::now();
            writer.write(leaf).expect("a valid leaf");
            start.elapsed()
        });
        found.add_columns(times.collect());
    }
    let (mut times, mut chunks) = (Vec::new(), Vec::new());
    for writer in writers {
        let start = Instant::now();
        chunks.push(writer.close().expect("pages"));
        times.push(start.elapsed());
    }
    found.add_columns(times);
    let start = Instant::now();
    let mut row_group = file.next_row_group().expect("an open file");
    for chunk in chunks {
        chunk
            .append_to_row_group(&mut row_group)
            .expect("the sink does not fail");
    }
    row_group.close().expect("the sink does not fail");
    file.close().expect("the sink does not fail");
    found.alone += start.elapsed();
    found.sum_up()
}

impl WorkAndSpan {
    /// How many times as fast the run can be on so many cores: threads meet at the end of each batch.
    pub(crate) fn speed_up(&self, cores: u32) -> f64 {
        let batches = self
            .batches
            .iter()
            .map(|(sum, longest)| (*longest).max(*sum / cores));
        let time = self.alone + batches.sum::<Duration>();
        self.work.as_secs_f64() / time.as_secs_f64()
    }

    fn add_columns(&mut self, times: Vec<Duration>) {
        let longest = times.iter().max().copied().unwrap_or_default();
        self.batches.push((times.iter().sum(), longest));
    }

    fn sum_up(self) -> Self {
        let sums = self.batches.iter().map(|(sum, _)| *sum).sum::<Duration>();
        let longest = self
            .batches
            .iter()
            .map(|(_, longest)| *longest)
            .sum::<Duration>();
        Self {
            work: self.alone + sums,
            span: self.alone + longest,
            ..self
        }
    }
}
