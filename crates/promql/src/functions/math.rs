//! Functions of numbers.

use std::f64::consts::PI;

use promd_model::math;

use super::Function::{Map, MapWith, Scalar};
use super::Implementation::{self, Instant};

pub(super) const TABLE: &[(&str, Implementation)] = &[
    ("abs", Instant(Map(f64::abs))),
    ("acos", Instant(Map(math::acos))),
    ("acosh", Instant(Map(math::acosh))),
    ("asin", Instant(Map(math::asin))),
    ("asinh", Instant(Map(math::asinh))),
    ("atan", Instant(Map(math::atan))),
    ("atanh", Instant(Map(math::atanh))),
    ("ceil", Instant(Map(f64::ceil))),
    ("clamp", Instant(MapWith(|v, args| clamp(v, args[0], args[1])))),
    ("clamp_max", Instant(MapWith(|v, args| clamp(v, f64::NEG_INFINITY, args[0])))),
    ("clamp_min", Instant(MapWith(|v, args| clamp(v, args[0], f64::INFINITY)))),
    ("cos", Instant(Map(math::cos))),
    ("cosh", Instant(Map(math::cosh))),
    ("deg", Instant(Map(|v| v * 180.0 / PI))),
    ("exp", Instant(Map(math::exp))),
    ("floor", Instant(Map(f64::floor))),
    ("ln", Instant(Map(math::ln))),
    ("log10", Instant(Map(math::log10))),
    ("log2", Instant(Map(math::log2))),
    ("max_of", Instant(Scalar(|_, args| max(args[0], args[1])))),
    ("min_of", Instant(Scalar(|_, args| min(args[0], args[1])))),
    ("pi", Instant(Scalar(|_, _| PI))),
    ("rad", Instant(Map(|v| v * PI / 180.0))),
    ("round", Instant(MapWith(|v, args| Some(round(v, args.first().copied().unwrap_or(1.0)))))),
    ("sgn", Instant(Map(sign))),
    ("sin", Instant(Map(math::sin))),
    ("sinh", Instant(Map(math::sinh))),
    ("sqrt", Instant(Map(f64::sqrt))),
    ("tan", Instant(Map(math::tan))),
    ("tanh", Instant(Map(math::tanh))),
];

/// The greater one; a NaN wins over all but +Inf, as in Go.
pub(crate) fn max(a: f64, b: f64) -> f64 {
    if a == f64::INFINITY || b == f64::INFINITY {
        return f64::INFINITY;
    }
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if a > b || (a == b && b.is_sign_negative()) {
        a
    } else {
        b
    }
}

/// The lesser one; a NaN wins over all but -Inf, as in Go.
pub(crate) fn min(a: f64, b: f64) -> f64 {
    if a == f64::NEG_INFINITY || b == f64::NEG_INFINITY {
        return f64::NEG_INFINITY;
    }
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if a < b || (a == b && a.is_sign_negative()) {
        a
    } else {
        b
    }
}

fn clamp(v: f64, lowest: f64, highest: f64) -> Option<f64> {
    if highest < lowest { None } else { Some(max(lowest, min(highest, v))) }
}

/// The nearest multiple, ties upwards. The inverse costs less precision than dividing.
fn round(v: f64, to: f64) -> f64 {
    let inverse = 1.0 / to;
    (v * inverse + 0.5).floor() / inverse
}

fn sign(v: f64) -> f64 {
    if v < 0.0 {
        -1.0
    } else if v > 0.0 {
        1.0
    } else {
        v
    }
}
