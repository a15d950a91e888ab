//! Which options can be written at all: refused before the first byte of a file.

use super::writer::WriterProperties;
use crate::errors::{ParquetError, Result};
use crate::schema::types::SchemaDescriptor;

impl WriterProperties {
    /// Refuses what this version of the crate cannot do, and what the format does not allow.
    ///
    /// # Errors
    /// [`ParquetError::NYI`] for an option that has no machinery yet, and for an encoding that is not there for a
    /// column's type; [`ParquetError::General`] for options of an encoding that break a rule. Each names the option
    /// or the column.
    pub(crate) fn check_supported(&self, schema: &SchemaDescriptor) -> Result<()> {
        if self.content_defined_chunking.is_some() {
            return Err(ParquetError::NYI(
                "set_content_defined_chunking: content-defined chunking".to_string(),
            ));
        }
        for column in schema.columns() {
            let options = self.column(column.path());
            if let Some(encoding) = options.encoding {
                options.encoder_options(column).check(encoding)?;
            }
        }
        Ok(())
    }
}
