//! Calls whose futures are dropped: the file has the right bytes, or every later call fails and says why.

use std::sync::mpsc;

use arrow::array::RecordBatch;
use herringbone::arrow::AsyncArrowWriter;
use herringbone::arrow::async_writer::AsyncFileWriter;
use herringbone::budget::MemoryBudget;
use herringbone::errors::{ParquetError, Result};
use herringbone::file::metadata::KeyValue;
use tokio::runtime::Handle;

use crate::files::{
    assert_rows, at_most, many_threads, one_thread, options, rows_of, some_batches,
};
use crate::sinks::{Keeping, Shared, Tearing, look};

const ROW_GROUP_ROWS: usize = 900;

/// Never reached, but small enough for several chunks a row group.
const LIMIT: usize = 1 << 20;

/// What a program asks of its writer, one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Write(usize),
    Flush,
    Finish,
}

/// The second and the third batch fill row groups.
const CALLS: [Call; 6] = [
    Call::Write(0),
    Call::Write(1),
    Call::Write(2),
    Call::Flush,
    Call::Write(3),
    Call::Finish,
];

fn batches() -> Vec<RecordBatch> {
    some_batches(4, 700)
}

async fn make<W: AsyncFileWriter>(
    writer: &mut AsyncArrowWriter<W>,
    call: Call,
    batches: &[RecordBatch],
) -> Result<()> {
    match call {
        Call::Write(index) => writer.write(&batches[index]).await,
        Call::Flush => writer.flush().await,
        Call::Finish => writer.finish().await.map(drop),
    }
}

/// Whether a dropped call has to be made again.
fn is_to_be_made_again(call: Call, rows_before: u64, rows_taken: u64) -> bool {
    match call {
        Call::Write(_) => rows_before == rows_taken,
        Call::Flush | Call::Finish => true,
    }
}

fn writer_into<W: AsyncFileWriter>(
    sink: W,
    batches: &[RecordBatch],
    on_threads: bool,
) -> AsyncArrowWriter<W> {
    let options = options(ROW_GROUP_ROWS).with_memory_limit(LIMIT);
    let writer = AsyncArrowWriter::try_new_with_options(sink, batches[0].schema(), options);
    let writer = writer.unwrap();
    match on_threads {
        true => writer.with_runtime(Handle::current()),
        false => writer,
    }
}

/// The file when no call is dropped.
fn whole(batches: &[RecordBatch]) -> Vec<u8> {
    one_thread().block_on(async {
        let mut writer = writer_into(Vec::new(), batches, false);
        for call in CALLS {
            make(&mut writer, call, batches).await.unwrap();
        }
        let file = writer.into_inner();
        assert_rows(&file, batches);
        file
    })
}

/// Drops the call with the ordinal `dropped` after so many polls, and goes on. The outcome of the rest, and whether the
/// call was dropped before its end.
async fn run<W: AsyncFileWriter>(
    writer: &mut AsyncArrowWriter<W>,
    batches: &[RecordBatch],
    dropped: usize,
    polls: usize,
) -> (Result<()>, bool) {
    let (before, from) = CALLS.split_at(dropped);
    for call in before {
        make(writer, *call, batches).await.unwrap();
    }
    let rows = writer.rows_taken();
    let result = at_most(polls, make(writer, from[0], batches)).await;
    let was_dropped = result.is_none();
    result.transpose().unwrap();
    let again = was_dropped && is_to_be_made_again(from[0], rows, writer.rows_taken());
    for call in &from[usize::from(!again)..] {
        if let Err(error) = make(writer, *call, batches).await {
            return (Err(error), was_dropped);
        }
    }
    (Ok(()), was_dropped)
}

/// At every await of every call.
#[test]
fn a_sink_that_keeps_the_bytes_gets_all_of_them_once() {
    let batches = batches();
    let expected = whole(&batches);
    let mut drops = 0;
    for (waits, on_threads) in [(1, false), (3, false), (1, true)] {
        for (dropped, call) in CALLS.into_iter().enumerate() {
            for polls in 0.. {
                let shared = Shared::default();
                let sink = Keeping {
                    shared: shared.clone(),
                    waits,
                    ..Keeping::default()
                };
                let (result, was_dropped) = one_thread().block_on(async {
                    let mut writer = writer_into(sink, &batches, on_threads);
                    run(&mut writer, &batches, dropped, polls).await
                });
                let what = format!("{call:?} after {polls} polls, {waits} waits");
                result.unwrap_or_else(|error| panic!("{what}: {error}"));
                let taken = look(&shared);
                assert!(taken.bytes == expected, "{what}: other bytes");
                // A completion whose end nobody saw is asked for again.
                assert!(taken.completions == 1 || call == Call::Finish, "{what}");
                drops += usize::from(was_dropped);
                if !was_dropped {
                    break;
                }
            }
        }
    }
    println!("{drops} drops");
    assert!(drops > 60, "{drops}");
}

/// As above, where a dropped future leaves half of the bytes.
#[test]
fn a_sink_that_tears_makes_every_later_call_fail() {
    let batches = batches();
    let expected = whole(&batches);
    let (mut whole, mut latched) = (0, 0);
    for (waits, on_threads) in [(1, false), (2, true)] {
        for (dropped, call) in CALLS.into_iter().enumerate() {
            for polls in 0.. {
                let shared = Shared::default();
                let sink = Tearing {
                    shared: shared.clone(),
                    waits,
                };
                let what = format!("{call:?} after {polls} polls, {waits} waits");
                let (result, was_dropped) = one_thread().block_on(async {
                    let mut writer = writer_into(sink, &batches, on_threads);
                    let (result, was_dropped) = run(&mut writer, &batches, dropped, polls).await;
                    if let Err(error) = &result {
                        assert_names_the_call(error, call, &shared, &what);
                        for later in [Call::Write(0), Call::Flush, Call::Finish] {
                            let later = make(&mut writer, later, &batches).await.unwrap_err();
                            assert_names_the_call(&later, call, &shared, &what);
                        }
                    }
                    (result, was_dropped)
                });
                let taken = look(&shared);
                match result {
                    Ok(()) => {
                        assert!(taken.bytes == expected, "{what}: other bytes");
                        assert_eq!(taken.completions, 1, "{what}");
                        whole += usize::from(was_dropped);
                    }
                    Err(_) => {
                        assert!(was_dropped, "{what}");
                        assert_eq!(taken.completions, 0, "{what}");
                        // Only a completion leaves all bytes behind.
                        let is_whole = rows_of(&taken.bytes).is_ok();
                        assert!(!is_whole || taken.bytes == expected, "{what}");
                        latched += 1;
                    }
                }
                if !was_dropped {
                    break;
                }
            }
        }
    }
    println!("{whole} went on, {latched} latched");
    assert!(whole > 15 && latched > 20, "{whole} {latched}");
}

fn assert_names_the_call(error: &ParquetError, dropped: Call, shared: &Shared, what: &str) {
    let ParquetError::Cancelled { call, step, taken } = error.root_cause() else {
        panic!("{what}: {error}");
    };
    let name = match dropped {
        Call::Write(_) => "write",
        Call::Flush => "flush",
        Call::Finish => "finish",
    };
    assert_eq!(*call, name, "{what}");
    // The sink has taken half of the chunk that it was given last.
    let found = look(shared).bytes.len() as u64;
    match *step {
        "taking bytes" => assert!(*taken <= found, "{what}: {error}"),
        _ => assert_eq!((*step, *taken), ("completing", found), "{what}"),
    }
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
}

/// Every call is dropped after each poll until it is through.
#[test]
fn a_program_that_drops_every_call_gets_its_file() {
    let batches = batches();
    let expected = whole(&batches);
    for polls in 1..4 {
        for on_threads in [false, true] {
            let shared = Shared::default();
            let sink = Keeping {
                shared: shared.clone(),
                waits: 2,
                ..Keeping::default()
            };
            let runtime = if polls == 2 {
                many_threads()
            } else {
                one_thread()
            };
            runtime.block_on(async {
                let mut writer = writer_into(sink, &batches, on_threads);
                for call in CALLS {
                    loop {
                        let rows = writer.rows_taken();
                        let result = at_most(polls, make(&mut writer, call, &batches)).await;
                        if let Some(result) = result {
                            break result.unwrap();
                        }
                        if !is_to_be_made_again(call, rows, writer.rows_taken()) {
                            break;
                        }
                        tokio::task::yield_now().await;
                    }
                }
            });
            assert!(
                look(&shared).bytes == expected,
                "{polls} polls: other bytes"
            );
        }
    }
}

/// Runs `test` where the only thread for blocking work has something else to do until what the test is given is
/// dropped.
fn with_busy_thread<F: Future>(test: impl FnOnce(mpsc::Sender<()>) -> F) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let (busy, is_free) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || is_free.recv());
        test(busy).await
    });
}

#[test]
fn a_refusal_that_nobody_waited_for_comes_with_the_next_call() {
    let batches = batches();
    let other = batches[0].project(&[0, 1]).unwrap();
    with_busy_thread(async |busy| {
        let mut writer = writer_into(Vec::new(), &batches, true);
        assert!(at_most(1, writer.write(&other)).await.is_none());
        assert_eq!(writer.rows_taken(), 700, "it may be taken yet");
        drop(busy);
        let error = writer.flush().await.unwrap_err();
        assert!(!matches!(error, ParquetError::Latched(_)), "{error}");
        assert_eq!(writer.rows_taken(), 0);
        writer.write(&batches[1]).await.unwrap();
        writer.finish().await.unwrap();
        assert_rows(&writer.into_inner(), &batches[1..2]);
    });
}

/// What is asked of a writer whose encoder is at work elsewhere.
#[test]
fn figures_and_pairs_do_not_wait_for_the_encoder() {
    let batches = batches();
    with_busy_thread(async |busy| {
        let mut writer = writer_into(Vec::new(), &batches, true);
        assert!(at_most(1, writer.write(&batches[0])).await.is_none());
        assert_eq!((writer.in_progress_rows(), writer.rows_taken()), (0, 700));
        assert!(writer.flushed_row_groups().is_empty());
        writer.append_key_value_metadata(KeyValue::new("tide".to_owned(), "low".to_owned()));
        assert!(at_most(1, writer.write(&batches[1])).await.is_none());
        assert_eq!(writer.rows_taken(), 700, "the first call has the thread");
        drop(busy);
        let metadata = writer.finish().await.unwrap();
        let pairs = metadata.file_metadata().key_value_metadata().unwrap();
        assert!(pairs.iter().any(|pair| pair.key == "tide"), "{pairs:?}");
        assert_rows(&writer.into_inner(), &batches[..1]);
    });
}

/// A writer that is dropped gives back its memory, wherever it was.
#[test]
fn a_dropped_writer_leaves_nothing_of_its_budget() {
    let batches = batches();
    for polls in 0..40 {
        let budget = MemoryBudget::new(8 << 20);
        let runtime = one_thread();
        runtime.block_on(async {
            let sink = Tearing {
                shared: Shared::default(),
                waits: 1,
            };
            let options = options(ROW_GROUP_ROWS).with_memory_budget(budget.clone());
            let writer = AsyncArrowWriter::try_new_with_options(sink, batches[0].schema(), options);
            let mut writer = writer.unwrap().with_runtime(Handle::current());
            let written = async {
                for call in CALLS {
                    make(&mut writer, call, &batches).await.unwrap();
                }
            };
            at_most(polls, written).await;
        });
        // Work that goes on is waited for.
        drop(runtime);
        assert_eq!((budget.used(), budget.members()), (0, 0), "{polls} polls");
    }
}
