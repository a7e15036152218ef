//! A thread's own purse.

use std::mem;

use crate::account::Account;
use crate::charge::Charge;
use crate::refused::Refused;

/// A purse that one thread holds, for many small charges to one account.
///
/// It takes bytes from the account in advance, its *slack*, and serves charges from it: an addition and a comparison, no
/// atomic operation. Several threads that work for one account each hold a meter of their own. Dropping it gives all back.
///
/// # The bound
///
/// What meters hold without using it, their slack, counts as used in the account. Two things must not follow from that:
/// that a request is refused although the bytes really in use leave room for it, and that the limit loses its meaning.
/// When a meter is made it is lent an amount of slack, entered in the account and all its ancestors, and it never holds
/// more ahead than that. A level lends at most a twentieth of its limit to all meters below it together, a meter made after
/// that works without slack. The sum of `used` may go above the limit by the slack lent, so
///
/// - the bytes in use never exceed `limit + lent ≤ limit + limit/20`: the overshoot is at most 5 %;
/// - a request is refused only if `used + bytes > limit + lent`; since `used` is what is in use plus at most
///   `lent`, then `in use + bytes > limit`: the exact sum would exceed the limit.
///
/// If a limit is lowered after slack was lent, the first holds at once and the second once those meters are gone.
///
/// ```
/// use promd_budget::{AccountOptions, Ledger, Limit, Refused};
///
/// let ledger = Ledger::new(AccountOptions::new("memory").limit(Limit::Bytes(1 << 20)));
/// let mut meter = ledger.root().meter();
/// meter.charge(1000)?;
/// meter.release(400);
/// assert_eq!(meter.bytes(), 600);
///
/// // What outlives the meter becomes a charge.
/// let result = meter.detach(500);
/// drop(meter);
/// assert_eq!((result.bytes(), ledger.root().used()), (500, 500));
/// # Ok::<(), Refused>(())
/// ```
#[derive(Debug)]
pub struct Meter {
    account: Account,
    /// Charged to the account and in use.
    used: usize,
    /// Charged to the account and not in use. Never above `slack`.
    ahead: usize,
    /// What the account has lent.
    slack: usize,
}

impl Meter {
    pub(crate) fn new(account: Account) -> Meter {
        let slack = account.node().lend_slack();
        Meter { account, used: 0, ahead: 0, slack }
    }

    /// The account that it charges.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// How many bytes were charged here and not released.
    pub fn bytes(&self) -> usize {
        self.used
    }

    /// Asks for `bytes`.
    ///
    /// # Errors
    ///
    /// As [`Account::charge`].
    #[inline]
    pub fn charge(&mut self, bytes: usize) -> Result<(), Refused> {
        if bytes > self.ahead {
            self.refill(bytes)?;
        }
        self.ahead -= bytes;
        self.used += bytes;
        Ok(())
    }

    /// Gives bytes back, at most what was charged here.
    #[inline]
    pub fn release(&mut self, bytes: usize) {
        let bytes = bytes.min(self.used);
        self.used -= bytes;
        self.ahead += bytes;
        if self.ahead > self.slack {
            self.give_back();
        }
    }

    /// Turns `bytes` of what was charged here (or all of it, if that is less) into a charge of its own.
    pub fn detach(&mut self, bytes: usize) -> Charge {
        let bytes = bytes.min(self.used);
        self.used -= bytes;
        Charge::holding(self.account.clone(), bytes)
    }

    /// Takes over all that `charge` holds, which is left empty: the opposite of [`Meter::detach`].
    ///
    /// # Errors
    ///
    /// As [`Charge::absorb`], which it resembles also in moving bytes from another account.
    pub fn attach(&mut self, charge: &mut Charge) -> Result<(), Refused> {
        let mut own = Charge::empty(&self.account);
        own.absorb(charge)?;
        self.used += own.into_bytes();
        Ok(())
    }

    /// Sees to it that `ahead` covers `bytes`; afterwards half the slack is ahead, so that neither a charge nor a release meets the
    /// account next time.
    #[cold]
    fn refill(&mut self, bytes: usize) -> Result<(), Refused> {
        let missing = bytes - self.ahead;
        let node = self.account.node();
        let wanted = missing.saturating_add(self.slack / 2);
        if wanted > missing && node.charge_quietly(wanted) {
            self.ahead += wanted;
        } else {
            node.charge(missing)?;
            self.ahead += missing;
        }
        Ok(())
    }

    #[cold]
    fn give_back(&mut self) {
        let keep = self.slack / 2;
        self.account.node().release(self.ahead - keep);
        self.ahead = keep;
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let node = self.account.node();
        node.release(mem::take(&mut self.used) + mem::take(&mut self.ahead));
        node.return_slack(self.slack);
    }
}
