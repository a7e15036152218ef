//! Names, groupings, matchers and selectors.

use promd_model::{METRIC_NAME, MatchOp, Matcher};

use super::{Build, Node};
use crate::Span;
use crate::ast::{LabelMatcher, Name, VectorSelector};
use crate::error::ErrorKind;
use crate::lex::unquote;

impl Build<'_> {
    pub(crate) fn name(&mut self, span: Span) -> Name {
        Name { text: self.slice(span).into(), span }
    }

    /// A label in quotes, in a grouping.
    pub(crate) fn quoted_grouping(&mut self, span: Span) -> Name {
        let text = unquote(self.slice(span));
        if text.is_empty() {
            self.error(ErrorKind::GroupingLabel(text.clone().into_owned()), span);
        }
        Name { text: text.into(), span }
    }

    pub(crate) fn matcher(&mut self, name: Span, quoted: bool, op: MatchOp, value: Span) -> Option<LabelMatcher> {
        let span = name.to(value);
        let label = self.slice(name);
        let label = if quoted { unquote(label) } else { label.into() };
        match Matcher::new(op, &label, &unquote(self.slice(value))) {
            Ok(matcher) => Some(LabelMatcher { matcher, span }),
            Err(error) => {
                self.error(ErrorKind::Regex(error), span);
                None
            }
        }
    }

    /// A name of a metric in quotes, in braces.
    pub(crate) fn name_matcher(&mut self, span: Span) -> Option<LabelMatcher> {
        Some(LabelMatcher { matcher: Matcher::equal(METRIC_NAME, &unquote(self.slice(span))), span })
    }

    pub(crate) fn vector(&mut self, name: Option<Span>, matchers: Vec<LabelMatcher>, span: Span) -> Node {
        let name = name.map(|span| self.name(span));
        Node::leaf(VectorSelector { name, matchers, span, ..VectorSelector::default() })
    }
}
