//! Exemplars on their way to the store.

use promd_exposition::Sample;
use promd_model::{Exemplar, Labels, Millis};
use promd_storage::SeriesRef;

use super::Workspace;

/// Puts the exemplars of a sample into the batch, the oldest first. One of a histogram without a time of its own is left
/// out, as Prometheus does: nobody could tell whether it is the same as the last one.
pub(super) fn take<V>(sample: &Sample<'_, V>, time: i64, is_histogram: bool, series: SeriesRef, work: &mut Workspace) {
    let Workspace { exemplars, builder, batch, .. } = work;
    for exemplar in sample.exemplars() {
        let has_timestamp = exemplar.timestamp.is_some();
        if is_histogram && !has_timestamp {
            continue;
        }
        builder.reset(&Labels::empty());
        exemplar.for_each_label(|name, value| {
            builder.set(name, value);
        });
        // Names are not empty where a parser let them through; what is longer than a label may be is no exemplar.
        let Ok(labels) = builder.build() else { continue };
        let timestamp = Millis(exemplar.timestamp.unwrap_or(time));
        exemplars.push(Exemplar { labels, value: exemplar.value, timestamp, has_timestamp });
    }
    exemplars.sort_by(Exemplar::compare);
    exemplars.drain(..).for_each(|exemplar| batch.exemplar(series, exemplar));
}
