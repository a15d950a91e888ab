//! The settings that a session gets beside those of DataFusion.

use datafusion::common::config::ConfigExtension;
use datafusion::common::extensions_options;
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::prelude::SessionConfig;

extensions_options! {
    /// Settings of writes, under the name `herringbone`: `SET herringbone.memory_limit = '64M'`.
    ///
    /// A session knows them once they are [registered](HerringboneOptions::register); without that the defaults hold.
    pub struct HerringboneOptions {
        /// The most memory that a write takes of the session's pool, as a number of bytes with the unit `K`, `M` or `G`.
        /// Empty by default: as much as the pool grants, and 256 MiB where the pool has no limit.
        pub memory_limit: String, default = String::new()

        /// The most files that a write with partition columns keeps open at once. The file that has been idle longest is
        /// finished for one more; what comes later for its partition goes into another file. Zero, the default, stands
        /// for as many as the memory has room for.
        pub max_open_files: usize, default = 0

        /// Parts of a file that are on their way to the object store at once.
        pub parts_in_flight: usize, default = 4

        /// Whether every partition of the input writes files of its own, at the same time, instead of all rows passing
        /// through one stream. There are then as many files as partitions, and their rows keep the order of their
        /// partition alone. Not for writes into a single named file, nor for those that ask for an order.
        pub partition_parallel: bool, default = false

        /// The beginning of the names of files in a folder. Empty by default: sixteen random letters and digits. With a
        /// prefix of one's own a write that is done again replaces the files of the first attempt, and what a failed
        /// attempt has finished is not removed.
        pub file_prefix: String, default = String::new()
    }
}

impl ConfigExtension for HerringboneOptions {
    const PREFIX: &'static str = "herringbone";
}

impl HerringboneOptions {
    /// A configuration that knows these settings.
    pub fn register(self) -> SessionConfig {
        self.register_in(SessionConfig::new())
    }

    /// `config`, which then knows these settings as well.
    pub fn register_in(self, config: SessionConfig) -> SessionConfig {
        config.with_option_extension(self)
    }

    /// The settings of a session, or the defaults where it does not know them.
    pub fn of(options: &ConfigOptions) -> Self {
        options
            .extensions
            .get::<Self>()
            .cloned()
            .unwrap_or_default()
    }

    /// The limit in bytes, if there is one.
    ///
    /// # Errors
    /// If the setting is no size.
    pub(crate) fn memory_limit(&self) -> Result<Option<usize>> {
        match self.memory_limit.trim() {
            "" => Ok(None),
            text => bytes(text).map(Some).ok_or_else(|| {
                DataFusionError::Configuration(format!(
                    "herringbone.memory_limit is '{text}': a size is a number of bytes above zero, with K, M or G for units"
                ))
            }),
        }
    }
}

/// The bytes that `text` stands for.
fn bytes(text: &str) -> Option<usize> {
    let text = text.to_ascii_uppercase();
    let text = text
        .strip_suffix("IB")
        .or(text.strip_suffix('B'))
        .unwrap_or(&text);
    let (number, unit) = match text.char_indices().last()? {
        (end, 'K') => (text.get(..end)?, 1 << 10),
        (end, 'M') => (text.get(..end)?, 1 << 20),
        (end, 'G') => (text.get(..end)?, 1 << 30),
        _ => (text, 1),
    };
    let number: usize = number.trim().parse().ok()?;
    number.checked_mul(unit).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        for (text, expected) in [
            ("1024", 1024),
            ("64M", 64 << 20),
            ("64 MiB", 64 << 20),
            ("2g", 2 << 30),
            ("8kb", 8 << 10),
        ] {
            assert_eq!(bytes(text), Some(expected), "{text}");
        }
        for text in ["M", "-1", "0", "1.5G", "64 X", "99999999999999999999G"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
