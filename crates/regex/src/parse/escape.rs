//! What begins with a backslash.

use regex_syntax::hir::Look;

use super::Parser;
use super::cursor::Cursor;
use super::node::Node;
use crate::error::{Error, ErrorKind};
use crate::unicode;

impl Parser<'_> {
    /// Reads an escape outside a class.
    pub(super) fn escape(&mut self) -> Result<(), Error> {
        let look = match self.cursor.peek_at(1) {
            Some(b'A') => Some(Look::Start),
            Some(b'z') => Some(Look::End),
            Some(b'b') => Some(Look::WordAscii),
            Some(b'B') => Some(Look::WordAsciiNegate),
            Some(b'Q') => return self.quoted(),
            _ => None,
        };
        if let Some(look) = look {
            self.cursor.advance(2);
            return self.push(Node::look(look));
        }
        if let Some(ranges) = self.class_escape()? {
            return self.push_ranges(ranges, false);
        }
        match char::from_u32(escaped(&mut self.cursor)?) {
            Some(character) => self.literal(character),
            // A surrogate: no text holds one.
            None => self.push_ranges(Vec::new(), false),
        }
    }

    /// Reads `\Q...\E`, where all is literal; the `\E` may be left out at the end.
    fn quoted(&mut self) -> Result<(), Error> {
        self.cursor.advance(2);
        let rest = self.cursor.rest();
        let end = memchr::memmem::find(rest, b"\\E");
        let mut quoted = Cursor::new(rest.get(..end.unwrap_or(rest.len())).unwrap_or_default());
        while let Some(character) = quoted.next_char()? {
            self.literal(character)?;
        }
        self.cursor.advance(end.map_or(rest.len(), |end| end + 2));
        Ok(())
    }
}

/// Reads the escape of a single character; it may be a surrogate, which no UTF-8 text holds.
pub(super) fn escaped(cursor: &mut Cursor<'_>) -> Result<u32, Error> {
    let start = cursor.at();
    cursor.advance(1);
    let Some(character) = cursor.next_char()? else {
        return Err(Error::new(ErrorKind::TrailingBackslash, b""));
    };
    let code = match character {
        // A single digit would be a reference to a group, which RE2 does not have.
        '1'..='7' if !matches!(cursor.peek(), Some(b'0'..=b'7')) => None,
        '0'..='7' => Some(octal(cursor, character)),
        'x' => hexadecimal(cursor)?,
        'a' => Some(0x07),
        'f' => Some(0x0c),
        'n' => Some(0x0a),
        'r' => Some(0x0d),
        't' => Some(0x09),
        'v' => Some(0x0b),
        _ if character.is_ascii() && !character.is_ascii_alphanumeric() => Some(character.into()),
        _ => None,
    };
    code.ok_or_else(|| Error::new(ErrorKind::InvalidEscape, cursor.since(start)))
}

/// Reads up to two more octal digits.
fn octal(cursor: &mut Cursor<'_>, first: char) -> u32 {
    let mut code = u32::from(first) - u32::from('0');
    for _ in 0..2 {
        let Some(digit @ b'0'..=b'7') = cursor.peek() else { break };
        cursor.advance(1);
        code = code * 8 + u32::from(digit - b'0');
    }
    code
}

/// Reads `7F` or `{10FFFF}`.
fn hexadecimal(cursor: &mut Cursor<'_>) -> Result<Option<u32>, Error> {
    let digit = |character: Option<char>| character.and_then(|character| character.to_digit(16));
    if cursor.is_done() {
        return Ok(None);
    }
    let first = cursor.next_char()?;
    if first != Some('{') {
        let low = cursor.next_char()?;
        return Ok(digit(first).zip(digit(low)).map(|(high, low)| high * 16 + low));
    }
    let mut code = None;
    loop {
        match cursor.next_char()? {
            Some('}') => return Ok(code),
            character => {
                let Some(digit) = digit(character) else { return Ok(None) };
                let larger = code.unwrap_or(0) * 16 + digit;
                if larger > unicode::MAX_CODE {
                    return Ok(None);
                }
                code = Some(larger);
            }
        }
    }
}
