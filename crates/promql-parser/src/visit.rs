//! Walking trees, and changing them.

use crate::Span;
use crate::ast::{
    AggregateExpr, BinaryExpr, Call, ErrorExpr, Expr, MatrixSelector, NumberLiteral, ParenExpr, StringLiteral,
    Subquery, UnaryExpr, VectorSelector,
};

/// What is to be done with each kind of node.
///
/// Each method does nothing by itself but visit what is below. One that is written anew does so by calling
/// [`visit_children`](Self::visit_children), before or after its own work, or leaves what is below out. For what does not
/// hang on the kind of a node [`Expr::walk`] is shorter.
///
/// ```
/// use promd_promql_parser::ast::{Call, VectorSelector};
/// use promd_promql_parser::{Expr, Parser, Visitor};
///
/// /// Metrics, but for those that are only asked whether they exist.
/// struct Metrics<'a>(Vec<&'a str>);
///
/// impl<'a> Visitor<'a> for Metrics<'a> {
///     fn visit_call(&mut self, call: &'a Call, expr: &'a Expr) {
///         if call.function.name != "absent" {
///             self.visit_children(expr);
///         }
///     }
///
///     fn visit_vector(&mut self, selector: &'a VectorSelector) {
///         self.0.extend(selector.name.as_ref().map(|name| &*name.text));
///     }
/// }
///
/// let expr = Parser::default().parse("sum(rate(a[5m])) / b or absent(c)")?;
/// let mut metrics = Metrics(Vec::new());
/// metrics.visit(&expr);
/// assert_eq!(metrics.0, ["a", "b"]);
/// # Ok::<_, promd_promql_parser::ParseErrors>(())
/// ```
pub trait Visitor<'a> {
    /// Visits an expression: calls the method of its kind.
    fn visit(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Aggregate(e) => self.visit_aggregate(e, expr),
            Expr::Binary(e) => self.visit_binary(e, expr),
            Expr::Call(e) => self.visit_call(e, expr),
            Expr::Matrix(e) => self.visit_matrix(e),
            Expr::Number(e) => self.visit_number(e),
            Expr::Paren(e) => self.visit_paren(e, expr),
            Expr::String(e) => self.visit_string(e),
            Expr::Subquery(e) => self.visit_subquery(e, expr),
            Expr::Unary(e) => self.visit_unary(e, expr),
            Expr::Vector(e) => self.visit_vector(e),
            Expr::Error(e) => self.visit_error(e, expr),
        }
    }

    /// Visits what is right below an expression.
    fn visit_children(&mut self, expr: &'a Expr) {
        for child in expr.children() {
            self.visit(child);
        }
    }

    /// An aggregation, which is also given as an expression.
    fn visit_aggregate(&mut self, _: &'a AggregateExpr, expr: &'a Expr) {
        self.visit_children(expr);
    }

    /// Two operands and what is between them.
    fn visit_binary(&mut self, _: &'a BinaryExpr, expr: &'a Expr) {
        self.visit_children(expr);
    }

    /// A call of a function.
    fn visit_call(&mut self, _: &'a Call, expr: &'a Expr) {
        self.visit_children(expr);
    }

    /// A selector of a range. Its vector selector is visited next.
    fn visit_matrix(&mut self, matrix: &'a MatrixSelector) {
        self.visit_vector(&matrix.vector);
    }

    /// A number.
    fn visit_number(&mut self, _: &'a NumberLiteral) {}

    /// An expression in parentheses.
    fn visit_paren(&mut self, _: &'a ParenExpr, expr: &'a Expr) {
        self.visit_children(expr);
    }

    /// A text.
    fn visit_string(&mut self, _: &'a StringLiteral) {}

    /// A subquery.
    fn visit_subquery(&mut self, _: &'a Subquery, expr: &'a Expr) {
        self.visit_children(expr);
    }

    /// A sign and its operand.
    fn visit_unary(&mut self, _: &'a UnaryExpr, expr: &'a Expr) {
        self.visit_children(expr);
    }

    /// A selector, also that of a range.
    fn visit_vector(&mut self, _: &'a VectorSelector) {}

    /// What could not be understood.
    fn visit_error(&mut self, _: &'a ErrorExpr, expr: &'a Expr) {
        self.visit_children(expr);
    }
}

impl Expr {
    /// The expressions right below this one, in the order in which they stand.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        let (list, pair): (&[Self], [Option<&Self>; 2]) = match self {
            Self::Aggregate(e) => (&[], [e.param.as_ref(), Some(&e.expr)]),
            Self::Binary(e) => (&[], [Some(&e.lhs), Some(&e.rhs)]),
            Self::Call(e) => (&e.args, [None, None]),
            Self::Error(e) => (&e.parts, [None, None]),
            Self::Paren(e) => (&[], [Some(&e.expr), None]),
            Self::Subquery(e) => (&[], [Some(&e.expr), None]),
            Self::Unary(e) => (&[], [Some(&e.expr), None]),
            Self::Matrix(_) | Self::Number(_) | Self::String(_) | Self::Vector(_) => (&[], [None, None]),
        };
        list.iter().chain(pair.into_iter().flatten())
    }

    /// The expressions right below this one, to be changed.
    pub fn children_mut(&mut self) -> impl Iterator<Item = &mut Self> {
        let (list, pair): (&mut [Self], [Option<&mut Self>; 2]) = match self {
            Self::Aggregate(e) => (&mut [], [e.param.as_mut(), Some(&mut e.expr)]),
            Self::Binary(e) => (&mut [], [Some(&mut e.lhs), Some(&mut e.rhs)]),
            Self::Call(e) => (&mut e.args, [None, None]),
            Self::Error(e) => (&mut e.parts, [None, None]),
            Self::Paren(e) => (&mut [], [Some(&mut e.expr), None]),
            Self::Subquery(e) => (&mut [], [Some(&mut e.expr), None]),
            Self::Unary(e) => (&mut [], [Some(&mut e.expr), None]),
            Self::Matrix(_) | Self::Number(_) | Self::String(_) | Self::Vector(_) => (&mut [], [None, None]),
        };
        list.iter_mut().chain(pair.into_iter().flatten())
    }

    /// This expression and all below it, each before what is below it. The path to each, from the outermost on, comes
    /// with it.
    ///
    /// ```
    /// use promd_promql_parser::{Expr, Parser};
    ///
    /// let expr = Parser::default().parse("sum(rate(a[5m])) / b")?;
    /// let mut selectors = 0;
    /// expr.walk(&mut |expr, path| {
    ///     selectors += usize::from(matches!(expr, Expr::Vector(_) | Expr::Matrix(_)));
    ///     assert!(path.len() <= 3);
    /// });
    /// assert_eq!(selectors, 2);
    /// # Ok::<_, promd_promql_parser::ParseErrors>(())
    /// ```
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self, &[&'a Self])) {
        self.walk_below(&mut Vec::new(), visit);
    }

    fn walk_below<'a>(&'a self, path: &mut Vec<&'a Self>, visit: &mut impl FnMut(&'a Self, &[&'a Self])) {
        visit(self, path);
        path.push(self);
        for child in self.children() {
            child.walk_below(path, visit);
        }
        path.pop();
    }

    /// Puts something else, or the same, in the place of each expression, the innermost first.
    ///
    /// ```
    /// use promd_promql_parser::{Expr, Parser};
    ///
    /// let expr = Parser::default().parse("((a)) + (b)")?;
    /// let bare = expr.rewrite(&mut |expr| match expr {
    ///     Expr::Paren(paren) => paren.expr,
    ///     other => other,
    /// });
    /// assert_eq!(bare.to_string(), "a + b");
    /// # Ok::<_, promd_promql_parser::ParseErrors>(())
    /// ```
    #[must_use]
    pub fn rewrite(mut self, change: &mut impl FnMut(Self) -> Self) -> Self {
        for child in self.children_mut() {
            let taken = std::mem::replace(child, Self::placeholder());
            *child = taken.rewrite(change);
        }
        change(self)
    }

    fn placeholder() -> Self {
        ErrorExpr { parts: Vec::new(), span: Span::default() }.into()
    }
}
