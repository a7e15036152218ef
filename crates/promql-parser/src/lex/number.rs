//! Numbers and durations.

use super::{Lexeme, Lexer, is_word_byte};
use crate::error::ErrorKind;
use crate::parse::token::Token;

impl Lexer<'_> {
    /// A number or a duration that begins at `start`. Whether it is a valid one is found out later.
    pub(super) fn number(&mut self, start: usize) -> Lexeme {
        self.at = start;
        let token = if self.pass_number() {
            Token::Number
        } else if self.pass_duration() {
            Token::Duration
        } else {
            let text = self.text.get(start..self.at).unwrap_or_default().to_owned();
            let error = self.error(ErrorKind::NumberSyntax(text), start);
            self.pass_while(is_word_byte);
            return error;
        };
        self.token(start, token)
    }

    fn pass(&mut self, set: &[u8]) -> bool {
        let passed = self.peek_byte().is_some_and(|b| set.contains(&b));
        self.at += usize::from(passed);
        passed
    }

    /// Passes over what looks like a number, and tells whether it ends like one. Where it stops is seen in errors, so it
    /// stops where `scanNumber` of `promql/parser/lex.go` does.
    pub(super) fn pass_number(&mut self) -> bool {
        let hex = !self.series && self.pass(b"0") && self.pass(b"xX");
        if hex {
            self.pass(b"_");
        }
        let is_digit = |b: u8| if hex { b.is_ascii_hexdigit() } else { b.is_ascii_digit() };
        self.pass(b".");
        if self.peek_byte().is_some_and(is_digit) {
            self.at += 1;
        }
        let (mut dot, mut exponent) = (false, false);
        loop {
            match self.peek_byte() {
                Some(b'.') => {
                    self.at += 1;
                    // A hexadecimal number has no fraction.
                    if dot || self.pass(b"_.") || hex {
                        return false;
                    }
                    dot = true;
                }
                Some(b'e' | b'E') if exponent => {
                    self.at += 1;
                    return false;
                }
                Some(b'e' | b'E') => {
                    self.at += 1;
                    exponent = true;
                    self.pass(b"+-");
                    if self.pass(b"._eE") || self.peek_byte().is_none() {
                        return false;
                    }
                }
                Some(b'_') => {
                    self.at += 1;
                    if self.pass(b"._eE") || self.peek_byte().is_none() {
                        return false;
                    }
                }
                Some(b) if is_digit(b) => self.pass_while(is_digit),
                Some(b'x') if self.series => return true,
                Some(b) => return !is_word_byte(b),
                None => return true,
            }
        }
    }

    /// Passes over the rest of a duration, whose first digits were passed.
    fn pass_duration(&mut self) -> bool {
        if !self.pass(b"smhdwy") {
            return false;
        }
        self.pass(b"s");
        while self.peek_byte().is_some_and(|b| b.is_ascii_digit()) {
            self.pass_while(|b| b.is_ascii_digit());
            // Years come first if at all.
            if !self.pass(b"smhdw") {
                return false;
            }
            self.pass(b"s");
        }
        match self.peek() {
            Some(c) if c.is_ascii() && is_word_byte(c as u8) => {
                // The character is part of what is reported.
                self.at += 1;
                false
            }
            _ => true,
        }
    }
}
