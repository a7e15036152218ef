//! What is to be printed.

use std::cmp::Ordering;

use serde::{Serialize, Serializer};

/// A value on its way out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    Null,
    /// A number or a truth value, printed as it is.
    Plain(String),
    /// Text, in quotes where it would mean something else without.
    Text(String),
    Seq {
        items: Vec<Tree>,
        /// Whether it is printed as `[a, b]`.
        flow: bool,
    },
    Map(Vec<(String, Tree)>),
}

impl Tree {
    /// The same, with a sequence printed on one line.
    pub(crate) fn into_flow(self) -> Self {
        match self {
            Self::Seq { items, .. } => Self::Seq { items, flow: true },
            other => other,
        }
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Plain(text) => serialize_plain(text, serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Seq { items, .. } => serializer.collect_seq(items),
            Self::Map(fields) => serializer.collect_map(fields.iter().map(|(name, value)| (name, value))),
        }
    }
}

/// What YAML writes as `.inf` and `.nan` most formats can only say as text.
fn serialize_plain<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if let Ok(value) = text.parse::<bool>() {
        return serializer.serialize_bool(value);
    }
    if let Ok(value) = text.parse::<i64>() {
        return serializer.serialize_i64(value);
    }
    if let Ok(value) = text.parse::<u64>() {
        return serializer.serialize_u64(value);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => serializer.serialize_f64(value),
        _ => serializer.serialize_str(text),
    }
}

/// How Go orders the keys of a map: numbers in them by value, and letters behind everything else.
pub(crate) fn key_order(a: &str, b: &str) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut digits = false;
    for (at, (l, r)) in left.iter().copied().zip(right.iter().copied()).enumerate() {
        if l == r {
            digits = l.is_numeric();
            continue;
        }
        return match (l.is_alphabetic(), r.is_alphabetic()) {
            (true, true) => l.cmp(&r),
            (true, false) => {
                if digits {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (false, true) => {
                if digits {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (false, false) => numbers(&left, &right, at),
        };
    }
    left.len().cmp(&right.len())
}

/// The first difference is at `at`, and neither side has a letter there: numbers that start there are compared, and what
/// is no digit counts as zero. A zero may stand within a number; then what stands before it makes the longer one larger.
fn numbers(left: &[char], right: &[char], at: usize) -> Ordering {
    let has_zero = [left, right].iter().any(|chars| chars.get(at) == Some(&'0'));
    let mut before = left.iter().take(at).rev().take_while(|c| c.is_numeric());
    let start = u64::from(has_zero && before.any(|c| *c != '0'));
    let rest = |chars: &[char]| {
        let digits = chars.iter().skip(at).map_while(|c| c.to_digit(10));
        digits.fold((start, 0), |(number, len), digit| {
            (number.saturating_mul(10).saturating_add(u64::from(digit)), len + 1)
        })
    };
    rest(left).cmp(&rest(right)).then(left.get(at).cmp(&right.get(at)))
}

/// A document with nothing but `value`, as Go prints it.
pub(crate) fn print<T: super::Value>(value: &T) -> String {
    super::emit::emit(&value.tree())
}
