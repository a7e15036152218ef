//! One database, a map that knows what it should answer, and what happens to both.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use promd_block::Meta;
use promd_clock::{SimClock, WallTime};
use promd_fs::{FaultPlan, Fs, SimFs, Tear};
use promd_model::{FloatHistogram, Histogram, Interval, Labels, Matcher, STALE_NAN, Span};
use promd_storage::{Appender, Batch, LabelQuery, Position, SeriesRef, Verdict};
use promd_tsdb::{Db, Options};
use promd_wal::SyncPolicy;

use crate::answer::{self, Answer};
use crate::made::Random;
use crate::support::everything;

const DATA: &str = "/data";

/// The width of a block, in milliseconds.
const WINDOW: i64 = 1_000;

/// How late a sample may be in lives in which some are.
const LATE: i64 = 400;

/// How often what happened.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) commits: u64,
    pub(crate) refused: u64,
    pub(crate) late: u64,
    pub(crate) deletions: u64,
    pub(crate) flushed: u64,
    pub(crate) merged: u64,
    pub(crate) snapshots: u64,
    pub(crate) restarts: u64,
    pub(crate) kills: u64,
    pub(crate) power_losses: u64,
    pub(crate) stopped: u64,
    pub(crate) jumps: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        let Self {
            commits,
            refused,
            late,
            deletions,
            flushed,
            merged,
            snapshots,
            restarts,
            kills,
            power_losses,
            stopped,
            jumps,
        } = other;
        self.commits += commits;
        self.refused += refused;
        self.late += late;
        self.deletions += deletions;
        self.flushed += flushed;
        self.merged += merged;
        self.snapshots += snapshots;
        self.restarts += restarts;
        self.kills += kills;
        self.power_losses += power_losses;
        self.stopped += stopped;
        self.jumps += jumps;
    }
}

/// What was committed in one go, and where the log was then.
struct Committed {
    at: Position,
    samples: Vec<(Labels, i64)>,
}

/// A database from its beginning to its end.
pub(crate) struct Life {
    seed: u64,
    random: Random,
    machine: SimFs,
    clock: SimClock,
    options: Options,
    /// None while the machine is down.
    db: Option<Arc<Db>>,
    /// Samples may come out of order. Then nothing is deleted, and there is one appender at a time: what comes late is hidden by an earlier
    /// deletion, and whether it comes late depends on who commits first.
    late: bool,
    /// All samples that there were in such a life: none comes twice with different values.
    ever: BTreeSet<(Labels, i64)>,
    model: Answer,
    /// The newest sample of each series that was ever committed, deleted or not, as text with bits.
    last: BTreeMap<Labels, (i64, String)>,
    /// Samples that were logged, and not shown: another appender was faster. If a power loss takes what that one logged, they are seen.
    overtaken: BTreeMap<(Labels, i64), BTreeSet<String>>,
    /// Commits of which a power loss may take something.
    unsafe_commits: Vec<Committed>,
    now: i64,
    newest: i64,
    /// Whether answers say that something may be missing.
    warned: bool,
    /// What happened, for whoever looks for a failure.
    story: Vec<String>,
    counts: Counts,
}

/// Whatever goes wrong, in the database or here: the seed is told.
#[expect(clippy::print_stderr, reason = "a failure says which seed it is")]
impl Drop for Life {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("PROMD_SEED={}: {} steps", self.seed, self.story.len());
        }
    }
}

/// A sample on its way.
#[derive(Clone)]
enum Value {
    Float(f64),
    Stale,
    Histogram(u64),
    FloatHistogram(f64),
}

impl Value {
    /// As the answer has it; nothing of stale markers, which it does not show.
    fn text(&self) -> Option<String> {
        match self {
            Self::Float(v) => Some(answer::number(*v)),
            Self::Stale => None,
            Self::Histogram(n) => Some(format!("count {n} sum {n} (0.5, 1): {n}")),
            Self::FloatHistogram(n) => {
                let n = answer::number(*n);
                Some(format!("count {n} sum {n} (0.5, 1): {n}"))
            }
        }
    }

    fn put(&self, batch: &mut Batch, series: SeriesRef, t: i64) {
        match self {
            Self::Float(v) => batch.float(series, t, *v),
            Self::Stale => batch.float(series, t, STALE_NAN),
            Self::Histogram(n) => {
                let histogram = Histogram {
                    count: *n,
                    sum: *n as f64,
                    positive_spans: vec![Span { offset: 0, length: 1 }],
                    positive_buckets: vec![n.cast_signed()],
                    ..Histogram::default()
                };
                batch.histogram(series, t, &histogram).unwrap();
            }
            Self::FloatHistogram(n) => {
                let histogram = FloatHistogram {
                    count: *n,
                    sum: *n,
                    positive_spans: vec![Span { offset: 0, length: 1 }],
                    positive_buckets: vec![*n],
                    ..FloatHistogram::default()
                };
                batch.float_histogram(series, t, &histogram).unwrap();
            }
        }
    }
}

/// An appender, and what was taken by it.
struct Hand<'a> {
    appender: Box<dyn Appender + 'a>,
    taken: Vec<(Labels, i64, Value)>,
}

impl Life {
    pub(crate) fn begin(seed: u64, late: bool) -> Self {
        let machine = SimFs::new(seed);
        let shared: Arc<dyn Fs> = Arc::new(machine.clone());
        shared.create_dir_all(DATA.as_ref()).unwrap();
        shared.sync_dir("/".as_ref()).unwrap();
        let mut options = Options::default();
        options.min_block_duration = WINDOW;
        options.max_block_duration = Some(WINDOW * 9);
        options.samples_per_chunk = 8;
        options.seed = seed;
        let sync = match seed % 3 {
            0 => SyncPolicy::Segment,
            1 => SyncPolicy::Interval(Duration::from_millis(50)),
            _ => SyncPolicy::Always,
        };
        options.log = promd_wal::Options::default().segment_size(32 << 10).sync(sync);
        options.out_of_order_window = if late { LATE } else { 0 };
        let mut life = Self {
            seed,
            late,
            ever: BTreeSet::new(),
            random: Random::new(seed),
            machine,
            clock: SimClock::new(WallTime::from_millis(1_736_035_200_000)),
            options,
            db: None,
            model: Answer::new(),
            last: BTreeMap::new(),
            overtaken: BTreeMap::new(),
            unsafe_commits: Vec::new(),
            now: 100,
            newest: i64::MIN,
            warned: false,
            story: Vec::new(),
            counts: Counts::default(),
        };
        life.open();
        life
    }

    pub(crate) fn end(mut self) -> Counts {
        self.db().close().unwrap();
        self.open();
        self.check("at the end");
        std::mem::take(&mut self.counts)
    }

    fn tell(&self, what: impl Into<String>) -> String {
        let damage = self.db.as_ref().map(|db| db.damage());
        format!("seed {}: {}\n{}\n{damage:?}", self.seed, what.into(), self.story.join("\n"))
    }

    fn db(&self) -> &Db {
        self.db.as_ref().unwrap()
    }

    fn open(&mut self) {
        let fs: Arc<dyn Fs> = Arc::new(self.machine.clone());
        let db = Db::open(fs, Arc::new(self.clock.clone()), DATA, self.options.clone());
        self.db = Some(Arc::new(db.unwrap_or_else(|error| panic!("seed {}: {error:?}", self.seed))));
    }

    pub(crate) fn step(&mut self) {
        self.now += 1 + self.random.below(40).cast_signed();
        self.clock.advance(Duration::from_millis(20));
        let action = self.random.below(33);
        self.story.push(format!("{action} at {}", self.now));
        match action {
            0..=17 => self.append(),
            18 => self.jump(),
            19 | 20 if !self.late => self.delete(),
            21..=23 => self.tick(),
            24 => self.snapshot(),
            25 => self.db().clean_tombstones().unwrap(),
            26 => self.restart(),
            27 => self.kill(),
            28 => self.power_loss(),
            29 | 30 => self.stop_in_the_middle(),
            31 => self.set_clock(),
            _ => drop(self.db().tick_log().unwrap()),
        }
        // All is asked for after whatever does more than append, and after some appends.
        if action > 17 || self.now % 3 == 0 {
            self.check("after a step");
        }
    }

    /// Somebody sets the clock of the machine: the names of blocks are made of it, and nothing else should care.
    fn set_clock(&mut self) {
        let by = Duration::from_millis(self.random.below(20_000));
        if self.random.below(2) == 0 {
            self.clock.jump_wall(by);
        } else {
            self.clock.jump_wall_back(by);
        }
        self.counts.jumps += 1;
    }

    /// Time goes by without samples.
    fn jump(&mut self) {
        self.now += self.random.below(900).cast_signed();
        self.append();
    }

    /// One to three appenders at a time, committed in any order, or not at all.
    fn append(&mut self) {
        let db = Arc::clone(self.db.as_ref().unwrap());
        let hands = if self.late { 1 } else { 1 + self.random.below(3) };
        let mut hands: Vec<Hand<'_>> =
            (0..hands).map(|_| Hand { appender: db.appender(), taken: Vec::new() }).collect();
        for _ in 0..1 + self.random.below(3) {
            for hand in &mut hands {
                self.fill(&db, hand);
                self.now += self.random.below(3).cast_signed();
            }
        }
        while !hands.is_empty() {
            let at = usize::try_from(self.random.below(hands.len() as u64)).unwrap();
            let hand = hands.swap_remove(at);
            if self.random.below(12) == 0 {
                continue;
            }
            self.commit(hand);
        }
    }

    fn fill(&mut self, db: &Db, hand: &mut Hand<'_>) {
        let (mut batch, mut verdicts, mut sent) = (Batch::new(), Vec::new(), Vec::new());
        for _ in 0..1 + self.random.below(6) {
            let (labels, value) = self.series_and_value();
            let series = hand.appender.series(labels.view()).unwrap();
            let t = match self.random.below(10) {
                0 => self.now - self.random.below(700).cast_signed(),
                1 | 2 if self.late => self.now - self.random.below(350).cast_signed(),
                1 => self.last.get(&labels).map_or(self.now, |(t, _)| *t),
                _ => self.now,
            };
            // What an appender holds already is not asked for when it judges what may be late.
            let is_held = |(of, ..): &(Labels, i64, Value)| *of == labels;
            if self.late && (hand.taken.iter().chain(&sent).any(is_held) || !self.ever.insert((labels.clone(), t))) {
                continue;
            }
            value.put(&mut batch, series, t);
            sent.push((labels, t, value));
        }
        if sent.is_empty() {
            return;
        }
        // Blocks of late samples alone end nothing.
        let in_order = |meta: &&Meta| !meta.compaction.hints.iter().any(|hint| hint == "from-out-of-order");
        let blocks = db.blocks().iter().filter(in_order).map(|meta| meta.max_time).max().unwrap_or(i64::MIN);
        hand.appender.append(&batch, &mut verdicts);
        if self.newest == i64::MIN {
            self.newest = sent[0].1;
        }
        let bound = blocks.max(self.newest - WINDOW / 2);
        assert_eq!(verdicts.len(), sent.len());
        for ((labels, t, value), verdict) in sent.into_iter().zip(verdicts) {
            let own = hand.taken.iter().filter(|(of, ..)| *of == labels).map(|(_, t, _)| *t).max();
            let last = own.max(self.last.get(&labels).map(|(t, _)| *t));
            let seed = self.seed;
            let in_order = t >= bound && last.is_none_or(|last| last < t);
            if self.late && !in_order {
                let expected = if t >= self.newest - LATE { Verdict::Accepted } else { Verdict::TooOld };
                assert_eq!(verdict, expected, "{}", self.tell(format!("{labels} at {t}, newest {}", self.newest)));
                if expected == Verdict::Accepted {
                    self.counts.late += 1;
                    hand.taken.push((labels, t, value));
                }
                continue;
            }
            if t < bound {
                assert_eq!(verdict, Verdict::OutOfBounds, "seed {seed}: {labels} at {t}, bound {bound}");
            } else if last.is_some_and(|last| t < last) {
                assert_eq!(verdict, Verdict::OutOfOrder, "seed {seed}: {labels} at {t}, last {last:?}");
            } else if last.is_none_or(|last| last < t) {
                assert_eq!(verdict, Verdict::Accepted, "seed {seed}: {labels} at {t}, last {last:?}");
                hand.taken.push((labels, t, value));
                continue;
            }
            // The same moment again: the same value is nothing new, and another one is refused.
            self.counts.refused += 1;
        }
    }

    fn commit(&mut self, hand: Hand<'_>) {
        let position = hand.appender.commit().unwrap();
        self.counts.commits += 1;
        let mut samples = Vec::new();
        for (labels, t, value) in hand.taken {
            // Another appender may have been faster.
            let is_late = self.last.get(&labels).is_some_and(|(last, _)| *last >= t);
            if is_late && !self.late {
                if let Some(text) = value.text() {
                    self.overtaken.entry((labels, t)).or_default().insert(text);
                }
                continue;
            }
            self.newest = self.newest.max(t);
            if !is_late {
                self.last.insert(labels.clone(), (t, value.text().unwrap_or_default()));
            }
            if let Some(text) = value.text() {
                self.model.entry(labels.clone()).or_default().insert(t, text);
                samples.push((labels, t));
            }
        }
        self.story.push(format!(
            "  committed {:?}",
            samples.iter().map(|(l, t)| format!("{} {t}", l.get("n").unwrap())).collect::<Vec<_>>()
        ));
        self.unsafe_commits.push(Committed { at: position, samples });
    }

    fn series_and_value(&mut self) -> (Labels, Value) {
        let number = self.random.below(14);
        let job = ["a", "b", "c"][usize::try_from(number % 3).unwrap()];
        let id = number.to_string();
        let kind = match number {
            0..=8 => "float",
            9 | 10 => "histogram",
            11 | 12 => "float_histogram",
            _ => "mixed",
        };
        let labels = Labels::from_pairs([("__name__", kind), ("job", job), ("n", &id)]).unwrap();
        let n = 1 + self.random.below(50);
        let value = match (kind, self.random.below(3)) {
            _ if self.random.below(15) == 0 => Value::Stale,
            ("float", _) | ("mixed", 0) => Value::Float(self.random.below(1_000) as f64 / 8.0),
            ("histogram", _) | ("mixed", 1) => Value::Histogram(n),
            _ => Value::FloatHistogram(n as f64 / 2.0),
        };
        (labels, value)
    }

    fn delete(&mut self) {
        let from = self.random.below(self.now.unsigned_abs() + 1).cast_signed();
        let times = Interval::new(from, from + self.random.below(800).cast_signed());
        let job = ["a", "b", "c"][usize::try_from(self.random.below(3)).unwrap()];
        self.story.push(format!("  deleted {job} {times:?}"));
        self.db().delete(times, &[Matcher::equal("job", job)]).unwrap();
        for (labels, samples) in &mut self.model {
            if labels.get("job") == Some(job) {
                samples.retain(|t, _| !times.contains(*t));
            }
        }
        self.model.retain(|_, samples| !samples.is_empty());
        self.counts.deletions += 1;
    }

    fn tick(&mut self) {
        let before = self.db().blocks();
        // Who reads meanwhile goes on with what he began with.
        let reader = self.db().reader(Interval::ALL);
        self.db().tick().unwrap();
        let seen = crate::support::select_from(&*reader, &[]).0;
        assert!(seen == self.model, "seed {}: a reader over a tick", self.seed);
        drop(reader);
        self.db().tick().unwrap();
        let after = self.db().blocks();
        let fresh = after.iter().filter(|meta| !before.iter().any(|known| known.id == meta.id));
        let (merged, flushed): (Vec<_>, Vec<_>) = fresh.partition(|meta| meta.compaction.level > 1);
        self.counts.merged += merged.len() as u64;
        self.counts.flushed += flushed.len() as u64;
    }

    fn snapshot(&mut self) {
        let to = PathBuf::from(format!("{DATA}/snapshots/{}", self.counts.snapshots));
        self.db().snapshot(&to, true).unwrap();
        let fs: Arc<dyn Fs> = Arc::new(self.machine.clone());
        let copy = Db::open_read_only(Arc::clone(&fs), Arc::new(self.clock.clone()), &to).unwrap();
        assert!(everything(&copy).0 == self.model, "seed {}: a snapshot", self.seed);
        drop(copy);
        fs.remove_dir_all(&to).unwrap();
        self.counts.snapshots += 1;
    }

    fn restart(&mut self) {
        self.db().close().unwrap();
        self.db = None;
        self.open();
        self.unsafe_commits.clear();
        self.counts.restarts += 1;
    }

    /// The process is killed: nothing is lost, synced or not.
    fn kill(&mut self) {
        self.db = None;
        self.machine = self.machine.crash_process();
        self.open();
        // The log syncs what it finds.
        self.unsafe_commits.clear();
        self.counts.kills += 1;
    }

    /// The machine stops somewhere in the middle of what the database does.
    fn stop_in_the_middle(&mut self) {
        let tear = if self.random.below(2) == 0 { Tear::Sector } else { Tear::Byte };
        let stop = self.machine.ops() + 1 + self.random.below(250);
        self.machine.set_plan(FaultPlan::new().tear(tear).stop_at(stop));
        let done = self.db().tick().is_ok() && !self.machine.is_stopped();
        if !done {
            self.counts.stopped += 1;
        }
        self.power_loss();
    }

    /// What was synced is there, the rest may be, and nothing else is.
    fn power_loss(&mut self) {
        let synced = self.db().durability().unwrap().synced();
        self.db = None;
        self.machine = self.machine.power_loss();
        self.open();
        let (got, warnings) = everything(self.db());
        // Of what was not synced a part in the middle may be gone, and what lies behind it tells.
        self.warned |= !warnings.is_empty();
        let may: BTreeSet<(&Labels, i64)> = self
            .unsafe_commits
            .iter()
            // What comes late is safe by a log of its own.
            .filter(|commit| self.late || commit.at > synced)
            .flat_map(|commit| commit.samples.iter().map(|(labels, t)| (labels, *t)))
            .collect();
        for (labels, samples) in &got {
            for (t, value) in samples {
                let shown = self.model.get(labels).and_then(|samples| samples.get(t));
                let may_be_lost = shown.is_none() || may.contains(&(labels, *t));
                let overtaken = self.overtaken.get(&(labels.clone(), *t)).filter(|_| may_be_lost);
                if overtaken.is_none_or(|values| !values.contains(value)) {
                    assert_eq!(shown, Some(value), "{}", self.tell(format!("{labels} at {t} after a power loss")));
                }
            }
        }
        for (labels, samples) in &self.model {
            for t in samples.keys() {
                let there = got.get(labels).is_some_and(|samples| samples.contains_key(t));
                let what = || self.tell(format!("{labels} at {t} is lost, {synced:?}"));
                assert!(there || may.contains(&(labels, *t)), "{}", what());
            }
        }
        self.model = got;
        self.unsafe_commits.clear();
        self.counts.power_losses += 1;
        // Of what is gone nobody knows, stale markers among it: time goes on behind all of it.
        self.last.clear();
        self.now = self.now.max(self.newest) + WINDOW;
        self.newest = i64::MIN;
        self.relearn();
    }

    /// Learns where the head begins and ends from a sample that is newer than all.
    fn relearn(&mut self) {
        let db = Arc::clone(self.db.as_ref().unwrap());
        let mut hand = Hand { appender: db.appender(), taken: Vec::new() };
        let labels = Labels::from_pairs([("__name__", "float"), ("job", "a"), ("n", "anew")]).unwrap();
        let series = hand.appender.series(labels.view()).unwrap();
        let (mut batch, mut verdicts) = (Batch::new(), Vec::new());
        let value = Value::Float(1.0);
        value.put(&mut batch, series, self.now);
        hand.appender.append(&batch, &mut verdicts);
        assert_eq!(verdicts, [Verdict::Accepted], "seed {}", self.seed);
        hand.taken.push((labels, self.now, value));
        self.now += 1;
        self.commit(hand);
    }

    fn check(&mut self, when: &str) {
        let seed = self.seed;
        let (got, warnings) = everything(self.db());
        assert!(warnings.is_empty() || self.warned, "{}", self.tell(format!("{warnings:?} {when}")));
        if got != self.model {
            for (labels, samples) in &self.model {
                for (t, value) in samples {
                    let found = got.get(labels).and_then(|samples| samples.get(t));
                    assert_eq!(
                        found,
                        Some(value),
                        "{}",
                        self.tell(format!("{labels} at {t} {when}: {:?} {warnings:?}", got.get(labels)))
                    );
                }
            }
            for (labels, samples) in &got {
                for t in samples.keys() {
                    let right = self.model.get(labels).is_some_and(|samples| samples.contains_key(t));
                    assert!(right, "{}", self.tell(format!("{labels} at {t} {when} should not be there")));
                }
            }
        }
        let jobs: BTreeSet<&str> = self.model.keys().filter_map(|labels| labels.get("job")).collect();
        let listed = self.db().reader(Interval::ALL).label_values("job", &LabelQuery::new(&[], Interval::ALL)).unwrap();
        assert!(jobs.iter().all(|job| listed.texts.iter().any(|one| one == job)), "seed {seed} {when}: {listed:?}");
        let damage = self.db().damage();
        let is_sound = damage.blocks.is_empty() && damage.left_out.is_empty() && damage.maintenance.is_none();
        assert!(is_sound, "seed {seed} {when}: {damage:?}");
    }
}
