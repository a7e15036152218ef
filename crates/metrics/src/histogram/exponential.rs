//! Which native bucket a number falls into.
//!
//! Bucket `i` of schema `n` is `(2^((i-1)/2^n), 2^(i/2^n)]`. The bounds are floats, and whether a number that is equal to a
//! bound, or next to it, falls on one side or the other depends on how they were rounded. Those of client_golang
//! (`prometheus/histogram.go`) are not the floats nearest to the exact bounds but what a recipe gives, and Prometheus has
//! the same (`model/histogram/generic.go`), so the recipe is followed here to the bit.
//!
//! The bounds of a schema are every second one of the next finer schema. So one table, that of schema 8, is enough.

/// The finest and the coarsest resolution.
pub(super) const FINEST: i32 = 8;
pub(super) const COARSEST: i32 = -4;

/// How many buckets of the finest schema make a power of two.
const BOUNDS: usize = 1 << FINEST;

/// The bounds of schema 8 between 0.5 (inclusive) and 1 (exclusive).
static TABLE: [f64; BOUNDS] = table();

/// `2^(2^-n)` for schema n, as Go's `math.Exp2` rounds it. That of schema 1 is not the nearest float to the square root
/// of two but the one below.
#[expect(clippy::approx_constant, reason = "it differs from the constant by one unit in the last place, and must")]
const FACTORS: [f64; 9] = [
    2.0,
    1.414213562373095,
    1.189207115002721,
    1.0905077326652577,
    1.0442737824274138,
    1.0218971486541166,
    1.0108892860517005,
    1.0054299011128027,
    1.0027112750502025,
];

/// From schema to schema, what is there stays and what lies between two bounds is the lower one times the factor.
const fn table() -> [f64; BOUNDS] {
    let mut table = [0.5; BOUNDS];
    let mut schema = 1;
    while schema < FACTORS.len() {
        let step = BOUNDS >> schema;
        let mut at = step;
        while at < BOUNDS {
            table[at] = table[at - step] * FACTORS[schema];
            at += 2 * step;
        }
        schema += 1;
    }
    table
}

/// The coarsest schema whose buckets grow by at most `factor`, within the limits. One and below ask for the finest.
pub(super) fn schema_for(factor: f64) -> i32 {
    let exponent = factor.log2().log2().floor();
    let beyond = if exponent >= f64::from(-COARSEST) { COARSEST } else { FINEST };
    (COARSEST..=FINEST).find(|schema| f64::from(-*schema) == exponent).unwrap_or(beyond)
}

/// The bucket of `value`, which is neither zero nor NaN, by its absolute value. Infinity is in the one after the last.
pub(super) fn bucket(value: f64, schema: i32) -> i32 {
    if value.is_infinite() {
        return bucket(f64::MAX, schema) + 1;
    }
    let (fraction, exponent) = split(value.abs());
    let above_half = fraction > 0.5;
    if schema <= 0 {
        // Shifting rounds down, also below zero; adding all but one before makes that up.
        let powers = exponent - 1 + i32::from(above_half);
        return (powers + (1 << -schema) - 1) >> -schema;
    }
    // The last bound below the fraction, found bit by bit among those of the schema.
    let mut last = 0;
    for bit in (0..schema).rev() {
        let probe = last | 1 << bit;
        if TABLE.get(probe << (FINEST - schema)).is_some_and(|bound| *bound < fraction) {
            last = probe;
        }
    }
    // Below 256, so it fits.
    ((exponent - 1) << schema) + i32::try_from(last).unwrap_or(0) + i32::from(above_half)
}

/// The upper bound of a bucket. Of the last before infinity, it is the largest float.
pub(super) fn upper_bound(bucket: i32, schema: i32) -> f64 {
    let finest = i64::from(bucket) << (FINEST - schema);
    let within = usize::try_from(finest.rem_euclid(1 << FINEST)).unwrap_or(0);
    let exponent = finest.div_euclid(1 << FINEST) + 1;
    let fraction = TABLE.get(within).copied().unwrap_or(0.5);
    match i32::try_from(exponent) {
        Ok(exponent) if exponent <= 1024 => join(fraction, exponent),
        _ => f64::MAX,
    }
}

/// The bucket of the next coarser schema that holds this one.
pub(super) fn coarser(bucket: i32) -> i32 {
    (bucket + 1) >> 1
}

const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;

/// A positive finite number as a fraction in `[0.5, 1)` and a power of two.
fn split(value: f64) -> (f64, i32) {
    if value < f64::MIN_POSITIVE {
        let (fraction, exponent) = split(value * power(64));
        return (fraction, exponent - 64);
    }
    let bits = value.to_bits();
    // Eleven bits.
    let exponent = i32::try_from(bits >> MANTISSA_BITS).unwrap_or(0) - 1022;
    let mantissa = bits & ((1 << MANTISSA_BITS) - 1);
    (f64::from_bits(1022 << MANTISSA_BITS | mantissa), exponent)
}

/// The opposite. In two steps, since the power alone may be out of range where the product is not; the first step is exact.
fn join(fraction: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    fraction * power(half) * power(exponent - half)
}

/// Two to the power of `exponent`, which is that of a normal float.
fn power(exponent: i32) -> f64 {
    f64::from_bits(u64::try_from(1023 + exponent).unwrap_or(0) << MANTISSA_BITS)
}

#[cfg(test)]
mod tests;
