//! Where asynchronous code puts the bytes of a file.

use bytes::Bytes;
use futures_core::future::BoxFuture;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::budget::MemoryBudget;
use crate::errors::{ParquetError, Result};

/// A sink that takes the bytes of a file from first to last, and waits without blocking a thread.
///
/// Everything that tokio can write to is one: a file, a socket, a pipe, a `Vec<u8>`.
pub trait AsyncFileWriter: Send {
    /// Takes the next bytes of the file, all of them.
    ///
    /// # Errors
    /// If the sink cannot take them. Nothing is then known of what it has, and the file cannot be finished.
    fn write(&mut self, bs: Bytes) -> BoxFuture<'_, Result<()>>;

    /// Called once, after the last byte: makes the file durable or visible, whatever that means to the sink. Called
    /// again only where a future of it was dropped, by a sink that [makes up for
    /// such](AsyncFileWriter::keeps_bytes_of_dropped_writes): the call then goes on with what the first one began.
    ///
    /// # Errors
    /// If the sink cannot do so.
    fn complete(&mut self) -> BoxFuture<'_, Result<()>>;

    /// Whether a future of [`write`](AsyncFileWriter::write) that was polled once may be dropped before it is done: the
    /// sink has then taken all bytes in the first poll, and what the future still waited for is made up for by the
    /// next call, its errors too. False by default. A writer over a sink that does not say so takes no more once such
    /// a future was dropped.
    fn keeps_bytes_of_dropped_writes(&self) -> bool {
        false
    }

    /// Called before the first byte by a writer whose chunks are paid for from `budget`, each until its last clone is
    /// dropped. A sink that holds chunks for long can see by it how many it may hold, and reserve what it needs itself.
    /// It must not pay for the chunks again. Does nothing by default.
    fn chunks_are_paid_from(&mut self, budget: &MemoryBudget) {
        let _ = budget;
    }

    /// How many bytes the sink holds until it sends any of them on. To end a row group with fewer frees no memory: what
    /// the writer gives, the sink keeps. A writer whose memory is short then does not end one early. Zero by default.
    fn bytes_held_back(&self) -> usize {
        0
    }
}

impl AsyncFileWriter for Box<dyn AsyncFileWriter + '_> {
    fn write(&mut self, bs: Bytes) -> BoxFuture<'_, Result<()>> {
        self.as_mut().write(bs)
    }

    fn complete(&mut self) -> BoxFuture<'_, Result<()>> {
        self.as_mut().complete()
    }

    fn keeps_bytes_of_dropped_writes(&self) -> bool {
        self.as_ref().keeps_bytes_of_dropped_writes()
    }

    fn chunks_are_paid_from(&mut self, budget: &MemoryBudget) {
        self.as_mut().chunks_are_paid_from(budget);
    }

    fn bytes_held_back(&self) -> usize {
        self.as_ref().bytes_held_back()
    }
}

impl<T: AsyncWrite + Unpin + Send> AsyncFileWriter for T {
    fn write(&mut self, bs: Bytes) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.write_all(&bs).await.map_err(external) })
    }

    fn complete(&mut self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.flush().await.map_err(external)?;
            self.shutdown().await.map_err(external)
        })
    }
}

fn external(error: std::io::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}
