//! Which columns a thread takes together, and in which order: by what they cost in earlier batches.

use std::time::Duration;

/// What the columns of a writer cost, and how they are dealt out.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// Seconds that a row of each column takes, about.
    costs: Vec<f64>,
    /// The columns of each unit, the costliest unit first.
    units: Vec<Vec<usize>>,
    /// Rounds until the columns are dealt out anew.
    rounds_left: usize,
    rounds: usize,
}

/// What a row of a column is taken to cost before there was one.
const FIRST_GUESS: f64 = 10e-9;

/// Less is not measured.
const LEAST_COST: f64 = 1e-12;

/// The weight of a new measurement against those before it: pages end in some batches and not in others.
const NEWEST_PART: f64 = 0.25;

/// Units for each thread, at most. So many leave little to wait for at the end of a round, and the list costs nothing.
const UNITS_A_THREAD: usize = 24;

/// The columns are dealt out anew after so many rounds, at first after fewer.
const ROUNDS_A_DEAL: usize = 16;

/// Work of less than this is done sooner than a worker comes.
const LEAST_SECONDS: f64 = 100e-6;

impl Schedule {
    /// Threads that a batch of `rows` rows in so many columns is worth, of `threads`.
    pub(super) fn threads_for(&mut self, columns: usize, rows: usize, threads: usize) -> usize {
        self.know(columns);
        let seconds = self.costs.iter().sum::<f64>() * rows_f64(rows);
        if seconds < LEAST_SECONDS { 1 } else { threads }
    }

    /// The columns of each unit for so many threads.
    pub(super) fn units(&mut self, threads: usize) -> &[Vec<usize>] {
        if self.rounds_left == 0 {
            self.deal(threads);
            self.rounds_left = self.rounds.clamp(1, ROUNDS_A_DEAL);
        }
        self.rounds += 1;
        self.rounds_left -= 1;
        &self.units
    }

    /// The columns of `unit`, of those dealt out last.
    pub(super) fn dealt(&self, unit: usize) -> &[usize] {
        self.units.get(unit).map_or(&[], Vec::as_slice)
    }

    /// Takes in how long `unit`, of those dealt out, took for `rows` rows.
    pub(super) fn measured(&mut self, unit: usize, took: Duration, rows: usize) {
        let Some(columns) = self.units.get(unit) else {
            return;
        };
        let expected: f64 = columns
            .iter()
            .filter_map(|column| self.costs.get(*column))
            .sum();
        let found = took.as_secs_f64() / rows_f64(rows.max(1));
        let factor = 1.0 + NEWEST_PART * (found / expected - 1.0);
        for column in columns {
            if let Some(cost) = self.costs.get_mut(*column) {
                *cost = (*cost * factor).max(LEAST_COST);
            }
        }
    }

    /// Takes in how long all columns took together.
    pub(super) fn measured_all(&mut self, took: Duration, rows: usize) {
        let expected: f64 = self.costs.iter().sum();
        let found = took.as_secs_f64() / rows_f64(rows.max(1));
        let factor = 1.0 + NEWEST_PART * (found / expected - 1.0);
        for cost in &mut self.costs {
            *cost = (*cost * factor).max(LEAST_COST);
        }
    }

    fn know(&mut self, columns: usize) {
        if self.costs.len() != columns {
            self.costs = vec![FIRST_GUESS; columns];
            self.rounds_left = 0;
        }
    }

    /// Deals the columns out, the costliest first, a unit of its own for each that is as much as a unit should be.
    fn deal(&mut self, threads: usize) {
        let mut order: Vec<(f64, usize)> = self.costs.iter().copied().zip(0..).collect();
        order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let most = self.costs.iter().sum::<f64>() / rows_f64(threads * UNITS_A_THREAD);
        self.units.clear();
        let mut unit_cost = f64::INFINITY;
        for (cost, column) in order {
            if unit_cost + cost > most {
                self.units.push(Vec::new());
                unit_cost = 0.0;
            }
            unit_cost += cost;
            if let Some(unit) = self.units.last_mut() {
                unit.push(column);
            }
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of rows and columns are far below 2^52"
)]
fn rows_f64(count: usize) -> f64 {
    count as f64
}
