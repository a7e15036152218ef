//! Literals in order with gaps between them: `foo.*bar.+baz`.

use memchr::memmem::Finder;
use regex_syntax::hir::Look;

use super::language::Token;

/// A sequence with at least one gap. It spans the whole text.
#[derive(Debug)]
pub(super) struct Sequence {
    pub(super) prefix: Box<str>,
    /// Literals, each with how many characters at least lie before it.
    middle: Box<[(u32, Finder<'static>)]>,
    /// How many characters at least lie before the suffix.
    last_gap: u32,
    suffix: Box<str>,
}

/// What a sequence of tokens amounts to.
#[derive(Debug)]
pub(super) enum Normal {
    Literal(String),
    Gapped(Sequence),
}

impl Normal {
    /// `None` if a part is neither a literal nor an open gap. Where the tokens do not begin with `Look::Start` or end
    /// with `Look::End`, anything may stand before or after.
    pub(super) fn new(tokens: &[Token]) -> Option<Self> {
        const ANYTHING: Token = Token::Gap { min: 0, open: true };
        let (starts, tokens) = strip_start(tokens);
        let (ends, tokens) = strip_end(tokens);
        let before = (!starts).then_some(&ANYTHING);
        let after = (!ends).then_some(&ANYTHING);

        let mut prefix = String::new();
        // Each gap with the literal after it, which is empty for the last alone.
        let mut pieces: Vec<(Gap, String)> = Vec::new();
        for token in before.into_iter().chain(tokens).chain(after) {
            match (token, pieces.last_mut()) {
                (Token::Text(more), None) => prefix.push_str(more),
                (Token::Text(more), Some((_, text))) => text.push_str(more),
                (Token::Gap { min, open }, Some((gap, text))) if text.is_empty() => {
                    gap.min = gap.min.saturating_add(*min);
                    gap.open |= open;
                }
                (Token::Gap { min, open }, _) => pieces.push((Gap { min: *min, open: *open }, String::new())),
                (Token::Look(_), _) => return None,
            }
        }
        // A closed gap (`a.c`) needs more than looking for one literal after the other.
        if pieces.iter().any(|(gap, _)| !gap.open) {
            return None;
        }
        let Some((last_gap, suffix)) = pieces.pop() else { return Some(Self::Literal(prefix)) };
        let middle = pieces.iter().map(|(gap, text)| (gap.min, Finder::new(text).into_owned())).collect();
        let (prefix, suffix) = (prefix.into_boxed_str(), suffix.into_boxed_str());
        Some(Self::Gapped(Sequence { prefix, middle, last_gap: last_gap.min, suffix }))
    }
}

struct Gap {
    min: u32,
    open: bool,
}

/// Takes off what holds at the start of the text, if the tokens begin there.
fn strip_start(tokens: &[Token]) -> (bool, &[Token]) {
    let mut rest = tokens;
    if !matches!(rest.first(), Some(Token::Look(Look::Start))) {
        return (false, rest);
    }
    while let Some((Token::Look(Look::Start | Look::StartLF), after)) = rest.split_first() {
        rest = after;
    }
    (true, rest)
}

/// Takes off what holds at the end of the text, if the tokens end there.
fn strip_end(tokens: &[Token]) -> (bool, &[Token]) {
    let mut rest = tokens;
    if !matches!(rest.last(), Some(Token::Look(Look::End))) {
        return (false, rest);
    }
    while let Some((Token::Look(Look::End | Look::EndLF), before)) = rest.split_last() {
        rest = before;
    }
    (true, rest)
}

impl Sequence {
    /// A sequence of a literal and then at least so many characters, if it is no more than that.
    pub(super) fn as_prefix(&self) -> Option<(&str, u32)> {
        (self.middle.is_empty() && self.suffix.is_empty()).then_some((&*self.prefix, self.last_gap))
    }

    /// Whether `text` is one of this sequence. Each literal is taken where it is found first, which leaves most for
    /// those that follow.
    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        let rest = strip_prefix(text, &self.prefix);
        let Some(mut rest) = rest.and_then(|rest| strip_suffix(rest, &self.suffix)) else { return false };
        for (gap, literal) in &self.middle {
            let found = skip(rest, *gap).and_then(|rest| {
                let after = literal.find(rest)? + literal.needle().len();
                rest.get(after..)
            });
            let Some(found) = found else { return false };
            rest = found;
        }
        skip(rest, self.last_gap).is_some()
    }

    pub(super) fn memory_usage(&self) -> usize {
        let literals = self.middle.iter().map(|(_, literal)| literal.needle().len()).sum::<usize>();
        size_of_val(&*self.middle) + literals + self.prefix.len() + self.suffix.len()
    }
}

/// What follows `prefix`.
///
/// An empty text of ours lies at no valid address. Comparing no bytes there is allowed, but costs 50 ns on processors
/// whose `memcmp` loads under a mask; hence the test.
pub(crate) fn strip_prefix<'t>(text: &'t [u8], prefix: &str) -> Option<&'t [u8]> {
    if prefix.is_empty() { Some(text) } else { text.strip_prefix(prefix.as_bytes()) }
}

/// What precedes `suffix`; see [`strip_prefix`].
pub(crate) fn strip_suffix<'t>(text: &'t [u8], suffix: &str) -> Option<&'t [u8]> {
    if suffix.is_empty() { Some(text) } else { text.strip_suffix(suffix.as_bytes()) }
}

/// What follows the first `count` characters of UTF-8, or `None` if there are fewer.
fn skip(text: &[u8], count: u32) -> Option<&[u8]> {
    let mut rest = text;
    for _ in 0..count {
        let width = match rest.first()? {
            0x00..=0x7f => 1,
            0x80..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
        };
        rest = rest.get(width..)?;
    }
    Some(rest)
}
