//! Every call to a store or the sink fails once, in every way it can.

use std::io::ErrorKind;

use arrow::array::RecordBatch;
use herringbone::arrow::arrow_writer::OnSpillLimit;
use herringbone::errors::ParquetError;
use herringbone::file::properties::{BloomFilterPosition, WriterVersion};

use tempfile::TempDir;

use crate::cases::{Case, Stack, Way};
use crate::faulty::{Call, Fault, Plan, When, hush_planned_panics};
use crate::input::{Shape, joined, read};
use crate::run::{Ending, First, Outcome, Subject};
use crate::typed::{Typed, Within};

const PLAIN: Case = Case {
    way: Way::Writer,
    shape: Shape::Flat,
    version: WriterVersion::PARQUET_1_0,
    keeps_dictionary: true,
    row_group_rows: 1000,
    is_limited: false,
    stack: Stack::Top,
    on_spill_limit: OnSpillLimit::Fail,
    filters: None,
};

/// Rows of a row group that no batch fills alone, and that batches are split for.
const SEVERAL: usize = 70;

/// Bytes that columns of physical values may keep: their pages do not fit.
const TYPED_LIMIT: usize = 6 << 10;

const LIMITED: Case = Case {
    is_limited: true,
    stack: Stack::Cold,
    ..PLAIN
};

#[test]
fn a_writer_of_flat_columns() {
    for (version, keeps_dictionary) in both_versions_and_dictionaries() {
        for row_group_rows in [1000, SEVERAL] {
            every_call_fails_once(Case {
                version,
                keeps_dictionary,
                row_group_rows,
                ..PLAIN
            });
        }
    }
}

#[test]
fn a_writer_of_nested_columns() {
    for (version, keeps_dictionary) in both_versions_and_dictionaries() {
        every_call_fails_once(Case {
            shape: Shape::Nested,
            version,
            keeps_dictionary,
            row_group_rows: match keeps_dictionary {
                true => SEVERAL,
                false => 1000,
            },
            ..PLAIN
        });
    }
}

#[test]
fn a_writer_with_a_memory_limit() {
    for stack in [Stack::Top, Stack::Guarded, Stack::Cold, Stack::AboveTiers] {
        for shape in [Shape::Flat, Shape::Nested] {
            every_call_fails_once(Case {
                stack,
                shape,
                row_group_rows: match shape {
                    Shape::Nested => 1000,
                    Shape::Flat | Shape::Numbers => SEVERAL,
                },
                ..LIMITED
            });
        }
    }
}

#[test]
fn a_writer_that_ends_row_groups_when_the_store_is_full() {
    for (stack, shape) in [
        (Stack::Top, Shape::Flat),
        (Stack::Cold, Shape::Flat),
        (Stack::AboveTiers, Shape::Nested),
    ] {
        every_call_fails_once(Case {
            stack,
            shape,
            on_spill_limit: OnSpillLimit::FlushRowGroup,
            ..LIMITED
        });
    }
}

#[test]
fn a_writer_of_bloom_filters() {
    for position in [BloomFilterPosition::AfterRowGroup, BloomFilterPosition::End] {
        for on_spill_limit in [OnSpillLimit::Fail, OnSpillLimit::FlushRowGroup] {
            every_call_fails_once(Case {
                filters: Some(position),
                keeps_dictionary: false,
                row_group_rows: SEVERAL,
                on_spill_limit,
                ..LIMITED
            });
        }
    }
    // Filters that do not fit into the limit together leave memory in parts.
    for stack in [Stack::Cold, Stack::AboveTiers] {
        every_call_fails_once(Case {
            shape: Shape::Numbers,
            filters: Some(BloomFilterPosition::AfterRowGroup),
            keeps_dictionary: false,
            row_group_rows: 10_000,
            stack,
            ..LIMITED
        });
    }
}

#[test]
fn columns_that_the_caller_encodes() {
    for (version, keeps_dictionary) in both_versions_and_dictionaries() {
        every_call_fails_once(Case {
            way: Way::Pieces,
            shape: match keeps_dictionary {
                true => Shape::Flat,
                false => Shape::Nested,
            },
            version,
            keeps_dictionary,
            ..PLAIN
        });
    }
    every_call_fails_once(Case {
        way: Way::Pieces,
        ..LIMITED
    });
}

fn both_versions_and_dictionaries() -> [(WriterVersion, bool); 4] {
    let (v1, v2) = (WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0);
    [(v1, true), (v1, false), (v2, true), (v2, false)]
}

#[test]
fn columns_of_physical_values_and_appended_chunks() {
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        every_call_fails_once(Typed {
            version,
            within: None,
        });
    }
}

#[test]
fn columns_of_physical_values_that_wait_in_stores() {
    let (limit, fail, go_on) = (
        Some(TYPED_LIMIT),
        OnSpillLimit::Fail,
        OnSpillLimit::FlushRowGroup,
    );
    for (stack, limit, on_spill_limit, has_filters) in [
        (Stack::Top, None, fail, false),
        (Stack::Top, None, go_on, false),
        (Stack::Cold, limit, fail, false),
        (Stack::AboveTiers, limit, go_on, false),
        (Stack::Guarded, limit, go_on, true),
    ] {
        every_call_fails_once(Typed {
            version: WriterVersion::PARQUET_1_0,
            within: Some(Within {
                stack,
                limit,
                on_spill_limit,
                has_filters,
            }),
        });
    }
}

/// A run without a fault, and its calls.
struct Reference {
    file: Vec<u8>,
    rows: RecordBatch,
    calls: Vec<Call>,
}

impl Reference {
    fn of(subject: &impl Subject, directory: &TempDir) -> Self {
        let outcome = subject.run(Plan::none(), Ending::Close, directory);
        assert!(outcome.first.is_none(), "{subject:?}: {}", told(&outcome));
        let rows = read(&outcome.file).unwrap();
        assert!(rows == joined(&subject.batches()), "{subject:?}");
        Self {
            file: outcome.file,
            rows,
            calls: outcome.plan.calls(),
        }
    }

    /// The last flush before the run succeeds.
    fn last_flush(&self) -> usize {
        let mut calls = self.calls.iter();
        calls.rposition(|call| *call == Call::Flush).unwrap()
    }
}

/// What was done to one call of a run.
#[derive(Debug, Clone, Copy)]
struct Strike {
    at: usize,
    call: Call,
    fault: Fault,
    when: When,
    ending: Ending,
}

fn every_call_fails_once(subject: impl Subject) {
    hush_planned_panics();
    let directory = tempfile::tempdir().unwrap();
    let reference = Reference::of(&subject, &directory);
    for call in subject.expected_calls() {
        assert!(
            reference.calls.contains(&call),
            "{subject:?} never calls {call:?}"
        );
    }
    for (at, call) in reference.calls.iter().copied().enumerate() {
        for (kind, fault) in faults(call).into_iter().enumerate() {
            // Whoever is interrupted for ever tries for ever, and drops may panic inside other calls.
            let once = [Fault::Panic, Fault::Error(ErrorKind::Interrupted)];
            let stays = (at + kind) % 2 == 1 && !once.contains(&fault);
            let strike = Strike {
                at,
                call,
                fault,
                when: match stays {
                    true => When::From(at),
                    false => When::Once(at),
                },
                ending: [Ending::Drop, Ending::Close, Ending::IntoInner][(at + kind) % 3],
            };
            let outcome = subject.run(Plan::new(fault, strike.when), strike.ending, &directory);
            let what = format!("{subject:?}, {strike:?}");
            assert!(outcome.plan.has_struck(), "{what}");
            check(&subject, &reference, &outcome, strike, &what);
        }
    }
}

/// What can go wrong with a call.
fn faults(call: Call) -> Vec<Fault> {
    use ErrorKind::{Interrupted, Other, StorageFull, WouldBlock};
    let mut faults = vec![Fault::Panic];
    if call != Call::DropStore {
        faults.extend([Other, StorageFull, Interrupted, WouldBlock].map(Fault::Error));
    }
    if call == Call::Write {
        faults.extend([Fault::Short, Fault::Nothing, Fault::Torn]);
    }
    faults
}

fn check(
    subject: &impl Subject,
    reference: &Reference,
    outcome: &Outcome,
    strike: Strike,
    what: &str,
) {
    let Strike {
        at, call, fault, ..
    } = strike;
    let is_sink = matches!(call, Call::Write | Call::Flush);
    let is_retried = is_sink && fault == Fault::Error(ErrorKind::Interrupted);
    if is_retried || fault == Fault::Short {
        assert!(outcome.first.is_none(), "{what}: {}", told(outcome));
        assert!(outcome.file == reference.file, "{what}: another file");
        return;
    }
    if fault == Fault::Error(ErrorKind::StorageFull) && subject.goes_on_when_full(call) {
        assert!(outcome.first.is_none(), "{what}: {}", told(outcome));
        assert!(
            read(&outcome.file).unwrap() == reference.rows,
            "{what}: other rows"
        );
        return;
    }
    match &outcome.first {
        None => assert!(
            call == Call::DropStore && at > reference.last_flush(),
            "{what}: not reported"
        ),
        Some(First::Panic) => assert_eq!(fault, Fault::Panic, "{what}"),
        Some(First::Error(error)) => check_error(subject, error, call, fault, what),
    }
    match (&outcome.finished, read(&outcome.file)) {
        (None, None) => {}
        (None, Some(_)) => assert!(
            at == reference.last_flush() && outcome.file == reference.file,
            "{what}: an error, and a file that looks whole"
        ),
        (Some(_), None) => panic!("{what}: finished, and no file"),
        (Some(held), Some(rows)) => {
            let batches = subject.batches();
            let held: Vec<_> = held.iter().map(|at| batches[*at].clone()).collect();
            match held.is_empty() {
                true => assert_eq!(rows.num_rows(), 0, "{what}"),
                false => assert!(rows == joined(&held), "{what}: other rows"),
            }
        }
    }
}

/// The first error says who failed and how.
fn check_error(subject: &impl Subject, error: &ParquetError, call: Call, fault: Fault, what: &str) {
    let step = match error {
        ParquetError::PageStore { step, .. } => *step,
        _ => "sink",
    };
    assert!(subject.steps(call).contains(&step), "{what}: {error}");
    let kind = match fault {
        Fault::Error(kind) => kind,
        Fault::Nothing => ErrorKind::WriteZero,
        Fault::Short | Fault::Torn | Fault::Panic => ErrorKind::Other,
    };
    match error.root_cause() {
        ParquetError::External(cause) => {
            let cause = cause.downcast_ref::<std::io::Error>().unwrap();
            assert_eq!(cause.kind(), kind, "{what}: {error}");
        }
        other => panic!("{what}: {other}"),
    }
}

fn told(outcome: &Outcome) -> String {
    match &outcome.first {
        Some(First::Error(error)) => error.to_string(),
        Some(First::Panic) => "panicked".to_owned(),
        None => "succeeded".to_owned(),
    }
}
