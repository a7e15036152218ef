//! The seam between what holds metrics and what writes them.

use std::time::SystemTime;

use crate::desc::Desc;
use crate::value::Sample;

/// Something that holds metrics: an instrument, a family, or a struct of them (see [`impl_collect!`](crate::impl_collect)).
///
/// A type that computes its values when asked (from `/proc`, from the state of a head) implements it by hand:
///
/// ```
/// use std::time::SystemTime;
/// use promd_metrics::{Collect, Desc, MetricType, Options, Sample, Sink, Value};
///
/// struct Memory {
///     resident: Desc,
/// }
///
/// impl Collect for Memory {
///     fn describe(&self, each: &mut dyn FnMut(&Desc)) {
///         each(&self.resident);
///     }
///
///     fn collect(&self, _now: SystemTime, sink: &mut dyn Sink) {
///         sink.family(&self.resident);
///         sink.sample(&Sample::new(&[], Value::Gauge(4096.0)));
///     }
/// }
///
/// let options = Options::new("process_resident_memory_bytes", "Resident memory size in bytes.");
/// let memory = Memory { resident: Desc::new(MetricType::Gauge, options, &[]) };
/// let registry = promd_metrics::Registry::new();
/// registry.register(memory)?;
/// # Ok::<(), promd_metrics::RegisterError>(())
/// ```
pub trait Collect: Send + Sync {
    /// Names the families that [`Collect::collect`] may hand out, for the checks of registration.
    fn describe(&self, each: &mut dyn FnMut(&Desc));

    /// Hands what it holds to `sink`: each family, then its samples. A family without samples may be left out or not.
    ///
    /// `now` is what instruments that age (summaries, native histograms) take for the present.
    fn collect(&self, now: SystemTime, sink: &mut dyn Sink);
}

/// Something that takes metrics: a writer of a format, a [`Snapshot`](crate::Snapshot).
///
/// What it is handed lives as long as the call.
///
/// # Order
///
/// A bare [`Collect`] hands out families as they are declared and the samples of a family in no order. Writers
/// take theirs from [`Snapshot::visit`](crate::Snapshot::visit), which promises: each family once, families sorted by
/// name (bytewise), none without samples; the samples of a family by the number of their labels, then by the values of
/// the labels in the order of their names (bytewise), then by timestamp, those without one last. That is what
/// client_golang does, so that the output of both can be compared line by line.
pub trait Sink {
    /// A family begins. The samples that follow are of it.
    fn family(&mut self, desc: &Desc);

    /// A metric of the family that was begun.
    fn sample(&mut self, sample: &Sample<'_>);
}

impl<T: Collect + ?Sized> Collect for std::sync::Arc<T> {
    fn describe(&self, each: &mut dyn FnMut(&Desc)) {
        T::describe(self, each);
    }

    fn collect(&self, now: SystemTime, sink: &mut dyn Sink) {
        T::collect(self, now, sink);
    }
}

impl<T: Collect> Collect for Option<T> {
    fn describe(&self, each: &mut dyn FnMut(&Desc)) {
        self.iter().for_each(|some| some.describe(each));
    }

    fn collect(&self, now: SystemTime, sink: &mut dyn Sink) {
        self.iter().for_each(|some| some.collect(now, sink));
    }
}

/// Implements [`Collect`] for a struct by naming the fields that hold metrics.
///
/// ```
/// use promd_metrics::{Counter, Family, Gauge, Metric, Options, impl_collect};
///
/// struct WalMetrics {
///     segment: Metric<Gauge>,
///     unknown_refs: Family<Counter, 1>,
/// }
///
/// impl_collect!(WalMetrics { segment, unknown_refs });
///
/// let metrics = WalMetrics {
///     segment: Metric::new(Options::new("prometheus_tsdb_wal_segment_current", "Write log segment index.")),
///     unknown_refs: Family::new(Options::new("prometheus_tsdb_wal_replay_unknown_refs_total", "..."), ["type"]),
/// };
/// metrics.segment.set(7.0);
/// metrics.unknown_refs.with(["series"]).inc();
/// ```
#[macro_export]
macro_rules! impl_collect {
    ($type:ty { $($field:ident),+ $(,)? }) => {
        impl $crate::Collect for $type {
            fn describe(&self, each: &mut dyn FnMut(&$crate::Desc)) {
                $($crate::Collect::describe(&self.$field, each);)+
            }

            fn collect(&self, now: ::std::time::SystemTime, sink: &mut dyn $crate::Sink) {
                $($crate::Collect::collect(&self.$field, now, sink);)+
            }
        }
    };
}
