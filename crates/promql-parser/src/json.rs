//! Expressions in the shape of `/api/v1/parse_query` (`web/api/v1/translate_ast.go`), by serde.

use promd_model::float;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::ast::{
    At, AtModifier, BinaryExpr, Call, DurationArg, DurationExpr, Expr, LabelMatcher, MatrixSelector, Name, RangeMode,
    Subquery, UnaryOp, ValueType, VectorMatching, VectorSelector,
};

/// Writes a struct, field by field.
macro_rules! object {
    ($serializer:expr, $kind:expr, $($field:literal: $value:expr),* $(,)?) => {{
        let count = 1 $(+ { let _ = $field; 1 })*;
        let mut object = $serializer.serialize_struct("Expr", count)?;
        object.serialize_field("type", $kind)?;
        $(object.serialize_field($field, &$value)?;)*
        object.end()
    }};
}

impl Serialize for Expr {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Aggregate(e) => object!(s, "aggregation",
                "op": e.op.as_str(),
                "expr": e.expr,
                "param": e.param,
                "grouping": Names(e.grouping.as_ref().map_or(&[], |grouping| &grouping.labels)),
                "without": e.grouping.as_ref().is_some_and(|grouping| grouping.without),
            ),
            Self::Binary(e) => e.serialize(s),
            Self::Call(e) => e.serialize(s),
            Self::Matrix(e) => e.serialize(s),
            Self::Number(e) => object!(s, "numberLiteral", "val": float::f(e.value)),
            Self::Paren(e) => object!(s, "parenExpr", "expr": e.expr),
            Self::String(e) => object!(s, "stringLiteral", "val": &*e.value),
            Self::Subquery(e) => e.serialize(s),
            Self::Unary(e) => object!(s, "unaryExpr", "op": e.op.as_str(), "expr": e.expr),
            Self::Vector(e) => e.serialize(s),
            Self::Error(e) => object!(s, "error", "parts": e.parts),
        }
    }
}

impl Serialize for BinaryExpr {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        object!(s, "binaryExpr",
            "op": self.op.as_str(),
            "lhs": self.lhs,
            "rhs": self.rhs,
            "matching": self.matching.as_deref(),
            "bool": self.return_bool,
        )
    }
}

impl Serialize for VectorMatching {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut object = s.serialize_struct("VectorMatching", 5)?;
        object.serialize_field("card", self.cardinality.as_str())?;
        object.serialize_field("labels", &Names(&self.labels))?;
        object.serialize_field("on", &self.on)?;
        object.serialize_field("include", &Names(&self.include))?;
        object.serialize_field("fillValues", &FillValues { lhs: self.fill.left, rhs: self.fill.right })?;
        object.end()
    }
}

#[derive(serde::Serialize)]
struct FillValues {
    lhs: Option<f64>,
    rhs: Option<f64>,
}

impl Serialize for Call {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let types = |types: &[ValueType]| types.iter().map(|t| t.as_str()).collect();
        let function = FunctionJson {
            name: self.function.name,
            arg_types: types(self.function.args),
            variadic: self.function.variadic,
            return_type: self.function.result.as_str(),
        };
        object!(s, "call", "func": function, "args": self.args)
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionJson {
    name: &'static str,
    arg_types: Vec<&'static str>,
    variadic: i8,
    return_type: &'static str,
}

impl Serialize for VectorSelector {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let (offset, offset_expr) = duration(self.offset.as_ref());
        let (timestamp, start_or_end) = at(self.at);
        object!(s, "vectorSelector",
            "name": self.name.as_ref().map_or("", |name| &name.text),
            "offset": offset,
            "offsetExpr": offset_expr,
            "matchers": matchers(self),
            "timestamp": timestamp,
            "startOrEnd": start_or_end,
            "anchored": has(self, RangeMode::Anchored),
            "smoothed": has(self, RangeMode::Smoothed),
        )
    }
}

impl Serialize for MatrixSelector {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let vector = &self.vector;
        let (range, range_expr) = duration(Some(&self.range));
        let (offset, offset_expr) = duration(vector.offset.as_ref());
        let (timestamp, start_or_end) = at(vector.at);
        object!(s, "matrixSelector",
            "name": vector.name.as_ref().map_or("", |name| &name.text),
            "range": range,
            "rangeExpr": range_expr,
            "offset": offset,
            "offsetExpr": offset_expr,
            "matchers": matchers(vector),
            "timestamp": timestamp,
            "startOrEnd": start_or_end,
            "anchored": has(vector, RangeMode::Anchored),
            "smoothed": has(vector, RangeMode::Smoothed),
        )
    }
}

impl Serialize for Subquery {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let (range, range_expr) = duration(Some(&self.range));
        let (offset, offset_expr) = duration(self.offset.as_ref());
        let (step, step_expr) = duration(self.step.as_ref());
        let (timestamp, start_or_end) = at(self.at);
        object!(s, "subquery",
            "expr": self.expr,
            "range": range,
            "rangeExpr": range_expr,
            "offset": offset,
            "offsetExpr": offset_expr,
            "step": step,
            "stepExpr": step_expr,
            "timestamp": timestamp,
            "startOrEnd": start_or_end,
        )
    }
}

impl Serialize for DurationExpr {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        DurationJson { expr: self, wrapped: false }.serialize(s)
    }
}

/// A duration expression, in parentheses or not: to Prometheus that is a flag of what is within.
struct DurationJson<'a> {
    expr: &'a DurationExpr,
    wrapped: bool,
}

impl Serialize for DurationJson<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let none = None::<&DurationExpr>;
        let wrapped = self.wrapped;
        let (op, lhs, rhs) = match self.expr {
            DurationExpr::Number(number) if wrapped => {
                let number = DurationExpr::Number(*number);
                return object!(s, "durationExpr", "op": "+", "lhs": none, "rhs": number, "wrapped": true);
            }
            DurationExpr::Number(number) => {
                return object!(s, "numberLiteral", "val": float::f(number.value), "duration": number.is_duration);
            }
            DurationExpr::Paren { expr, .. } => return DurationJson { expr, wrapped: true }.serialize(s),
            DurationExpr::Error(_) => return object!(s, "error",),
            DurationExpr::Step(_) => ("step", none, none),
            DurationExpr::Range(_) => ("range", none, none),
            DurationExpr::Unary { op: UnaryOp::Plus, expr, .. } => ("+", none, Some(&**expr)),
            DurationExpr::Unary { op: UnaryOp::Minus, expr, .. } => ("-", none, Some(&**expr)),
            DurationExpr::Binary { op, lhs, rhs, .. } => (op.as_str(), Some(&**lhs), Some(&**rhs)),
        };
        object!(s, "durationExpr", "op": op, "lhs": lhs, "rhs": rhs, "wrapped": wrapped)
    }
}

/// The milliseconds of a fixed duration, and any other.
fn duration(arg: Option<&DurationArg>) -> (i64, Option<&DurationExpr>) {
    match arg {
        None => (0, None),
        Some(DurationArg::Fixed { duration, .. }) => (duration.as_millis(), None),
        Some(DurationArg::Expr(expr)) => (0, Some(expr)),
    }
}

fn at(at: Option<AtModifier>) -> (Option<i64>, Option<&'static str>) {
    match at.map(|modifier| modifier.at) {
        None => (None, None),
        Some(At::Time(time)) => (Some(time.0), None),
        Some(At::Start) => (None, Some("start")),
        Some(At::End) => (None, Some("end")),
    }
}

fn has(vector: &VectorSelector, mode: RangeMode) -> bool {
    vector.mode.is_some_and(|modifier| modifier.mode == mode)
}

#[derive(serde::Serialize)]
struct MatcherJson {
    name: String,
    value: String,
    r#type: &'static str,
}

fn matchers(vector: &VectorSelector) -> Vec<MatcherJson> {
    let matchers = vector.all_matchers();
    let json = |m: &promd_model::Matcher| MatcherJson {
        name: m.name().to_owned(),
        value: m.value().to_owned(),
        r#type: m.op().as_str(),
    };
    matchers.iter().map(json).collect()
}

impl Serialize for LabelMatcher {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let m = &self.matcher;
        MatcherJson { name: m.name().to_owned(), value: m.value().to_owned(), r#type: m.op().as_str() }.serialize(s)
    }
}

struct Names<'a>(&'a [Name]);

impl Serialize for Names<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.0.iter().map(|name| &*name.text))
    }
}
