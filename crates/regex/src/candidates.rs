//! What an index needs to know of a matcher.

use crate::literals::Literals;

/// Which values a matcher can match at most, so that an index is asked for those alone.
///
/// All but [`Unknown`](Self::Unknown) are exact: each such value matches and no other, and none need be checked.
///
/// ```
/// # fn main() -> Result<(), promd_regex::Error> {
/// use promd_regex::{Anchored, Candidates};
///
/// let matcher = Anchored::new("(get|put)_[ab]")?;
/// let Candidates::Literals(values) = matcher.candidates() else { panic!() };
/// assert_eq!(values.iter().collect::<Vec<_>>(), ["get_a", "get_b", "put_a", "put_b"]);
///
/// assert_eq!(Anchored::new("api-.*")?.candidates(), Candidates::Prefix("api-"));
/// assert_eq!(Anchored::new("api-[0-9]+")?.candidates(), Candidates::Unknown { prefix: "api-" });
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Candidates<'m> {
    /// Every value, the empty one (an absent label) included.
    All,
    /// Every value but the empty one.
    NonEmpty,
    /// Exactly these; the empty value may be among them. A set is as large as the pattern spells out, or at most 256
    /// values where classes and groups are multiplied out.
    Literals(&'m Literals),
    /// Every value that begins so; the prefix is not empty.
    Prefix(&'m str),
    /// Values that begin so, each to be checked by [`Anchored::is_match`](crate::Anchored::is_match). The prefix may be
    /// empty.
    Unknown {
        /// What every match begins with.
        prefix: &'m str,
    },
}
