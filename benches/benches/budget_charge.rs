//! What it costs to account: a charge and its release, at the depth that a query has (total, queries, query), against
//! one bare atomic counter.

use std::hint::black_box;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use criterion::{Criterion, criterion_group, criterion_main};
use promd_budget::{Account, AccountOptions, Ledger, Limit};

const BYTES: usize = 512;
/// Charges before everything is given back: what a query does while it collects its result.
const ROUND: usize = 1000;

fn query() -> Account {
    let ledger = Ledger::new(AccountOptions::new("total").limit(Limit::Bytes(1 << 30)));
    let queries = ledger.account(AccountOptions::new("queries"));
    queries.child(AccountOptions::new("query").key("up").limit(Limit::Bytes(1 << 28)))
}

/// One counter, one comparison, no tree, no name, no error.
fn reference(used: &AtomicUsize) {
    for _ in 0..ROUND {
        if used.fetch_add(black_box(BYTES), Relaxed) > 1 << 30 {
            used.fetch_sub(BYTES, Relaxed);
        }
    }
    used.fetch_sub(ROUND * BYTES, Relaxed);
}

fn meter(account: &Account) {
    let mut meter = account.meter();
    for _ in 0..ROUND {
        let _ = black_box(meter.charge(black_box(BYTES)));
    }
}

fn charge(account: &Account) {
    let mut charge = promd_budget::Charge::empty(account);
    for _ in 0..ROUND {
        let _ = black_box(charge.grow(black_box(BYTES)));
    }
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("budget/1000_charges_of_512_bytes");
    let counter = AtomicUsize::new(0);
    group.bench_function("reference", |b| b.iter(|| reference(&counter)));
    let account = query();
    group.bench_function("meter", |b| b.iter(|| meter(&account)));
    group.bench_function("charge", |b| b.iter(|| charge(&account)));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
