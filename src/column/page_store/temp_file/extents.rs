//! Free and used space inside one segment. Counts grains and blocks, and knows nothing of files.

use std::ops::Range;

/// Hands out runs of grains in a segment of fixed capacity.
///
/// Freed runs are joined with their neighbours and used again, lowest first, before the segment
/// grows. No two live runs overlap. A hole lies between live runs or at an end, so there is at most
/// one hole more than there are live runs.
///
/// Disk is taken and given back in blocks of several grains. A block takes disk if it is below the
/// segment's length and neither inside a hole nor in the unwritten part of a lane; so giving back disk means to
/// tell the system of blocks that have come to lie inside a hole, each once.
///
/// A lane is a live run that is written piece by piece from its start. It ends where a block ends.
#[derive(Debug)]
pub(super) struct Extents {
    capacity: u32,
    give_back: GiveBack,
    /// Grains from the start that have ever been handed out: the length of the file.
    length: u32,
    /// Grains in live runs.
    live: u32,
    /// Blocks that take disk.
    blocks: u32,
    /// Free runs below `length`, sorted, not empty and not adjacent.
    holes: Vec<Run>,
    /// No hole is larger than this.
    largest_hole: u32,
}

/// Whether the blocks of a hole can be given back to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GiveBack {
    /// A hole takes no disk.
    Blocks,
    /// A hole takes disk until the whole segment goes.
    Segment,
}

/// A run of grains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) length: u32,
}

/// Room for a run, not taken yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    run: Run,
    /// The hole that the run starts in.
    hole: Option<usize>,
    /// Blocks of disk that the run takes in addition.
    pub(super) new_blocks: u32,
}

/// Grains in a block.
pub(super) const GRAINS_PER_BLOCK: u32 = 64;

impl Run {
    fn end(self) -> u32 {
        self.start + self.length
    }
}

impl Extents {
    pub(super) fn new(capacity: u32, give_back: GiveBack) -> Self {
        Self {
            capacity,
            give_back,
            length: 0,
            live: 0,
            blocks: 0,
            holes: Vec::new(),
            largest_hole: 0,
        }
    }

    /// Room for `length` grains in the first hole that is large enough.
    pub(super) fn room_in_hole(&mut self, length: u32) -> Option<Room> {
        if length > self.largest_hole {
            return None;
        }
        let found = self.holes.iter().position(|hole| hole.length >= length);
        let Some((index, hole)) = found.and_then(|at| Some((at, *self.holes.get(at)?))) else {
            self.largest_hole = self.holes.iter().map(|hole| hole.length).max().unwrap_or(0);
            return None;
        };
        let run = Run {
            start: hole.start,
            length,
        };
        Some(Room {
            run,
            hole: Some(index),
            new_blocks: count(&self.blocks_inside(hole, run)),
        })
    }

    /// Room for `length` grains at the end, where the segment has to grow, or `None` if that is past
    /// its capacity.
    pub(super) fn room_at_end(&self, length: u32) -> Option<Room> {
        let last = self.holes.last().filter(|hole| hole.end() == self.length);
        let start = last.map_or(self.length, |hole| hole.start);
        let run = Run { start, length };
        let end = start
            .checked_add(length)
            .filter(|end| *end <= self.capacity)?;
        let grown = self.length.max(end).div_ceil(GRAINS_PER_BLOCK)
            - self.length.div_ceil(GRAINS_PER_BLOCK);
        let reused = last.map_or(0, |hole| count(&self.blocks_inside(*hole, run)));
        Some(Room {
            run,
            hole: last.map(|_| self.holes.len() - 1),
            new_blocks: reused + grown,
        })
    }

    /// Takes room that was just found.
    pub(super) fn place(&mut self, room: Room) -> Run {
        let run = room.run;
        if let Some(index) = room.hole
            && let Some(hole) = self.holes.get_mut(index)
        {
            let end = hole.end();
            hole.start = run.end().min(end);
            hole.length = end - hole.start;
            if hole.length == 0 {
                self.holes.remove(index);
            }
        }
        self.length = self.length.max(run.end());
        self.live += run.length;
        self.blocks += room.new_blocks;
        run
    }

    /// Takes back a run that was handed out. Returns the blocks that take disk for nothing from now on,
    /// as a run that stays live until it is [discarded](Self::discarded): nobody may write there
    /// while the system is told.
    pub(super) fn free(&mut self, run: Run) -> Option<Run> {
        self.live -= run.length;
        let hole = self.join(run);
        if self.live == 0 {
            return None;
        }
        let blocks = self.blocks_inside(hole, run);
        let idle = Run {
            start: blocks.start * GRAINS_PER_BLOCK,
            length: count(&blocks) * GRAINS_PER_BLOCK,
        };
        if idle.length == 0 {
            return None;
        }
        self.carve(idle);
        self.live += idle.length;
        Some(idle)
    }

    /// Takes back blocks that [`free`](Self::free) returned, once they take no disk.
    pub(super) fn discarded(&mut self, idle: Run) {
        self.live -= idle.length;
        self.blocks -= idle.length / GRAINS_PER_BLOCK;
        self.join(idle);
    }

    /// A lane of about `length` grains in the first hole that is large enough or at the end. None
    /// where disk is not given back in blocks: what a lane leaves unwritten would take disk there.
    pub(super) fn open_lane(&mut self, length: u32) -> Option<Run> {
        if self.give_back == GiveBack::Segment || length == 0 {
            return None;
        }
        let ends_at = |start: u32, end: u32| {
            let end = end.min(start.checked_add(length)?) / GRAINS_PER_BLOCK * GRAINS_PER_BLOCK;
            (end > start + length / 2).then_some(end)
        };
        let holes = self.holes.iter().filter(|hole| hole.length >= length);
        let in_hole = match length > self.largest_hole {
            true => None,
            false => holes
                .map(|hole| (hole.start, ends_at(hole.start, hole.end())))
                .find_map(|(start, end)| Some((start, end?))),
        };
        let (start, end) = match in_hole {
            Some(found) => found,
            None => (self.length, ends_at(self.length, self.capacity)?),
        };
        let run = Run {
            start,
            length: end - start,
        };
        if end > self.length {
            self.length = end;
        } else {
            self.carve(run);
        }
        self.live += run.length;
        Some(run)
    }

    /// Splits a piece of `length` grains off the front of a lane, to be written now. It is a live run of its own.
    pub(super) fn place_in_lane(&mut self, lane: &mut Run, length: u32) -> Run {
        let piece = Run {
            start: lane.start,
            length,
        };
        self.blocks += Self::new_blocks_in_lane(*lane, length);
        lane.start += length;
        lane.length -= length;
        piece
    }

    /// Blocks of disk that a piece at the front of a lane takes in addition: where a lane begins inside a
    /// block, that one takes disk already.
    pub(super) fn new_blocks_in_lane(lane: Run, length: u32) -> u32 {
        (lane.start + length).div_ceil(GRAINS_PER_BLOCK) - lane.start.div_ceil(GRAINS_PER_BLOCK)
    }

    /// Takes back what is left of a lane. Like [`free`](Self::free) it returns blocks that are to be discarded:
    /// the one that the lane was last written to, if nothing in it is live any more.
    pub(super) fn end_lane(&mut self, lane: Run) -> Option<Run> {
        let written_to = lane
            .start
            .next_multiple_of(GRAINS_PER_BLOCK)
            .min(lane.end());
        let never_written = Run {
            start: written_to,
            length: lane.end() - written_to,
        };
        if never_written.length > 0 {
            self.live -= never_written.length;
            self.join(never_written);
        }
        let rest = Run {
            start: lane.start,
            length: written_to - lane.start,
        };
        match rest.length {
            0 => None,
            _ => self.free(rest),
        }
    }

    /// Whether no run is live. The segment is of no further use then.
    pub(super) fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Blocks that take disk.
    pub(super) fn blocks(&self) -> u32 {
        self.blocks
    }

    /// Bytes on the heap.
    pub(super) fn memory_size(&self) -> usize {
        self.holes.capacity() * size_of::<Run>()
    }

    /// The blocks that `run` touches and that lie inside `hole`, which holds the run's start.
    fn blocks_inside(&self, hole: Run, run: Run) -> Range<u32> {
        if self.give_back == GiveBack::Segment {
            return 0..0;
        }
        let first = (run.start / GRAINS_PER_BLOCK).max(hole.start.div_ceil(GRAINS_PER_BLOCK));
        let end = (hole.end() / GRAINS_PER_BLOCK).min(run.end().div_ceil(GRAINS_PER_BLOCK));
        first..end.max(first)
    }

    /// Adds a hole and joins it with its neighbours. Returns the joined hole.
    fn join(&mut self, run: Run) -> Run {
        let at = self.holes.partition_point(|hole| hole.start < run.start);
        let mut joined = run;
        if self
            .holes
            .get(at)
            .is_some_and(|after| after.start == run.end())
        {
            joined.length += self.holes.remove(at).length;
        }
        let before = at
            .checked_sub(1)
            .and_then(|before| self.holes.get_mut(before));
        match before.filter(|before| before.end() == run.start) {
            Some(before) => {
                before.length += joined.length;
                joined = *before;
            }
            None => self.holes.insert(at, joined),
        }
        self.largest_hole = self.largest_hole.max(joined.length);
        joined
    }

    /// Takes a run out of the hole that contains it.
    fn carve(&mut self, run: Run) {
        let after_start = self.holes.partition_point(|hole| hole.start <= run.start);
        let at = after_start.saturating_sub(1);
        let Some(hole) = self.holes.get(at).copied() else {
            return;
        };
        let before = Run {
            start: hole.start,
            length: run.start - hole.start,
        };
        let after = Run {
            start: run.end(),
            length: hole.end() - run.end(),
        };
        let rest = [before, after].into_iter().filter(|rest| rest.length > 0);
        self.holes.splice(at..=at, rest);
    }
}

fn count(blocks: &Range<u32>) -> u32 {
    blocks.end - blocks.start
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(extents: &mut Extents, length: u32) -> Option<Run> {
        let room = extents
            .room_in_hole(length)
            .or_else(|| extents.room_at_end(length))?;
        Some(extents.place(room))
    }

    fn free(extents: &mut Extents, run: Run) {
        if let Some(idle) = extents.free(run) {
            extents.discarded(idle);
        }
    }

    fn run(start: u32, length: u32) -> Run {
        Run { start, length }
    }

    #[test]
    fn runs_follow_each_other_while_nothing_is_freed() {
        let mut extents = Extents::new(10, GiveBack::Blocks);
        assert_eq!(place(&mut extents, 4), Some(run(0, 4)));
        assert_eq!(place(&mut extents, 6), Some(run(4, 6)));
        assert_eq!(place(&mut extents, 1), None);
    }

    #[test]
    fn freed_neighbours_join_and_are_used_again() {
        let mut extents = Extents::new(100, GiveBack::Segment);
        let runs: Vec<_> = (0..5).map(|_| place(&mut extents, 10).unwrap()).collect();
        free(&mut extents, runs[1]);
        free(&mut extents, runs[3]);
        assert_eq!(extents.room_in_hole(20), None);
        free(&mut extents, runs[2]);
        assert_eq!(place(&mut extents, 30), Some(run(10, 30)));
        assert_eq!(extents.length, 50);
    }

    #[test]
    fn a_run_at_the_end_starts_in_the_last_hole() {
        let mut extents = Extents::new(100, GiveBack::Blocks);
        place(&mut extents, 10);
        let last = place(&mut extents, 5).unwrap();
        free(&mut extents, last);
        assert_eq!(place(&mut extents, 8), Some(run(10, 8)));
        assert_eq!(extents.length, 18);
    }

    #[test]
    fn a_block_is_given_back_with_the_last_run_in_it() {
        let mut extents = Extents::new(1000, GiveBack::Blocks);
        let [first, second, third, _fourth] =
            [32, 64, 96, 32].map(|length| place(&mut extents, length).unwrap());
        assert_eq!(extents.blocks(), 4);
        assert_eq!(extents.free(second), None, "shares both its blocks");
        assert_eq!(extents.free(first), Some(run(0, 64)));
        extents.discarded(run(0, 64));
        assert_eq!(extents.free(third), Some(run(64, 128)));
        extents.discarded(run(64, 128));
        assert_eq!(extents.blocks(), 1);
    }

    #[test]
    fn nothing_is_placed_where_blocks_are_being_given_back() {
        let mut extents = Extents::new(1000, GiveBack::Blocks);
        let first = place(&mut extents, 128).unwrap();
        place(&mut extents, 10).unwrap();
        let idle = extents.free(first).unwrap();
        assert_eq!(place(&mut extents, 64), Some(run(138, 64)));
        extents.discarded(idle);
        assert_eq!(place(&mut extents, 64), Some(run(0, 64)));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Place(u32),
        OpenLane(u32),
        PlaceInLane(usize, u32),
        EndLane(usize),
        Free(usize),
        Discard(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            3 => (1..300_u32).prop_map(Step::Place),
            1 => (1..700_u32).prop_map(Step::OpenLane),
            3 => (any::<usize>(), 1..200_u32).prop_map(|(lane, length)| Step::PlaceInLane(lane, length)),
            1 => any::<usize>().prop_map(Step::EndLane),
            2 => any::<usize>().prop_map(Step::Free),
            1 => any::<usize>().prop_map(Step::Discard),
        ];
        prop::collection::vec(step, 0..200)
    }

    /// Blocks below the segment's length that are inside neither a hole nor what is left of a lane.
    fn blocks_by_definition(extents: &Extents, lanes: &[Run]) -> u32 {
        let blocks = 0..extents.length.div_ceil(GRAINS_PER_BLOCK);
        let is_idle = |block: &u32| {
            extents.give_back == GiveBack::Blocks
                && extents.holes.iter().chain(lanes).any(|hole| {
                    hole.start <= block * GRAINS_PER_BLOCK
                        && (block + 1) * GRAINS_PER_BLOCK <= hole.end()
                })
        };
        u32::try_from(blocks.filter(|block| !is_idle(block)).count()).unwrap()
    }

    proptest! {
        #[test]
        fn live_runs_never_overlap_and_blocks_are_counted_as_they_are(
            steps in steps(),
            give_back in prop_oneof![Just(GiveBack::Blocks), Just(GiveBack::Segment)],
        ) {
            const CAPACITY: u32 = 3000;
            let mut extents = Extents::new(CAPACITY, give_back);
            let mut live: Vec<Run> = Vec::new();
            let mut idle: Vec<Run> = Vec::new();
            let mut lanes: Vec<Run> = Vec::new();
            for step in steps {
                match step {
                    Step::Place(length) => match place(&mut extents, length) {
                        Some(run) => {
                            prop_assert_eq!(run.length, length);
                            prop_assert!(run.end() <= CAPACITY);
                            for other in live.iter().chain(&idle).chain(&lanes).filter(|other| other.length > 0) {
                                prop_assert!(run.end() <= other.start || other.end() <= run.start);
                            }
                            live.push(run);
                        }
                        None => {
                            prop_assert!(extents.holes.iter().all(|hole| hole.length < length));
                            prop_assert_eq!(extents.room_at_end(length), None);
                        }
                    },
                    Step::OpenLane(length) => {
                        let Some(lane) = extents.open_lane(length) else {
                            continue;
                        };
                        prop_assert_eq!(give_back, GiveBack::Blocks);
                        prop_assert!(lane.length > 0 && lane.length <= length);
                        prop_assert_eq!(lane.end() % GRAINS_PER_BLOCK, 0);
                        prop_assert!(lane.end() <= CAPACITY);
                        for other in live.iter().chain(&idle).chain(&lanes).filter(|other| other.length > 0) {
                            prop_assert!(lane.end() <= other.start || other.end() <= lane.start);
                        }
                        lanes.push(lane);
                    }
                    Step::PlaceInLane(pick, length) if !lanes.is_empty() => {
                        let at = pick % lanes.len();
                        let lane = &mut lanes[at];
                        let start = lane.start;
                        let length = length.min(lane.length);
                        if length > 0 {
                            let piece = extents.place_in_lane(lane, length);
                            prop_assert_eq!(piece, run(start, length));
                            live.push(piece);
                        }
                    }
                    Step::EndLane(pick) if !lanes.is_empty() => {
                        let lane = lanes.swap_remove(pick % lanes.len());
                        idle.extend(extents.end_lane(lane));
                    }
                    Step::Free(pick) if !live.is_empty() => {
                        let run = live.swap_remove(pick % live.len());
                        idle.extend(extents.free(run));
                    }
                    Step::Discard(pick) if !idle.is_empty() => {
                        extents.discarded(idle.swap_remove(pick % idle.len()));
                    }
                    Step::PlaceInLane(..) | Step::EndLane(_) | Step::Free(_) | Step::Discard(_) => {}
                }
                prop_assert!(extents.holes.len() <= live.len() + idle.len() + lanes.len() + 1);
                prop_assert!(extents.holes.windows(2).all(|pair| pair[0].end() < pair[1].start));
                let held: u32 = live.iter().chain(&idle).chain(&lanes).map(|run| run.length).sum();
                let free: u32 = extents.holes.iter().map(|hole| hole.length).sum();
                prop_assert_eq!(held + free, extents.length);
                prop_assert_eq!(extents.is_empty(), held == 0);
                let largest = extents.holes.iter().map(|hole| hole.length).max().unwrap_or(0);
                prop_assert!(largest <= extents.largest_hole);
                if extents.is_empty() {
                    extents = Extents::new(CAPACITY, give_back);
                } else {
                    prop_assert_eq!(extents.blocks(), blocks_by_definition(&extents, &lanes));
                }
            }
            for lane in lanes.drain(..) {
                idle.extend(extents.end_lane(lane));
            }
            for run in live.drain(..) {
                idle.extend(extents.free(run));
            }
            for run in idle.drain(..) {
                extents.discarded(run);
            }
            prop_assert!(extents.is_empty());
        }
    }
}
