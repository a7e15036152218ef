//! What an expression matches, as a union of sequences of literals and gaps, where it is as simple as that.
//!
//! Only the set of matched texts counts here, not which alternative is preferred: the whole text must match.

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind, Look, Repetition};

use super::fold::FoldTable;
use crate::unicode;

/// Levels of the tree that are looked into; deeper ones are left to the automaton.
const MAX_DEPTH: u32 = 50;

/// Into how many sequences a piece may be multiplied out, and of how many characters a class may be. What the pattern
/// itself spells out as alternatives is not limited.
const MAX_EXPANSION: usize = 256;

/// What all tokens may take while they are made.
const MAX_TOKEN_BYTES: usize = 16 << 20;

/// A part of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Text(String),
    /// `min` characters of any kind, or more if `open`.
    Gap {
        min: u32,
        open: bool,
    },
    Look(Look),
}

/// What follows one another in a match.
pub(super) type Tokens = Vec<Token>;

/// How literals are read.
#[derive(Debug)]
pub(super) enum Case {
    /// As they are; a class is one alternative a character.
    Exact,
    /// In canonical spelling: all that the pattern holds must be without regard to case.
    Folded(FoldTable),
}

/// The sequences that `hir` matches, or `None` if they are too many or not that simple.
pub(super) fn sequences(hir: &Hir, case: &mut Case) -> Option<Vec<Tokens>> {
    if matches!(case, Case::Exact) {
        // Far cheaper than to find out by making them.
        count(hir, MAX_DEPTH)?;
    }
    Reader { case, budget: MAX_TOKEN_BYTES }.read(hir, MAX_DEPTH)
}

/// How many sequences `hir` has if read exactly, or `None` if they are too many.
fn count(hir: &Hir, depth: u32) -> Option<usize> {
    let depth = depth.checked_sub(1)?;
    match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Look(_) => Some(1),
        HirKind::Class(Class::Unicode(class)) if is_any(class) => Some(1),
        HirKind::Class(Class::Unicode(class)) => Some(unicode::size(class)).filter(|size| *size <= MAX_EXPANSION),
        HirKind::Class(Class::Bytes(_)) => Some(0),
        HirKind::Capture(capture) => count(&capture.sub, depth),
        // At least so many: what is exact shows when they are made.
        HirKind::Repetition(repetition) => count(&repetition.sub, depth),
        HirKind::Concat(parts) => parts.iter().try_fold(1, |product, part| multiplied(product, count(part, depth)?)),
        HirKind::Alternation(alternatives) => {
            alternatives.iter().try_fold(0, |sum, alternative| Some(sum + count(alternative, depth)?))
        }
    }
}

/// How many sequences `left` followed by `right` are, unless they are too many to be multiplied out.
fn multiplied(left: usize, right: usize) -> Option<usize> {
    let product = left.checked_mul(right)?;
    (left <= 1 || right <= 1 || product <= MAX_EXPANSION).then_some(product)
}

struct Reader<'c> {
    case: &'c mut Case,
    /// Bytes left for tokens.
    budget: usize,
}

impl Reader<'_> {
    fn read(&mut self, hir: &Hir, depth: u32) -> Option<Vec<Tokens>> {
        let depth = depth.checked_sub(1)?;
        match hir.kind() {
            HirKind::Empty => Some(vec![Vec::new()]),
            HirKind::Literal(literal) => {
                let text = str::from_utf8(&literal.0).ok()?;
                self.admit(text)?;
                self.one(Token::Text(text.into()))
            }
            HirKind::Class(class) => self.class(class),
            HirKind::Look(look) => self.one(Token::Look(*look)),
            HirKind::Capture(capture) => self.read(&capture.sub, depth),
            HirKind::Repetition(repetition) => self.repetition(repetition, depth),
            HirKind::Concat(parts) => {
                let mut product = vec![Vec::new()];
                for part in parts {
                    let right = self.read(part, depth)?;
                    product = self.multiply(product, right)?;
                }
                Some(product)
            }
            HirKind::Alternation(alternatives) => {
                let mut union = Vec::with_capacity(alternatives.len());
                for alternative in alternatives {
                    union.append(&mut self.read(alternative, depth)?);
                }
                Some(union)
            }
        }
    }

    fn one(&mut self, token: Token) -> Option<Vec<Tokens>> {
        self.charge(token_len(&token))?;
        Some(vec![vec![token]])
    }

    fn charge(&mut self, bytes: usize) -> Option<()> {
        self.budget = self.budget.checked_sub(bytes)?;
        Some(())
    }

    /// Whether a literal may be read under the case rule: a letter that matches in one case only may not be folded.
    fn admit(&mut self, text: &str) -> Option<()> {
        let Case::Folded(_) = self.case else { return Some(()) };
        let has_one_case = |character| !unicode::may_fold(character) || unicode::orbit(character).literal().is_some();
        text.chars().all(has_one_case).then_some(())
    }

    fn class(&mut self, class: &Class) -> Option<Vec<Tokens>> {
        let class = match class {
            Class::Unicode(class) => class,
            // Only `Hir::fail` makes one, which matches nothing.
            Class::Bytes(class) => return class.ranges().is_empty().then(Vec::new),
        };
        if is_any(class) {
            return self.one(Token::Gap { min: 1, open: false });
        }
        if unicode::size(class) > MAX_EXPANSION {
            return None;
        }
        let characters = match self.case {
            Case::Exact => class.iter().flat_map(|range| range.start()..=range.end()).collect(),
            Case::Folded(table) => table.learn_class(class)?,
        };
        self.charge(characters.len() * (size_of::<Token>() + char::MAX.len_utf8()))?;
        Some(characters.into_iter().map(|character| vec![Token::Text(character.into())]).collect())
    }

    fn repetition(&mut self, repetition: &Repetition, depth: u32) -> Option<Vec<Tokens>> {
        let Repetition { min, max, ref sub, .. } = *repetition;
        let is_any_character = matches!(sub.kind(), HirKind::Class(Class::Unicode(class)) if is_any(class));
        if is_any_character && max.is_none() {
            return self.one(Token::Gap { min, open: true });
        }
        let once = self.read(sub, depth)?;
        let Some(max) = max else {
            // `(?:.*)*`, `(?:.+)+` and their like: any texts in a row are any text.
            return match once.iter().map(Vec::as_slice).collect::<Vec<_>>()[..] {
                [&[Token::Gap { min: inner @ (0 | 1), open: true }]] => {
                    self.one(Token::Gap { min: min * inner, open: true })
                }
                _ => None,
            };
        };
        let mut union = Vec::new();
        let mut power = vec![Vec::new()];
        for times in 0..=max {
            if times >= min {
                self.charge(tokens_len(&power))?;
                union.extend_from_slice(&power);
            }
            if union.len() > MAX_EXPANSION && max > 1 {
                return None;
            }
            if times < max {
                self.charge(tokens_len(&once))?;
                power = self.multiply(power, once.clone())?;
            }
        }
        Some(union)
    }

    /// Everything of `left` followed by everything of `right`.
    fn multiply(&mut self, mut left: Vec<Tokens>, mut right: Vec<Tokens>) -> Option<Vec<Tokens>> {
        if let ([before], [after]) = (&mut left[..], &mut right[..]) {
            before.append(after);
            return Some(left);
        }
        if left.iter().all(Vec::is_empty) && left.len() == 1 {
            return Some(right);
        }
        multiplied(left.len(), right.len())?;
        let of_left = tokens_len(&left).saturating_mul(right.len());
        let of_right = tokens_len(&right).saturating_mul(left.len());
        self.charge(of_left.saturating_add(of_right))?;
        let both = |before: &Tokens, after: &Tokens| before.iter().chain(after).cloned().collect();
        Some(left.iter().flat_map(|before| right.iter().map(move |after| both(before, after))).collect())
    }
}

/// Whether a class holds every character, as `.` does under the flag `s`.
fn is_any(class: &ClassUnicode) -> bool {
    matches!(class.ranges(), [all] if all.start() == '\0' && all.end() == char::MAX)
}

/// About what a token takes.
fn token_len(token: &Token) -> usize {
    match token {
        Token::Text(text) => size_of::<Token>() + text.len(),
        Token::Gap { .. } | Token::Look(_) => size_of::<Token>(),
    }
}

fn tokens_len(sequences: &[Tokens]) -> usize {
    sequences.iter().flatten().map(token_len).sum()
}
