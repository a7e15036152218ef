//! What is said about a token that has no place.

use promd_model::quote;

use super::Build;
use crate::Span;
use crate::error::ErrorKind;
use crate::lex::LexError;
use crate::parse::driver::ErrorRecovery;
use crate::parse::token::Token;

/// A text of more bytes than this is cut to as many characters.
const LONG: usize = 10;

impl Build<'_> {
    /// What an error rule says: where the text is, and what it could go on with.
    pub(crate) fn unexpected(
        &mut self,
        found: ErrorRecovery<u32, Token, LexError>,
        context: &'static str,
        expected: &'static str,
    ) {
        match found.error.map(|error| *error) {
            Some((kind, span)) => self.error(kind, span),
            None => {
                let span = Span::new(found.start, found.end);
                let found = describe(found.token, self.slice(span));
                self.error(ErrorKind::Unexpected { found, context, expected }, span);
            }
        }
    }
}

/// A token as Prometheus describes it.
pub(crate) fn describe(token: Token, text: &str) -> String {
    use Token as T;
    match token {
        T::End => "end of input".to_owned(),
        T::Identifier => format!("identifier {}", quote::go(text)),
        T::MetricIdentifier => format!("metric identifier {}", quote::go(text)),
        T::String => format!("string {}", cut(text)),
        T::Number => format!("number {}", cut(text)),
        T::Duration => format!("duration {}", cut(text)),
        T::By | T::Without | T::Bool | T::Matching(_) | T::Group(_) | T::Offset | T::Mode(_) => format!("<{text}>"),
        T::Fill(_) | T::FillName => format!("<{text}>"),
        T::Aggregate(_) => format!("<aggr:{text}>"),
        T::At | T::NotEqual | T::MatchRegex | T::MatchNotRegex | T::Compare(_) => format!("<op:{text}>"),
        T::Sign(_) | T::DurationSign(_) | T::Mul(_) | T::DurationMul(_) => format!("<op:{text}>"),
        T::Pow | T::DurationPow | T::Atan2 | T::And(_) | T::Or => format!("<op:{text}>"),
        _ => cut(text),
    }
}

pub(crate) fn cut(text: &str) -> String {
    if text.len() <= LONG {
        return quote::go(text).to_string();
    }
    let end = text.char_indices().nth(LONG).map_or(text.len(), |(at, _)| at);
    format!("{}...", quote::go(text.get(..end).unwrap_or(text)))
}
