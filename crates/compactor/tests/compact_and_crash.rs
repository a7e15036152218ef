//! Compactions on a file system that fails, fills up and loses power.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod memory;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use memory::Memory;
use promd_block::{Block, BlockError, BlockId, Interval, Meta, SourceChunk, SourceSeries, WriteOptions, scan, write};
use promd_chunk::{Encoding, XorAppender};
use promd_compactor::{
    Candidate, CompactError, CompactOptions, Compacted, Input, Ranges, Retention, Stored, compact, plan,
};
use promd_fs::{Access, ErrorKind, Failure, FaultPlan, Fs, Op, SimFs};
use promd_model::Labels;

const DATA: &str = "/data";
const MERGED: u128 = 99;

fn id(number: u128) -> BlockId {
    BlockId::new(0, number)
}

/// What a block of the tests has: 50 series with a chunk each.
fn source(min: i64) -> Memory {
    let series = (0..50).map(|number: i32| {
        let mut chunk = XorAppender::new();
        (min..min + 20).for_each(|t| chunk.append(t, f64::from(number)).unwrap());
        let bytes = Bytes::copy_from_slice(chunk.bytes());
        SourceSeries {
            labels: Labels::from_pairs([("__name__", "up"), ("instance", &*format!("host-{number:03}"))]).unwrap(),
            chunks: vec![SourceChunk { min, max: min + 19, encoding: Encoding::Xor, bytes }],
            ..SourceSeries::default()
        }
    });
    Memory::new(series.collect())
}

/// Writes three blocks, and returns what opens them.
fn blocks(fs: &Arc<dyn Fs>) -> Vec<Meta> {
    fs.create_dir_all(DATA.as_ref()).unwrap();
    fs.sync_dir("/".as_ref()).unwrap();
    let metas = (0..3u8).map(|number| {
        let min = i64::from(number) * 20;
        let meta = Meta::new(id(number.into()), min, min + 20);
        let options = WriteOptions::default();
        write(fs, DATA.as_ref(), meta, &mut source(min), &options, &mut |_| ControlFlow::Continue(()))
            .unwrap()
            .unwrap()
            .meta
    });
    metas.collect()
}

fn inputs(metas: &[Meta]) -> Vec<Input<Memory>> {
    let input =
        |meta: &Meta| Input { dir: dir(meta.id), meta: meta.clone(), source: source(meta.min_time), left_out: false };
    metas.iter().map(input).collect()
}

fn dir(id: BlockId) -> PathBuf {
    Path::new(DATA).join(id.to_string())
}

fn run(fs: &Arc<dyn Fs>, inputs: Vec<Input<Memory>>) -> Result<Compacted, CompactError> {
    let go_on = &mut |_: &_| ControlFlow::Continue(());
    compact(fs, DATA.as_ref(), id(MERGED), inputs, &CompactOptions::default(), go_on)
}

/// The tombstones of the second block are damaged: nobody knows what was deleted from it.
#[test]
fn a_block_that_is_left_out_is_refused_and_not_marked() {
    let sim = SimFs::new(1);
    let fs: Arc<dyn Fs> = Arc::new(sim.clone());
    let metas = blocks(&fs);
    sim.flip_bit(&dir(metas[1].id).join("tombstones"), 0, 3).unwrap();
    let opened = metas.iter().map(|meta| Block::open_with(&fs, &dir(meta.id), Access::Sequential).unwrap());
    let opened: Vec<Block> = opened.collect();
    let go_on = &mut |_: &_| ControlFlow::Continue(());
    let inputs = opened.iter().map(Input::of).collect();
    let error = compact(&fs, DATA.as_ref(), id(MERGED), inputs, &CompactOptions::default(), go_on).unwrap_err();
    assert!(matches!(error, CompactError::LeftOut(refused) if refused == metas[1].id), "{error:?}");
    assert_eq!(error.to_string(), format!("block {} is left out of answers and cannot be compacted", metas[1].id));
    for meta in &metas {
        assert_eq!(Meta::read(&*fs, &dir(meta.id)).unwrap(), *meta);
    }
    assert!(!fs.exists(&dir(id(MERGED))).unwrap());
}

#[test]
fn three_blocks_become_one_and_may_go() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let metas = blocks(&fs);
    let candidates: Vec<Candidate> = metas.iter().chain([&Meta::new(id(3), 60, 80)]).map(Candidate::new).collect();
    let planned = plan(&Ranges::exponential(20, 60), &candidates).unwrap();
    assert_eq!(planned.blocks, [id(0), id(1), id(2)]);

    let Compacted::Into(written, counts) = run(&fs, inputs(&metas)).unwrap() else { panic!("a block") };
    assert_eq!((counts.series, counts.passed, counts.encoded), (50, 150, 0));
    let meta = Meta::read(&*fs, &dir(id(MERGED))).unwrap();
    assert_eq!(meta, written.meta);
    assert_eq!((meta.min_time, meta.max_time, meta.compaction.level), (0, 60, 2));
    assert_eq!((meta.stats.num_series, meta.stats.num_chunks, meta.stats.num_samples), (50, 150, 3_000));

    let stored = |meta: &Meta| Stored {
        id: meta.id,
        max: meta.max_time,
        bytes: 1,
        deletable: meta.compaction.deletable,
        parents: meta.compaction.parents.iter().map(|parent| parent.id).collect(),
        quarantined: false,
    };
    let all: Vec<Stored> = metas.iter().chain([&meta]).map(stored).collect();
    let gone: Vec<BlockId> = Retention::default().expired(&all, 0, None).iter().map(|expired| expired.id).collect();
    assert_eq!(gone, [id(2), id(1), id(0)]);
}

#[test]
fn blocks_of_which_nothing_is_left_are_deletable() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let metas = blocks(&fs);
    let mut emptied = inputs(&metas);
    for input in &mut emptied {
        input.source = Memory::new(vec![]);
    }
    assert_eq!(run(&fs, emptied).unwrap(), Compacted::Nothing);
    assert!(!fs.exists(&dir(id(MERGED))).unwrap());
    for meta in &metas {
        let expected = {
            let mut meta = meta.clone();
            meta.compaction.deletable = true;
            meta
        };
        assert_eq!(Meta::read(&*fs, &dir(meta.id)).unwrap(), expected);
    }
}

#[test]
fn who_watches_can_break_it_off() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let metas = blocks(&fs);
    let mut options = CompactOptions::default();
    options.write.progress_every = 10;
    let mut told = Vec::new();
    let watch = &mut |progress: &promd_block::Progress| {
        told.push(progress.series);
        if progress.series == 30 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let outcome = compact(&fs, DATA.as_ref(), id(MERGED), inputs(&metas), &options, watch);
    assert!(matches!(outcome, Err(CompactError::Cancelled)), "{outcome:?}");
    assert_eq!(told, [10, 20, 30]);
    assert_eq!(scan(&*fs, DATA.as_ref()).unwrap().blocks.len(), 3);
    for meta in &metas {
        assert_eq!(Meta::read(&*fs, &dir(meta.id)).unwrap(), *meta, "not marked");
    }
}

#[test]
fn blocks_that_cannot_be_merged_are_marked() {
    let sim = SimFs::new(1);
    let fs: Arc<dyn Fs> = Arc::new(sim.clone());
    let metas = blocks(&fs);
    sim.inject(Failure::of(Op::Write).on("chunks"));
    let Err(CompactError::Failed { marked, .. }) = run(&fs, inputs(&metas)) else { panic!("an error") };
    assert_eq!(marked, [id(0), id(1), id(2)]);
    for meta in &metas {
        assert!(Meta::read(&*fs, &dir(meta.id)).unwrap().compaction.failed);
    }
    // A full disk is nobody's fault.
    let sim = SimFs::new(1);
    let fs: Arc<dyn Fs> = Arc::new(sim.clone());
    let metas = blocks(&fs);
    sim.inject(Failure::of(Op::Write).on("chunks").kind(ErrorKind::DiskFull));
    let Err(CompactError::Failed { marked, source, .. }) = run(&fs, inputs(&metas)) else { panic!("an error") };
    assert_eq!(marked, []);
    assert!(matches!(source, BlockError::Fs(_)), "{source}");
    assert!(run(&fs, inputs(&metas)).is_ok(), "the next attempt succeeds");
}

/// Power goes at every single operation of a compaction, in several ways each. Afterwards the three old blocks are there, whole; the
/// merged one is there, whole, or not at all; and the next compaction succeeds.
#[test]
fn power_may_go_at_any_time() {
    let mut merged = 0;
    let mut op = 1;
    loop {
        let sim = SimFs::new(op);
        let fs: Arc<dyn Fs> = Arc::new(sim.clone());
        let metas = blocks(&fs);
        sim.set_plan(FaultPlan::new().stop_at(sim.ops() + op));
        let outcome = run(&fs, inputs(&metas));
        let done = outcome.is_ok();
        for _ in 0..8 {
            let rebooted = sim.power_loss();
            let fs: Arc<dyn Fs> = Arc::new(rebooted.clone());
            for meta in &metas {
                let found = Meta::read(&*fs, &dir(meta.id)).unwrap();
                assert_eq!(found.stats, meta.stats, "{}", rebooted.log());
                assert_eq!(sizes(&*fs, meta.id), sizes_of_a_whole_one(meta), "{}", rebooted.log());
            }
            if fs.exists(&dir(id(MERGED))).unwrap() {
                merged += 1;
                let meta =
                    Meta::read(&*fs, &dir(id(MERGED))).unwrap_or_else(|error| panic!("{error}\n{}", rebooted.log()));
                assert_eq!(meta.stats.num_samples, 3_000);
                assert_eq!(sizes(&*fs, meta.id), sizes_of_a_whole_merge(), "{}", rebooted.log());
            } else {
                assert!(!done, "it was reported as done\n{}", rebooted.log());
                run(&fs, inputs(&metas)).unwrap();
            }
        }
        if done {
            break;
        }
        op += 1;
    }
    assert!(op > 30 && merged > 8, "{op} operations, the merged block found {merged} times");
}

/// The lengths of the files that must be whole.
fn sizes(fs: &dyn Fs, id: BlockId) -> Vec<u64> {
    ["index", "chunks/000001", "tombstones"].iter().map(|name| fs.metadata(&dir(id).join(name)).unwrap().size).collect()
}

fn sizes_of_a_whole_one(meta: &Meta) -> Vec<u64> {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    blocks(&fs);
    sizes(&*fs, meta.id)
}

fn sizes_of_a_whole_merge() -> Vec<u64> {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let metas = blocks(&fs);
    run(&fs, inputs(&metas)).unwrap();
    sizes(&*fs, id(MERGED))
}

#[test]
fn what_a_block_has_outside_of_its_times_is_left_out() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let metas = blocks(&fs);
    let mut narrow = inputs(&metas[..2]);
    narrow[0].meta.min_time = 5;
    narrow[1].meta.max_time = 30;
    let Compacted::Into(written, counts) = run(&fs, narrow).unwrap() else { panic!("a block") };
    assert_eq!((written.meta.interval(), written.meta.stats.num_samples), (Interval::new(5, 29), 50 * 25));
    assert_eq!(counts.encoded, 100);
}
