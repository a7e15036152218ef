#![doc = include_str!("../README.md")]
//!
//! # How it fits together
//!
//! - An [`Instrument`] counts or observes and has no name: [`Counter`], [`FloatCounter`], [`Gauge`], [`IntGauge`],
//!   [`Histogram`], [`Summary`]. It is a handle; clones share the numbers.
//! - [`Metric`] gives an instrument a name, [`Family`] a name and labels. [`FnMetric`] computes its value when asked.
//!   All of them, and structs of them ([`impl_collect!`]), are [`Collect`].
//! - [`Registry`] is a list of collectors. It checks that their descriptors fit together, and gathers what they hold into a
//!   [`Snapshot`], which hands it to a [`Sink`]: a writer.
//! - [`Sample`] and [`Value`] are what a sink is handed.
//!
//! # Invariants
//!
//! 1. Nothing is global. A test makes a registry of its own, or none: instruments work without.
//! 2. Incrementing, setting and observing in classic buckets takes no lock and allocates nothing. Observing in native
//!    buckets or in a summary takes a lock of that one metric, for some tens of nanoseconds; a summary now and then for as
//!    long as it takes to sort some hundred observations.
//! 3. Gathering allocates a constant number of times for each family, and not for a sample.
//! 4. A writer sees each family once, families and samples in the order that [`Sink`] documents, no sample twice, and each
//!    with a value of its family's type.
//! 5. Memory is bounded by what is declared: label values that a caller gives to [`Family::with`], and native buckets without
//!    [`NativeSettings::max_buckets`], are the two things that grow with outside data.
//! 6. No clock is read. What ages is told the time; a clock that is set back stops the ageing until it has caught up.
//!
//! # Why a mistake in a name is found at registration
//!
//! Metrics are made in constructors all over a program, by names that stand in the source. If making one could fail, every
//! such constructor would have an error path for a mistake that the first run shows. So a descriptor is made unchecked,
//! and [`Registry::register`], which the wiring of a program calls once for each part, says what is wrong with it.
//! Settings that make no sense are brought into range where they are made, and say so.
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
