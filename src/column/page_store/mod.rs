//! page_store
