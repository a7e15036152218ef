//! Reading protobuf allocates for the largest metric, and not for each.

mod common;

use common::{HISTOGRAM, classic, family, native};
use promd_exposition::{Entry, NhcbParser, Options, Parser, ProtobufParser, TextParser};
use promd_testkit::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn read(mut parser: impl Parser) -> usize {
    let mut entries = 0;
    while let Some(entry) = parser.next().expect("the body is sound") {
        entries += match entry {
            Entry::Series(sample) => sample.series.len().min(1),
            Entry::Histogram(sample) => sample.series.len().min(1) + sample.exemplars().count(),
            _ => 1,
        };
    }
    entries
}

/// No bucket is empty: to take one out costs the histogram's own operation two allocations.
#[test]
fn a_hundred_times_the_metrics_are_no_more_allocations() {
    let one = [
        family("c_total", common::COUNTER, |counter| counter.double(1, 1.0)),
        family("h", HISTOGRAM, |histogram| classic(histogram, 5, 1.5, &[(1.0, 1), (2.0, 3)])),
        family("n", HISTOGRAM, |histogram| native(histogram, 0, 3, &[1, 2, -1])),
    ]
    .concat();
    let many = one.repeat(100);
    let mut convert = Options::default();
    convert.convert_classic_histograms = true;
    let mut keep = Options::default();
    keep.keep_classic_histograms = true;
    for options in [Options::default(), convert, keep] {
        let count = |body: &[u8]| CountingAllocator::during(|| read(ProtobufParser::new(body, options)));
        let ((few, first), (more, all)) = (count(&one), count(&many));
        assert_eq!(more, few * 100);
        assert_eq!(all.calls, first.calls, "{options:?}");
    }
}

#[test]
fn a_conversion_of_text_allocates_for_bounds_alone() {
    let histogram =
        "# TYPE h histogram\nh_bucket{a=\"1\",le=\"1\"} 1\nh_bucket{a=\"1\",le=\"2\"} 3\nh_count{a=\"1\"} 5\n";
    let count = |body: &str| {
        let text = TextParser::new(body.as_bytes(), Options::default());
        CountingAllocator::during(|| read(NhcbParser::new(text, Options::default())))
    };
    let ((few, first), (more, all)) = (count(histogram), count(&histogram.repeat(100)));
    assert_eq!(more, few * 100);
    // The canonical text of each of two bounds; and two sets of buffers take turns, of which the first group fills one.
    assert!(all.calls <= first.calls * 2 + 99 * 2, "{all:?} {first:?}");
}
