//! What the head is charged to, and whether there is room for another series.
//!
//! A series that is made is charged at once, by what one takes on average; all of the head is measured now and then
//! ([`Head::settle`]), and charged as it is. Only new series are refused: samples of those that there are go on.

use promd_budget::{Account, Charge, Refused};

use super::Head;
use super::sync::Mutex;

/// What a series is charged until the head is measured: what one of ten labels takes with a chunk that is half full.
const SERIES: usize = 500;

/// What a head holds of the memory of all; nothing is charged without an account.
#[derive(Debug, Default)]
pub(super) struct Allowance(Mutex<Option<Charge>>);

impl Allowance {
    /// Charges a series that is to be made.
    pub(super) fn admit(&self) -> Result<(), Refused> {
        self.0.lock().as_mut().map_or(Ok(()), |charge| charge.grow(SERIES))
    }
}

impl Head {
    /// Charges what the head takes to an account. New series are refused from then on when that is full.
    pub(crate) fn charge_to(&self, account: &Account) {
        *self.allowance.0.lock() = Some(Charge::empty(account));
        self.settle();
    }

    /// Charges what the head takes at this moment, more than there is if need be: it is in use.
    pub(crate) fn settle(&self) {
        if self.allowance.0.lock().is_none() {
            return;
        }
        let bytes = self.memory().total();
        if let Some(charge) = &mut *self.allowance.0.lock() {
            match bytes.checked_sub(charge.bytes()) {
                Some(more) => charge.force(more),
                None => charge.shrink_to(bytes),
            }
        }
    }
}
