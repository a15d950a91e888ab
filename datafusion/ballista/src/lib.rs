//! Executors of Ballista write Parquet with Herringbone.
//!
//! What a cluster needs depends on what it shall do.
//!
//! | for | scheduler | executors | clients |
//! |---|---|---|---|
//! | `COPY`, `INSERT` and `write_parquet` with Herringbone | as they are | [`HerringboneEngine`] | as they are |
//! | and `SET herringbone.memory_limit` and its like | [`session_config`] | [`session_config`] | [`session_config`] |
//! | and partitions written where they are, all at once | [`scheduler_session`], [`HerringboneCodec`] | [`HerringboneCodec`] | `SET herringbone.partition_parallel = true` |
//!
//! The last is what spreads a write over the cluster. Without it all rows of a write go to one task, as Ballista plans it.
//! The scheduler puts a node into the plan that each task runs for its own partition, and one that adds up what they
//! have written. Writes that ask for an order, and writes to a single file, stay with one task.
//!
//! # Tasks that are tried again
//! Names of files are made of the job and the partition, so that another attempt at a task replaces what an earlier one
//! has written, wherever it ran. When a job's write is done, what attempts have left besides is removed from its folder,
//! which takes a listing of that. So rows are there once however often tasks were tried. Uploads become visible as a
//! whole. A job that fails for good leaves the files of those tasks that were done.
//!
//! A task is tried again if its failure is one of I/O, such as that of an object store.
//!
//! When an executor is lost together with results of an earlier stage that a write needs, these have to be made again.
//! Ballista 55 does so with `SET ballista.planner.adaptive.enabled = false`; with adaptive planning, which is its default,
//! such a job was seen to wait for ever.
//!
//! # In one process
//! [`SessionContextExt::standalone_with_state`] of Ballista has no place for an engine. There [`HerringboneCodec`] alone
//! makes tasks write with Herringbone; their files have random names.
//!
//! [`SessionContextExt::standalone_with_state`]: https://docs.rs/ballista/55/ballista/prelude/trait.SessionContextExt.html

mod codec;
mod engine;
mod planner;
mod session;

pub use codec::HerringboneCodec;
pub use engine::HerringboneEngine;
pub use planner::HerringbonePlanner;
pub use session::{scheduler_session, session_config};
