//! A buffer that values are written to as they will lie in their page, behind room for what comes before them.

use super::buffer::{append, grow};

/// The value section of the open page.
#[derive(Debug)]
pub(super) struct LentBuffer {
    bytes: Vec<u8>,
    /// Where the section begins. There is no room before it until it has been lent once: some pages never are.
    front: usize,
}

impl LentBuffer {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            front: 0,
        }
    }

    /// Where values are appended.
    #[inline]
    pub(super) fn open(&mut self) -> &mut Vec<u8> {
        if self.bytes.is_empty() {
            grow(&mut self.bytes, self.front);
            self.bytes.resize(self.front, 0);
        }
        &mut self.bytes
    }

    /// Bytes of the section.
    pub(super) fn len(&self) -> usize {
        self.bytes.len().saturating_sub(self.front)
    }

    /// Appends the section to `out`, and begins the next one.
    pub(super) fn flush_into(&mut self, out: &mut Vec<u8>) {
        append(out, self.bytes.get(self.front..).unwrap_or_default());
        self.bytes.clear();
    }

    /// Exchanges the buffer with `page`, where the section then begins at the returned place, no earlier than
    /// `front`. Values are moved if there is too little room; later pages begin with as much.
    pub(super) fn lend(&mut self, page: &mut Vec<u8>, front: usize) -> usize {
        let bytes = self.open();
        let len = bytes.len();
        if let Some(more) = front.checked_sub(self.front) {
            let from = self.front;
            let bytes = &mut self.bytes;
            bytes.reserve_exact(more);
            bytes.resize(len + more, 0);
            bytes.copy_within(from..len, from + more);
            self.front = front;
        }
        std::mem::swap(&mut self.bytes, page);
        self.bytes.clear();
        self.front
    }

    /// Exchanges the buffers again.
    pub(super) fn take_back(&mut self, page: &mut Vec<u8>) {
        std::mem::swap(&mut self.bytes, page);
        self.bytes.clear();
    }

    /// Bytes on the heap, by capacity.
    pub(super) fn memory_size(&self) -> usize {
        self.bytes.capacity()
    }

    /// Gives back what an empty page does not need.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lent_section_stands_behind_the_room_that_was_asked_for() {
        let mut buffer = LentBuffer::new();
        for front in [0, 128, 640, 7] {
            buffer.open().extend_from_slice(b"values");
            assert_eq!(buffer.len(), 6);
            let mut page = b"of another page".to_vec();
            let from = buffer.lend(&mut page, front);
            assert!(from >= front);
            assert_eq!(&page[from..], b"values");
            assert_eq!(buffer.len(), 0);
            buffer.take_back(&mut page);
        }
    }

    #[test]
    fn a_buffer_that_was_taken_back_begins_an_empty_page_in_its_memory() {
        let mut buffer = LentBuffer::new();
        buffer.open().extend_from_slice(&[1; 1000]);
        let held = buffer.memory_size();
        let mut page = Vec::new();
        buffer.lend(&mut page, 10);
        buffer.take_back(&mut page);
        assert_eq!((buffer.memory_size(), page.capacity()), (held + 10, 0));
        let mut out = Vec::new();
        buffer.open().push(7);
        buffer.flush_into(&mut out);
        assert_eq!(out, [7]);
    }
}
