//! Series in batches: what one thread does at a time.
//!
//! A batch is a fixed number of series in the order of the store, whoever works on it, so that what comes of it does not
//! depend on the threads. Its memory is used again for a later one.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use promd_budget::{Account, Charge};
use promd_model::{Columns, Interval, Labels};
use promd_storage::{ChunkView, Decoder, Series as Stored, SeriesSet};

use super::counts::Counts;
use super::window::Samples;
use crate::annotations::Notes;
use crate::column::Series;
use crate::engine::Limits;
use crate::error::Result;

/// How many places the columns of a batch have together, so that they stay in a processor's cache.
const PLACES: usize = 1 << 14;
const MOST_SERIES: usize = 256;
const LEAST_SERIES: usize = 4;

/// How many bytes of decoded samples are kept of a selection that is read more than once. Beyond that it is decoded again.
const KEPT_BYTES: usize = 32 << 20;

/// How many series of so many steps a batch has.
pub(super) fn series_of(steps: usize) -> usize {
    (PLACES / steps.max(1)).clamp(LEAST_SERIES, MOST_SERIES)
}

/// What makes a series of the samples of another one, in `out` of the desk; `false` if there is nothing at any step. The
/// column is blank when it is called.
pub(super) type Work<'w> = &'w (dyn Fn(&mut Desk, &Labels, &Columns) -> Result<bool> + Sync);

/// What one thread works with.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) samples: Samples,
    pub(super) out: Series,
    pub(super) notes: Notes,
    pub(super) counts: Counts,
    /// The arguments of a function at a step.
    pub(super) args: Vec<f64>,
    /// Memory for kernels.
    pub(super) scratch: Vec<f64>,
}

impl Desk {
    fn heap_bytes(&self) -> usize {
        self.samples.heap_bytes() + self.scratch.capacity() * size_of::<f64>()
    }
}

/// A series that several selectors read, decoded by the first of them if there is room.
pub(super) struct Kept {
    pub(super) stored: Stored,
    pub(super) columns: OnceLock<Columns>,
}

/// What a chunk that was read for one series takes beside its data: what counts its users, and what stood around the data.
const OWN_CHUNK: usize = 64;

/// What a series from the store takes as long as it is held: its labels, the list of its chunks, and those chunks that were read for
/// it alone. Others belong to a map or to the store.
pub(super) fn bytes_of(stored: &Stored) -> usize {
    let own = stored.chunks.iter().filter(|chunk| chunk.bytes.is_unique()).map(|chunk| chunk.bytes.len() + OWN_CHUNK);
    stored.labels.as_packed().len() + stored.chunks.capacity() * size_of::<ChunkView>() + own.sum::<usize>()
}

/// The series that several selectors read.
pub(super) struct KeptSeries {
    pub(super) all: Vec<Kept>,
    /// What pays for them, and for what is decoded of them.
    charge: Mutex<Charge>,
    most: usize,
}

impl KeptSeries {
    pub(super) fn new(all: Vec<Kept>, charge: Charge) -> Self {
        let most = charge.bytes() + KEPT_BYTES.min(charge.account().available() / 4);
        Self { all, charge: Mutex::new(charge), most }
    }

    /// Keeps what was decoded, if there is room.
    fn keep(&self, of: &Kept, columns: &Columns) {
        // A clone takes as much as there are samples, not what the buffer has room for.
        let bytes = columns.heap_bytes();
        let mut charge = self.charge.lock();
        if charge.bytes() + bytes <= self.most && charge.grow(bytes).is_ok() {
            // Each series is in one batch of a selector, and selectors take turns: nobody else has set it.
            drop(of.columns.set(columns.clone()));
        }
    }
}

/// Where series come from.
pub(super) enum Input<'r> {
    Store(Box<dyn SeriesSet + 'r>),
    Kept(Arc<KeptSeries>, usize),
}

/// What is to be worked on next.
pub(super) enum Load {
    /// So many of the worker's stored series.
    Stored(usize),
    Kept(Arc<KeptSeries>, Range<usize>),
}

/// What came of a batch: series in their order, and what ended it early.
pub(super) struct Batch {
    pub(super) outputs: Vec<Series>,
    /// How many of them are results; the others are memory for later.
    pub(super) used: usize,
    pub(super) notes: Notes,
    pub(super) counts: Counts,
    pub(super) error: Option<crate::QueryError>,
    charge: Charge,
}

impl Batch {
    pub(super) fn new(account: &Account) -> Self {
        Self {
            outputs: Vec::new(),
            used: 0,
            notes: Notes::default(),
            counts: Counts::default(),
            error: None,
            charge: Charge::empty(account),
        }
    }

    /// Makes it ready for another one.
    pub(super) fn clear(&mut self) {
        self.used = 0;
        self.notes = Notes::default();
        self.counts = Counts::default();
        self.error = None;
    }

    /// A place for the next result.
    fn next(&mut self) -> &mut Series {
        if self.used == self.outputs.len() {
            self.outputs.push(Series::default());
        }
        &mut self.outputs[self.used]
    }
}

/// What all workers on a selection have in common.
pub(super) struct Job<'j> {
    pub(super) times: Interval,
    pub(super) steps: usize,
    pub(super) work: Work<'j>,
    pub(super) limits: &'j Limits,
    pub(super) account: &'j Account,
    pub(super) per_step: bool,
}

/// One thread's part.
pub(super) struct Worker {
    desk: Desk,
    stored: Vec<Stored>,
    decoder: Decoder,
    columns: Columns,
    /// What the stored series take: their labels and lists of chunks.
    stored_bytes: usize,
    charge: Charge,
}

impl Worker {
    pub(super) fn new(account: &Account) -> Self {
        Self {
            desk: Desk::default(),
            stored: Vec::new(),
            decoder: Decoder::new(),
            columns: Columns::new(),
            stored_bytes: 0,
            charge: Charge::empty(account),
        }
    }

    /// Takes the next series from where they come. Nothing says that there are no more.
    pub(super) fn load(&mut self, input: &mut Input<'_>, most: usize, limits: &Limits) -> Result<Option<Load>> {
        match input {
            Input::Store(set) => {
                let mut count = 0;
                while count < most {
                    // The store may take its time for each.
                    limits.check_cancelled()?;
                    if count == self.stored.len() {
                        self.stored.push(Stored::default());
                    }
                    if !set.next(&mut self.stored[count])? {
                        break;
                    }
                    count += 1;
                }
                self.stored_bytes =
                    self.stored.iter().map(bytes_of).sum::<usize>() + self.stored.capacity() * size_of::<Stored>();
                Ok((count > 0).then_some(Load::Stored(count)))
            }
            Input::Kept(all, next) => {
                let range = *next..(*next + most).min(all.all.len());
                *next = range.end;
                Ok((!range.is_empty()).then(|| Load::Kept(Arc::clone(all), range)))
            }
        }
    }

    /// Works on what was loaded.
    pub(super) fn process(&mut self, load: &Load, job: &Job<'_>, batch: &mut Batch) {
        batch.clear();
        self.desk.counts.begin(job.steps, job.per_step);
        if let Err(error) = self.all(load, job, batch) {
            batch.error = Some(error);
        }
        std::mem::swap(&mut batch.notes, &mut self.desk.notes);
        std::mem::swap(&mut batch.counts, &mut self.desk.counts);
    }

    fn all(&mut self, load: &Load, job: &Job<'_>, batch: &mut Batch) -> Result<()> {
        job.limits.check()?;
        match load {
            Load::Stored(count) => {
                for at in 0..*count {
                    let stored = std::mem::take(&mut self.stored[at]);
                    let outcome = self.decode(&stored, job).and_then(|()| {
                        let columns = std::mem::take(&mut self.columns);
                        let outcome = self.one(&stored.labels, &columns, job, batch);
                        self.columns = columns;
                        outcome
                    });
                    self.stored[at] = stored;
                    outcome?;
                }
            }
            Load::Kept(all, range) => {
                for kept in &all.all[range.clone()] {
                    if let Some(columns) = kept.columns.get() {
                        self.one(&kept.stored.labels, columns, job, batch)?;
                        continue;
                    }
                    self.decode(&kept.stored, job)?;
                    all.keep(kept, &self.columns);
                    let columns = std::mem::take(&mut self.columns);
                    let outcome = self.one(&kept.stored.labels, &columns, job, batch);
                    self.columns = columns;
                    outcome?;
                }
            }
        }
        Ok(())
    }

    fn decode(&mut self, stored: &Stored, job: &Job<'_>) -> Result<()> {
        job.limits.check_cancelled()?;
        self.columns.clear();
        if let Err(damaged) = self.decoder.decode(stored, job.times, &mut self.columns) {
            self.desk.notes.add_plain(&format!("{}: {damaged}", stored.labels));
        }
        self.desk.counts.decoded(stored, self.columns.len());
        let bytes = self.columns.heap_bytes() + self.decoder.heap_bytes() + self.desk.heap_bytes();
        let bytes = bytes + self.stored_bytes;
        Ok(self.charge.grow_to(bytes)?)
    }

    fn one(&mut self, labels: &Labels, columns: &Columns, job: &Job<'_>, batch: &mut Batch) -> Result<()> {
        std::mem::swap(&mut self.desk.out, batch.next());
        self.desk.out.column.reset(job.steps);
        let outcome = (job.work)(&mut self.desk, labels, columns);
        std::mem::swap(&mut self.desk.out, batch.next());
        if outcome? {
            let series = batch.next();
            let bytes = series.column.heap_bytes() + series.labels.as_packed().len();
            batch.used += 1;
            // One more, which waits to be filled.
            let all = (batch.used + 1) * bytes + batch.outputs.capacity() * size_of::<Series>();
            batch.charge.grow_to(all)?;
        }
        Ok(())
    }
}
