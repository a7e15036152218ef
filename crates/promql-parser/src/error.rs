//! What is wrong with a query, in the words of Prometheus.

use std::fmt;

use promd_model::{DurationError, LabelsError, float::ParseFloatError, quote};

use crate::ast::{AggregateOp, BinaryOp, RangeMode};
use crate::{LineColumn, Span, ValueType};

/// How much is reported of one kind (syntax, types). Whoever has so many errors needs no more, and each costs a look for its
/// line.
pub(crate) const MAX_ERRORS: usize = 100;

/// Something that is wrong with a query, and where.
///
/// It is displayed as Prometheus does, with line and column: `1:3: parse error: unexpected end of input`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    kind: ErrorKind,
    span: Span,
    place: Option<LineColumn>,
}

impl ParseError {
    pub(crate) fn new(kind: ErrorKind, span: Span, text: &str) -> Self {
        Self { kind, span, place: (!text.is_empty()).then(|| span.line_column(text)) }
    }

    /// What is wrong. It is displayed without the place.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Where.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The line and column of the start. There is none in an empty text.
    #[must_use]
    pub fn place(&self) -> Option<LineColumn> {
        self.place
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(f, "{place}: parse error: {}", self.kind),
            None => write!(f, "unknown position: parse error: {}", self.kind),
        }
    }
}

impl std::error::Error for ParseError {}

/// Everything that is wrong with a query; at least one thing. The first is what Prometheus would say, and is what is
/// displayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseErrors(Vec<ParseError>);

impl ParseErrors {
    pub(crate) fn new(errors: Vec<ParseError>) -> Option<Self> {
        (!errors.is_empty()).then_some(Self(errors))
    }

    /// Of at least one error.
    pub(crate) fn of(errors: Vec<ParseError>) -> Self {
        debug_assert!(!errors.is_empty(), "something is wrong");
        Self(errors)
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[ParseError] {
        &self.0
    }
}

impl IntoIterator for ParseErrors {
    type Item = ParseError;
    type IntoIter = std::vec::IntoIter<ParseError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for ParseErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.first().map_or(Ok(()), |first| first.fmt(f))
    }
}

impl std::error::Error for ParseErrors {}

/// The ways in which a query can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts say it")]
#[non_exhaustive]
pub enum ErrorKind {
    // === Characters ===
    #[error("unexpected character: {}{}", rune(*.found), Expected(.expected))]
    Character { found: Option<char>, expected: Option<char> },
    #[error("unexpected character inside braces: {}", rune(Some(*.0)))]
    CharacterInBraces(char),
    #[error("unexpected character after '{after}': {}", rune(*.found))]
    CharacterAfter { after: char, found: Option<char> },
    #[error("unexpected character after '!' inside braces: {}", rune(*.0))]
    CharacterAfterNotInBraces(Option<char>),
    #[error("unexpected character in duration expression: {}", rune(Some(*.0)))]
    CharacterInDuration(char),
    #[error("unexpected end of input in duration expression")]
    EndInDuration,
    #[error("unexpected end of input inside braces")]
    EndInBraces,
    #[error("unexpected colon before duration in duration expression")]
    ColonBeforeDuration,
    #[error("unexpected repeated colon in duration expression")]
    RepeatedColonInDuration,
    #[error("unexpected colon ':'")]
    RepeatedColon,
    #[error("unexpected left brace '{{'")]
    LeftBrace,
    #[error("unexpected left bracket '['")]
    LeftBracket,
    #[error("unexpected right bracket ']'")]
    RightBracket,
    #[error("unexpected right parenthesis ')'")]
    RightParenthesis,
    #[error("unclosed left parenthesis")]
    UnclosedParenthesis,
    #[error("unclosed left bracket")]
    UnclosedBracket,
    #[error("unterminated quoted string")]
    UnterminatedString,
    #[error("unterminated raw string")]
    UnterminatedRawString,
    #[error("escape sequence not terminated")]
    UnterminatedEscape,
    #[error("unknown escape sequence {}", Unicode(*.0))]
    UnknownEscape(char),
    #[error("illegal character {} in escape sequence", Unicode(*.0))]
    IllegalInEscape(char),
    #[error("escape sequence is an invalid Unicode code point")]
    EscapeOutOfRange,
    #[error("invalid UTF-8 rune")]
    InvalidUtf8,
    #[error("bad number or duration syntax: {}", quote::go(.0))]
    NumberSyntax(String),

    // === Series notation ===
    #[error("unexpected character in series sequence: {}", rune(Some(*.0)))]
    CharacterInSeries(char),
    #[error("histogram description incomplete unexpected: {}", rune(*.0))]
    CharacterInHistogram(Option<char>),
    #[error("invalid character in buckets description: {}", rune(*.0))]
    CharacterInBuckets(Option<char>),
    #[error("missing `:` for histogram descriptor")]
    MissingColon,
    #[error("bad histogram descriptor found: {}", quote::go(.0))]
    HistogramKey(String),
    #[error("bad number syntax: {}", quote::go(.0))]
    SeriesNumberSyntax(String),
    #[error("duplicate key \"{0}\" in histogram")]
    HistogramKeyTwice(&'static str),
    #[error("invalid repetition in series values: strconv.ParseUint: parsing {}: {reason}", quote::go(.count))]
    Repetition { count: String, reason: &'static str },
    #[error("error combining histograms: cannot merge from schema {step} to {first}")]
    HistogramSchemas { first: i32, step: i32 },
    #[error("{0}")]
    Histograms(String),
    #[error(transparent)]
    Labels(LabelsError),
    #[error("invalid @st line: missing value sequence")]
    NoStartTimes,
    #[error("invalid @st sequence: invalid ST item {}: {reason}", quote::go(.item))]
    StartTime { item: String, reason: String },

    // === Grammar ===
    #[error("no expression found in input")]
    Empty,
    #[error("unexpected {found}{}{}", Part(" in ", .context), Part(", expected ", .expected))]
    Unexpected { found: String, context: &'static str, expected: &'static str },
    #[error("trailing commas not allowed in function call args")]
    TrailingComma,
    #[error("expression is nested too deeply")]
    TooDeep,
    #[error("query is larger than 4 GiB")]
    TooLong,

    // === Literals and names ===
    #[error("error parsing number: {0}")]
    Number(ParseFloatError),
    #[error("error parsing number: strconv.ParseFloat: parsing {}: invalid syntax", quote::go(.0))]
    NumberText(String),
    #[error(transparent)]
    Duration(DurationError),
    #[error(transparent)]
    Regex(promd_regex::Error),
    #[error("invalid label name for grouping: {}", quote::go(.0))]
    GroupingLabel(String),
    #[error("unknown function with name {}", quote::go(.0))]
    UnknownFunction(String),
    #[error("metric name must not be set twice: {} or {}", quote::go(.0), quote::go(.1))]
    NameTwice(String, String),
    #[error("vector selector must contain at least one non-empty matcher")]
    OnlyEmptyMatchers,

    // === What has to be allowed ===
    #[error("function \"{0}\" is not enabled")]
    FunctionNotEnabled(&'static str),
    #[error("{0}() is experimental and must be enabled with --enable-feature=promql-experimental-functions")]
    AggregateNotEnabled(AggregateOp),
    #[error("experimental duration expression is not enabled")]
    DurationExpressionNotEnabled,
    #[error("binop fill modifiers are experimental and not enabled")]
    FillNotEnabled,
    #[error("{} modifier is experimental and not enabled", .0.as_str())]
    ModeNotEnabled(RangeMode),

    // === Aggregations and calls ===
    #[error("no arguments for aggregate expression provided")]
    NoAggregateArguments,
    #[error("wrong number of arguments for aggregate expression provided, expected {expected}, got {got}")]
    AggregateArguments { expected: usize, got: usize },
    #[error("expected {expected} argument(s) in call to \"{function}\", got {got}")]
    Arguments { function: &'static str, expected: usize, got: usize },
    #[error("expected at least {expected} argument(s) in call to \"{function}\", got {got}")]
    TooFewArguments { function: &'static str, expected: usize, got: usize },
    #[error("expected at most {expected} argument(s) in call to \"{function}\", got {got}")]
    TooManyArguments { function: &'static str, expected: usize, got: usize },
    #[error("expected type {} in {context}, got {}", .expected.documented(), .got.documented())]
    Type { expected: ValueType, context: &'static str, got: ValueType },
    #[error("expected type {} in call to function \"{function}\", got {}", .expected.documented(), .got.documented())]
    ArgumentType { function: &'static str, expected: ValueType, got: ValueType },
    #[error("expected label selectors only")]
    LabelSelectorsOnly,
    #[error("expected label selectors only, got vector selector instead")]
    LabelSelectorsOnlyNotVector,

    // === Operators ===
    #[error("bool modifier can only be used on comparison operators")]
    BoolNotComparison,
    #[error("comparisons between scalars must use BOOL modifier")]
    ScalarComparisonNeedsBool,
    #[error("label {} must not occur in ON and GROUP clause at once", quote::go(.0))]
    LabelInOnAndGroup(String),
    #[error("binary expression must contain only scalar and instant vector types")]
    OperandType,
    #[error("vector matching only allowed between instant vectors")]
    MatchingScalars,
    #[error("filling in missing series only allowed between instant vectors")]
    FillingScalars,
    #[error("filling in missing series not allowed for set operators")]
    FillingSets,
    #[error("no grouping allowed for \"{0}\" operation")]
    GroupingSets(BinaryOp),
    #[error("set operations must always be many-to-many")]
    SetCardinality,
    #[error("set operator \"{0}\" not allowed in binary scalar expression")]
    SetOfScalars(BinaryOp),
    #[error(
        "unary expression only allowed on expressions of type scalar or instant vector, got \"{}\"",
        .0.documented()
    )]
    UnaryType(ValueType),

    // === Modifiers ===
    #[error("subquery is only allowed on instant vector, got {0} instead")]
    SubqueryType(ValueType),
    #[error("ranges only allowed for vector selectors")]
    RangeOfOther,
    #[error("no offset modifiers allowed before range")]
    OffsetBeforeRange,
    #[error("no @ modifiers allowed before range")]
    AtBeforeRange,
    #[error("offset may not be set multiple times")]
    OffsetTwice,
    #[error("@ <timestamp> may not be set multiple times")]
    AtTwice,
    #[error("{0} modifier must be preceded by an instant vector selector or range vector selector or a subquery")]
    ModifierOfOther(&'static str),
    #[error("timestamp out of bounds for @ modifier: {0}")]
    TimestampOutOfBounds(String),
    #[error("anchored and smoothed modifiers cannot be used together")]
    BothModes,
    #[error("{} modifier is not supported for subqueries", .0.as_str())]
    ModeOfSubquery(RangeMode),
    #[error("{} modifier not implemented", .0.as_str())]
    ModeOfOther(RangeMode),

    // === Durations ===
    #[error("duration must be greater than 0")]
    DurationNotPositive,
    #[error("duration out of range")]
    DurationOutOfRange,
    #[error("division by zero")]
    DivisionByZero,
    #[error("modulo by zero")]
    ModuloByZero,
}

struct Part<'a>(&'static str, &'a str);

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1.is_empty() { Ok(()) } else { write!(f, "{}{}", self.0, self.1) }
    }
}

struct Expected<'a>(&'a Option<char>);

impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |c| write!(f, ", expected {}", rune(Some(c))))
    }
}

/// A character as Go's `%q` has it. At the end of the text Go has no character.
fn rune(c: Option<char>) -> String {
    match c {
        None => "'\u{fffd}'".to_owned(),
        Some('\'') => r"'\''".to_owned(),
        Some('"') => "'\"'".to_owned(),
        Some(c) => {
            let quoted = quote::go(c.encode_utf8(&mut [0; 4])).to_string();
            format!("'{}'", quoted.trim_matches('"'))
        }
    }
}

/// A character as Go's `%#U` has it.
struct Unicode(char);

impl fmt::Display for Unicode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "U+{:04X}", u32::from(self.0))?;
        if quote::is_printable(self.0) { write!(f, " '{}'", self.0) } else { Ok(()) }
    }
}
