//! As much of a column as pages need.

#[path = "writer.rs"]
pub(crate) mod writer;

pub(crate) mod chunk {
    use crate::wire::page::PageHeaderKind;

    pub(crate) struct SealedPage<'a> {
        pub(crate) buffer: &'a mut Vec<u8>,
        pub(crate) from: usize,
        pub(crate) header_len: usize,
        pub(crate) uncompressed_len: usize,
        pub(crate) kind: PageHeaderKind<'a>,
    }
}
