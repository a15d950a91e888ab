//! Covering arrays: few rows in which every pair of choices of any two factors stands together
//! at least once.

/// Rows of choices, one a factor, below that factor's number in `levels`. The same input gives the same rows.
pub fn pairs(levels: &[usize]) -> Vec<Vec<usize>> {
    let mut open = Open::new(levels);
    let mut rows = Vec::new();
    let mut state = 1u64;
    while let Some(seed) = open.first() {
        let row = (0..20)
            .map(|_| candidate(levels, &open, seed, &mut state))
            .max_by_key(|row| open.gain(row))
            .unwrap();
        open.close(&row);
        rows.push(row);
    }
    rows
}

/// A choice of a factor: its place and the level.
type Choice = (usize, usize);

/// A row that begins with an open pair and takes, factor by factor in random order, what closes most.
fn candidate(levels: &[usize], open: &Open, seed: [Choice; 2], state: &mut u64) -> Vec<usize> {
    let mut row: Vec<Option<usize>> = vec![None; levels.len()];
    for (factor, level) in seed {
        row[factor] = Some(level);
    }
    let mut left: Vec<usize> = (0..levels.len()).filter(|f| row[*f].is_none()).collect();
    while !left.is_empty() {
        let factor = left.swap_remove(random(state, left.len()));
        let turn = random(state, levels[factor]);
        let best = (0..levels[factor])
            .map(|level| (level + turn) % levels[factor])
            .max_by_key(|level| {
                let others = row.iter().enumerate();
                let chosen = others.filter_map(|(other, at)| at.map(|at| (other, at)));
                chosen
                    .filter(|other| open.has(*other, (factor, *level)))
                    .count()
            });
        row[factor] = best;
    }
    row.into_iter().map(Option::unwrap).collect()
}

fn random(state: &mut u64, end: usize) -> usize {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize % end
}

/// The pairs that no row has yet.
struct Open {
    base: Vec<usize>,
    size: usize,
    open: Vec<bool>,
}

impl Open {
    fn new(levels: &[usize]) -> Self {
        let base: Vec<usize> = levels
            .iter()
            .scan(0, |sum, count| {
                *sum += count;
                Some(*sum - count)
            })
            .collect();
        let size = levels.iter().sum();
        let mut new = Self {
            base,
            size,
            open: vec![false; size * size],
        };
        for one in 0..levels.len() {
            for other in one + 1..levels.len() {
                for a in 0..levels[one] {
                    for b in 0..levels[other] {
                        let place = new.place((one, a), (other, b));
                        new.open[place] = true;
                    }
                }
            }
        }
        new
    }

    fn place(&self, one: Choice, other: Choice) -> usize {
        let (one, other) = (one.min(other), one.max(other));
        (self.base[one.0] + one.1) * self.size + self.base[other.0] + other.1
    }

    fn has(&self, one: Choice, other: Choice) -> bool {
        self.open[self.place(one, other)]
    }

    fn gain(&self, row: &[usize]) -> usize {
        self.pairs_of(row)
            .filter(|(one, other)| self.has(*one, *other))
            .count()
    }

    fn close(&mut self, row: &[usize]) {
        let places: Vec<usize> = self
            .pairs_of(row)
            .map(|(one, other)| self.place(one, other))
            .collect();
        for place in places {
            self.open[place] = false;
        }
    }

    fn pairs_of(&self, row: &[usize]) -> impl Iterator<Item = (Choice, Choice)> {
        let row = row.to_vec();
        let factors = row.len();
        (0..factors).flat_map(move |one| {
            let row = row.clone();
            (one + 1..factors).map(move |other| ((one, row[one]), (other, row[other])))
        })
    }

    fn first(&self) -> Option<[Choice; 2]> {
        let place = self.open.iter().position(|open| *open)?;
        let choice = |flat: usize| {
            let factor = self.base.iter().rposition(|base| *base <= flat).unwrap();
            (factor, flat - self.base[factor])
        };
        Some([choice(place / self.size), choice(place % self.size)])
    }
}
