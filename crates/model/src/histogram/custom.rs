//! Custom bounds of two histograms: what they have in common, and where a bucket of one goes.

/// Whether two histograms have the same custom bounds, as numbers.
pub(crate) fn same_bounds(a: &[f64], b: &[f64]) -> bool {
    a == b
}

/// The bounds that both have, in ascending order.
pub(crate) fn common_bounds(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut b = b.iter().peekable();
    let common = |bound: &&f64| {
        while b.next_if(|other| *other < *bound).is_some() {}
        b.next_if(|other| *other == *bound).is_some()
    };
    a.iter().filter(common).copied().collect()
}

/// Maps the indices of buckets with some `bounds`, given in ascending order, to those of buckets with fewer: the bucket
/// whose upper bound is the first one not below.
pub(crate) fn onto<'a>(bounds: &'a [f64], fewer: &'a [f64]) -> impl FnMut(i64) -> i64 + Clone + 'a {
    let mut target = 0;
    move |index| {
        let bound = usize::try_from(index)
            .map_or(f64::NEG_INFINITY, |index| bounds.get(index).copied().unwrap_or(f64::INFINITY));
        while fewer.get(target).is_some_and(|upper| *upper < bound) {
            target += 1;
        }
        target as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: &[f64], b: &[f64], common: &[f64], a_onto: &[i64]) {
        assert_eq!(common_bounds(a, b), common);
        assert_eq!(common_bounds(b, a), common);
        let indices = 0..=i64::try_from(a.len()).unwrap();
        assert_eq!(indices.map(onto(a, common)).collect::<Vec<_>>(), a_onto);
    }

    #[test]
    fn bounds_in_common() {
        check(&[], &[], &[], &[0]);
        check(&[1.0, 2.0], &[], &[], &[0, 0, 0]);
        check(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], &[0, 1, 2, 3]);
        check(&[1.0, 2.0, 3.0, 4.0], &[-5.0, 2.0, 2.5, 4.0, 9.0], &[2.0, 4.0], &[0, 0, 1, 1, 2]);
    }

    #[test]
    fn bounds_that_are_no_numbers_end_all_the_same() {
        assert_eq!(common_bounds(&[f64::NAN, 1.0], &[1.0, f64::NAN]), [1.0]);
        assert_eq!((-2..5).map(onto(&[f64::NAN, 1.0], &[1.0])).collect::<Vec<_>>().len(), 7);
    }
}
