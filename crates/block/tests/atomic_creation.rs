//! A block is there as a whole or not at all: the machine stops in every single operation of its making, and loses power.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod made;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use made::{ID, Made};
use promd_block::{BlockError, WriteOptions, scan};
use promd_fs::{ErrorKind, Failure, FaultPlan, Fs, Op, SimFs, Tear};

const DATA: &str = "/data";

fn data_directory(seed: u64) -> (SimFs, Arc<dyn Fs>) {
    let sim = SimFs::new(seed);
    sim.create_dir(Path::new(DATA)).unwrap();
    sim.sync_dir(Path::new("/")).unwrap();
    let fs: Arc<dyn Fs> = Arc::new(sim.clone());
    (sim, fs)
}

/// All files of a block with their bytes.
fn content(fs: &dyn Fs, dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for folder in [dir.to_path_buf(), dir.join("chunks")] {
        for entry in fs.read_dir(&folder).unwrap() {
            let path = folder.join(&entry.name);
            if let Ok(bytes) = fs.read_to_vec(&path, 1 << 20) {
                all.push((path.display().to_string(), bytes));
            }
        }
    }
    all
}

#[test]
fn wherever_the_power_goes_there_is_a_whole_block_or_none() {
    let (sim, fs) = data_directory(0);
    let before = sim.ops();
    let dir = made::write(&fs, Path::new(DATA), made::small()).unwrap();
    let operations = sim.ops() - before;
    let whole = content(&*fs, &dir);
    // index, meta.json, promd-meta, tombstones and a segment.
    assert_eq!(whole.len(), 5);

    let mut outcomes = [0, 0];
    for op in 1..=operations + 1 {
        for tear in [Tear::Sector, Tear::Byte] {
            let (sim, fs) = data_directory(op);
            sim.set_plan(FaultPlan::new().stop_at(sim.ops() + op).tear(tear));
            let written = made::write(&fs, Path::new(DATA), made::small());
            assert_eq!(written.is_ok(), op > operations, "{}", sim.log());
            for _ in 0..5 {
                let rebooted = sim.power_loss();
                let found = scan(&rebooted, Path::new(DATA)).unwrap();
                assert_eq!(found.without_index, [] as [&Path; 0], "{}", rebooted.log());
                match found.blocks.as_slice() {
                    [] => assert!(written.is_err(), "acknowledged and gone: {}", rebooted.log()),
                    [block] => assert_eq!(content(&rebooted, &block.dir), whole, "{}", rebooted.log()),
                    more => panic!("{more:?}"),
                }
                outcomes[found.blocks.len()] += 1;
                // The next attempt is not in the way of the last.
                if found.blocks.is_empty() {
                    let fs: Arc<dyn Fs> = Arc::new(rebooted);
                    made::write(&fs, Path::new(DATA), made::small()).unwrap();
                }
            }
        }
    }
    assert!(outcomes[0] > 100 && outcomes[1] >= 10, "{outcomes:?}");
}

#[test]
fn a_failure_leaves_nothing_that_could_be_mistaken_for_a_block() {
    for op in [Op::Write, Op::Sync, Op::SyncDir, Op::Rename] {
        for after in 0..50 {
            let (sim, fs) = data_directory(7);
            sim.inject(Failure::of(op).after(after).kind(ErrorKind::DiskFull));
            let written = made::write(&fs, Path::new(DATA), made::small());
            let found = scan(&*fs, Path::new(DATA)).unwrap();
            if let Err(error) = written {
                assert!(matches!(&error, BlockError::Fs(error) if error.kind() == ErrorKind::DiskFull), "{error}");
                assert_eq!(found.leftovers, [] as [&Path; 0]);
                // Only the last operation comes after the block has its name.
                assert!(found.blocks.is_empty() || op == Op::SyncDir, "{}", sim.log());
            } else {
                assert_eq!(found.blocks.len(), 1);
            }
        }
    }
}

#[test]
fn cancelling_leaves_nothing() {
    let (_, fs) = data_directory(1);
    let options = WriteOptions::default();
    let mut told = Vec::new();
    let mut watch = |progress: &promd_block::Progress| {
        told.push(*progress);
        ControlFlow::Break(())
    };
    let cancelled =
        promd_block::write(&fs, Path::new(DATA), made::meta(), &mut Made::new(made::small()), &options, &mut watch);
    assert!(matches!(cancelled, Err(BlockError::Cancelled)));
    // 4 series; 120 + 3 + 15 + 7 samples in 6 chunks.
    assert_eq!((told[0].series, told[0].chunks, told[0].samples), (4, 6, 145));
    assert!(fs.read_dir(Path::new(DATA)).unwrap().is_empty());
}

#[test]
fn a_block_is_not_written_over_another() {
    let (_, fs) = data_directory(1);
    let dir = made::write(&fs, Path::new(DATA), made::small()).unwrap();
    let whole = content(&*fs, &dir);
    let error = made::write(&fs, Path::new(DATA), made::small()).unwrap_err();
    assert_eq!(error.to_string(), format!("mkdir {DATA}/{ID}: file exists"));
    assert_eq!(content(&*fs, &dir), whole);
}

#[test]
fn a_chunk_outside_of_the_block_is_refused() {
    let (_, fs) = data_directory(1);
    let late = made::series("up", "a", vec![made::floats([made::HOURS.max + 1], |_| 1.0)]);
    let error = made::write(&fs, Path::new(DATA), vec![late]).unwrap_err();
    assert!(error.to_string().contains("lies outside of the block"), "{error}");
    assert!(fs.read_dir(Path::new(DATA)).unwrap().is_empty());
}
