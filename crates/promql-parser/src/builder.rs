//! Making queries without text.
//!
//! Whatever is made this way is printed so that it means what was made: operands get parentheses where they need them.

use promd_model::{Duration, Matcher};

use crate::ast::{
    AggregateExpr, AggregateOp, At, AtModifier, BinaryExpr, BinaryOp, Call, Cardinality, DurationArg, Expr, Fill,
    Grouping, MatrixSelector, Name, NumberLiteral, ParenExpr, StringLiteral, Subquery, UnaryExpr, UnaryOp,
    VectorMatching, VectorSelector,
};
use crate::{Function, Span};

impl VectorSelector {
    /// The metric of this name.
    ///
    /// ```
    /// use promd_model::Matcher;
    /// use promd_promql_parser::ast::{AggregateOp, BinaryOp, VectorSelector};
    /// use promd_promql_parser::Expr;
    ///
    /// let requests = VectorSelector::metric("requests_total").with(Matcher::equal("code", "500"));
    /// let rate = Expr::call("rate", [requests.range("5m".parse()?).into()]).unwrap();
    /// let query = rate.aggregate(AggregateOp::Sum).by(["job"]).binary(BinaryOp::Greater, 0.5);
    /// assert_eq!(query.to_string(), r#"sum by (job) (rate(requests_total{code="500"}[5m])) > 0.5"#);
    /// # Ok::<_, promd_model::DurationError>(())
    /// ```
    pub fn metric(name: impl Into<Box<str>>) -> Self {
        Self { name: Some(Name::new(name)), ..Self::default() }
    }

    /// What this matcher matches, too.
    #[must_use]
    pub fn with(mut self, matcher: Matcher) -> Self {
        self.matchers.push(matcher.into());
        self
    }

    /// So long before.
    #[must_use]
    pub fn offset(mut self, offset: Duration) -> Self {
        self.offset = Some(DurationArg::fixed(offset));
        self
    }

    /// At that time, whenever the query is evaluated.
    #[must_use]
    pub fn at(mut self, at: At) -> Self {
        self.at = Some(AtModifier { at, span: Span::default() });
        self
    }

    /// The samples of so long a time.
    #[must_use]
    pub fn range(self, range: Duration) -> MatrixSelector {
        MatrixSelector { vector: self, range: DurationArg::fixed(range), span: Span::default() }
    }
}

impl Expr {
    /// A call of a function, or `None` if there is no function of that name. Its arguments are not checked.
    pub fn call(name: &str, args: impl IntoIterator<Item = Self>) -> Option<Self> {
        let (name_span, span) = (Span::default(), Span::default());
        let function = Function::find(name)?;
        Some(Call { function, args: args.into_iter().collect(), name_span, span }.into())
    }

    /// This, aggregated.
    #[must_use]
    pub fn aggregate(self, op: AggregateOp) -> AggregateExpr {
        AggregateExpr { op, param: None, expr: self, grouping: None, span: Span::default() }
    }

    /// This, an operator and another.
    #[must_use]
    pub fn binary(self, op: BinaryOp, rhs: impl Into<Self>) -> Self {
        let power = op == BinaryOp::Pow;
        let lhs = self.in_parens_if(|inner| inner < op.precedence() || power && inner == op.precedence());
        let rhs = rhs.into().in_parens_if(|inner| inner < op.precedence() || !power && inner == op.precedence());
        let (op_span, span) = (Span::default(), Span::default());
        BinaryExpr { op, lhs, rhs, return_bool: false, matching: None, op_span, span }.into()
    }

    /// This, an operator and another, with their series matched so.
    ///
    /// ```
    /// use promd_promql_parser::Expr;
    /// use promd_promql_parser::ast::{BinaryOp, VectorMatching, VectorSelector};
    ///
    /// let (up, info) = (VectorSelector::metric("up"), VectorSelector::metric("build_info"));
    /// let matching = VectorMatching::on(["instance"]).group_left(["version"]);
    /// let query = Expr::from(up).matched(BinaryOp::Mul, matching, Expr::from(info));
    /// assert_eq!(query.to_string(), "up * on (instance) group_left (version) build_info");
    /// ```
    #[must_use]
    pub fn matched(self, op: BinaryOp, matching: VectorMatching, rhs: impl Into<Self>) -> Self {
        let mut expr = self.binary(op, rhs);
        if let Self::Binary(binary) = &mut expr {
            binary.matching = Some(Box::new(matching));
        }
        expr
    }

    /// This and another, compared to 0 or 1: `a > bool b`.
    #[must_use]
    pub fn compared(self, op: BinaryOp, rhs: impl Into<Self>) -> Self {
        let mut expr = self.binary(op, rhs);
        if let Self::Binary(binary) = &mut expr {
            binary.return_bool = true;
        }
        expr
    }

    /// This, evaluated over a time, every so often, or else at the interval of evaluation: `rate(a[5m])[1h:5m]`.
    #[must_use]
    pub fn subquery(self, range: Duration, step: Option<Duration>) -> Self {
        let expr = self.in_parens_if(|_| true);
        let (range, step) = (DurationArg::fixed(range), step.map(DurationArg::fixed));
        Subquery { expr, range, step, offset: None, at: None, span: Span::default() }.into()
    }

    /// This, in parentheses.
    #[must_use]
    pub fn in_parens(self) -> Self {
        ParenExpr { expr: self, span: Span::default() }.into()
    }

    fn in_parens_if(self, binds_too_little: impl Fn(u8) -> bool) -> Self {
        let precedence = match &self {
            Self::Binary(e) => e.op.precedence(),
            // A sign binds as a product does.
            Self::Unary(_) => BinaryOp::Mul.precedence(),
            Self::Number(number) if number.value.is_sign_negative() => BinaryOp::Mul.precedence(),
            _ => return self,
        };
        if binds_too_little(precedence) { self.in_parens() } else { self }
    }
}

impl VectorMatching {
    /// By these labels.
    #[must_use]
    pub fn on<N: Into<Box<str>>>(labels: impl IntoIterator<Item = N>) -> Self {
        Self { on: true, labels: names(labels), ..Self::default() }
    }

    /// By all but these labels.
    #[must_use]
    pub fn ignoring<N: Into<Box<str>>>(labels: impl IntoIterator<Item = N>) -> Self {
        Self { labels: names(labels), ..Self::default() }
    }

    /// Many on the left meet one on the right, of which they take these labels over.
    #[must_use]
    pub fn group_left<N: Into<Box<str>>>(self, include: impl IntoIterator<Item = N>) -> Self {
        Self { cardinality: Cardinality::ManyToOne, include: names(include), ..self }
    }

    /// Many on the right meet one on the left, of which they take these labels over.
    #[must_use]
    pub fn group_right<N: Into<Box<str>>>(self, include: impl IntoIterator<Item = N>) -> Self {
        Self { cardinality: Cardinality::OneToMany, include: names(include), ..self }
    }

    /// What stands in for series that are missing.
    #[must_use]
    pub fn fill(self, fill: Fill) -> Self {
        Self { fill, ..self }
    }
}

fn names<N: Into<Box<str>>>(labels: impl IntoIterator<Item = N>) -> Vec<Name> {
    labels.into_iter().map(Name::new).collect()
}

impl AggregateExpr {
    /// By these labels.
    #[must_use]
    pub fn by<N: Into<Box<str>>>(self, labels: impl IntoIterator<Item = N>) -> Expr {
        self.grouped(false, labels)
    }

    /// By all but these labels.
    #[must_use]
    pub fn without<N: Into<Box<str>>>(self, labels: impl IntoIterator<Item = N>) -> Expr {
        self.grouped(true, labels)
    }

    /// With what stands before the expression: the `3` of `topk(3, up)`.
    #[must_use]
    pub fn param(mut self, param: impl Into<Expr>) -> Self {
        self.param = Some(param.into());
        self
    }

    fn grouped<N: Into<Box<str>>>(mut self, without: bool, labels: impl IntoIterator<Item = N>) -> Expr {
        self.grouping = Some(Grouping { without, labels: names(labels), span: Span::default() });
        self.into()
    }
}

impl From<f64> for Expr {
    fn from(value: f64) -> Self {
        NumberLiteral { value, is_duration: false, span: Span::default() }.into()
    }
}

impl From<&str> for Expr {
    fn from(value: &str) -> Self {
        StringLiteral { value: value.into(), bytes: None, span: Span::default() }.into()
    }
}

impl UnaryOp {
    /// An expression with this sign.
    #[must_use]
    pub fn of(self, expr: Expr) -> Expr {
        let expr = expr.in_parens_if(|inner| inner <= BinaryOp::Mul.precedence());
        UnaryExpr { op: self, expr, span: Span::default() }.into()
    }
}
