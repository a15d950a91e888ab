//! Threads that encode the columns of a batch together. Nothing here waits for memory, and nothing here is needed: all
//! that the workers do not come to, the writer's own thread does.

mod executor;
mod pool;
mod queue;
mod round;
mod schedule;
mod team;
#[cfg(test)]
mod tests;

pub use executor::{Executor, Job, Parallelism};
pub(super) use team::{Payload, Team};
