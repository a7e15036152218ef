//! How much an account may hold.

use crate::account::Account;

/// How much an account may hold, itself and its children together.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Limit {
    /// No limit of its own; those of its ancestors hold.
    #[default]
    None,
    /// At most this many bytes. [`Account::set_limit`] changes it later.
    Bytes(usize),
    /// A share of what one account leaves of another: `percent` of `whole.limit() - taken.used()`.
    ///
    /// It is computed anew at each request, so it shrinks while `taken` grows. What was charged under a wider limit stays
    /// charged. Where `whole` has no limit there is no limit here either.
    ShareOfRest {
        /// How many hundredths of the rest. 50 is half.
        percent: u8,
        /// The account whose limit is shared out; mostly an ancestor.
        whole: Account,
        /// The account that takes its bytes first.
        taken: Account,
    },
}

impl Limit {
    /// The limit at this moment. `usize::MAX` stands for none: no process can hold so much.
    pub(crate) fn now(&self) -> usize {
        match self {
            Limit::None => usize::MAX,
            Limit::Bytes(bytes) => *bytes,
            Limit::ShareOfRest { percent, whole, taken } => match whole.limit() {
                None => usize::MAX,
                Some(whole) => percent_of(whole.saturating_sub(taken.used()), *percent),
            },
        }
    }
}

/// `percent` hundredths of `bytes`, rounded down, without an intermediate overflow.
fn percent_of(bytes: usize, percent: u8) -> usize {
    let percent = usize::from(percent);
    (bytes / 100).saturating_mul(percent).saturating_add(bytes % 100 * percent / 100)
}

#[cfg(test)]
mod tests {
    use super::percent_of;

    #[test]
    fn percent_of_is_exact_arithmetic() {
        // Expected values from 128-bit arithmetic.
        for bytes in [0, 1, 2, 99, 100, 101, 12_345, usize::MAX / 2, usize::MAX] {
            for percent in [0, 1, 33, 50, 99, 100, 150] {
                let exact = bytes as u128 * u128::from(percent) / 100;
                assert_eq!(percent_of(bytes, percent) as u128, exact.min(usize::MAX as u128), "{bytes} {percent}");
            }
        }
    }
}
