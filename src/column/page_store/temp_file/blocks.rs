//! Free and used blocks of one segment. Counts blocks, and knows nothing of files.

/// Hands out runs of blocks in a segment of fixed capacity, lowest first.
///
/// A block takes disk once it has been written to, until it is given back to the system. One bit a block says whether
/// it is handed out, and another whether it takes disk.
#[derive(Debug)]
pub(super) struct Blocks {
    capacity: u32,
    /// Blocks from the start that have ever been handed out.
    length: u32,
    used: Vec<u64>,
    used_blocks: u32,
    on_disk: Vec<u64>,
    /// No block before this one is free.
    lowest_free: u32,
}

/// Adjacent blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) length: u32,
}

impl Run {
    /// Cuts the run to its first blocks and returns the others.
    pub(super) fn split_off(&mut self, length: u32) -> Self {
        let length = length.min(self.length);
        let rest = Self {
            start: self.start + length,
            length: self.length - length,
        };
        self.length = length;
        rest
    }

    fn end(self) -> u32 {
        self.start + self.length
    }

    /// The words that the run has bits in, and those bits.
    fn words(self) -> impl Iterator<Item = (usize, u64)> {
        let words = self.start / u64::BITS..self.end().div_ceil(u64::BITS);
        words.map(move |word| {
            let first = word * u64::BITS;
            let from = self.start.saturating_sub(first);
            let to = (self.end() - first).min(u64::BITS);
            let below = |bit: u32| u64::MAX.checked_shr(u64::BITS - bit).unwrap_or(0);
            (word as usize, below(to) & !below(from))
        })
    }
}

impl Blocks {
    pub(super) fn new(capacity: u32) -> Self {
        Self {
            capacity,
            length: 0,
            used: Vec::new(),
            used_blocks: 0,
            on_disk: Vec::new(),
            lowest_free: 0,
        }
    }

    /// Hands out between `least` and `most` blocks, or `None` if there is no such run.
    pub(super) fn take(&mut self, least: u32, most: u32) -> Option<Run> {
        let run = self.find(least, most)?;
        if run.end() > self.length {
            self.length = run.end();
            let words = self.length.div_ceil(u64::BITS) as usize;
            self.used.resize(words, 0);
            self.on_disk.resize(words, 0);
        }
        for (word, bits) in run.words() {
            if let Some(word) = self.used.get_mut(word) {
                *word |= bits;
            }
        }
        self.used_blocks += run.length;
        if run.start == self.lowest_free {
            self.lowest_free = run.end();
        }
        Some(run)
    }

    /// Takes blocks back that were handed out.
    pub(super) fn free(&mut self, run: Run) {
        for (word, bits) in run.words() {
            if let Some(word) = self.used.get_mut(word) {
                *word &= !bits;
            }
        }
        self.used_blocks -= run.length;
        self.lowest_free = self.lowest_free.min(run.start);
    }

    /// Notes that these blocks are written to.
    pub(super) fn written(&mut self, run: Run) {
        for (word, bits) in run.words() {
            if let Some(word) = self.on_disk.get_mut(word) {
                *word |= bits;
            }
        }
    }

    /// Notes that these blocks have been given back to the system.
    pub(super) fn discarded(&mut self, run: Run) {
        for (word, bits) in run.words() {
            if let Some(word) = self.on_disk.get_mut(word) {
                *word &= !bits;
            }
        }
    }

    /// How many of these blocks take disk.
    pub(super) fn on_disk(&self, run: Run) -> u32 {
        let words = run.words();
        let bits = words.filter_map(|(word, bits)| Some(self.on_disk.get(word)? & bits));
        bits.map(u64::count_ones).sum()
    }

    /// How many blocks take disk.
    pub(super) fn all_on_disk(&self) -> u32 {
        self.on_disk.iter().map(|word| word.count_ones()).sum()
    }

    /// Whether no other blocks are handed out.
    pub(super) fn are_all(&self, run: Run) -> bool {
        self.used_blocks == run.length
    }

    /// Bytes on the heap.
    pub(super) fn memory_size(&self) -> usize {
        (self.used.capacity() + self.on_disk.capacity()) * size_of::<u64>()
    }

    fn find(&self, least: u32, most: u32) -> Option<Run> {
        let mut start = self.lowest_free;
        loop {
            start = self.next(start, 0);
            let hole_end = match self.next(start, u64::MAX) {
                end if end < self.length => end,
                _ => self.capacity,
            };
            let end = hole_end.min(start.saturating_add(most));
            if end.saturating_sub(start) >= least.max(1) {
                let length = end - start;
                return Some(Run { start, length });
            }
            if hole_end == self.capacity {
                return None;
            }
            start = hole_end;
        }
    }

    /// The first block from `from` on whose bit is that of `like`, or the length.
    fn next(&self, from: u32, like: u64) -> u32 {
        let mut bits = u64::MAX << (from % u64::BITS);
        for word in from / u64::BITS.. {
            let Some(used) = self.used.get(word as usize) else {
                break;
            };
            let found = !(used ^ like) & bits;
            if found != 0 {
                return (word * u64::BITS + found.trailing_zeros()).min(self.length);
            }
            bits = u64::MAX;
        }
        self.length
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(start: u32, length: u32) -> Run {
        Run { start, length }
    }

    #[test]
    fn runs_follow_each_other_while_nothing_is_freed() {
        let mut blocks = Blocks::new(200);
        assert_eq!(blocks.take(1, 70), Some(run(0, 70)));
        assert_eq!(blocks.take(1, 70), Some(run(70, 70)));
        assert_eq!(blocks.take(61, 70), None);
        assert_eq!(blocks.take(60, 70), Some(run(140, 60)));
        assert_eq!(blocks.take(1, 1), None);
    }

    #[test]
    fn freed_neighbours_are_one_run() {
        let mut blocks = Blocks::new(100);
        let runs: Vec<_> = (0..5).map(|_| blocks.take(10, 10).unwrap()).collect();
        blocks.free(runs[1]);
        blocks.free(runs[3]);
        assert_eq!(blocks.take(51, 60), None);
        blocks.free(runs[2]);
        assert_eq!(blocks.take(11, 40), Some(run(10, 30)));
        assert_eq!(blocks.take(1, 10), Some(run(50, 10)));
    }

    #[test]
    fn disk_is_counted_by_what_is_written_and_given_back() {
        let mut blocks = Blocks::new(1000);
        let all = blocks.take(200, 200).unwrap();
        assert_eq!(blocks.all_on_disk(), 0);
        blocks.written(run(60, 10));
        blocks.written(run(63, 100));
        assert_eq!((blocks.on_disk(run(0, 64)), blocks.all_on_disk()), (4, 103));
        blocks.discarded(run(64, 64));
        assert_eq!(blocks.all_on_disk(), 39);
        assert!(blocks.are_all(all));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Take(u32, u32),
        Free(usize),
    }

    proptest! {
        #[test]
        fn no_block_is_handed_out_twice_and_the_lowest_that_fits_is(
            steps in prop::collection::vec(prop_oneof![
                3 => (1..80_u32, 0..200_u32).prop_map(|(least, more)| Step::Take(least, least + more)),
                2 => any::<usize>().prop_map(Step::Free),
            ], 0..200),
        ) {
            const CAPACITY: u32 = 1500;
            let mut blocks = Blocks::new(CAPACITY);
            let mut used = vec![false; CAPACITY as usize];
            let mut runs: Vec<Run> = Vec::new();
            for step in steps {
                match step {
                    Step::Take(least, most) => {
                        let fits = |start: u32| {
                            let free = used[start as usize..].iter().take_while(|used| !**used).count();
                            u32::try_from(free).unwrap()
                        };
                        let starts = (0..CAPACITY).filter(|start| *start == 0 || used[*start as usize - 1]);
                        let expected = starts
                            .map(|start| run(start, fits(start).min(most)))
                            .find(|run| run.length >= least);
                        let taken = blocks.take(least, most);
                        prop_assert_eq!(taken, expected);
                        if let Some(run) = taken {
                            used[run.start as usize..run.end() as usize].fill(true);
                            runs.push(run);
                        }
                    }
                    Step::Free(pick) if !runs.is_empty() => {
                        let run = runs.swap_remove(pick % runs.len());
                        used[run.start as usize..run.end() as usize].fill(false);
                        blocks.free(run);
                    }
                    Step::Free(_) => {}
                }
                prop_assert!(blocks.are_all(run(0, runs.iter().map(|run| run.length).sum())));
            }
        }
    }
}
