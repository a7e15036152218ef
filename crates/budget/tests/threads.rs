//! Many threads on one tree: nothing is lost, and the limit holds within its bound at every moment.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Barrier;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use promd_budget::{AccountOptions, Ledger, Limit};

const THREADS: usize = 16;
const STEPS: usize = 20_000;

/// A small generator, seeded by the thread's number: the test asks for the same numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// Counts what is in use, exactly, from outside: added after a grant and subtracted before a release, so that it is
/// never above the truth.
struct Truth {
    used: AtomicUsize,
    highest: AtomicUsize,
}

impl Truth {
    const fn new() -> Truth {
        Truth { used: AtomicUsize::new(0), highest: AtomicUsize::new(0) }
    }

    fn add(&self, bytes: usize) {
        let sum = self.used.fetch_add(bytes, SeqCst) + bytes;
        self.highest.fetch_max(sum, SeqCst);
    }

    fn sub(&self, bytes: usize) {
        self.used.fetch_sub(bytes, SeqCst);
    }
}

#[test]
fn meters_keep_the_bound_and_return_everything() {
    // Room for about half of what the threads would like to hold.
    const LIMIT: usize = THREADS * 64 * 1024;
    let ledger = Ledger::new(AccountOptions::new("total").limit(Limit::Bytes(LIMIT)));
    let queries = ledger.account(AccountOptions::new("queries"));
    let truth = Truth::new();
    // All hold what they have until the last is done: on a machine with few cores they would run one after the other.
    let end = Barrier::new(THREADS);
    let refused: usize = thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|seed| {
                let query = queries.child(AccountOptions::new("query").key(seed.to_string()));
                let (truth, end) = (&truth, &end);
                scope.spawn(move || {
                    let mut random = Random(seed as u64 + 1);
                    let mut meter = query.meter();
                    let mut refused = 0;
                    for step in 0..STEPS {
                        let bytes = random.below(4096);
                        if step % 5000 == 999 {
                            truth.sub(meter.bytes());
                            meter = query.meter();
                        } else if random.below(100) < 60 {
                            match meter.charge(bytes) {
                                Ok(()) => truth.add(bytes),
                                Err(_) => refused += 1,
                            }
                        } else {
                            let bytes = bytes.min(meter.bytes());
                            truth.sub(bytes);
                            meter.release(bytes);
                        }
                    }
                    end.wait();
                    truth.sub(meter.bytes());
                    refused
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    let highest = truth.highest.load(SeqCst);
    assert!(highest <= LIMIT + LIMIT / 20, "{highest} of {LIMIT}");
    assert!(refused > 0 && highest > LIMIT * 9 / 10, "the limit was not met: {refused} refused, {highest} of {LIMIT}");
    let usage = ledger.usage();
    assert_eq!((usage.used, usage.slack, truth.used.load(SeqCst)), (0, 0, 0));
    assert_eq!(usage.refused, refused as u64);
    assert_eq!(usage.limit_hits, refused as u64);
}

#[test]
fn charges_never_exceed_a_limit_and_return_everything() {
    const LIMIT: usize = THREADS * 1000;
    let ledger = Ledger::new(AccountOptions::new("total").limit(Limit::Bytes(LIMIT)));
    let parts = [
        ledger.account(AccountOptions::new("a").limit(Limit::Bytes(LIMIT / 2))),
        ledger.account(AccountOptions::new("b")),
    ];
    let truth = Truth::new();
    let end = Barrier::new(THREADS);
    thread::scope(|scope| {
        for seed in 0..THREADS {
            let (parts, truth, end) = (&parts, &truth, &end);
            scope.spawn(move || {
                let mut random = Random(seed as u64 + 1);
                let mut held = Vec::new();
                for _ in 0..STEPS {
                    let part = &parts[random.below(2)];
                    match random.below(10) {
                        0..=4 => {
                            if let Ok(charge) = part.charge(random.below(400)) {
                                truth.add(charge.bytes());
                                held.push(charge);
                            }
                        }
                        5 if held.len() > 1 => {
                            let mut from = held.swap_remove(random.below(held.len()));
                            let at = random.below(held.len());
                            if held[at].absorb(&mut from).is_err() {
                                held.push(from);
                            }
                        }
                        _ if !held.is_empty() => {
                            let charge = held.swap_remove(random.below(held.len()));
                            truth.sub(charge.bytes());
                        }
                        _ => {}
                    }
                }
                end.wait();
                truth.sub(held.iter().map(promd_budget::Charge::bytes).sum());
            });
        }
    });
    let highest = truth.highest.load(SeqCst);
    assert!(highest <= LIMIT, "{highest} of {LIMIT}");
    assert!(highest > LIMIT / 2, "the limit was not met: {highest} of {LIMIT}");
    assert_eq!(ledger.usage().walk().map(|(_, usage)| usage.used).collect::<Vec<_>>(), [0, 0, 0]);
    assert!(ledger.root().peak() <= LIMIT && parts[0].peak() <= LIMIT / 2);
}

#[test]
fn accounts_come_and_go_while_others_look() {
    let ledger = Ledger::new(AccountOptions::new("total").limit(Limit::Bytes(1 << 20)));
    let queries = ledger.account(AccountOptions::new("queries"));
    thread::scope(|scope| {
        for seed in 0..4 {
            let queries = &queries;
            scope.spawn(move || {
                let mut random = Random(seed + 1);
                for _ in 0..2000 {
                    let query = queries.child(AccountOptions::new("query"));
                    let _held = query.charge(random.below(1000));
                    query.meter().charge(random.below(1000)).unwrap();
                }
            });
        }
        for _ in 0..200 {
            let usage = queries.usage();
            assert!(usage.children.len() <= 4 && usage.children.iter().all(|child| child.used < 1 << 20));
            queries.largest_children(2);
        }
    });
    assert_eq!((queries.used(), queries.children().len()), (0, 0));
}
