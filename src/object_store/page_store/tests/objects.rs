//! An object store on the heap that fails, waits and panics as a test tells it.

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::errors::{ParquetError, Result};
use crate::object_store::request::RequestError;
use crate::object_store::versions::{Request, Store, Stored, Upload};

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It fails, and nothing has happened.
    Before,
    /// It is done, and fails.
    After,
    /// There is no answer, ever.
    Hangs,
    Panics,
    /// A read comes back with one byte that differs.
    Lies,
    /// A read comes back a byte shorter.
    IsShort,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Put,
    Get,
    Delete,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Bytes>,
    log: Vec<(Kind, u64)>,
    /// The request with this number, or all from it on.
    fault: Option<(usize, bool, Fault)>,
    /// Faults of these alone.
    only: Option<Kind>,
    quota: Option<usize>,
}

/// Clones share the objects.
#[derive(Debug, Clone, Default)]
pub(super) struct Objects(Arc<Mutex<State>>);

impl Objects {
    /// Lets request `number` fail.
    pub(super) fn fail_once(&self, number: usize, fault: Fault) {
        self.state(|state| state.fault = Some((number, false, fault)));
    }

    /// Lets all requests of this kind fail from the next on.
    pub(super) fn fail_all(&self, kind: Kind, fault: Fault) {
        self.state(|state| {
            state.fault = Some((state.log.len(), true, fault));
            state.only = Some(kind);
        });
    }

    /// No more than these bytes have room.
    pub(super) fn set_quota(&self, bytes: usize) {
        self.state(|state| state.quota = Some(bytes));
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.state(|state| state.objects.keys().cloned().collect())
    }

    pub(super) fn requests(&self) -> usize {
        self.state(|state| state.log.len())
    }

    /// Bytes of the requests of a kind.
    pub(super) fn sizes(&self, kind: Kind) -> Vec<u64> {
        let of_kind = |state: &mut State| {
            let log = state.log.iter().filter(|(other, _)| *other == kind);
            log.map(|(_, bytes)| *bytes).collect()
        };
        self.state(of_kind)
    }

    fn state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    /// Counts a request in, and says what becomes of it.
    fn fate(&self, kind: Kind, bytes: u64) -> Option<Fault> {
        self.state(|state| {
            let number = state.log.len();
            state.log.push((kind, bytes));
            let (at, is_for_ever, fault) = state.fault?;
            let is_meant = number == at || is_for_ever && number > at;
            let is_kind = state.only.is_none_or(|only| only == kind);
            (is_meant && is_kind).then_some(fault)
        })
    }

    async fn ask<T>(
        self,
        kind: Kind,
        path: String,
        bytes: u64,
        act: impl FnOnce(&mut State) -> Result<T>,
    ) -> Result<T> {
        let fate = self.fate(kind, bytes);
        tokio::task::yield_now().await;
        let fails = |kind: io::ErrorKind| {
            let source = Box::new(io::Error::from(kind));
            Err(RequestError::reported("request", &path, kind, source))
        };
        match fate {
            Some(Fault::Before) => return fails(io::ErrorKind::ConnectionReset),
            Some(Fault::After) => {
                let _ = self.state(act);
                return fails(io::ErrorKind::ConnectionReset);
            }
            Some(Fault::Hangs) => pending::<()>().await,
            Some(Fault::Panics) => panic!("the object store is broken"),
            Some(Fault::Lies | Fault::IsShort) | None => {}
        }
        self.state(act)
    }
}

impl Store for Objects {
    fn put(&self, path: &str, payload: Vec<Bytes>) -> Request<Stored> {
        let path = path.to_owned();
        let object = Bytes::from(payload.concat());
        let length = object.len();
        Box::pin(
            self.clone()
                .ask(Kind::Put, path.clone(), length as u64, move |state| {
                    let used: usize = state.objects.values().map(Bytes::len).sum();
                    if state.quota.is_some_and(|quota| used + length > quota) {
                        let kind = io::ErrorKind::StorageFull;
                        let source = Box::new(io::Error::from(kind));
                        return Err(RequestError::reported("put", &path, kind, source));
                    }
                    state.objects.insert(path, object);
                    Ok(Stored::default())
                }),
        )
    }

    fn begin_upload(&self, _: &str) -> Request<Box<dyn Upload>> {
        Box::pin(async { Err(ParquetError::General("pages take no upload".to_owned())) })
    }

    fn get_ranges(&self, path: &str, ranges: Vec<Range<u64>>) -> Request<Vec<Bytes>> {
        let (path, objects) = (path.to_owned(), self.clone());
        let bytes = ranges.iter().map(|range| range.end - range.start).sum();
        Box::pin(async move {
            let number = objects.requests();
            let key = path.clone();
            let got = objects.clone().ask(Kind::Get, path, bytes, move |state| {
                let object = state.objects.get(&key);
                let object = object.ok_or_else(|| ParquetError::General(format!("no {key}")))?;
                let cut =
                    |range: Range<u64>| object.slice(range.start as usize..range.end as usize);
                Ok(ranges.into_iter().map(cut).collect::<Vec<_>>())
            });
            let mut got = got.await?;
            let fault = objects.state(|state| state.fault);
            if let (Some((at, is_for_ever, fault)), Some(first)) = (fault, got.first_mut())
                && (at == number || is_for_ever)
            {
                let mut changed = first.to_vec();
                match fault {
                    Fault::Lies => changed[0] ^= 1,
                    Fault::IsShort => drop(changed.pop()),
                    _ => {}
                }
                *first = changed.into();
            }
            Ok(got)
        })
    }

    fn delete(&self, path: &str) -> Request<()> {
        let path = path.to_owned();
        Box::pin(
            self.clone()
                .ask(Kind::Delete, path.clone(), 0, move |state| {
                    let kind = io::ErrorKind::NotFound;
                    let missing =
                        || RequestError::reported("delete", &path, kind, "not there".into());
                    state.objects.remove(&path).map(drop).ok_or_else(missing)
                }),
        )
    }
}
