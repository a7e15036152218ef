//! Who has how many series: what the status page of Prometheus shows (`tsdb/index/postings.go`).

use hashbrown::HashMap;

use super::Head;

/// The largest of several kinds, each descending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cardinality {
    /// How many pairs of a label's name and value there are.
    pub label_pairs: usize,
    /// Metrics by their series.
    pub series_by_metric: Vec<(String, u64)>,
    /// Names of labels by their values.
    pub values_by_label: Vec<(String, u64)>,
    /// Names of labels by the bytes that they and their values would take if each series held them.
    pub bytes_by_label: Vec<(String, u64)>,
    /// Pairs, as `name=value`, by their series.
    pub series_by_pair: Vec<(String, u64)>,
}

/// How many bytes the length of a text takes beside it, in the packed labels of Prometheus.
const fn prefix(length: usize) -> usize {
    if length < 255 { 1 } else { 4 }
}

/// The largest, those that are equal by name.
fn largest(mut all: Vec<(&str, u64)>, most: usize) -> Vec<(String, u64)> {
    all.sort_unstable_by(|(a, one), (b, other)| other.cmp(one).then_with(|| a.cmp(b)));
    all.into_iter().take(most).map(|(text, count)| (text.to_owned(), count)).collect()
}

impl Head {
    /// The largest `most` of each kind. This looks at every pair.
    pub(crate) fn cardinality(&self, most: usize) -> Cardinality {
        let index = self.index.read();
        let (mut label_pairs, mut metrics) = (0, Vec::new());
        let mut by_label: HashMap<&str, (u64, u64)> = HashMap::new();
        for number in index.pairs.numbers() {
            label_pairs += 1;
            let (name, value) = index.pairs.text(number);
            let series = index.pairs.series_count(number) as u64;
            if name == "__name__" {
                metrics.push((value, series));
            }
            let (values, bytes) = by_label.entry(name).or_default();
            *values += 1;
            let size = name.len() + prefix(name.len()) + value.len() + prefix(value.len());
            *bytes += size as u64 * series;
        }
        let values = by_label.iter().map(|(name, (values, _))| (*name, *values)).collect();
        let bytes = by_label.iter().map(|(name, (_, bytes))| (*name, *bytes)).collect();
        let (series_by_metric, values_by_label) = (largest(metrics, most), largest(values, most));
        let bytes_by_label = largest(bytes, most);
        drop(by_label);
        drop(index);
        let pairs = self.top_pairs(most).into_iter();
        let series_by_pair = pairs.map(|(name, value, series)| (format!("{name}={value}"), series as u64)).collect();
        Cardinality { label_pairs, series_by_metric, values_by_label, bytes_by_label, series_by_pair }
    }
}
