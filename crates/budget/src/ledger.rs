//! The root of the tree.

use crate::account::{Account, AccountOptions};
use crate::limit::Limit;
use crate::usage::Usage;

/// The root of a tree of accounts. Clones share it.
#[derive(Debug, Clone)]
pub struct Ledger {
    root: Account,
}

impl Ledger {
    /// A ledger whose root account is made from `options`.
    pub fn new(options: AccountOptions) -> Ledger {
        Ledger { root: Account::root(options) }
    }

    /// A ledger that counts and refuses nothing: for tests, and for programs that set no budget.
    pub fn unlimited() -> Ledger {
        Ledger::new(AccountOptions::new("memory").limit(Limit::None))
    }

    /// The root account: everything that is charged anywhere in this ledger.
    pub fn root(&self) -> &Account {
        &self.root
    }

    /// Makes an account directly below the root.
    pub fn account(&self, options: AccountOptions) -> Account {
        self.root.child(options)
    }

    /// The whole tree at this moment.
    pub fn usage(&self) -> Usage {
        self.root.usage()
    }
}
