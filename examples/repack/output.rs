//! A file that takes its name only when it is whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::Failure;

/// What becomes of the file that a run writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It takes the output's name.
    Keep,
    /// It is removed.
    Discard,
}

/// A file beside the target, so that it can take the target's name in one step. It is removed if that never
/// happens.
pub(crate) struct Output {
    file: NamedTempFile,
    target: PathBuf,
}

impl Output {
    pub(crate) fn create(target: &Path) -> Result<Self, Failure> {
        let fail = |cause: &str| Failure::at("creating", target, cause);
        let target = match fs::metadata(target) {
            Ok(there) if there.is_dir() => return Err(fail("it is a directory")),
            // A device or a pipe would be replaced by a file.
            Ok(there) if !there.is_file() => return Err(fail("it is no regular file")),
            // What a link leads to is replaced, not the link.
            Ok(_) => fs::canonicalize(target).map_err(|error| fail(&error.to_string()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => target.to_owned(),
            Err(error) => return Err(fail(&error.to_string())),
        };
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if !directory.is_dir() {
            let cause = format!("there is no directory {}", directory.display());
            return Err(fail(&cause));
        }
        let file = temporary(directory).map_err(|error| fail(&without_path(&error)))?;
        Ok(Self { file, target })
    }

    /// Another handle on the file.
    pub(crate) fn handle(&self) -> Result<File, Failure> {
        let handle = self.file.as_file().try_clone();
        handle.map_err(|error| Failure::at("creating", &self.target, error))
    }

    /// Ends the file, which must be whole if it is kept.
    pub(crate) fn end(self, fate: Fate) -> Result<(), Failure> {
        let Self { file, target } = self;
        match fate {
            Fate::Discard => file
                .close()
                .map_err(|error| Failure::at("removing the second run's", &target, error)),
            Fate::Keep => {
                let fail = |error| Failure::at("writing", &target, error);
                file.as_file().sync_all().map_err(fail)?;
                file.persist(&target).map_err(|error| fail(error.error))?;
                Ok(())
            }
        }
    }
}

fn temporary(directory: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".repack-").suffix(".partial");
    // Not only its maker may read what the user asked for: the usual rights of a new file.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
}

/// The message without the temporary name, which means nothing to the user.
fn without_path(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" at path ") {
        Some((cause, _)) => cause.to_owned(),
        None => text,
    }
}
