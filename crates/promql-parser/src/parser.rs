//! The entry points.

use promd_model::Matcher;

use crate::ast::{ErrorExpr, Expr};
use crate::check;
use crate::error::{ErrorKind, ParseError, ParseErrors};
use crate::lex::Lexer;
use crate::parse::QueryParser;
use crate::parse::build::{Build, Node, Tree};
use crate::parse::token::Token;
use crate::{Options, Span};

/// Parses queries.
///
/// ```
/// use promd_promql_parser::{Expr, Parser};
///
/// let parser = Parser::default();
/// let expr = parser.parse("sum by (job) (rate(http_requests_total[5m]))")?;
/// assert!(matches!(expr, Expr::Aggregate(_)));
///
/// let errors = parser.parse("sum by (job) rate(x)").unwrap_err();
/// assert_eq!(errors.to_string(), r#"1:14: parse error: unexpected identifier "rate" in aggregation"#);
/// # Ok::<_, promd_promql_parser::ParseErrors>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Parser {
    options: Options,
}

/// What came of a text, right or wrong.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Parsed {
    /// The tree. Where something is wrong it has [`Expr::Error`].
    pub expr: Expr,
    /// Everything that is wrong. The first is what Prometheus would say.
    pub errors: Vec<ParseError>,
    /// Where the comments are, in order.
    pub comments: Vec<Span>,
}

impl Parser {
    /// A parser that allows what the options do.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self { options }
    }

    /// What it allows.
    #[must_use]
    pub const fn options(&self) -> Options {
        self.options
    }

    /// Parses an expression and checks its types.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn parse(&self, text: &str) -> Result<Expr, ParseErrors> {
        let Parsed { expr, errors, .. } = self.parse_recovering(text);
        ParseErrors::new(errors).map_or(Ok(expr), Err)
    }

    /// Parses an expression as far as it goes. For tools that have to do with queries that are being written.
    ///
    /// ```
    /// use promd_promql_parser::Parser;
    ///
    /// let parsed = Parser::default().parse_recovering("sum(rate(a[5m]) / ) + abs(foo bar(b");
    /// let errors: Vec<_> = parsed.errors.iter().map(|error| error.to_string()).collect();
    /// assert_eq!(errors, [
    ///     r#"1:19: parse error: unexpected ")" in aggregation"#,
    ///     r#"1:31: parse error: unexpected identifier "bar""#,
    ///     "1:36: parse error: unclosed left parenthesis",
    ///     r#"1:31: parse error: unknown function with name "bar""#,
    /// ]);
    /// ```
    #[must_use]
    pub fn parse_recovering(&self, text: &str) -> Parsed {
        let (node, mut build, comments) = self.read(text, Token::StartExpr);
        let mut expr = node.expr;
        check::check(&mut expr, text, &comments, &build.errors, &mut build.type_errors);
        let mut errors = build.errors;
        errors.append(&mut build.type_errors);
        errors.extend(build.too_deep.map(|span| ParseError::new(ErrorKind::TooDeep, span, text)));
        Parsed { expr, errors, comments }
    }

    /// Parses a selector without modifiers, such as the parameters `match[]` of the HTTP API have. It may match everything.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn parse_selector(&self, text: &str) -> Result<Vec<Matcher>, ParseErrors> {
        let (node, build, _) = self.read(text, Token::StartSelector);
        match (ParseErrors::new(build.errors), node.expr) {
            (Some(errors), _) => Err(errors),
            (None, Expr::Vector(selector)) => Ok(selector.all_matchers()),
            (None, _) => Ok(Vec::new()),
        }
    }

    fn read<'input>(&self, text: &'input str, start: Token) -> (Node, Build<'input>, Vec<Span>) {
        let mut build = Build::new(text, self.options);
        let nothing = || Node::leaf(ErrorExpr { parts: Vec::new(), span: Span::default() });
        if u32::try_from(text.len()).is_err() {
            build.error(ErrorKind::TooLong, Span::default());
            return (nothing(), build, Vec::new());
        }
        let mut lexer = Lexer::new(text);
        let first = lexer.next();
        if first.is_none() && start == Token::StartExpr {
            build.error(ErrorKind::Empty, Span::default());
            return (nothing(), build, lexer.into_comments());
        }
        // The text ends behind its last space, where the last token may not.
        let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let lexemes =
            [Ok((0, start, 0))].into_iter().chain(first).chain(&mut lexer).chain([Ok((end, Token::End, end))]);
        let tree = QueryParser::new().parse(&mut build, lexemes);
        let node = match tree {
            Ok(Tree::Expr(node) | Tree::Selector(node)) => node,
            Ok(Tree::Nothing) | Err(_) => nothing(),
        };
        (node, build, lexer.into_comments())
    }
}
