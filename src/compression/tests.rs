use proptest::prelude::*;

use super::*;
use crate::basic::{BrotliLevel, GzipLevel, ZstdLevel};

/// Every codec of this build, at the lowest, the default and the highest level.
fn built_codecs() -> Vec<Compression> {
    let gzip = |level| Compression::GZIP(GzipLevel::try_new(level).unwrap());
    let brotli = |level| Compression::BROTLI(BrotliLevel::try_new(level).unwrap());
    let zstd = |level| Compression::ZSTD(ZstdLevel::try_new(level).unwrap());
    [
        Compression::SNAPPY,
        gzip(0),
        gzip(1),
        gzip(6),
        gzip(9),
        brotli(0),
        brotli(1),
        brotli(11),
        Compression::LZ4,
        Compression::LZ4_RAW,
        zstd(-131_072),
        zstd(0),
        zstd(1),
        zstd(22),
    ]
    .into_iter()
    .filter(|compression| check_available(*compression).is_ok())
    .collect()
}

fn codec(compression: Compression) -> Box<dyn Codec> {
    create_codec(Strength::full(compression)).unwrap().unwrap()
}

fn compressed(compression: Compression, input: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    codec(compression).compress(input, &mut output).unwrap();
    output
}

/// What the codec's own crate makes of a page of `len` bytes.
fn decompressed(compression: Compression, page: &[u8], len: usize) -> Vec<u8> {
    match compression {
        #[cfg(feature = "snap")]
        Compression::SNAPPY => snap::raw::Decoder::new().decompress_vec(page).unwrap(),
        #[cfg(any(feature = "flate2-zlib-rs", feature = "flate2-rust_backend"))]
        Compression::GZIP(_) => {
            use std::io::Read;
            let mut member = flate2::bufread::GzDecoder::new(page);
            let mut output = Vec::new();
            member.read_to_end(&mut output).unwrap();
            assert!(member.into_inner().is_empty(), "one member and no more");
            output
        }
        #[cfg(feature = "brotli")]
        Compression::BROTLI(_) => {
            use std::io::Read;
            let mut output = Vec::new();
            ::brotli::Decompressor::new(page, 4096)
                .read_to_end(&mut output)
                .unwrap();
            output
        }
        #[cfg(feature = "lz4")]
        Compression::LZ4_RAW => lz4_flex::block::decompress(page, len).unwrap(),
        #[cfg(feature = "lz4")]
        Compression::LZ4 => {
            let (lengths, block) = page.split_at(8);
            let (uncompressed, compressed) = lengths.split_at(4);
            assert_eq!(uncompressed, u32::try_from(len).unwrap().to_be_bytes());
            assert_eq!(
                compressed,
                u32::try_from(block.len()).unwrap().to_be_bytes()
            );
            lz4_flex::block::decompress(block, len).unwrap()
        }
        #[cfg(feature = "zstd")]
        Compression::ZSTD(_) => ::zstd::bulk::decompress(page, len).unwrap(),
        other => panic!("no decompressor for {other} of {len} bytes in {page:?}"),
    }
}

/// Bytes that no codec can shorten.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(len)
    .collect()
}

/// Bytes that every codec can shorten, at distances over and under 64 KiB.
fn prose(len: usize) -> Vec<u8> {
    (0..)
        .flat_map(|line| format!("line {} of a page, ", line * 7919 % 4093).into_bytes())
        .take(len)
        .collect()
}

fn pages() -> Vec<Vec<u8>> {
    let mut pages = vec![vec![], vec![0], vec![7; 15], vec![0; 200_000]];
    for len in [100, 1024, 1025, 65_534, 65_535, 65_536, 65_537, 131_073] {
        pages.push(noise(len));
        pages.push(prose(len));
    }
    pages
}

#[test]
fn every_codec_round_trips_at_the_edges() {
    for compression in built_codecs() {
        let mut codec = codec(compression);
        for page in pages() {
            let mut output = Vec::new();
            codec.compress(&page, &mut output).unwrap();
            let back = decompressed(compression, &output, page.len());
            assert!(back == page, "{compression}, {} bytes", page.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_pages_in_a_row_round_trip_behind_a_prefix(
        pages in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..2000),
                prop::collection::vec(0_u8..3, 0..2000),
            ],
            1..4,
        ),
        prefix in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        for compression in built_codecs() {
            let mut codec = codec(compression);
            for page in &pages {
                let mut output = prefix.clone();
                codec.compress(page, &mut output).unwrap();
                prop_assert_eq!(&output[..prefix.len()], &prefix[..]);
                let back = decompressed(compression, &output[prefix.len()..], page.len());
                prop_assert_eq!(&back, page);
            }
        }
    }
}

#[test]
fn a_page_does_not_depend_on_the_pages_before_it() {
    for compression in built_codecs() {
        let mut used = codec(compression);
        for page in pages() {
            let mut output = Vec::new();
            used.compress(&page, &mut output).unwrap();
            assert!(
                output == compressed(compression, &page),
                "{compression}, {} bytes",
                page.len()
            );
        }
    }
}

#[test]
fn capacity_follows_the_input_and_is_kept() {
    for compression in built_codecs() {
        for page in pages() {
            let mut output = vec![0; 24];
            codec(compression).compress(&page, &mut output).unwrap();
            // Snappy's piece in work, LZ4's tenth, deflate's eighth.
            let limit = 24 + page.len() + page.len() / 6 + 80_000.min(page.len() * 2) + 128;
            assert!(
                output.capacity() <= limit,
                "{compression}: {} for {} bytes",
                output.capacity(),
                page.len()
            );
        }
        let mut output = Vec::with_capacity(100_000);
        codec(compression).compress(&[1; 100], &mut output).unwrap();
        assert_eq!(output.capacity(), 100_000, "{compression}");
    }
}

#[test]
fn prose_gets_shorter_and_noise_at_most_an_eighth_longer() {
    for compression in built_codecs() {
        let stored = matches!(compression, Compression::GZIP(level) if level.compression_level() == 0)
            || matches!(compression, Compression::ZSTD(level) if level.compression_level() < 0);
        let len = 131_073;
        if !stored {
            assert!(
                compressed(compression, &prose(len)).len() < len / 2,
                "{compression}"
            );
        }
        assert!(
            compressed(compression, &noise(len)).len() < len + len / 8,
            "{compression}"
        );
    }
}

#[test]
fn a_codec_that_compressed_nothing_holds_next_to_nothing() {
    for compression in built_codecs() {
        let mut codec = codec(compression);
        assert!(
            codec.memory_size() < 4096,
            "{compression}: {}",
            codec.memory_size()
        );
        codec.compress(&prose(100_000), &mut Vec::new()).unwrap();
        let held = codec.memory_size();
        match compression {
            Compression::BROTLI(_) => assert!(held < 4096),
            Compression::SNAPPY => assert!((32_768..40_000).contains(&held), "{held}"),
            Compression::LZ4 | Compression::LZ4_RAW => {
                assert!((16_384..20_000).contains(&held), "{held}");
            }
            _ => assert!(held > 200_000, "{compression}: {held}"),
        }
    }
}

#[cfg(feature = "snap")]
#[test]
fn snappy_in_pieces_is_snappy_at_once() {
    for page in pages() {
        let at_once = snap::raw::Encoder::new().compress_vec(&page).unwrap();
        assert!(
            compressed(Compression::SNAPPY, &page) == at_once,
            "{} bytes",
            page.len()
        );
    }
}

#[test]
fn uncompressed_has_no_codec() {
    assert!(
        create_codec(Strength::full(Compression::UNCOMPRESSED))
            .unwrap()
            .is_none()
    );
    assert!(check_available(Compression::UNCOMPRESSED).is_ok());
}

#[test]
fn lzo_is_a_typed_error() {
    let error = create_codec(Strength::full(Compression::LZO))
        .err()
        .unwrap();
    assert!(matches!(error, ParquetError::NYI(_)));
    assert!(error.to_string().contains("LZO"), "{error}");
    assert!(check_available(Compression::LZO).is_err());
}

#[test]
fn availability_is_what_creation_does() {
    for (compression, feature) in [
        (Compression::SNAPPY, "snap"),
        (Compression::GZIP(GzipLevel::default()), "flate2-zlib-rs"),
        (Compression::BROTLI(BrotliLevel::default()), "brotli"),
        (Compression::LZ4, "lz4"),
        (Compression::LZ4_RAW, "lz4"),
        (Compression::ZSTD(ZstdLevel::default()), "zstd"),
    ] {
        match (
            check_available(compression),
            create_codec(Strength::full(compression)),
        ) {
            (Ok(()), Ok(Some(_))) => {}
            (Err(checked), Err(created)) => {
                assert_eq!(checked.to_string(), created.to_string());
                let codec = CompressionCodec::from(compression).to_string();
                assert!(checked.to_string().contains(&codec), "{checked}");
                assert!(checked.to_string().contains(feature), "{checked}");
            }
            (checked, created) => panic!("{compression}: {checked:?} but {}", created.is_ok()),
        }
    }
}
