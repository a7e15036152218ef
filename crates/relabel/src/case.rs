//! Upper and lower case by single characters, as Go's `strings.ToUpper` and `strings.ToLower` have them.
//!
//! Rust maps texts: `ß` becomes `SS`, and a final `Σ` becomes `ς`. Go maps each character to one character by the simple
//! mappings of Unicode 15, and leaves those without one as they are. The standard library has no simple mappings, but
//! they are its full ones wherever those are one character; the rest is [`simple_upper`] and one letter of Turkish.

use promd_model::quote::is_printable;

/// Appends `text` in lower case to `out`.
pub(crate) fn push_lower(out: &mut String, text: &str) {
    out.extend(text.chars().map(lower));
}

/// Appends `text` in upper case to `out`.
pub(crate) fn push_upper(out: &mut String, text: &str) {
    out.extend(text.chars().map(upper));
}

pub(crate) fn to_lower(text: &str) -> String {
    text.chars().map(lower).collect()
}

fn lower(c: char) -> char {
    match c {
        '\0'..='\x7f' => c.to_ascii_lowercase(),
        // The only full mapping to several characters.
        '\u{130}' => 'i',
        _ => known(c, single(c.to_lowercase()).unwrap_or(c)),
    }
}

fn upper(c: char) -> char {
    match c {
        '\0'..='\x7f' => c.to_ascii_uppercase(),
        _ => known(c, single(c.to_uppercase()).or_else(|| simple_upper(c)).unwrap_or(c)),
    }
}

fn single(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next();
    first.filter(|_| mapped.next().is_none())
}

/// The Greek letters with an iota below have a full mapping to two letters and a simple one to the titlecase letter.
fn simple_upper(c: char) -> Option<char> {
    let distance = match c {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => 8,
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => 9,
        _ => return None,
    };
    char::from_u32(u32::from(c) + distance)
}

/// `mapped`, or `c` itself if Unicode 15 does not have both letters yet.
fn known(c: char, mapped: char) -> char {
    if is_printable(c) && is_printable(mapped) { mapped } else { c }
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use super::*;

    /// Expected values are what Go 1.19 prints for `strings.ToLower` and `strings.ToUpper`.
    #[track_caller]
    fn check(text: &str, expect_lower: &str, expect_upper: &str) {
        let mut out = String::new();
        push_upper(&mut out, text);
        assert_eq!((to_lower(text).as_str(), out.as_str()), (expect_lower, expect_upper));
    }

    #[test]
    fn characters_are_mapped_alone() {
        check("Ab-1", "ab-1", "AB-1");
        check("Straße", "straße", "STRAßE");
        check("ΟΔΟΣ", "οδοσ", "ΟΔΟΣ");
        check("İıſ", "iıſ", "İIS");
        check("ǅ ŉ ﬁ", "ǆ ŉ ﬁ", "Ǆ ŉ ﬁ");
        check("ᾳ ᾀ ᾈ ΐ", "ᾳ ᾀ ᾀ ΐ", "ᾼ ᾈ ᾈ ΐ");
        check("\u{212a}", "k", "\u{212a}");
        check("ꭰ Ꭰ ა", "ꭰ ꭰ ა", "Ꭰ Ꭰ Ა");
    }

    #[test]
    fn letters_of_later_unicode_stay() {
        // U+019B has got an upper case letter in Unicode 16.
        check("\u{19b}\u{a7dc}", "\u{19b}\u{a7dc}", "\u{19b}\u{a7dc}");
    }

    /// Unicode 14 brought these; the Go that computed the expected values has Unicode 13.
    const UNICODE_14: [RangeInclusive<char>; 5] = [
        '\u{2c2f}'..='\u{2c2f}',
        '\u{2c5f}'..='\u{2c5f}',
        '\u{a7c0}'..='\u{a7c1}',
        '\u{a7d0}'..='\u{a7d9}',
        '\u{10570}'..='\u{105bc}',
    ];

    /// Expected values are those of Go 1.19: the number of characters that `unicode.ToLower` or `unicode.ToUpper` change,
    /// and FNV-1a in 64 bits over character, lower and upper of each, one step a number.
    #[test]
    fn all_characters() {
        let changed = |c: &char| lower(*c) != *c || upper(*c) != *c;
        let old = |c: &char| !UNICODE_14.iter().any(|range| range.contains(c));
        let all: Vec<char> = ('\0'..=char::MAX).filter(changed).filter(old).collect();
        let step = |hash: u64, c: char| (hash ^ u64::from(c)).wrapping_mul(1_099_511_628_211);
        let hash = all.iter().flat_map(|&c| [c, lower(c), upper(c)]).fold(14_695_981_039_346_656_037, step);
        assert_eq!((all.len(), hash), (2799, 6_977_968_840_415_854_023));
    }
}
