//! The few functions of a number that histograms need, with the bits that Go gives them.
//!
//! The logarithm and the power of the system's C library differ from Go's in the last digit for about one argument in
//! ten, which would show in every quantile. Go on amd64 evaluates the published polynomials of fdlibm (Sun, 1993) without
//! fused operations; so do these functions.

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
