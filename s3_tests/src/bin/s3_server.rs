//! Serves a folder as S3 on a free port of this machine.

use std::path::PathBuf;
use std::{env, io};

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).map(PathBuf::from);
    herringbone_s3_tests::serve(&folder.ok_or(io::ErrorKind::InvalidInput)?)
}
