//! Index files that Prometheus 3.5.3 and 2.53.3 wrote, read and written again.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking, too")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use promd_codec::Reader;
use promd_model::{Labels, MatchOp, Matcher};
use support::{Contents, indexes, open, read_whole, rewrite, toc};

/// Every index of every fixture whose index is not the part that is damaged.
fn whole_indexes() -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let Some(root) = promd_testkit::conformance("tsdb") else { return Vec::new() };
    let paths = indexes(&root).into_iter().filter(|path| !is_damaged(path));
    paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Whether the fixture says that this file is damaged.
fn is_damaged(index: &Path) -> bool {
    let fixture = index.ancestors().nth(3).unwrap();
    let Ok(told) = fs::read(fixture.join("promd.json")) else { return false };
    let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
    let block = index.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let mut damage = told["damage"].as_array().unwrap().iter();
    damage.any(|damage| damage["file"].as_str() == Some(&format!("{block}/index")))
}

/// The statistics are what the server counted when it wrote the block.
#[test]
fn series_and_chunks_are_as_many_as_meta_json_counts() {
    let mut compared = 0;
    for (path, bytes) in whole_indexes() {
        let contents = read_whole(&path, &bytes);
        let Ok(meta) = fs::read(path.with_file_name("meta.json")) else { continue };
        let Ok(meta) = serde_json::from_slice::<serde_json::Value>(&meta) else { continue };
        let chunks: usize = contents.series.values().map(|series| series.as_ref().unwrap().1.len()).sum();
        assert_eq!(meta["stats"]["numSeries"].as_u64(), Some(contents.series.len() as u64), "{}", path.display());
        assert_eq!(meta["stats"]["numChunks"].as_u64(), Some(chunks as u64), "{}", path.display());
        compared += 1;
    }
    assert!(compared == 0 || compared > 60, "{compared}");
}

/// Of fixtures that are blocks alone, the series are those that the real server answered with.
#[test]
fn label_sets_are_those_that_the_server_answered_with() {
    for fixture in ["blocks_only", "inj_blocks", "blocks_promtool"] {
        let Some(folder) = promd_testkit::conformance("tsdb").map(|root| root.join(fixture)) else { return };
        let mut series = BTreeSet::new();
        let mut names = BTreeSet::new();
        for path in indexes(&folder) {
            let contents = read_whole(&path, &fs::read(&path).unwrap());
            series.extend(contents.series.values().map(|series| series.as_ref().unwrap().0.clone()));
            names.extend(contents.names.unwrap());
        }
        let told: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("expect.json")).unwrap()).unwrap();
        assert_eq!(told["series"].as_u64(), Some(series.len() as u64), "{fixture}");
        let expected: BTreeSet<&str> =
            told["labels"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert!(names.iter().map(String::as_str).eq(expected), "{fixture}");

        let mut lines = String::new();
        let file = fs::File::open(folder.join("expect.jsonl.gz")).unwrap();
        GzDecoder::new(file).read_to_string(&mut lines).unwrap();
        let expected: BTreeSet<Labels> = lines.lines().map(labels_of_line).collect();
        assert_eq!(series, expected, "{fixture}");
    }
}

fn labels_of_line(line: &str) -> Labels {
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let metric = line["metric"].as_object().unwrap();
    Labels::from_pairs(metric.iter().map(|(name, value)| (name, value.as_str().unwrap()))).unwrap()
}

/// Symbols, series and posting lists are the same bytes; the offset table is the same but for the label indices, which these
/// versions write before the posting lists and 3.14 does not.
#[test]
fn written_again_the_sections_are_the_same() {
    for (path, bytes) in whole_indexes() {
        let contents = read_whole(&path, &bytes);
        let ours = rewrite(&contents);
        let (old, new) = (toc(&bytes), toc(&ours));
        let cut = |bytes: &[u8], from: u64, to: u64| {
            bytes[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()].to_vec()
        };
        assert_eq!((old.symbols, old.series, old.label_indices), (new.symbols, new.series, new.label_indices));
        assert_eq!(cut(&bytes, 0, old.label_indices), cut(&ours, 0, new.label_indices), "{}", path.display());
        let start = new.postings.next_multiple_of(4);
        assert_eq!((new.postings, new.label_indices_table), (new.label_indices, new.postings_table));
        let lists = cut(&bytes, old.postings, old.label_indices_table);
        assert_eq!(lists, cut(&ours, start, new.postings_table), "{}", path.display());
        let (before, after) = (table(&bytes, old.postings_table), table(&ours, new.postings_table));
        let moved: Vec<_> =
            before.into_iter().map(|(name, value, offset)| (name, value, offset - old.postings + start)).collect();
        assert_eq!(moved, after, "{}", path.display());
        assert_same(&read_whole(&path, &ours), &contents);
    }
}

fn table(bytes: &[u8], offset: u64) -> Vec<(String, String, u64)> {
    let mut reader = Reader::new(&bytes[usize::try_from(offset).unwrap() + 4..]);
    let count = reader.u32_be().unwrap();
    let mut entry = || {
        assert_eq!(reader.uvarint().unwrap(), 2);
        let (name, value) = (reader.uvarint_str().unwrap(), reader.uvarint_str().unwrap());
        (name.to_owned(), value.to_owned(), reader.uvarint().unwrap())
    };
    (0..count).map(|_| entry()).collect()
}

fn assert_same(one: &Contents, other: &Contents) {
    assert_eq!(one.symbols, other.symbols);
    assert_eq!(one.names, other.names);
    assert_eq!(one.values, other.values);
    assert_eq!(one.lists, other.lists);
    assert_eq!(one.series, other.series);
}

/// As matching the labels of every series would.
#[test]
fn matchers_select_from_real_blocks() {
    for (path, bytes) in whole_indexes() {
        let contents = read_whole(&path, &bytes);
        let index = open(&path, &bytes).unwrap();
        for name in contents.names.as_ref().unwrap().iter().map(String::as_str).chain(["absent"]) {
            for op in [MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex] {
                for value in ["", "api", "h2:9001", ".*", ".+", "api|db|", "h.*", ".*[13579]", "node_.+"] {
                    let matchers = [Matcher::new(op, name, value).unwrap(), Matcher::new(op, "job", "web|x?").unwrap()];
                    let selected = promd_block::postings::select(&index, &matchers).unwrap();
                    let matches =
                        |labels: &Labels| matchers.iter().all(|matcher| matcher.matches_labels(labels.view()));
                    let series = contents.series.iter();
                    let expected = series.filter(|(_, series)| matches(&series.as_ref().unwrap().0)).map(|(id, _)| *id);
                    assert_eq!(selected.iter().collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{matchers:?}");
                }
            }
        }
    }
}
