//! From text to tokens.
//!
//! [`Raw`](raw) tells shapes apart; what a shape means depends on where it stands, and this module keeps track of that: in
//! braces every word is a label, in brackets there are durations, and what `:` is differs everywhere. The order in which
//! things are noticed, and the byte at which an error is reported, are those of `promql/parser/lex.go`.

mod number;
#[rustfmt::skip]
#[expect(
    clippy::all, clippy::indexing_slicing, clippy::semicolon_if_nothing_returned, unused, unused_qualifications, reason = "it is not for people to read"
)]
mod raw;
mod series;
mod string;

use logos::Logos;

use crate::Span;
use crate::ast::{BinaryOp, DurationOp, UnaryOp};
use crate::error::ErrorKind;
use crate::parse::token::Token;
use raw::{InBraces, Outside};

pub(crate) use series::{HINTS, Key, SeriesLexer, SeriesToken};
pub(crate) use string::{unquote, unquote_bytes};

/// An error of the lexer and where it is. Boxed, so that what comes of every token stays small.
pub(crate) type LexError = Box<(ErrorKind, Span)>;

/// A token with its first byte and the byte after the last.
pub(crate) type Lexeme = Result<(u32, Token, u32), LexError>;

#[derive(Debug)]
pub(crate) struct Lexer<'input> {
    text: &'input str,
    /// The byte that comes next.
    at: usize,
    /// How many parentheses are open.
    parens: u32,
    mode: Mode,
    /// Whether a colon was seen in the brackets.
    colon: bool,
    /// Whether a number was seen in any brackets so far.
    duration: bool,
    /// Whether this is series notation, where `x` repeats: `0x3`.
    series: bool,
    ended: bool,
    /// The comments that were passed.
    comments: Vec<Span>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Outside,
    Braces {
        in_brackets: bool,
    },
    /// In brackets, where a duration begins or goes on.
    Duration,
    /// In brackets, behind a number.
    AfterNumber,
}

impl<'input> Lexer<'input> {
    /// The text must be shorter than 4 GiB.
    pub(crate) fn new(text: &'input str) -> Self {
        Self {
            text,
            at: 0,
            parens: 0,
            mode: Mode::Outside,
            colon: false,
            duration: false,
            series: false,
            ended: false,
            comments: Vec::new(),
        }
    }

    pub(crate) fn into_comments(self) -> Vec<Span> {
        self.comments
    }

    fn rest(&self) -> &'input str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn peek_byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn pass_while(&mut self, keep: impl Fn(u8) -> bool) {
        let bytes = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += bytes.iter().position(|&b| !keep(b)).unwrap_or(bytes.len());
    }

    fn error(&self, kind: ErrorKind, start: usize) -> Lexeme {
        Err(Box::new((kind, self.span(start, self.at.max(start)))))
    }

    #[expect(clippy::cast_possible_truncation, reason = "the text is shorter than 4 GiB")]
    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(start as u32, end as u32)
    }

    fn token(&self, start: usize, token: Token) -> Lexeme {
        let span = self.span(start, self.at);
        Ok((span.start, token, span.end))
    }

    fn in_brackets(&self) -> bool {
        match self.mode {
            Mode::Outside => false,
            Mode::Braces { in_brackets } => in_brackets,
            Mode::Duration | Mode::AfterNumber => true,
        }
    }

    fn end(&mut self) -> Option<Lexeme> {
        if self.ended {
            return None;
        }
        self.ended = true;
        let at = self.at;
        let kind = match self.mode {
            Mode::Braces { .. } => ErrorKind::EndInBraces,
            Mode::Duration => ErrorKind::EndInDuration,
            Mode::Outside | Mode::AfterNumber if self.parens != 0 => ErrorKind::UnclosedParenthesis,
            Mode::AfterNumber => ErrorKind::UnclosedBracket,
            Mode::Outside => return None,
        };
        Some(self.error(kind, at))
    }

    fn comment(&mut self, start: usize) {
        self.pass_while(|b| b != b'\r' && b != b'\n');
        self.comments.push(self.span(start, self.at));
    }

    fn outside(&mut self) -> Option<Lexeme> {
        loop {
            let start = self.at;
            let mut raw = Outside::lexer(self.rest());
            let Some(shape) = raw.next() else { return self.end() };
            self.at += raw.span().end;
            match shape {
                Ok(Outside::Space) => {}
                Ok(Outside::Comment) if self.mode != Mode::Duration => self.comment(start),
                Ok(shape) if self.mode == Mode::Duration => return Some(self.in_duration(start, shape)),
                Ok(shape) => return Some(self.shape(start, shape)),
                Err(()) => return Some(self.stray(start)),
            }
        }
    }

    /// A character that begins nothing.
    fn stray(&mut self, start: usize) -> Lexeme {
        self.at = start;
        let found = self.peek();
        self.at += found.map_or(0, char::len_utf8);
        match (self.mode, found) {
            (Mode::Duration, Some(found)) => self.error(ErrorKind::CharacterInDuration(found), start),
            _ => self.error(ErrorKind::Character { found, expected: None }, start),
        }
    }

    fn shape(&mut self, start: usize, shape: Outside) -> Lexeme {
        use Outside as S;
        let token = match shape {
            S::Word if self.in_brackets() => return self.word_in_brackets(start),
            S::Colon if self.in_brackets() => {
                if self.colon {
                    return self.error(ErrorKind::RepeatedColon, start);
                }
                self.colon = true;
                Token::Colon
            }
            S::Word | S::Colon => return self.word(start),
            S::Number => return self.number(start),
            S::Quote | S::Backquote => return self.string(start, shape == S::Backquote),
            S::LeftParen => {
                self.parens += 1;
                Token::GroupingParen
            }
            S::RightParen => return self.right_paren(start),
            S::LeftBrace => {
                self.mode = Mode::Braces { in_brackets: self.in_brackets() };
                Token::LeftBrace
            }
            S::LeftBracket if self.in_brackets() => return self.error(ErrorKind::LeftBracket, start),
            S::LeftBracket => {
                self.colon = false;
                self.mode = Mode::Duration;
                Token::LeftBracket
            }
            S::RightBracket if self.in_brackets() => {
                self.mode = Mode::Outside;
                Token::RightBracket
            }
            S::RightBracket => return self.error(ErrorKind::RightBracket, start),
            S::Assign if self.peek() == Some('~') => {
                self.at += 1;
                return self.error(ErrorKind::CharacterAfter { after: '=', found: Some('~') }, start);
            }
            S::Not => {
                return self.error(ErrorKind::CharacterAfter { after: '!', found: self.peek() }, start);
            }
            S::Assign => Token::Assign,
            S::Comma => Token::Comma,
            S::At => Token::At,
            S::Plus => Token::DurationSign(UnaryOp::Plus),
            S::Minus => Token::DurationSign(UnaryOp::Minus),
            S::Star => Token::DurationMul(DurationOp::Mul),
            S::Slash => Token::DurationMul(DurationOp::Div),
            S::Percent => Token::DurationMul(DurationOp::Mod),
            S::Caret => Token::DurationPow,
            S::Equal => Token::Compare(BinaryOp::Equal),
            S::NotEqual => Token::NotEqual,
            S::Less => Token::Compare(BinaryOp::Less),
            S::LessOrEqual => Token::Compare(BinaryOp::LessOrEqual),
            S::TrimUpper => Token::Compare(BinaryOp::TrimUpper),
            S::Greater => Token::Compare(BinaryOp::Greater),
            S::GreaterOrEqual => Token::Compare(BinaryOp::GreaterOrEqual),
            S::TrimLower => Token::Compare(BinaryOp::TrimLower),
            S::Space | S::Comment => return self.stray(start),
        };
        self.token(start, token)
    }

    fn right_paren(&mut self, start: usize) -> Lexeme {
        match self.parens.checked_sub(1) {
            Some(left) => {
                self.parens = left;
                self.token(start, Token::RightParen)
            }
            // Prometheus reports the place behind it.
            None => self.error(ErrorKind::RightParenthesis, self.at),
        }
    }

    fn word(&mut self, start: usize) -> Lexeme {
        self.pass_while(is_word_byte_or_colon);
        let word = self.text.get(start..self.at).unwrap_or_default();
        let token = match Token::keyword(word) {
            // These are keywords in front of a parenthesis only, so that metrics that are called so can still be asked for.
            Some(Token::Fill(_)) if !self.rest().trim_start_matches(SPACES).starts_with('(') => Token::Identifier,
            Some(keyword) => keyword,
            None if word.contains(':') => Token::MetricIdentifier,
            None => Token::Identifier,
        };
        self.token(start, token)
    }

    /// A word behind a number in brackets: one of the few that durations have, or an error.
    fn word_in_brackets(&mut self, start: usize) -> Lexeme {
        match self.duration_word(start) {
            Some(token) => self.token(start, token),
            None => {
                let found = self.text.get(start..).and_then(|rest| rest.chars().next());
                self.error(ErrorKind::Character { found, expected: Some(':') }, start)
            }
        }
    }

    fn duration_word(&mut self, start: usize) -> Option<Token> {
        self.at = start;
        self.pass_while(|b| b.is_ascii_alphabetic() || b == b'_');
        match Token::keyword(self.text.get(start..self.at)?)? {
            token @ (Token::StepRange(_) | Token::MinMaxOf(_)) => Some(token),
            _ => None,
        }
    }

    fn in_duration(&mut self, start: usize, shape: Outside) -> Lexeme {
        use Outside as S;
        match shape {
            S::RightBracket => {
                self.colon = false;
                self.shape(start, shape)
            }
            S::Colon if !self.duration => self.error(ErrorKind::ColonBeforeDuration, self.at),
            S::Colon if self.colon => self.error(ErrorKind::RepeatedColonInDuration, self.at),
            S::LeftParen | S::RightParen | S::Colon | S::Comma => self.shape(start, shape),
            S::Plus | S::Minus | S::Star | S::Slash | S::Percent | S::Caret => self.shape(start, shape),
            S::Number => {
                self.duration = true;
                self.mode = Mode::AfterNumber;
                self.number(start)
            }
            S::Word => match self.duration_word(start) {
                Some(token) => self.token(start, token),
                None => {
                    let found = self.text.get(start..).and_then(|rest| rest.chars().next()).unwrap_or_default();
                    self.error(ErrorKind::CharacterInDuration(found), start)
                }
            },
            _ => self.stray(start),
        }
    }

    fn braces(&mut self, in_brackets: bool) -> Option<Lexeme> {
        loop {
            let start = self.at;
            let mut raw = InBraces::lexer(self.rest());
            let Some(shape) = raw.next() else { return self.end() };
            self.at += raw.span().end;
            let token = match shape {
                Ok(InBraces::Space) => continue,
                Ok(InBraces::Comment) => {
                    self.comment(start);
                    continue;
                }
                Ok(InBraces::Quote) => return Some(self.string(start, false)),
                Ok(InBraces::Backquote) => return Some(self.string(start, true)),
                Ok(InBraces::LeftBrace) => return Some(self.error(ErrorKind::LeftBrace, start)),
                Ok(InBraces::Not) => {
                    return Some(self.error(ErrorKind::CharacterAfterNotInBraces(self.peek()), start));
                }
                Err(()) => {
                    self.at = start;
                    let found = self.peek().unwrap_or_default();
                    self.at += found.len_utf8();
                    return Some(self.error(ErrorKind::CharacterInBraces(found), start));
                }
                Ok(InBraces::RightBrace) => {
                    self.mode = if in_brackets { Mode::AfterNumber } else { Mode::Outside };
                    Token::RightBrace
                }
                Ok(InBraces::Word) => Token::Identifier,
                Ok(InBraces::Comma) => Token::Comma,
                Ok(InBraces::Assign) => Token::Assign,
                Ok(InBraces::NotEqual) => Token::NotEqual,
                Ok(InBraces::MatchRegex) => Token::MatchRegex,
                Ok(InBraces::MatchNotRegex) => Token::MatchNotRegex,
            };
            return Some(self.token(start, token));
        }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Lexeme;

    fn next(&mut self) -> Option<Lexeme> {
        match self.mode {
            Mode::Braces { in_brackets } => self.braces(in_brackets),
            _ => self.outside(),
        }
    }
}

const SPACES: [char; 4] = [' ', '\t', '\n', '\r'];

fn is_word_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

fn is_word_byte_or_colon(b: u8) -> bool {
    is_word_byte(b) || b == b':'
}
