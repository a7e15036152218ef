//! The real Prometheus and this crate compact the same blocks; what they write is compared byte for byte.
//!
//! The index differs on purpose in what stands behind the series: Prometheus 3.5 writes label indices, which 3.14 does not. So
//! the symbols and series are compared, and through them every chunk reference and time.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::disallowed_methods,
    reason = "a test may fail by panicking, sends small numbers, and waits for a real program"
)]

mod drafts;
mod memory;
mod server;

use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use drafts::{Input as Draft, input, series};
use memory::Memory;
use promd_block::{BlockId, Meta, WriteOptions, write};
use promd_compactor::{CompactOptions, Compacted, Input, compact};
use promd_fs::{Fs, RealFs};
use promd_testkit::peer;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use server::Server;

const SCENARIOS: usize = 12;

/// Later than any sample of the blocks.
const END: i64 = 100_000;

#[test]
fn overlapping_blocks_are_merged_to_the_same_bytes() {
    let (Some(prometheus), Some(promtool)) = (peer("prometheus"), peer("promtool")) else { return };
    let blocks = prop::collection::vec(prop::collection::vec(prop::option::weighted(0.8, input(false)), 6), 2..7);
    let mut runner = TestRunner::deterministic();
    let mut encoded = 0;
    for scenario in 0..SCENARIOS {
        let drafts = blocks.new_tree(&mut runner).unwrap().current();
        let drafts: Vec<_> = drafts.into_iter().filter(|block| block.iter().any(Option::is_some)).collect();
        if drafts.len() > 1 {
            encoded += check(&prometheus, &promtool, &drafts, scenario);
        }
    }
    assert!(encoded > 500, "{encoded} chunks written anew");
}

/// Compares one compaction, and returns how many chunks we wrote anew in it.
fn check(prometheus: &Path, promtool: &Path, drafts: &[Vec<Option<Draft>>], scenario: usize) -> u64 {
    let work = tempfile::tempdir().unwrap();
    let (theirs, ours) = (work.path().join("theirs"), work.path().join("ours"));
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    fs.create_dir_all(&theirs).unwrap();
    fs.create_dir_all(&ours).unwrap();

    let mut inputs = Vec::new();
    for (number, block) in (0i64..).zip(drafts) {
        let all =
            block.iter().enumerate().filter_map(|(label, draft)| Some(series(label, draft.as_ref()?, number * 7)));
        let source = Memory::new(all.collect());
        let meta = Meta::new(BlockId::new(0, number.unsigned_abs().into()), number, END - number);
        let written =
            write(&fs, &theirs, meta, &mut source.clone(), &WriteOptions::default(), &mut go_on).unwrap().unwrap();
        inputs.push(Input { dir: written.dir, meta: written.meta, source });
    }
    let id = BlockId::new(1, 1);
    let Compacted::Into(written, counts) =
        compact(&fs, &ours, id, inputs, &CompactOptions::default(), &mut go_on).unwrap()
    else {
        panic!("scenario {scenario}: nothing left")
    };

    let server = Server::start(prometheus, &theirs, 20_000, 180_000);
    server.compact(END, 20_000, 1);
    let log = server.log();
    let merged = log.lines().find(|line| line.contains("msg=\"compact blocks\"")).unwrap_or_else(|| panic!("{log}"));
    let name = merged.split(" ulid=").nth(1).unwrap().split(' ').next().unwrap();
    let merged = theirs.join(name);

    let read = |dir: &Path, name: &str| std::fs::read(dir.join(name)).unwrap();
    let equal = |name: &str, theirs: &[u8], ours: &[u8]| {
        let at = theirs.iter().zip(ours).position(|(a, b)| a != b);
        assert!(
            theirs == ours,
            "scenario {scenario}: {name} differs at {at:?} ({} and {} bytes)",
            theirs.len(),
            ours.len()
        );
    };
    equal("chunks", &read(&merged, "chunks/000001"), &read(&written.dir, "chunks/000001"));
    equal("index", symbols_and_series(&read(&merged, "index")), symbols_and_series(&read(&written.dir, "index")));
    equal("tombstones", &read(&merged, "tombstones"), &read(&written.dir, "tombstones"));

    let meta = Meta::parse(&read(&merged, "meta.json")).unwrap();
    let mut expected = written.meta.clone();
    expected.id = meta.id;
    // Prometheus 3.5 does not count the two apart.
    (expected.stats.num_float_samples, expected.stats.num_histogram_samples) = (0, 0);
    assert_eq!(meta, expected, "scenario {scenario}");

    let dump = |dir: &Path| {
        // It looks for more than blocks.
        fs.create_dir_all(&dir.join("wal")).unwrap();
        let output = Command::new(promtool).args(["tsdb", "dump"]).arg(dir).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    drop(server);
    let only_theirs = work.path().join("merged");
    std::fs::create_dir(&only_theirs).unwrap();
    std::fs::rename(&merged, only_theirs.join(name)).unwrap();
    let lines = dump(&ours);
    assert!(!lines.is_empty() && lines == dump(&only_theirs), "scenario {scenario}: promtool's dumps differ");
    counts.encoded
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
