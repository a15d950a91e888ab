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

/// A file beside the target, so that it can take the target's name in one step. Nothing of it is left if that never
/// happens: where the system has files without a name it is one of those, which are gone with the process however that
/// ends; elsewhere it has a name of its own, and is removed unless the process is killed.
pub(crate) struct Output {
    file: Partial,
    directory: PathBuf,
    target: PathBuf,
}

enum Partial {
    #[cfg(target_os = "linux")]
    Unnamed(File),
    Named(NamedTempFile),
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
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        if !directory.is_dir() {
            let cause = format!("there is no directory {}", directory.display());
            return Err(fail(&cause));
        }
        let file = Partial::create(&directory).map_err(|error| fail(&without_path(&error)))?;
        Ok(Self {
            file,
            directory,
            target,
        })
    }

    /// Another handle on the file.
    pub(crate) fn handle(&self) -> Result<File, Failure> {
        let handle = self.file.as_file().try_clone();
        handle.map_err(|error| Failure::at("creating", &self.target, error))
    }

    /// Ends the file, which must be whole if it is kept.
    pub(crate) fn end(self, fate: Fate) -> Result<(), Failure> {
        let Self {
            file,
            directory,
            target,
        } = self;
        match (fate, file) {
            (Fate::Keep, file) => {
                let fail = |error| Failure::at("writing", &target, error);
                file.as_file().sync_all().map_err(fail)?;
                file.rename_to(&directory, &target).map_err(fail)
            }
            (Fate::Discard, Partial::Named(file)) => file
                .close()
                .map_err(|error| Failure::at("removing the second run's", &target, error)),
            #[cfg(target_os = "linux")]
            (Fate::Discard, Partial::Unnamed(_)) => Ok(()),
        }
    }
}

impl Partial {
    fn create(directory: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(file) = unnamed::create(directory) {
            return Ok(Self::Unnamed(file));
        }
        temporary(directory).map(Self::Named)
    }

    fn as_file(&self) -> &File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => file,
            Self::Named(file) => file.as_file(),
        }
    }

    /// Gives the file its name, in place of what has it so far.
    fn rename_to(self, directory: &Path, target: &Path) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => unnamed::name(&file, directory, target),
            Self::Named(file) => match file.persist(target) {
                Ok(_) => Ok(()),
                Err(error) => Err(error.error),
            },
        }
    }
}

/// Files without a name, which Linux has on most file systems.
#[cfg(target_os = "linux")]
mod unnamed {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsRawFd;
    use std::path::{Path, PathBuf};

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};

    /// A file in `directory`; none if that is not to be had there.
    pub(super) fn create(directory: &Path) -> Option<File> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        // The usual rights of a new file: not only its maker may read what the user asked for.
        let file = File::from(open(directory, flags, Mode::from_raw_mode(0o666)).ok()?);
        // Without this path it would never get a name.
        path_of(&file).exists().then_some(file)
    }

    /// Gives `file` the name `target`.
    pub(super) fn name(file: &File, directory: &Path, target: &Path) -> io::Result<()> {
        match link(file, target) {
            // A link replaces nothing. A name that is there already is taken over in a second step, which does; a
            // process that is killed just between the two leaves the whole file under the first name.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let builder = super::partial_name();
                let named = builder.make_in(directory, |path| link(file, path))?;
                named.persist(target).map_err(|error| error.error)
            }
            result => result,
        }
    }

    fn link(file: &File, name: &Path) -> io::Result<()> {
        Ok(linkat(
            CWD,
            path_of(file),
            CWD,
            name,
            AtFlags::SYMLINK_FOLLOW,
        )?)
    }

    fn path_of(file: &File) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
    }
}

fn temporary(directory: &Path) -> io::Result<NamedTempFile> {
    let mut builder = partial_name();
    // Not only its maker may read what the user asked for: the usual rights of a new file.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
}

fn partial_name() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".repack-").suffix(".partial");
    builder
}

/// The message without the temporary name, which means nothing to the user.
fn without_path(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" at path ") {
        Some((cause, _)) => cause.to_owned(),
        None => text,
    }
}
