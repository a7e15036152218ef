//! What a query does for every sample must not allocate once its memory has grown.

use promd_model::{FloatHistogram, Histogram, Span, Trim};
use promd_testkit::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn sample(schema: i32, count: i64) -> Histogram {
    Histogram {
        schema,
        count: 100,
        zero_threshold: 1e-9,
        positive_spans: vec![Span::new(-3, 4), Span::new(2, 4)],
        negative_spans: vec![Span::new(1, 2)],
        positive_buckets: vec![count, 1, -1, 1, 2, 0, 0, 1],
        negative_buckets: vec![count, 1],
        ..Histogram::default()
    }
}

#[track_caller]
fn check(what: &str, at_most: u64, work: impl FnOnce()) {
    let ((), allocated) = CountingAllocator::during(work);
    assert!(allocated.calls <= at_most, "{what}: {allocated:?}");
}

#[test]
fn operations_on_one_layout_do_not_allocate() {
    let (earlier, later) = (sample(1, 5), sample(1, 7));
    let (a, b) = (earlier.to_float(), later.to_float());
    let mut sum = FloatHistogram::default();
    sum.clone_from(&a);
    check("clone_from", 0, || sum.clone_from(&b));
    check("to_float_into", 0, || earlier.to_float_into(&mut sum));
    check("add", 0, || assert!(sum.add(&b).is_ok()));
    check("sub", 0, || assert!(sum.sub(&a).is_ok()));
    check("mul", 0, || sum.mul(0.5));
    check("compact", 0, || sum.compact(0));
    check("detect_reset", 0, || assert!(!b.detect_reset(&a)));
    check("quantile", 0, || assert!(b.quantile(0.9).value > 0.0));
    check("fraction", 0, || assert!(b.fraction(0.0, 2.0).value > 0.0));
    check("variance", 0, || assert!(b.variance() > 0.0));
    check("validate", 0, || assert!(b.validate().is_ok()));
    check("all", 0, || assert_eq!(b.all().count(), 10));
    check("a trim that takes nothing away", 0, || sum.trim(1e9, Trim::KeepBelow));
}

#[test]
fn reconciling_allocates_the_new_layout_only() {
    let mut fine = sample(3, 5).to_float();
    let coarse = sample(1, 5).to_float();
    // On each side the spans to halve it, and spans and buckets where not all buckets are there.
    check("add to a finer one", 6, || assert!(fine.add(&coarse).is_ok()));
    assert_eq!(fine.schema, 1);
}
