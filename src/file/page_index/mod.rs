//! page_index
