//! The operating system's part: unlinked files, and transfers at a position that share no cursor.

use std::fs::File;
use std::io;
use std::path::Path;

use super::super::contract::wants_files;

/// Opens a file in `directory` that has no name, so that nothing is left when the process ends in
/// whatever way, and no other process can open it.
///
/// Where the system cannot make a nameless file, a random name exists for an instant. Windows
/// removes the file with its last handle.
pub(super) fn open_unlinked(directory: &Path) -> io::Result<File> {
    let file = tempfile::tempfile_in(directory).map_err(|error| told(error, directory))?;
    restrict(&file)?;
    Ok(file)
}

/// This error, or one that says that there are too many open files, if it hides the system's number.
fn told(error: io::Error, directory: &Path) -> io::Error {
    if error.raw_os_error().is_some() {
        return error;
    }
    let again = File::open(directory).err().filter(wants_files);
    again.unwrap_or(error)
}

/// Writes all of `bytes` at `offset`.
pub(super) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    transfer(bytes.len(), offset, io::ErrorKind::WriteZero, |done, at| {
        sys::write_at(file, bytes.get(done..).unwrap_or_default(), at)
    })
}

/// Fills `buffer` from `offset`.
pub(super) fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    let eof = io::ErrorKind::UnexpectedEof;
    transfer(buffer.len(), offset, eof, |done, at| {
        sys::read_at(file, buffer.get_mut(done..).unwrap_or_default(), at)
    })
}

/// Gives the disk of `length_bytes` at `offset` back to the system. What is read there afterwards is
/// zero; the length of the file stays. An error where the system or the file system cannot do it.
///
/// Pages that the system has not written out yet are forgotten with it, so a blob that is taken
/// soon after it was put never reaches the disk.
#[cfg(target_os = "linux")]
pub(super) fn discard(file: &File, offset: u64, length_bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    Ok(fallocate(file, flags, offset, length_bytes)?)
}

/// Not known for this system.
#[cfg(not(target_os = "linux"))]
pub(super) fn discard(_file: &File, _offset: u64, _length_bytes: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Repeats `step` until `length` bytes are done: the system may move fewer than it was asked to, or be
/// interrupted.
fn transfer(
    length: usize,
    offset: u64,
    stalled: io::ErrorKind,
    mut step: impl FnMut(usize, u64) -> io::Result<usize>,
) -> io::Result<()> {
    let mut done = 0;
    while done < length {
        match step(done, offset + done as u64) {
            Ok(0) => return Err(stalled.into()),
            Ok(moved) => done += moved,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(unix)]
fn restrict(file: &File) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_file: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
mod sys {
    use std::fs::File;
    use std::io;
    use std::os::unix::fs::FileExt;

    pub(super) fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<usize> {
        file.write_at(bytes, at)
    }

    pub(super) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        file.read_at(buffer, at)
    }
}

#[cfg(windows)]
mod sys {
    use std::fs::File;
    use std::io;
    use std::os::windows::fs::FileExt;

    /// The call moves the handle's cursor, which nobody here reads.
    pub(super) fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<usize> {
        file.seek_write(bytes, at)
    }

    /// A read past the end is an error on Windows and nothing read on Unix; the caller sees the latter.
    pub(super) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        const ERROR_HANDLE_EOF: i32 = 38;
        match file.seek_read(buffer, at) {
            Err(error) if error.raw_os_error() == Some(ERROR_HANDLE_EOF) => Ok(0),
            other => other,
        }
    }
}

#[cfg(not(any(unix, windows)))]
mod sys {
    use std::fs::File;
    use std::io;

    pub(super) fn write_at(_file: &File, _bytes: &[u8], _at: u64) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn read_at(_file: &File, _buffer: &mut [u8], _at: u64) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interrupted_and_short_transfers_are_taken_up_again() {
        let mut calls = Vec::new();
        let mut answers = [
            Err(io::ErrorKind::Interrupted.into()),
            Ok(3),
            Err(io::ErrorKind::Interrupted.into()),
            Ok(7),
        ]
        .into_iter();
        transfer(10, 100, io::ErrorKind::WriteZero, |done, at| {
            calls.push((done, at));
            answers.next().unwrap()
        })
        .unwrap();
        assert_eq!(calls, [(0, 100), (0, 100), (3, 103), (3, 103)]);
    }
}
