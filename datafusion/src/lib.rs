//! DataFusion writes Parquet with Herringbone: within the memory pool, whatever the row group.
//!
//! One line makes every write of a session use it, and a second one knows its settings:
//!
//! ```
//! use std::sync::Arc;
//!
//! use datafusion::execution::SessionStateBuilder;
//! use datafusion::prelude::SessionContext;
//! use herringbone_datafusion::{HerringboneOptions, HerringboneWrites};
//!
//! # #[tokio::main]
//! # async fn main() -> datafusion::error::Result<()> {
//! let state = SessionStateBuilder::new()
//!     .with_default_features()
//!     .with_config(HerringboneOptions::default().register())
//!     .with_physical_optimizer_rule(Arc::new(HerringboneWrites::default()))
//!     .build();
//! let context = SessionContext::new_with_state(state);
//! # let folder = std::env::temp_dir().join("herringbone-datafusion-first-example");
//! # let folder = folder.display();
//! let copy = format!("COPY (VALUES (1, 'one'), (2, 'two')) TO '{folder}/numbers.parquet'");
//! context.sql(&copy).await?.collect().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it keeps to
//!
//! - **Memory.** Everything that a write holds is paid for from the session's memory pool, by one spillable consumer. A
//!   full pool makes pages move to the session's spill directories; it fails no query.
//! - **Whole files.** A file is there under its name when all of its bytes are, or not at all. A query that fails or is
//!   cancelled aborts its uploads and removes the files it had finished.
//! - **Settings.** `datafusion.execution.parquet.*` and the `OPTIONS` of `COPY` mean what they mean to the sink that
//!   DataFusion brings. [`HerringboneOptions`] lists those beside them.

mod bridge;
mod config;
mod errors;
mod leftovers;
mod lookup;
mod memory;
mod parallel;
mod progress;
mod properties;
mod resources;
mod rule;
mod sink;
mod sorting;
mod spill;

pub use config::HerringboneOptions;
pub use lookup::sinks;
pub use parallel::{HerringboneCountExec, HerringboneWriteExec};
pub use progress::WriteProgress;
pub use resources::WriteResources;
pub use rule::HerringboneWrites;
pub use sink::{FileNames, HerringboneSink, WrittenFile};
