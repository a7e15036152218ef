//! Aggregations, and operators between two vectors.

use std::collections::{BTreeMap, BTreeSet};

use promd_promql_parser::ast::{
    AggregateExpr, AggregateOp, BinaryExpr, BinaryOp, Cardinality, Grouping, Name, VectorMatching,
};

use super::functions::{least, quantile};
use super::{NAME, Naive, Names, Refused, Value, Vector, put};

fn listed(labels: &[Name], name: &str) -> bool {
    labels.iter().any(|label| &*label.text == name)
}

fn only(names: &Names, keep: impl Fn(&str) -> bool) -> Names {
    names.iter().filter(|(name, _)| keep(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

pub(super) fn aggregate(naive: &Naive<'_>, e: &AggregateExpr, t: i64) -> Result<Vector, Refused> {
    let none = Grouping { without: false, labels: Vec::new(), span: e.span };
    let grouping = e.grouping.as_ref().unwrap_or(&none);
    let group = |names: &Names| {
        only(names, |name| match grouping.without {
            true => !listed(&grouping.labels, name) && name != NAME,
            false => listed(&grouping.labels, name),
        })
    };
    let parameter = e.param.as_ref().map_or(Ok(0.0), |param| naive.scalar(param, t))?;
    let mut groups: BTreeMap<Names, Vec<(Names, f64)>> = BTreeMap::new();
    for (names, v) in naive.vector(&e.expr, t)? {
        groups.entry(group(&names)).or_default().push((names, v));
    }
    let mut answers = Vector::new();
    for (names, mut members) in groups {
        let values: Vec<f64> = members.iter().map(|(_, v)| *v).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let value = match e.op {
            AggregateOp::Sum => values.iter().sum(),
            AggregateOp::Avg => mean,
            AggregateOp::Min => least(values),
            AggregateOp::Max => -least(values.into_iter().map(|v| -v)),
            AggregateOp::Count => count,
            AggregateOp::Group => 1.0,
            AggregateOp::StdDev => (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt(),
            AggregateOp::Quantile => quantile(parameter, values),
            AggregateOp::TopK | AggregateOp::BottomK => {
                members.sort_by(|a, b| a.1.total_cmp(&b.1));
                if e.op == AggregateOp::TopK {
                    members.reverse();
                }
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a small number")]
                members.truncate(parameter as usize);
                answers.extend(members);
                continue;
            }
            other => panic!("{other} is not for this evaluator"),
        };
        answers.insert(names, value);
    }
    Ok(answers)
}

pub(super) fn binary(naive: &Naive<'_>, e: &BinaryExpr, t: i64) -> Result<Value, Refused> {
    let (left, right) = (naive.at(&e.lhs, t)?, naive.at(&e.rhs, t)?);
    let with_scalar = |vector: Vector, scalar: f64, flipped: bool| {
        let mut answers = Vector::new();
        for (mut names, v) in vector {
            let (a, b) = if flipped { (scalar, v) } else { (v, scalar) };
            let Some(value) = apply(e, a, b, v) else { continue };
            if drops_name(e) {
                names.remove(NAME);
            }
            put(&mut answers, names, value)?;
        }
        Ok(answers)
    };
    Ok(match (left, right) {
        (Value::Scalar(a), Value::Scalar(b)) => Value::Scalar(apply(e, a, b, a).unwrap()),
        (Value::Vector(vector), Value::Scalar(b)) => Value::Vector(with_scalar(vector, b, false)?),
        (Value::Scalar(a), Value::Vector(vector)) => Value::Vector(with_scalar(vector, a, true)?),
        (Value::Vector(left), Value::Vector(right)) => {
            let matching = e.matching.as_deref().unwrap();
            Value::Vector(if e.op.is_set() {
                set(e.op, matching, left, right)
            } else {
                pairs(e, matching, left, right)?
            })
        }
    })
}

fn drops_name(e: &BinaryExpr) -> bool {
    e.return_bool || !e.op.is_comparison()
}

/// What an operator makes of two numbers; nothing if it compares and does not hold. What stays of those that hold is `kept`.
fn apply(e: &BinaryExpr, a: f64, b: f64, kept: f64) -> Option<f64> {
    let holds = match e.op {
        BinaryOp::Add => return Some(a + b),
        BinaryOp::Sub => return Some(a - b),
        BinaryOp::Mul => return Some(a * b),
        BinaryOp::Div => return Some(a / b),
        BinaryOp::Mod => return Some(a % b),
        BinaryOp::Equal => a == b,
        BinaryOp::NotEqual => a != b,
        BinaryOp::Less => a < b,
        BinaryOp::LessOrEqual => a <= b,
        BinaryOp::Greater => a > b,
        BinaryOp::GreaterOrEqual => a >= b,
        other => panic!("{other} is not for this evaluator"),
    };
    if e.return_bool { Some(f64::from(u8::from(holds))) } else { holds.then_some(kept) }
}

fn signature(matching: &VectorMatching, names: &Names) -> Names {
    only(names, |name| match matching.on {
        true => listed(&matching.labels, name),
        false => !listed(&matching.labels, name) && name != NAME,
    })
}

fn set(op: BinaryOp, matching: &VectorMatching, left: Vector, right: Vector) -> Vector {
    let known = |vector: &Vector| vector.keys().map(|names| signature(matching, names)).collect::<BTreeSet<Names>>();
    let (of_left, of_right) = (known(&left), known(&right));
    let is_right = |names: &Names| of_right.contains(&signature(matching, names));
    match op {
        BinaryOp::And => left.into_iter().filter(|(names, _)| is_right(names)).collect(),
        BinaryOp::Unless => left.into_iter().filter(|(names, _)| !is_right(names)).collect(),
        _ => {
            let others = right.into_iter().filter(|(names, _)| !of_left.contains(&signature(matching, names)));
            left.into_iter().chain(others).collect()
        }
    }
}

fn pairs(e: &BinaryExpr, matching: &VectorMatching, left: Vector, right: Vector) -> Result<Vector, Refused> {
    if left.is_empty() || right.is_empty() {
        return Ok(Vector::new());
    }
    let swapped = matching.cardinality == Cardinality::OneToMany;
    let (many, one) = if swapped { (right, left) } else { (left, right) };
    let mut ones: BTreeMap<Names, (Names, f64)> = BTreeMap::new();
    for (names, v) in one {
        if ones.insert(signature(matching, &names), (names, v)).is_some() {
            return Err(Refused);
        }
    }
    let mut met: BTreeSet<(Names, Names)> = BTreeSet::new();
    let mut answers = Vector::new();
    for (names, v) in many {
        let signature = signature(matching, &names);
        let Some((other, w)) = ones.get(&signature) else { continue };
        let (a, b) = if swapped { (*w, v) } else { (v, *w) };
        let value = apply(e, a, b, a);
        let mut named = names;
        if drops_name(e) {
            named.remove(NAME);
        }
        if matching.cardinality == Cardinality::OneToOne {
            named = only(&named, |name| listed(&matching.labels, name) == matching.on);
            if !met.insert((signature, Names::new())) {
                return Err(Refused);
            }
        } else {
            for label in &matching.include {
                match other.get(&*label.text) {
                    Some(value) => named.insert(label.text.to_string(), value.clone()),
                    None => named.remove(&*label.text),
                };
            }
            if !met.insert((signature, named.clone())) {
                return Err(Refused);
            }
        }
        if let Some(value) = value {
            put(&mut answers, named, value)?;
        }
    }
    Ok(answers)
}
