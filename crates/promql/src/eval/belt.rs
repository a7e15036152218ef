//! Batches on several threads, and what comes of them in order.
//!
//! Whoever has nothing to do takes the next batch from the store. What is done waits until it is its turn; the thread that
//! the query belongs to hands it on. If nothing waits for it, that thread works on a batch too, so one thread alone goes
//! the same way as many. A batch is taken only if few are under way, so a slow one does not make the others pile up.

use std::collections::BTreeMap;

use parking_lot::{Condvar, Mutex};

use super::batch::{Batch, Input, Job, Worker, series_of};
use crate::QueryError;
use crate::error::Result;
use crate::executor::Executor;

/// From how many bytes of chunks on help is asked for: those of a few milliseconds.
const WORTH_HELP: u64 = 256 << 10;

/// What is done with a batch that is done.
pub(super) type Out<'o> = &'o mut dyn FnMut(&mut Batch) -> Result<()>;

pub(super) struct Belt<'b, 'r> {
    input: Mutex<Source<'r>>,
    state: Mutex<State>,
    changed: Condvar,
    job: &'b Job<'b>,
    /// How many batches may be under way.
    most: usize,
}

struct Source<'r> {
    input: Input<'r>,
    next: usize,
}

#[derive(Default)]
struct State {
    /// How many batches were taken and not handed on.
    under_way: usize,
    /// The batch whose turn it is.
    turn: usize,
    done: BTreeMap<usize, Batch>,
    /// How many batches there are, once that is known.
    end: Option<usize>,
    spare: Vec<Batch>,
    stopped: bool,
}

/// What the thread of the query does next.
enum Next {
    HandOn(Box<Batch>),
    Work,
    Done,
}

impl<'b, 'r> Belt<'b, 'r> {
    pub(super) fn new(input: Input<'r>, job: &'b Job<'b>, executor: &dyn Executor) -> Self {
        let most = 2 * executor.helpers() + 2;
        Self {
            input: Mutex::new(Source { input, next: 0 }),
            state: Mutex::default(),
            changed: Condvar::new(),
            job,
            most,
        }
    }

    /// Works until there is nothing left, with help if it is worth it. Returns where the series came from.
    pub(super) fn run(self, executor: &dyn Executor, out: Out<'_>) -> Result<Input<'r>> {
        let mut worker = Worker::new(self.job.account);
        let alone = executor.helpers() == 0;
        if !self.main(&mut worker, out, if alone { u64::MAX } else { WORTH_HELP })? {
            let mut outcome = Ok(true);
            executor.run(executor.helpers(), &|| self.help(), &mut || {
                let stop = Stop { belt: &self, always: true };
                outcome = self.main(&mut worker, out, u64::MAX);
                drop(stop);
            });
            outcome?;
        }
        Ok(self.input.into_inner().input)
    }

    /// The part of the thread that the query belongs to. `false` says that there is so much work that others should help.
    fn main(&self, worker: &mut Worker, out: Out<'_>, alone: u64) -> Result<bool> {
        let mut bytes = 0;
        loop {
            match self.next()? {
                Next::HandOn(mut batch) => {
                    bytes += batch.counts.bytes;
                    out(&mut batch)?;
                    let mut state = self.state.lock();
                    state.spare.push(*batch);
                    drop(state);
                    self.changed.notify_all();
                }
                Next::Work if bytes >= alone => return Ok(false),
                Next::Work => self.work(worker),
                Next::Done => return Ok(true),
            }
        }
    }

    fn next(&self) -> Result<Next> {
        let mut state = self.state.lock();
        loop {
            let turn = state.turn;
            if let Some(batch) = state.done.remove(&turn) {
                state.turn += 1;
                state.under_way -= 1;
                return Ok(Next::HandOn(Box::new(batch)));
            }
            if state.end == Some(turn) {
                return Ok(Next::Done);
            }
            if state.stopped {
                return Err(QueryError::Canceled("expression evaluation"));
            }
            if state.end.is_none() && state.under_way < self.most {
                return Ok(Next::Work);
            }
            self.changed.wait(&mut state);
        }
    }

    /// The part of a thread that helps.
    fn help(&self) {
        // A thread that panics must not leave the others waiting for its batch.
        let _stop = Stop { belt: self, always: false };
        let mut worker = Worker::new(self.job.account);
        loop {
            let mut state = self.state.lock();
            while !state.stopped && state.end.is_none() && state.under_way >= self.most {
                self.changed.wait(&mut state);
            }
            if state.stopped || state.end.is_some() {
                break;
            }
            drop(state);
            self.work(&mut worker);
        }
    }

    /// Takes the next batch and works on it.
    fn work(&self, worker: &mut Worker) {
        let mut state = self.state.lock();
        state.under_way += 1;
        let mut batch = state.spare.pop().unwrap_or_else(|| Batch::new(self.job.account));
        drop(state);

        let mut source = self.input.lock();
        let number = source.next;
        let ended = self.state.lock().end.is_some();
        let load =
            if ended { Ok(None) } else { worker.load(&mut source.input, series_of(self.job.steps), self.job.limits) };
        match load {
            Ok(Some(load)) => {
                source.next += 1;
                drop(source);
                worker.process(&load, self.job, &mut batch);
                // Nothing behind an error counts.
                self.done(number, batch, None);
            }
            Ok(None) => {
                drop(source);
                let mut state = self.state.lock();
                state.end.get_or_insert(number);
                state.under_way -= 1;
                state.spare.push(batch);
                drop(state);
                self.changed.notify_all();
            }
            Err(error) => {
                source.next += 1;
                drop(source);
                batch.clear();
                batch.error = Some(error);
                self.done(number, batch, Some(number + 1));
            }
        }
    }

    fn done(&self, number: usize, batch: Batch, end: Option<usize>) {
        let mut state = self.state.lock();
        state.done.insert(number, batch);
        state.end = state.end.or(end);
        drop(state);
        self.changed.notify_all();
    }
}

/// Ends the work of all when it is dropped, always or in a panic.
struct Stop<'s, 'b, 'r> {
    belt: &'s Belt<'b, 'r>,
    always: bool,
}

impl Drop for Stop<'_, '_, '_> {
    fn drop(&mut self) {
        if self.always || std::thread::panicking() {
            self.belt.state.lock().stopped = true;
            self.belt.changed.notify_all();
        }
    }
}
