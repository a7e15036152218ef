//! Sequences of operations on a tree, compared with a naive ledger that keeps a list of who holds what.

use promd_budget::{Account, AccountOptions, Charge, Ledger, Limit, Meter};
use proptest::prelude::*;

/// The tree of the tests: parent of each account. 0 is the root.
const PARENTS: [usize; 6] = [0, 0, 0, 1, 1, 3];

struct Tree {
    accounts: Vec<Account>,
    limits: Vec<Option<usize>>,
}

impl Tree {
    fn new(limits: Vec<Option<usize>>) -> Tree {
        let options = |at: usize| {
            let limit = limits[at].map_or(Limit::None, Limit::Bytes);
            AccountOptions::new(at.to_string()).limit(limit)
        };
        let mut accounts = vec![Ledger::new(options(0)).root().clone()];
        for (at, parent) in PARENTS.iter().enumerate().skip(1) {
            let account = accounts[*parent].child(options(at));
            accounts.push(account);
        }
        Tree { accounts, limits }
    }

    /// The account and its ancestors, nearest first.
    fn path(mut at: usize) -> Vec<usize> {
        let mut path = vec![at];
        while at != 0 {
            at = PARENTS[at];
            path.push(at);
        }
        path
    }

    /// What each account holds, given the bytes held directly in one.
    fn sums(held: impl Iterator<Item = (usize, usize)>) -> Vec<usize> {
        let mut sums = vec![0; PARENTS.len()];
        for (at, bytes) in held {
            Tree::path(at).into_iter().for_each(|at| sums[at] += bytes);
        }
        sums
    }

    /// The nearest account whose limit `bytes` more would exceed, of those in `path`.
    fn full(&self, sums: &[usize], path: &[usize], bytes: usize) -> Option<usize> {
        path.iter().copied().find(|at| self.limits[*at].is_some_and(|limit| sums[*at] + bytes > limit))
    }
}

#[derive(Debug, Clone)]
enum Op {
    Charge { at: usize, bytes: usize },
    Force { at: usize, bytes: usize },
    Grow { charge: usize, bytes: usize },
    Shrink { charge: usize, bytes: usize },
    Split { charge: usize, bytes: usize },
    Absorb { into: usize, from: usize },
    Drop { charge: usize },
    Limit { at: usize, bytes: Option<usize> },
}

fn limit() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![1 => Just(None), 3 => (0usize..3000).prop_map(Some)]
}

fn op() -> impl Strategy<Value = Op> {
    let at = 0..PARENTS.len();
    let bytes = 0usize..500;
    prop_oneof![
        4 => (at.clone(), bytes.clone()).prop_map(|(at, bytes)| Op::Charge { at, bytes }),
        1 => (at.clone(), bytes.clone()).prop_map(|(at, bytes)| Op::Force { at, bytes }),
        3 => (any::<usize>(), bytes.clone()).prop_map(|(charge, bytes)| Op::Grow { charge, bytes }),
        2 => (any::<usize>(), bytes.clone()).prop_map(|(charge, bytes)| Op::Shrink { charge, bytes }),
        1 => (any::<usize>(), bytes).prop_map(|(charge, bytes)| Op::Split { charge, bytes }),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(into, from)| Op::Absorb { into, from }),
        2 => any::<usize>().prop_map(|charge| Op::Drop { charge }),
        1 => (at, limit()).prop_map(|(at, bytes)| Op::Limit { at, bytes }),
    ]
}

proptest! {
    #[test]
    fn charges_behave_as_a_naive_ledger(limits in prop::collection::vec(limit(), PARENTS.len()), ops in prop::collection::vec(op(), 1..200)) {
        let mut tree = Tree::new(limits);
        // Who holds what: the charge and, naively, its account and bytes.
        let mut held: Vec<(Charge, usize, usize)> = Vec::new();
        let mut peaks = vec![0; PARENTS.len()];
        for op in ops {
            let sums = Tree::sums(held.iter().map(|(_, at, bytes)| (*at, *bytes)));
            let count = held.len();
            match op {
                Op::Charge { at, bytes } => {
                    let full = tree.full(&sums, &Tree::path(at), bytes).filter(|_| bytes > 0);
                    match tree.accounts[at].charge(bytes) {
                        Ok(charge) => { prop_assert_eq!(full, None); held.push((charge, at, bytes)); }
                        Err(refused) => prop_assert_eq!(Some(refused.limit_name().to_owned()), full.map(|at| at.to_string())),
                    }
                }
                Op::Force { at, bytes } => held.push((tree.accounts[at].force(bytes), at, bytes)),
                Op::Grow { charge, bytes } if count > 0 => {
                    let (charge, at, naive) = &mut held[charge % count];
                    let full = tree.full(&sums, &Tree::path(*at), bytes).filter(|_| bytes > 0);
                    prop_assert_eq!(charge.grow(bytes).is_err(), full.is_some());
                    *naive += if full.is_none() { bytes } else { 0 };
                }
                Op::Shrink { charge, bytes } if count > 0 => {
                    let (charge, _, naive) = &mut held[charge % count];
                    charge.shrink(bytes);
                    *naive = naive.saturating_sub(bytes);
                }
                Op::Split { charge, bytes } if count > 0 => {
                    let (charge, at, naive) = &mut held[charge % count];
                    let split = (charge.split(bytes), *at, bytes.min(*naive));
                    *naive -= split.2;
                    held.push(split);
                }
                Op::Absorb { into, from } if count > 1 => {
                    let mut from = held.swap_remove(from % count);
                    let into = &mut held[into % (count - 1)];
                    // Only accounts that did not count the bytes before are asked.
                    let fresh: Vec<_> = Tree::path(into.1).into_iter().filter(|at| !Tree::path(from.1).contains(at)).collect();
                    let full = tree.full(&sums, &fresh, from.2).filter(|_| from.2 > 0);
                    prop_assert_eq!(into.0.absorb(&mut from.0).is_err(), full.is_some());
                    if full.is_none() {
                        into.2 += std::mem::take(&mut from.2);
                    }
                    held.push(from);
                }
                Op::Drop { charge } if count > 0 => drop(held.swap_remove(charge % count)),
                Op::Limit { at, bytes } => {
                    tree.accounts[at].set_limit(bytes);
                    tree.limits[at] = bytes;
                }
                _ => {}
            }
            let sums = Tree::sums(held.iter().map(|(_, at, bytes)| (*at, *bytes)));
            for (at, account) in tree.accounts.iter().enumerate() {
                peaks[at] = peaks[at].max(sums[at]);
                prop_assert_eq!((account.used(), account.peak()), (sums[at], peaks[at]), "account {}", at);
            }
            prop_assert!(held.iter().all(|(charge, _, naive)| charge.bytes() == *naive));
        }
        drop(held);
        prop_assert!(tree.accounts.iter().all(|account| account.used() == 0));
    }

    /// The two halves of the bound that `Meter` promises, at every step and every level: bytes in use stay within 5 %
    /// of the limit, and whoever is refused would have exceeded a limit with the exact sum.
    #[test]
    fn meters_overshoot_little_and_never_refuse_falsely(
        limits in prop::collection::vec(prop_oneof![1 => Just(None), 4 => (0usize..4_000_000).prop_map(Some)], PARENTS.len()),
        placed in prop::collection::vec(0..PARENTS.len(), 1..40),
        ops in prop::collection::vec((any::<usize>(), 0usize..200_000, 0u8..8), 1..400),
    ) {
        let tree = Tree::new(limits);
        let mut meters: Vec<Option<Meter>> = placed.iter().map(|at| Some(tree.accounts[*at].meter())).collect();
        let mut detached: Vec<(Charge, usize)> = Vec::new();
        for (which, bytes, kind) in ops {
            let which = which % meters.len();
            let at = placed[which];
            let before = Tree::sums(
                meters.iter().zip(&placed).filter_map(|(meter, at)| Some((*at, meter.as_ref()?.bytes())))
                    .chain(detached.iter().map(|(charge, at)| (*at, charge.bytes()))),
            );
            let meter = meters[which].get_or_insert_with(|| tree.accounts[at].meter());
            match kind {
                0 => { meters[which] = None; }
                1 | 2 => meter.release(bytes),
                3 => detached.push((meter.detach(bytes), at)),
                4 => if let Some((mut charge, _)) = detached.pop() {
                    // Bytes that move away from an account leave it; where they cannot, the charge is dropped.
                    let _ = meter.attach(&mut charge);
                },
                _ => {
                    let full = tree.full(&before, &Tree::path(at), bytes);
                    if meter.charge(bytes).is_err() {
                        prop_assert!(full.is_some(), "refused {} of {:?} within {:?}", bytes, before, tree.limits);
                    }
                }
            }
            let sums = Tree::sums(
                meters.iter().zip(&placed).filter_map(|(meter, at)| Some((*at, meter.as_ref()?.bytes())))
                    .chain(detached.iter().map(|(charge, at)| (*at, charge.bytes()))),
            );
            for (at, limit) in tree.limits.iter().enumerate() {
                if let Some(limit) = limit {
                    prop_assert!(sums[at] <= limit + limit / 20, "{} of {}", sums[at], limit);
                }
                prop_assert!(tree.accounts[at].used() >= sums[at]);
            }
        }
        drop((meters, detached));
        for account in &tree.accounts {
            prop_assert_eq!((account.used(), account.usage().slack), (0, 0));
        }
    }
}
