//! What Go's `compress/*`, golang/snappy and klauspost/compress write and read.
#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read must fail the test")]

mod support;

use std::fmt::Write;
use std::io::Read;

use promd_codec::compress::{Compression, Decoder, DecompressError, Encoder, InflateReader};
use support::{fixture, table, unhex};

fn formats() -> Vec<Compression> {
    let all = [Compression::Snappy, Compression::SnappyFramed, Compression::Gzip, Compression::Deflate];
    all.into_iter().chain(cfg!(feature = "zstd").then_some(Compression::Zstd)).collect()
}

/// The text of the fixtures `text.*`, by the rule of `gen/compress/main.go`.
fn text() -> Vec<u8> {
    let mut text = String::new();
    for i in 0.. {
        writeln!(text, "metric{{i=\"{i}\"}} {}", i * i).unwrap();
        if text.len() >= 40_000 {
            break;
        }
    }
    text.truncate(40_000);
    text.into_bytes()
}

#[test]
fn decodes_what_go_wrote() {
    let check = |compression, name: &str| {
        let mut out = Vec::new();
        Decoder::new().decode(compression, &fixture(name), 40_000, &mut out).unwrap();
        assert!(out == text(), "{name}");
        let error = Decoder::new().decode(compression, &fixture(name), 39_999, &mut out).unwrap_err();
        assert!(matches!(error, DecompressError::TooLarge { limit: 39_999, .. }), "{name}: {error}");
    };
    check(Compression::Snappy, "text.snappy");
    check(Compression::SnappyFramed, "text.sz");
    check(Compression::Gzip, "text.gz");
    check(Compression::Gzip, "text.two.gz");
    check(Compression::Gzip, "text.header.gz");
    check(Compression::Deflate, "text.zz");
    if cfg!(feature = "zstd") {
        check(Compression::Zstd, "text.zst");
        check(Compression::Zstd, "text.stream.zst");
    }
}

/// An input of zstd that does not say how long it is can be refused at any point of any block.
#[cfg(feature = "zstd")]
#[test]
fn a_stream_of_zstd_meets_the_limit_anywhere() {
    let (mut decoder, mut out) = (Decoder::new(), Vec::new());
    let input = fixture("text.stream.zst");
    for limit in (0..40_000).step_by(37) {
        let error = decoder.decode(Compression::Zstd, &input, limit, &mut out).unwrap_err();
        assert_eq!(error, DecompressError::TooLarge { compression: Compression::Zstd, limit, declared: None });
    }
}

/// The sizes that Go reaches are a yardstick for ours: within a tenth.
#[test]
fn encodes_about_as_well_as_go() {
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
    let (mut encoded, mut decoded) = (Vec::new(), Vec::new());
    for compression in formats() {
        let theirs = fixture(match compression {
            Compression::Snappy => "text.snappy",
            Compression::SnappyFramed => "text.sz",
            Compression::Gzip => "text.gz",
            Compression::Deflate => "text.zz",
            _ => "text.zst",
        });
        encoder.encode(compression, &text(), &mut encoded).unwrap();
        decoder.decode(compression, &encoded, 40_000, &mut decoded).unwrap();
        assert!(decoded == text(), "{compression}");
        assert!(encoded.len() * 10 < theirs.len() * 11, "{compression}: {} against {}", encoded.len(), theirs.len());
    }
}

/// `damaged.tsv`: what Go makes of inputs that are cut, changed, joined or forged.
#[test]
fn refuses_what_go_refuses() {
    let mut decoder = Decoder::new();
    let mut out = Vec::new();
    let formats = formats();
    for [name, hex, expect] in table("damaged.tsv") {
        let Some(compression) = formats.iter().copied().find(|format| format.name() == name) else { continue };
        let input = unhex(&hex);
        let result = decoder.decode(compression, &input, 1_000_000, &mut out);
        match (&result, expect.strip_prefix("error: ")) {
            (Ok(()), None) => assert_eq!(out, unhex(&expect), "{name} {hex}"),
            (Err(error), Some(text)) => {
                assert!(same_words(error, text), "{name} {hex}: {error}, and Go says {text}");
                assert!(out.is_empty());
            }
            (Ok(()), Some(text)) => panic!("{name} {hex}: accepted, and Go says {text}"),
            (Err(error), None) => panic!("{name} {hex}: {error}, and Go decodes it to {expect}"),
        }
        if let Compression::Gzip | Compression::Deflate = compression {
            streams_alike(compression, &input, result.map(|()| out.as_slice()));
        }
    }
}

/// The reader gives what the decoder gives, however the input comes.
fn streams_alike(compression: Compression, input: &[u8], expect: Result<&[u8], DecompressError>) {
    for step in [1, 3, input.len().max(1)] {
        let input = Pieces { rest: input, step };
        let mut reader = match compression {
            Compression::Gzip => InflateReader::gzip(input, 1_000_000),
            _ => InflateReader::zlib(input, 1_000_000),
        };
        let mut out = Vec::new();
        let result = reader.read_to_end(&mut out);
        match &expect {
            Ok(expect) => assert_eq!((out.as_slice(), result.unwrap()), (*expect, expect.len())),
            Err(expect) => {
                let error = result.unwrap_err();
                assert_eq!(error.get_ref().unwrap().downcast_ref::<DecompressError>(), Some(expect));
                // Asked again, the reader does not begin anew.
                assert_eq!(reader.read(&mut [0; 8]).unwrap_err().to_string(), expect.to_string());
            }
        }
    }
}

/// Input that comes `step` bytes at a time.
struct Pieces<'a> {
    rest: &'a [u8],
    step: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.rest.read(buffer)
    }
}

impl std::io::BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        Ok(self.rest.get(..self.step).unwrap_or(self.rest))
    }

    fn consume(&mut self, amount: usize) {
        self.rest = self.rest.get(amount..).unwrap_or_default();
    }
}

/// Whether an error is worded as Go's, apart from the name of the package.
///
/// The words of zlib and zstd are those of their libraries, and not compared: which of several faults a decoder meets
/// first is its own affair.
fn same_words(error: &DecompressError, go: &str) -> bool {
    match error {
        error if matches!(error.compression(), Compression::Deflate | Compression::Zstd) => true,
        // Go has no limit and finds that the bytes cannot give as much.
        DecompressError::TooLarge { declared: Some(declared), .. } => {
            *declared > 1_000_000 && go == "snappy: corrupt input"
        }
        _ => words(&error.to_string()) == words(go),
    }
}

fn words(text: &str) -> &str {
    let text = text.split_once(": ").map_or(text, |(_package, words)| words);
    match text {
        // Go tells an input without a byte from one that is cut.
        "EOF" => "unexpected EOF",
        text if text.starts_with("corrupt input before offset") => "corrupt input",
        text => text,
    }
}
