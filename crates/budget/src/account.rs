//! Accounts: the handles of the tree.

use std::fmt;
use std::sync::Arc;

use crate::charge::Charge;
use crate::limit::Limit;
use crate::meter::Meter;
use crate::node::Node;
use crate::refused::{Identity, Refused};
use crate::usage::Usage;

/// What an [`Account`] is made from.
#[derive(Debug, Clone, Default)]
pub struct AccountOptions {
    name: Box<str>,
    key: Box<str>,
    flag: Box<str>,
    limit: Limit,
}

impl AccountOptions {
    /// An account of this name without a limit. The name says what kind of consumer it is: `queries`, `query`, `wal`.
    pub fn new(name: impl Into<Box<str>>) -> AccountOptions {
        AccountOptions { name: name.into(), ..AccountOptions::default() }
    }

    /// Whom the bytes are attributed to: the text of the query, the name of the scrape job.
    pub fn key(self, key: impl Into<Box<str>>) -> AccountOptions {
        AccountOptions { key: key.into(), ..self }
    }

    /// The flag that sets the limit, as a user writes it: `--promd.memory.budget`.
    pub fn flag(self, flag: impl Into<Box<str>>) -> AccountOptions {
        AccountOptions { flag: flag.into(), ..self }
    }

    /// The limit.
    pub fn limit(self, limit: Limit) -> AccountOptions {
        AccountOptions { limit, ..self }
    }

    fn into_node(self, parent: Option<Arc<Node>>) -> Arc<Node> {
        Node::new(Identity { name: self.name, key: self.key, flag: self.flag }, self.limit, parent)
    }
}

/// A consumer of memory: a node in the tree of accounts. Clones are handles of the same node, and equal.
///
/// What is charged here is charged to all ancestors too, and any of their limits may refuse it. An account leaves the tree when
/// its last handle, charge, meter and child is gone.
#[derive(Clone)]
pub struct Account {
    node: Arc<Node>,
}

impl Account {
    pub(crate) fn root(options: AccountOptions) -> Account {
        Account { node: options.into_node(None) }
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// Makes an account below this one.
    pub fn child(&self, options: AccountOptions) -> Account {
        Account { node: options.into_node(Some(Arc::clone(&self.node))) }
    }

    /// Asks for `bytes`. The charge gives them back when it is dropped.
    ///
    /// # Errors
    ///
    /// The bytes would exceed a limit of this account or of an ancestor (the nearest such is named), or one of them was
    /// revoked. Asking for nothing is never refused.
    pub fn charge(&self, bytes: usize) -> Result<Charge, Refused> {
        self.node.charge(bytes)?;
        Ok(Charge::holding(self.clone(), bytes))
    }

    /// Charges `bytes` without asking: for memory that is already allocated, or that must be (a sample that was
    /// acknowledged, the error text of a refusal). It may push an account over its limit, and then the others are
    /// refused until it fits again.
    pub fn force(&self, bytes: usize) -> Charge {
        self.node.force(bytes);
        Charge::holding(self.clone(), bytes)
    }

    /// A meter on this account, for a thread that charges often.
    pub fn meter(&self) -> Meter {
        Meter::new(self.clone())
    }

    /// What kind of consumer this is.
    pub fn name(&self) -> &str {
        &self.node.identity.name
    }

    /// Whom the bytes are attributed to; empty if no key was given.
    pub fn key(&self) -> &str {
        &self.node.identity.key
    }

    /// The flag that sets the limit; empty if none was given.
    pub fn flag(&self) -> &str {
        &self.node.identity.flag
    }

    /// Bytes held by this account and all below it, what meters have taken in advance included.
    pub fn used(&self) -> usize {
        self.node.used()
    }

    /// The most bytes that were ever held.
    pub fn peak(&self) -> usize {
        self.node.peak()
    }

    /// The limit of this account at this moment. Those of its ancestors may be tighter, see [`Account::available`].
    pub fn limit(&self) -> Option<usize> {
        Some(self.node.limit()).filter(|limit| *limit != usize::MAX)
    }

    /// How many bytes would be granted at this moment: the least of what the limits on the way to the root leave.
    pub fn available(&self) -> usize {
        self.node.available()
    }

    /// Sets the limit in bytes, or takes it away. What is charged stays charged. A limit that is a share of the rest stays in
    /// force beside it.
    pub fn set_limit(&self, bytes: Option<usize>) {
        self.node.set_limit(bytes.unwrap_or(usize::MAX));
    }

    /// Stops this consumer: whatever it or an account below it asks for from here on is refused. What it holds it keeps, until it
    /// drops it. A meter notices when it has used up what it took in advance.
    pub fn revoke(&self) {
        self.node.revoke();
    }

    /// Whether this account or an ancestor was revoked. A long computation may ask between two steps.
    pub fn is_revoked(&self) -> bool {
        self.node.is_revoked()
    }

    /// The account above.
    pub fn parent(&self) -> Option<Account> {
        self.node.parent().map(|node| Account { node: Arc::clone(node) })
    }

    /// The accounts directly below, oldest first.
    pub fn children(&self) -> Vec<Account> {
        self.node.children().into_iter().map(|node| Account { node }).collect()
    }

    /// At most `count` of the accounts directly below, those that hold the most first; of equals the newer first.
    pub fn largest_children(&self, count: usize) -> Vec<Account> {
        // Read once: a sort must not see numbers change.
        let mut children: Vec<_> = self.children().into_iter().rev().map(|child| (child.used(), child)).collect();
        children.sort_by_key(|(used, _)| std::cmp::Reverse(*used));
        children.into_iter().take(count).map(|(_, child)| child).collect()
    }

    /// The account directly below that holds the most; of equals the newest.
    pub fn largest_child(&self) -> Option<Account> {
        self.children().into_iter().max_by_key(Account::used)
    }

    /// This account and all below it at this moment.
    pub fn usage(&self) -> Usage {
        Usage {
            name: self.name().to_owned(),
            key: self.key().to_owned(),
            flag: self.flag().to_owned(),
            used: self.used(),
            slack: self.node.slack(),
            peak: self.peak(),
            limit: self.limit(),
            limit_hits: self.node.limit_hits(),
            refused: self.node.refused(),
            revoked: self.is_revoked(),
            children: self.children().iter().map(Account::usage).collect(),
        }
    }
}

impl PartialEq for Account {
    fn eq(&self, other: &Account) -> bool {
        Arc::ptr_eq(&self.node, &other.node)
    }
}

impl Eq for Account {}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name())
            .field("key", &self.key())
            .field("used", &self.used())
            .field("limit", &self.limit())
            .finish_non_exhaustive()
    }
}
