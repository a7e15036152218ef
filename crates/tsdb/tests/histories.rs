//! Random lives of a whole database against a map of samples: appends in and out of turn, several appenders, deletions, ticks,
//! snapshots, restarts, kills and power losses, on a simulated machine. A failure names the seed of its life.

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
mod lives;
#[path = "../../block/tests/made/mod.rs"]
mod made;
mod support;

use lives::{Counts, Life};

fn live(seeds: std::ops::Range<u64>, steps: u32) -> Counts {
    let mut counts = Counts::default();
    // One life alone, to look at it.
    let seeds =
        std::env::var("PROMD_SEED").ok().and_then(|seed| seed.parse().ok()).map_or(seeds, |seed| seed..seed + 1);
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
    let counts = live(0..92, 60);
    println!("{counts:?}");
    let Counts {
        commits, refused, deletions, flushed, merged, snapshots, restarts, kills, power_losses, stopped, ..
    } = counts;
    assert!(commits > 2_000 && refused > 500, "{commits} commits, {refused} samples refused");
    assert!(deletions > 100 && flushed > 50 && merged > 5 && snapshots > 80);
    assert!(restarts > 80 && kills > 80 && power_losses > 200 && stopped > 20);
}
