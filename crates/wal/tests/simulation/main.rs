//! The log on a machine that tears writes, forgets what was not synced, fills up, fails and flips bits, by thousands of seeds.
//!
//! What is checked, after each accident: everything is there that the policy promised; nothing is there that was never
//! written; it is in order; numbers of segments have no gap; and Prometheus, which stops at the first damage, finds it too,
//! except where that cannot be had (a power loss before the remains of a failed sync are cut off, a cut that failed).
#![expect(clippy::unwrap_used, reason = "a failure to set up is a failure of the test")]
#![expect(clippy::print_stdout, reason = "it is a test that says how soon it noticed")]

mod model;
#[path = "../reading/mod.rs"]
mod reading;
mod sabotage;
mod schedule;
#[path = "../support/mod.rs"]
mod support;
mod upkeep;

use std::thread;

use sabotage::Sabotage;
use schedule::Outcome;

const SCHEDULES: u64 = 10_000;

/// Runs schedules on two threads, and adds up what happened.
fn run_all(seeds: std::ops::Range<u64>) -> Result<Outcome, String> {
    let half = |odd: u64| {
        let seeds = seeds.clone().filter(move |seed| seed % 2 == odd);
        move || {
            seeds
                .map(|seed| schedule::run(seed, Sabotage::Nothing))
                .try_fold(Outcome::default(), |sum, outcome| outcome.map(|outcome| add(sum, outcome)))
        }
    };
    let other = thread::spawn(half(1));
    let even = half(0)();
    let odd = other.join().unwrap();
    Ok(add(even?, odd?))
}

fn add(mut sum: Outcome, outcome: Outcome) -> Outcome {
    sum.faults += outcome.faults;
    sum.appends += outcome.appends;
    sum.refused += outcome.refused;
    sum.rotations += outcome.rotations;
    sum.syncs += outcome.syncs;
    sum
}

#[test]
fn what_was_promised_is_there() {
    let outcome = run_all(0..SCHEDULES).unwrap_or_else(|broken| panic!("{broken}"));
    let Outcome { faults, appends, refused, rotations, syncs } = &outcome;
    println!("{SCHEDULES} schedules: {faults}");
    println!("{appends} appends, {refused} refused, {rotations} rotations, {syncs} syncs waited for");
    // Those that a log cannot meet: it reads nothing, links nothing, and maps nothing.
    let unmet = ["lost_links", "read_errors", "mapped_writes"];
    for (fault, count) in outcome.faults.iter().filter(|(fault, _)| !unmet.contains(fault)) {
        assert!(count >= 500, "{fault} was hit only {count} times");
    }
}

/// The suite fails within a bounded number of seeds if a safeguard is taken out.
#[track_caller]
fn check_noticed(sabotage: Sabotage, within: u64) {
    let noticed = (0..within).find_map(|seed| Some((seed, schedule::run(seed, sabotage).err()?)));
    let (seed, broken) = noticed.unwrap_or_else(|| panic!("{sabotage:?} was not noticed within {within} schedules"));
    println!("{sabotage:?} was noticed at seed {seed}: {}", broken.lines().next().unwrap_or_default());
}

#[test]
fn a_missing_directory_sync_is_noticed() {
    check_noticed(Sabotage::DirectorySync, 100);
}

#[test]
fn a_missing_seal_is_noticed() {
    check_noticed(Sabotage::SegmentSeal, 200);
}

#[test]
fn a_missing_checksum_is_noticed() {
    check_noticed(Sabotage::Checksums, 100);
}

#[test]
fn a_missing_cut_is_noticed() {
    check_noticed(Sabotage::Cut, 200);
}

#[test]
fn a_sync_error_that_is_passed_over_is_noticed() {
    check_noticed(Sabotage::FailedSync, 200);
}

#[test]
fn a_repair_that_is_stopped_loses_nothing() {
    assert_eq!(upkeep::check_repair(Sabotage::Nothing), Ok(()));
}

#[test]
fn a_checkpoint_that_is_stopped_loses_nothing() {
    assert_eq!(upkeep::check_checkpoint(Sabotage::Nothing), Ok(()));
}

#[test]
fn another_order_of_repair_is_noticed() {
    for sabotage in [Sabotage::Replacement, Sabotage::AsideLate, Sabotage::CursorsLate] {
        let broken = upkeep::check_repair(sabotage).unwrap_err();
        println!("{sabotage:?} was noticed: {broken}");
    }
}

#[test]
fn another_order_of_checkpoint_and_removal_is_noticed() {
    for sabotage in [Sabotage::CheckpointLate, Sabotage::NewestFirst] {
        let broken = upkeep::check_checkpoint(sabotage).unwrap_err();
        println!("{sabotage:?} was noticed: {broken}");
    }
}
