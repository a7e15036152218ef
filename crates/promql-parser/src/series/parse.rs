//! The grammar.
//!
//! It is small enough to be walked by hand. What is said about an unexpected token is what goyacc's parser says: it depends on
//! which error rule of `promql/parser/generated_parser.y` is open (`No…`), and a complete item is closed before the token
//! behind it is looked at.

use std::sync::Arc;

use promd_model::{FloatHistogram, Labels, LabelsBuilder, LabelsError, METRIC_NAME, STALE_NAN, Span as BucketSpan};

use super::values::stepped;
use super::{SeriesDescription, SeriesItem};
use crate::Span;
use crate::ast::UnaryOp;
use crate::error::{ErrorKind, MAX_ERRORS, ParseError, ParseErrors};
use crate::lex::{HINTS, Key, SeriesLexer, SeriesToken, unquote};
use crate::parse::build::{cut, describe};
use crate::parse::number;
use crate::parse::token::Token;

/// Nothing more can be read, because of this.
struct Stop(ParseError);

type Result<T, E = Stop> = std::result::Result<T, E>;

/// What is told where nothing fits: the context and what was expected.
type Told = (&'static str, &'static str);

const NO_VALUES: Told = ("series values", "");
const NO_STALE: Told = ("series values", "number or \"stale\"");
const NO_KEY: Told = ("histogram description", "histogram description key, e.g. buckets:[5 10 7]");
const NO_LABEL: Told = ("label set", "identifier or \"}\"");
const NO_COMMA: Told = ("label set", "\",\" or \"}\"");
const NO_EQUAL: Told = ("label set", "\"=\"");
const NO_STRING: Told = ("label set", "string");
const NOTHING: Told = ("", "");

/// The numbers that Prometheus' tokens without a name have: of the first key, and of the first hint.
const FIRST_KEY: usize = 57370;
const FIRST_HINT: usize = 57445;

pub(super) fn parse(text: &str) -> Result<SeriesDescription, ParseErrors> {
    let mut parser = Parser::new(text, SeriesLexer::new(text));
    let description = parser.description();
    parser.end(description)
}

pub(super) fn parse_metric(text: &str) -> Result<Labels, ParseErrors> {
    let mut parser = Parser::new(text, SeriesLexer::of_metric(text));
    let labels = parser.metric().and_then(|labels| parser.expect(SeriesToken::End, NOTHING).map(|()| labels));
    parser.end(labels)
}

struct Parser<'t> {
    text: &'t str,
    lexer: SeriesLexer<'t>,
    /// The token that comes next, once it was looked at.
    next: Option<SeriesToken>,
    /// Where the token stands that was looked at last.
    span: Span,
    errors: Vec<ParseError>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, lexer: SeriesLexer<'t>) -> Self {
        Self { text, lexer, next: None, span: Span::default(), errors: Vec::new() }
    }

    fn end<T>(mut self, parsed: Result<T>) -> Result<T, ParseErrors> {
        match parsed {
            Ok(parsed) => ParseErrors::new(self.errors).map_or(Ok(parsed), Err),
            Err(Stop(last)) => {
                self.errors.push(last);
                Err(ParseErrors::of(self.errors))
            }
        }
    }

    fn error(&mut self, kind: ErrorKind, span: Span) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(ParseError::new(kind, span, self.text));
        }
    }

    fn slice(&self) -> &'t str {
        self.span.slice(self.text).unwrap_or_default()
    }

    fn peek(&mut self) -> Result<SeriesToken> {
        if let Some(token) = self.next {
            return Ok(token);
        }
        match self.lexer.next() {
            Ok((start, token, end)) => {
                self.next = Some(token);
                self.span = Span::new(start, end);
                Ok(token)
            }
            Err(error) => {
                let (kind, span) = *error;
                Err(self.stop(kind, span))
            }
        }
    }

    fn stop(&self, kind: ErrorKind, span: Span) -> Stop {
        Stop(ParseError::new(kind, span, self.text))
    }

    /// Takes the token that was looked at.
    fn take(&mut self) {
        self.next = None;
    }

    /// Takes the next token if it is this one.
    fn accept(&mut self, token: SeriesToken) -> Result<bool> {
        let accepted = self.peek()? == token;
        if accepted {
            self.take();
        }
        Ok(accepted)
    }

    fn expect(&mut self, token: SeriesToken, told: Told) -> Result<()> {
        if self.accept(token)? { Ok(()) } else { Err(self.unexpected(told)) }
    }

    /// That the token that was looked at last has no place there.
    fn unexpected(&self, (context, expected): Told) -> Stop {
        let text = self.slice();
        let found = match self.next {
            Some(SeriesToken::Query(token)) => describe(token, text),
            Some(SeriesToken::Number) => describe(Token::Number, text),
            Some(SeriesToken::Sign(sign)) => describe(Token::Sign(sign), text),
            Some(SeriesToken::End) | None => describe(Token::End, text),
            Some(SeriesToken::Key(key)) => {
                let at = Key::ALL.iter().position(|(_, other)| *other == key).unwrap_or_default();
                format!("\"<Item {}>\" {}", FIRST_KEY + at, cut(text))
            }
            Some(SeriesToken::Hint(hint)) => {
                let at = HINTS.iter().position(|(_, other)| *other == hint).unwrap_or_default();
                format!("\"<Item {}>\" {}", FIRST_HINT + at, cut(text))
            }
            Some(_) => cut(text),
        };
        self.stop(ErrorKind::Unexpected { found, context, expected }, self.span)
    }

    fn description(&mut self) -> Result<SeriesDescription> {
        if u32::try_from(self.text.len()).is_err() {
            return Err(self.stop(ErrorKind::TooLong, Span::default()));
        }
        let labels = self.metric()?;
        let mut items = Vec::new();
        self.values(&mut items)?;
        Ok(SeriesDescription { labels, items })
    }

    // === The metric ===

    fn metric(&mut self) -> Result<Labels> {
        let mut name = None;
        if let SeriesToken::Query(token) = self.peek()?
            && is_metric_name(token)
        {
            name = Some(self.slice());
            self.take();
        }
        let mut pairs = Vec::new();
        let start = self.span;
        if self.accept(SeriesToken::Query(Token::LeftBrace))? {
            self.label_set(&mut pairs)?;
        }
        Self::labels(name, &pairs).map_err(|error| self.stop(ErrorKind::Labels(error), start.to(self.span)))
    }

    fn labels(name: Option<&str>, pairs: &[(String, String)]) -> Result<Labels, LabelsError> {
        let labels = Labels::from_pairs(pairs.iter().map(|(name, value)| (name, value)))?;
        let mut builder = LabelsBuilder::new();
        builder.reset(&labels);
        if let Some(name) = name {
            builder.set(METRIC_NAME, name);
        }
        builder.build().map(|labels| labels.without_empty())
    }

    /// What stands in the braces, and the closing one.
    fn label_set(&mut self, pairs: &mut Vec<(String, String)>) -> Result<()> {
        let query = |token| SeriesToken::Query(token);
        loop {
            if self.accept(query(Token::RightBrace))? {
                return Ok(());
            }
            match self.peek()? {
                SeriesToken::Query(Token::Identifier) => {
                    let name = self.slice().to_owned();
                    self.take();
                    self.expect(query(Token::Assign), NO_EQUAL)?;
                    pairs.push((name, self.label_value()?));
                }
                SeriesToken::Query(Token::String) => {
                    let name = unquote(self.slice()).into_owned();
                    self.take();
                    if self.accept(query(Token::Assign))? {
                        pairs.push((name, self.label_value()?));
                    } else {
                        pairs.push((METRIC_NAME.to_owned(), name));
                    }
                }
                _ => return Err(self.unexpected(NO_LABEL)),
            }
            if !self.accept(query(Token::Comma))? {
                return self.expect(query(Token::RightBrace), NO_COMMA);
            }
        }
    }

    fn label_value(&mut self) -> Result<String> {
        self.peek()?;
        let value = unquote(self.slice()).into_owned();
        self.expect(SeriesToken::Query(Token::String), NO_STRING)?;
        Ok(value)
    }

    // === The values ===

    fn values(&mut self, items: &mut Vec<SeriesItem>) -> Result<()> {
        let mut told = NO_VALUES;
        loop {
            match self.peek()? {
                SeriesToken::End => return Ok(()),
                SeriesToken::Space => self.take(),
                _ => return Err(self.unexpected(told)),
            }
            told = NOTHING;
            match self.peek()? {
                SeriesToken::Blank => items.push(self.missing()?),
                SeriesToken::Open => items.push(self.histograms()?),
                SeriesToken::Number | SeriesToken::Sign(_) | SeriesToken::Query(Token::Identifier | Token::Number) => {
                    items.push(self.floats()?);
                }
                _ => {}
            }
        }
    }

    fn missing(&mut self) -> Result<SeriesItem> {
        self.take();
        let count = if self.accept(SeriesToken::Times)? { self.count()? } else { 1 };
        Ok(SeriesItem::Missing { count })
    }

    fn floats(&mut self) -> Result<SeriesItem> {
        let first = match self.peek()? {
            SeriesToken::Query(Token::Identifier) => {
                if self.slice() != "stale" && self.errors.len() < MAX_ERRORS {
                    let Stop(error) = self.unexpected(NO_STALE);
                    self.errors.push(error);
                }
                self.take();
                STALE_NAN
            }
            SeriesToken::Sign(sign) => {
                self.take();
                self.signed(sign, NO_VALUES)?
            }
            _ => self.number(NO_VALUES)?,
        };
        let step = match self.peek()? {
            SeriesToken::Times => None,
            SeriesToken::Sign(sign) => {
                self.take();
                Some(self.signed(sign, NO_VALUES)?)
            }
            _ => return Ok(SeriesItem::Float { first, step: 0.0, count: 1 }),
        };
        self.expect(SeriesToken::Times, NO_VALUES)?;
        let count = self.count()?.saturating_add(1);
        Ok(SeriesItem::Float { first, step: step.unwrap_or_default(), count })
    }

    fn signed(&mut self, sign: UnaryOp, told: Told) -> Result<f64> {
        let number = self.number(told)?;
        Ok(if sign == UnaryOp::Minus { -number } else { number })
    }

    fn number(&mut self, told: Told) -> Result<f64> {
        let (SeriesToken::Number | SeriesToken::Query(Token::Number)) = self.peek()? else {
            return Err(self.unexpected(told));
        };
        self.take();
        Ok(number::parse(self.slice()).unwrap_or_else(|kind| {
            self.error(kind, self.span);
            0.0
        }))
    }

    fn signed_or_unsigned(&mut self, told: Told) -> Result<f64> {
        match self.peek()? {
            SeriesToken::Sign(sign) => {
                self.take();
                self.signed(sign, told)
            }
            _ => self.number(told),
        }
    }

    fn count(&mut self) -> Result<u64> {
        self.whole_number(NO_VALUES)
    }

    /// `strconv.ParseUint` of a number.
    fn whole_number(&mut self, told: Told) -> Result<u64> {
        let (SeriesToken::Number | SeriesToken::Query(Token::Number)) = self.peek()? else {
            return Err(self.unexpected(told));
        };
        self.take();
        let text = self.slice();
        let reason = if text.bytes().all(|b| b.is_ascii_digit()) { "value out of range" } else { "invalid syntax" };
        Ok(text.parse().unwrap_or_else(|_| {
            self.error(ErrorKind::Repetition { count: text.to_owned(), reason }, self.span);
            0
        }))
    }

    // === Histograms ===

    fn histograms(&mut self) -> Result<SeriesItem> {
        let (first, mut names_hint) = self.histogram()?;
        let mut step = None;
        match self.peek()? {
            SeriesToken::Times => {}
            SeriesToken::Sign(sign) => {
                self.take();
                let SeriesToken::Open = self.peek()? else { return Err(self.unexpected(NO_VALUES)) };
                let histogram;
                (histogram, names_hint) = self.histogram()?;
                step = Some((sign, Arc::new(histogram)));
            }
            _ => return Ok(SeriesItem::Histogram { first: Arc::new(first), step, count: 1, names_hint }),
        }
        self.expect(SeriesToken::Times, NO_VALUES)?;
        let mut count = self.count()?.saturating_add(1);
        if let Some((sign, by)) = &step
            && count > 1
            && let Err(kind) = Self::try_step(&first, *sign, by)
        {
            self.error(kind, self.span);
            count = 1;
        }
        Ok(SeriesItem::Histogram { first: Arc::new(first), step, count, names_hint })
    }

    /// What goes wrong at any step goes wrong at the first.
    fn try_step(first: &FloatHistogram, sign: UnaryOp, step: &FloatHistogram) -> Result<(), ErrorKind> {
        if first.schema > step.schema {
            return Err(ErrorKind::HistogramSchemas { first: first.schema, step: step.schema });
        }
        stepped(first, sign, step).map(drop).map_err(|error| ErrorKind::Histograms(error.to_string()))
    }

    /// `{{…}}`, and whether it says what the counter reset hint is.
    fn histogram(&mut self) -> Result<(FloatHistogram, bool)> {
        self.take();
        let mut parts = Parts::default();
        if self.accept(SeriesToken::Space)? {
            self.expect(SeriesToken::Close, NO_VALUES)?;
            return Ok(parts.build());
        }
        if self.accept(SeriesToken::Close)? {
            return Ok(parts.build());
        }
        self.part(&mut parts, NO_VALUES)?;
        loop {
            if self.accept(SeriesToken::Space)? && !matches!(self.peek()?, SeriesToken::Close) {
                self.part(&mut parts, NO_KEY)?;
            } else {
                self.expect(SeriesToken::Close, NO_KEY)?;
                return Ok(parts.build());
            }
        }
    }

    fn part(&mut self, parts: &mut Parts, told: Told) -> Result<()> {
        let SeriesToken::Key(key) = self.peek()? else { return Err(self.unexpected(told)) };
        self.take();
        self.expect(SeriesToken::Colon, told)?;
        let twice = parts.seen.contains(&key);
        let mut dropped = Parts::default();
        let target = if twice { &mut dropped } else { parts };
        target.seen.push(key);
        let histogram = &mut target.histogram;
        match key {
            Key::Schema => histogram.schema = self.integer(told)?,
            Key::Sum => histogram.sum = self.signed_or_unsigned(told)?,
            Key::Count => histogram.count = self.signed_or_unsigned(told)?,
            Key::ZeroBucket => histogram.zero_count = self.signed_or_unsigned(told)?,
            Key::ZeroBucketWidth => histogram.zero_threshold = self.number(told)?,
            Key::Buckets => histogram.positive_buckets = self.buckets(told)?,
            Key::NegativeBuckets => histogram.negative_buckets = self.buckets(told)?,
            Key::CustomValues => histogram.custom_values = self.buckets(told)?,
            Key::Offset => target.offset = self.integer(told)?,
            Key::NegativeOffset => target.negative_offset = self.integer(told)?,
            Key::CounterResetHint => {
                let SeriesToken::Hint(hint) = self.peek()? else { return Err(self.unexpected(told)) };
                self.take();
                histogram.counter_reset_hint = hint;
            }
        }
        if twice {
            // Prometheus says it without a place.
            self.error(ErrorKind::HistogramKeyTwice(key.as_str()), Span::default());
        }
        Ok(())
    }

    fn integer(&mut self, told: Told) -> Result<i32> {
        let negative = self.accept(SeriesToken::Sign(UnaryOp::Minus))?;
        let number = self.whole_number(told)?;
        #[expect(clippy::cast_possible_truncation, reason = "Prometheus takes the low bits, too")]
        let low = number as i32;
        Ok(if negative { low.wrapping_neg() } else { low })
    }

    /// `[1 2 3]`. What does not belong there behind the first number is skipped, and Prometheus does not say so.
    fn buckets(&mut self, told: Told) -> Result<Vec<f64>> {
        self.expect(SeriesToken::LeftBracket, told)?;
        let mut buckets = vec![self.signed_or_unsigned(told)?];
        loop {
            match self.peek()? {
                SeriesToken::RightBracket => {
                    self.take();
                    return Ok(buckets);
                }
                SeriesToken::Space => {
                    self.take();
                    if let SeriesToken::Number | SeriesToken::Sign(_) = self.peek()? {
                        buckets.push(self.signed_or_unsigned(told)?);
                    }
                }
                _ => self.take(),
            }
        }
    }
}

/// Keywords that may be the name of a metric.
fn is_metric_name(token: Token) -> bool {
    use Token as T;
    matches!(
        token,
        T::Aggregate(_)
            | T::And(_)
            | T::By
            | T::Fill(_)
            | T::FillName
            | T::Identifier
            | T::MetricIdentifier
            | T::MinMaxOf(_)
            | T::Mode(_)
            | T::Offset
            | T::Or
            | T::StartEnd(_)
            | T::StepRange(_)
            | T::Without
    )
}

/// What is said of a histogram.
#[derive(Default)]
struct Parts {
    seen: Vec<Key>,
    /// But for its spans.
    histogram: FloatHistogram,
    offset: i32,
    negative_offset: i32,
}

impl Parts {
    /// The histogram, and whether it was said what its counter reset hint is.
    fn build(self) -> (FloatHistogram, bool) {
        let spans = |offset, buckets: &[f64]| {
            let length = u32::try_from(buckets.len()).unwrap_or(u32::MAX);
            if length == 0 { Vec::new() } else { vec![BucketSpan::new(offset, length)] }
        };
        let mut histogram = self.histogram;
        histogram.positive_spans = spans(self.offset, &histogram.positive_buckets);
        histogram.negative_spans = spans(self.negative_offset, &histogram.negative_buckets);
        (histogram, self.seen.contains(&Key::CounterResetHint))
    }
}
