#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod collect;
mod counter;
mod desc;
mod exemplar;
mod family;
mod float;
mod gauge;
mod histogram;
mod metric;
mod registry;
mod snapshot;
mod summary;
mod value;

pub use collect::{Collect, Sink};
pub use counter::{Counter, FloatCounter};
pub use desc::{Desc, DescError, MetricType, Options};
pub use exemplar::Exemplar;
pub use family::Family;
pub use gauge::{Gauge, InFlight, IntGauge};
pub use histogram::{
    DEFAULT_BUCKETS, Histogram, HistogramSettings, NativeSettings, exponential_buckets, exponential_range_buckets,
    linear_buckets,
};
pub use metric::{FnMetric, Instrument, Metric};
pub use registry::{RegisterError, RegistrationId, Registry};
pub use snapshot::{GatherError, Snapshot};
pub use summary::{Summary, SummarySettings};
pub use value::{
    Bucket, Count, CounterValue, HistogramValue, NativeBuckets, NativeCounts, NativeValue, Quantile, Sample, Span,
    SummaryValue, Value,
};
