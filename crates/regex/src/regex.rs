//! The general expression: unanchored, with groups.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use crate::captures::{Captures, Groups, replace_all};
use crate::engine::{self, Engine};
use crate::error::Error;
use crate::parse::{self, Flags};
use crate::unicode::Spelling;

/// A regular expression in Go's syntax that is searched for anywhere in a text, as templates and test scripts do.
///
/// Cloning is cheap and clones share the automaton; a search from several threads at once is fine.
///
/// ```
/// # fn main() -> Result<(), promd_regex::Error> {
/// use promd_regex::Regex;
///
/// let regex = Regex::new(r"(?i)(?P<code>[45]\d\d)\b")?;
/// assert!(regex.is_match("status=503 up"));
/// assert_eq!(regex.captures("status=503 up").and_then(|found| found.name("code")), Some("503"));
/// assert_eq!(regex.replace_all("404, 500", "<$code>"), "<404>, <500>");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Regex(Arc<Inner>);

struct Inner {
    pattern: Box<str>,
    groups: Groups,
    engine: Engine,
}

impl Regex {
    /// Compiles `pattern`, which may hold bytes that are not UTF-8, to be told so.
    ///
    /// # Errors
    ///
    /// If the pattern is not one of Go's, or too large.
    pub fn new(pattern: &(impl AsRef<[u8]> + ?Sized)) -> Result<Self, Error> {
        let pattern = pattern.as_ref();
        let parsed = parse::parse(pattern, Flags::default(), Spelling::Loose)?;
        let (node, groups) = (parsed.node, Groups::new(parsed.groups));
        let engine = engine::compile_tracker(&node, groups.len(), pattern)?;
        // What parses is UTF-8.
        let pattern = String::from_utf8_lossy(pattern).into();
        Ok(Self(Arc::new(Inner { pattern, groups, engine })))
    }

    /// The pattern as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.pattern
    }

    /// Whether the expression matches somewhere in `haystack`.
    #[must_use]
    pub fn is_match(&self, haystack: &str) -> bool {
        self.0.engine.is_match(haystack)
    }

    /// The leftmost match, in bytes.
    #[must_use]
    pub fn find(&self, haystack: &str) -> Option<Range<usize>> {
        self.0.engine.find_at(haystack, 0)
    }

    /// The leftmost match with its groups.
    #[must_use]
    pub fn captures<'h>(&self, haystack: &'h str) -> Option<Captures<'_, 'h>> {
        let mut captures = Captures::new(&self.0.groups, haystack);
        captures.search(&self.0.engine, 0).then_some(captures)
    }

    /// Replaces each match by `template`, in which groups are referred to as in [`Captures::expand`].
    #[must_use]
    pub fn replace_all<'h>(&self, haystack: &'h str, template: &str) -> Cow<'h, str> {
        replace_all(&self.0.engine, &self.0.groups, haystack, template)
    }

    /// The names of the groups from 1 on; `None` for one without.
    pub fn group_names(&self) -> impl Iterator<Item = Option<&str>> {
        self.0.groups.names()
    }

    /// Bytes on the heap, without the caches that searches make (up to a few MiB for each thread that searches at the
    /// same time).
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        size_of::<Inner>() + self.0.pattern.len() + self.0.groups.memory_usage() + self.0.engine.memory_usage()
    }
}

impl FromStr for Regex {
    type Err = Error;

    fn from_str(pattern: &str) -> Result<Self, Error> {
        Self::new(pattern)
    }
}

impl fmt::Display for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Regex").field(&self.as_str()).finish()
    }
}

/// Expressions are equal if their patterns are.
impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Regex {}

impl Hash for Regex {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}
