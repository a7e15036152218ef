//! Random lives of a whole database against a map of samples: appends in and out of turn, several appenders, deletions, ticks,
//! snapshots, restarts, kills and power losses, on a simulated machine. A failure names the seed of its life.

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
mod lives;
#[path = "../../block/tests/made/mod.rs"]
mod made;
mod support;

use lives::{Counts, Life};

/// How much happens in a life.
const STEPS: u32 = 60;

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
        for _ in 0..STEPS {
            life.step();
        }
        counts.add(&life.end());
    }
    asked.is_none().then_some(counts)
}

#[test]
fn every_life_answers_as_a_map_of_samples() {
    let Some(counts) = live(0..150, false) else { return };
    println!("{counts:?}");
    let Counts {
        commits, refused, deletions, flushed, merged, snapshots, restarts, kills, power_losses, stopped, ..
    } = counts;
    assert!(commits > 2_000 && refused > 500, "{commits} commits, {refused} samples refused");
    assert!(deletions > 100 && flushed > 50 && merged > 5 && snapshots > 80);
    assert!(restarts > 80 && kills > 80 && power_losses > 200 && stopped > 20);
}

#[test]
fn so_does_every_life_with_samples_out_of_order() {
    let Some(counts) = live(0..150, true) else { return };
    println!("{counts:?}");
    let Counts { commits, late, flushed, merged, snapshots, restarts, kills, power_losses, stopped, .. } = counts;
    assert!(commits > 2_000 && late > 1_000, "{commits} commits, {late} samples late");
    assert!(flushed > 100 && merged > 50 && snapshots > 80);
    assert!(restarts > 80 && kills > 80 && power_losses > 200 && stopped > 20);
}
