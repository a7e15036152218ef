//! Expressions as Prometheus prints them (`String()` in `promql/parser/printer.go`): on one line, without comments, and with
//! matchers in the order of their text. `/api/v1/rules` shows queries so.

use std::fmt::{self, Display, Formatter, Write};

use promd_model::{Duration, METRIC_NAME, MatchOp, float, is_legacy_label_name, quote};

use crate::ast::{
    AggregateExpr, At, AtModifier, BinaryExpr, Cardinality, DurationArg, DurationExpr, Expr, MatrixSelector, Name,
    NumberLiteral, StringLiteral, Subquery, UnaryExpr, UnaryOp, VectorMatching, VectorSelector,
};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aggregate(e) => e.fmt(f),
            Self::Binary(e) => e.fmt(f),
            Self::Call(e) => {
                write!(f, "{}(", e.function.name)?;
                write_list(f, &e.args)?;
                f.write_char(')')
            }
            Self::Matrix(e) => e.fmt(f),
            Self::Number(e) => e.fmt(f),
            Self::Paren(e) => write!(f, "({})", e.expr),
            Self::String(e) => e.fmt(f),
            Self::Subquery(e) => e.fmt(f),
            Self::Unary(e) => e.fmt(f),
            Self::Vector(e) => e.fmt(f),
            Self::Error(_) => f.write_str("<error>"),
        }
    }
}

fn write_list(f: &mut Formatter<'_>, exprs: &[Expr]) -> fmt::Result {
    for (index, expr) in exprs.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        expr.fmt(f)?;
    }
    Ok(())
}

impl Display for AggregateExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.head())?;
        if let Some(param) = &self.param {
            write!(f, "{param}, ")?;
        }
        write!(f, "{})", self.expr)
    }
}

impl AggregateExpr {
    /// What stands before the arguments.
    pub(crate) fn head(&self) -> impl Display {
        fmt::from_fn(move |f| {
            f.write_str(self.op.as_str())?;
            match &self.grouping {
                Some(grouping) if grouping.without => write!(f, " without ({}) ", names(&grouping.labels)),
                Some(grouping) if !grouping.labels.is_empty() => write!(f, " by ({}) ", names(&grouping.labels)),
                _ => Ok(()),
            }
        })
    }
}

fn names(names: &[Name]) -> impl Display {
    fmt::from_fn(move |f| {
        for (index, name) in names.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            name.fmt(f)?;
        }
        Ok(())
    })
}

/// As a label: in quotes if it has to be.
impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if is_legacy_label_name(&self.text) { f.write_str(&self.text) } else { quote::go(&*self.text).fmt(f) }
    }
}

impl Display for BinaryExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.lhs, self.operator(), self.rhs)
    }
}

impl BinaryExpr {
    /// The operator with its modifiers.
    pub(crate) fn operator(&self) -> impl Display {
        fmt::from_fn(move |f| {
            f.write_str(self.op.as_str())?;
            if self.return_bool {
                f.write_str(" bool")?;
            }
            self.matching.as_ref().map_or(Ok(()), |matching| matching.fmt(f))
        })
    }
}

/// With a space in front of each part.
impl Display for VectorMatching {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let group = match self.cardinality {
            Cardinality::ManyToOne => Some("left"),
            Cardinality::OneToMany => Some("right"),
            Cardinality::OneToOne | Cardinality::ManyToMany => None,
        };
        if self.on || !self.labels.is_empty() || group.is_some() {
            write!(f, " {} ({})", if self.on { "on" } else { "ignoring" }, names(&self.labels))?;
        }
        if let Some(side) = group {
            write!(f, " group_{side} ({})", names(&self.include))?;
        }
        match (self.fill.left, self.fill.right) {
            (Some(left), Some(right)) if left == right => write!(f, " fill ({})", float::g(left)),
            (left, right) => {
                for (side, value) in [("left", left), ("right", right)] {
                    if let Some(value) = value {
                        write!(f, " fill_{side} ({})", float::g(value))?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl Display for UnaryExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.op, self.expr)
    }
}

impl Display for NumberLiteral {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.is_duration {
            return f.write_str(&float::f(self.value));
        }
        #[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates")]
        let nanos = (self.value.abs() * 1e9) as i64;
        let sign = if self.value < 0.0 { "-" } else { "" };
        write!(f, "{sign}{}", Duration::from_nanos(nanos))
    }
}

impl Display for StringLiteral {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        quote::go(self.bytes.as_deref().unwrap_or(self.value.as_bytes())).fmt(f)
    }
}

impl VectorSelector {
    fn write_selection(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = self.name.as_ref().map_or("", |name| &name.text);
        f.write_str(name)?;
        let said = |m: &promd_model::Matcher| {
            m.name() == METRIC_NAME && m.op() == MatchOp::Equal && m.value() == name && !name.is_empty()
        };
        let matchers = self.matchers.iter().map(|matcher| &matcher.matcher).filter(|matcher| !said(matcher));
        let mut matchers: Vec<String> = matchers.map(ToString::to_string).collect();
        if !matchers.is_empty() {
            matchers.sort_unstable();
            write!(f, "{{{}}}", matchers.join(","))?;
        }
        Ok(())
    }

    fn write_mode(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.mode.map_or(Ok(()), |modifier| write!(f, " {}", modifier.mode.as_str()))
    }
}

impl Display for VectorSelector {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write_selection(f)?;
        write_at(f, self.at)?;
        self.write_mode(f)?;
        write_offset(f, self.offset.as_ref())
    }
}

impl Display for MatrixSelector {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.vector.write_selection(f)?;
        write!(f, "[{}]", self.range)?;
        self.vector.write_mode(f)?;
        write_at(f, self.vector.at)?;
        write_offset(f, self.vector.offset.as_ref())
    }
}

impl Display for Subquery {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.expr, self.suffix())
    }
}

impl Subquery {
    /// What stands behind the expression.
    pub(crate) fn suffix(&self) -> impl Display {
        fmt::from_fn(move |f| {
            write!(f, "[{}:", self.range)?;
            if let Some(step) = &self.step {
                step.fmt(f)?;
            }
            f.write_char(']')?;
            write_at(f, self.at)?;
            write_offset(f, self.offset.as_ref())
        })
    }
}

fn write_at(f: &mut Formatter<'_>, at: Option<AtModifier>) -> fmt::Result {
    match at.map(|modifier| modifier.at) {
        None => Ok(()),
        Some(At::Time(time)) => write!(f, " @ {:.3}", time.as_secs_f64()),
        Some(At::Start) => f.write_str(" @ start()"),
        Some(At::End) => f.write_str(" @ end()"),
    }
}

fn write_offset(f: &mut Formatter<'_>, offset: Option<&DurationArg>) -> fmt::Result {
    match offset {
        Some(offset) if offset.as_fixed() != Some(Duration::ZERO) => write!(f, " offset {offset}"),
        _ => Ok(()),
    }
}

impl Display for DurationArg {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed { duration, .. } if *duration < Duration::ZERO => write!(f, "-{}", -*duration),
            Self::Fixed { duration, .. } => duration.fmt(f),
            Self::Expr(expr) => expr.fmt(f),
        }
    }
}

impl Display for DurationExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Step(_) => f.write_str("step()"),
            Self::Range(_) => f.write_str("range()"),
            Self::Unary { op: UnaryOp::Minus, expr, .. } => write!(f, "-{expr}"),
            Self::Unary { op: UnaryOp::Plus, expr, .. } => expr.fmt(f),
            Self::Binary { op, lhs, rhs, .. } if op.is_call() => write!(f, "{op}({lhs}, {rhs})"),
            Self::Binary { op, lhs, rhs, .. } => write!(f, "{lhs} {op} {rhs}"),
            // Parentheses around parentheses are none.
            Self::Paren { expr, .. } if matches!(**expr, Self::Paren { .. }) => expr.fmt(f),
            Self::Paren { expr, .. } => write!(f, "({expr})"),
            Self::Error(_) => f.write_str("<error>"),
        }
    }
}
