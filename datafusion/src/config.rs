//! The settings that a session gets beside those of DataFusion.

use std::any::Any;

use datafusion::common::config::{ConfigEntry, ConfigExtension, ConfigField, ExtensionOptions};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::prelude::SessionConfig;

/// Settings of writes, under the name `herringbone`: `SET herringbone.memory_limit = '64M'`.
///
/// A session knows them once they are [registered](HerringboneOptions::register); without that the defaults hold.
#[derive(Debug, Clone)]
pub struct HerringboneOptions {
    /// The most memory that a write takes of the session's pool, as a number of bytes with the unit `K`, `M` or `G`.
    /// Empty by default: as much as the pool grants, and 256 MiB where the pool has no limit.
    pub memory_limit: String,

    /// The most files that a write with partition columns keeps open at once. The file that has been idle longest is
    /// finished for one more; what comes later for its partition goes into another file. Zero, the default, stands for as
    /// many as the memory has room for.
    pub max_open_files: usize,

    /// Parts of a file that are on their way to the object store at once. Four by default.
    pub parts_in_flight: usize,

    /// Whether every partition of the input writes files of its own, at the same time, instead of all rows passing through
    /// one stream; not so by default. There are then as many files as partitions, and their rows keep the order of their
    /// partition alone. Not for writes into a single named file, nor for those that ask for an order.
    pub partition_parallel: bool,

    /// The beginning of the names of files in a folder. Empty by default: sixteen random letters and digits. With a prefix
    /// of one's own a write that is done again replaces the files of the first attempt, and what a failed attempt has
    /// finished is not removed.
    pub file_prefix: String,
}

impl Default for HerringboneOptions {
    fn default() -> Self {
        Self {
            memory_limit: String::new(),
            max_open_files: 0,
            parts_in_flight: 4,
            partition_parallel: false,
            file_prefix: String::new(),
        }
    }
}

impl ConfigExtension for HerringboneOptions {
    const PREFIX: &'static str = "herringbone";
}

impl ExtensionOptions for HerringboneOptions {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        match key {
            "memory_limit" => self.memory_limit.set(key, value),
            "max_open_files" => self.max_open_files.set(key, value),
            "parts_in_flight" => self.parts_in_flight.set(key, value),
            "partition_parallel" => self.partition_parallel.set(key, value),
            "file_prefix" => self.file_prefix.set(key, value),
            _ => Err(DataFusionError::Configuration(format!(
                "there is no setting herringbone.{key}"
            ))),
        }
    }

    /// With the whole name as the key, by which a session that gets them from another one can set them.
    fn entries(&self) -> Vec<ConfigEntry> {
        let entry = |name: &str, value: String, description| ConfigEntry {
            key: format!("{}.{name}", Self::PREFIX),
            value: Some(value),
            description,
        };
        vec![
            entry(
                "memory_limit",
                self.memory_limit.clone(),
                "The most memory that a write takes of the pool",
            ),
            entry(
                "max_open_files",
                self.max_open_files.to_string(),
                "The most files that a write with partition columns keeps open at once; 0 for what memory has room for",
            ),
            entry(
                "parts_in_flight",
                self.parts_in_flight.to_string(),
                "Parts of a file that are on their way to the object store at once",
            ),
            entry(
                "partition_parallel",
                self.partition_parallel.to_string(),
                "Whether every partition of the input writes files of its own",
            ),
            entry(
                "file_prefix",
                self.file_prefix.clone(),
                "The beginning of the names of files in a folder; random if empty",
            ),
        ]
    }
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
    fn what_a_session_tells_of_its_settings_sets_those_of_another() {
        let told = HerringboneOptions {
            memory_limit: "64M".to_owned(),
            max_open_files: 7,
            parts_in_flight: 2,
            partition_parallel: true,
            file_prefix: "part".to_owned(),
        };
        let told = told.register();
        let mut set = HerringboneOptions::default().register();
        for entry in told.options().entries() {
            if let Some(value) = entry.value {
                set.options_mut().set(&entry.key, &value).unwrap();
            }
        }
        let told = HerringboneOptions::of(told.options());
        let set = HerringboneOptions::of(set.options());
        assert_eq!(format!("{told:?}"), format!("{set:?}"));
        assert_eq!(told.max_open_files, 7);
    }

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
