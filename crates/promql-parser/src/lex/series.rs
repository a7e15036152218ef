//! Tokens of series notation.
//!
//! Up to the end of the metric they are those of queries. Behind it spaces count, `x` and `_` are tokens, and between `{{` and
//! `}}` there is a third language. The states, the order in which things are noticed and the byte at which an error is
//! reported are those of `promql/parser/lex.go`, oddities included: in `[ab5]` the number is `ab5`.

use promd_model::CounterResetHint;

use super::{LexError, Lexer, SPACES};
use crate::ast::UnaryOp;
use crate::error::ErrorKind;
use crate::parse::token::Token;

/// What the notation consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SeriesToken {
    /// A token of queries.
    Query(Token),
    Number,
    Sign(UnaryOp),
    /// `x`
    Times,
    /// `_`
    Blank,
    /// One or more blanks.
    Space,
    /// `{{`
    Open,
    /// `}}`
    Close,
    Key(Key),
    Hint(CounterResetHint),
    Colon,
    LeftBracket,
    RightBracket,
    End,
}

/// What is said of a histogram, in the order of Prometheus' tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Sum,
    Count,
    Schema,
    Offset,
    NegativeOffset,
    Buckets,
    NegativeBuckets,
    ZeroBucket,
    ZeroBucketWidth,
    CustomValues,
    CounterResetHint,
}

impl Key {
    pub(crate) const ALL: [(&'static str, Self); 11] = [
        ("sum", Self::Sum),
        ("count", Self::Count),
        ("schema", Self::Schema),
        ("offset", Self::Offset),
        ("n_offset", Self::NegativeOffset),
        ("buckets", Self::Buckets),
        ("n_buckets", Self::NegativeBuckets),
        ("z_bucket", Self::ZeroBucket),
        ("z_bucket_w", Self::ZeroBucketWidth),
        ("custom_values", Self::CustomValues),
        ("counter_reset_hint", Self::CounterResetHint),
    ];

    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, key)| *key == self).map_or("", |(name, _)| name)
    }
}

/// In the order of Prometheus' tokens.
pub(crate) const HINTS: [(&str, CounterResetHint); 4] = [
    ("unknown", CounterResetHint::Unknown),
    ("reset", CounterResetHint::Reset),
    ("not_reset", CounterResetHint::NotReset),
    ("gauge", CounterResetHint::Gauge),
];

pub(crate) struct SeriesLexer<'input> {
    lexer: Lexer<'input>,
    /// Whether there are values behind the metric.
    values: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Metric,
    Values,
    Histogram,
    /// Right behind `}}`.
    BehindHistogram,
    Buckets,
    /// In brackets, right behind a minus.
    NegativeBucket,
}

type Lexeme = Result<(u32, SeriesToken, u32), LexError>;

impl<'input> SeriesLexer<'input> {
    /// The text must be shorter than 4 GiB.
    pub(crate) fn new(text: &'input str) -> Self {
        Self { lexer: Lexer { series: true, ..Lexer::new(text) }, values: true, state: State::Metric }
    }

    /// Of a metric alone.
    pub(crate) fn of_metric(text: &'input str) -> Self {
        Self { lexer: Lexer::new(text), values: false, state: State::Metric }
    }

    /// The next token; at the end [`SeriesToken::End`] again and again.
    pub(crate) fn next(&mut self) -> Lexeme {
        let start = self.lexer.at;
        match self.state {
            State::Metric => self.metric(),
            State::Values => self.value(start),
            State::Histogram => self.histogram(start),
            State::BehindHistogram => {
                self.state = State::Values;
                match self.lexer.peek() {
                    Some('x' | '+' | '-') => self.value(start),
                    _ => self.next(),
                }
            }
            State::Buckets => self.bucket(start),
            State::NegativeBucket => {
                self.state = State::Buckets;
                self.number(start)
            }
        }
    }

    fn token(&self, start: usize, token: SeriesToken) -> Lexeme {
        let span = self.lexer.span(start, self.lexer.at);
        Ok((span.start, token, span.end))
    }

    fn error(&self, kind: ErrorKind, start: usize) -> Lexeme {
        Err(Box::new((kind, self.lexer.span(start, self.lexer.at.max(start)))))
    }

    fn metric(&mut self) -> Lexeme {
        let outside = !matches!(self.lexer.mode, super::Mode::Braces { .. });
        let Some(lexeme) = self.lexer.next() else { return self.token(self.lexer.at, SeriesToken::End) };
        let (start, token, end) = lexeme?;
        let word = self.lexer.text.get(start as usize..).is_some_and(|text| text.starts_with(begins_word));
        let ended = token == Token::RightBrace || (outside && word && self.lexer.peek() != Some('{'));
        if ended && self.values {
            self.state = State::Values;
        }
        Ok((start, SeriesToken::Query(token), end))
    }

    /// A blank, whatever follows it.
    fn space(&mut self, start: usize) -> Lexeme {
        let token = self.token(start, SeriesToken::Space);
        self.lexer.at = self.lexer.text.len() - self.lexer.rest().trim_start_matches(SPACES).len();
        token
    }

    fn number(&mut self, start: usize) -> Lexeme {
        let from = self.lexer.at;
        if self.lexer.pass_number() && self.lexer.at > from {
            return self.token(start, SeriesToken::Number);
        }
        let text = self.lexer.text.get(start..self.lexer.at).unwrap_or_default();
        self.error(ErrorKind::SeriesNumberSyntax(text.to_owned()), start)
    }

    fn value(&mut self, start: usize) -> Lexeme {
        let rest = self.lexer.rest();
        let Some(c) = rest.chars().next() else { return self.token(start, SeriesToken::End) };
        let second = rest.as_bytes().get(1);
        if c.is_ascii_digit() || (c == '.' && second.is_some_and(u8::is_ascii_digit)) {
            return self.number(start);
        }
        self.lexer.at += c.len_utf8();
        match c {
            '{' if second == Some(&b'{') => {
                self.lexer.at += 1;
                self.state = State::Histogram;
                self.token(start, SeriesToken::Open)
            }
            c if SPACES.contains(&c) => self.space(start),
            '+' => self.token(start, SeriesToken::Sign(UnaryOp::Plus)),
            '-' => self.token(start, SeriesToken::Sign(UnaryOp::Minus)),
            'x' => self.token(start, SeriesToken::Times),
            '_' => self.token(start, SeriesToken::Blank),
            c if c.is_ascii_alphabetic() => {
                let (start, token, end) = self.lexer.word(start)?;
                if self.lexer.peek() == Some('{') {
                    self.state = State::Metric;
                }
                Ok((start, SeriesToken::Query(token), end))
            }
            c => self.error(ErrorKind::CharacterInSeries(c), start),
        }
    }

    fn histogram(&mut self, start: usize) -> Lexeme {
        let Some(c) = self.lexer.peek() else { return self.error(ErrorKind::CharacterInHistogram(None), start) };
        if c.is_ascii_digit() {
            return self.number(start);
        }
        if is_letter(c) {
            return self.histogram_word(start);
        }
        self.lexer.at += c.len_utf8();
        match c {
            c if SPACES.contains(&c) => self.space(start),
            ':' => self.token(start, SeriesToken::Colon),
            '-' => self.token(start, SeriesToken::Sign(UnaryOp::Minus)),
            '[' => {
                self.state = State::Buckets;
                self.token(start, SeriesToken::LeftBracket)
            }
            '}' if self.lexer.peek() == Some('}') => {
                self.lexer.at += 1;
                self.state = State::BehindHistogram;
                self.token(start, SeriesToken::Close)
            }
            c => self.error(ErrorKind::CharacterInHistogram(Some(c)), start),
        }
    }

    fn histogram_word(&mut self, start: usize) -> Lexeme {
        self.lexer.pass_while(|b| is_letter(char::from(b)));
        let word = self.lexer.text.get(start..self.lexer.at).unwrap_or_default();
        let is = |name: &str| name.eq_ignore_ascii_case(word);
        if let Some((_, key)) = Key::ALL.iter().find(|(name, _)| is(name)) {
            return match self.lexer.peek() {
                Some(':') => self.token(start, SeriesToken::Key(*key)),
                _ => self.error(ErrorKind::MissingColon, start),
            };
        }
        if is("inf") || is("nan") {
            return self.token(start, SeriesToken::Number);
        }
        match HINTS.iter().find(|(name, _)| is(name)) {
            Some((_, hint)) => self.token(start, SeriesToken::Hint(*hint)),
            None => self.error(ErrorKind::HistogramKey(word.to_owned()), start),
        }
    }

    fn bucket(&mut self, start: usize) -> Lexeme {
        loop {
            let Some(c) = self.lexer.peek() else { return self.error(ErrorKind::CharacterInBuckets(None), start) };
            if c.is_ascii_digit() {
                return self.number(start);
            }
            self.lexer.at += c.len_utf8();
            match c {
                c if SPACES.contains(&c) => return self.space(start),
                '-' => {
                    self.state = State::NegativeBucket;
                    return self.token(start, SeriesToken::Sign(UnaryOp::Minus));
                }
                ']' => {
                    self.state = State::Histogram;
                    return self.token(start, SeriesToken::RightBracket);
                }
                c if is_letter(c) => {
                    let word = self.lexer.text.get(start..self.lexer.at).unwrap_or_default();
                    if word.eq_ignore_ascii_case("inf") || word.eq_ignore_ascii_case("nan") {
                        return self.token(start, SeriesToken::Number);
                    }
                }
                c => return self.error(ErrorKind::CharacterInBuckets(Some(c)), start),
            }
        }
    }
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn begins_word(c: char) -> bool {
    is_letter(c) || c == ':'
}
