//! A position in a pattern that may hold bytes which are not UTF-8.
//!
//! Go checks UTF-8 as it goes, so that an earlier mistake is reported first; hence bytes, decoded one character at a
//! time.

use crate::error::{Error, ErrorKind};

#[derive(Debug, Clone)]
pub(super) struct Cursor<'p> {
    text: &'p [u8],
    at: usize,
}

impl<'p> Cursor<'p> {
    pub(super) fn new(text: &'p [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// All of the text, whatever the position.
    pub(super) fn text(&self) -> &'p [u8] {
        self.text
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'p [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What was read since the position `start`.
    pub(super) fn since(&self, start: usize) -> &'p [u8] {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The byte `ahead` bytes after the next one.
    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    pub(super) fn starts_with(&self, prefix: &[u8]) -> bool {
        self.rest().starts_with(prefix)
    }

    pub(super) fn advance(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.text.len());
    }

    /// Steps over `byte` if it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Steps over the next character; `None` at the end.
    pub(super) fn next_char(&mut self) -> Result<Option<char>, Error> {
        let decoded = first_char(self.rest())?;
        self.at += decoded.map_or(0, char::len_utf8);
        Ok(decoded)
    }

    /// Whether the position is the end of the text.
    pub(super) fn is_done(&self) -> bool {
        self.at >= self.text.len()
    }
}

/// The first character of `text`, of which all is reported if it is not UTF-8.
fn first_char(text: &[u8]) -> Result<Option<char>, Error> {
    let Some(&first) = text.first() else { return Ok(None) };
    let width = match first {
        0x00..=0x7f => return Ok(Some(char::from(first))),
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    let decoded = text.get(..width).and_then(|bytes| str::from_utf8(bytes).ok());
    let character = decoded.and_then(|decoded| decoded.chars().next());
    character.map(Some).ok_or_else(|| Error::new(ErrorKind::InvalidUtf8, text))
}

/// Refuses `text` from its first byte on that is not UTF-8.
pub(super) fn check_utf8(text: &[u8]) -> Result<&str, Error> {
    str::from_utf8(text)
        .map_err(|error| Error::new(ErrorKind::InvalidUtf8, text.get(error.valid_up_to()..).unwrap_or_default()))
}
