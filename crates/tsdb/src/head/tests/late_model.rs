//! Random commits in and out of order, blocks of both, and a restart, against sets that say what there should be.
//!
//! The value of a sample follows from its series and its time, so that it does not matter which of two samples of one time stays.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::head::late::LateChunk;

const RANGE: i64 = 600_000;
const SERIES: usize = 5;
const APPENDERS: usize = 2;

#[derive(Debug, Clone)]
enum Action {
    /// Appends a batch: series, and how far from the newest sample of the head.
    Append(usize, Vec<(usize, i64)>),
    Commit(usize),
    RollBack(usize),
    /// How long before the newest sample.
    Truncate(i64),
    /// All late samples into blocks.
    Blocks,
    Window(i64),
    /// Writes nothing to the chunk store, or writes again.
    Full(bool),
}

fn action() -> impl Strategy<Value = Action> {
    let step = prop_oneof![6 => 1..20_000_i64, 6 => -2 * RANGE..0_i64, 3 => -1000..0_i64];
    prop_oneof![
        10 => (0..APPENDERS, prop::collection::vec((0..SERIES, step), 1..30)).prop_map(|(by, samples)| Action::Append(by, samples)),
        9 => (0..APPENDERS).prop_map(Action::Commit),
        1 => (0..APPENDERS).prop_map(Action::RollBack),
        1 => (RANGE / 2..2 * RANGE).prop_map(Action::Truncate),
        1 => Just(Action::Blocks),
        1 => (0..2 * RANGE).prop_map(Action::Window),
        1 => any::<bool>().prop_map(Action::Full),
    ]
}

/// How old samples may be.
#[derive(Debug, Clone, Copy)]
struct Bound {
    valid_from: i64,
    late_from: Option<i64>,
}

impl Bound {
    fn late(self, t: i64) -> Verdict {
        match self.late_from {
            Some(from) if t >= from => Verdict::Accepted,
            Some(_) => Verdict::TooOld,
            None if t < self.valid_from => Verdict::OutOfBounds,
            None => Verdict::OutOfOrder,
        }
    }
}

/// What an appender holds: how old its samples may be, and their series and times.
type Pending = (Option<Bound>, Vec<(usize, i64)>);

#[derive(Debug, Default)]
struct Model {
    in_order: [BTreeSet<i64>; SERIES],
    late: [BTreeSet<i64>; SERIES],
    /// What was there once.
    ever: [BTreeSet<i64>; SERIES],
    pending: [Pending; APPENDERS],
    first: Option<i64>,
    newest: Option<i64>,
    valid: Option<i64>,
    window: i64,
}

impl Model {
    fn bound(&self) -> Bound {
        let newest = self.newest.max(self.first).unwrap_or(i64::MIN);
        Bound {
            valid_from: self.valid.unwrap_or(i64::MIN).max(newest.saturating_sub(RANGE / 2)),
            late_from: (self.window > 0).then(|| newest.saturating_sub(self.window)),
        }
    }

    /// The newest sample in order that an appender knows of.
    fn last(&self, by: usize, series: usize, bound: Bound) -> Option<i64> {
        let mut last = self.in_order[series].last().copied();
        for (_, t) in self.pending[by].1.iter().filter(|(other, _)| *other == series) {
            if *t >= bound.valid_from && last.is_none_or(|last| *t > last) {
                last = Some(*t);
            }
        }
        last
    }

    fn append(&mut self, by: usize, series: usize, t: i64) -> Verdict {
        let now = self.bound();
        let bound = *self.pending[by].0.get_or_insert(now);
        let last = self.last(by, series, bound);
        let in_order = t >= bound.valid_from && last.is_none_or(|last| t > last);
        let verdict = if in_order { Verdict::Accepted } else { bound.late(t) };
        if verdict.is_accepted() {
            self.pending[by].1.push((series, t));
        }
        verdict
    }

    fn commit(&mut self, by: usize) {
        let (bound, samples) = std::mem::take(&mut self.pending[by]);
        let Some(bound) = bound else { return };
        let valid_from = bound.valid_from.max(self.valid.unwrap_or(i64::MIN));
        for (series, t) in samples {
            let last = self.in_order[series].last().copied();
            let is_appended = t >= valid_from && last.is_none_or(|last| t > last);
            // Another appender has committed a late sample that is newer: a replay would take that one for one in order.
            let is_behind_late = self.late[series].last().is_some_and(|late| t <= *late);
            if is_appended && is_behind_late {
                self.late[series].insert(t);
            } else if is_appended {
                self.in_order[series].insert(t);
                self.newest = self.newest.max(Some(t));
            } else if (t < valid_from || last != Some(t)) && bound.late(t).is_accepted() {
                self.late[series].insert(t);
            } else {
                continue;
            }
            self.ever[series].insert(t);
        }
    }
}

fn value(series: usize, t: i64) -> f64 {
    let series = i64::try_from(series).unwrap();
    f64::from(i32::try_from((t * 7 + series).rem_euclid(10_007)).unwrap())
}

fn name(series: usize) -> Labels {
    labels(&[("n", &series.to_string())])
}

#[track_caller]
fn compare(head: &Head, model: &Model) {
    let got = content(&head.reader(Interval::ALL), &[], Interval::ALL);
    let valid = model.valid.unwrap_or(i64::MIN);
    for series in 0..SERIES {
        let got = got.get(&name(series).to_string()).map_or(&[][..], Vec::as_slice);
        for (t, v) in got {
            assert!(model.ever[series].contains(t), "series {series} at {t} was never there");
            assert!(matches!(v, SampleValue::Float(v) if *v == value(series, *t)), "series {series} at {t}: {v:?}");
        }
        let times: BTreeSet<i64> = got.iter().map(|(t, _)| *t).collect();
        let in_order = model.in_order[series].range(valid..);
        for t in in_order.chain(&model.late[series]) {
            assert!(times.contains(t), "series {series} at {t} is missing");
        }
    }
}

/// Makes blocks of all late samples, which must be in them.
fn to_blocks(head: &Head, model: &mut Model) {
    let Some(late) = head.late_blocks().unwrap() else {
        assert!(model.late.iter().all(BTreeSet::is_empty));
        return;
    };
    let mut found: [BTreeSet<i64>; SERIES] = Default::default();
    for times in late.ranges() {
        let mut block = times_in(&mut head.late_source(&late, *times));
        for (series, found) in found.iter_mut().enumerate() {
            found.extend(block.remove(&name(series).to_string()).into_iter().flatten());
        }
    }
    assert_eq!(found, model.late);
    assert!(head.try_truncate_late(&late).unwrap().is_some());
    model.late = Default::default();
}

/// Another head of what one has written.
fn bring_back(head: &Head, world: &World, log: &World, model: &Model) -> Head {
    let chunks = world.chunks.lock().clone();
    let mut kept = BTreeSet::new();
    for stripe in &head.stripes {
        let stripe = stripe.lock();
        for local in stripe.late_locals() {
            kept.extend(stripe.late(local).unwrap().full.iter().filter_map(LateChunk::stored_at));
        }
    }
    let again = Arc::new(World { chunks: Mutex::new(chunks.clone()), ..World::default() });
    let options = HeadOptions { chunk_range: RANGE, samples_per_chunk: 8, late_capacity: 4, ..HeadOptions::default() };
    let back = Head::new(options, Arc::clone(&again) as _, again);
    back.set_min_valid_time(model.valid.unwrap_or(i64::MIN));
    for (at, stored) in (0..).zip(&chunks).filter(|(at, _)| kept.contains(at)) {
        back.replay_late_mapped(stored.reference, MappedChunk { at, interval: stored.interval });
    }
    for Logged { series, batches, .. } in log.commits.lock().clone() {
        series.iter().for_each(|(reference, labels)| back.replay_series(*reference, labels.view()));
        for batch in batches {
            back.replay_floats(&batch.floats);
        }
    }
    for step in log.late.lock().iter().flatten() {
        back.replay_late_markers(&step.markers);
        for (stamp, v) in step.batch.floats.iter() {
            back.replay_late_float(stamp, v);
        }
    }
    back.finish_replay();
    back
}

fn run(actions: &[Action]) {
    let options = HeadOptions {
        chunk_range: RANGE,
        samples_per_chunk: 8,
        late_capacity: 4,
        late_window: RANGE,
        ..HeadOptions::default()
    };
    // The logs are never full: only full chunks are refused.
    let (world, log) = (Arc::new(World::default()), Arc::new(World::default()));
    let head = Head::new(options, Arc::clone(&world) as _, Arc::clone(&log) as _);
    head.set_late_log(Some(Arc::clone(&log) as _));
    let mut model = Model { window: RANGE, ..Model::default() };
    let mut appenders: [Option<Box<HeadAppender<'_>>>; APPENDERS] = Default::default();
    for action in actions {
        match action {
            Action::Append(by, samples) => {
                let appender = appenders[*by].get_or_insert_with(|| Box::new(head.appender()));
                let newest = model.newest.unwrap_or(10 * RANGE);
                let (mut batch, mut rows, mut last) = (Batch::new(), Vec::new(), BTreeMap::new());
                for (series, step) in samples {
                    let bound = model.pending[*by].0.unwrap_or_else(|| model.bound());
                    let mut t = newest + step;
                    // A sample at the time of the newest one is for another test.
                    let known = last.get(series).copied().max(model.last(*by, *series, bound));
                    let committed = model.in_order[*series].last().copied();
                    while known == Some(t) || committed == Some(t) {
                        t += 1;
                    }
                    last.insert(*series, last.get(series).copied().unwrap_or(i64::MIN).max(t));
                    rows.push((*series, t));
                }
                if model.first.is_none() {
                    model.first = rows.first().map(|(_, t)| *t);
                }
                for (series, t) in &rows {
                    let reference = appender.series(name(*series).view()).unwrap();
                    batch.float(reference, *t, value(*series, *t));
                }
                let mut verdicts = Vec::new();
                appender.append(&batch, &mut verdicts);
                let expected: Vec<Verdict> = rows.iter().map(|(series, t)| model.append(*by, *series, *t)).collect();
                assert_eq!(verdicts, expected);
            }
            Action::Commit(by) => {
                if let Some(appender) = appenders[*by].take() {
                    appender.commit().unwrap();
                    model.commit(*by);
                }
            }
            Action::RollBack(by) => {
                appenders[*by] = None;
                model.pending[*by] = (None, Vec::new());
            }
            Action::Truncate(back) => {
                let before = model.newest.unwrap_or_default() - back;
                if model.valid.is_none_or(|valid| valid < before) {
                    head.truncate(before);
                    model.valid = Some(before);
                    for samples in &mut model.in_order {
                        if samples.last().is_some_and(|t| *t < before) {
                            samples.clear();
                        }
                    }
                }
            }
            Action::Blocks => to_blocks(&head, &mut model),
            Action::Window(window) => {
                head.set_late_window(*window);
                model.window = *window;
            }
            Action::Full(full) => world.full.store(*full, Ordering::Relaxed),
        }
        compare(&head, &model);
    }
    appenders.iter_mut().for_each(|appender| *appender = None);
    compare(&bring_back(&head, &world, &log, &model), &model);
    // Everything goes, and nothing is left behind.
    to_blocks(&head, &mut model);
    head.truncate(i64::MAX);
    assert_eq!((head.series_count(), head.late_interval()), (0, None));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn late_samples_are_a_set(actions in prop::collection::vec(action(), 1..60)) {
        run(&actions);
    }
}
