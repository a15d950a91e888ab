//! What owners have left to the thread, column by column.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::PageKey;
use super::buffers::Lent;
use super::column::Column;

/// The work of all columns. The thread goes round those that have some and does one task of each, so that a writer
/// with much to do does not keep others waiting; tasks of one column stay in the order in which they were left.
#[derive(Default)]
pub(super) struct Queue {
    /// A column's seat is its slot; one that has left leaves the slot for the next.
    seats: Vec<Option<Seat>>,
    free: Vec<usize>,
    /// Seats that wait for the thread, each once. Their owners may have done the work meanwhile.
    ready: VecDeque<usize>,
    /// Room in all lists of tasks.
    task_slots: usize,
}

/// A column's place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SeatNumber(usize);

struct Seat {
    column: Arc<Column>,
    tasks: VecDeque<Task>,
    is_ready: bool,
}

pub(super) enum Task {
    Put(Lent),
    /// Read these blobs, each into its buffer.
    ReadAhead(Vec<(PageKey, Lent)>),
}

impl Queue {
    /// Gives a column its seat.
    pub(super) fn join(&mut self, column: Arc<Column>) -> SeatNumber {
        let seat = Some(Seat {
            column,
            tasks: VecDeque::new(),
            is_ready: false,
        });
        let free = self.free.pop();
        match free.and_then(|at| Some((at, self.seats.get_mut(at)?))) {
            Some((at, slot)) => {
                *slot = seat;
                SeatNumber(at)
            }
            None => {
                self.seats.push(seat);
                SeatNumber(self.seats.len() - 1)
            }
        }
    }

    /// Takes a seat back; what is left to do for its column is forgotten.
    pub(super) fn leave(&mut self, number: SeatNumber) -> Option<Arc<Column>> {
        let seat = self.seats.get_mut(number.0)?.take()?;
        self.task_slots -= seat.tasks.capacity();
        if seat.is_ready {
            self.ready.retain(|at| *at != number.0);
        }
        self.free.push(number.0);
        if self.is_empty() {
            *self = Self::default();
        }
        Some(seat.column)
    }

    /// Whether no seat is taken.
    pub(super) fn is_empty(&self) -> bool {
        self.free.len() == self.seats.len()
    }

    pub(super) fn push(&mut self, number: SeatNumber, task: Task) {
        let Some(seat) = self.seats.get_mut(number.0).and_then(Option::as_mut) else {
            return;
        };
        let before = seat.tasks.capacity();
        seat.tasks.push_back(task);
        self.task_slots = self.task_slots + seat.tasks.capacity() - before;
        if !seat.is_ready {
            seat.is_ready = true;
            self.ready.push_back(number.0);
        }
    }

    /// The task whose turn it is.
    pub(super) fn next(&mut self) -> Option<(SeatNumber, Arc<Column>, Task)> {
        while let Some(at) = self.ready.pop_front() {
            let Some(seat) = self.seats.get_mut(at).and_then(Option::as_mut) else {
                continue;
            };
            let task = seat.tasks.pop_front();
            seat.is_ready = !seat.tasks.is_empty();
            if seat.is_ready {
                self.ready.push_back(at);
            }
            if let Some(task) = task {
                return Some((SeatNumber(at), Arc::clone(&seat.column), task));
            }
        }
        None
    }

    /// All that is left to do for a column.
    pub(super) fn take_all(&mut self, number: SeatNumber) -> VecDeque<Task> {
        let seat = self.seats.get_mut(number.0).and_then(Option::as_mut);
        let tasks = seat.map(|seat| std::mem::take(&mut seat.tasks));
        let tasks = tasks.unwrap_or_default();
        self.task_slots -= tasks.capacity();
        tasks
    }

    /// Whether something is left to do for a column.
    pub(super) fn has_work_for(&self, number: SeatNumber) -> bool {
        let seat = self.seats.get(number.0).and_then(Option::as_ref);
        seat.is_some_and(|seat| !seat.tasks.is_empty())
    }

    /// Bytes on the heap, for one column.
    pub(super) fn memory_share(&self) -> usize {
        let bytes = self.seats.capacity() * size_of::<Option<Seat>>()
            + (self.free.capacity() + self.ready.capacity()) * size_of::<usize>()
            + self.task_slots * size_of::<Task>();
        bytes / (self.seats.len() - self.free.len()).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::page_store::InMemoryPageStore;

    fn column() -> Arc<Column> {
        Arc::new(Column::new(Box::new(InMemoryPageStore::default())))
    }

    fn task(number: u64) -> Task {
        Task::ReadAhead(Vec::with_capacity(usize::try_from(number).unwrap()))
    }

    fn number(task: &Task) -> usize {
        match task {
            Task::ReadAhead(blobs) => blobs.capacity(),
            Task::Put(_) => usize::MAX,
        }
    }

    #[test]
    fn columns_take_turns_and_each_keeps_its_order() {
        let mut queue = Queue::default();
        let [much, little] = [column(), column()].map(|column| queue.join(column));
        for number in 1..=4 {
            queue.push(much, task(number));
        }
        queue.push(little, task(5));
        let order: Vec<_> = std::iter::from_fn(|| queue.next()).collect();
        let order = order.iter().map(|(seat, _, task)| (*seat, number(task)));
        assert_eq!(
            order.collect::<Vec<_>>(),
            [(much, 1), (little, 5), (much, 2), (much, 3), (much, 4)]
        );
    }

    #[test]
    fn nobody_does_what_an_owner_has_done_or_left_behind() {
        let mut queue = Queue::default();
        let seats = [column(), column(), column()].map(|column| queue.join(column));
        for (at, seat) in (0..).zip(seats) {
            queue.push(seat, task(at));
            assert!(queue.has_work_for(seat));
        }
        assert_eq!(queue.take_all(seats[0]).len(), 1);
        assert!(!queue.has_work_for(seats[0]));
        queue.leave(seats[1]).unwrap();
        assert_eq!(queue.join(column()), seats[1], "the seat is used again");
        let (seat, _, _) = queue.next().unwrap();
        assert_eq!(seat, seats[2]);
        assert!(queue.next().is_none());
        assert!(queue.memory_share() > 0);
        for seat in seats {
            queue.leave(seat).unwrap();
        }
        assert!(queue.is_empty());
        assert_eq!((queue.memory_share(), queue.task_slots), (0, 0));
    }
}
