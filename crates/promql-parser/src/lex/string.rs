//! Texts in quotes.

use std::borrow::Cow;

use super::{Lexeme, Lexer};
use crate::error::ErrorKind;
use crate::parse::token::Token;

/// How an escape sequence goes on behind its letter: so many digits of a base, up to a largest value.
struct Digits {
    count: usize,
    base: u32,
    max: u32,
}

const OCTAL: Digits = Digits { count: 3, base: 8, max: 255 };
const HEX: Digits = Digits { count: 2, base: 16, max: 255 };
const SHORT: Digits = Digits { count: 4, base: 16, max: 0x10_ffff };
const LONG: Digits = Digits { count: 8, base: 16, max: 0x10_ffff };

impl Lexer<'_> {
    /// A text whose opening quote was passed.
    pub(super) fn string(&mut self, start: usize, raw: bool) -> Lexeme {
        let quote = self.text.as_bytes().get(start).copied().unwrap_or(b'"');
        let mut wrong = None;
        loop {
            let bytes = self.text.as_bytes().get(self.at..).unwrap_or_default();
            // U+FFFD, which stands for what is no UTF-8, begins with 0xef.
            let special = |b: u8| b == quote || b == 0xef || (!raw && matches!(b, b'\\' | b'\n'));
            let Some(skip) = bytes.iter().position(|&b| special(b)) else {
                self.at = self.text.len();
                let kind = if raw { ErrorKind::UnterminatedRawString } else { ErrorKind::UnterminatedString };
                return self.error(wrong.unwrap_or(kind), start);
            };
            self.at += skip;
            match self.peek() {
                Some('\\') if !raw => {
                    self.at += 1;
                    if let Err(kind) = self.escape(quote) {
                        wrong.get_or_insert(kind);
                    }
                }
                Some('\n') if !raw => {
                    self.at += 1;
                    return self.error(wrong.unwrap_or(ErrorKind::UnterminatedString), start);
                }
                Some('\u{fffd}') => {
                    wrong.get_or_insert(ErrorKind::InvalidUtf8);
                    self.at += '\u{fffd}'.len_utf8();
                }
                Some(c) => {
                    self.at += c.len_utf8();
                    if c == char::from(quote) {
                        break;
                    }
                }
                None => {}
            }
        }
        match wrong {
            Some(kind) => self.error(kind, start),
            None => self.token(start, Token::String),
        }
    }

    /// What follows a backslash.
    fn escape(&mut self, quote: u8) -> Result<(), ErrorKind> {
        let digits = match self.peek() {
            None => return Err(ErrorKind::UnterminatedEscape),
            Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\') => None,
            Some(c) if c == char::from(quote) => None,
            Some('0'..='7') => Some(OCTAL),
            Some('x') => Some(HEX),
            Some('u') => Some(SHORT),
            Some('U') => Some(LONG),
            Some(c) => {
                self.at += if c == '\n' { 0 } else { c.len_utf8() };
                return Err(ErrorKind::UnknownEscape(c));
            }
        };
        let Some(Digits { count, base, max }) = digits else {
            self.at += 1;
            return Ok(());
        };
        self.at += usize::from(base == 16);
        let mut value = 0_u32;
        for _ in 0..count {
            let c = self.peek().ok_or(ErrorKind::UnterminatedEscape)?;
            let digit = c.to_digit(base).ok_or(ErrorKind::IllegalInEscape(c))?;
            value = value.wrapping_mul(base).wrapping_add(digit);
            self.at += 1;
        }
        if value > max || (0xd800..0xe000).contains(&value) {
            return Err(ErrorKind::EscapeOutOfRange);
        }
        Ok(())
    }
}

/// What a text says that the lexer has passed, without its quotes and escapes. Bytes that are no UTF-8 become U+FFFD, since
/// no label has them.
pub(crate) fn unquote(quoted: &str) -> Cow<'_, str> {
    match unquote_bytes(quoted) {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Cow::Owned(text),
            Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        },
    }
}

/// What a text says that the lexer has passed, which need not be UTF-8.
pub(crate) fn unquote_bytes(quoted: &str) -> Cow<'_, [u8]> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if quoted.starts_with('`') || !inner.contains('\\') {
        return Cow::Borrowed(inner.as_bytes());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        let letter = escaped.chars().next().unwrap_or('\\');
        let mut after = letter.len_utf8();
        let mut number = |from: usize, count: usize, base| {
            after = from + count;
            escaped
                .get(from..from + count)
                .and_then(|digits| u32::from_str_radix(digits, base).ok())
                .unwrap_or_default()
        };
        let c = match letter {
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            'u' => char::from_u32(number(1, SHORT.count, SHORT.base)).unwrap_or(char::REPLACEMENT_CHARACTER),
            'U' => char::from_u32(number(1, LONG.count, LONG.base)).unwrap_or(char::REPLACEMENT_CHARACTER),
            'x' | '0'..='7' => {
                let value =
                    if letter == 'x' { number(1, HEX.count, HEX.base) } else { number(0, OCTAL.count, OCTAL.base) };
                bytes.push(u8::try_from(value).unwrap_or(u8::MAX));
                rest = escaped.get(after..).unwrap_or_default();
                continue;
            }
            other => other,
        };
        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        rest = escaped.get(after..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    Cow::Owned(bytes)
}
