//! How much memory there is, and who may use how much of it.

use promd_budget::{Account, AccountOptions, Ledger, Limit};

/// The share of the machine's memory that is used unless another is asked for, in percent.
const SHARE: u64 = 60;

/// The share of the budget that the head may take, in percent: the rest is for those who ask and for bodies of scrapes.
const HEAD: usize = 75;

/// What the head of the database is charged to.
pub(crate) fn head(ledger: &Ledger) -> Account {
    let limit = ledger.root().limit().map_or(Limit::None, |bytes| Limit::Bytes(bytes / 100 * HEAD));
    ledger.root().child(AccountOptions::new("head").flag("--promd.memory.budget").limit(limit))
}

/// A ledger with this limit, or with a share of what the machine or the container has.
pub(crate) fn ledger(budget: Option<u64>) -> Ledger {
    let bytes = budget.or_else(|| available().map(|bytes| bytes / 100 * SHARE));
    let options = AccountOptions::new("promd").flag("--promd.memory.budget");
    match bytes.and_then(|bytes| usize::try_from(bytes).ok()) {
        Some(bytes) => Ledger::new(options.limit(Limit::Bytes(bytes))),
        None => Ledger::new(options),
    }
}

/// The memory of the container or of the machine, whichever is less.
fn available() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let cgroup = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limit = cgroup.into_iter().filter_map(read).find_map(|text| text.trim().parse().ok());
    let machine = read("/proc/meminfo").and_then(|text| total(&text));
    [limit, machine].into_iter().flatten().min()
}

fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_what_is_asked_for_or_a_share() {
        assert_eq!(ledger(Some(1000)).root().limit(), Some(1000));
        assert_eq!(head(&ledger(Some(1000))).limit(), Some(750));
        assert_eq!(total("MemTotal:       16384 kB\nMemFree: 1 kB\n"), Some(16 << 20));
        assert_eq!(total(""), None);
        assert!(ledger(None).root().limit().is_some_and(|limit| limit > 0));
    }
}
