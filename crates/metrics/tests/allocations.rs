//! Neither counting nor gathering allocates for a sample, once buffers have grown.

use std::time::SystemTime;

use promd_metrics::{
    Counter, Desc, Family, Gauge, Histogram, HistogramSettings, NativeSettings, Options, Registry, Sample, Sink,
    Snapshot, Summary, SummarySettings,
};
use promd_testkit::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

struct Count(usize);

impl Sink for Count {
    fn family(&mut self, _desc: &Desc) {}

    fn sample(&mut self, sample: &Sample<'_>) {
        self.0 += sample.labels.len();
    }
}

#[test]
fn gathering_allocates_a_constant_number_of_times() {
    let settings = HistogramSettings::default().with_native(NativeSettings::new(1.1));
    let histograms = Family::<Histogram, 1>::with_settings(Options::new("h", ""), ["x"], settings);
    let summaries =
        Family::<Summary, 1>::with_settings(Options::new("s", ""), ["x"], SummarySettings::new([(0.5, 0.05)]));
    let counters = Family::<Counter, 1>::new(Options::new("c", ""), ["x"]);
    let gauges = Family::<Gauge, 1>::new(Options::new("g", ""), ["x"]);
    for at in 0..1000 {
        let value = at.to_string();
        histograms.with([&value]).observe(f64::from(at));
        summaries.with([&value]).observe(f64::from(at), NOW);
        counters.with([&value]).inc();
        gauges.with([&value]).set(1.0);
    }
    let (counter, histogram) = (counters.with(["7"]), histograms.with(["7"]));
    let summary = summaries.with(["7"]);

    let registry = Registry::new();
    registry.register(histograms).unwrap();
    registry.register(summaries).unwrap();
    registry.register(counters).unwrap();
    registry.register(gauges).unwrap();
    let mut snapshot = Snapshot::new();
    registry.gather(NOW, &mut snapshot).unwrap();
    registry.gather(NOW, &mut snapshot).unwrap();
    let mut count = Count(0);
    let ((), allocated) = CountingAllocator::during(|| {
        registry.gather(NOW, &mut snapshot).unwrap();
        snapshot.visit(&mut count);
    });
    assert_eq!(count.0, 4000);
    // For the list of collectors, the labels of a sample and the order: some for each family, none for a sample.
    assert!(allocated.calls < 50, "{allocated:?}");

    let ((), allocated) = CountingAllocator::during(|| {
        for _ in 0..10_000 {
            counter.inc();
            histogram.observe(7.0);
            summary.observe(7.0, NOW);
        }
    });
    assert!(allocated.calls < 20, "the lists of the summary's five streams may grow: {allocated:?}");
}
