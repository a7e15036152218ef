//! Numbers and texts.

use crate::Span;

/// A number, or a duration where a number may stand.
#[derive(Debug, Clone, Copy)]
pub struct NumberLiteral {
    /// The number; of a duration, the seconds.
    pub value: f64,
    /// Whether it was written as a duration, such as `5m`, and is printed as one.
    pub is_duration: bool,
    /// Where it stands, with the sign in front of it if there is one.
    pub span: Span,
}

/// Two literals are equal if their bits are: `NaN` equals itself.
impl PartialEq for NumberLiteral {
    fn eq(&self, other: &Self) -> bool {
        let bits = |n: &Self| (n.value.to_bits(), n.is_duration, n.span);
        bits(self) == bits(other)
    }
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringLiteral {
    /// What it says, without quotes and escapes. What is no UTF-8 (escapes such as `\xff` can say it) is U+FFFD here.
    pub value: Box<str>,
    /// The very bytes, if they are no UTF-8.
    pub bytes: Option<Box<[u8]>>,
    /// Where it stands, with its quotes.
    pub span: Span,
}
