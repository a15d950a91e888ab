//! Stores whose slow work is done on another thread.
//!
//! | file | its part |
//! |---|---|
//! | `factory` | what a user sees |
//! | `store` | the owner's side: hands blobs over, and waits for those that are needed |
//! | `worker` | the thread that all stores of a factory share, or of several |
//! | `column` | what owner and thread share of one store: what is left to do, the inner store, blobs read ahead |
//! | `buffers` | memory for blobs on their way, of a fixed size |

mod buffers;
mod column;
mod factory;
mod store;
#[cfg(test)]
mod tests;
mod worker;

pub use factory::BackgroundPageStoreFactory;
