//! What must hold for any histogram, against naive maps of buckets.
#![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "helpers of tests; all counts are small")]

use std::collections::BTreeMap;

use promd_model::{
    Bucket, CUSTOM_BUCKETS_SCHEMA, CounterResetHint, FloatHistogram, Histogram, Span, Trim, bucket_bound,
};
use proptest::prelude::*;

/// One side of a histogram as a plain map.
type Side = BTreeMap<i64, f64>;

fn side(spans: &[Span], buckets: &[f64]) -> Side {
    let mut side = Side::new();
    let (mut index, mut counts) = (0, buckets.iter());
    for span in spans {
        index += i64::from(span.offset);
        for _ in 0..span.length {
            side.insert(index, *counts.next().unwrap());
            index += 1;
        }
    }
    side
}

fn populated(side: &Side) -> Side {
    side.iter().filter(|(_, count)| **count != 0.0).map(|(index, count)| (*index, *count)).collect()
}

/// Both sides without empty buckets, negative ones first.
fn content(histogram: &FloatHistogram) -> [Side; 2] {
    [
        populated(&side(&histogram.negative_spans, &histogram.negative_buckets)),
        populated(&side(&histogram.positive_spans, &histogram.positive_buckets)),
    ]
}

/// Spans and whole counts, so that sums are exact.
fn sides(first: std::ops::Range<i32>) -> impl Strategy<Value = (Vec<Span>, Vec<f64>)> {
    let span = (0i32..4, prop::collection::vec(0u32..5, 0..4));
    (first, prop::collection::vec(span, 0..4)).prop_map(|(first, runs)| {
        let mut buckets = Vec::new();
        let spans = runs.into_iter().enumerate().map(|(number, (gap, counts))| {
            buckets.extend(counts.iter().copied().map(f64::from));
            Span::new(if number == 0 { first } else { gap }, u32::try_from(counts.len()).unwrap())
        });
        (spans.collect(), buckets)
    })
}

fn exponential() -> impl Strategy<Value = FloatHistogram> {
    let threshold = prop_oneof![Just(0.0), Just(1e-9), Just(0.25), Just(1.0), Just(3.0)];
    (-4i32..=8, threshold, 0u32..4, sides(-6..6), sides(-6..6)).prop_map(
        |(schema, zero_threshold, zero, positive, negative)| {
            let mut histogram = finish(FloatHistogram {
                schema,
                zero_threshold,
                zero_count: f64::from(zero),
                positive_spans: positive.0,
                positive_buckets: positive.1,
                negative_spans: negative.0,
                negative_buckets: negative.1,
                ..FloatHistogram::default()
            });
            // No bucket may reach into the zero bucket: what is there would be counted twice by some operations.
            if !off_zero(&histogram) {
                histogram.zero_threshold = 0.0;
            }
            histogram
        },
    )
}

fn custom() -> impl Strategy<Value = FloatHistogram> {
    (prop::sample::subsequence(vec![-4.0, -1.0, 0.5, 1.0, 2.5, 10.0], 0..6), prop::collection::vec(0u32..5, 7))
        .prop_map(|(custom_values, counts)| {
            let length = custom_values.len() + 1;
            finish(FloatHistogram {
                schema: CUSTOM_BUCKETS_SCHEMA,
                positive_spans: vec![Span::new(0, u32::try_from(length).unwrap())],
                positive_buckets: counts.into_iter().take(length).map(f64::from).collect(),
                custom_values,
                ..FloatHistogram::default()
            })
        })
}

fn finish(mut histogram: FloatHistogram) -> FloatHistogram {
    let buckets = histogram.positive_buckets.iter().chain(&histogram.negative_buckets);
    histogram.count = histogram.zero_count + buckets.sum::<f64>();
    histogram.sum = histogram.count * 2.0;
    histogram
}

fn sound() -> impl Strategy<Value = FloatHistogram> {
    prop_oneof![3 => exponential(), 1 => custom()]
}

/// Histograms that no check has seen.
fn lying() -> impl Strategy<Value = Histogram> {
    let spans = || prop::collection::vec((any::<i32>(), any::<u32>()).prop_map(|(o, l)| Span::new(o, l)), 0..4);
    let small = || prop::collection::vec((-3i32..3, 0u32..5).prop_map(|(o, l)| Span::new(o, l)), 0..4);
    let buckets = || prop::collection::vec(prop_oneof![any::<i64>(), -5i64..50], 0..6);
    let schema = prop_oneof![any::<i32>(), -60i32..60, Just(CUSTOM_BUCKETS_SCHEMA)];
    (
        (schema, any::<f64>(), any::<u64>(), any::<u64>(), any::<f64>()),
        prop_oneof![spans(), small()],
        prop_oneof![spans(), small()],
        buckets(),
        buckets(),
        prop::collection::vec(any::<f64>(), 0..4),
    )
        .prop_map(|(head, positive_spans, negative_spans, positive_buckets, negative_buckets, custom_values)| {
            Histogram {
                counter_reset_hint: CounterResetHint::Unknown,
                schema: head.0,
                zero_threshold: head.1,
                zero_count: head.2,
                count: head.3,
                sum: head.4,
                positive_spans,
                negative_spans,
                positive_buckets,
                negative_buckets,
                custom_values,
            }
        })
}

/// The same in whole numbers.
fn whole(histogram: &FloatHistogram) -> Histogram {
    let deltas = |buckets: &[f64]| {
        let before = std::iter::once(&0.0).chain(buckets);
        buckets.iter().zip(before).map(|(count, before)| (count - before) as i64).collect()
    };
    Histogram {
        counter_reset_hint: histogram.counter_reset_hint,
        schema: histogram.schema,
        zero_threshold: histogram.zero_threshold,
        zero_count: histogram.zero_count as u64,
        count: histogram.count as u64,
        sum: histogram.sum,
        positive_buckets: deltas(&histogram.positive_buckets),
        negative_buckets: deltas(&histogram.negative_buckets),
        positive_spans: histogram.positive_spans.clone(),
        negative_spans: histogram.negative_spans.clone(),
        custom_values: histogram.custom_values.clone(),
    }
}

fn total(histogram: &FloatHistogram) -> f64 {
    histogram.all().map(|bucket| bucket.count).sum()
}

proptest! {
    #[test]
    fn what_is_made_here_validates(histogram in sound()) {
        prop_assert_eq!(histogram.validate(), Ok(()));
    }

    #[test]
    fn compaction_keeps_what_is_populated(histogram in sound(), max_empty in 0usize..5) {
        let mut compact = histogram.clone();
        compact.compact(max_empty);
        prop_assert_eq!(content(&compact), content(&histogram));
        prop_assert_eq!(compact.validate(), Ok(()));
        prop_assert!(compact.same_populations(&histogram));
        for (spans, buckets) in [
            (&compact.positive_spans, &compact.positive_buckets),
            (&compact.negative_spans, &compact.negative_buckets),
        ] {
            let longest = buckets.split(|count| *count != 0.0).map(<[f64]>::len).max().unwrap_or(0);
            prop_assert!(longest <= max_empty, "{:?}", compact);
            prop_assert!(spans.iter().skip(1).all(|span| span.offset as usize > max_empty));
            prop_assert!(spans.iter().all(|span| span.length > 0));
            prop_assert!(buckets.first() != Some(&0.0) && buckets.last() != Some(&0.0));
        }
        let once = compact.clone();
        compact.compact(max_empty);
        prop_assert_eq!(compact, once);
    }

    #[test]
    fn addition_adds_observations(a in sound(), b in sound()) {
        let mut sum = a.clone();
        match sum.add(&b) {
            Err(_) => prop_assert!(a.uses_custom_buckets() != b.uses_custom_buckets() && sum == a),
            Ok(_) => {
                prop_assert_eq!(sum.count, a.count + b.count);
                prop_assert_eq!(sum.sum, a.sum + b.sum);
                prop_assert_eq!(sum.validate(), Ok(()));
                prop_assert_eq!(sum.schema, a.schema.min(b.schema));
                prop_assert!(sum.zero_threshold >= a.zero_threshold.max(b.zero_threshold));
            }
        }
    }

    #[test]
    fn buckets_off_the_zero_bucket_add_up_like_maps(a in exponential(), b in exponential()) {
        let (a, b) = (without_zero(a), without_zero(b));
        let schema = a.schema.min(b.schema);
        let mut sum = a.clone();
        sum.add(&b).unwrap();
        let expect = [0, 1].map(|number| {
            let mut naive = Side::new();
            for (histogram, side) in [(&a, &content(&a)[number]), (&b, &content(&b)[number])] {
                for (index, count) in side {
                    *naive.entry(coarse(*index, histogram.schema - schema)).or_default() += count;
                }
            }
            naive
        });
        prop_assert_eq!(content(&sum), expect);
        prop_assert_eq!(sum.schema, schema);
    }

    #[test]
    fn subtraction_undoes_addition(a in sound(), b in sound()) {
        let mut there = a.clone();
        if there.add(&b).is_ok() {
            let mut back = there.clone();
            prop_assert!(back.sub(&b).is_ok());
            prop_assert_eq!(back.count, a.count);
            prop_assert_eq!(back.sum, a.sum);
            // As in Prometheus, a bucket that becomes wide enough to reach into a zero bucket that was widened is in both.
            if a.schema == b.schema || there.zero_threshold == 0.0 {
                prop_assert_eq!(total(&there), total(&a) + total(&b));
                prop_assert_eq!(total(&back), total(&a));
            }
            // The layout stays as coarse as the addition made it.
            prop_assert_eq!((back.schema, back.zero_threshold), (there.schema, there.zero_threshold));
            prop_assert_eq!(&back.custom_values, &there.custom_values);
            let layout = |histogram: &FloatHistogram| {
                (histogram.schema, histogram.zero_threshold, histogram.custom_values.clone())
            };
            if layout(&a) == layout(&there) {
                prop_assert_eq!(content(&back), content(&a));
                prop_assert_eq!(back.zero_count, a.zero_count);
            }
        }
    }

    #[test]
    fn a_coarser_resolution_keeps_the_count(histogram in exponential(), steps in 1i32..5) {
        let schema = histogram.schema - steps;
        let mut coarse_one = histogram.clone();
        coarse_one.reduce_resolution(schema).unwrap();
        prop_assert_eq!(coarse_one.schema, schema);
        let naive = content(&histogram).map(|side| {
            let mut naive = Side::new();
            for (index, count) in side {
                *naive.entry(coarse(index, steps)).or_default() += count;
            }
            naive
        });
        prop_assert_eq!(content(&coarse_one), naive);
        let copy = histogram.copy_to_schema(schema).unwrap();
        prop_assert!(copy.same_populations(&coarse_one));
        prop_assert!(histogram.copy_to_schema(histogram.schema + 1).is_err());
    }

    #[test]
    fn a_reset_is_what_a_map_says(
        before in exponential(),
        grown in exponential(),
        loss in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let grown = FloatHistogram { schema: before.schema, zero_threshold: before.zero_threshold, ..grown };
        let mut after = without_zero(before.clone());
        let before = after.clone();
        after.add(&without_zero(grown)).unwrap();
        if let Some(loss) = loss.filter(|_| !after.positive_buckets.is_empty()) {
            let place = loss.index(after.positive_buckets.len());
            after.positive_buckets[place] = (after.positive_buckets[place] - 2.0).max(0.0);
        }
        let [now, earlier] = [content(&after), content(&before)];
        let fell = now.iter().zip(&earlier).any(|(now, earlier)| {
            earlier.iter().any(|(index, count)| now.get(index).is_none_or(|now| now < count))
        });
        prop_assert_eq!(after.detect_reset(&before), fell, "{:?} after {:?}", after, before);
        after.counter_reset_hint = CounterResetHint::NotReset;
        prop_assert!(!after.detect_reset(&before));
        after.counter_reset_hint = CounterResetHint::Reset;
        prop_assert!(after.detect_reset(&before));
    }

    #[test]
    fn iterators_agree_with_the_map(histogram in sound()) {
        let upwards: Vec<Bucket> = histogram.all().collect();
        let mut downwards: Vec<Bucket> = histogram.all().rev().collect();
        downwards.reverse();
        prop_assert_eq!(&upwards, &downwards);
        prop_assert_eq!(total(&histogram), histogram.count);
        let naive = side(&histogram.positive_spans, &histogram.positive_buckets);
        let seen: Side = histogram.positive().map(|bucket| (i64::from(bucket.index), bucket.count)).collect();
        prop_assert_eq!(seen, naive);
        for bucket in histogram.positive() {
            prop_assert_eq!(bucket.upper, bucket_bound(bucket.index, histogram.schema, &histogram.custom_values));
            prop_assert_eq!(bucket.lower, bucket_bound(bucket.index - 1, histogram.schema, &histogram.custom_values));
        }
        for bucket in histogram.negative() {
            prop_assert_eq!(bucket.lower, -bucket_bound(bucket.index, histogram.schema, &[]));
        }
        prop_assert!(upwards.windows(2).all(|pair| pair[0].upper <= pair[1].lower));
    }

    #[test]
    fn whole_numbers_become_floats_and_accumulate(histogram in sound()) {
        let whole = whole(&histogram);
        prop_assert_eq!(whole.validate(), Ok(()));
        prop_assert_eq!(&whole.to_float(), &histogram);
        prop_assert_eq!(whole.to_string(), histogram.to_string());
        let last = whole.cumulative().last().map_or(0, |bucket| bucket.count);
        let only_negative = whole.positive_buckets.is_empty() && whole.zero_count == 0;
        prop_assert!(only_negative || last == whole.count);
        let mut compact = whole.clone();
        compact.compact(2);
        let mut expect = histogram.clone();
        expect.compact(2);
        prop_assert_eq!(compact.to_float(), expect);
    }

    #[test]
    fn quantiles_ascend_and_fractions_undo_them(histogram in sound(), low in 0.0f64..1.0, high in 0.0f64..1.0) {
        let (low, high) = if low < high { (low, high) } else { (high, low) };
        if histogram.count > 0.0 {
            let [a, b] = [low, high].map(|phi| histogram.quantile(phi).value);
            prop_assert!(a <= b || a - b <= 1e-12 * a.abs().max(b.abs()), "{a} above {b}");
            let everything = histogram.fraction(f64::NEG_INFINITY, f64::INFINITY).value;
            prop_assert_eq!(everything, 1.0);
        } else {
            prop_assert!(histogram.quantile(low).value.is_nan() && histogram.fraction(0.0, 1.0).value.is_nan());
        }
    }

    #[test]
    fn trimming_divides(histogram in sound(), value in -20.0f64..20.0) {
        let (mut below, mut above) = (histogram.clone(), histogram.clone());
        below.trim(value, Trim::KeepBelow);
        above.trim(value, Trim::KeepAbove);
        prop_assert!(below.count.max(above.count) <= histogram.count * (1.0 + 1e-12));
        if !histogram.uses_custom_buckets() {
            let both = below.count + above.count;
            prop_assert!((both - histogram.count).abs() <= 1e-9, "{both} of {}", histogram.count);
        }
    }

    #[test]
    fn lies_cost_nothing(
        a in lying(),
        b in lying(),
        max_empty in any::<usize>(),
        value in any::<f64>(),
        schema in any::<i32>(),
    ) {
        // That this ends, and soon, is the test.
        let _ = a.validate();
        let mut compact = a.clone();
        compact.compact(max_empty);
        let _ = compact.clone().reduce_resolution(schema);
        let _ = compact.reduce_on_read();
        let _ = (a.cumulative().count(), a.to_string(), a.same_data(&b));
        let (float, other) = (a.to_float(), b.to_float());
        let _ = float.validate();
        let mut sum = float.clone();
        let _ = sum.add(&other);
        let _ = sum.sub(&float);
        let mut compact = float.clone();
        compact.compact(max_empty);
        let mut trimmed = float.clone();
        trimmed.trim(value, Trim::KeepBelow);
        trimmed.trim(value, Trim::KeepAbove);
        let _ = (float.quantile(value), float.fraction(value, other.sum), float.variance());
        let _ = (float.detect_reset(&other), float.same_data(&other), float.same_populations(&other));
        let _ = (float.test_expression(), float.to_string());
        let buckets = float.positive_buckets.len() + float.negative_buckets.len();
        prop_assert!(float.all().count() <= buckets + 1);
        prop_assert_eq!(float.all().count(), float.all().rev().count());
    }
}

/// The index that a bucket has when the resolution is halved `steps` times, one step after the other.
fn coarse(index: i64, steps: i32) -> i64 {
    (0..steps).fold(index, |index, _| (index + 1).div_euclid(2))
}

/// Without a zero bucket, and so without anything to reconcile there.
fn without_zero(mut histogram: FloatHistogram) -> FloatHistogram {
    histogram.count -= histogram.zero_count;
    histogram.zero_count = 0.0;
    histogram.zero_threshold = 0.0;
    histogram
}

/// Whether no bucket reaches into the zero bucket.
fn off_zero(histogram: &FloatHistogram) -> bool {
    histogram.positive().all(|bucket| bucket.lower >= histogram.zero_threshold)
        && histogram.negative().all(|bucket| bucket.upper <= -histogram.zero_threshold)
}
