//! Free and used space inside one segment. Counts grains and knows nothing of files or bytes.

/// Hands out runs of grains in a segment of fixed capacity.
///
/// Freed runs are joined with their neighbours and used again, lowest first, before the segment
/// grows. No two live runs overlap. A hole lies between live runs or at an end, so there is at most
/// one hole more than there are live runs.
#[derive(Debug)]
pub(super) struct Extents {
    capacity: u32,
    /// Grains from the start that have ever been handed out: the length of the file.
    length: u32,
    /// Grains in live runs.
    live: u32,
    /// Free runs below `length`, sorted, not empty and not adjacent.
    holes: Vec<Run>,
    /// No hole is larger than this.
    largest_hole: u32,
}

/// A run of grains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) length: u32,
}

impl Run {
    fn end(self) -> u32 {
        self.start + self.length
    }
}

impl Extents {
    pub(super) fn new(capacity: u32) -> Self {
        Self {
            capacity,
            length: 0,
            live: 0,
            holes: Vec::new(),
            largest_hole: 0,
        }
    }

    /// The first run of `length` grains in a hole. The segment does not grow.
    pub(super) fn reuse(&mut self, length: u32) -> Option<Run> {
        if length > self.largest_hole {
            return None;
        }
        let mut largest = 0;
        for (index, hole) in self.holes.iter_mut().enumerate() {
            if hole.length >= length {
                let run = Run {
                    start: hole.start,
                    length,
                };
                hole.start += length;
                hole.length -= length;
                if hole.length == 0 {
                    self.holes.remove(index);
                }
                self.live += length;
                return Some(run);
            }
            largest = largest.max(hole.length);
        }
        self.largest_hole = largest;
        None
    }

    /// The grains by which the segment would have to grow for a run of `length` at its end, or
    /// `None` if that is past its capacity.
    pub(super) fn growth_for(&self, length: u32) -> Option<u32> {
        let end = self.end_start().checked_add(length)?;
        (end <= self.capacity).then(|| end.saturating_sub(self.length))
    }

    /// A run of `length` grains at the end, for which the segment grows by
    /// [`growth_for`](Self::growth_for).
    pub(super) fn extend(&mut self, length: u32) -> Option<Run> {
        let growth = self.growth_for(length)?;
        let start = self.end_start();
        if start < self.length {
            self.holes.pop();
        }
        self.length += growth;
        self.live += length;
        Some(Run { start, length })
    }

    /// Takes back a run that was handed out.
    pub(super) fn free(&mut self, run: Run) {
        self.live -= run.length;
        let at = self.holes.partition_point(|hole| hole.start < run.start);
        let joins_before = at
            .checked_sub(1)
            .and_then(|before| self.holes.get(before))
            .is_some_and(|before| before.end() == run.start);
        let joins_after = self
            .holes
            .get(at)
            .is_some_and(|after| after.start == run.end());
        let mut joined = run;
        if joins_after {
            joined.length += self.holes.remove(at).length;
        }
        match at
            .checked_sub(1)
            .and_then(|before| self.holes.get_mut(before))
        {
            Some(before) if joins_before => {
                before.length += joined.length;
                joined = *before;
            }
            _ => self.holes.insert(at, joined),
        }
        self.largest_hole = self.largest_hole.max(joined.length);
    }

    /// Whether no run is live.
    pub(super) fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Grains from the start that have ever been handed out.
    pub(super) fn length(&self) -> u32 {
        self.length
    }

    /// Bytes on the heap.
    pub(super) fn memory_size(&self) -> usize {
        self.holes.capacity() * size_of::<Run>()
    }

    /// Where a run at the end starts: at the last hole if that reaches the end.
    fn end_start(&self) -> u32 {
        match self.holes.last() {
            Some(hole) if hole.end() == self.length => hole.start,
            _ => self.length,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(extents: &mut Extents, length: u32) -> Option<Run> {
        extents.reuse(length).or_else(|| extents.extend(length))
    }

    #[test]
    fn runs_follow_each_other_while_nothing_is_freed() {
        let mut extents = Extents::new(10);
        assert_eq!(
            place(&mut extents, 4),
            Some(Run {
                start: 0,
                length: 4
            })
        );
        assert_eq!(
            place(&mut extents, 6),
            Some(Run {
                start: 4,
                length: 6
            })
        );
        assert_eq!(place(&mut extents, 1), None);
        assert_eq!(extents.length(), 10);
    }

    #[test]
    fn freed_neighbours_join_and_are_used_again() {
        let mut extents = Extents::new(100);
        let runs: Vec<_> = (0..5).map(|_| place(&mut extents, 10).unwrap()).collect();
        extents.free(runs[1]);
        extents.free(runs[3]);
        assert_eq!(extents.reuse(20), None);
        extents.free(runs[2]);
        assert_eq!(
            extents.reuse(30),
            Some(Run {
                start: 10,
                length: 30
            })
        );
        assert_eq!(extents.length(), 50);
    }

    #[test]
    fn a_run_at_the_end_starts_in_the_last_hole() {
        let mut extents = Extents::new(100);
        place(&mut extents, 10);
        let last = place(&mut extents, 5).unwrap();
        extents.free(last);
        assert_eq!(extents.growth_for(8), Some(3));
        assert_eq!(
            extents.extend(8),
            Some(Run {
                start: 10,
                length: 8
            })
        );
        assert_eq!(extents.length(), 18);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Place(u32),
        Free(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            3 => (1..60_u32).prop_map(Step::Place),
            2 => any::<usize>().prop_map(Step::Free),
        ];
        prop::collection::vec(step, 0..200)
    }

    proptest! {
        #[test]
        fn live_runs_never_overlap_and_an_emptied_segment_is_one_hole(steps in steps()) {
            const CAPACITY: u32 = 500;
            let mut extents = Extents::new(CAPACITY);
            let mut live: Vec<Run> = Vec::new();
            for step in steps {
                match step {
                    Step::Place(length) => {
                        match place(&mut extents, length) {
                            Some(run) => {
                                prop_assert_eq!(run.length, length);
                                prop_assert!(run.end() <= CAPACITY);
                                for other in &live {
                                    prop_assert!(run.end() <= other.start || other.end() <= run.start);
                                }
                                live.push(run);
                            }
                            None => {
                                prop_assert!(extents.holes.iter().all(|hole| hole.length < length));
                                prop_assert!(CAPACITY - extents.end_start() < length);
                            }
                        }
                    }
                    Step::Free(pick) if !live.is_empty() => {
                        let run = live.swap_remove(pick % live.len());
                        extents.free(run);
                    }
                    Step::Free(_) => {}
                }
                prop_assert!(extents.holes.len() <= live.len() + 1);
                prop_assert!(extents.holes.windows(2).all(|pair| pair[0].end() < pair[1].start));
                let held: u32 = live.iter().map(|run| run.length).sum();
                let free: u32 = extents.holes.iter().map(|hole| hole.length).sum();
                prop_assert_eq!(held + free, extents.length());
                prop_assert_eq!(extents.is_empty(), live.is_empty());
                let largest = extents.holes.iter().map(|hole| hole.length).max().unwrap_or(0);
                prop_assert!(largest <= extents.largest_hole);
            }
            for run in live.drain(..) {
                extents.free(run);
            }
            prop_assert!(extents.is_empty());
            if extents.length() > 0 {
                prop_assert_eq!(&extents.holes, &vec![Run { start: 0, length: extents.length() }]);
            }
        }
    }
}
