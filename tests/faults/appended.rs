//! Chunks that are copied into a file from a source that fails.

use std::io::{self, ErrorKind, Read};

use bytes::Bytes;
use herringbone::errors::{ParquetError, Result};
use herringbone::file::properties::WriterVersion;
use herringbone::file::reader::{ChunkReader, Length};
use herringbone::file::writer::SerializedFileWriter;

use crate::faulty::{Call, Fault, FaultySink, Plan, When};
use crate::input::read;
use crate::run::Steps;
use crate::typed::Typed;

const TYPED: Typed = Typed {
    within: None,
    version: WriterVersion::PARQUET_1_0,
};

/// Bytes whose calls fail as planned: first the one for a reader, then reads.
struct Source {
    plan: Plan,
    bytes: Bytes,
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

impl ChunkReader for Source {
    type T = Source;

    fn get_read(&self, start: u64) -> Result<Source> {
        self.plan.pass(Call::Create)?;
        Ok(Source {
            plan: self.plan.clone(),
            bytes: self.bytes.slice(start as usize..),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        Ok(self.bytes.slice(start as usize..start as usize + length))
    }
}

impl Read for Source {
    /// Few bytes at a time.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.plan.strikes(Call::Take) {
            Some(Fault::Nothing) => Ok(0),
            Some(Fault::Error(kind)) => Err(io::Error::new(kind, "injected fault in Read")),
            _ => {
                let length = buffer.len().min(self.bytes.len()).min(300);
                buffer[..length].copy_from_slice(&self.bytes.split_to(length));
                Ok(length)
            }
        }
    }
}

/// Appends a row group from sources that fail as planned, and goes on.
fn append(plan: &Plan) -> (Steps, Vec<u8>) {
    let sink = FaultySink::new(Plan::none());
    let schema = Typed::schema();
    let mut file = SerializedFileWriter::new(sink.clone(), schema, TYPED.properties()).unwrap();
    let mut steps = Steps::default();
    let mut row_group = file.next_row_group().unwrap();
    for (bytes, close) in TYPED.chunks() {
        let source = Source {
            plan: plan.clone(),
            bytes: bytes.clone(),
        };
        let before = plan.calls().len();
        let appended = row_group.append_column(&source, close.clone());
        let is_opened = plan.calls().len() > before + 1;
        match appended {
            // Nothing was written: another source may serve.
            Err(error) if !is_opened && !steps.has_failed() => {
                assert!(error.to_string().contains("injected"), "{error}");
                row_group.append_column(&bytes, close).unwrap();
            }
            appended => drop(steps.call("append_column", || appended)),
        }
    }
    steps.call("close row group", || row_group.close());
    steps.call("finish", || file.finish());
    (steps, sink.taken())
}

#[test]
fn a_source_that_fails_midway_is_the_end_of_the_file() {
    let reference = Plan::none();
    let (_, whole) = append(&reference);
    assert_eq!(read(&whole).unwrap().num_rows(), 120);
    let calls = reference.calls();
    assert!(calls.len() > 10, "{calls:?}");
    let faults = [
        Fault::Error(ErrorKind::Other),
        Fault::Error(ErrorKind::Interrupted),
        Fault::Nothing,
    ];
    for (at, call) in calls.into_iter().enumerate() {
        for fault in faults {
            let what = format!("call {at} {call:?}, {fault:?}");
            let (steps, file) = append(&Plan::new(fault, When::Once(at)));
            let is_retried = fault == Fault::Error(ErrorKind::Interrupted);
            if call == Call::Create || is_retried {
                assert!(!steps.has_failed(), "{what}");
                assert!(file == whole, "{what}: another file");
                continue;
            }
            assert!(steps.has_failed(), "{what}");
            assert!(read(&file).is_none(), "{what}: a file that looks whole");
        }
    }
}

#[test]
fn a_chunk_of_another_column_or_length_is_refused_and_the_row_group_goes_on() {
    let sink = FaultySink::new(Plan::none());
    let schema = Typed::schema();
    let mut file = SerializedFileWriter::new(sink.clone(), schema, TYPED.properties()).unwrap();
    let mut row_group = file.next_row_group().unwrap();
    let [(ids, id_close), (tags, tag_close)]: [_; 2] = TYPED.chunks().try_into().unwrap();
    let error = row_group
        .append_column(&tags, tag_close.clone())
        .unwrap_err();
    assert!(matches!(error, ParquetError::General(_)), "{error}");
    row_group.append_column(&ids, id_close).unwrap();
    let mut fewer = tag_close.clone();
    fewer.rows_written -= 1;
    let error = row_group.append_column(&tags, fewer).unwrap_err();
    assert!(matches!(error, ParquetError::General(_)), "{error}");
    row_group.append_column(&tags, tag_close).unwrap();
    row_group.close().unwrap();
    file.close().unwrap();
    assert_eq!(read(&sink.taken()).unwrap().num_rows(), 120);
}
