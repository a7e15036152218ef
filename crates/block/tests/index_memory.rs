//! How much memory an index takes.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking, too")]

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use promd_block::index::{ChunkMeta, Index, IndexWriter};
use promd_block::postings::PostingsSource;
use promd_fs::{Fs, Map, SimFs};
use promd_model::{Labels, LabelsBuilder};
use promd_testkit::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// 20 000 series with a label of their own.
fn index() -> Bytes {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let path = Path::new("/index");
    let values: Vec<String> = (0..20_000).map(|value| format!("instance-{value:06}")).collect();
    let mut writer = IndexWriter::create(&fs, path).unwrap();
    writer.symbols(["", "__name__", "instance"]).unwrap();
    writer.symbols(&values).unwrap();
    writer.symbols(["up"]).unwrap();
    for value in &values {
        let labels = Labels::from_pairs([("__name__", "up"), ("instance", value)]).unwrap();
        writer.series(&labels, &[ChunkMeta { min: 0, max: 1, reference: 8 }]).unwrap();
    }
    writer.finish().unwrap();
    fs.read_to_vec(path, 1 << 30).unwrap().into()
}

#[test]
fn the_heap_is_a_32nd_of_the_offset_table() {
    let bytes = index();
    let table = {
        let mut toc = [0; 8];
        toc.copy_from_slice(&bytes[bytes.len() - 12..bytes.len() - 4]);
        bytes.len() as u64 - 52 - u64::from_be_bytes(toc)
    };
    let map = Map::new(Path::new("index"), bytes);
    let (index, opened) = CountingAllocator::during(|| Index::open(map).unwrap());
    assert!(opened.bytes < 256, "{opened:?}");
    let (_, used) = CountingAllocator::during(|| {
        assert_eq!(index.list("instance", "instance-012345").unwrap().len(), 1);
        assert_eq!(index.symbols().unwrap().count(), 20_004);
    });
    assert!(used.bytes <= table / 32, "{used:?} of {table}");

    // From then on, a lookup and a series take nothing.
    let (mut labels, mut chunks) = (LabelsBuilder::new(), Vec::new());
    let read = |labels: &mut LabelsBuilder, chunks: &mut Vec<ChunkMeta>| {
        let list = index.list("instance", "instance-012345").unwrap();
        let id = list.cursor().next().unwrap();
        index.series(id, labels, chunks).unwrap();
    };
    read(&mut labels, &mut chunks);
    let ((), again) = CountingAllocator::during(|| read(&mut labels, &mut chunks));
    assert_eq!(again.calls, 0);
    assert_eq!(labels.build().unwrap().get("instance"), Some("instance-012345"));
}
