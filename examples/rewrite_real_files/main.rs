//! Rewrites real Parquet files, and compares what the `parquet` crate makes of both.
//!
//! ```text
//! cargo run --example rewrite_real_files -- FROM INTO
//! ```
//!
//! Every Parquet file in the directory `FROM`, also in those within it, is read by the `parquet` crate and written by
//! herringbone in several ways, as `INTO/WAY/NAME`. Arrow schema and values must then be the same; where a column is
//! stored as another Parquet type, that is listed. What the `parquet` crate
//! cannot read itself is listed with the reason; it leaves rows out in silence where a footer counts them wrongly, so
//! that is looked for. `.ci/check_rewritten.py` reads the same files with pyarrow.

use std::fmt::Display;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[path = "../repack/rows.rs"]
mod rows;
mod table;
mod way;

use table::Table;
use way::Way;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(from), Some(into)) = (arguments.next(), arguments.next()) else {
        eprintln!("rewrite_real_files: say the directory to read from and the one to write into");
        return ExitCode::FAILURE;
    };
    let mut names = Vec::new();
    if let Err(error) = find(&from, Path::new(""), &mut names) {
        eprintln!("rewrite_real_files: {}: {error}", from.display());
        return ExitCode::FAILURE;
    }
    names.sort();
    let mut count = Count::default();
    for name in &names {
        rewrite(&from, &into, name, &mut count);
    }
    println!(
        "{} files, {} of them read by the parquet crate and written in {} ways: {} rewritten files compared, {} differ",
        names.len(),
        count.read,
        Way::ALL.len(),
        count.compared,
        count.failed,
    );
    match count.failed == 0 && count.compared > 0 {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

#[derive(Default)]
struct Count {
    read: usize,
    compared: usize,
    failed: usize,
}

impl Count {
    fn fail(&mut self, name: &Path, way: Way, why: impl Display) {
        self.failed += 1;
        println!("FAILED {} ({way}): {why}", name.display());
    }
}

/// Files whose names say that they are Parquet, below `from`.
fn find(from: &Path, below: &Path, names: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(from.join(below))? {
        let entry = entry?;
        let name = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            find(from, &name, names)?;
        } else if is_parquet(&name) {
            names.push(name);
        }
    }
    Ok(())
}

fn is_parquet(name: &Path) -> bool {
    let name = name.to_string_lossy();
    name.ends_with(".parquet") || name.ends_with(".parquet.encrypted")
}

fn rewrite(from: &Path, into: &Path, name: &Path, count: &mut Count) {
    let original = match Table::read(&from.join(name)) {
        Ok(original) => original,
        Err(why) => {
            println!("not read by the parquet crate: {}: {why}", name.display());
            return;
        }
    };
    count.read += 1;
    for way in Way::ALL {
        let path = into.join(way.name()).join(name);
        match way
            .write(&original, &path)
            .and_then(|()| Table::read(&path))
        {
            Ok(rewritten) => {
                count.compared += 1;
                if way == Way::Defaults {
                    for (other, columns) in original.other_leaves(&rewritten) {
                        println!("stored otherwise: {}: {columns} x {other}", name.display());
                    }
                }
                if let Err(why) = original.compare(&rewritten) {
                    count.fail(name, way, why);
                }
            }
            Err(why) => count.fail(name, way, why),
        }
    }
}
