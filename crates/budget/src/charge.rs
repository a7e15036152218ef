//! Bytes that give themselves back.

use std::mem;

use crate::account::Account;
use crate::refused::Refused;

/// Bytes held in an account and all its ancestors, until they are dropped.
///
/// Keep it beside what it pays for, in the same struct, so that both go together on every path:
///
/// ```
/// use promd_budget::{Account, AccountOptions, Charge, Ledger, Limit, Refused};
///
/// struct Column {
///     values: Vec<f64>,
///     charge: Charge,
/// }
///
/// impl Column {
///     fn new(account: &Account) -> Column {
///         Column { values: Vec::new(), charge: Charge::empty(account) }
///     }
///
///     fn reserve(&mut self, more: usize) -> Result<(), Refused> {
///         let target = self.values.len().saturating_add(more);
///         self.charge.grow_to(target.saturating_mul(size_of::<f64>()))?;
///         self.values.reserve_exact(more);
///         Ok(())
///     }
/// }
///
/// let ledger = Ledger::new(AccountOptions::new("memory").limit(Limit::Bytes(1000)));
/// let mut column = Column::new(ledger.root());
/// column.reserve(100)?;
/// assert_eq!(ledger.root().used(), 800);
/// assert!(column.reserve(usize::MAX).is_err());
/// drop(column);
/// assert_eq!(ledger.root().used(), 0);
/// # Ok::<(), Refused>(())
/// ```
#[derive(Debug)]
#[must_use = "a charge that is dropped gives its bytes back at once"]
pub struct Charge {
    account: Account,
    bytes: usize,
}

impl Charge {
    /// A charge that holds nothing yet. It cannot be refused.
    pub fn empty(account: &Account) -> Charge {
        Charge::holding(account.clone(), 0)
    }

    /// Takes over `bytes` that are already charged to `account`.
    pub(crate) fn holding(account: Account, bytes: usize) -> Charge {
        Charge { account, bytes }
    }

    /// Hands over the bytes, still charged to the account, to whoever counts them from here on.
    pub(crate) fn into_bytes(mut self) -> usize {
        mem::take(&mut self.bytes)
    }

    /// How many bytes it holds.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The account that it holds them in.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Asks for more.
    ///
    /// # Errors
    ///
    /// As [`Account::charge`]; what it held it still holds.
    pub fn grow(&mut self, more: usize) -> Result<(), Refused> {
        self.account.node().charge(more)?;
        self.bytes += more;
        Ok(())
    }

    /// Asks for as much as is missing to `bytes`. Does nothing if it holds that much already.
    ///
    /// # Errors
    ///
    /// As [`Charge::grow`].
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Refused> {
        self.grow(bytes.saturating_sub(self.bytes))
    }

    /// Takes more without asking, see [`Account::force`].
    pub fn force(&mut self, more: usize) {
        self.account.node().force(more);
        self.bytes += more;
    }

    /// Gives bytes back, at most what it holds.
    pub fn shrink(&mut self, less: usize) {
        let less = less.min(self.bytes);
        self.bytes -= less;
        self.account.node().release(less);
    }

    /// Gives back what it holds above `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        self.shrink(self.bytes.saturating_sub(bytes));
    }

    /// Grows or shrinks to `bytes`. Shrinking is never refused.
    ///
    /// # Errors
    ///
    /// As [`Charge::grow`].
    pub fn resize(&mut self, bytes: usize) -> Result<(), Refused> {
        self.shrink_to(bytes);
        self.grow_to(bytes)
    }

    /// Splits off a charge of `bytes`, or of all it holds if that is less.
    pub fn split(&mut self, bytes: usize) -> Charge {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Charge::holding(self.account.clone(), bytes)
    }

    /// Takes over all that `other` holds, which is left empty.
    ///
    /// Within one account it cannot be refused. From another account, the bytes move to this one: what the two have in
    /// common (their parent, say) does not change, and limits there are not asked.
    ///
    /// # Errors
    ///
    /// The bytes would exceed a limit that did not count them before; both are left as they were.
    pub fn absorb(&mut self, other: &mut Charge) -> Result<(), Refused> {
        if self.account != other.account {
            self.account.node().charge_from(other.account.node(), other.bytes)?;
        }
        self.bytes += mem::take(&mut other.bytes);
        Ok(())
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.node().release(self.bytes);
    }
}
