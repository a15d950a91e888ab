//! The segments of a pool and what is at work for them. Changes are decided here, and requests begun; whoever holds the
//! lock starts them once it is given back.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::mem;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::failure::{Failure, is_not_found};
use super::segment::{Segment, gathered_bytes};
use crate::budget::Reservation;
use crate::column::page_store::SpillMetrics;
use crate::errors::{ParquetError, Result};

/// What a pool knows.
pub(super) struct State {
    segments: HashMap<u64, Entry>,
    /// The segment that blobs are added to.
    open: Option<u64>,
    open_bytes: usize,
    /// Bytes of payloads in memory, those that could not be put among them.
    sealed_bytes: usize,
    /// Segments whose objects are being made.
    making: BTreeSet<u64>,
    deletes: usize,
    failed: usize,
    /// Segments whose objects are to be deleted.
    doomed: VecDeque<u64>,
    next_segment: u64,
    next_serial: u64,
    started: Vec<Started>,
    held: Option<Reservation>,
    metrics: SpillMetrics,
}

/// A request that has been decided on.
pub(super) struct Started {
    pub(super) segment: u64,
    pub(super) serial: u64,
    pub(super) request: Request,
    pub(super) cancelled: oneshot::Receiver<()>,
}

/// What the store is asked for.
pub(super) enum Request {
    Put(Vec<Bytes>),
    Delete,
}

/// A store's blobs in a segment: those with keys from `first` on.
#[derive(Debug)]
pub(super) struct PieceOf {
    pub(super) segment: u64,
    pub(super) first: u64,
    /// Blobs that have not been taken. None is left once the piece has been released.
    pub(super) left: usize,
    piece: usize,
}

/// Where a blob is.
pub(super) enum Found {
    Memory(Bytes),
    /// In an object, from this byte on.
    Object(u64),
}

struct Entry {
    segment: Segment,
    object: Object,
}

enum Object {
    /// Not begun: blobs are still gathered.
    Gathered,
    Making(AtWork),
    /// Not there, or nobody knows. The payload is still in memory.
    Failed(Failure),
    Made {
        length: u64,
    },
    /// Waits for its turn to be deleted.
    Doomed {
        length: u64,
        attempts: usize,
    },
    Going {
        work: AtWork,
        length: u64,
        attempts: usize,
    },
}

/// A request, which ends when this is dropped.
struct AtWork {
    serial: u64,
    _cancel: oneshot::Sender<()>,
}

/// Objects that are deleted at once.
const MOST_DELETES: usize = 16;

/// How often an object is tried to be deleted. Nobody is told that it failed.
const MOST_ATTEMPTS: usize = 3;

impl State {
    pub(super) fn new(held: Option<Reservation>, metrics: SpillMetrics) -> Self {
        Self {
            segments: HashMap::new(),
            open: None,
            open_bytes: 0,
            sealed_bytes: 0,
            making: BTreeSet::new(),
            deletes: 0,
            failed: 0,
            doomed: VecDeque::new(),
            next_segment: 0,
            next_serial: 0,
            started: Vec::new(),
            held,
            metrics,
        }
    }

    /// Bytes of all segments in memory.
    pub(super) fn bytes(&self) -> usize {
        self.open_bytes + self.sealed_bytes
    }

    /// Bytes of the segment that blobs are added to.
    pub(super) fn open_bytes(&self) -> usize {
        self.open_bytes
    }

    /// Whether objects are being made.
    pub(super) fn is_making(&self) -> bool {
        !self.making.is_empty()
    }

    /// The number of the next segment.
    pub(super) fn next_segment(&self) -> u64 {
        self.next_segment
    }

    /// Whether objects of segments before this one are being made.
    pub(super) fn is_making_before(&self, segment: u64) -> bool {
        self.making.first().is_some_and(|first| *first < segment)
    }

    /// Whether nothing is at work, or waits for its turn.
    pub(super) fn is_idle(&self) -> bool {
        self.making.is_empty() && self.deletes == 0 && self.doomed.is_empty()
    }

    /// Whether requests have been decided on that nobody has started.
    pub(super) fn has_started(&self) -> bool {
        !self.started.is_empty()
    }

    /// Those requests, to be started.
    pub(super) fn start(&mut self) -> Vec<Started> {
        mem::take(&mut self.started)
    }

    /// Pays for `more` bytes if the budget grants them.
    pub(super) fn try_hold(&mut self, more: usize) -> bool {
        let bytes = self.bytes() + more;
        let held = self.held.as_mut();
        held.is_none_or(|held| held.try_resize(bytes).is_ok())
    }

    /// Pays for what is in memory.
    pub(super) fn settle(&mut self) {
        let bytes = self.bytes();
        if let Some(held) = &mut self.held {
            held.resize(bytes);
        }
    }

    /// Adds a blob to the open segment.
    pub(super) fn add(&mut self, pieces: &mut Vec<PieceOf>, key: u64, blob: Bytes) {
        let number = match self.open {
            Some(open) => open,
            None => {
                let opened = self.insert(Segment::default(), Object::Gathered);
                *self.open.insert(opened)
            }
        };
        let Some(entry) = self.segments.get_mut(&number) else {
            return;
        };
        self.open_bytes += gathered_bytes(blob.len());
        let last = pieces.last_mut();
        match last.filter(|last| last.segment == number && last.left > 0) {
            Some(last) => {
                last.left += 1;
                entry.segment.push(last.piece, blob);
            }
            None => {
                let piece = entry.segment.open_piece();
                entry.segment.push(piece, blob);
                pieces.push(PieceOf::one(number, piece, key));
            }
        }
    }

    /// Begins to make an object of one blob, for whose bytes somebody else pays.
    pub(super) fn add_alone(&mut self, key: u64, blob: Bytes) -> PieceOf {
        let segment = self.insert(Segment::alone(blob), Object::Gathered);
        self.upload(segment);
        PieceOf::one(segment, 0, key)
    }

    /// Begins to make an object of what is gathered.
    pub(super) fn seal(&mut self) {
        let Some(number) = self.open.take() else {
            return;
        };
        self.open_bytes = 0;
        if let Some(entry) = self.segments.get_mut(&number) {
            self.sealed_bytes += entry.segment.seal();
            self.upload(number);
        }
    }

    /// How the making of an object has ended, if it has.
    pub(super) fn outcome_of(&self, segment: u64) -> Option<Result<()>> {
        match &self.segments.get(&segment)?.object {
            Object::Gathered | Object::Making(_) => None,
            Object::Failed(failure) => Some(Err(failure.error())),
            Object::Made { .. } | Object::Doomed { .. } | Object::Going { .. } => Some(Ok(())),
        }
    }

    /// Why an object could not be made that has blobs in one of these pieces, if there is such.
    pub(super) fn failure(&self, pieces: &[PieceOf]) -> Option<&Failure> {
        if self.failed == 0 {
            return None;
        }
        let segments = pieces.iter().filter(|piece| piece.left > 0);
        let mut objects = segments.filter_map(|piece| self.segments.get(&piece.segment));
        objects.find_map(|entry| match &entry.object {
            Object::Failed(failure) => Some(failure),
            _ => None,
        })
    }

    /// Finds a blob, and takes it out of its segment if it is gathered there.
    pub(super) fn take(&mut self, piece: &PieceOf, key: u64, length: usize) -> Option<Found> {
        let at = usize::try_from(key.checked_sub(piece.first)?).ok()?;
        let entry = self.segments.get_mut(&piece.segment)?;
        if let Object::Gathered = entry.object {
            let blob = entry.segment.take_gathered(piece.piece, at)?;
            self.open_bytes -= gathered_bytes(blob.len());
            return Some(Found::Memory(blob));
        }
        let start = entry.segment.start_of(piece.piece, at)?;
        if let Object::Made { .. } = entry.object {
            return Some(Found::Object(start));
        }
        let blob = entry.segment.blob(start..start + length as u64)?;
        Some(Found::Memory(blob))
    }

    /// Where a blob begins in its object; `None` if it is in memory.
    pub(super) fn start_in_object(&self, piece: &PieceOf, key: u64) -> Option<u64> {
        let at = usize::try_from(key.checked_sub(piece.first)?).ok()?;
        let entry = self.segments.get(&piece.segment)?;
        match entry.object {
            Object::Made { .. } => entry.segment.start_of(piece.piece, at),
            _ => None,
        }
    }

    /// Lets a piece go. With its last piece goes the segment, and the object.
    pub(super) fn release(&mut self, piece: &mut PieceOf) {
        piece.left = 0;
        let Some(entry) = self.segments.get_mut(&piece.segment) else {
            return;
        };
        let freed = entry.segment.forget(piece.piece);
        if let Object::Gathered = entry.object {
            self.open_bytes -= freed;
        }
        if entry.segment.wanted == 0 {
            self.drop_segment(piece.segment);
        }
    }

    /// Notes how a request has ended. One that has been given up is not noted.
    pub(super) fn end(&mut self, segment: u64, serial: u64, outcome: Result<()>) {
        let Some(entry) = self.segments.get_mut(&segment) else {
            return;
        };
        match &entry.object {
            Object::Making(work) if work.serial == serial => self.end_upload(segment, outcome),
            Object::Going {
                work,
                length,
                attempts,
            } if work.serial == serial => {
                let (length, attempts) = (*length, attempts + 1);
                self.deletes -= 1;
                let is_gone = outcome.is_ok() || outcome.is_err_and(|error| is_not_found(&error));
                if is_gone || attempts >= MOST_ATTEMPTS {
                    self.forget(segment, length);
                } else {
                    entry.object = Object::Doomed { length, attempts };
                    self.doomed.push_back(segment);
                }
                self.delete_next();
            }
            _ => {}
        }
    }

    /// Ends all requests: uploads fail, and what could not be deleted stays.
    pub(super) fn give_up(&mut self, error: impl Fn(u64) -> ParquetError) {
        let at_work = self.segments.iter();
        let at_work = at_work.filter(|(_, entry)| entry.is_making() || entry.is_going());
        let numbers: Vec<u64> = at_work.map(|(number, _)| *number).collect();
        for doomed in mem::take(&mut self.doomed) {
            self.forget_doomed(doomed);
        }
        for number in numbers {
            if self.segments.get(&number).is_some_and(Entry::is_making) {
                self.end_upload(number, Err(error(number)));
            } else {
                self.deletes -= 1;
                self.forget_doomed(number);
            }
        }
    }

    fn insert(&mut self, segment: Segment, object: Object) -> u64 {
        let number = self.next_segment;
        self.next_segment += 1;
        self.segments.insert(number, Entry { segment, object });
        number
    }

    fn upload(&mut self, segment: u64) {
        let Some(payload) = self
            .segments
            .get(&segment)
            .map(|entry| entry.segment.parts())
        else {
            return;
        };
        let work = self.begin(segment, Request::Put(payload));
        if let Some(entry) = self.segments.get_mut(&segment) {
            entry.object = Object::Making(work);
            self.making.insert(segment);
        }
    }

    fn begin(&mut self, segment: u64, request: Request) -> AtWork {
        let serial = self.next_serial;
        self.next_serial += 1;
        let (_cancel, cancelled) = oneshot::channel();
        self.started.push(Started {
            segment,
            serial,
            request,
            cancelled,
        });
        AtWork { serial, _cancel }
    }

    fn end_upload(&mut self, segment: u64, outcome: Result<()>) {
        let Some(entry) = self.segments.get_mut(&segment) else {
            return;
        };
        self.making.remove(&segment);
        entry.object = match outcome {
            Ok(()) => {
                let length = entry.segment.length();
                self.sealed_bytes -= entry.segment.drop_payload();
                self.metrics.disk_grew(length);
                Object::Made { length }
            }
            Err(error) => {
                self.failed += 1;
                Object::Failed(Failure::new(error))
            }
        };
        if entry.segment.wanted == 0 {
            self.drop_segment(segment);
        }
    }

    /// Drops a segment that nobody wants. Its object goes as well, as soon as it is known to be there or may be.
    fn drop_segment(&mut self, segment: u64) {
        let Some(entry) = self.segments.get_mut(&segment) else {
            return;
        };
        let length = match &entry.object {
            Object::Gathered => {
                if self.open == Some(segment) {
                    self.open = None;
                }
                self.segments.remove(&segment);
                return;
            }
            // Then it is known.
            Object::Making(_) | Object::Doomed { .. } | Object::Going { .. } => return,
            Object::Failed(_) => {
                self.failed -= 1;
                self.sealed_bytes -= entry.segment.drop_payload();
                0
            }
            Object::Made { length } => *length,
        };
        entry.object = Object::Doomed {
            length,
            attempts: 0,
        };
        self.doomed.push_back(segment);
        self.delete_next();
    }

    fn delete_next(&mut self) {
        while self.deletes < MOST_DELETES
            && let Some(segment) = self.doomed.pop_front()
        {
            let Some(Object::Doomed { length, attempts }) =
                self.segments.get(&segment).map(|entry| &entry.object)
            else {
                continue;
            };
            let (length, attempts) = (*length, *attempts);
            let work = self.begin(segment, Request::Delete);
            self.deletes += 1;
            if let Some(entry) = self.segments.get_mut(&segment) {
                entry.object = Object::Going {
                    work,
                    length,
                    attempts,
                };
            }
        }
    }

    fn forget_doomed(&mut self, segment: u64) {
        if let Some(Object::Doomed { length, .. } | Object::Going { length, .. }) =
            self.segments.get(&segment).map(|entry| &entry.object)
        {
            self.forget(segment, *length);
        }
    }

    fn forget(&mut self, segment: u64, length: u64) {
        self.segments.remove(&segment);
        self.metrics.disk_shrank(length);
    }
}

impl Entry {
    fn is_making(&self) -> bool {
        matches!(self.object, Object::Making(_))
    }

    fn is_going(&self) -> bool {
        matches!(self.object, Object::Going { .. })
    }
}

impl PieceOf {
    fn one(segment: u64, piece: usize, first: u64) -> Self {
        Self {
            segment,
            first,
            left: 1,
            piece,
        }
    }
}
