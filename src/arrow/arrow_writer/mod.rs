//! arrow_writer
