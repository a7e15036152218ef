//! Random lives of a whole database against a map of samples, on a simulated machine. A failure names the seed of its life.
//!
//! | what happens | how |
//! |---|---|
//! | appends in order | floats, histograms of whole numbers and of floats, series that change between them; counts that fall are resets |
//! | duplicates | the time of the newest sample again, with the same value and with another |
//! | out of order, out of bounds, too old | one time in ten; in half of the lives with a window, where what is late is kept |
//! | stale markers | one value in fifteen |
//! | several appenders | up to three at a time, committed in any order, or dropped |
//! | deletions | of a third of the series, in any time |
//! | truncation, blocks, compaction, checkpoints | a tick, with a reader that began before it |
//! | clean tombstones, snapshots | the snapshot is opened as a database, and answers the same |
//! | restarts, kills | closed or not; nothing is lost |
//! | power losses | anywhere, and in the middle of a tick; at most what was not synced is lost, each sync policy in a third of the lives |
//! | time | goes by without samples; the clock of the machine jumps ahead and back |
//!
//! Most lives are short: what goes wrong goes wrong early, and many beginnings find more than long ends. One in twenty is long enough
//! for blocks of blocks of blocks.

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
mod lives;
#[path = "../../block/tests/made/mod.rs"]
mod made;
mod support;

use lives::{Counts, Life};

/// How many lives are lived of each kind.
const LIVES: u64 = 1_050;

/// How much happens in a life.
const fn steps(seed: u64) -> u32 {
    if seed.is_multiple_of(20) { 60 } else { 20 }
}

/// Other lives than those of every run: one alone, to look at it, or many, to look for failures. `PROMD_SEED=92`, `PROMD_SEED=200..900`
fn asked_for() -> Option<std::ops::Range<u64>> {
    let asked = std::env::var("PROMD_SEED").ok()?;
    let (first, end) = asked.split_once("..").unwrap_or((&asked, ""));
    let first = first.parse().ok()?;
    Some(first..end.parse().unwrap_or(first + 1))
}

/// Nothing is returned if other lives were asked for: what is expected of the counts is expected of those of every run.
fn live(seeds: std::ops::Range<u64>, late: bool) -> Option<Counts> {
    let (asked, mut counts) = (asked_for(), Counts::default());
    for seed in asked.clone().unwrap_or(seeds) {
        let mut life = Life::begin(seed, late);
        for _ in 0..steps(seed) {
            life.step();
        }
        counts.add(&life.end());
    }
    asked.is_none().then_some(counts)
}

#[test]
fn every_life_answers_as_a_map_of_samples() {
    let Some(counts) = live(0..LIVES, false) else { return };
    println!("{counts:?}");
    let Counts {
        commits,
        refused,
        deletions,
        flushed,
        merged,
        snapshots,
        restarts,
        kills,
        power_losses,
        stopped,
        jumps,
        ..
    } = counts;
    assert!(commits > 2_000 && refused > 500, "{commits} commits, {refused} samples refused");
    assert!(deletions > 500 && flushed > 300 && merged > 20 && snapshots > 400 && jumps > 400);
    assert!(restarts > 400 && kills > 400 && power_losses > 1_000 && stopped > 100);
}

#[test]
fn so_does_every_life_with_samples_out_of_order() {
    let Some(counts) = live(0..LIVES, true) else { return };
    println!("{counts:?}");
    let Counts { commits, late, flushed, merged, snapshots, restarts, kills, power_losses, stopped, .. } = counts;
    assert!(commits > 2_000 && late > 1_000, "{commits} commits, {late} samples late");
    assert!(flushed > 250 && merged > 150 && snapshots > 350);
    assert!(restarts > 350 && kills > 350 && power_losses > 1_000 && stopped > 100);
}
