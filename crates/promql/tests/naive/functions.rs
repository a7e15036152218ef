//! Functions of vectors and of ranges.

use promd_model::MatchOp;
use promd_promql_parser::Expr;
use promd_promql_parser::ast::Call;

use super::{NAME, Naive, Names, Ranges, Refused, Value, Vector, map, put};

pub(super) fn call(naive: &Naive<'_>, call: &Call, t: i64) -> Result<Value, Refused> {
    let args = &call.args;
    let vector = || naive.vector(&args[0], t);
    let name = call.function.name;
    Ok(Value::Vector(match name {
        "time" => return Ok(Value::Scalar(t as f64 / 1000.0)),
        "scalar" => {
            let all: Vec<f64> = vector()?.into_values().collect();
            return Ok(Value::Scalar(if let [v] = all[..] { v } else { f64::NAN }));
        }
        "vector" => Vector::from([(Names::new(), naive.scalar(&args[0], t)?)]),
        "abs" => map(vector()?, f64::abs)?,
        "sqrt" => map(vector()?, f64::sqrt)?,
        "clamp_min" => {
            let least = naive.scalar(&args[1], t)?;
            map(vector()?, |v| v.max(least))?
        }
        "absent" if !vector()?.is_empty() => Vector::new(),
        "absent" => {
            let known = match &args[0] {
                Expr::Vector(selector) => selector.matchers.iter().map(|matcher| &matcher.matcher).collect(),
                _ => Vec::new(),
            };
            let known = known.into_iter().filter(|m| m.op() == MatchOp::Equal);
            Vector::from([(known.map(|m| (m.name().to_owned(), m.value().to_owned())).collect(), 1.0)])
        }
        _ => {
            let (parameter, range) = match &args[..] {
                [range] => (0.0, range),
                [parameter, range] => (naive.scalar(parameter, t)?, range),
                _ => panic!("{name} is not for this evaluator"),
            };
            let Ranges { series, start, end } = naive.range(range, t)?;
            let mut answers = Vector::new();
            for (mut names, samples) in series {
                if name != "last_over_time" {
                    names.remove(NAME);
                }
                let Some(value) = of_range(name, parameter, &samples, start, end) else { continue };
                put(&mut answers, names, value)?;
            }
            answers
        }
    }))
}

fn of_range(name: &str, parameter: f64, samples: &[(i64, f64)], start: i64, end: i64) -> Option<f64> {
    let values: Vec<f64> = samples.iter().map(|(_, v)| *v).collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
    let steps = || values.windows(2).map(|pair| (pair[0], pair[1]));
    Some(match name {
        "sum_over_time" => values.iter().sum(),
        "avg_over_time" => mean,
        "min_over_time" => least(values),
        "max_over_time" => -least(values.into_iter().map(|v| -v)),
        "count_over_time" => count,
        "present_over_time" => 1.0,
        "last_over_time" => *values.last()?,
        "stdvar_over_time" => variance,
        "stddev_over_time" => variance.sqrt(),
        "quantile_over_time" => quantile(parameter, values),
        "changes" => steps().filter(|(a, b)| a != b).count() as f64,
        "resets" => steps().filter(|(a, b)| b < a).count() as f64,
        "rate" => extrapolated(samples, start, end, true)? / (end - start) as f64 * 1000.0,
        "increase" => extrapolated(samples, start, end, true)?,
        "delta" => extrapolated(samples, start, end, false)?,
        "irate" | "idelta" => {
            let [.., (t, a), (u, b)] = samples else { return None };
            match name {
                "idelta" => b - a,
                _ => (if b < a { *b } else { b - a }) / ((u - t) as f64 / 1000.0),
            }
        }
        _ => panic!("{name} is not for this evaluator"),
    })
}

/// The growth over a range: as much as there is between the samples, stretched to both ends of the range if they are near, and
/// otherwise by half of what samples are apart; for a counter not below zero.
fn extrapolated(samples: &[(i64, f64)], start: i64, end: i64, counter: bool) -> Option<f64> {
    let [(first, v), .., (last, w)] = *samples else { return None };
    let seconds = |millis: i64| millis as f64 / 1000.0;
    let mut growth = w - v;
    if counter {
        growth += samples.windows(2).filter(|pair| pair[1].1 < pair[0].1).map(|pair| pair[0].1).sum::<f64>();
    }
    let sampled = seconds(last - first);
    let apart = sampled / (samples.len() - 1) as f64;
    let reach = |gap: f64| if gap < apart * 1.1 { gap } else { apart / 2.0 };
    let mut before = reach(seconds(first - start));
    if counter && growth > 0.0 && v >= 0.0 {
        before = before.min(sampled * (v / growth));
    }
    Some(growth * (sampled + before + reach(seconds(end - last))) / sampled)
}

/// The least number; what is no number counts if there is nothing else.
pub(super) fn least(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().reduce(|least, v| if v < least || least.is_nan() { v } else { least }).unwrap()
}

pub(super) fn quantile(q: f64, mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = q * (values.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is the place of a value")]
    let below = rank.floor() as usize;
    let above = (below + 1).min(values.len() - 1);
    let weight = rank - rank.floor();
    values[below] * (1.0 - weight) + values[above] * weight
}
