//! Deciding without an automaton.
//!
//! Most matchers are far simpler than the expressions they are written in: a literal, some alternatives, a prefix, a
//! word that must occur. [`Plan::new`] reads such an expression as a union of sequences of literals and gaps
//! (`language.rs`), and the plan decides each value by comparing bytes:
//!
//! | matcher | is decided by |
//! |---|---|
//! | `.*`, `.+`, empty | nothing, or the length |
//! | `a`, `a\|b`, `(a\|b)[12]` | a set of literals, hashed if large (`literals.rs`) |
//! | `a.*\|b.*`, `a.+` | the nearest prefix in a sorted set |
//! | `.*a`, `.*a.*b.*`, `a.+b` | looking for each literal after the other (`sequence.rs`) |
//! | `(?i)a`, `(?i)(a\|b).*` | the same on the canonical spelling (`fold.rs`) |
//!
//! A plan decides exactly as the automaton does or does not exist: there is no plan that must be checked again.

mod fold;
mod language;
mod sequence;

use regex_syntax::hir::Hir;
use smallvec::SmallVec;

use crate::literals::Literals;
use fold::FoldTable;
use language::{Case, Tokens};
use sequence::{Normal, Sequence};
pub(crate) use sequence::{strip_prefix, strip_suffix};

/// Up to this many sequences with several literals are tried one by one; more are left to the automaton.
const MAX_SEQUENCES: usize = 16;

/// How to decide whether a text matches.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Every text does.
    All,
    /// Every text but the empty one does.
    NonEmpty,
    /// Exactly these do.
    Literals(Literals),
    /// Those of a union do.
    Union(Box<Union>),
}

/// Alternatives of several kinds, of which one must hold.
#[derive(Debug)]
pub(crate) struct Union {
    /// If any, texts and alternatives are compared in canonical spelling.
    fold: Option<FoldTable>,
    literals: Literals,
    /// Followed by anything.
    prefixes: Literals,
    /// Followed by at least one character.
    proper_prefixes: Literals,
    sequences: Box<[Sequence]>,
}

impl Plan {
    /// The plan of an expression, looks at the start and end of the text included; `None` if it needs an automaton.
    pub(crate) fn new(hir: &Hir) -> Option<Self> {
        // Exact first: only then can an index be told which values to look for.
        Self::read(hir, Case::Exact).or_else(|| Self::read(hir, Case::Folded(FoldTable::default())))
    }

    fn read(hir: &Hir, mut case: Case) -> Option<Self> {
        let sequences = language::sequences(hir, &mut case)?;
        Self::of(&sequences, case)
    }

    /// The plan of alternatives that are literal.
    pub(crate) fn literals<'v>(values: impl IntoIterator<Item = &'v str>) -> Option<Self> {
        Literals::new(values).map(Self::Literals)
    }

    fn of(sequences: &[Tokens], case: Case) -> Option<Self> {
        let mut literals = Vec::new();
        let mut gapped = Vec::new();
        for tokens in sequences {
            match Normal::new(tokens)? {
                Normal::Literal(text) => literals.push(text),
                Normal::Gapped(sequence) => gapped.push(sequence),
            }
        }
        let of_gap = |gap| move |sequence: &Sequence| sequence.as_prefix().is_some_and(|(_, min)| min == gap);
        let (prefixes, rest): (Vec<_>, Vec<_>) = gapped.into_iter().partition(of_gap(0));
        let (proper_prefixes, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(of_gap(1));
        let prefixes = || prefixes.iter().map(|sequence| &*sequence.prefix);
        let proper_prefixes = || proper_prefixes.iter().map(|sequence| &*sequence.prefix);

        if prefixes().any(str::is_empty) {
            return Some(Self::All);
        }
        if proper_prefixes().any(str::is_empty) {
            let empty = literals.iter().any(String::is_empty);
            return Some(if empty { Self::All } else { Self::NonEmpty });
        }
        let literals = Literals::new(literals.iter().map(String::as_str))?;
        let fold = match case {
            Case::Exact => None,
            Case::Folded(table) => Some(table),
        };
        if fold.is_none() && prefixes().next().is_none() && proper_prefixes().next().is_none() && rest.is_empty() {
            return Some(Self::Literals(literals));
        }
        if rest.len() > MAX_SEQUENCES {
            return None;
        }
        let prefixes = shortest_only(Literals::new(prefixes())?)?;
        let proper_prefixes = shortest_only(Literals::new(proper_prefixes())?)?;
        let sequences = rest.into_boxed_slice();
        Some(Self::Union(Box::new(Union { fold, literals, prefixes, proper_prefixes, sequences })))
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        match self {
            Self::All => true,
            Self::NonEmpty => !text.is_empty(),
            Self::Literals(literals) => literals.contains(text),
            Self::Union(union) => union.is_match(text),
        }
    }

    /// The prefix, if having it is all that is asked for.
    pub(crate) fn as_prefix(&self) -> Option<&str> {
        let Self::Union(union) = self else { return None };
        let Union { fold, literals, prefixes, proper_prefixes, sequences } = &**union;
        let is_all = fold.is_none()
            && prefixes.len() == 1
            && proper_prefixes.is_empty()
            && sequences.is_empty()
            && literals.iter().all(|literal| literal.starts_with(prefixes.get(0)));
        is_all.then(|| prefixes.get(0))
    }

    /// Bytes on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        match self {
            Self::All | Self::NonEmpty => 0,
            Self::Literals(literals) => literals.memory_usage(),
            Self::Union(union) => size_of::<Union>() + union.memory_usage(),
        }
    }
}

impl Union {
    fn is_match(&self, text: &str) -> bool {
        match &self.fold {
            None => self.has(text.as_bytes()),
            Some(table) => self.has(table.apply(text, &mut SmallVec::new())),
        }
    }

    fn has(&self, text: &[u8]) -> bool {
        self.literals.contains_bytes(text)
            || self.prefixes.prefix_of(text).is_some()
            || self.proper_prefixes.prefix_of(text).is_some_and(|length| length < text.len())
            || self.sequences.iter().any(|sequence| sequence.is_match(text))
    }

    fn memory_usage(&self) -> usize {
        let sets = [&self.literals, &self.prefixes, &self.proper_prefixes];
        sets.into_iter().map(Literals::memory_usage).sum::<usize>()
            + self.sequences.iter().map(|sequence| size_of::<Sequence>() + sequence.memory_usage()).sum::<usize>()
            + self.fold.as_ref().map_or(0, FoldTable::memory_usage)
    }
}

/// Leaves out what begins with another of the set. In order, that one comes earlier.
fn shortest_only(prefixes: Literals) -> Option<Literals> {
    let mut kept: Vec<&str> = Vec::with_capacity(prefixes.len());
    for prefix in prefixes.iter() {
        if kept.last().is_none_or(|shorter| !prefix.starts_with(shorter)) {
            kept.push(prefix);
        }
    }
    Literals::new(kept)
}

#[cfg(test)]
mod tests;
