//! Text in quotes, as Go's `strconv.Quote` and the verb `%q` of its `fmt` have it.
//!
//! Label sets, PromQL and many error texts of Prometheus are printed with it. A character stands for itself if Go calls
//! it printable: it is a letter, mark, number, punctuation or symbol of Unicode 15.0, or the space of ASCII. Of the others
//! some have a letter (`\n`), and the rest are `\x7f`, `\u00a0` or `\U000e0001`. A byte that is not part of UTF-8 is
//! `\xff`.

mod printable;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write as _};

use printable::PRINTABLE;

/// `text`, which need not be UTF-8, in quotes: something to be displayed.
///
/// ```
/// use promd_model::quote;
///
/// assert_eq!(quote::go("say \"hi\"\n").to_string(), r#""say \"hi\"\n""#);
/// assert_eq!(format!("not a name: {}", quote::go(b"\xff!")), r#"not a name: "\xff!""#);
/// ```
#[must_use]
pub fn go<T: AsRef<[u8]> + ?Sized>(text: &T) -> Quoted<'_> {
    Quoted(text.as_ref())
}

/// Text that is displayed in quotes. Made by [`go`].
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(&'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for chunk in self.0.utf8_chunks() {
            write_escaped(f, chunk.valid())?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        f.write_char('"')
    }
}

/// Writes the longest runs that need no escape at once.
fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(|&(_, c)| matches!(c, '"' | '\\') || !is_printable(c)) {
        let (plain, special) = rest.split_at(at);
        f.write_str(plain)?;
        write_escape(f, c)?;
        rest = special.split_at(c.len_utf8()).1;
    }
    f.write_str(rest)
}

fn write_escape(f: &mut fmt::Formatter<'_>, c: char) -> fmt::Result {
    match c {
        '"' => f.write_str("\\\""),
        '\\' => f.write_str("\\\\"),
        '\x07' => f.write_str("\\a"),
        '\x08' => f.write_str("\\b"),
        '\x0c' => f.write_str("\\f"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        '\x0b' => f.write_str("\\v"),
        '\0'..='\x7f' => write!(f, "\\x{:02x}", u32::from(c)),
        '\u{80}'..='\u{ffff}' => write!(f, "\\u{:04x}", u32::from(c)),
        _ => write!(f, "\\U{:08x}", u32::from(c)),
    }
}

/// Whether Go prints `c` as it is: `strconv.IsPrint`.
#[must_use]
pub fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    let c = u32::from(c);
    let after = PRINTABLE.partition_point(|&(first, _)| first <= c);
    after.checked_sub(1).and_then(|at| PRINTABLE.get(at)).is_some_and(|&(_, last)| c <= last)
}
