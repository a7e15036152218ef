//! The tree at one moment.

/// What an account and the accounts below it hold at one moment: for a status page or a set of metrics.
///
/// Counters are read one after the other while others change them, so the numbers of a busy tree may differ from each
/// other by what happened meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// The account's name, such as `query`.
    pub name: String,
    /// Whom the bytes are attributed to, such as the text of the query. Empty if it has no key.
    pub key: String,
    /// The flag that sets the limit. Empty if none does.
    pub flag: String,
    /// Bytes held by the account and all accounts below it.
    pub used: usize,
    /// The part of `used` that meters may have taken in advance, at most.
    pub slack: usize,
    /// The most that was ever held.
    pub peak: usize,
    /// The limit at this moment.
    pub limit: Option<usize>,
    /// How many requests this account's own limit has refused, whoever asked.
    pub limit_hits: u64,
    /// How many requests of this account, or of one below it, were refused by whichever limit.
    pub refused: u64,
    /// Whether the account was revoked.
    pub revoked: bool,
    /// The accounts directly below, oldest first.
    pub children: Vec<Usage>,
}

impl Usage {
    /// This account and all below it, parents first, each with its depth (0 for this one).
    ///
    /// ```
    /// use promd_budget::{AccountOptions, Ledger};
    ///
    /// let ledger = Ledger::unlimited();
    /// let queries = ledger.account(AccountOptions::new("queries"));
    /// let query = queries.child(AccountOptions::new("query").key("up"));
    /// let _held = query.charge(10)?;
    /// let usage = ledger.usage();
    /// let lines: Vec<_> = usage.walk().map(|(depth, u)| (depth, u.name.as_str(), u.used)).collect();
    /// assert_eq!(lines, [(0, "memory", 10), (1, "queries", 10), (2, "query", 10)]);
    /// # Ok::<(), promd_budget::Refused>(())
    /// ```
    pub fn walk(&self) -> impl Iterator<Item = (usize, &Usage)> {
        let mut stack = vec![(0, self)];
        std::iter::from_fn(move || {
            let (depth, usage) = stack.pop()?;
            stack.extend(usage.children.iter().rev().map(|child| (depth + 1, child)));
            Some((depth, usage))
        })
    }
}
