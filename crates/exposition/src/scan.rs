//! Byte classes and the searches of the hot path.
//!
//! Names, label names and label values are short, so the searches here look at eight bytes in one register (no call, and
//! one branch a word that is easily predicted) instead of calling `memchr`, which wins on long inputs only.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Repeats a byte in each of the eight lanes.
const fn lanes(byte: u8) -> u64 {
    LOW * byte as u64
}

/// Marks (in the highest bit) the lanes of `word` below `limit`, which is at most 128. The lowest mark is right; marks above a
/// right one may be wrong, because of the borrow.
const fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(lanes(limit)) & !word & HIGH
}

/// Marks the lanes of `word` equal to `byte`, with the same restriction as [`below`].
const fn equal(word: u64, byte: u8) -> u64 {
    below(word ^ lanes(byte), 1)
}

/// Marks exactly the lanes of `word`, which must all be below 128, that lie in `first..=last`.
const fn within(word: u64, first: u8, last: u8) -> u64 {
    // With the highest bit free, neither operation carries into the next lane.
    let at_least = word + lanes(128 - first);
    let above = word + lanes(127 - last);
    at_least & !above & HIGH
}

/// The word at `from`, if there are eight bytes.
#[inline]
pub(crate) fn word(bytes: &[u8], from: usize) -> Option<u64> {
    bytes.get(from..).and_then(|rest| rest.first_chunk::<8>()).map(|chunk| u64::from_le_bytes(*chunk))
}

/// How many digits `word` starts with.
#[inline]
pub(crate) const fn digits_in(word: u64) -> usize {
    let ascii = word & !HIGH;
    lowest(!(within(ascii, b'0', b'9') & !word) & HIGH)
}

/// How many lanes lie below the lowest mark.
const fn lowest(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

/// Whether a metric's name may start with `byte`.
pub(crate) const fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b':'
}

/// Whether a label's name may start with `byte`.
pub(crate) const fn starts_label(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// The first position at or after `from` that cannot continue a metric's name.
#[inline]
pub(crate) fn name_end(bytes: &[u8], from: usize) -> usize {
    // `:` follows `9` in ASCII.
    class_end(bytes, from, b':')
}

/// The first position at or after `from` that cannot continue a label's name.
#[inline]
pub(crate) fn label_end(bytes: &[u8], from: usize) -> usize {
    class_end(bytes, from, b'9')
}

/// The first position that holds neither a letter, nor `_`, nor a byte of `0..=last_digit`.
#[inline]
fn class_end(bytes: &[u8], from: usize, last_digit: u8) -> usize {
    let bytes = bytes.get(from..).unwrap_or_default();
    let (words, rest) = bytes.as_chunks::<8>();
    let mut at = from;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let ascii = word & !HIGH;
        let letters = within(ascii | lanes(0x20), b'a', b'z');
        let digits = within(ascii, b'0', last_digit);
        let underscore = within(ascii, b'_', b'_');
        let outside = !((letters | digits | underscore) & !word) & HIGH;
        if outside != 0 {
            return at + lowest(outside);
        }
        at += 8;
    }
    let inside = |byte: &u8| byte.is_ascii_alphabetic() || (b'0'..=last_digit).contains(byte) || *byte == b'_';
    at + rest.iter().position(|byte| !inside(byte)).unwrap_or(rest.len())
}

/// The first position at or after `from` of a byte that matters in a quoted string: `"`, `\` or one below 0x0b (a NUL, a tab, a
/// newline: the caller looks at it). The length if there is none.
#[inline]
fn special(bytes: &[u8], from: usize) -> usize {
    let bytes = bytes.get(from..).unwrap_or_default();
    let (words, rest) = bytes.as_chunks::<8>();
    let mut at = from;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let marks = equal(word, b'"') | equal(word, b'\\') | below(word, 0x0b);
        if marks != 0 {
            return at + lowest(marks);
        }
        at += 8;
    }
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x0b)).unwrap_or(rest.len())
}

/// What may stand in a quoted string besides what every one takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quoting {
    /// A newline that is not escaped.
    pub(crate) newline: bool,
    /// NUL. Prometheus' lexers pass over NULs in front of any byte of a label value, even after the closing quote, where
    /// they belong to the value together with it.
    pub(crate) nul: bool,
}

/// A quoted string of metric and label names outside of exemplars.
pub(crate) const NAME: Quoting = Quoting { newline: true, nul: false };
/// A label value of Prometheus' text format.
pub(crate) const TEXT_VALUE: Quoting = Quoting { newline: true, nul: true };
/// A label value of OpenMetrics.
pub(crate) const OPENMETRICS_VALUE: Quoting = Quoting { newline: false, nul: true };
/// Label names and values of an exemplar.
pub(crate) const EXEMPLAR: Quoting = Quoting { newline: false, nul: false };

/// The position behind the quoted string that `from` lies in (behind the opening quote, and behind no backslash), or where
/// the string breaks off.
#[inline]
pub(crate) fn quoted_end(bytes: &[u8], from: usize, quoting: Quoting) -> Result<usize, usize> {
    let at = special(bytes, from);
    match (bytes.get(at), bytes.get(at + 1)) {
        (Some(b'"'), Some(1..)) => Ok(at + 1),
        _ => quoted_end_from(bytes, at, quoting),
    }
}

/// The same, where the string goes on at `at` or ends there.
fn quoted_end_from(bytes: &[u8], mut at: usize, quoting: Quoting) -> Result<usize, usize> {
    loop {
        at = special(bytes, at);
        match bytes.get(at) {
            Some(b'"') => {
                let end = at + 1;
                return Ok(if quoting.nul && bytes.get(end) == Some(&0) { skip_nuls(bytes, end) } else { end });
            }
            Some(b'\\') => {
                at += 1;
                if quoting.nul {
                    at = skip_nuls(bytes, at);
                }
                match bytes.get(at) {
                    Some(b'\n' | 0) | None => return Err(at),
                    Some(_) => {}
                }
            }
            Some(0) if !quoting.nul => return Err(at),
            Some(b'\n') if !quoting.newline => return Err(at),
            Some(_) => {}
            None => return Err(at),
        }
        at += 1;
    }
}

/// How many bytes [`common_prefix`] compares at once.
pub(crate) const STEP: usize = 16;

/// How many bytes `a` and `b` start with alike.
#[inline]
pub(crate) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let mut at = 0;
    for (left, right) in a.as_chunks::<STEP>().0.iter().zip(b.as_chunks::<STEP>().0) {
        let differ = u128::from_le_bytes(*left) ^ u128::from_le_bytes(*right);
        if differ != 0 {
            return at + differ.trailing_zeros() as usize / 8;
        }
        at += STEP;
    }
    let rest = |bytes| <[u8]>::get(bytes, at..).unwrap_or_default().iter();
    at + rest(a).zip(rest(b)).take_while(|(left, right)| left == right).count()
}

/// The first position at or after `from` that holds no NUL.
pub(crate) fn skip_nuls(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().position(|&byte| byte != 0).unwrap_or(rest.len())
}

/// The first position at or after `from` that holds no blank.
#[inline]
pub(crate) fn skip_blanks(bytes: &[u8], mut from: usize) -> usize {
    while matches!(bytes.get(from), Some(b' ' | b'\t')) {
        from += 1;
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte in every lane, against the definition of the class.
    #[test]
    fn classes_agree_with_their_definition() {
        for lane in 0..24 {
            for byte in 0..=u8::MAX {
                let mut bytes = [b'a'; 24];
                bytes[lane] = byte;
                let end = |inside: bool| if inside { 24 } else { lane };
                assert_eq!(name_end(&bytes, 0), end(starts_name(byte) || byte.is_ascii_digit()), "{byte} in {lane}");
                assert_eq!(label_end(&bytes, 0), end(starts_label(byte) || byte.is_ascii_digit()), "{byte} in {lane}");
                assert_eq!(special(&bytes, 0), end(!matches!(byte, b'"' | b'\\' | 0..0x0b)), "{byte} in {lane}");
            }
        }
    }

    #[test]
    fn the_lowest_mark_is_right_beside_its_neighbours() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let bytes = [b'a', first, second, b'a', b'a', b'a', b'a', b'a'];
                let matters = |byte: u8| matches!(byte, b'"' | b'\\' | 0..0x0b);
                let expect = if matters(first) {
                    1
                } else if matters(second) {
                    2
                } else {
                    8
                };
                assert_eq!(special(&bytes, 0), expect, "{first} {second}");
            }
        }
    }

    #[test]
    fn quoted_strings_end_where_the_lexers_of_prometheus_end_them() {
        let check =
            |text: &str, quoting, expect| assert_eq!(quoted_end(text.as_bytes(), 1, quoting), expect, "{text:?}");
        check("\"\"", NAME, Ok(2));
        check("\"ab\" x", NAME, Ok(4));
        check("\"a\\\"b\"", NAME, Ok(6));
        check("\"a\\\\\"b\"", NAME, Ok(5));
        check("\"a\nb\"", NAME, Ok(5));
        check("\"a\nb\"", EXEMPLAR, Err(2));
        check("\"a\tb\"", EXEMPLAR, Ok(5));
        check("\"a\\\nb\"", NAME, Err(3));
        check("\"a\0b\"", NAME, Err(2));
        check("\"a\0b\"", TEXT_VALUE, Ok(5));
        check("\"a\"\0\0,", TEXT_VALUE, Ok(5));
        check("\"a\"\0\0,", NAME, Ok(3));
        check("\"a\\\0\"\"", TEXT_VALUE, Ok(6));
        check("\"abcdefghijklm", NAME, Err(14));
        check("\"a\\", NAME, Err(3));
    }
}
