//! From label matchers to a set of series.

use promd_model::{MatchOp, Matcher};
use promd_regex::Candidates;

use super::algebra::{Union, intersect, subtract};
use super::cursor::List;
use super::memory::Postings;

/// Where posting lists come from.
pub trait PostingsSource {
    /// Why a list cannot be had.
    type Error;

    /// The list of all series.
    fn all(&self) -> Result<List<'_>, Self::Error>;

    /// The list of the series that have this label; empty if there is none.
    fn list(&self, name: &str, value: &str) -> Result<List<'_>, Self::Error>;

    /// Adds to `union` the lists of all values of `name` that begin with `prefix` and that `keep` wants.
    fn lists(
        &self,
        name: &str,
        prefix: &str,
        keep: &mut dyn FnMut(&str) -> bool,
        union: &mut Union,
    ) -> Result<(), Self::Error>;
}

/// The series that all matchers match.
///
/// A label that a series does not have counts as empty, as everywhere in Prometheus. So a matcher that does not match the
/// empty value picks lists (of the values that it matches), and one that does takes lists away (of the values that it
/// does not match), if need be from the list of all series. No label of a series is looked at, and only the values that
/// a regular expression can match, where it says which.
///
/// No matchers select all series.
pub fn select<S: PostingsSource>(source: &S, matchers: &[Matcher]) -> Result<Postings, S::Error> {
    let mut picked = Vec::new();
    // What is looked up at once goes first: if it selects nothing, no value need be walked over.
    let (at_once, walked): (Vec<&Matcher>, Vec<&Matcher>) =
        matchers.iter().filter(|matcher| !matcher.matches("")).partition(|matcher| matcher.op() == MatchOp::Equal);
    for matcher in at_once.into_iter().chain(walked) {
        let list = values(source, matcher, Values::Matched)?;
        if list.is_empty() {
            return Ok(Postings::new());
        }
        picked.push(list);
    }
    let mut selected = if picked.is_empty() { source.all()? } else { List::Owned(intersect(picked)) };
    for matcher in matchers.iter().filter(|matcher| matcher.matches("")) {
        if selected.is_empty() {
            break;
        }
        // Prometheus asks for all series by the matcher without a name and a value.
        if matcher.name().is_empty() && matcher.value().is_empty() && matcher.op() == MatchOp::Equal {
            continue;
        }
        let minus = values(source, matcher, Values::Unmatched)?;
        if !minus.is_empty() {
            selected = List::Owned(subtract(selected, &minus));
        }
    }
    Ok(selected.into_postings())
}

/// Which values of a label are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    Matched,
    Unmatched,
}

/// The series that have a value that the matcher matches, or does not match.
fn values<'s, S: PostingsSource>(source: &'s S, matcher: &Matcher, asked: Values) -> Result<List<'s>, S::Error> {
    let name = matcher.name();
    // Whether values are asked for that are like the text or expression.
    let like = (asked == Values::Matched) != matcher.op().is_negative();
    let walk = |prefix: &str, keep: &mut dyn FnMut(&str) -> bool| {
        let mut union = Union::new();
        source.lists(name, prefix, keep, &mut union)?;
        Ok(List::Owned(union.finish()))
    };
    let Some(regex) = matcher.regex() else {
        let text = matcher.value();
        return if like { source.list(name, text) } else { walk("", &mut |value| value != text) };
    };
    match (regex.candidates(), like) {
        (Candidates::All, true) => walk("", &mut |_| true),
        (Candidates::All, false) => Ok(List::default()),
        (Candidates::NonEmpty, _) => walk("", &mut |value| value.is_empty() != like),
        (Candidates::Literals(literals), true) => {
            let mut union = Union::new();
            for value in literals.iter() {
                union.add(source.list(name, value)?);
            }
            Ok(List::Owned(union.finish()))
        }
        (Candidates::Prefix(prefix), true) => walk(prefix, &mut |_| true),
        (Candidates::Unknown { prefix }, true) => walk(prefix, &mut |value| regex.is_match(value)),
        // Of the kinds that may be added, too, this is right.
        (_, true) => walk("", &mut |value| regex.is_match(value)),
        (_, false) => walk("", &mut |value| !regex.is_match(value)),
    }
}
