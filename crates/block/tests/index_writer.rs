//! What the index writer writes, byte for byte.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking, too")]

use std::path::Path;
use std::sync::Arc;

use promd_block::BlockError;
use promd_block::index::{ChunkMeta, IndexWriter};
use promd_fs::{ErrorKind, FaultPlan, Fs, SimFs};
use promd_model::Labels;

const INDEX: &str = "/index";

fn sim() -> Arc<dyn Fs> {
    Arc::new(SimFs::new(1))
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::from_pairs(pairs.iter().copied()).unwrap()
}

fn chunk(min: i64, max: i64, reference: u64) -> ChunkMeta {
    ChunkMeta { min, max, reference }
}

fn bytes_of(fs: &Arc<dyn Fs>) -> Vec<u8> {
    fs.read_to_vec(Path::new(INDEX), 1 << 30).unwrap()
}

/// Two series in one block, made by promtool 3.5.3 from samples 1, 2 of `a_total{job="x"}` and 1, 1 of `up{job="y"}` at
/// 1000 s and 1015 s; the lists of label values, which 3.14 does not write any more, taken out.
const TWO_SERIES: &str = "\
    baaad70002 00000021 00000007 00 085f5f6e616d655f5f 07615f746f74616c 036a6f62 027570 0178 0179 aeb455e8 0000 \
    0c 0201020305 0180897a987508 ac5b4982 000000000000000000000000000000 \
    0c 0201040306 0180897a987520 6d56ecc6 000000 \
    0000000c 000000020000000300000005 bb33cbd4 00000008 0000000100000003 a7692ed2 00000008 0000000100000005 81c8c93a \
    00000008 0000000100000003 a7692ed2 00000008 0000000100000005 81c8c93a \
    0000003c 00000005 02000064 02085f5f6e616d655f5f07615f746f74616c78 02085f5f6e616d655f5f0275708801 \
    02036a6f6201789801 02036a6f620179a801 cee8de23 \
    0000000000000005 000000000000002e 0000000000000061 00000000000000b8 0000000000000061 00000000000000b8 05952e6c";

fn write_two_series(fs: &Arc<dyn Fs>) -> Vec<u32> {
    let mut writer = IndexWriter::create(fs, Path::new(INDEX)).unwrap();
    writer.symbols(["", "__name__", "a_total", "job", "up", "x", "y"]).unwrap();
    let a_total = labels(&[("__name__", "a_total"), ("job", "x")]);
    let up = labels(&[("__name__", "up"), ("job", "y")]);
    let ids = [(a_total, 8), (up, 32)]
        .map(|(labels, reference)| writer.series(&labels, &[chunk(1_000_000, 1_015_000, reference)]).unwrap());
    writer.finish().unwrap();
    ids.to_vec()
}

#[test]
fn two_series_as_prometheus_writes_them() {
    let fs = sim();
    assert_eq!(write_two_series(&fs), [3, 5]);
    let hex: String = bytes_of(&fs).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, TWO_SERIES.replace(' ', ""));
}

#[test]
fn the_file_survives_a_power_loss_once_it_is_finished() {
    let sim = SimFs::new(7);
    let fs: Arc<dyn Fs> = Arc::new(sim.clone());
    write_two_series(&fs);
    fs.sync_dir(Path::new("/")).unwrap();
    let before = bytes_of(&fs);
    let after: Arc<dyn Fs> = Arc::new(sim.power_loss());
    assert_eq!(bytes_of(&after), before);
}

/// Series with a label that all share, one that each has alone, and one that some share; ascending.
fn write_many(fs: &Arc<dyn Fs>, count: usize, memory: usize) -> Result<(), BlockError> {
    let mut writer = IndexWriter::create(fs, Path::new(INDEX))?.with_memory(memory);
    let values: Vec<String> = (0..count).map(|number| format!("v{number:06}")).collect();
    writer.symbols(["", "all", "name", "same", "some"])?;
    writer.symbols(&values)?;
    for (number, value) in values.iter().enumerate() {
        let some = &values[number * 7 % 13];
        writer.series(&labels(&[("all", "same"), ("name", value), ("some", some)]), &[chunk(0, 1, 8)])?;
    }
    writer.finish()
}

/// Lists that are longer than the memory, lists that share a pass, names with a single list: the bytes are the same
/// however many passes it takes.
#[test]
fn the_bytes_do_not_depend_on_the_memory() {
    let write = |memory| {
        let fs = sim();
        write_many(&fs, 500, memory).unwrap();
        bytes_of(&fs)
    };
    let whole = write(64 << 20);
    for memory in [0, 24, 100, 1000, 4000, 6000, 10_000] {
        assert!(write(memory) == whole, "with {memory} bytes");
    }
}

/// Its offset table is larger than what is put aside in memory.
#[test]
fn a_large_index_needs_a_temporary_file_and_removes_it() {
    let fs = sim();
    write_many(&fs, 60_000, 1 << 20).unwrap();
    assert_eq!(fs.read_dir(Path::new("/")).unwrap().len(), 1);
}

/// Wherever the disk gets full, that is an error, and the temporary file does not stay.
#[test]
fn a_full_disk_is_an_error() {
    let fs = sim();
    write_many(&fs, 60_000, 1 << 20).unwrap();
    let length = fs.metadata(Path::new(INDEX)).unwrap().size;
    for capacity in [0, 100, length / 4, length / 2, length * 3 / 4, length] {
        let sim = SimFs::new(3);
        sim.set_plan(FaultPlan::new().capacity(capacity));
        let fs: Arc<dyn Fs> = Arc::new(sim);
        let Err(BlockError::Fs(error)) = write_many(&fs, 60_000, 1 << 20) else { panic!("{capacity} of {length}") };
        assert_eq!(error.kind(), ErrorKind::DiskFull);
        assert_eq!(fs.read_dir(Path::new("/")).unwrap().len(), 1);
    }
}

fn refused(result: Result<u32, BlockError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn what_prometheus_refuses_is_refused_in_its_words() {
    let fs = sim();
    let mut writer = IndexWriter::create(&fs, Path::new(INDEX)).unwrap();
    writer.symbols(["", "a", "b"]).unwrap();
    assert_eq!(writer.symbol("b").unwrap_err().to_string(), r#"symbol "b" out-of-order"#);
    let (ab, bb) = (labels(&[("a", "b")]), labels(&[("b", "b")]));
    writer.series(&ab, &[chunk(0, 9, 8)]).unwrap();
    let text = r#"out-of-order series added with label set {a="b"}, last label set {a="b"}"#;
    assert_eq!(refused(writer.series(&ab, &[])), text);
    assert_eq!(refused(writer.series(&bb, &[chunk(0, 1, 7)])), r#"{b="b"}: unsorted chunk reference: 7, previous: 8"#);
    let chunks = [chunk(0, 5, 9), chunk(5, 6, 10)];
    assert_eq!(
        refused(writer.series(&bb, &chunks)),
        r#"{b="b"}: chunk minT 5 is not higher than previous chunk maxT 5"#
    );
    assert_eq!(refused(writer.series(&bb, &[chunk(3, 2, 9)])), r#"{b="b"}: chunk maxT 2 is less than minT 3"#);
    assert_eq!(refused(writer.series(&labels(&[("c", "b")]), &[])), r#"symbol entry for "c" does not exist"#);
    assert!(writer.symbol("z").is_err(), "symbols are closed");
    // What was refused left no trace.
    writer.series(&bb, &[]).unwrap();
    writer.finish().unwrap();
}
