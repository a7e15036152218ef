//! The terminals of the grammar.

use crate::ast::{AggregateOp, BinaryOp, DurationOp, RangeMode, UnaryOp};

/// What the lexer tells from what. Keywords that the grammar treats alike are one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// Which language follows; comes before everything else.
    StartExpr,
    StartSelector,

    /// The parenthesis of a grouping, and any other.
    GroupingParen,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Comma,
    Colon,
    At,

    /// `=`
    Assign,
    /// `!=`: an operator, or within braces a match
    NotEqual,
    /// `=~`
    MatchRegex,
    /// `!~`
    MatchNotRegex,

    /// `+` and `-`, and their forms in a duration.
    Sign(UnaryOp),
    DurationSign(UnaryOp),
    /// `*`, `/`, `%`
    Mul(BinaryOp),
    DurationMul(DurationOp),
    /// `^`
    Pow,
    DurationPow,
    Atan2,
    /// Comparisons but `!=`
    Compare(BinaryOp),
    /// `and`, `unless`
    And(BinaryOp),
    Or,

    Aggregate(AggregateOp),
    By,
    Without,
    Bool,
    /// `on`: true; `ignoring`: false
    Matching(bool),
    /// `group_left`: true; `group_right`: false
    Group(bool),
    Fill(FillSide),
    /// A metric that is called `fill`.
    FillName,
    Offset,
    Mode(RangeMode),
    /// `start`: true; `end`: false
    StartEnd(bool),
    /// `step`: true; `range`: false
    StepRange(bool),
    MinMaxOf(DurationOp),

    Identifier,
    /// With a colon in it.
    MetricIdentifier,
    String,
    Number,
    Duration,

    /// What no token begins with. The lexer has kept the error.
    Error,
    /// The end of the text.
    End,
    /// What recovery puts where something is missing.
    Missing,
}

/// The sides that `fill`, `fill_left` and `fill_right` fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FillSide {
    Both,
    Left,
    Right,
}

impl Token {
    /// One token for each terminal that stands for text.
    pub(crate) const EACH: [Self; 44] = [
        Self::GroupingParen,
        Self::LeftParen,
        Self::RightParen,
        Self::LeftBrace,
        Self::RightBrace,
        Self::LeftBracket,
        Self::RightBracket,
        Self::Comma,
        Self::Colon,
        Self::At,
        Self::Assign,
        Self::NotEqual,
        Self::MatchRegex,
        Self::MatchNotRegex,
        Self::Sign(UnaryOp::Plus),
        Self::DurationSign(UnaryOp::Plus),
        Self::Mul(BinaryOp::Mul),
        Self::DurationMul(DurationOp::Mul),
        Self::Pow,
        Self::DurationPow,
        Self::Atan2,
        Self::Compare(BinaryOp::Equal),
        Self::And(BinaryOp::And),
        Self::Or,
        Self::Aggregate(AggregateOp::Sum),
        Self::By,
        Self::Without,
        Self::Bool,
        Self::Matching(true),
        Self::Group(true),
        Self::Fill(FillSide::Both),
        Self::Fill(FillSide::Left),
        Self::Fill(FillSide::Right),
        Self::FillName,
        Self::Offset,
        Self::Mode(RangeMode::Anchored),
        Self::StartEnd(true),
        Self::StepRange(true),
        Self::MinMaxOf(DurationOp::MinOf),
        Self::Identifier,
        Self::MetricIdentifier,
        Self::String,
        Self::Number,
        Self::Duration,
    ];

    /// What closes what is open, in the order in which it is tried.
    pub(crate) const CLOSING: [Self; 6] =
        [Self::Missing, Self::RightParen, Self::RightBrace, Self::RightBracket, Self::GroupingParen, Self::Comma];

    /// Whether it is written between two things, though not between operands.
    pub(crate) fn separates(self) -> bool {
        matches!(self, Self::Comma | Self::Colon | Self::Assign | Self::MatchRegex | Self::MatchNotRegex)
    }

    /// The terminal that it is where this one is not allowed.
    ///
    /// Some things that mean several things are written the same, and where more than one could follow Prometheus takes the
    /// one that goes on with what was begun: `a offset (1m) + 2` has the sum in its duration, and in
    /// `a * on (b) group_left (c)` the last parenthesis holds labels. So each is a terminal of its own: the tables are asked
    /// for the first, and only if that is not allowed for the second.
    pub(crate) fn otherwise(self) -> Option<Self> {
        Some(match self {
            Self::GroupingParen => Self::LeftParen,
            Self::DurationSign(op) => Self::Sign(op),
            Self::DurationMul(DurationOp::Mul) => Self::Mul(BinaryOp::Mul),
            Self::DurationMul(DurationOp::Div) => Self::Mul(BinaryOp::Div),
            Self::DurationMul(_) => Self::Mul(BinaryOp::Mod),
            Self::DurationPow => Self::Pow,
            Self::Fill(_) => Self::FillName,
            _ => return None,
        })
    }

    /// The keyword that `word` is in any case of letters.
    pub(crate) fn keyword(word: &str) -> Option<Self> {
        // The longest keyword has 12 letters.
        let mut lower = [0; 12];
        let lower = lower.get_mut(..word.len())?;
        lower.copy_from_slice(word.as_bytes());
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"and" => Self::And(BinaryOp::And),
            b"or" => Self::Or,
            b"unless" => Self::And(BinaryOp::Unless),
            b"atan2" => Self::Atan2,

            b"sum" => Self::Aggregate(AggregateOp::Sum),
            b"avg" => Self::Aggregate(AggregateOp::Avg),
            b"count" => Self::Aggregate(AggregateOp::Count),
            b"min" => Self::Aggregate(AggregateOp::Min),
            b"max" => Self::Aggregate(AggregateOp::Max),
            b"group" => Self::Aggregate(AggregateOp::Group),
            b"stddev" => Self::Aggregate(AggregateOp::StdDev),
            b"stdvar" => Self::Aggregate(AggregateOp::StdVar),
            b"topk" => Self::Aggregate(AggregateOp::TopK),
            b"bottomk" => Self::Aggregate(AggregateOp::BottomK),
            b"count_values" => Self::Aggregate(AggregateOp::CountValues),
            b"quantile" => Self::Aggregate(AggregateOp::Quantile),
            b"limitk" => Self::Aggregate(AggregateOp::LimitK),
            b"limit_ratio" => Self::Aggregate(AggregateOp::LimitRatio),

            b"offset" => Self::Offset,
            b"smoothed" => Self::Mode(RangeMode::Smoothed),
            b"anchored" => Self::Mode(RangeMode::Anchored),
            b"by" => Self::By,
            b"without" => Self::Without,
            b"on" => Self::Matching(true),
            b"ignoring" => Self::Matching(false),
            b"group_left" => Self::Group(true),
            b"group_right" => Self::Group(false),
            b"fill" => Self::Fill(FillSide::Both),
            b"fill_left" => Self::Fill(FillSide::Left),
            b"fill_right" => Self::Fill(FillSide::Right),
            b"bool" => Self::Bool,

            b"start" => Self::StartEnd(true),
            b"end" => Self::StartEnd(false),
            b"step" => Self::StepRange(true),
            b"range" => Self::StepRange(false),
            b"max_of" => Self::MinMaxOf(DurationOp::MaxOf),
            b"min_of" => Self::MinMaxOf(DurationOp::MinOf),

            b"inf" | b"nan" => Self::Number,
            _ => return None,
        })
    }
}
