//! Accounting must not allocate: it would fail just when memory is short.

use promd_budget::{AccountOptions, Charge, Ledger, Limit};
use promd_testkit::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn charging_and_refusing_allocate_nothing() {
    let ledger = Ledger::new(AccountOptions::new("total").limit(Limit::Bytes(1 << 20)));
    let queries = ledger.account(AccountOptions::new("queries"));
    let query = queries.child(AccountOptions::new("query").key("up").limit(Limit::ShareOfRest {
        percent: 50,
        whole: ledger.root().clone(),
        taken: queries.clone(),
    }));
    let ((), allocated) = CountingAllocator::during(|| {
        let mut charge = query.charge(1000).unwrap();
        charge.grow(1000).unwrap();
        let mut other = charge.split(500);
        charge.absorb(&mut other).unwrap();
        let mut moved = Charge::empty(&queries);
        moved.absorb(&mut charge).unwrap();
        let refused = query.charge(1 << 30).unwrap_err();
        assert!(refused.clone().asked() > 0);
        let mut meter = query.meter();
        for _ in 0..10_000 {
            meter.charge(20).unwrap();
        }
        assert!(meter.charge(1 << 30).is_err());
        meter.release(150_000);
        let _rest = meter.detach(1000);
        assert!(query.available() > 0 && !query.is_revoked());
    });
    assert_eq!(allocated.calls, 0);
    assert_eq!(ledger.root().used(), 0);
}
