//! The table of settings: for each of them at least one row.

/// One or more settings, and what is written with them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Settings by their names below `datafusion.execution.parquet`, or of a column with `::` and its name.
    pub(crate) settings: &'static [(&'static str, &'static str)],
    /// What is copied.
    pub(crate) query: &'static str,
    /// Whether the file shows the settings: it then differs from the one without them.
    pub(crate) shows: Shows,
}

/// Whether a file differs by a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    /// It does.
    InTheFile,
    /// It says how the work is done, or what is the default anyway.
    Nowhere,
    /// In its sizes alone, which are no features.
    InSizes,
}

/// Without the kinds of fixed-size bytes, for which the stock sink has dictionaries in files of version 2 alone.
const WITH_DICTIONARIES: &str = "SELECT * EXCEPT
    (float16, fixed, months, days, decimal128_30__4_, decimal256_60__5_) FROM kinds";

const ALL: &str = "SELECT * FROM boats";

const fn row(settings: &'static [(&'static str, &'static str)]) -> Row {
    Row {
        settings,
        query: ALL,
        shows: Shows::InTheFile,
    }
}

const fn row_of(query: &'static str, settings: &'static [(&'static str, &'static str)]) -> Row {
    Row {
        settings,
        query,
        shows: Shows::InTheFile,
    }
}

const fn unseen(settings: &'static [(&'static str, &'static str)]) -> Row {
    Row {
        settings,
        query: ALL,
        shows: Shows::Nowhere,
    }
}

const fn in_sizes(settings: &'static [(&'static str, &'static str)]) -> Row {
    Row {
        settings,
        query: ALL,
        shows: Shows::InSizes,
    }
}

/// Every setting that is about writing.
pub(crate) const ROWS: &[Row] = &[
    unseen(&[]),
    // Codecs.
    row(&[("compression", "uncompressed")]),
    row(&[("compression", "SNAPPY")]),
    row(&[("compression", "gzip(4)")]),
    row(&[("compression", "brotli(4)")]),
    row(&[("compression", "lz4")]),
    row(&[("compression", "lz4_raw")]),
    in_sizes(&[("compression", "zstd(15)")]),
    row(&[
        ("compression::port", "lz4_raw"),
        ("compression::place.tags.list.item", "snappy"),
    ]),
    // Encodings and dictionaries.
    row(&[
        ("encoding", "plain"),
        ("writer_version", "2.0"),
        ("dictionary_enabled", "false"),
    ]),
    row_of(
        "SELECT id, seen FROM boats",
        &[
            ("encoding", "delta_binary_packed"),
            ("dictionary_enabled", "false"),
        ],
    ),
    row_of(
        "SELECT port, log FROM boats",
        &[
            ("encoding", "DELTA_BYTE_ARRAY"),
            ("dictionary_page_size_limit", "20000"),
        ],
    ),
    row_of(
        "SELECT afloat FROM boats",
        &[("encoding", "rle"), ("writer_version", "2.0")],
    ),
    row(&[
        ("encoding::id", "delta_binary_packed"),
        ("dictionary_enabled::id", "false"),
        ("encoding::draught", "byte_stream_split"),
        ("dictionary_enabled::draught", "false"),
        ("encoding::place.tags.list.item", "delta_length_byte_array"),
        ("dictionary_enabled::place.tags.list.item", "false"),
    ]),
    row(&[("dictionary_enabled", "false")]),
    row(&[
        ("dictionary_enabled", "false"),
        ("dictionary_enabled::port", "true"),
    ]),
    row(&[("dictionary_page_size_limit", "3000")]),
    row(&[("writer_version", "2.0")]),
    row(&[
        ("writer_version", "2.0"),
        ("dictionary_enabled", "false"),
        ("compression", "snappy"),
    ]),
    // Pages and row groups.
    row(&[("data_pagesize_limit", "2000")]),
    row(&[("data_pagesize_limit", "2000"), ("write_batch_size", "10")]),
    row(&[
        ("data_page_row_count_limit", "300"),
        ("write_batch_size", "100"),
    ]),
    row(&[("max_row_group_size", "1500")]),
    row(&[("max_row_group_size", "1000")]),
    // More bytes than there are; that fewer hold has a test of its own.
    unseen(&[("max_row_group_bytes", "10000000")]),
    // Statistics and filters.
    row(&[("statistics_enabled", "none")]),
    row(&[("statistics_enabled", "CHUNK")]),
    unseen(&[("statistics_enabled", "page")]),
    row(&[
        ("statistics_enabled", "none"),
        ("statistics_enabled::log", "chunk"),
    ]),
    row(&[("statistics_enabled::place.x", "none")]),
    row(&[("statistics_truncate_length", "5")]),
    row(&[("column_index_truncate_length", "5")]),
    row(&[("bloom_filter_on_write", "true")]),
    row(&[
        ("bloom_filter_on_write", "true"),
        ("bloom_filter_fpp", "0.0001"),
    ]),
    row(&[
        ("bloom_filter_on_write", "true"),
        ("bloom_filter_ndv", "50"),
    ]),
    row(&[("bloom_filter_fpp", "0.3")]),
    row(&[("bloom_filter_enabled::port", "true")]),
    row(&[
        ("bloom_filter_enabled::log", "true"),
        ("bloom_filter_fpp::log", "0.2"),
    ]),
    row(&[("bloom_filter_ndv::place.tags.list.item", "1000")]),
    // The footer.
    row(&[("created_by", "the harbour master")]),
    row(&[("skip_arrow_metadata", "true")]),
    row(&[
        ("metadata::port", "Oban"),
        ("metadata::empty", ""),
        ("metadata::a b", "c : d"),
    ]),
    row_of("SELECT * FROM boats ORDER BY port, id DESC", &[]).unseen(),
    row_of("SELECT * FROM boats ORDER BY id + 1", &[]).unseen(),
    row_of("SELECT place, id FROM boats WHERE false", &[]).unseen(),
    // Every kind of column, with metadata of its own.
    row_of(WITH_DICTIONARIES, &[]).unseen(),
    row_of(
        "SELECT * FROM kinds",
        &[("writer_version", "2.0"), ("max_row_group_size", "250")],
    ),
    row_of(
        "SELECT * FROM kinds",
        &[
            ("dictionary_enabled", "false"),
            ("bloom_filter_on_write", "true"),
        ],
    ),
    // How the work is done.
    unseen(&[("allow_single_file_parallelism", "false")]),
    unseen(&[("maximum_parallel_row_group_writers", "3")]),
    unseen(&[("maximum_buffered_record_batches_per_stream", "9")]),
    // Left to DataFusion's sink.
    row(&[
        ("content_defined_chunking.enabled", "true"),
        ("content_defined_chunking.min_chunk_size", "1024"),
        ("content_defined_chunking.max_chunk_size", "4096"),
    ]),
    // A name that no column has.
    unseen(&[("compression::dinghy", "snappy")]),
];

impl Row {
    const fn unseen(self) -> Self {
        Self {
            shows: Shows::Nowhere,
            ..self
        }
    }
}
