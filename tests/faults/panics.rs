//! Every method of a store and of a memory source panics, once and for ever, on whatever thread it is called: the call
//! in which it happens ends in time, and nothing later succeeds by mistake.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use herringbone::arrow::arrow_writer::OnSpillLimit;
use herringbone::errors::ParquetError;
use herringbone::file::properties::WriterVersion;
use tempfile::TempDir;

use crate::cases::{Case, Stack, Way};
use crate::faulty::{Call, Fault, Plan, SOURCE_CALLS, When, hush_planned_panics};
use crate::input::{Shape, joined, read};
use crate::run::{Ending, First, Outcome, Subject};
use crate::typed::{Typed, Within};

/// A run takes some milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Calls of one kind that are struck in one case, if there are more.
const STRIKES: usize = 14;

const CASE: Case = Case {
    way: Way::Writer,
    shape: Shape::Flat,
    version: WriterVersion::PARQUET_1_0,
    keeps_dictionary: false,
    row_group_rows: 70,
    is_limited: true,
    stack: Stack::Background,
    on_spill_limit: OnSpillLimit::Fail,
    filters: None,
};

#[test]
fn a_store_that_panics_when_it_is_asked_for_its_size() {
    for stack in [
        Stack::Top,
        Stack::Guarded,
        Stack::Cold,
        Stack::AboveTiers,
        Stack::Background,
    ] {
        for call in [Call::MemorySize, Call::ReservedSize] {
            every_call_panics(Case { stack, ..CASE }, Way::Writer, call);
        }
    }
}

#[test]
fn a_store_that_panics_on_a_thread() {
    for call in [Call::Create, Call::Put, Call::Take, Call::Spill] {
        every_call_panics(CASE, Way::Writer, call);
    }
}

#[test]
fn a_sink_that_panics() {
    for stack in [Stack::Top, Stack::Background] {
        for call in [Call::Write, Call::Flush] {
            every_call_panics(Case { stack, ..CASE }, Way::Writer, call);
        }
    }
}

#[test]
fn a_memory_source_that_panics() {
    for stack in [Stack::Cold, Stack::PaidBackground] {
        for call in SOURCE_CALLS {
            every_call_panics(Case { stack, ..CASE }, Way::Writer, call);
        }
    }
    // Columns of a caller's own are written by no writer that could remember the panic.
    for call in [Call::TryGrow, Call::Grow, Call::Shrink] {
        let (way, stack) = (Way::Pieces, Stack::Cold);
        every_call_panics(Case { way, stack, ..CASE }, way, call);
    }
}

#[test]
fn columns_of_physical_values_whose_store_or_memory_panics() {
    for (stack, call) in [
        (Stack::Top, Call::MemorySize),
        (Stack::AboveTiers, Call::ReservedSize),
        (Stack::Background, Call::Put),
        (Stack::Cold, Call::TryGrow),
        (Stack::Cold, Call::Grow),
        (Stack::Cold, Call::Shrink),
        (Stack::Cold, Call::Limit),
        (Stack::Cold, Call::Used),
    ] {
        let typed = Typed {
            version: WriterVersion::PARQUET_1_0,
            within: Some(Within {
                stack,
                limit: Some(6 << 10),
                on_spill_limit: OnSpillLimit::Fail,
                has_filters: false,
            }),
        };
        every_call_panics(typed, Way::Writer, call);
    }
}

fn every_call_panics<S>(case: S, way: Way, call: Call)
where
    S: Subject + Copy + Send + 'static,
{
    hush_planned_panics();
    let directory = Arc::new(tempfile::tempdir().unwrap());
    let plan = |when| Plan::new(Fault::Panic, when).only(call);
    let unharmed = within(case, plan(When::Never), Ending::Close, &directory);
    let rows = joined(&case.batches());
    assert!(unharmed.first.is_none() && read(&unharmed.file).unwrap() == rows);
    let calls = unharmed.plan.calls().len();
    assert!(
        calls > 0 || call == Call::Spill,
        "{case:?}: {calls} {call:?}"
    );
    // The first ones, and some of the others.
    let step = calls
        .saturating_sub(STRIKES / 2)
        .div_ceil(STRIKES / 2)
        .max(1);
    let struck = (0..calls).filter(|at| *at < STRIKES / 2 || at % step == 0);
    let mut told = 0;
    for at in struck {
        for (kind, when) in [When::Once(at), When::From(at)].into_iter().enumerate() {
            let ending = [Ending::Drop, Ending::Close, Ending::IntoInner][(at + kind) % 3];
            let outcome = within(case, plan(when), ending, &directory);
            let what = format!("{case:?}, {call:?} panics {when:?} of {calls}, {ending:?}");
            told += usize::from(outcome.first.is_some());
            if let Some(First::Error(error)) = &outcome.first {
                assert!(
                    matches!(error.root_cause(), ParquetError::General(text) if text.contains("panicked")),
                    "{what}: {error}"
                );
            }
            match (&outcome.first, read(&outcome.file), way) {
                (None, None, _) => panic!("{what}: finished, and no file"),
                (_, Some(read), Way::Writer) => assert!(read == rows, "{what}: other rows"),
                (_, Some(read), Way::Pieces) => {
                    let batches = case.batches();
                    let held = outcome.finished.unwrap_or_default();
                    let held: Vec<_> = held.iter().map(|at| batches[*at].clone()).collect();
                    assert!(
                        held.is_empty() || read == joined(&held),
                        "{what}: other rows"
                    );
                }
                (Some(_), None, _) => {}
            }
        }
    }
    assert!(
        told > 0 || call == Call::Spill,
        "{case:?}: no {call:?} was told of"
    );
}

/// A run, or a panic if it does not end.
fn within<S>(case: S, plan: Plan, ending: Ending, directory: &Arc<TempDir>) -> Outcome
where
    S: Subject + Copy + Send + 'static,
{
    let (told, outcome) = channel();
    let (place, planned) = (Arc::clone(directory), plan.clone());
    let run = thread::spawn(move || {
        let outcome = case.run(planned, ending, &place);
        let _ = told.send(outcome);
    });
    match outcome.recv_timeout(PATIENCE) {
        Ok(outcome) => outcome,
        Err(_) if run.is_finished() => panic!("{case:?}, {plan:?}: {:?}", run.join()),
        Err(_) => panic!("{case:?}, {ending:?}: no answer, {plan:?}"),
    }
}
