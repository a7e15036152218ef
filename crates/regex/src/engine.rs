//! The automata: how a tree is compiled, and within which bounds.

use std::ops::Range;
use std::thread;

use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Input, meta};
use regex_syntax::hir::{Hir, Look};

use crate::error::{Error, ErrorKind};
use crate::parse::Node;

/// What one automaton may take. Go allows an expression 128 MiB; but a Unicode class is one instruction there and
/// hundreds of byte transitions here, so that `\pL{1000}` takes 46 MiB and half a second to build. This allows `\pL` 600
/// times, or about a million literal bytes.
const MAX_AUTOMATON_BYTES: usize = 32 << 20;

/// What groups may add to an automaton that is small enough without them.
const GROUPS_BYTES: usize = 2 << 20;

/// How many capture positions a search may have to keep: one pair per group and state.
const MAX_CAPTURE_SLOTS: u64 = 8 << 20;

/// A tree of this height is compiled on the caller's stack: the compiler recurses and needs up to 4 KiB a level.
const MAX_HEIGHT_IN_PLACE: u32 = 64;

/// Enough for the greatest height that the parser lets pass, several times over.
const DEEP_STACK_BYTES: usize = 16 << 20;

/// What is certain to be below this may be built later: then nothing can fail. Half of what is allowed, since an automaton
/// takes some bytes that belong to no state.
const MAX_DEFERRED_BYTES: u64 = MAX_AUTOMATON_BYTES as u64 / 2;

/// Which positions an automaton can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Track {
    /// Those of the match.
    Match,
    /// Those of each group too.
    Groups,
}

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Engine {
    regex: meta::Regex,
    /// Whether an empty match may lie within a character: `\B` holds between two bytes that are no ASCII.
    may_split: bool,
}

impl Engine {
    pub(crate) fn is_match(&self, haystack: &str) -> bool {
        if self.may_split {
            // The plain test takes whichever match ends first. One within a character is then dropped, and with it
            // a match that began before and ends later. The leftmost match cannot begin within a character.
            return self.regex.search_half(&Input::new(haystack)).is_some();
        }
        self.regex.is_match(haystack)
    }

    /// Where the first match lies that begins at the byte `at` or later.
    pub(crate) fn find_at(&self, haystack: &str, at: usize) -> Option<Range<usize>> {
        self.regex.find(Input::new(haystack).span(at..haystack.len())).map(|found| found.range())
    }

    /// As [`find_at`](Self::find_at), with the positions of all groups.
    pub(crate) fn slots_at(&self, haystack: &str, at: usize, slots: &mut [Option<NonMaxUsize>]) -> bool {
        self.regex.search_slots(&Input::new(haystack).span(at..haystack.len()), slots).is_some()
    }

    pub(crate) fn memory_usage(&self) -> usize {
        self.regex.memory_usage()
    }
}

/// Compiles `node`, the tree of `pattern`.
pub(crate) fn compile(node: &Node, track: Track, pattern: &[u8]) -> Result<Engine, Error> {
    let built = if node.height <= MAX_HEIGHT_IN_PLACE {
        build(&node.hir, track)
    } else {
        thread::scope(|scope| {
            let deep = thread::Builder::new().name("regex-compile".into()).stack_size(DEEP_STACK_BYTES);
            deep.spawn_scoped(scope, || build(&node.hir, track)).ok()?.join().ok()?
        })
    };
    built.ok_or_else(|| Error::new(ErrorKind::TooLarge, pattern))
}

/// Whether [`compile`] is certain to succeed on the caller's stack.
pub(crate) fn can_wait(node: &Node) -> bool {
    node.height <= MAX_HEIGHT_IN_PLACE && node.bulk <= MAX_DEFERRED_BYTES
}

/// As [`compile`], for a tree with so many `groups` that are to be told.
pub(crate) fn compile_tracker(node: &Node, groups: usize, pattern: &[u8]) -> Result<Engine, Error> {
    if !can_track(node, groups) {
        return Err(Error::new(ErrorKind::TooLarge, pattern));
    }
    compile(node, Track::Groups, pattern)
}

/// Whether a search can keep the positions of `groups` groups.
pub(crate) fn can_track(node: &Node, groups: usize) -> bool {
    node.size.saturating_mul(groups as u64) <= MAX_CAPTURE_SLOTS
}

/// `None` if the automaton is too large: no other failure is possible.
fn build(hir: &Hir, track: Track) -> Option<Engine> {
    let (captures, limit) = match track {
        Track::Match => (WhichCaptures::Implicit, MAX_AUTOMATON_BYTES),
        Track::Groups => (WhichCaptures::All, MAX_AUTOMATON_BYTES + GROUPS_BYTES),
    };
    let config = meta::Config::new().nfa_size_limit(Some(limit)).which_captures(captures);
    let regex = meta::Builder::new().configure(config).build_from_hir(hir).ok()?;
    let may_split = hir.properties().look_set().contains(Look::WordAsciiNegate);
    Some(Engine { regex, may_split })
}

#[cfg(test)]
mod tests;
