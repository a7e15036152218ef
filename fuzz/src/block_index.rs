//! The index of a block: whatever the bytes, each question ends in an answer or in an error.

use std::path::Path;

use bytes::Bytes;
use promd_block::index::Index;
use promd_block::postings::{PostingsSource, select};
use promd_fs::Map;
use promd_model::{LabelsBuilder, MatchOp, Matcher};

/// Reads the bytes as an index, once as they are and once with their checksums made right, so that what lies behind a
/// checksum is met, too.
pub fn index(bytes: &[u8]) {
    ask(bytes);
    let mut mended = bytes.to_vec();
    mend(&mut mended);
    ask(&mended);
}

fn ask(bytes: &[u8]) {
    let Ok(index) = Index::open(Map::new(Path::new("index"), Bytes::copy_from_slice(bytes))) else { return };
    let names = index.label_names().unwrap_or_default();
    // Only what cannot be sorted, a table with a name twice, could list one twice.
    assert!(names.is_sorted_by(|a, b| a < b));
    for name in names.iter().take(20) {
        let mut values = 0;
        let _ = index.label_values(name, "", |value| {
            values += 1;
            let _ = index.list(name, value);
            values < 20
        });
    }
    let (mut labels, mut chunks) = (LabelsBuilder::new(), Vec::new());
    for id in index.all().map(|all| all.into_postings()).unwrap_or_default().iter().take(200) {
        if index.series(id, &mut labels, &mut chunks).is_ok() {
            assert!(labels.build().is_ok());
            assert!(chunks.len() <= bytes.len());
        }
    }
    let not_api = Matcher::new(MatchOp::NotEqual, "job", "api").expect("a text is no expression");
    let some = Matcher::new(MatchOp::Regex, "__name__", "[a-p].*").expect("the expression is right");
    let _ = select(&index, &[not_api, some]);
    let _ = index.symbols().map(|symbols| symbols.count());
    let _ = index.verify();
}

/// Makes the checksums right of the table of contents, of the symbols, the offset table and the first posting lists, and of
/// the first series.
fn mend(bytes: &mut [u8]) {
    let Some(toc) = bytes.len().checked_sub(52) else { return };
    let offset = |bytes: &[u8], at: usize| {
        let field = bytes.get(at..)?.first_chunk()?;
        usize::try_from(u64::from_be_bytes(*field)).ok()
    };
    seal(bytes, toc, 48);
    seal_section(bytes, 5);
    if let Some(table) = offset(bytes, toc + 40) {
        seal_section(bytes, table);
    }
    let postings = offset(bytes, toc + 32).and_then(|offset| offset.checked_next_multiple_of(4));
    let mut next = postings;
    for _ in 0..20 {
        next = next.and_then(|start| seal_section(bytes, start)).map(|end| end.next_multiple_of(4));
    }
    let series = offset(bytes, toc + 8).and_then(|offset| offset.checked_next_multiple_of(16));
    let mut next = series;
    for _ in 0..20 {
        let Some(start) = next.filter(|&start| start < bytes.len()) else { return };
        // Longer entries do without.
        let length = usize::from(bytes[start]);
        next = seal(bytes, start + 1, length).and_then(|end| end.checked_next_multiple_of(16));
    }
}

fn seal_section(bytes: &mut [u8], start: usize) -> Option<usize> {
    let length = u32::from_be_bytes(*bytes.get(start..)?.first_chunk()?);
    seal(bytes, start + 4, length as usize)
}

/// Puts the checksum of `length` bytes behind them, and says where it ends.
fn seal(bytes: &mut [u8], start: usize, length: usize) -> Option<usize> {
    let end = start.checked_add(length)?;
    let crc = promd_codec::crc32c(bytes.get(start..end)?);
    *bytes.get_mut(end..)?.first_chunk_mut()? = crc.to_be_bytes();
    Some(end + 4)
}
