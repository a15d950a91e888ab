//! Sinks that take their time, fail, or panic.

use std::io;
use std::panic::panic_any;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use herringbone::arrow::async_writer::AsyncFileWriter;
use herringbone::errors::{ParquetError, Result};

/// What has reached a sink, also after its writer is gone.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) bytes: Vec<u8>,
    pub(crate) writes: usize,
    pub(crate) completions: usize,
}

/// What a sink's owner keeps of it.
pub(crate) type Shared = Arc<Mutex<Taken>>;

pub(crate) fn look(shared: &Shared) -> MutexGuard<'_, Taken> {
    shared.lock().unwrap()
}

/// Lets another task run, so many times.
async fn wait(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

/// Takes half of a write's bytes in the first poll and the others in the last: what a dropped future leaves is torn.
#[derive(Debug, Default)]
pub(crate) struct Tearing {
    pub(crate) shared: Shared,
    pub(crate) waits: usize,
}

impl AsyncFileWriter for Tearing {
    fn write(&mut self, bs: Bytes) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let half = bs.len() / 2;
            look(&self.shared).writes += 1;
            look(&self.shared).bytes.extend_from_slice(&bs[..half]);
            wait(self.waits).await;
            look(&self.shared).bytes.extend_from_slice(&bs[half..]);
            Ok(())
        })
    }

    fn complete(&mut self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            wait(self.waits).await;
            look(&self.shared).completions += 1;
            Ok(())
        })
    }
}

/// Takes all bytes in the first poll, and waits then. A completion goes on where one that was dropped has been left.
#[derive(Debug, Default)]
pub(crate) struct Keeping {
    pub(crate) shared: Shared,
    pub(crate) waits: usize,
    /// How often a completion has waited, whatever became of the call that asked for it.
    pub(crate) waited: usize,
}

impl AsyncFileWriter for Keeping {
    fn write(&mut self, bs: Bytes) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            look(&self.shared).writes += 1;
            look(&self.shared).bytes.extend_from_slice(&bs);
            wait(self.waits).await;
            Ok(())
        })
    }

    fn complete(&mut self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            while self.waited < self.waits {
                self.waited += 1;
                wait(1).await;
            }
            look(&self.shared).completions += 1;
            Ok(())
        })
    }

    fn keeps_bytes_of_dropped_writes(&self) -> bool {
        true
    }
}

/// What happens at one call of a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An I/O error.
    Error,
    /// An error of this crate.
    OwnError,
    PanicInCall,
    PanicInPoll,
}

/// What a planned panic carries.
struct Planned;

/// Planned panics print nothing.
pub(crate) fn hush_planned_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Planned>() {
                print(info);
            }
        }));
    });
}

/// Fails at the call `at`, writes and completions counted together.
#[derive(Debug)]
pub(crate) struct Failing {
    pub(crate) shared: Shared,
    pub(crate) fault: Fault,
    pub(crate) at: usize,
    pub(crate) calls: usize,
}

impl Failing {
    pub(crate) fn new(fault: Fault, at: usize) -> Self {
        Self {
            shared: Shared::default(),
            fault,
            at,
            calls: 0,
        }
    }

    /// What goes wrong with this call.
    fn strikes(&mut self) -> Option<Fault> {
        self.calls += 1;
        let strikes = (self.calls == self.at + 1).then_some(self.fault);
        if strikes == Some(Fault::PanicInCall) {
            panic_any(Planned);
        }
        strikes
    }
}

/// Fails as planned, in a poll.
fn fail(fault: Option<Fault>) -> Result<()> {
    match fault {
        None | Some(Fault::PanicInCall) => Ok(()),
        Some(Fault::Error) => Err(io::Error::new(io::ErrorKind::ConnectionReset, "planned").into()),
        Some(Fault::OwnError) => Err(ParquetError::General("planned".to_owned())),
        Some(Fault::PanicInPoll) => panic_any(Planned),
    }
}

impl AsyncFileWriter for Failing {
    fn write(&mut self, bs: Bytes) -> BoxFuture<'_, Result<()>> {
        let fault = self.strikes();
        Box::pin(async move {
            wait(1).await;
            fail(fault)?;
            look(&self.shared).bytes.extend_from_slice(&bs);
            Ok(())
        })
    }

    fn complete(&mut self) -> BoxFuture<'_, Result<()>> {
        let fault = self.strikes();
        Box::pin(async move {
            fail(fault)?;
            look(&self.shared).completions += 1;
            Ok(())
        })
    }
}

/// Takes so many bytes a second of the runtime's clock, and holds a chunk until it is through.
#[derive(Debug)]
pub(crate) struct Throttled {
    pub(crate) bytes_per_second: usize,
    pub(crate) bytes: usize,
    pub(crate) largest: usize,
}

impl Throttled {
    pub(crate) fn new(bytes_per_second: usize) -> Self {
        Self {
            bytes_per_second,
            bytes: 0,
            largest: 0,
        }
    }
}

impl AsyncFileWriter for Throttled {
    fn write(&mut self, bs: Bytes) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let seconds = bs.len() as f64 / self.bytes_per_second as f64;
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            self.bytes += bs.len();
            self.largest = self.largest.max(bs.len());
            drop(bs);
            Ok(())
        })
    }

    fn complete(&mut self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

pub(crate) fn panic_as_planned() -> ! {
    panic_any(Planned)
}
