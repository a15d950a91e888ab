//! Writing to sinks that are waited for by asynchronous code, on tokio.

mod sink;

pub use sink::AsyncFileWriter;
