//! Draws resident bytes over time.

use std::path::Path;
use std::time::Instant;

use plotters::prelude::*;

use crate::run::{self, Codec, Writer};
use crate::tables::Table;

/// Milliseconds and bytes.
type Curve = Vec<(f64, f64)>;

/// Runs three writers on the 400-column table and draws what each held on the heap.
pub(crate) fn draw(
    path: &Path,
    directory: &Path,
    quick: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let table = Table {
        batch_rows: 1_024,
        ..match quick {
            true => Table::wide(60, 32_768),
            false => Table::wide(400, 65_536),
        }
    };
    let limit = if quick { 16 << 20 } else { 64 << 20 };
    let limited = format!("herringbone, limit {}", run::mib(limit));
    let runs = [
        (Writer::ParquetHeap, "pages on the heap (parquet)", RED),
        (
            Writer::ParquetTempFile,
            "pages in a temporary file (parquet)",
            BLUE,
        ),
        (Writer::Limited(limit), &limited, BLACK),
    ];
    let mut curves = Vec::new();
    for (writer, title, color) in runs {
        let mut curve: Curve = vec![(0.0, 0.0)];
        let start = Instant::now();
        let mut sample = |bytes: usize| {
            let _ = start;
            curve.push((curve.len() as f64, bytes as f64 / f64::from(1 << 20)));
        };
        let figures = run::run(
            writer,
            Codec::Uncompressed,
            table.schema(),
            table.batches(),
            directory,
            &mut sample,
        )?;
        println!("{title}: peak {}", run::mib(figures.peak));
        curves.push((
            title,
            color,
            curve,
            figures.peak as f64 / f64::from(1 << 20),
        ));
    }
    let batches = curves
        .iter()
        .map(|(_, _, curve, _)| curve.len())
        .max()
        .unwrap_or(1) as f64;
    let most = curves.iter().map(|(.., peak)| *peak).fold(1.0, f64::max);
    let root = SVGBackend::new(path, (860, 460)).into_drawing_area();
    root.fill(&WHITE)?;
    let rows = batches as usize * table.batch_rows;
    let mut chart = ChartBuilder::on(&root)
        .caption(
            format!(
                "Heap of the writer, {} columns in one row group",
                table.columns
            ),
            ("sans-serif", 20),
        )
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(72)
        .build_cartesian_2d(0.0..rows as f64, (0.5..most * 2.0).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("rows written")
        .y_desc("MiB, logarithmic")
        .x_label_formatter(&|rows| format!("{:.0}k", rows / 1_000.0))
        .y_label_formatter(&|mib| format!("{mib:.0}"))
        .light_line_style(WHITE)
        .draw()?;
    for (title, color, curve, peak) in &curves {
        let label = format!("{title}: peak {peak:.0} MiB");
        let points = curve
            .iter()
            .map(|(batch, mib)| (batch * table.batch_rows as f64, mib.max(0.5)));
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))?
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE)
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    println!("drew {}", path.display());
    Ok(())
}
