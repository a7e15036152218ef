//! Damaged indexes: what can be made again is, what cannot is missing and named, and nothing is silently wrong.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking, too")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use promd_block::index::Index;
use promd_block::{BlockError, Consequence, Damage, Part};
use promd_codec::Reader;
use promd_fs::{Access, Fs, OpenMode, RealFs};
use support::{Contents, indexes, open, read, read_whole, rewrite, toc};

/// The damaged index of a fixture, what the fixture was made from says, and what is left.
fn damaged(fixture: &str, made_from: &str) -> Option<(Index, Contents, Contents)> {
    let root = promd_testkit::conformance("tsdb")?;
    let told: serde_json::Value =
        serde_json::from_slice(&fs::read(root.join(fixture).join("promd.json")).unwrap()).unwrap();
    assert_eq!(told["made_from"].as_str(), Some(made_from));
    let file = told["damage"][0]["file"].as_str().unwrap();
    let original = root.join(made_from).join("data").join(file);
    let whole = read_whole(&original, &fs::read(&original).unwrap());
    let path = root.join(fixture).join("data").join(file);
    let index = open(&path, &fs::read(&path).unwrap()).unwrap();
    let left = read(&index, Some(&whole));
    index.verify().unwrap();
    Some((index, whole, left))
}

fn parts(index: &Index) -> Vec<(Part, Consequence)> {
    index.damages().iter().map(|damage| (damage.part, damage.consequence)).collect()
}

fn assert_same(left: &Contents, whole: &Contents) {
    assert_eq!(left.names, whole.names);
    assert_eq!(left.values, whole.values);
    assert_eq!(left.lists, whole.lists);
    assert_eq!(left.series, whole.series);
}

/// Fixtures of which `promd.json` says that nothing need be missing.
#[test]
fn one_damaged_part_is_made_again_from_the_others() {
    let cases = [
        ("bad_index_toc", "blocks_only", Part::IndexToc),
        ("bad_index_offset_table", "inj_blocks", Part::IndexPostingsTable),
        ("bad_index_posting_name", "inj_blocks", Part::IndexPostings),
        ("bad_index_posting_label", "inj_blocks", Part::IndexPostings),
        ("bad_index_symbols", "inj_blocks", Part::IndexSymbols),
    ];
    for (fixture, made_from, part) in cases {
        let Some((index, whole, left)) = damaged(fixture, made_from) else { return };
        assert_same(&left, &whole);
        assert_eq!(left.symbols, whole.symbols, "{fixture}");
        assert_eq!(parts(&index), [(part, Consequence::Rebuilt)], "{fixture}");
    }
}

/// The fixture allows that the whole block is missing, since not all symbols are in the offset table. Those that are not are
/// used by no series: the posting lists tell of every reference that a series makes what it means.
#[test]
fn symbols_that_series_use_are_made_again_where_others_are_lost() {
    let Some((index, whole, left)) = damaged("bad_index_postings", "blocks_only") else { return };
    assert_same(&left, &whole);
    assert!(left.symbols.unwrap().len() < whole.symbols.unwrap().len());
    assert_eq!(parts(&index), [(Part::IndexSymbols, Consequence::Rebuilt)]);
}

/// The file ends before the posting lists.
#[test]
fn an_index_that_was_cut_behind_its_series_is_whole_again() {
    let Some((index, whole, left)) = damaged("bad_index_short", "blocks_only") else { return };
    assert_same(&left, &whole);
    let rebuilt = Consequence::Rebuilt;
    assert_eq!(parts(&index), [(Part::IndexToc, rebuilt), (Part::IndexPostingsTable, rebuilt)]);
}

#[test]
fn of_a_damaged_series_the_others_remain() {
    let Some((index, whole, left)) = damaged("bad_index_series", "inj_blocks") else { return };
    assert_eq!((&left.names, &left.lists), (&whole.names, &whole.lists));
    let lost: Vec<&u32> = left.series.iter().filter(|(_, series)| series.is_err()).map(|(id, _)| id).collect();
    // 336 to 368, with the damaged byte at 355.
    assert_eq!(lost, [&21]);
    for (id, series) in left.series.iter().filter(|(_, series)| series.is_ok()) {
        assert_eq!(series, &whole.series[id]);
    }
    assert_eq!(parts(&index), [(Part::IndexSeries, Consequence::SeriesMissing)]);
    let text = index.damages()[0].to_string();
    assert!(text.contains("series entry at offset 3") && text.contains("checksum mismatch"), "{text}");
}

/// What a flipped byte may do to an index of a few series, whatever is asked of it: give the right answer, or an error. What is
/// right although the byte is wrong must be reported, unless the byte means nothing.
fn flip(path: &Path, bytes: &[u8], whole: &Contents, at: usize, mask: u8) {
    let mut injured = bytes.to_vec();
    injured[at] ^= mask;
    let told = format!("{} with byte {at} ^ {mask:#04x}", path.display());
    let index = match open(path, &injured) {
        Ok(index) => index,
        Err(BlockError::Damaged(damage)) => {
            assert_eq!(damage.consequence, Consequence::BlockLeftOut, "{told}");
            return;
        }
        Err(error) => panic!("{told}: {error}"),
    };
    let left = read(&index, Some(whole));
    let verified = index.verify();
    if let Ok(names) = &left.names {
        assert_eq!(Ok(names), whole.names.as_ref(), "{told}");
    }
    let mut lost = Vec::new();
    for (id, series) in &left.series {
        match series {
            Ok(series) => assert_eq!(Ok(series), whole.series[id].as_ref(), "{told}: series {id}"),
            Err(error) => lost.push((*id, error)),
        }
    }
    let id_is_lost = |id: &u32| lost.iter().any(|(lost, _)| lost == id);
    for (pair, ids) in &left.lists {
        // A list made again lacks series that cannot be read; no other.
        let Ok(ids) = ids else { continue };
        let expected = whole.lists[pair].as_ref().unwrap();
        assert!(ids.iter().all(|id| expected.contains(id)), "{told}: {pair:?}");
        assert!(expected.iter().all(|id| ids.contains(id) || id_is_lost(id)), "{told}: {pair:?}");
    }
    for (name, values) in &left.values {
        let Ok(values) = values else { continue };
        assert!(lost.is_empty() || values.len() <= whole.values[name].as_ref().unwrap().len(), "{told}");
        assert!(!lost.is_empty() || Ok(values) == whole.values[name].as_ref(), "{told}: {name}");
    }
    let silent = verified.as_ref().is_ok_and(Vec::is_empty);
    assert!(!silent || means_nothing(bytes, at, mask), "{told} is not noticed");
    assert!(lost.len() <= 1 || verified.is_err(), "{told}: {lost:?}");
    if let (Ok(damages), [_, ..]) = (&verified, &lost[..]) {
        assert!(damages.iter().any(|damage| damage.consequence == Consequence::SeriesMissing), "{told}");
    }
}

/// Padding, the label indices that Prometheus ignores, and a version that is read the same way.
fn means_nothing(bytes: &[u8], at: usize, mask: u8) -> bool {
    let mut reader = Reader::new(&bytes[bytes.len() - 52..]);
    let mut next = || usize::try_from(reader.u64_be().unwrap()).unwrap();
    let [_, series, indices, indices_table, postings, table] = std::array::from_fn(|_| next());
    // Between series there are at most 15 zeros.
    let is_padding = (series..postings.next_multiple_of(4)).contains(&at)
        && bytes[at] == 0
        && !in_a_series(bytes, series, indices, at);
    let is_index = (indices..postings).contains(&at) || (indices_table..table).contains(&at);
    is_padding || is_index || (at == 4 && bytes[4] ^ mask == 3)
}

fn in_a_series(bytes: &[u8], start: usize, end: usize, at: usize) -> bool {
    let mut start = start;
    loop {
        start = start.next_multiple_of(16);
        if start >= end {
            return false;
        }
        let mut reader = Reader::new(&bytes[start..]);
        let length = usize::try_from(reader.uvarint().unwrap()).unwrap();
        let behind = start + reader.position() + length + 4;
        if (start..behind).contains(&at) {
            return true;
        }
        start = behind;
    }
}

#[test]
fn every_byte_flipped() {
    let Some(folder) = promd_testkit::conformance("tsdb").map(|root| root.join("inj_blocks")) else { return };
    for path in indexes(&folder) {
        let bytes = fs::read(&path).unwrap();
        let whole = read_whole(&path, &bytes);
        // As 3.5.3 wrote it, and as 3.14 would have.
        for bytes in [bytes, rewrite(&whole)] {
            for at in 0..bytes.len() {
                for mask in [0x01, 0x40, 0xff] {
                    flip(&path, &bytes, &whole, at, mask);
                }
            }
        }
    }
}

/// Cut anywhere: what is left is right, and that something is missing is told.
#[test]
fn every_length() {
    let Some(folder) = promd_testkit::conformance("tsdb").map(|root| root.join("inj_blocks")) else { return };
    for path in indexes(&folder) {
        let bytes = fs::read(&path).unwrap();
        let whole = read_whole(&path, &bytes);
        for length in 0..bytes.len() {
            let Ok(index) = open(&path, &bytes[..length]) else { continue };
            let left = read(&index, Some(&whole));
            for (id, series) in &left.series {
                assert!(series.is_err() || series == &whole.series[id], "{length}: {id}");
            }
            let found = left.series.values().filter(|series| series.is_ok()).count();
            let damages = index.verify().unwrap();
            assert!(!damages.is_empty(), "{length}");
            let complete = damages.iter().all(|damage| damage.consequence == Consequence::Rebuilt);
            assert!(!complete || found == whole.series.len(), "{length}: {found} and {damages:?}");
        }
    }
}

/// An offset table, a list, a series: each damaged alone is made good or left out; together, too.
#[test]
fn several_damaged_parts() {
    let Some(folder) = promd_testkit::conformance("tsdb").map(|root| root.join("inj_blocks")) else { return };
    let path = indexes(&folder).remove(0);
    let bytes = fs::read(&path).unwrap();
    let whole = read_whole(&path, &bytes);
    let toc = toc(&bytes);
    let at = |offset: u64| usize::try_from(offset).unwrap();
    let (table, list, series) =
        (at(toc.postings_table) + 9, at(toc.postings) + 9, at(toc.series).next_multiple_of(16) + 2);
    for injuries in
        [vec![table, series], vec![list, series], vec![table, list], vec![bytes.len() - 1, table, list, series]]
    {
        let mut injured = bytes.clone();
        injuries.iter().for_each(|&at| injured[at] ^= 0x20);
        let index = open(&path, &injured).unwrap();
        let left = read(&index, Some(&whole));
        let lost = left.series.values().filter(|series| series.is_err()).count();
        assert_eq!(lost, usize::from(injuries.contains(&series)), "{injuries:?}");
        index.verify().unwrap();
        assert!(index.damages().len() >= injuries.len() - 1, "{injuries:?}: {:?}", index.damages());
    }
    // Text can be had neither from the symbols nor from the table.
    let mut injured = bytes.clone();
    injured[15] ^= 0x20;
    injured[table] ^= 0x20;
    let index = open(&path, &injured).unwrap();
    let Err(BlockError::Damaged(damage)) = index.verify() else { panic!("verified") };
    assert_eq!((damage.part, damage.consequence), (Part::IndexSymbols, Consequence::BlockLeftOut));
    assert!(index.damages().contains(&damage));
}

/// Of more lists than are made again one by one.
#[test]
fn every_posting_list_damaged() {
    let Some(folder) = promd_testkit::conformance("tsdb").map(|root| root.join("blocks_only")) else { return };
    let path = indexes(&folder).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    let whole = read_whole(&path, &bytes);
    let toc = toc(&bytes);
    let end = usize::try_from(toc.label_indices_table).unwrap();
    let mut at = usize::try_from(toc.postings).unwrap().next_multiple_of(4);
    while at < end {
        let length = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        bytes[at + 7] ^= 1;
        at += length + 8;
    }
    let index = open(&path, &bytes).unwrap();
    assert_same(&read(&index, Some(&whole)), &whole);
    assert_eq!(index.verify().unwrap().len(), whole.lists.len());
    assert!(index.damages().iter().all(|damage| damage.part == Part::IndexPostings));
}

/// A file that is cut while it is mapped reads as zeros. That is an error, whatever was verified before.
#[test]
fn a_file_that_is_cut_while_it_is_mapped_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path: PathBuf = dir.path().join("index");
    let fs = RealFs::new();
    let bytes = {
        use std::sync::Arc;
        let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
        let mut writer = promd_block::index::IndexWriter::create(&fs, &path).unwrap();
        let values: Vec<String> = (0..5000).map(|value| format!("v{value:05}")).collect();
        writer.symbols(["", "a"]).unwrap();
        writer.symbols(&values).unwrap();
        for value in &values {
            writer.series(&promd_model::Labels::from_pairs([("a", value)]).unwrap(), &[]).unwrap();
        }
        writer.finish().unwrap();
        fs.read_to_vec(&path, 1 << 30).unwrap()
    };
    let whole = read_whole(&path, &bytes);
    let index = Index::open(fs.map(&path, Access::Random).unwrap()).unwrap();
    assert_eq!(index.symbols().unwrap().count(), 5002);
    assert_eq!(index.label_names().unwrap(), ["a"]);
    fs.open(&path, OpenMode::Write).unwrap().set_len(5).unwrap();
    let left = read(&index, Some(&whole));
    for (id, series) in &left.series {
        assert!(series.is_err() || series == &whole.series[id], "{id}");
    }
    assert!(left.series.values().any(Result::is_err));
    for (pair, list) in &left.lists {
        assert!(list.is_err() || list == &whole.lists[pair], "{pair:?}");
    }
}

/// Reports can be shown: file, part, offset, what stands there and what should.
#[test]
fn a_report_names_everything() {
    let Some((index, ..)) = damaged("bad_index_offset_table", "inj_blocks") else { return };
    let damages: Vec<Damage> = index.damages();
    let text = damages[0].to_string();
    let words = ["/index: postings offset table at offset ", "checksum mismatch: got ", ", expected ", "rebuilt"];
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}
