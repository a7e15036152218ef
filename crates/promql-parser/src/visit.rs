//! Walking trees, and changing them.

use crate::Span;
use crate::ast::{ErrorExpr, Expr};

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
