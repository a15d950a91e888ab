use arrow_array::record_batch;
use herringbone::arrow::ArrowWriter;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let batch = record_batch!(("boat", Utf8, ["Aurora", "Freyja"]), ("tonnes", Float64, [12.5, 7.25]))?;
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None)?;
    writer.write(&batch)?;
    println!("{} bytes", writer.into_inner()?.len());
    Ok(())
}
