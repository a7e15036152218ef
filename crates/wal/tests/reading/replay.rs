//! What a log means, in as few lines as it takes: the reader that the real one is compared with.

use std::collections::{BTreeMap, HashMap};

use promd_wal::record::{HistogramEntry, Record};

use super::Found;
use super::peer::Answer;

/// The bits of a stale marker (`model/value/value.go`), which no answer shows.
const STALE: u64 = 0x7ff0_0000_0000_0002;

/// Series and samples of a log without chunks beside it.
pub(crate) fn replay(records: &[Found]) -> Answer {
    let mut names: HashMap<u64, String> = HashMap::new();
    let mut answer = Answer::new();
    let mut newest: HashMap<String, i64> = HashMap::new();
    let mut deleted = Vec::new();
    let mut add = |names: &HashMap<u64, String>, series: u64, time: i64, value: Option<String>| {
        let Some(name) = names.get(&series) else { return };
        if newest.get(name).is_some_and(|&newest| newest >= time) {
            return;
        }
        newest.insert(name.clone(), time);
        if let Some(value) = value {
            answer.entry(name.clone()).or_default().insert(time, value);
        }
    };
    for record in records {
        match Record::parse(&record.bytes).unwrap() {
            Record::Series(entries) => {
                for entry in entries {
                    let entry = entry.unwrap();
                    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                    let labels: BTreeMap<_, _> =
                        entry.labels.iter().map(|(name, value)| (text(name), text(value))).collect();
                    names.insert(entry.series, serde_json::to_value(labels).unwrap().to_string());
                }
            }
            Record::Samples(entries) => {
                for entry in entries {
                    let entry = entry.unwrap();
                    let value = (entry.value.to_bits() != STALE).then(|| format!("{:?}", entry.value));
                    add(&names, entry.stamp.series, entry.stamp.time, value);
                }
            }
            Record::Histograms(mut entries) => {
                let mut histogram = promd_model::Histogram::default();
                while let Some(entry) = entries.next_into(&mut histogram).unwrap() {
                    let HistogramEntry::Kept(stamp) = entry else { continue };
                    #[expect(clippy::cast_precision_loss, reason = "small counts")]
                    let value = format!("count {:?} sum {:?}", histogram.count as f64, histogram.sum);
                    add(&names, stamp.series, stamp.time, (histogram.sum.to_bits() != STALE).then_some(value));
                }
            }
            Record::FloatHistograms(mut entries) => {
                let mut histogram = promd_model::FloatHistogram::default();
                while let Some(entry) = entries.next_into(&mut histogram).unwrap() {
                    let HistogramEntry::Kept(stamp) = entry else { continue };
                    let value = format!("count {:?} sum {:?}", histogram.count, histogram.sum);
                    add(&names, stamp.series, stamp.time, (histogram.sum.to_bits() != STALE).then_some(value));
                }
            }
            Record::Tombstones(entries) => deleted.extend(entries.map(Result::unwrap)),
            _ => {}
        }
    }
    for tombstone in deleted {
        if let Some(samples) = names.get(&tombstone.series).and_then(|name| answer.get_mut(name)) {
            samples.retain(|time, _| *time < tombstone.min || *time > tombstone.max);
        }
    }
    answer.retain(|_, samples| !samples.is_empty());
    answer
}

/// The same with values that two programs print alike.
pub(crate) fn normalise(answer: Answer) -> Answer {
    let one = |value: String| match value.as_str() {
        "+Inf" => "inf".to_owned(),
        "-Inf" => "-inf".to_owned(),
        text => text.parse::<f64>().map_or(value.clone(), |number| format!("{number:?}")),
    };
    answer
        .into_iter()
        .map(|(name, samples)| (name, samples.into_iter().map(|(time, value)| (time, one(value))).collect()))
        .collect()
}
