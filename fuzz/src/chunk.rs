//! Chunks: whatever the bytes, decoding ends in samples or in an error; what was appended comes back.

use promd_chunk::{Chunk, Encoding, Xor2Appender, XorAppender};
use promd_model::{Columns, Run};

/// Decodes the bytes as a chunk; the first byte chooses the encoding.
pub fn chunk_decode(bytes: &[u8]) {
    let Some((encoding, data)) = bytes.split_first() else { return };
    let Ok(encoding) = Encoding::try_from(encoding % 6 + 1) else { unreachable!("six encodings") };
    let chunk = Chunk::new(encoding, data);
    let mut columns = Columns::new();
    let outcome = chunk.decode_into(&mut columns);
    let claimed = chunk.claimed_samples().map_or(0, usize::from);
    assert!(columns.len() <= claimed);
    if outcome.is_ok() {
        assert_eq!(columns.len(), claimed);
    }
    // A sample is at least a bit; the memory of histograms follows from rows that were really there.
    assert!(columns.len() <= data.len() * 8);
    let mut part = Columns::new();
    let _ = chunk.decode_range(-1_000..=1_000, &mut part);
    assert!(part.len() <= columns.len());
    if encoding.is_float() {
        let mut again = Columns::new();
        assert_eq!(chunk.decode_with_statistics(&mut again).is_ok(), outcome.is_ok());
    }
}

/// Takes the bytes as samples of sixteen bytes, appends them and reads them back; an appender that was resumed in the middle
/// goes on with the same samples.
pub fn chunk_round_trip(bytes: &[u8]) {
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    let samples: Vec<(i64, f64)> = bytes
        .chunks_exact(16)
        .take(1_000)
        .map(|sample| (word(&sample[..8]).cast_signed(), f64::from_bits(word(&sample[8..]))))
        .collect();
    let half = samples.len() / 2;
    let (mut xor, mut xor2) = (XorAppender::new(), Xor2Appender::new());
    for (index, (t, v)) in samples.iter().enumerate() {
        if index == half {
            xor = XorAppender::resume(xor.bytes()).expect("what was written is sound");
            xor2 = Xor2Appender::resume(xor2.bytes()).expect("what was written is sound");
        }
        xor.append(*t, *v).expect("fewer than 65 536 samples");
        xor2.append(*t, *v, t >> 7).expect("fewer than 65 536 samples");
    }
    for chunk in [Chunk::new(Encoding::Xor, xor.bytes()), Chunk::new(Encoding::Xor2, xor2.bytes())] {
        let mut columns = Columns::new();
        chunk.decode_into(&mut columns).expect("what was written is sound");
        assert_eq!(columns.len(), samples.len());
        for run in columns.runs() {
            let Run::Floats(run) = run else { panic!("floats come back as floats") };
            for (index, (t, v)) in samples.iter().enumerate() {
                assert_eq!((run.t[index], run.v[index].to_bits()), (*t, v.to_bits()));
                if chunk.encoding() == Encoding::Xor2 {
                    assert_eq!(run.start.map_or(0, |starts| starts[index]), t >> 7);
                }
            }
        }
    }
}
