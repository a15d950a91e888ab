//! Calls of a store that works on a thread fail. Which call is the n-th may differ from run to run, and errors come
//! later: what must hold is said for whatever was struck.

use std::io::ErrorKind;

use arrow::array::RecordBatch;
use herringbone::arrow::arrow_writer::OnSpillLimit;
use herringbone::errors::ParquetError;
use herringbone::file::properties::WriterVersion;

use crate::cases::{Case, Stack, Way};
use crate::faulty::{Call, Fault, Plan, When, hush_planned_panics};
use crate::input::{Shape, joined, read};
use crate::run::{Ending, First, Outcome, Subject};

const FAULTS: [Fault; 4] = [
    Fault::Error(ErrorKind::Other),
    Fault::Error(ErrorKind::StorageFull),
    Fault::Error(ErrorKind::Interrupted),
    Fault::Panic,
];

#[test]
fn every_call_of_a_thread_fails_once() {
    hush_planned_panics();
    let directory = tempfile::tempdir().unwrap();
    for (shape, on_spill_limit, is_limited) in [
        (Shape::Flat, OnSpillLimit::Fail, false),
        (Shape::Nested, OnSpillLimit::FlushRowGroup, true),
    ] {
        let case = Case {
            way: Way::Writer,
            shape,
            version: WriterVersion::PARQUET_2_0,
            keeps_dictionary: false,
            row_group_rows: 70,
            is_limited,
            stack: Stack::Background,
            on_spill_limit,
            filters: None,
        };
        let rows = joined(&case.batches());
        let outcome = case.run(Plan::none(), Ending::Close, &directory);
        assert!(outcome.first.is_none() && read(&outcome.file).unwrap() == rows);
        let calls = outcome.plan.calls().len();
        let mut reported = 0;
        for at in 0..calls {
            for (kind, fault) in FAULTS.into_iter().enumerate() {
                let when = match (at + kind) % 2 {
                    1 if fault == Fault::Error(ErrorKind::Other) => When::From(at),
                    _ => When::Once(at),
                };
                let ending = [Ending::Drop, Ending::Close, Ending::IntoInner][(at + kind) % 3];
                let outcome = case.run(Plan::new(fault, when), ending, &directory);
                let what = format!("{case:?}, {fault:?} {when:?} of {calls}, {ending:?}");
                reported += usize::from(outcome.first.is_some());
                check(&outcome, fault, at, &rows, on_spill_limit, &what);
            }
        }
        assert!(reported > calls, "{reported} of {calls} calls were told");
    }
}

fn check(
    outcome: &Outcome,
    fault: Fault,
    at: usize,
    rows: &RecordBatch,
    on_spill_limit: OnSpillLimit,
    what: &str,
) {
    let call = outcome.plan.calls().get(at).copied();
    let is_sink = matches!(call, Some(Call::Write | Call::Flush));
    let Some(first) = &outcome.first else {
        let is_excused = match (call, fault) {
            (None | Some(Call::DropStore), _) => true,
            (_, Fault::Error(ErrorKind::Interrupted)) => is_sink,
            // A page that finds no room is not lost: it stays in its buffer, which is all it takes if it is the last.
            (Some(Call::Put), Fault::Error(ErrorKind::StorageFull)) => true,
            (Some(Call::Spill), Fault::Error(ErrorKind::StorageFull)) => {
                on_spill_limit == OnSpillLimit::FlushRowGroup
            }
            _ => false,
        };
        assert!(is_excused, "{what}: {call:?} not reported");
        assert!(read(&outcome.file).unwrap() == *rows, "{what}: other rows");
        return;
    };
    if let Some(read) = read(&outcome.file) {
        // The file was whole when its last flush failed, or what came after.
        let is_late = matches!(call, Some(Call::Flush | Call::DropStore));
        assert!(is_late && read == *rows, "{what}: a file that looks whole");
    }
    let First::Error(error) = first else {
        assert_eq!(fault, Fault::Panic, "{what}");
        return;
    };
    match (error.root_cause(), fault) {
        (ParquetError::External(cause), Fault::Error(kind)) => {
            let cause = cause.downcast_ref::<std::io::Error>().unwrap();
            assert_eq!(cause.kind(), kind, "{what}: {error}");
        }
        (ParquetError::General(text), Fault::Panic) => {
            assert!(
                text.contains("panicked on another thread"),
                "{what}: {text}"
            );
        }
        (other, _) => panic!("{what}: {other}"),
    }
    let names_step = matches!(error, ParquetError::PageStore { .. });
    assert!(names_step || is_sink, "{what}: {error}");
}
