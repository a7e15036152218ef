//! What Prometheus makes of directories, and what is made of them here: `expect.jsonl.gz` and `undamaged.jsonl.gz` are what a
//! real server answers.

use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_chunk::{Chunk, Encoding};
use promd_fs::{Fs, RealFs, SimFs};
use promd_model::{Columns, FloatHistogram, Histogram, Interval, Labels, LabelsRef, Run, is_stale};
use promd_storage::{Decoder, Reader, Select};
use promd_testkit::conformance;
use promd_wal::Framer;
use promd_wal::record::{ExemplarEntry, MetadataEntry, SampleColumns, SamplesEncoder, SeriesEncoder, Stamp};
use serde_json::Value;

use super::{IntoHead, ReplayReport, ReplayTarget, Replayed, replay};
use crate::TsdbError;
use crate::chunks_head::{ChunkHead, HeadChunks, MappedChunk, recover};
use crate::head::{Commit, CommitLog, Head, HeadOptions};

/// A float, or count and sum of a histogram, by their bits.
type Seen = (u64, u64);
type Answer = BTreeMap<Labels, BTreeMap<i64, Seen>>;

/// The smallest head that there can be.
struct Model {
    store: HeadChunks,
    valid_from: i64,
    references: HashMap<u64, usize>,
    series: Vec<Option<Series>>,
    mapped: HashMap<u64, Vec<MappedChunk>>,
    metadata: u64,
    exemplars: u64,
}

#[derive(Default)]
struct Series {
    labels: Labels,
    samples: BTreeMap<i64, Seen>,
    /// Up to where full chunks reach.
    full: Option<i64>,
    deleted: Vec<Interval>,
}

impl Model {
    fn new(store: HeadChunks, valid_from: i64) -> Self {
        Self {
            store,
            valid_from,
            references: HashMap::new(),
            series: Vec::new(),
            mapped: HashMap::new(),
            metadata: 0,
            exemplars: 0,
        }
    }

    fn find(&mut self, reference: u64) -> Option<&mut Series> {
        self.series[*self.references.get(&reference)?].as_mut()
    }

    fn push(&mut self, stamp: Stamp, seen: Seen) -> Replayed {
        let valid_from = self.valid_from;
        let Some(series) = self.find(stamp.series) else { return Replayed { unknown: 1, ..Replayed::default() } };
        let newest = series.samples.last_key_value().map(|(t, _)| *t).max(series.full);
        if stamp.time < valid_from || newest.is_some_and(|newest| stamp.time <= newest) {
            return Replayed { passed: 1, ..Replayed::default() };
        }
        series.samples.insert(stamp.time, seen);
        Replayed { taken: 1, ..Replayed::default() }
    }

    /// As a query shows it: no stale markers, and nothing that was deleted or belongs to blocks.
    fn answer(self) -> Answer {
        let mut answer = Answer::new();
        for series in self.series.into_iter().flatten() {
            let Series { labels, samples, deleted, .. } = series;
            let shown = |(t, (value, sum)): &(i64, Seen)| {
                let stale = is_stale(f64::from_bits(*value)) || is_stale(f64::from_bits(*sum));
                *t >= self.valid_from && !stale && !deleted.iter().any(|interval| interval.contains(*t))
            };
            let samples: BTreeMap<_, _> = samples.into_iter().filter(shown).collect();
            if !samples.is_empty() {
                answer.entry(labels).or_default().extend(samples);
            }
        }
        answer
    }
}

impl ReplayTarget for Model {
    fn mapped(&mut self, reference: u64, chunk: MappedChunk) {
        self.mapped.entry(reference).or_default().push(chunk);
    }

    fn late(&mut self, _: u64, _: MappedChunk) {}

    fn series(&mut self, reference: u64, labels: LabelsRef<'_>) {
        let known =
            self.series.iter().position(|series| series.as_ref().is_some_and(|one| one.labels.view() == labels));
        let at = known.unwrap_or_else(|| {
            self.series.push(Some(Series { labels: labels.to_labels(), ..Series::default() }));
            self.series.len() - 1
        });
        self.references.insert(reference, at);
        let Some(mut chunks) = self.mapped.remove(&reference) else { return };
        chunks.sort_by_key(|chunk| chunk.min);
        let series = self.series[at].as_mut().unwrap();
        if series.samples.last_key_value().is_some_and(|(newest, _)| *newest >= chunks[0].min) {
            let full = series.full;
            series.samples.retain(|t, _| full.is_some_and(|full| *t <= full));
        }
        for chunk in chunks {
            let newest = series.samples.last_key_value().map(|(t, _)| *t).max(series.full);
            if newest.is_some_and(|newest| chunk.min <= newest) {
                continue;
            }
            let read = self.store.read(chunk.place).unwrap();
            let mut columns = Columns::new();
            Chunk::new(read.head.encoding, &read.data).decode_into(&mut columns).unwrap();
            columns.runs().for_each(|run| add_run(&run, &mut series.samples));
            series.full = Some(chunk.max);
        }
    }

    fn floats(&mut self, samples: &SampleColumns) -> Replayed {
        let mut replayed = Replayed::default();
        for (stamp, value) in samples.iter() {
            replayed.add(self.push(stamp, (value.to_bits(), 0)));
        }
        replayed
    }

    fn histogram(&mut self, stamp: Stamp, histogram: &Histogram) -> Replayed {
        #[expect(clippy::cast_precision_loss, reason = "counts of fixtures are small")]
        let count = histogram.count as f64;
        self.push(stamp, (count.to_bits(), histogram.sum.to_bits()))
    }

    fn float_histogram(&mut self, stamp: Stamp, histogram: &FloatHistogram) -> Replayed {
        self.push(stamp, (histogram.count.to_bits(), histogram.sum.to_bits()))
    }

    fn tombstone(&mut self, reference: u64, interval: Interval) -> Replayed {
        let Some(at) = self.references.get(&reference).copied() else {
            return Replayed { unknown: 1, ..Replayed::default() };
        };
        if interval == Interval::ALL {
            self.series[at] = None;
        } else if let Some(series) = &mut self.series[at] {
            series.deleted.push(interval);
        }
        Replayed { taken: 1, ..Replayed::default() }
    }

    fn exemplar(&mut self, exemplar: &ExemplarEntry<'_>) -> Replayed {
        self.exemplars += 1;
        let unknown = u64::from(self.find(exemplar.stamp.series).is_none());
        Replayed { taken: 1 - unknown, passed: 0, unknown }
    }

    fn metadata(&mut self, metadata: &MetadataEntry<'_>) -> Replayed {
        self.metadata += 1;
        let unknown = u64::from(self.find(metadata.series).is_none());
        Replayed { taken: 1 - unknown, passed: 0, unknown }
    }
}

fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse::<f64>().unwrap().to_bits()
}

fn labels(object: &Value) -> Labels {
    let pairs = object.as_object().unwrap().iter();
    Labels::from_pairs(pairs.map(|(name, value)| (name, value.as_str().unwrap()))).unwrap()
}

/// A file `*.jsonl.gz`, from a time on.
fn expected(path: &Path, from: i64) -> Answer {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let mut answer = Answer::new();
    for line in text.lines() {
        let series: Value = serde_json::from_str(line).unwrap();
        let mut samples = BTreeMap::new();
        for sample in ["values", "histograms"].iter().filter_map(|kind| series[kind].as_array()).flatten() {
            #[expect(clippy::cast_possible_truncation, reason = "times of this millennium")]
            let t = (sample[0].as_f64().unwrap() * 1000.0).round() as i64;
            let seen = match &sample[1] {
                Value::String(_) => (number(&sample[1]), 0),
                histogram => (number(&histogram["count"]), number(&histogram["sum"])),
            };
            samples.insert(t, seen);
        }
        samples.retain(|t, _| *t >= from);
        if !samples.is_empty() {
            answer.insert(labels(&series["metric"]), samples);
        }
    }
    answer
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Where blocks end.
fn valid_from(data: &Path) -> i64 {
    let entries = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path().join("meta.json"));
    entries.filter(|meta| meta.exists()).map(|meta| json(&meta)["maxTime"].as_i64().unwrap()).max().unwrap_or(i64::MIN)
}

fn bring_back(data: &Path) -> (Answer, ReplayReport, i64) {
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let (store, recovered) = HeadChunks::open_read_only(Arc::clone(&fs), &data.join("chunks_head")).unwrap();
    let from = valid_from(data);
    let mut model = Model::new(store, from);
    let report = replay(&fs, &data.join("wal"), recovered, &mut model, &mut |_| {}).unwrap();
    (model.answer(), report, from)
}

/// A directory in memory: a head that is brought back writes chunks.
fn copy_of(from: &Path) -> Arc<dyn Fs> {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let mut folders = vec![from.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let to = |path: &Path| Path::new("/data").join(path.strip_prefix(from).unwrap());
        fs.create_dir_all(&to(&folder)).unwrap();
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                fs.write_atomically(&to(&path), &std::fs::read(&path).unwrap()).unwrap();
            }
        }
    }
    fs
}

/// Nothing is logged.
struct NoLog;

impl CommitLog for NoLog {
    fn log(&self, _: &Commit<'_>) -> Result<promd_storage::Position, TsdbError> {
        Ok(promd_storage::Position(0))
    }
}

/// The same as [`bring_back`] with the head itself.
fn head_of(fs: &Arc<dyn Fs>, from: i64) -> (Answer, usize) {
    let (store, recovered) = HeadChunks::open(Arc::clone(fs), Path::new("/data/chunks_head")).unwrap();
    let head = Head::new(HeadOptions::default(), Arc::new(store), Arc::new(NoLog));
    head.set_min_valid_time(from);
    let report = replay(fs, Path::new("/data/wal"), recovered, &mut IntoHead(&head), &mut |_| {}).unwrap();
    let late = crate::wbl::replay(fs, Path::new("/data/wbl"), &head, &mut |_| {}).unwrap();
    head.finish_replay();
    let times = Interval::new(from, i64::MAX);
    let reader = head.reader(times);
    let mut set = reader.select(&Select::new(&[], times)).unwrap();
    let (mut series, mut decoder, mut columns) = (promd_storage::Series::default(), Decoder::new(), Columns::new());
    let mut answer = Answer::new();
    while set.next(&mut series).unwrap() {
        columns.clear();
        decoder.decode(&series, times, &mut columns).unwrap();
        let mut samples = BTreeMap::new();
        columns.runs().for_each(|run| add_run(&run, &mut samples));
        samples.retain(|_, (value, sum)| !is_stale(f64::from_bits(*value)) && !is_stale(f64::from_bits(*sum)));
        if !samples.is_empty() {
            answer.insert(series.labels.clone(), samples);
        }
    }
    assert!(set.warnings().is_empty());
    (answer, report.log_damage.len() + report.chunk_damage.len() + late.damage.len())
}

fn add_run(run: &Run<'_>, samples: &mut BTreeMap<i64, Seen>) {
    for (row, t) in run.times().iter().enumerate() {
        let seen = match run {
            Run::Floats(run) => (run.v[row].to_bits(), 0),
            Run::Histograms(run) => {
                #[expect(clippy::cast_precision_loss, reason = "counts of fixtures are small")]
                let count = run.counts[row] as f64;
                (count.to_bits(), run.sums[row].to_bits())
            }
            Run::FloatHistograms(run) => (run.counts[row].to_bits(), run.sums[row].to_bits()),
        };
        samples.insert(*t, seen);
    }
}

#[test]
fn the_head_answers_the_same_and_again_from_the_chunks_that_it_wrote() {
    let Some(root) = conformance("tsdb") else { return };
    for name in [
        "inj_wal",
        "inj_head",
        "inj_ooo",
        "ooo_wbl",
        "ooo_clean",
        "wal_zstd",
        "checkpoint",
        "bad_head_chunk_middle",
        "bad_head_chunk",
        "no_chunks_head",
    ] {
        let fixture = root.join(name);
        let (fs, from) = (copy_of(&fixture.join("data")), valid_from(&fixture.join("data")));
        let undamaged = [fixture.join("undamaged.jsonl.gz"), fixture.join("expect.jsonl.gz")];
        let expected = expected(undamaged.iter().find(|path| path.exists()).unwrap(), from);
        for _ in 0..2 {
            compare(name, &head_of(&fs, from).0, &expected, |_, _| false);
        }
    }
}

fn fixture(name: &str) -> Option<PathBuf> {
    Some(conformance("tsdb")?.join(name))
}

#[test]
fn what_a_real_server_left_is_what_it_answers() {
    let check = |name: &str| {
        let Some(fixture) = fixture(name) else { return };
        let (answer, report, from) = bring_back(&fixture.join("data"));
        assert!(report.chunk_damage.is_empty(), "{name}: {:?}", report.chunk_damage);
        let expected = expected(&fixture.join("expect.jsonl.gz"), from);
        assert!(!expected.is_empty());
        compare(name, &answer, &expected, |_, _| false);
    };
    for name in [
        "inj_wal",
        "inj_head",
        "wal_zstd",
        "wal_snappy",
        "wal_none",
        "wal_snappy_v253",
        "checkpoint",
        "checkpoint_v253",
    ] {
        check(name);
    }
}

#[test]
fn damage_costs_what_it_may_and_changes_nothing() {
    let Some(root) = conformance("tsdb") else { return };
    let mut checked = 0;
    for entry in std::fs::read_dir(root).unwrap() {
        let fixture = entry.unwrap().path();
        let name = fixture.file_name().unwrap().to_str().unwrap().to_owned();
        let is_ours = ["bad_wal", "bad_head", "no_chunks", "wal_gap", "bad_checkpoint"];
        if !is_ours.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let (answer, report, from) = bring_back(&fixture.join("data"));
        let undamaged = expected(&fixture.join("undamaged.jsonl.gz"), from);
        let rules = json(&fixture.join("promd.json"));
        compare(&name, &answer, &undamaged, |of, t| may_be_missing(&rules, of, t));
        let damage = report.log_damage.len() + report.chunk_damage.len();
        let reported = rules["must_report"].as_bool() != Some(true) || damage > 0;
        assert!(reported, "{name}: damage is not told");
        checked += 1;
    }
    assert!(checked > 10, "{checked}");
}

/// Whether what promd may lose of a fixture includes a sample.
fn may_be_missing(rules: &Value, of: &Labels, t: i64) -> bool {
    rules["may_be_missing"].as_array().unwrap().iter().any(|lost| {
        let times = Interval::new(lost["mint"].as_i64().unwrap(), lost["maxt"].as_i64().unwrap());
        times.contains(t) && lost.get("labels").is_none_or(|lost| labels(lost) == *of)
    })
}

#[test]
fn damage_in_the_log_of_late_samples_costs_what_it_may() {
    let Some(root) = conformance("tsdb") else { return };
    for name in ["bad_ooo_wbl", "bad_ooo_wbl_length"] {
        let fixture = root.join(name);
        let (answer, damage) = head_of(&copy_of(&fixture.join("data")), i64::MIN);
        let undamaged = expected(&fixture.join("undamaged.jsonl.gz"), i64::MIN);
        let rules = json(&fixture.join("promd.json"));
        compare(name, &answer, &undamaged, |of, t| may_be_missing(&rules, of, t));
        assert!(rules["must_report"].as_bool() != Some(true) || damage > 0, "{name}: damage is not told");
    }
}

#[track_caller]
fn compare(name: &str, answer: &Answer, expected: &Answer, may_be_missing: impl Fn(&Labels, i64) -> bool) {
    for (labels, samples) in answer {
        let right = expected.get(labels).unwrap_or_else(|| panic!("{name}: {labels} was not there"));
        for (t, seen) in samples {
            assert_eq!(right.get(t), Some(seen), "{name}: {labels} at {t}");
        }
    }
    for (labels, samples) in expected {
        for t in samples.keys() {
            let is_there = answer.get(labels).is_some_and(|samples| samples.contains_key(t));
            assert!(is_there || may_be_missing(labels, *t), "{name}: {labels} at {t} is missing");
        }
    }
}

/// A head of one series, its first and third chunk sound, its second damaged, and all in the log.
#[test]
fn a_hole_between_chunks_is_filled_from_the_log() {
    let sim = SimFs::new(1);
    let fs: Arc<dyn Fs> = Arc::new(sim.clone());
    let dir = Path::new("/data/chunks_head");
    fs.create_dir_all(Path::new("/data/wal")).unwrap();
    let (store, _) = HeadChunks::open(Arc::clone(&fs), dir).unwrap();
    let mut places = Vec::new();
    for chunk in 0..3i64 {
        let mut open = promd_chunk::XorAppender::new();
        for t in chunk * 10..chunk * 10 + 10 {
            open.append(t, 0.5).unwrap();
        }
        let (min, max) = (chunk * 10, chunk * 10 + 9);
        let head = ChunkHead { series: 7, min, max, encoding: Encoding::Xor, out_of_order: false };
        places.push(store.write(&head, open.bytes()).unwrap());
    }
    store.sync().unwrap();
    drop(store);
    sim.flip_bit(&dir.join("000001"), u64::from(places[1].offset) + 30, 3).unwrap();

    let (mut series, mut floats) = (Vec::new(), Vec::new());
    let labels = Labels::from_pairs([("__name__", "up")]).unwrap();
    SeriesEncoder::new(&mut series).push(7, labels.iter_bytes());
    let mut encoder = SamplesEncoder::new(&mut floats);
    (0..35).for_each(|t| encoder.push(Stamp::new(7, t), 1.5));
    let (mut segment, mut framer) = (Vec::new(), Framer::new());
    for record in [&series, &floats] {
        framer.payload(promd_wal::Compression::None, record).unwrap().put(segment.len() as u64, &mut segment);
    }
    fs.write_atomically(Path::new("/data/wal/00000000"), &segment).unwrap();

    let recovered = recover(&*fs, dir, false).unwrap();
    assert!(recovered.has_holes());
    let (store, recovered) = HeadChunks::open(Arc::clone(&fs), dir).unwrap();
    let mut model = Model::new(store, i64::MIN);
    let report = replay(&fs, Path::new("/data/wal"), recovered, &mut model, &mut |_| {}).unwrap();
    assert_eq!(report.samples, Replayed { taken: 15, passed: 20, unknown: 0 });
    let answer = model.answer();
    let values: Vec<_> = answer[&labels].values().map(|(value, _)| f64::from_bits(*value)).collect();
    // Of the chunks, of the log, of the chunks, of the log.
    let parts = [(0.5, 10), (1.5, 10), (0.5, 10), (1.5, 5)].map(|(value, count)| vec![value; count]);
    assert_eq!(values, parts.concat());
}
