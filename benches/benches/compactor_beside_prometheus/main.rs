//! Compaction of eleven blocks into one, here and by the real Prometheus: CPU time a sample, and the most memory.
//!
//! Not criterion: each side is a process of its own, run once, on copies of the same blocks, and asked for what the kernel counted.
//! The real one is left out, with a word, if `promd_testkit::peer` does not find it. `PROMD_COMPACT_SAMPLES` is the number
//! of samples of all blocks together; the size that the record gives figures for is 100 million.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program of its own that prints figures")]

mod blocks;
mod process;
// The tests make the same server compact.
#[path = "../../../crates/compactor/tests/server/mod.rs"]
mod server;

use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use process::{Cost, usage};
use promd_block::{Block, BlockId, Meta};
use promd_compactor::{Candidate, CompactOptions, Compacted, Input, Ranges, compact, plan};
use promd_fs::{Access, Fs, RealFs};
use promd_testkit::peer;
use server::Server;

/// The shortest block, and the longest, which eleven blocks fill with a gap of two hours.
const SHORTEST: i64 = 8 * HOUR;
const LONGEST: i64 = 24 * HOUR;
const HOUR: i64 = 60 * 60 * 1000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, dir] = &arguments[..]
        && word == "compact"
    {
        return compact_here(dir.as_ref());
    }
    let samples = std::env::var("PROMD_COMPACT_SAMPLES").map_or(5_000_000, |number| number.parse().unwrap());
    let work = tempfile::tempdir().unwrap();
    let (ours, theirs) = (work.path().join("ours"), work.path().join("theirs"));
    let samples = blocks::write_all(&ours, samples);
    copy(&ours, &theirs);

    let output = Command::new(std::env::current_exe().unwrap()).arg("compact").arg(&ours).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let here = Cost { user: numbers[0], system: numbers[1], peak: numbers[2] };
    println!("{samples} samples");
    print("promd", here, samples, None);
    if let Some(program) = peer("prometheus") {
        let server = Server::start(&program, &theirs, SHORTEST, LONGEST);
        let before = usage(server.id());
        server.compact(2 * LONGEST);
        // The memory is that of the whole process, the time that from ready to done.
        print("Prometheus", usage(server.id()).since(before), samples, Some(here));
    }
}

fn print(name: &str, cost: Cost, samples: u64, ours: Option<Cost>) {
    #[expect(clippy::cast_precision_loss, reason = "a figure to be read")]
    let samples = samples as f64;
    let ratio = ours.map_or(String::new(), |ours| {
        let (cpu, user, peak) = (ours.cpu() / cost.cpu(), ours.user / cost.user, ours.peak / cost.peak);
        format!("   promd takes {cpu:.3} of the CPU ({user:.3} without the kernel) and {peak:.3} of the memory")
    });
    let (user, system) = (cost.user / samples, cost.system / samples);
    let peak = cost.peak / f64::from(1 << 20);
    println!("{name:<12} {user:>6.2} + {system:>5.2} ns of CPU a sample {peak:>8.1} MiB at most{ratio}");
}

/// Compacts what is due in a data directory, and prints what it took.
fn compact_here(data: &Path) {
    let before = usage(std::process::id());
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let found = promd_block::scan(&*fs, data).unwrap().blocks;
    let metas: Vec<Meta> = found.iter().map(|block| Meta::read(&*fs, &block.dir).unwrap()).collect();
    let candidates: Vec<Candidate> = metas.iter().map(Candidate::new).collect();
    let due = plan(&Ranges::exponential(SHORTEST, LONGEST), &candidates).unwrap().blocks;
    assert_eq!(due.len(), 11);
    let due = found.iter().filter(|block| due.contains(&block.id));
    let blocks: Vec<Block> = due.map(|block| Block::open_with(&fs, &block.dir, Access::Sequential).unwrap()).collect();
    let inputs = blocks.iter().map(Input::of);
    let options = CompactOptions::default();
    let outcome =
        compact(&fs, data, BlockId::new(1, 1), inputs.collect(), &options, &mut |_| ControlFlow::Continue(()));
    assert!(matches!(outcome, Ok(Compacted::Into(..))), "{outcome:?}");
    let cost = usage(std::process::id()).since(before);
    println!("{} {} {}", cost.user, cost.system, cost.peak);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            // Neither side changes a file: one copy on the disk is enough.
            std::fs::hard_link(entry.path(), target).unwrap();
        }
    }
}
