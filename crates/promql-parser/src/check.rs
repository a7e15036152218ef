//! Types.
//!
//! What Prometheus checks once a query was parsed, in the order in which it does (`checkAST` of `promql/parser/parse.go`):
//! that is the order of the errors, and it is not always from left to right. What is an error, or takes its type from one,
//! is not checked against anything.

use crate::Span;
use crate::ast::{AggregateExpr, AggregateOp, BinaryExpr, Call, Cardinality, Expr, ValueType, VectorSelector};
use crate::error::{ErrorKind, MAX_ERRORS, ParseError};

/// Checks a tree, and puts right what hangs on types: only two vectors are matched, and sets are always many-to-many.
/// `comments` says where comments are in `text`, and `known` what was wrong with it already.
pub(crate) fn check(
    expr: &mut Expr,
    text: &str,
    comments: &[Span],
    known: &[ParseError],
    errors: &mut Vec<ParseError>,
) {
    Checker { text, comments, known, errors }.expr(expr);
}

struct Checker<'a> {
    text: &'a str,
    comments: &'a [Span],
    known: &'a [ParseError],
    errors: &'a mut Vec<ParseError>,
}

impl Checker<'_> {
    fn error(&mut self, kind: ErrorKind, span: Span) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(ParseError::new(kind, span, self.text));
        }
    }

    /// Checks an expression and gives its type, if it has one.
    fn expr(&mut self, expr: &mut Expr) -> Option<ValueType> {
        match expr {
            Expr::Aggregate(e) => self.aggregate(e),
            Expr::Binary(e) => return self.binary(e),
            Expr::Call(e) => self.call(e),
            Expr::Paren(e) => return self.expr(&mut e.expr),
            Expr::Unary(e) => {
                let found = self.expr(&mut e.expr);
                if let Some(other @ (ValueType::Matrix | ValueType::String)) = found {
                    self.error(ErrorKind::UnaryType(other), e.span);
                }
                return found;
            }
            Expr::Subquery(e) => match self.expr(&mut e.expr) {
                Some(ValueType::Vector) | None => {}
                Some(other) => self.error(ErrorKind::SubqueryType(other), e.span),
            },
            Expr::Matrix(e) => self.vector(&e.vector),
            Expr::Vector(e) => self.vector(e),
            Expr::Error(e) => {
                for part in &mut e.parts {
                    self.expr(part);
                }
            }
            Expr::Number(_) | Expr::String(_) => {}
        }
        expr.value_type()
    }

    fn aggregate(&mut self, e: &mut AggregateExpr) {
        self.expect(&mut e.expr, ValueType::Vector, "aggregation expression");
        let expected = match e.op {
            AggregateOp::CountValues => ValueType::String,
            _ => ValueType::Scalar,
        };
        if let Some(param) = &mut e.param {
            self.expect(param, expected, "aggregation parameter");
        }
    }

    fn expect(&mut self, expr: &mut Expr, expected: ValueType, context: &'static str) {
        match self.expr(expr) {
            Some(got) if got != expected => self.error(ErrorKind::Type { expected, context, got }, expr.span()),
            _ => {}
        }
    }

    fn call(&mut self, e: &mut Call) {
        let function = e.function;
        let got = e.args.len();
        let (fewest, most) = (function.min_args(), function.max_args());
        let name = function.name;
        if function.variadic == 0 {
            if got != fewest {
                self.error(ErrorKind::Arguments { function: name, expected: fewest, got }, e.span);
            }
        } else if got < fewest {
            self.error(ErrorKind::TooFewArguments { function: name, expected: fewest, got }, e.span);
        } else if let Some(expected) = most.filter(|&most| most < got) {
            self.error(ErrorKind::TooManyArguments { function: name, expected, got }, e.span);
        }
        let is_info = name == "info";
        if is_info && let Some(data) = e.args.get(1) {
            self.info_labels(data, e.span);
        }
        for (index, arg) in e.args.iter_mut().enumerate() {
            let Some(expected) = function.arg_type(index) else { break };
            let found = match arg {
                // These labels narrow what `info` looks at, and need not select anything by themselves.
                Expr::Vector(labels) if is_info && index == 1 && labels.name.is_none() => Some(ValueType::Vector),
                _ => self.expr(arg),
            };
            match found {
                Some(got) if got != expected => {
                    self.error(ErrorKind::ArgumentType { function: name, expected, got }, arg.span());
                }
                _ => {}
            }
        }
    }

    /// The second argument of `info`.
    fn info_labels(&mut self, data: &Expr, call: Span) {
        if let Some(got) = data.value_type().filter(|&got| got != ValueType::Vector) {
            self.error(
                ErrorKind::Type { expected: ValueType::Vector, context: "call to function \"info\"", got },
                call,
            );
        }
        match data {
            Expr::Vector(selector) if selector.name.is_none() => {}
            Expr::Vector(_) => self.error(ErrorKind::LabelSelectorsOnlyNotVector, data.span()),
            Expr::Error(_) => {}
            _ => self.error(ErrorKind::LabelSelectorsOnly, data.span()),
        }
    }

    fn vector(&mut self, e: &VectorSelector) {
        let names =
            || e.matchers.iter().map(|matcher| &matcher.matcher).filter(|m| m.name() == promd_model::METRIC_NAME);
        if let Some(name) = &e.name {
            for other in names() {
                self.error(ErrorKind::NameTwice(name.text.to_string(), other.value().to_owned()), e.span);
            }
        } else if e.matchers.iter().all(|matcher| matcher.matcher.matches_empty())
            // A matcher that could not be understood might have matched something.
            && !self.known.iter().any(|error| e.span.contains(error.span()))
        {
            self.error(ErrorKind::OnlyEmptyMatchers, e.span);
        }
    }

    fn binary(&mut self, e: &mut BinaryExpr) -> Option<ValueType> {
        let (left, right) = (self.expr(&mut e.lhs), self.expr(&mut e.rhs));
        let scalars = left == Some(ValueType::Scalar) && right == Some(ValueType::Scalar);
        if e.return_bool && !e.op.is_comparison() {
            let place = self.operator(e);
            self.error(ErrorKind::BoolNotComparison, place);
        }
        if e.op.is_comparison() && !e.return_bool && scalars {
            let place = self.operator(e);
            self.error(ErrorKind::ScalarComparisonNeedsBool, place);
        }
        if let Some(matching) = &mut e.matching
            && e.op.is_set()
            && matching.cardinality == Cardinality::OneToOne
        {
            matching.cardinality = Cardinality::ManyToMany;
        }
        self.labels_in_both(e);
        for (side, expr) in [(left, &e.lhs), (right, &e.rhs)] {
            if let Some(ValueType::Matrix | ValueType::String) = side {
                self.error(ErrorKind::OperandType, expr.span());
            }
        }
        if let (Some(left), Some(right)) = (left, right) {
            let vectors = left == ValueType::Vector && right == ValueType::Vector;
            self.matching(e, vectors);
            if e.op.is_set() && (left == ValueType::Scalar || right == ValueType::Scalar) {
                self.error(ErrorKind::SetOfScalars(e.op), e.span);
            }
        }
        let (_, _) = (left?, right?);
        Some(if scalars { ValueType::Scalar } else { ValueType::Vector })
    }

    fn labels_in_both(&mut self, e: &BinaryExpr) {
        let Some(matching) = e.matching.as_ref().filter(|matching| matching.on) else { return };
        for label in &matching.labels {
            for _ in matching.include.iter().filter(|include| include.text == label.text) {
                let place = self.operator(e);
                self.error(ErrorKind::LabelInOnAndGroup(label.text.to_string()), place);
            }
        }
    }

    fn matching(&mut self, e: &mut BinaryExpr, vectors: bool) {
        let Some(matching) = &e.matching else { return };
        if !vectors {
            if !matching.labels.is_empty() {
                self.error(ErrorKind::MatchingScalars, e.span);
            }
            if !matching.fill.is_none() {
                self.error(ErrorKind::FillingScalars, e.span);
            }
            e.matching = None;
        } else if e.op.is_set() {
            let (cardinality, fill) = (matching.cardinality, matching.fill);
            if matches!(cardinality, Cardinality::OneToMany | Cardinality::ManyToOne) {
                self.error(ErrorKind::GroupingSets(e.op), e.span);
            }
            if cardinality != Cardinality::ManyToMany {
                self.error(ErrorKind::SetCardinality, e.span);
            }
            if !fill.is_none() {
                self.error(ErrorKind::FillingSets, e.span);
            }
        }
    }

    /// Where Prometheus says that an operator is: behind its left side, which to Prometheus ends before `anchored` and
    /// `smoothed`, and at the comment that stands there, if one does.
    fn operator(&self, e: &BinaryExpr) -> Span {
        let end = self.known_end(&e.lhs) as usize;
        let behind = self.text.get(end..).unwrap_or_default();
        let skipped = behind.len() - behind.trim_start_matches([' ', '\t', '\n', '\r']).len();
        let start = u32::try_from(end + skipped).unwrap_or(e.op_span.start);
        Span::new(start, e.op_span.end)
    }

    fn known_end(&self, expr: &Expr) -> u32 {
        let mut expr = expr;
        let (mode, end) = loop {
            match expr {
                Expr::Binary(e) => expr = &e.rhs,
                Expr::Unary(e) => expr = &e.expr,
                Expr::Vector(e) => break (e.mode, e.span.end),
                Expr::Matrix(e) => break (e.vector.mode, e.span.end),
                other => return other.span().end,
            }
        };
        match mode {
            Some(mode) if mode.span.end == end => self.end_before(mode.span.start),
            _ => end,
        }
    }

    /// Where the token before `start` ends.
    fn end_before(&self, start: u32) -> u32 {
        let mut end = start;
        loop {
            let before = self.text.get(..end as usize).unwrap_or_default();
            let trimmed = before.trim_end_matches([' ', '\t', '\n', '\r']).len();
            end = u32::try_from(trimmed).unwrap_or(end);
            match self.comments.iter().find(|comment| comment.end == end) {
                Some(comment) => end = comment.start,
                None => return end,
            }
        }
    }
}
