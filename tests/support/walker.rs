//! A file taken apart by its own offsets, every page header parsed, and every number that says something about
//! another number or about the bytes held against it.
//!
//! SPEC: README.md, "File Format"; parquet.thrift.

use super::thrift::{Fields, read_struct};

pub const DATA_PAGE: i64 = 0;
pub const DICTIONARY_PAGE: i64 = 2;
pub const DATA_PAGE_V2: i64 = 3;
const PLAIN: i64 = 0;
const RLE: i64 = 3;
const RLE_DICTIONARY: i64 = 8;

/// A file's footer, and its pages as they lie in the file.
#[derive(Debug)]
pub struct Layout {
    pub footer: Fields,
    pub row_groups: Vec<RowGroup>,
}

#[derive(Debug)]
pub struct RowGroup {
    pub record: Fields,
    pub chunks: Vec<Chunk>,
}

#[derive(Debug)]
pub struct Chunk {
    /// `ColumnMetaData`.
    pub meta: Fields,
    pub dictionary: Option<Page>,
    /// Data pages.
    pub pages: Vec<Page>,
    pub column_index: Option<Fields>,
    pub offset_index: Option<Fields>,
}

/// One page header and where it stands.
#[derive(Debug)]
pub struct Page {
    pub offset: i64,
    pub header_len: i64,
    /// `PageHeader`.
    pub header: Fields,
}

impl Page {
    pub fn kind(&self) -> i64 {
        self.header.int(1)
    }

    pub fn uncompressed(&self) -> i64 {
        self.header.int(2)
    }

    pub fn compressed(&self) -> i64 {
        self.header.int(3)
    }

    /// Header and body, as stored.
    pub fn len(&self) -> i64 {
        self.header_len + self.compressed()
    }

    /// The header's part for this kind of page.
    pub fn details(&self) -> &Fields {
        let field = match self.kind() {
            DATA_PAGE => 5,
            DICTIONARY_PAGE => 7,
            DATA_PAGE_V2 => 8,
            other => panic!("a page of kind {other}"),
        };
        self.header.opt_struct(field).expect("page details")
    }

    pub fn num_values(&self) -> i64 {
        self.details().int(1)
    }

    pub fn encoding(&self) -> i64 {
        self.details()
            .int(if self.kind() == DATA_PAGE_V2 { 4 } else { 2 })
    }

    /// Rows, if the header says.
    pub fn rows(&self) -> Option<i64> {
        (self.kind() == DATA_PAGE_V2).then(|| self.details().int(3))
    }

    /// Statistics, if the header has any.
    pub fn statistics(&self) -> Option<&Fields> {
        self.details().opt_struct(match self.kind() {
            DATA_PAGE => 5,
            _ => 8,
        })
    }

    /// Where the body lies in the file.
    pub fn body(&self) -> std::ops::Range<usize> {
        let from = (self.offset + self.header_len) as usize;
        from..from + self.compressed() as usize
    }
}

impl Chunk {
    /// First row of each page and of what follows the last, from the offset index.
    pub fn page_rows(&self, rows: i64) -> Option<Vec<i64>> {
        let locations = self.offset_index.as_ref()?.structs(1);
        let mut firsts: Vec<i64> = locations.iter().map(|location| location.int(3)).collect();
        firsts.push(rows);
        Some(firsts)
    }

    /// The path's parts, joined by dots.
    pub fn path(&self) -> String {
        let parts = self.meta.opt_list(3).expect("path_in_schema");
        let parts = parts.iter().map(|part| match part {
            super::thrift::Value::Binary(bytes) => String::from_utf8(bytes.clone()).unwrap(),
            other => panic!("a path part {other:?}"),
        });
        parts.collect::<Vec<_>>().join(".")
    }
}

impl Layout {
    /// Takes `file` apart, and panics if anything in it contradicts anything else.
    pub fn read(file: &[u8]) -> Self {
        assert_eq!(&file[..4], b"PAR1", "magic in front");
        assert_eq!(&file[file.len() - 4..], b"PAR1", "magic behind");
        let len_at = file.len() - 8;
        let footer_len = u32::from_le_bytes(file[len_at..len_at + 4].try_into().unwrap()) as usize;
        let (footer, used) = read_struct(&file[len_at - footer_len..len_at]);
        assert_eq!(used, footer_len, "footer length");
        let row_groups = footer.structs(4);
        let row_groups = row_groups
            .into_iter()
            .map(|record| read_row_group(file, record));
        let layout = Self {
            row_groups: row_groups.collect(),
            footer,
        };
        layout.check(len_at - footer_len, file);
        layout
    }

    /// All data pages of column `column`, row group by row group.
    pub fn pages_of(&self, column: usize) -> impl Iterator<Item = &Page> {
        let groups = self.row_groups.iter();
        groups.flat_map(move |group| &group.chunks[column].pages)
    }

    fn check(&self, footer_at: usize, file: &[u8]) {
        let rows: i64 = self
            .row_groups
            .iter()
            .map(|group| group.record.int(3))
            .sum();
        assert_eq!(self.footer.int(3), rows, "rows of the file");
        let leaves = self.footer.structs(2).into_iter();
        let leaves = leaves.filter(|node| node.get(5).is_none()).count();
        assert_eq!(
            self.footer.opt_list(7).map(<[_]>::len).unwrap_or(0),
            leaves,
            "column orders"
        );
        let mut at = 4;
        // All row groups have an ordinal, or none has one.
        let have_ordinals = self.row_groups.len() <= 1 << 15;
        for (ordinal, group) in self.row_groups.iter().enumerate() {
            assert_eq!(group.chunks.len(), leaves, "chunks of a row group");
            let small = have_ordinals.then_some(ordinal as i64);
            assert_eq!(group.record.opt_int(7), small, "ordinal");
            assert_eq!(
                group.record.opt_int(5),
                Some(at),
                "file_offset of row group {ordinal}"
            );
            group.check(&mut at, file);
        }
        self.check_indexes(at, footer_at as i64);
    }

    /// Column indexes lie behind the row groups in order, then offset indexes, then the footer.
    fn check_indexes(&self, mut at: i64, footer_at: i64) {
        for (offset, length) in [(6, 7), (4, 5)] {
            let chunks = self.row_groups.iter();
            let chunks = chunks.flat_map(|group| group.record.structs(1));
            for chunk in chunks {
                if let Some(place) = chunk.opt_int(offset) {
                    assert_eq!(place, at, "an index lies where the last one ends");
                    at += chunk.int(length);
                }
            }
        }
        assert_eq!(at, footer_at, "the footer begins where the indexes end");
    }
}

fn read_row_group(file: &[u8], record: &Fields) -> RowGroup {
    let chunks = record.structs(1).into_iter();
    RowGroup {
        chunks: chunks.map(|chunk| read_chunk(file, chunk)).collect(),
        record: record.clone(),
    }
}

fn read_chunk(file: &[u8], record: &Fields) -> Chunk {
    let meta = record.opt_struct(3).expect("ColumnMetaData").clone();
    let index = |offset: i16, length: i16| {
        let from = record.opt_int(offset)? as usize;
        let len = record.int(length) as usize;
        let (index, used) = read_struct(&file[from..from + len]);
        assert_eq!(used, len, "index length");
        Some(index)
    };
    let (column_index, offset_index) = (index(6, 7), index(4, 5));
    let first = meta.opt_int(11).unwrap_or(meta.int(9));
    let end = first + meta.int(7);
    let (mut at, mut dictionary, mut pages) = (first, None, Vec::new());
    while at < end {
        let (header, header_len) = read_struct(&file[at as usize..end as usize]);
        let page = Page {
            offset: at,
            header_len: header_len as i64,
            header,
        };
        at += page.len();
        if page.kind() == DICTIONARY_PAGE {
            assert!(
                dictionary.is_none() && pages.is_empty(),
                "a dictionary page that is not the first page"
            );
            dictionary = Some(page);
        } else {
            pages.push(page);
        }
    }
    assert_eq!(at, end, "pages and the chunk end at the same byte");
    Chunk {
        meta,
        dictionary,
        pages,
        column_index,
        offset_index,
    }
}

impl RowGroup {
    fn check(&self, at: &mut i64, file: &[u8]) {
        for chunk in &self.chunks {
            let first = chunk.meta.opt_int(11).unwrap_or(chunk.meta.int(9));
            assert_eq!(
                first,
                *at,
                "{}: begins where the last chunk ends",
                chunk.path()
            );
            chunk.check(self.record.int(3), file);
            *at += chunk.meta.int(7);
        }
        let sum = |field| self.chunks.iter().map(|chunk| chunk.meta.int(field)).sum();
        assert_eq!(
            self.record.int(2),
            sum(6),
            "total_byte_size of the row group"
        );
        assert_eq!(
            self.record.opt_int(6),
            Some(sum(7)),
            "total_compressed_size of the row group"
        );
    }
}

impl Chunk {
    fn check(&self, rows: i64, file: &[u8]) {
        let path = self.path();
        self.check_sums(&path);
        self.check_encodings(&path);
        let codec = self.meta.int(4);
        for page in self.dictionary.iter().chain(&self.pages) {
            let ids: Vec<i16> = page.header.ids();
            let details = ids.iter().filter(|id| [5, 6, 7, 8].contains(id)).count();
            assert_eq!(details, 1, "{path}: details of a page header");
            let is_stored_raw =
                page.kind() == DATA_PAGE_V2 && page.details().opt_bool(7) == Some(false);
            if codec == 0 || is_stored_raw {
                assert_eq!(
                    page.compressed(),
                    page.uncompressed(),
                    "{path}: a page that is not compressed"
                );
            }
            if let Some(crc) = page.header.opt_int(4) {
                let body = &file[page.body()];
                assert_eq!(crc as i32, crc32fast::hash(body) as i32, "{path}: checksum");
            }
            if page.kind() == DATA_PAGE_V2 {
                let levels = page.details().int(5) + page.details().int(6);
                assert!(
                    levels <= page.compressed(),
                    "{path}: levels longer than their page"
                );
            }
            if page.kind() == DATA_PAGE {
                assert_eq!(
                    (page.details().int(3), page.details().int(4)),
                    (RLE, RLE),
                    "{path}: level encodings"
                );
            }
        }
        self.check_offset_index(&path, rows);
        self.check_column_index(&path, rows);
    }

    fn check_sums(&self, path: &str) {
        let all = || self.dictionary.iter().chain(&self.pages);
        let uncompressed: i64 = all()
            .map(|page| page.header_len + page.uncompressed())
            .sum();
        let values: i64 = self.pages.iter().map(Page::num_values).sum();
        assert_eq!(
            self.meta.int(6),
            uncompressed,
            "{path}: total_uncompressed_size"
        );
        assert_eq!(self.meta.int(5), values, "{path}: num_values");
        let (dictionary, data) = (&self.dictionary, self.pages.first());
        assert_eq!(
            self.meta.opt_int(11),
            dictionary.as_ref().map(|page| page.offset),
            "{path}: dictionary_page_offset"
        );
        let behind = dictionary.as_ref().map(|page| page.offset + page.len());
        let data_at = data.map(|page| page.offset).or(behind);
        if let Some(data_at) = data_at {
            assert_eq!(self.meta.int(9), data_at, "{path}: data_page_offset");
        }
    }

    fn check_encodings(&self, path: &str) {
        let mut counted: Vec<(i64, i64, i64)> = Vec::new();
        for page in self.dictionary.iter().chain(&self.pages) {
            match counted.last_mut() {
                Some(last) if (last.0, last.1) == (page.kind(), page.encoding()) => last.2 += 1,
                _ => counted.push((page.kind(), page.encoding(), 1)),
            }
        }
        let stats = self.meta.structs(13);
        let stats: Vec<_> = stats
            .iter()
            .map(|entry| (entry.int(1), entry.int(2), entry.int(3)))
            .collect();
        assert_eq!(stats, counted, "{path}: page encoding stats");
        let mut encodings: Vec<i64> = counted.iter().map(|entry| entry.1).collect();
        encodings.push(RLE);
        encodings.sort_unstable();
        encodings.dedup();
        assert_eq!(
            self.meta.opt_ints(2),
            Some(encodings),
            "{path}: encodings of the chunk"
        );
        match &self.dictionary {
            Some(dictionary) => assert_eq!(dictionary.encoding(), PLAIN, "{path}: dictionary page"),
            None => assert!(
                self.pages
                    .iter()
                    .all(|page| page.encoding() != RLE_DICTIONARY),
                "{path}: dictionary indexes without a dictionary"
            ),
        }
    }

    fn check_offset_index(&self, path: &str, rows: i64) {
        let Some(index) = &self.offset_index else {
            return;
        };
        let found: Vec<(i64, i64)> = index
            .structs(1)
            .iter()
            .map(|location| (location.int(1), location.int(2)))
            .collect();
        let pages: Vec<(i64, i64)> = self.pages.iter().map(|p| (p.offset, p.len())).collect();
        assert_eq!(found, pages, "{path}: offset index");
        let firsts = self.page_rows(rows).unwrap();
        if !self.pages.is_empty() {
            assert_eq!(firsts[0], 0, "{path}: first row of the first page");
        }
        for (page, rows) in self.pages.iter().zip(firsts.windows(2)) {
            let rows = rows[1] - rows[0];
            assert!(rows > 0, "{path}: a page without rows");
            assert!(
                page.num_values() >= rows,
                "{path}: more rows than slots on a page"
            );
            if let Some(in_header) = page.rows() {
                assert_eq!(in_header, rows, "{path}: rows of a page");
            }
        }
        let bytes = index.opt_ints(2);
        assert_eq!(
            bytes.is_some(),
            self.meta.int(1) == 6 && !self.pages.is_empty(),
            "{path}: unencoded bytes of pages"
        );
        if let Some(bytes) = bytes {
            assert_eq!(
                bytes.len(),
                self.pages.len(),
                "{path}: unencoded bytes of pages"
            );
            if let Some(sizes) = self.meta.opt_struct(16) {
                assert_eq!(
                    sizes.opt_int(1),
                    Some(bytes.iter().sum()),
                    "{path}: unencoded bytes of the chunk"
                );
            }
        }
    }

    fn check_column_index(&self, path: &str, rows: i64) {
        let Some(index) = &self.column_index else {
            return;
        };
        let pages = self.pages.len();
        for field in [1, 2, 3, 5, 8] {
            if let Some(list) = index.opt_list(field) {
                assert_eq!(list.len(), pages, "{path}: field {field} of column index");
            }
        }
        let null_counts = index.opt_ints(5).expect("null counts");
        let statistics = self.meta.opt_struct(12).expect("chunk statistics");
        assert_eq!(
            statistics.opt_int(3),
            Some(null_counts.iter().sum()),
            "{path}: null counts"
        );
        for (page, nulls) in self.pages.iter().zip(&null_counts) {
            if page.kind() == DATA_PAGE_V2 {
                assert_eq!(page.details().int(2), *nulls, "{path}: nulls of a page");
            }
        }
        let sizes = self.meta.opt_struct(16);
        // Column index: 6 repetition, 7 definition; size statistics: 2 repetition, 3 definition.
        for (of_pages, of_chunk) in [(6, 2), (7, 3)] {
            let (of_pages, of_chunk) = (
                index.opt_ints(of_pages),
                sizes.and_then(|sizes| sizes.opt_ints(of_chunk)),
            );
            assert_eq!(
                of_pages.is_some(),
                of_chunk.is_some(),
                "{path}: level histograms"
            );
            let (Some(of_pages), Some(of_chunk)) = (of_pages, of_chunk) else {
                continue;
            };
            let levels = of_chunk.len();
            assert_eq!(
                of_pages.len(),
                levels * pages,
                "{path}: histograms of the pages"
            );
            let mut sums = vec![0; levels];
            for (page, counts) in self.pages.iter().zip(of_pages.chunks(levels)) {
                assert_eq!(
                    counts.iter().sum::<i64>(),
                    page.num_values(),
                    "{path}: histogram of a page"
                );
                sums.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
            }
            assert_eq!(sums, of_chunk, "{path}: histogram of the chunk");
        }
        if let (Some(levels), Some(firsts)) = (index.opt_ints(6), self.page_rows(rows)) {
            let width = levels.len() / pages.max(1);
            for (counts, rows) in levels.chunks(width.max(1)).zip(firsts.windows(2)) {
                assert_eq!(
                    counts[0],
                    rows[1] - rows[0],
                    "{path}: rows of a page by its levels"
                );
            }
        }
    }
}
