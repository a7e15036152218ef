//! Functions of a number, with the bits that Go gives them.
//!
//! The functions of the system's C library differ from Go's in the last digit for many arguments, which would show in quantiles of
//! histograms and in the functions of PromQL. Go on amd64 evaluates the published approximations of fdlibm (Sun, 1993) and of
//! Cephes (Moshier, 1989) without fused operations, but for [`exp`]; so do these functions.
//!
//! What the processor rounds correctly needs nothing: `sqrt`, `floor`, `%`.

mod circular;
mod exponential;
mod hyperbolic;

pub use circular::{acos, asin, atan, atan2, cos, sin, tan};
pub use exponential::{exp, ln, ln_1p, log10, pow};
pub use hyperbolic::{acosh, asinh, atanh, cosh, sinh, tanh};

/// ln 2 in two parts: the upper one has trailing zeros, so that its product with a small integer is exact.
const LN2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
const LN2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);

/// `fraction · 2^exponent`, rounded once.
pub(crate) fn ldexp(fraction: f64, exponent: i64) -> f64 {
    if fraction == 0.0 || !fraction.is_finite() {
        return fraction;
    }
    let (fraction, own) = frexp(fraction);
    let exponent = exponent.saturating_add(own);
    match exponent {
        1025.. => f64::INFINITY.copysign(fraction),
        // Twice: 2^1024 is no f64.
        1024 => fraction * 2.0 * power_of_two(1023),
        -1021..=1023 => fraction * power_of_two(exponent),
        // The first product is normal and so exact; the second rounds into the subnormal numbers.
        -1080..=-1022 => fraction * power_of_two(-1021) * power_of_two(exponent + 1021),
        _ => 0.0f64.copysign(fraction),
    }
}

/// `2^exponent` for an exponent of a normal number.
fn power_of_two(exponent: i64) -> f64 {
    debug_assert!((-1022..=1023).contains(&exponent));
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// The fraction in [½, 1) and the exponent of which `value` is made; `value` must be finite and not 0.
fn frexp(value: f64) -> (f64, i64) {
    const EXPONENT: u64 = 0x7ff << 52;
    let (value, scaled) = if value.is_normal() { (value, 0) } else { (value * power_of_two(52), -52) };
    let bits = value.to_bits();
    let exponent = ((bits & EXPONENT) >> 52) as i64 - 1022;
    (f64::from_bits((bits & !EXPONENT) | (1022 << 52)), exponent + scaled)
}

/// The binary logarithm, as Go's `math.Log2`.
#[must_use]
pub fn log2(value: f64) -> f64 {
    if value.is_nan() || value == f64::INFINITY {
        return value;
    }
    if value < 0.0 {
        return f64::NAN;
    }
    if value == 0.0 {
        return f64::NEG_INFINITY;
    }
    let (fraction, exponent) = frexp(value);
    if fraction == 0.5 {
        return (exponent - 1) as f64;
    }
    ln_of_fraction(fraction, 0) * std::f64::consts::LOG2_E + exponent as f64
}

/// A polynomial by the scheme of Horner, the coefficient of the highest power first.
fn horner(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().copied().reduce(|sum, coefficient| sum * x + coefficient).unwrap_or_default()
}

/// The natural logarithm of `fraction · 2^exponent`, with a fraction in [½, 1).
///
/// With f = x − 1 and s = f / (2 + f), ln x = 2s + s·R(s²): R is a polynomial of seven terms, summed in two halves.
fn ln_of_fraction(fraction: f64, exponent: i64) -> f64 {
    const EVEN: [f64; 3] = [
        f64::from_bits(0x3fd9_9999_9997_fa04),
        f64::from_bits(0x3fcc_71c5_1d8e_78af),
        f64::from_bits(0x3fc3_9a09_d078_c69f),
    ];
    const ODD: [f64; 4] = [
        f64::from_bits(0x3fe5_5555_5555_5593),
        f64::from_bits(0x3fd2_4924_9422_9359),
        f64::from_bits(0x3fc7_4664_96cb_03de),
        f64::from_bits(0x3fc2_f112_df3e_5244),
    ];

    let exponent = exponent as f64;
    let (fraction, k) = if fraction < std::f64::consts::FRAC_1_SQRT_2 {
        (fraction * 2.0, exponent - 1.0)
    } else {
        (fraction, exponent)
    };
    let f = fraction - 1.0;
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let odd = s2 * (ODD[0] + s4 * (ODD[1] + s4 * (ODD[2] + s4 * ODD[3])));
    let even = s4 * (EVEN[0] + s4 * (EVEN[1] + s4 * EVEN[2]));
    let half_square = 0.5 * f * f;
    k * LN2_HIGH - ((half_square - (s * (half_square + (odd + even)) + k * LN2_LOW)) - f)
}

/// 2 to the power of `value`, as Go's `math.Exp2`.
///
/// The argument is a whole number k and a rest r·log₂ e with |r| ≤ ½ ln 2; e^r comes from a rational approximation.
#[must_use]
pub fn exp2(value: f64) -> f64 {
    const P: [f64; 5] = [
        f64::from_bits(0x3fc5_5555_5555_5555),
        f64::from_bits(0xbf66_c16c_16be_bd93),
        f64::from_bits(0x3f11_566a_af25_de2c),
        f64::from_bits(0xbebb_bd41_c5d2_6bf1),
        f64::from_bits(0x3e66_3769_72be_a4d0),
    ];

    if value.is_nan() {
        return value;
    }
    if value > 1.023_999_999_999_999_9e3 {
        return f64::INFINITY;
    }
    if value < -1074.0 {
        return 0.0;
    }
    let whole = (value + 0.5f64.copysign(value)).trunc();
    let rest = value - whole;
    let high = rest * LN2_HIGH;
    let low = -rest * LN2_LOW;
    let r = high - low;
    let t = r * r;
    let c = r - t * (P[0] + t * (P[1] + t * (P[2] + t * (P[3] + t * P[4]))));
    let y = 1.0 - ((low - (r * c) / (2.0 - c)) - high);
    #[expect(clippy::cast_possible_truncation, reason = "between -1074 and 1024 by the checks above")]
    let whole = whole as i64;
    ldexp(y, whole)
}

#[cfg(test)]
mod tests;
