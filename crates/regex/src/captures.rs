//! What a match and its groups are.

use std::borrow::Cow;
use std::ops::Range;

use regex_automata::util::primitives::NonMaxUsize;
use smallvec::{SmallVec, smallvec};

use crate::engine::Engine;
use crate::template::{self, Reference};

/// The names of the capturing groups from 1 on.
#[derive(Debug, Default)]
pub(crate) struct Groups(Box<[Option<Box<str>>]>);

impl Groups {
    pub(crate) fn new(names: Vec<Option<Box<str>>>) -> Self {
        Self(names.into_boxed_slice())
    }

    /// Groups without the whole match.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = Option<&str>> {
        self.0.iter().map(Option::as_deref)
    }

    pub(crate) fn memory_usage(&self) -> usize {
        size_of_val(&*self.0) + self.names().flatten().map(str::len).sum::<usize>()
    }
}

type Slots = SmallVec<[Option<NonMaxUsize>; 8]>;

/// The groups of one match; group 0 is all of it.
#[derive(Debug, Clone)]
pub struct Captures<'r, 'h> {
    groups: &'r Groups,
    haystack: &'h str,
    slots: Slots,
}

impl<'r, 'h> Captures<'r, 'h> {
    /// Room for the groups that `groups` names.
    pub(crate) fn new(groups: &'r Groups, haystack: &'h str) -> Self {
        Self { groups, haystack, slots: smallvec![None; 2 * (groups.len() + 1)] }
    }

    /// All groups matched all of `haystack`.
    pub(crate) fn whole(groups: &'r Groups, haystack: &'h str) -> Self {
        let (start, end) = (NonMaxUsize::new(0), NonMaxUsize::new(haystack.len()));
        let slots = [start, end].into_iter().cycle().take(2 * (groups.len() + 1)).collect();
        Self { groups, haystack, slots }
    }

    /// Group 0 alone, which is all of `haystack`.
    pub(crate) fn untracked(groups: &'r Groups, haystack: &'h str) -> Self {
        Self { groups, haystack, slots: smallvec![NonMaxUsize::new(0), NonMaxUsize::new(haystack.len())] }
    }

    /// The first match from the byte `at` on.
    pub(crate) fn search(&mut self, engine: &Engine, at: usize) -> bool {
        engine.slots_at(self.haystack, at, &mut self.slots)
    }

    /// How many groups the expression has, the whole match included.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always the whole match")]
    pub fn len(&self) -> usize {
        self.slots.len() / 2
    }

    /// Where the group `index` matched, in bytes; `None` if it took no part in the match or does not exist.
    #[must_use]
    pub fn span(&self, index: usize) -> Option<Range<usize>> {
        let slot = |at: usize| self.slots.get(at).copied().flatten().map(NonMaxUsize::get);
        let start = index.checked_mul(2)?;
        Some(slot(start)?..slot(start + 1)?)
    }

    /// What the group `index` matched.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'h str> {
        self.haystack.get(self.span(index)?)
    }

    /// What the group called `name` matched: the first that took part in the match, if several have the name.
    #[must_use]
    pub fn name(&self, name: &str) -> Option<&'h str> {
        let called = self.groups.names().enumerate().filter(|(_, called)| *called == Some(name));
        called.map(|(index, _)| index + 1).find_map(|index| self.get(index))
    }

    /// Appends `template` to `out`, with each `$1`, `$name` or `${name}` replaced by what that group matched, as Go's
    /// `Regexp.Expand` does it: names are as long as possible (`$1x` is `${1x}`), `$$` is a dollar, an unknown group
    /// is nothing, a malformed reference is text.
    ///
    /// ```
    /// let regex = promd_regex::Regex::new(r"(?P<host>[^:]+):(\d+)").unwrap();
    /// let captures = regex.captures("localhost:9090").unwrap();
    /// let mut out = String::new();
    /// captures.expand("${host}/$2 costs $$1$nothing", &mut out);
    /// assert_eq!(out, "localhost/9090 costs $1");
    /// ```
    pub fn expand(&self, template: &str, out: &mut String) {
        template::expand(template, out, |reference, out| {
            let group = match reference {
                Reference::Index(index) => self.get(index),
                Reference::Name(name) => self.name(name),
            };
            out.push_str(group.unwrap_or_default());
        });
    }
}

/// Replaces every match as Go's `ReplaceAllString`: an empty match right after a match is none.
pub(crate) fn replace_all<'h>(engine: &Engine, groups: &Groups, haystack: &'h str, template: &str) -> Cow<'h, str> {
    let mut captures = Captures::new(groups, haystack);
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    let mut found = false;
    while at <= haystack.len() && captures.search(engine, at) {
        let Some(Range { start, end }) = captures.span(0) else { break };
        found = true;
        out.push_str(haystack.get(copied..start).unwrap_or_default());
        if end > copied || start == 0 {
            captures.expand(template, &mut out);
        }
        copied = end;
        at = if end > at { end } else { at + haystack.get(at..).map_or(1, next_char_len) };
    }
    if !found {
        return Cow::Borrowed(haystack);
    }
    out.push_str(haystack.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// Bytes of the first character; 1 at the end, so that a search goes past it.
fn next_char_len(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}
