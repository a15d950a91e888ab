//! Statistics of pages and chunks: smallest and largest values, counts of distinct values, and the
//! order of a chunk's pages. Loops run over slices; nothing is compared through a dispatch a value.

mod boundary;
mod bounds;
mod bytes;
mod collector;
mod distinct;
mod floats;
mod numbers;
mod order;
mod record;
mod truncate;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

pub(crate) use boundary::boundary_order;
pub(crate) use bounds::PageBounds;
pub(crate) use collector::StatsCollector;
pub(crate) use distinct::DistinctCounter;
pub(crate) use order::BoundsOrder;
pub(crate) use record::{Counts, chunk_statistics, page_statistics};
pub(crate) use truncate::Truncation;
