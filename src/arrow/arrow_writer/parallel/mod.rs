//! Threads that encode the columns of a batch together. Nothing here waits for memory, and nothing here is needed: all
//! that the helpers do not come to, the writer's own thread does.

mod crew;
mod desk;
mod executor;
mod round;
mod schedule;
mod team;
#[cfg(test)]
mod tests;

pub use executor::{Executor, Job, Parallelism};
pub(super) use team::{Payload, Team};
