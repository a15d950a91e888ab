//! Stores whose slow work is done on another thread.
//!
//! | file | its part |
//! |---|---|
//! | `factory` | what a user sees |
//! | `store` | the owner's side: hands blobs over, and waits for those that are needed |
//! | `desk` | the thread that all stores of a factory share, or of several |
//! | `queue` | what is left to the thread, column by column |
//! | `column` | what owner and thread share of one store: the inner store, blobs read ahead |
//! | `buffers` | memory for blobs on their way, of a fixed size |

mod buffers;
mod column;
mod desk;
mod factory;
mod queue;
mod store;
#[cfg(test)]
mod tests;

pub use factory::BackgroundPageStoreFactory;
