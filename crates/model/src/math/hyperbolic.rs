//! Hyperbolic functions and their inverses.

use std::f64::consts::LN_2;

use super::{exp, horner, ln, ln_1p};

/// From here on 1 is lost beside the square of a number.
const LARGE: f64 = (1u64 << 28) as f64;

/// The value without its sign; but that of -0 stays, as it does where Go compares with 0.
fn size(value: f64) -> f64 {
    if value < 0.0 { -value } else { value }
}

/// The hyperbolic sine, as Go's `math.Sinh`; near 0 it is approximation 2029 of Hart and others ("Computer Approximations", 1968).
#[must_use]
pub fn sinh(value: f64) -> f64 {
    const ABOVE: [f64; 4] =
        [-2.630_563_213_397_497e1, -2.894_211_355_989_564e3, -8.991_272_022_039_509e4, -6.307_673_640_497_717e5];
    const BELOW: [f64; 4] = [1.0, -1.736_789_535_582_337e2, 1.521_517_378_790_019e4, -6.307_673_640_497_717e5];

    let size = size(value);
    let result = if size > 21.0 {
        exp(size) * 0.5
    } else if size > 0.5 {
        let power = exp(size);
        (power - 1.0 / power) * 0.5
    } else {
        let square = size * size;
        horner(square, &ABOVE) * size / horner(square, &BELOW)
    };
    if value < 0.0 { -result } else { result }
}

/// The hyperbolic cosine, as Go's `math.Cosh`.
#[must_use]
pub fn cosh(value: f64) -> f64 {
    let power = exp(value.abs());
    if value.abs() > 21.0 { power * 0.5 } else { (power + 1.0 / power) * 0.5 }
}

/// The hyperbolic tangent, as Go's `math.Tanh`, which is that of Cephes.
#[must_use]
pub fn tanh(value: f64) -> f64 {
    const ABOVE: [f64; 3] = [-9.643_991_794_250_523e-1, -9.928_772_310_019_185e1, -1.614_687_684_417_084_5e3];
    const BELOW: [f64; 4] = [1.0, 1.128_116_784_916_329_3e2, 2.235_488_390_601_004_5e3, 4.844_063_053_251_255e3];
    /// Half of ln 2^127.
    const HALF_MOST: f64 = 0.5 * 8.802_969_193_111_305e1;

    let size = value.abs();
    if size > HALF_MOST {
        return 1f64.copysign(value);
    }
    if size >= 0.625 {
        let power = exp(2.0 * size);
        return (1.0 - 2.0 / (power + 1.0)).copysign(value);
    }
    if value == 0.0 {
        return value;
    }
    let square = value * value;
    value + value * square * horner(square, &ABOVE) / horner(square, &BELOW)
}

/// The inverse hyperbolic sine, as Go's `math.Asinh`.
#[must_use]
pub fn asinh(value: f64) -> f64 {
    if !value.is_finite() {
        return value;
    }
    let size = size(value);
    let result = if size > LARGE {
        ln(size) + LN_2
    } else if size > 2.0 {
        ln(2.0 * size + 1.0 / ((size * size + 1.0).sqrt() + size))
    } else if size < 1.0 / LARGE {
        size
    } else {
        ln_1p(size + size * size / (1.0 + (1.0 + size * size).sqrt()))
    };
    if value < 0.0 { -result } else { result }
}

/// The inverse hyperbolic cosine, as Go's `math.Acosh`.
#[must_use]
pub fn acosh(value: f64) -> f64 {
    if value.is_nan() || value < 1.0 {
        return f64::NAN;
    }
    if value == 1.0 {
        return 0.0;
    }
    if value >= LARGE {
        return ln(value) + LN_2;
    }
    if value > 2.0 {
        return ln(2.0 * value - 1.0 / (value + (value * value - 1.0).sqrt()));
    }
    let more = value - 1.0;
    ln_1p(more + (2.0 * more + more * more).sqrt())
}

/// The inverse hyperbolic tangent, as Go's `math.Atanh`.
#[must_use]
pub fn atanh(value: f64) -> f64 {
    let size = size(value);
    if value.is_nan() || size > 1.0 {
        return f64::NAN;
    }
    if size == 1.0 {
        return f64::INFINITY.copysign(value);
    }
    let result = if size < 1.0 / LARGE {
        size
    } else if size < 0.5 {
        let double = size + size;
        0.5 * ln_1p(double + double * size / (1.0 - size))
    } else {
        0.5 * ln_1p((size + size) / (1.0 - size))
    };
    if value < 0.0 { -result } else { result }
}
