//! What the tests of the index share: all that an index says, as plain values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use promd_block::BlockError;
use promd_block::index::{ChunkMeta, Index, IndexWriter, Toc};
use promd_block::postings::PostingsSource;
use promd_codec::Reader;
use promd_fs::{Fs, Map, SimFs};
use promd_model::{Labels, LabelsBuilder};

/// An index over these bytes.
pub(crate) fn open(path: &Path, bytes: &[u8]) -> Result<Index, BlockError> {
    Index::open(Map::new(path, Bytes::copy_from_slice(bytes)))
}

/// A series as the index has it.
pub(crate) type Series = (Labels, Vec<ChunkMeta>);

/// All that an index says. A part that it refuses to give is an error.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) symbols: Result<Vec<String>, String>,
    pub(crate) names: Result<Vec<String>, String>,
    pub(crate) values: BTreeMap<String, Result<Vec<String>, String>>,
    pub(crate) lists: BTreeMap<(String, String), Result<Vec<u32>, String>>,
    pub(crate) series: BTreeMap<u32, Result<Series, String>>,
}

/// Asks for everything: the names and values that it tells, and those of `also`, such as another index has.
pub(crate) fn read(index: &Index, also: Option<&Contents>) -> Contents {
    let text = |error: BlockError| error.to_string();
    let symbols = index.symbols().map(|symbols| symbols.map(str::to_owned).collect()).map_err(text);
    let names: Result<Vec<String>, String> =
        index.label_names().map(|names| names.into_iter().map(str::to_owned).collect()).map_err(text);
    let mut values = BTreeMap::new();
    let mut asked: Vec<String> = also.and_then(|also| also.names.clone().ok()).unwrap_or_default();
    asked.extend(names.clone().unwrap_or_default());
    for name in asked {
        let mut all = Vec::new();
        let told = index.label_values(&name, "", |value| {
            all.push(value.to_owned());
            true
        });
        values.insert(name, told.map(|()| all).map_err(text));
    }
    let mut pairs: Vec<(String, String)> = vec![(String::new(), String::new())];
    pairs.extend(also.into_iter().flat_map(|also| also.lists.keys().cloned()));
    for (name, values) in &values {
        pairs.extend(values.iter().flatten().map(|value| (name.clone(), value.clone())));
    }
    let mut lists = BTreeMap::new();
    for (name, value) in pairs {
        let list = index.list(&name, &value).map(|list| list.into_postings().iter().collect()).map_err(text);
        lists.insert((name, value), list);
    }
    let mut ids: Vec<u32> = also.into_iter().flat_map(|also| also.series.keys().copied()).collect();
    ids.extend(lists[&(String::new(), String::new())].iter().flatten());
    let (mut labels, mut chunks) = (LabelsBuilder::new(), Vec::new());
    let mut series = BTreeMap::new();
    for id in ids {
        let read = index.series(id, &mut labels, &mut chunks).map(|()| (labels.build().unwrap(), chunks.clone()));
        series.insert(id, read.map_err(text));
    }
    Contents { symbols, names, values, lists, series }
}

/// What an index that is whole says, with the lists checked against the series.
pub(crate) fn read_whole(path: &Path, bytes: &[u8]) -> Contents {
    let index = open(path, bytes).unwrap();
    let contents = read(&index, None);
    assert_eq!(index.verify().unwrap(), [], "{}", path.display());
    let mut lists: BTreeMap<(String, String), Vec<u32>> = BTreeMap::new();
    for (&id, series) in &contents.series {
        lists.entry(Default::default()).or_default().push(id);
        for label in &series.as_ref().unwrap().0 {
            lists.entry((label.name.to_owned(), label.value.to_owned())).or_default().push(id);
        }
    }
    let told = contents.lists.iter().map(|(pair, ids)| (pair.clone(), ids.clone().unwrap())).collect();
    assert_eq!(lists, told, "{}", path.display());
    contents
}

/// The index that our writer makes of the same series.
pub(crate) fn rewrite(contents: &Contents) -> Vec<u8> {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let mut writer = IndexWriter::create(&fs, Path::new("/index")).unwrap();
    writer.symbols(contents.symbols.as_ref().unwrap()).unwrap();
    for series in contents.series.values() {
        let (labels, chunks) = series.as_ref().unwrap();
        writer.series(labels, chunks).unwrap();
    }
    writer.finish().unwrap();
    fs.read_to_vec(Path::new("/index"), 1 << 30).unwrap()
}

/// The index files below a folder of conformance data, sorted by path.
pub(crate) fn indexes(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name == "index") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The table of contents, read without the reader that is tested.
pub(crate) fn toc(bytes: &[u8]) -> Toc {
    let mut reader = Reader::new(&bytes[bytes.len() - 52..]);
    let mut next = || reader.u64_be().unwrap();
    let [symbols, series, label_indices, label_indices_table, postings, postings_table] =
        std::array::from_fn(|_| next());
    Toc { symbols, series, label_indices, label_indices_table, postings, postings_table }
}
