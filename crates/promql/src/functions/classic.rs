//! Classic histograms: cumulative buckets in series of their own (`promql/quantile.go`).

/// A difference between neighbours that is taken for a rounding error.
const TOLERANCE: f64 = 1e-12;

/// Everything up to a bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bucket {
    pub(super) bound: f64,
    pub(super) count: f64,
}

/// What had to be changed so that counts ascend.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forced {
    pub(super) lowest: f64,
    pub(super) highest: f64,
    pub(super) difference: f64,
}

/// The φ-quantile of buckets, which are brought into order, and what had to be forced.
pub(super) fn quantile(phi: f64, buckets: &mut Vec<Bucket>) -> (f64, Option<Forced>) {
    if phi.is_nan() {
        return (f64::NAN, None);
    }
    if phi < 0.0 {
        return (f64::NEG_INFINITY, None);
    }
    if phi > 1.0 {
        return (f64::INFINITY, None);
    }
    if !settle(buckets) {
        return (f64::NAN, None);
    }
    let forced = force_monotonic(buckets);
    let [.., below, top] = buckets[..] else { return (f64::NAN, forced) };
    if top.count == 0.0 {
        return (f64::NAN, forced);
    }
    let mut rank = phi * top.count;
    let last = buckets.len() - 1;
    // As a search of Go does: a rank of NaN is not reached by any bucket.
    let at = buckets[..last].partition_point(|bucket| bucket.count < rank || bucket.count.is_nan() || rank.is_nan());
    let value = if at == last {
        below.bound
    } else if at == 0 && buckets[0].bound <= 0.0 {
        buckets[0].bound
    } else {
        let (mut start, mut count) = (0.0, buckets[at].count);
        if at > 0 {
            start = buckets[at - 1].bound;
            count -= buckets[at - 1].count;
            rank -= buckets[at - 1].count;
        }
        start + (buckets[at].bound - start) * (rank / count)
    };
    (value, forced)
}

/// Sorts, and adds up buckets with the same bound. `false` if the last bound is not +Inf.
fn settle(buckets: &mut Vec<Bucket>) -> bool {
    buckets.sort_by(|a, b| a.bound.partial_cmp(&b.bound).unwrap_or(std::cmp::Ordering::Equal));
    if buckets.last().is_none_or(|last| last.bound != f64::INFINITY) {
        return false;
    }
    buckets.dedup_by(|later, kept| {
        let same = later.bound == kept.bound;
        if same {
            kept.count += later.count;
        }
        same
    });
    true
}

fn force_monotonic(buckets: &mut [Bucket]) -> Option<Forced> {
    let mut forced: Option<Forced> = None;
    let mut before = buckets.first()?.count;
    for bucket in &mut buckets[1..] {
        let count = bucket.count;
        if count == before {
            continue;
        }
        if nearly_equal(before, count) {
            bucket.count = before;
            continue;
        }
        if count < before {
            let difference = before - count;
            let known = forced.get_or_insert(Forced { lowest: bucket.bound, highest: bucket.bound, difference: 0.0 });
            known.lowest = known.lowest.min(bucket.bound);
            known.highest = known.highest.max(bucket.bound);
            known.difference = known.difference.max(difference);
            bucket.count = before;
            continue;
        }
        before = count;
    }
    forced
}

fn nearly_equal(a: f64, b: f64) -> bool {
    if a == b || (a.is_nan() && b.is_nan()) {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < TOLERANCE * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < TOLERANCE
}

/// The fraction of observations between two values.
pub(super) fn fraction(lower: f64, upper: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if !settle(buckets) {
        return f64::NAN;
    }
    let count = buckets.last().map_or(0.0, |last| last.count);
    if count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    let (mut rank, mut lower_rank, mut upper_rank) = (0.0, None, None);
    let mut start = if buckets[0].bound <= 0.0 { f64::NEG_INFINITY } else { 0.0 };
    for bucket in buckets.iter() {
        let end = bucket.bound;
        // Within a bucket without an end nothing can be said.
        let within = |value: f64| {
            if start == f64::NEG_INFINITY {
                bucket.count
            } else {
                rank + (bucket.count - rank) * (value - start) / (end - start)
            }
        };
        for (limit, found) in [(lower, &mut lower_rank), (upper, &mut upper_rank)] {
            if found.is_none() && start >= limit {
                *found = Some(rank);
            } else if found.is_none() && start < limit && end > limit {
                *found = Some(within(limit));
            }
        }
        if lower_rank.is_some() && upper_rank.is_some() {
            break;
        }
        (rank, start) = (bucket.count, end);
    }
    let capped = |rank: Option<f64>| rank.filter(|rank| *rank <= count).unwrap_or(count);
    (capped(upper_rank) - capped(lower_rank)) / count
}
