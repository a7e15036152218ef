//! Random lives of a whole database against a map of samples: appends in and out of turn, several appenders, deletions, ticks,
//! snapshots, restarts, kills and power losses, on a simulated machine. A failure names the seed of its life.

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
mod lives;
#[path = "../../block/tests/made/mod.rs"]
mod made;
mod support;

use lives::{Counts, Life};

/// Other lives than those of every run: one alone, to look at it, or many, to look for failures. `PROMD_SEED=92`, `PROMD_SEED=200..900`
fn asked_for() -> Option<std::ops::Range<u64>> {
    let asked = std::env::var("PROMD_SEED").ok()?;
    let (first, end) = asked.split_once("..").unwrap_or((&asked, ""));
    let first = first.parse().ok()?;
    Some(first..end.parse().unwrap_or(first + 1))
}

fn live(seeds: std::ops::Range<u64>, steps: u32) -> Counts {
    let mut counts = Counts::default();
    for seed in seeds {
        let mut life = Life::begin(seed);
        for _ in 0..steps {
            life.step();
        }
        counts.add(&life.end());
    }
    counts
}

#[test]
fn every_life_answers_as_a_map_of_samples() {
    if let Some(seeds) = asked_for() {
        println!("{:?}", live(seeds, 60));
        return;
    }
    let counts = live(0..150, 60);
    println!("{counts:?}");
    let Counts {
        commits, refused, deletions, flushed, merged, snapshots, restarts, kills, power_losses, stopped, ..
    } = counts;
    assert!(commits > 2_000 && refused > 500, "{commits} commits, {refused} samples refused");
    assert!(deletions > 100 && flushed > 50 && merged > 5 && snapshots > 80);
    assert!(restarts > 80 && kills > 80 && power_losses > 200 && stopped > 20);
}
