//! Expressions over several lines, as `/api/v1/format_query` has them (`promql/parser/prettier.go`).
//!
//! What fits on a line stays on one. What does not is divided at its outermost level, and its parts are indented by two
//! spaces more. Selectors and literals are never divided. Prometheus drops comments; a [`Formatter`] can keep them: each
//! stands on a line of its own in front of what it stood before, and what has a comment within does not fit on a line.

use std::fmt::{self, Write};

use crate::ast::Expr;
use crate::{Parsed, Span};

/// How wide Prometheus' lines are.
const WIDTH: usize = 100;

const INDENT: &str = "  ";

/// Formats queries over several lines.
///
/// ```
/// use promd_promql_parser::{Formatter, Parser};
///
/// let query = "sum(rate(a[5m])) # what succeeds\n/ sum(rate(b[5m]))";
/// let parsed = Parser::default().parse_recovering(query);
/// assert_eq!(Formatter::default().format(&parsed.expr), "sum(rate(a[5m])) / sum(rate(b[5m]))");
///
/// let formatted = Formatter::default().format_with_comments(query, &parsed);
/// assert_eq!(formatted, "  sum(rate(a[5m]))\n# what succeeds\n/\n  sum(rate(b[5m]))");
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Formatter {
    /// How many bytes a line may have, 100 unless it is set. What cannot be divided may be longer.
    pub width: usize,
}

impl Default for Formatter {
    fn default() -> Self {
        Self { width: WIDTH }
    }
}

impl Formatter {
    /// One whose lines are so wide.
    #[must_use]
    pub const fn with_width(width: usize) -> Self {
        Self { width }
    }

    /// The expression as `/api/v1/format_query` has it.
    #[must_use]
    pub fn format(self, expr: &Expr) -> String {
        let mut lines = Lines { out: String::new(), width: self.width, text: "", comments: &[] };
        lines.expr(expr, 0);
        lines.out
    }

    /// What was parsed from `text`, with its comments.
    #[must_use]
    pub fn format_with_comments(self, text: &str, parsed: &Parsed) -> String {
        let mut lines = Lines { out: String::new(), width: self.width, text, comments: &parsed.comments };
        lines.expr(&parsed.expr, 0);
        if !lines.comments.is_empty() {
            lines.out.push('\n');
            lines.comments_before(u32::MAX, 0);
            lines.out.truncate(lines.out.trim_end().len());
        }
        lines.out
    }
}

struct Lines<'a> {
    out: String,
    width: usize,
    /// What the comments are in; empty if they are not kept.
    text: &'a str,
    /// The comments that were not yet written.
    comments: &'a [Span],
}

impl Lines<'_> {
    fn indent(&mut self, level: usize) {
        self.out.extend(std::iter::repeat_n(INDENT, level));
    }

    fn write(&mut self, what: impl fmt::Display) {
        // Nothing fails that writes to a string.
        write!(self.out, "{what}").ok();
    }

    /// Writes the comments that begin before `end`, each on a line.
    fn comments_before(&mut self, end: u32, level: usize) {
        while let Some((comment, rest)) = self.comments.split_first().filter(|(comment, _)| comment.start < end) {
            self.indent(level);
            let text = comment.slice(self.text).unwrap_or_default().trim_end();
            self.out.push_str(text);
            self.out.push('\n');
            self.comments = rest;
        }
    }

    fn fits(&self, expr: &Expr) -> bool {
        let end = expr.span().end;
        if self.comments.first().is_some_and(|comment| comment.start < end) {
            return false;
        }
        write!(Room(self.width), "{expr}").is_ok()
    }

    /// Writes an expression, from the beginning of a line.
    fn expr(&mut self, expr: &Expr, level: usize) {
        self.comments_before(undivided_end(expr), level);
        let fits = self.fits(expr);
        match expr {
            // Prometheus does not indent this one.
            Expr::Subquery(_) if fits && self.text.is_empty() => return self.write(expr),
            Expr::Subquery(e) if !fits => {
                self.expr(&e.expr, level);
                return self.write(e.suffix());
            }
            Expr::Binary(e) if !fits => {
                self.expr(&e.lhs, level + 1);
                self.out.push('\n');
                self.comments_before(e.op_span.start, level);
                self.indent(level);
                self.write(e.operator());
                self.out.push('\n');
                return self.expr(&e.rhs, level + 1);
            }
            Expr::Unary(e) => {
                // The sign goes between the indentation of the operand and its text, behind any comments.
                self.comments_before(e.span.end, level);
                let start = self.out.len();
                self.expr(&e.expr, level);
                let operand = self.out.split_off(start);
                self.indent(level);
                self.write(e.op);
                return self.out.push_str(operand.trim());
            }
            _ => {}
        }
        if fits {
            self.indent(level);
            return self.write(expr);
        }
        match expr {
            Expr::Aggregate(e) => {
                self.indent(level);
                self.write(e.head());
                let args = e.param.iter().chain([&e.expr]);
                self.within(args, expr.span().end, level);
            }
            Expr::Call(e) => {
                self.indent(level);
                self.write(e.function.name);
                self.within(e.args.iter(), expr.span().end, level);
            }
            Expr::Paren(e) => {
                self.indent(level);
                self.within([&e.expr].into_iter(), expr.span().end, level);
            }
            _ => {
                self.comments_before(expr.span().end, level);
                self.indent(level);
                self.write(expr);
            }
        }
    }

    /// Writes parentheses and what is within, a line or more each.
    fn within<'e>(&mut self, exprs: impl Iterator<Item = &'e Expr>, end: u32, level: usize) {
        self.out.push_str("(\n");
        for (index, expr) in exprs.enumerate() {
            if index > 0 {
                self.out.push_str(",\n");
            }
            self.expr(expr, level + 1);
        }
        self.out.push('\n');
        self.comments_before(end, level + 1);
        self.indent(level);
        self.out.push(')');
    }
}

/// Where that ends which an expression begins with and which is never divided. What is within it comes before all of the
/// expression, so that formatting what was formatted finds it there.
fn undivided_end(expr: &Expr) -> u32 {
    let mut first = expr;
    loop {
        first = match first {
            Expr::Binary(e) => &e.lhs,
            Expr::Subquery(e) => &e.expr,
            Expr::Aggregate(_) | Expr::Call(_) | Expr::Paren(_) => return first.span().start,
            leaf => return leaf.span().end,
        };
    }
}

/// Takes so many bytes and no more, so that nothing long is printed only to see that it is long.
struct Room(usize);

impl Write for Room {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}
