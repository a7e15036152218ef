//! Accounts, limits, refusals and what a status page sees. Expected numbers are sums done by hand.

use promd_budget::{Account, AccountOptions, Charge, Ledger, Limit, Refused};

fn limited(bytes: usize) -> Ledger {
    Ledger::new(AccountOptions::new("total").limit(Limit::Bytes(bytes)).flag("--memory.budget"))
}

fn used(accounts: &[&Account]) -> Vec<usize> {
    accounts.iter().map(|account| account.used()).collect()
}

#[test]
fn a_charge_counts_in_every_ancestor_or_in_none() {
    let ledger = limited(100);
    let queries = ledger.account(AccountOptions::new("queries").limit(Limit::Bytes(50)));
    let query = queries.child(AccountOptions::new("query"));
    let wal = ledger.account(AccountOptions::new("wal"));
    let all = [ledger.root(), &queries, &query, &wal];

    let a = query.charge(30).unwrap();
    let b = wal.charge(60).unwrap();
    assert_eq!(used(&all), [90, 30, 30, 60]);

    // 11 fit into `queries` and not into the root; 21 into neither: the nearest is named.
    assert_eq!(query.charge(11).unwrap_err().limit_name(), "total");
    assert_eq!(query.charge(21).unwrap_err().limit_name(), "queries");
    assert_eq!(used(&all), [90, 30, 30, 60]);
    assert_eq!((query.available(), wal.available()), (10, 10));
    drop(b);
    assert_eq!((query.available(), wal.available()), (20, 70));
    drop(a);
    assert_eq!(used(&all), [0, 0, 0, 0]);
}

#[test]
fn a_charge_grows_shrinks_and_splits() {
    let ledger = limited(100);
    let mut a = ledger.root().charge(10).unwrap();
    a.grow(20).unwrap();
    a.grow_to(25).unwrap();
    assert_eq!(a.bytes(), 30);
    assert_eq!(a.grow(71).unwrap_err().asked(), 71);
    assert_eq!(a.bytes(), 30);
    let mut b = a.split(12);
    assert_eq!((a.bytes(), b.bytes(), ledger.root().used()), (18, 12, 30));
    assert_eq!(b.split(usize::MAX).bytes(), 12);
    assert_eq!(ledger.root().used(), 18);
    a.resize(5).unwrap();
    a.resize(9).unwrap();
    a.shrink_to(20);
    assert_eq!((a.bytes(), ledger.root().used()), (9, 9));
    a.shrink(usize::MAX);
    assert_eq!((a.bytes(), ledger.root().used(), ledger.root().peak()), (0, 0, 30));
}

#[test]
fn absurd_requests_are_refused_also_without_a_limit() {
    let ledger = Ledger::unlimited();
    let _one = ledger.root().charge(1).unwrap();
    let refused = ledger.root().charge(usize::MAX).unwrap_err();
    assert_eq!((refused.asked(), refused.used(), refused.limit()), (usize::MAX, 1, None));
    assert_eq!(ledger.root().used(), 1);
}

#[test]
fn bytes_move_within_a_full_parent() {
    let ledger = limited(100);
    let decoder = ledger.account(AccountOptions::new("decoder"));
    let cache = ledger.account(AccountOptions::new("cache").limit(Limit::Bytes(70)));
    let entry = cache.child(AccountOptions::new("entry"));
    let mut buffer = decoder.charge(60).unwrap();
    let _rest = ledger.root().charge(40).unwrap();

    let mut kept = Charge::empty(&entry);
    kept.absorb(&mut buffer).unwrap();
    assert_eq!((kept.bytes(), buffer.bytes()), (60, 0));
    assert_eq!(used(&[ledger.root(), &decoder, &cache, &entry]), [100, 0, 60, 60]);

    // From a child to its parent and back, which is the same in either direction.
    let mut up = Charge::empty(&cache);
    up.absorb(&mut kept).unwrap();
    assert_eq!(used(&[ledger.root(), &cache, &entry]), [100, 60, 0]);
    kept.absorb(&mut up).unwrap();
    assert_eq!(used(&[ledger.root(), &cache, &entry]), [100, 60, 60]);

    // A limit that did not count the bytes before is asked, and a refusal changes nothing.
    let small = ledger.account(AccountOptions::new("small").limit(Limit::Bytes(59)));
    let mut target = Charge::empty(&small);
    assert_eq!(target.absorb(&mut kept).unwrap_err().limit_name(), "small");
    assert_eq!((target.bytes(), kept.bytes()), (0, 60));
    assert_eq!(used(&[ledger.root(), &small, &entry]), [100, 0, 60]);
}

#[test]
fn what_is_forced_pushes_the_others_out() {
    let ledger = limited(100);
    let head = ledger.account(AccountOptions::new("head"));
    let query = ledger.account(AccountOptions::new("query"));
    let held = query.charge(50).unwrap();
    let mut samples = head.force(60);
    assert_eq!((ledger.root().used(), ledger.root().peak()), (110, 110));
    assert!(query.charge(1).is_err());
    assert_eq!(held.bytes(), 50, "what works goes on");
    samples.force(5);
    samples.shrink(20);
    assert!(query.charge(5).is_ok());
}

#[test]
fn a_share_follows_what_is_left() {
    let ledger = limited(1000);
    let head = ledger.account(AccountOptions::new("head"));
    let rest = |percent| Limit::ShareOfRest { percent, whole: ledger.root().clone(), taken: head.clone() };
    let query = ledger.account(AccountOptions::new("query").limit(rest(50)));
    assert_eq!(query.limit(), Some(500));
    let mut in_head = head.charge(300).unwrap();
    assert_eq!(query.limit(), Some(350));
    let mut charge = query.charge(350).unwrap();
    assert!(charge.grow(1).is_err());

    // The head takes more: the query keeps what it has and gets nothing more until it is below its share.
    in_head.grow(200).unwrap();
    assert_eq!((query.limit(), query.used()), (Some(250), 350));
    charge.shrink(101);
    assert!(charge.grow(1).is_ok());
    assert!(charge.grow(1).is_err());

    // A fixed limit beside it; the tighter one holds.
    query.set_limit(Some(10));
    assert_eq!(query.limit(), Some(10));
    query.set_limit(None);
    assert_eq!(query.limit(), Some(250));
    in_head.force(5000);
    assert_eq!(query.limit(), Some(0));
    assert_eq!(Ledger::unlimited().root().child(AccountOptions::new("x").limit(rest(50))).limit(), Some(0));
    ledger.root().set_limit(None);
    assert_eq!(query.limit(), None);
}

#[test]
fn a_refusal_is_for_the_reader() {
    let ledger = limited(4 << 30);
    let queries = ledger.account(AccountOptions::new("queries").limit(Limit::Bytes(1 << 30)));
    let query = queries.child(AccountOptions::new("query").key("up{job=\"a\"}").limit(Limit::Bytes(512 << 20)));
    let check = |refused: Refused, expect: &str| assert_eq!(refused.to_string(), expect);

    let _own = query.charge(500 << 20).unwrap();
    check(
        query.charge(13 << 20).unwrap_err(),
        r#"memory limit reached: query "up{job=\"a\"}" asked for 13.0 MiB, but it uses 500.0 MiB of its 512.0 MiB"#,
    );
    let _other = queries.charge(520 << 20).unwrap();
    check(
        query.charge(5 << 20).unwrap_err(),
        r#"memory limit reached: query "up{job=\"a\"}" asked for 5.0 MiB, but queries uses 1020.0 MiB of its 1.0 GiB"#,
    );
    let _wal = ledger.root().charge((4 << 30) - (1020 << 20)).unwrap();
    let refused = query.charge(100).unwrap_err();
    assert_eq!(
        (refused.consumer(), refused.key(), refused.limit_name(), refused.flag()),
        ("query", "up{job=\"a\"}", "total", "--memory.budget")
    );
    assert_eq!((refused.asked(), refused.used(), refused.limit()), (100, 4 << 30, Some(4 << 30)));
    check(
        refused,
        "memory limit reached: query \"up{job=\\\"a\\\"}\" asked for 100 B, but total uses 4.0 GiB of its 4.0 GiB \
         (see --memory.budget)",
    );
}

#[test]
fn a_revoked_consumer_gets_nothing_more() {
    let ledger = limited(1000);
    let queries = ledger.account(AccountOptions::new("queries"));
    let query = queries.child(AccountOptions::new("query").key("up"));
    let sibling = queries.child(AccountOptions::new("query").key("down"));
    let part = query.child(AccountOptions::new("part"));
    let held = part.charge(2048 / 4).unwrap();
    query.revoke();
    let refused = part.charge(1).unwrap_err();
    assert!(refused.is_revoked() && part.is_revoked() && !sibling.is_revoked());
    assert_eq!((refused.consumer(), refused.limit_name(), refused.limit()), ("part", "query", None));
    assert_eq!(refused.to_string(), "memory is short: part was stopped at 512 B to make room");
    assert_eq!(held.bytes(), 512, "what it holds it keeps");
    assert!(query.charge(0).is_ok(), "nothing is never refused");
    assert!(sibling.charge(100).is_ok());
    let hits: Vec<_> = ledger.usage().walk().map(|(_, u)| (u.limit_hits, u.refused)).collect();
    assert_eq!(hits, [(0, 1), (0, 1), (0, 1), (0, 1), (0, 0)]);
}

#[test]
fn usage_shows_the_tree() {
    let ledger = limited(100);
    let queries = ledger.account(AccountOptions::new("queries").limit(Limit::Bytes(40)).flag("--q"));
    let small = queries.child(AccountOptions::new("query").key("small"));
    let large = queries.child(AccountOptions::new("query").key("large"));
    let newer = queries.child(AccountOptions::new("query").key("newer"));
    let (_a, _b) = (small.charge(5).unwrap(), large.charge(20).unwrap());
    let c = newer.charge(5).unwrap();
    drop(large.charge(10).unwrap());
    assert!(small.charge(11).is_err());

    let usage = ledger.usage();
    let rows: Vec<_> = usage
        .walk()
        .map(|(d, u)| (d, u.name.as_str(), u.key.as_str(), u.used, u.peak, u.limit_hits, u.refused))
        .collect();
    assert_eq!(
        rows,
        [
            (0, "total", "", 30, 40, 0, 1),
            (1, "queries", "", 30, 40, 1, 1),
            (2, "query", "small", 5, 5, 0, 1),
            (2, "query", "large", 20, 30, 0, 0),
            (2, "query", "newer", 5, 5, 0, 0),
        ]
    );
    assert_eq!((usage.limit, usage.flag.as_str()), (Some(100), "--memory.budget"));
    let largest = |count| queries.largest_children(count).iter().map(|a| a.key().to_owned()).collect::<Vec<_>>();
    assert_eq!(largest(9), ["large", "newer", "small"]);
    assert_eq!(largest(1), ["large"]);
    assert_eq!(queries.largest_child(), Some(large.clone()));
    assert_eq!(newer.parent(), Some(queries.clone()));

    // An account stays while a charge of it does, and leaves with the last.
    drop(newer);
    assert_eq!(queries.children().len(), 3);
    drop(c);
    assert_eq!(queries.children().len(), 2);
}

#[test]
fn nothing_leaks_when_a_thread_panics() {
    let ledger = limited(1 << 20);
    let account = ledger.account(AccountOptions::new("worker"));
    let thread = std::thread::spawn(move || {
        let mut meter = account.meter();
        meter.charge(1000).unwrap();
        let _charge = account.charge(500).unwrap();
        std::panic::resume_unwind(Box::new("as a worker would"));
    });
    assert!(thread.join().is_err());
    let usage = ledger.usage();
    assert_eq!((usage.used, usage.slack, usage.children.len()), (0, 0, 0));
    assert!(usage.peak >= 1500);
}
