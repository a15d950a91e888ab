//! Rows into files as they come: one file, or several in turn.

use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

use super::files::{Files, OpenFile};

/// A file, and the rows that were sent to it.
struct Filling {
    file: OpenFile,
    rows: usize,
}

/// Writes `rows` to files in turn, each with no more rows than the session wants for one.
pub(super) async fn write_in_turn(
    files: &mut Files,
    mut rows: SendableRecordBatchStream,
) -> Result<()> {
    let limits = files.job().limits;
    let mut open: Vec<Filling> = Vec::new();
    let mut opened = 0;
    // A file that is named is made also if there are no rows for it.
    if limits.is_single_file {
        open.push(begin(files, &mut opened)?);
    }
    let mut turn = 0;
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        if batch.num_rows() == 0 {
            continue;
        }
        if open.len() < limits.files_at_once {
            open.push(begin(files, &mut opened)?);
            turn = open.len() - 1;
        }
        if let Some(filling) = open.get_mut(turn) {
            if filling.rows >= limits.most_rows_of_file {
                let full = std::mem::replace(filling, begin(files, &mut opened)?);
                files.finish(full.file).await?;
            }
            filling.rows += batch.num_rows();
            files.write(&filling.file, batch).await?;
        }
        turn = (turn + 1) % limits.files_at_once;
    }
    for filling in open {
        files.finish(filling.file).await?;
    }
    files.wait_for_all().await
}

fn begin(files: &mut Files, opened: &mut usize) -> Result<Filling> {
    let path = files.job().path(*opened)?;
    let ahead = files.job().limits.batches_ahead;
    *opened += 1;
    Ok(Filling {
        file: files.open(path, ahead)?,
        rows: 0,
    })
}
