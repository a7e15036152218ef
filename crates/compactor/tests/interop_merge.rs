//! The real Prometheus and this crate compact the same blocks; what they write is compared byte for byte.
//!
//! The index differs on purpose in what stands behind the series: Prometheus 3.5 writes label indices, which 3.14 does not. So
//! the symbols and series are compared, and through them every chunk reference and time.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod drafts;
mod memory;
mod server;

use std::fmt::Write as _;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use drafts::{Input as Draft, input, series};
use memory::Memory;
use promd_block::{Block, BlockId, Meta, WriteOptions, Written, scan, write};
use promd_compactor::{Candidate, CompactOptions, Compacted, Input, Ranges, compact, plan};
use promd_fs::{Access, Fs, RealFs};
use promd_testkit::peer;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use server::Server;

/// Random blocks for each test.
const SCENARIOS: usize = 12;

/// The shortest block and the longest, in milliseconds.
const SHORTEST: i64 = 20_000;
const LONGEST: i64 = 180_000;

/// Blocks that all overlap, and begin one after the other.
#[test]
fn overlapping_blocks_are_merged_to_the_same_bytes() {
    let encoded =
        check_all(2..7, |number, _| Place { min: number, max: 100_000 - number, begin: number * 7, merged: true });
    assert!(encoded > 500, "{encoded} chunks written anew");
}

/// Blocks that fill a range, and one behind them that is the newest and is left alone.
#[test]
fn blocks_of_a_range_are_merged_to_the_same_bytes() {
    check_all(4..5, |number, blocks| {
        let min = number * SHORTEST;
        Place { min, max: min + SHORTEST, begin: min, merged: number + 1 < blocks }
    });
}

/// Blocks that promtool makes of text, on disk: eight hours in four of them, and four more over the same times, whose samples fall
/// between those of the first at some times and on them at others.
#[test]
fn blocks_that_prometheus_made_are_read_and_merged_to_the_same_bytes() {
    let (Some(prometheus), Some(promtool)) = (peer("prometheus"), peer("promtool")) else { return };
    check_disk(&prometheus, &promtool, &[(0, 30)]);
    check_disk(&prometheus, &promtool, &[(0, 30), (0, 45)]);
}

/// Samples from 0 to eight hours, in blocks of two, for each `(first, step)` in seconds.
fn check_disk(prometheus: &Path, promtool: &Path, sets: &[(u32, usize)]) {
    const SHORTEST: i64 = 2 * 60 * 60 * 1000;
    let work = tempfile::tempdir().unwrap();
    let (theirs, ours) = (work.path().join("theirs"), work.path().join("ours"));
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    fs.create_dir_all(&ours).unwrap();
    for (number, (first, step)) in sets.iter().enumerate() {
        let mut text = String::from("# TYPE requests counter\n");
        for series in 0..20 {
            for t in (*first..8 * 60 * 60).step_by(*step) {
                let value = t / 7 * series + u32::try_from(number).unwrap();
                writeln!(text, "requests_total{{instance=\"host-{series}\",set=\"{}\"}} {value} {t}", series % 3)
                    .unwrap();
            }
        }
        // promtool ends a block behind its last sample, and only blocks that fill their range are compacted.
        text.push_str("# TYPE last gauge\nlast 1 21599.999\n# EOF\n");
        let file = work.path().join("text");
        std::fs::write(&file, text).unwrap();
        let mut create = Command::new(promtool);
        create.args(["tsdb", "create-blocks-from", "openmetrics"]).args([&file, &theirs]);
        let output = create.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let found = scan(&*fs, &theirs).unwrap().blocks;
    assert_eq!(found.len(), 4 * sets.len());
    let blocks: Vec<Block> =
        found.iter().map(|block| Block::open_with(&fs, &block.dir, Access::Sequential).unwrap()).collect();
    let candidates: Vec<Candidate> = blocks.iter().map(|block| Candidate::new(block.meta())).collect();
    let planned = plan(&Ranges::exponential(SHORTEST, 3 * SHORTEST), &candidates);
    let planned = planned.unwrap_or_else(|| panic!("{candidates:?}")).blocks;
    let of = |id: &BlockId| blocks.iter().find(|block| block.meta().id == *id).unwrap();
    let inputs = planned.iter().map(|id| Input::of(of(id))).collect();
    let options = CompactOptions::default();
    let Compacted::Into(written, counts) =
        compact(&fs, &ours, BlockId::new(1, 1), inputs, &options, &mut go_on).unwrap()
    else {
        panic!("nothing left")
    };
    assert_eq!(counts.encoded > 0, sets.len() > 1, "only what overlaps is written anew");

    let server = Server::start(prometheus, &theirs, SHORTEST, 3 * SHORTEST);
    let name = server.compact(candidates.iter().map(|block| block.max).max().unwrap());
    drop(server);
    compare(promtool, &theirs.join(&name), &ours, &written, &format!("{} sets", sets.len()));
}

/// Where a block lies.
struct Place {
    min: i64,
    max: i64,
    /// When the drafts of its series begin.
    begin: i64,
    /// Whether it is among those that become one.
    merged: bool,
}

/// Compares compactions of random blocks, and returns how many chunks we wrote anew in them.
fn check_all(blocks: Range<usize>, place: impl Fn(i64, i64) -> Place) -> u64 {
    let (Some(prometheus), Some(promtool)) = (peer("prometheus"), peer("promtool")) else { return u64::MAX };
    let block = prop::collection::vec(prop::option::weighted(0.8, input(false)), 6);
    // A block without any series is none.
    let block = block.prop_filter("no series", |block| block.iter().any(Option::is_some));
    let blocks = prop::collection::vec(block, blocks);
    let mut runner = TestRunner::deterministic();
    let scenarios = std::env::var("PROMD_SCENARIOS").map_or(SCENARIOS, |number| number.parse().unwrap());
    (0..scenarios)
        .map(|scenario| {
            check(&prometheus, &promtool, &blocks.new_tree(&mut runner).unwrap().current(), &place, scenario)
        })
        .sum()
}

/// Compares one compaction.
fn check(
    prometheus: &Path,
    promtool: &Path,
    drafts: &[Vec<Option<Draft>>],
    place: impl Fn(i64, i64) -> Place,
    scenario: usize,
) -> u64 {
    let work = tempfile::tempdir().unwrap();
    let (theirs, ours) = (work.path().join("theirs"), work.path().join("ours"));
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    fs.create_dir_all(&theirs).unwrap();
    fs.create_dir_all(&ours).unwrap();

    let mut inputs = Vec::new();
    let mut candidates = Vec::new();
    for (number, block) in (0i64..).zip(drafts) {
        let Place { min, max, begin, merged } = place(number, i64::try_from(drafts.len()).unwrap());
        let all = block.iter().enumerate().filter_map(|(label, draft)| Some(series(label, draft.as_ref()?, begin)));
        let source = Memory::new(all.collect());
        let meta = Meta::new(BlockId::new(0, number.unsigned_abs().into()), min, max);
        let written = write(&fs, &theirs, meta, &mut source.clone(), &WriteOptions::default(), &mut go_on);
        let written = written.unwrap().unwrap();
        candidates.push(Candidate::new(&written.meta));
        if merged {
            inputs.push(Input { dir: written.dir, meta: written.meta, source, left_out: false });
        }
    }
    let planned = plan(&Ranges::exponential(SHORTEST, LONGEST), &candidates).unwrap().blocks;
    assert_eq!(planned, inputs.iter().map(|input| input.meta.id).collect::<Vec<_>>());
    let options = CompactOptions::default();
    let Compacted::Into(written, counts) =
        compact(&fs, &ours, BlockId::new(1, 1), inputs, &options, &mut go_on).unwrap()
    else {
        panic!("scenario {scenario}: nothing left")
    };

    let server = Server::start(prometheus, &theirs, SHORTEST, LONGEST);
    let name = server.compact(candidates.iter().map(|block| block.max).max().unwrap());
    drop(server);
    compare(promtool, &theirs.join(&name), &ours, &written, &format!("scenario {scenario}"));
    counts.encoded
}

/// Compares the block that Prometheus made with ours, which is the only one in `ours`.
fn compare(promtool: &Path, merged: &Path, ours: &Path, written: &Written, scenario: &str) {
    let read = |dir: &Path, name: &str| std::fs::read(dir.join(name)).unwrap();
    let equal = |name: &str, theirs: &[u8], ours: &[u8]| {
        let at = theirs.iter().zip(ours).position(|(a, b)| a != b);
        assert!(theirs == ours, "{scenario}: {name} differs at {at:?} ({} and {} bytes)", theirs.len(), ours.len());
    };
    equal("chunks", &read(merged, "chunks/000001"), &read(&written.dir, "chunks/000001"));
    equal("index", symbols_and_series(&read(merged, "index")), symbols_and_series(&read(&written.dir, "index")));
    equal("tombstones", &read(merged, "tombstones"), &read(&written.dir, "tombstones"));

    let meta = Meta::parse(&read(merged, "meta.json")).unwrap();
    let mut expected = written.meta.clone();
    expected.id = meta.id;
    // Prometheus 3.5 does not count the two apart.
    (expected.stats.num_float_samples, expected.stats.num_histogram_samples) = (0, 0);
    assert_eq!(meta, expected, "{scenario}");

    let dump = |dir: &Path| {
        // It looks for more than blocks.
        std::fs::create_dir_all(dir.join("wal")).unwrap();
        let output = Command::new(promtool).args(["tsdb", "dump"]).arg(dir).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let only_theirs = ours.with_extension("merged");
    std::fs::create_dir(&only_theirs).unwrap();
    std::fs::rename(merged, only_theirs.join(merged.file_name().unwrap())).unwrap();
    let lines = dump(ours);
    assert!(!lines.is_empty() && lines == dump(&only_theirs), "{scenario}: promtool's dumps differ");
}

fn go_on(_: &promd_block::Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The index up to where the table of contents says that the series end.
fn symbols_and_series(index: &[u8]) -> &[u8] {
    let toc = &index[index.len() - 52..];
    let end = u64::from_be_bytes(toc[16..24].try_into().unwrap());
    &index[..usize::try_from(end).unwrap()]
}
