//! The lengths of time that blocks grow through.

/// A block is never made longer than this, whatever the retention (Prometheus' limit: 31 days).
const LONGEST: i64 = 31 * 24 * 60 * 60 * 1000;

/// How many lengths there are at most, and by what each exceeds the one before (`tsdb/db.go`).
const STEPS: usize = 10;
const FACTOR: i64 = 3;

/// The lengths of time, in milliseconds, that blocks are merged into: two hours, six, eighteen, and so on.
///
/// ```
/// use promd_compactor::Ranges;
///
/// const HOUR: i64 = 60 * 60 * 1000;
/// const DAY: i64 = 24 * HOUR;
/// // With the usual fifteen days of retention a block may grow to a day and a half.
/// let longest = Ranges::longest_block(Some(15 * DAY));
/// assert_eq!(longest, 36 * HOUR);
/// assert_eq!(Ranges::exponential(2 * HOUR, longest).lengths(), [2 * HOUR, 6 * HOUR, 18 * HOUR]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranges(Vec<i64>);

impl Ranges {
    /// `shortest`, and each time three times as long, ten lengths at most and none beyond `longest`. The shortest is always
    /// among them.
    #[must_use]
    pub fn exponential(shortest: i64, longest: i64) -> Self {
        let shortest = shortest.max(1);
        let lengths = std::iter::successors(Some(shortest), |length| length.checked_mul(FACTOR));
        Self(lengths.take(STEPS).take_while(|length| *length == shortest || *length <= longest).collect())
    }

    /// How long a block may become if the operator does not say so: 31 days, or a tenth of the retention by time if that is
    /// shorter, so that what is deleted as a whole is not much more than what has aged out.
    #[must_use]
    pub fn longest_block(retention: Option<i64>) -> i64 {
        retention.filter(|retention| *retention > 0).map_or(LONGEST, |retention| LONGEST.min(retention / 10))
    }

    /// The lengths, which ascend. There is at least one.
    #[must_use]
    pub fn lengths(&self) -> &[i64] {
        &self.0
    }

    /// The length from which on a block is worth being written again for the sake of its deleted series alone.
    pub(crate) fn worth_rewriting(&self) -> i64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(i64::MAX)
    }
}
