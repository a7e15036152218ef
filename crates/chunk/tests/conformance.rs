//! Every chunk of blocks that the real Prometheus wrote: it decodes, and appending its samples again gives the same bytes.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};

use promd_chunk::{Chunk, ChunkError, Encoding, FloatHistogramAppender, HistogramAppender, XorAppender};
use promd_model::{Columns, Run, STALE_NAN};

/// The data of a chunk segment file: a header of eight bytes, then length, encoding, data and checksum for each chunk.
fn chunks(segment: &[u8]) -> Vec<(u8, &[u8])> {
    let mut rest = segment.get(8..).unwrap();
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let (mut length, mut shift) = (0usize, 0);
        loop {
            let byte = rest[0];
            rest = &rest[1..];
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        chunks.push((rest[0], &rest[1..=length]));
        rest = &rest[length + 5..];
    }
    chunks
}

fn segments(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            segments(&path, found);
        } else if path.parent().is_some_and(|parent| parent.ends_with("chunks")) && !path.ends_with(".keep") {
            found.push(path);
        }
    }
}

/// Appends the samples of a chunk to a fresh one of its encoding.
fn again(chunk: Chunk<'_>) -> Result<Vec<u8>, ChunkError> {
    let mut columns = Columns::new();
    chunk.decode_into(&mut columns)?;
    let header = chunk.reset_header();
    match chunk.encoding() {
        Encoding::Xor => {
            let mut open = XorAppender::new();
            for (t, v) in columns.as_floats().map(|run| run.t.iter().zip(run.v)).into_iter().flatten() {
                open.append(*t, *v).unwrap();
            }
            Ok(open.bytes().to_vec())
        }
        Encoding::Histogram => {
            let mut open: Option<HistogramAppender> = None;
            for run in columns.runs() {
                let Run::Histograms(run) = run else { panic!("{run:?}") };
                for row in 0..run.len() {
                    let mut sample = run.histogram(row);
                    if sample.is_stale() {
                        sample = promd_model::Histogram { sum: STALE_NAN, ..Default::default() };
                    }
                    match &mut open {
                        Some(open) => _ = open.append(run.t[row], &sample).unwrap(),
                        None => open = Some(HistogramAppender::start(header, run.t[row], &sample).unwrap()),
                    }
                }
            }
            Ok(open.unwrap().bytes().to_vec())
        }
        Encoding::FloatHistogram => {
            let mut open: Option<FloatHistogramAppender> = None;
            for run in columns.runs() {
                let Run::FloatHistograms(run) = run else { panic!("{run:?}") };
                for row in 0..run.len() {
                    let mut sample = run.float_histogram(row);
                    if sample.is_stale() {
                        sample = promd_model::FloatHistogram { sum: STALE_NAN, ..Default::default() };
                    }
                    match &mut open {
                        Some(open) => _ = open.append(run.t[row], &sample).unwrap(),
                        None => open = Some(FloatHistogramAppender::start(header, run.t[row], &sample).unwrap()),
                    }
                }
            }
            Ok(open.unwrap().bytes().to_vec())
        }
        other => panic!("no fixture holds {other:?}"),
    }
}

#[test]
fn chunks_of_prometheus_are_written_again_to_the_byte() {
    let Some(folder) = promd_testkit::conformance("tsdb") else { return };
    let mut counts = [0; 4];
    for directory in fs::read_dir(folder).unwrap() {
        let directory = directory.unwrap().path();
        // Directories that were damaged on purpose are the storage's business.
        if directory.join("promd.json").exists() || !directory.is_dir() {
            continue;
        }
        let by_prometheus_2 = directory.to_string_lossy().ends_with("_v253");
        let mut files = Vec::new();
        segments(&directory, &mut files);
        for file in files {
            let segment = fs::read(&file).unwrap();
            for (index, (encoding, bytes)) in chunks(&segment).into_iter().enumerate() {
                let chunk = Chunk::new(Encoding::try_from(encoding).unwrap(), bytes);
                let written = again(chunk).unwrap_or_else(|error| panic!("{}, chunk {index}: {error}", file.display()));
                // Prometheus 2 leaves an empty byte behind a chunk of floats that ends where a byte does.
                let bytes = match bytes.strip_suffix(&[0]) {
                    Some(shorter) if by_prometheus_2 && written.len() == shorter.len() => shorter,
                    _ => bytes,
                };
                assert_eq!(written, bytes, "{}, chunk {index}", file.display());
                counts[usize::from(encoding)] += 1;
            }
        }
    }
    let [_, floats, histograms, float_histograms] = counts;
    println!("chunk: {floats} of floats, {histograms} of histograms, {float_histograms} of float histograms");
    assert!(floats > 0 && histograms > 0 && float_histograms > 0, "{counts:?}");
}
