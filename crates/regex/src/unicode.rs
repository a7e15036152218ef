//! The Unicode tables of `regex-syntax` under the names and rules of Go's `unicode` package.

pub(crate) mod ascii;
mod names;

use std::sync::OnceLock;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

/// The last code point.
pub(crate) const MAX_CODE: u32 = 0x10_FFFF;

/// Every character.
pub(crate) fn any() -> ClassUnicode {
    ClassUnicode::new(ranges(0, MAX_CODE))
}

/// Every character but the newline.
pub(crate) fn any_but_newline() -> ClassUnicode {
    ClassUnicode::new(ranges(0, 9).chain(ranges(11, MAX_CODE)))
}

/// The characters from `low` to `high`: two ranges where surrogates lie between, none where there is nothing else.
pub(crate) fn ranges(low: u32, high: u32) -> impl Iterator<Item = ClassUnicodeRange> {
    const SURROGATES: (u32, u32) = (0xD800, 0xDFFF);
    let below = (low, high.min(SURROGATES.0 - 1));
    let above = (low.max(SURROGATES.1 + 1), high.min(MAX_CODE));
    let range = |(low, high): (u32, u32)| {
        let (low, high) = (char::from_u32(low)?, char::from_u32(high)?);
        (low <= high).then(|| ClassUnicodeRange::new(low, high))
    };
    [range(below), range(above)].into_iter().flatten()
}

/// Adds what differs only in case (simple folding, as Go's `unicode.SimpleFold`).
pub(crate) fn fold(class: &mut ClassUnicode) {
    class.case_fold_simple();
}

/// A character with those that differ from it only in case.
pub(crate) fn orbit(character: char) -> ClassUnicode {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(character, character)]);
    fold(&mut class);
    class
}

/// A cheap test: `false` means that the orbit is the character alone.
pub(crate) fn may_fold(character: char) -> bool {
    !character.is_ascii() || character.is_ascii_alphabetic()
}

/// The category or script called `name`, spelled as Go spells it.
pub(crate) fn named(name: &str) -> Option<ClassUnicode> {
    match name {
        "Any" => Some(any()),
        // Surrogates: a category that no UTF-8 text holds and that the tables leave out.
        "Cs" => Some(ClassUnicode::empty()),
        _ if names::CATEGORIES.contains(&name) => table("gc", name),
        _ if names::SCRIPTS.binary_search(&name).is_ok() => table("sc", name),
        _ => None,
    }
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

/// How many characters a class holds.
pub(crate) fn size(class: &ClassUnicode) -> usize {
    class.iter().map(ClassUnicodeRange::len).sum()
}

