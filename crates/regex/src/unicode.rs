//! The Unicode tables of `regex-syntax` under the names and rules of Go's `unicode` package.

pub(crate) mod ascii;
mod names;

use std::ops::RangeInclusive;
use std::sync::OnceLock;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

/// The last code point.
pub(crate) const MAX_CODE: u32 = 0x10_FFFF;

/// Every character.
pub(crate) fn any() -> ClassUnicode {
    ClassUnicode::new(range(0, MAX_CODE))
}

/// Every character but the newline.
pub(crate) fn any_but_newline() -> ClassUnicode {
    ClassUnicode::new(range(0, 9).into_iter().chain(range(11, MAX_CODE)))
}

/// The characters from `low` to `high`, if there is one: surrogates are none.
pub(crate) fn range(low: u32, high: u32) -> Option<ClassUnicodeRange> {
    const SURROGATES: RangeInclusive<u32> = 0xD800..=0xDFFF;
    let low = if SURROGATES.contains(&low) { SURROGATES.end() + 1 } else { low };
    let high = if SURROGATES.contains(&high) { SURROGATES.start() - 1 } else { high };
    let (low, high) = (char::from_u32(low)?, char::from_u32(high)?);
    (low <= high).then(|| ClassUnicodeRange::new(low, high))
}

/// Adds what differs only in case (simple folding, as Go's `unicode.SimpleFold`).
pub(crate) fn fold(class: &mut ClassUnicode) {
    class.case_fold_simple();
}

/// A character with those that differ from it only in case.
pub(crate) fn orbit(character: char) -> ClassUnicode {
    let single = |character| ClassUnicodeRange::new(character, character);
    if character.is_ascii() {
        // These alone have a third member: the Kelvin sign and the long s.
        let third = match character {
            'k' | 'K' => Some('\u{212A}'),
            's' | 'S' => Some('\u{17F}'),
            _ => None,
        };
        let cases = [character.to_ascii_uppercase(), character.to_ascii_lowercase()];
        return ClassUnicode::new(cases.into_iter().chain(third).map(single));
    }
    let mut class = ClassUnicode::new([single(character)]);
    fold(&mut class);
    class
}

/// A cheap test: `false` means that the orbit is the character alone.
pub(crate) fn may_fold(character: char) -> bool {
    !character.is_ascii() || character.is_ascii_alphabetic()
}

/// How the names of classes may be spelled.
///
/// Prometheus parses matchers with `github.com/grafana/regexp/syntax`, which follows Go 1.24, and everything else with the
/// standard library's parser, which became looser in Go 1.25.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// As in [`names`], categories by their short names.
    Exact,
    /// In any case, whatever spaces, underscores and hyphens there are; categories by their long names too.
    Loose,
}

/// The category or script called `name`.
pub(crate) fn named(name: &str, spelling: Spelling) -> Option<ClassUnicode> {
    match (spelling, name) {
        (Spelling::Exact, "ASCII" | "Assigned") => None,
        (Spelling::Exact, _) => exactly_named(name),
        (Spelling::Loose, _) => exactly_named(spelt_exactly(name)?),
    }
}

fn exactly_named(name: &str) -> Option<ClassUnicode> {
    match name {
        "Any" => Some(any()),
        "ASCII" => Some(ClassUnicode::new(range(0, 0x7F))),
        "Assigned" => table("gc", "Cn").map(|mut unassigned| {
            unassigned.negate();
            unassigned
        }),
        // Surrogates: a category that no UTF-8 text holds and that the tables leave out.
        "Cs" => Some(ClassUnicode::empty()),
        _ if names::CATEGORIES.contains(&name) => table("gc", name),
        _ if names::SCRIPTS.binary_search(&name).is_ok() => table("sc", name),
        _ => None,
    }
}

/// The name that a loosely spelt one stands for.
fn spelt_exactly(name: &str) -> Option<&'static str> {
    let significant = |name: &str| -> String {
        name.chars().filter(|character| !matches!(character, ' ' | '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
    };
    let wanted = significant(name);
    let same = |(long, short): (&str, &'static str)| (significant(long) == wanted).then_some(short);
    let short_names = ["Any", "ASCII", "Assigned"].iter().chain(names::CATEGORIES).chain(names::SCRIPTS);
    let long_names = names::CATEGORY_ALIASES.iter().copied();
    short_names.map(|name| (*name, *name)).chain(long_names).find_map(same)
}

fn table(property: &str, name: &str) -> Option<ClassUnicode> {
    let hir = regex_syntax::parse(&format!(r"\p{{{property}={name}}}")).ok()?;
    class_of(&hir)
}

/// The class that a `Hir` of one character stands for.
pub(crate) fn class_of(hir: &Hir) -> Option<ClassUnicode> {
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class.clone()),
        HirKind::Class(Class::Bytes(class)) => class.to_unicode_class(),
        HirKind::Literal(literal) => {
            let mut chars = str::from_utf8(&literal.0).ok()?.chars();
            let only = chars.next().filter(|_| chars.next().is_none())?;
            Some(ClassUnicode::new([ClassUnicodeRange::new(only, only)]))
        }
        _ => None,
    }
}

/// Whether `character` may be part of a name in a replacement template: a letter, a decimal digit or `_`.
pub(crate) fn is_word(character: char) -> bool {
    static WORD: OnceLock<Option<ClassUnicode>> = OnceLock::new();
    if character.is_ascii() {
        return character == '_' || character.is_ascii_alphanumeric();
    }
    let word = WORD.get_or_init(|| {
        let mut letters = table("gc", "L")?;
        letters.union(&table("gc", "Nd")?);
        Some(letters)
    });
    word.as_ref().is_some_and(|word| contains(word, character))
}

/// Whether a class holds `character`.
pub(crate) fn contains(class: &ClassUnicode, character: char) -> bool {
    let ranges = class.ranges();
    let at = ranges.partition_point(|range| range.end() < character);
    ranges.get(at).is_some_and(|range| range.start() <= character)
}

/// How many characters a class holds at most: surrogates within a range are counted.
pub(crate) fn size(class: &ClassUnicode) -> usize {
    class.iter().map(ClassUnicodeRange::len).sum()
}

#[cfg(test)]
mod tests;
