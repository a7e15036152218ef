//! The chunks of one series from several sources, in the order of their times, and without overlaps.

use promd_block::{Hole, SourceChunk};
use promd_model::Columns;

use super::FloatEncoding;
use super::chain::Chain;
use super::deleted::undecodable;
use super::encoder::{Encoder, merged};
use crate::heap::Heap;

/// The chunks of each source, in the order in which the sources left the heap of labels. As `compactChunkIterator` of Prometheus'
/// `storage/merge.go`: chunks leave a heap by their first and then their last time; those that overlap, directly or through others,
/// are one cluster; a chunk that repeats the one before it in all bytes is passed over; a cluster of more than one is
/// decoded, merged by time, and encoded again. What was encoded again is another lane.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    /// How many of `lanes` are in use. The others keep their memory.
    used: usize,
    /// The first time and number of each lane.
    by_time: Vec<(i64, usize)>,
    heap: Heap,
    cluster: Vec<SourceChunk>,
    decoded: Vec<Columns>,
    chain: Chain,
}

#[derive(Debug, Default)]
struct Lane {
    chunks: Vec<SourceChunk>,
    next: usize,
}

impl Lane {
    /// The times of the chunk that it stands on. A lane in the heap stands on one.
    fn times(&self) -> (i64, i64) {
        self.chunks.get(self.next).map_or((i64::MAX, i64::MAX), |chunk| (chunk.min, chunk.max))
    }
}

impl Lanes {
    /// Adds the chunks of a source, and leaves it an empty vector.
    pub(super) fn add(&mut self, chunks: &mut Vec<SourceChunk>) {
        if self.used == self.lanes.len() {
            self.lanes.push(Lane::default());
        }
        let lane = &mut self.lanes[self.used];
        self.used += 1;
        lane.next = 0;
        lane.chunks.clear();
        std::mem::swap(&mut lane.chunks, chunks);
    }

    /// Merges what was added into `into`, and forgets it.
    pub(super) fn merge(
        &mut self,
        floats: FloatEncoding,
        encoder: &mut Encoder,
        into: &mut Vec<SourceChunk>,
        holes: &mut Vec<Hole>,
    ) {
        if self.follow_each_other() {
            for (_, number) in &self.by_time {
                into.append(&mut self.lanes[*number].chunks);
            }
        } else {
            self.heap.clear();
            for number in 0..self.used {
                self.push(number);
            }
            while let Some(first) = self.take() {
                self.next_cluster(first, floats, encoder, into, holes);
            }
        }
        self.used = 0;
    }

    /// Sorts the lanes by time into `by_time`, and says whether no chunk of any of them overlaps another: the usual case of
    /// blocks that follow each other, in which there is nothing to compare.
    fn follow_each_other(&mut self) -> bool {
        let Self { lanes, by_time, .. } = self;
        by_time.clear();
        for (number, lane) in lanes[..self.used].iter().enumerate() {
            by_time.extend(lane.chunks.first().map(|first| (first.min, number)));
        }
        by_time.sort_unstable();
        let mut last = None;
        by_time.iter().flat_map(|(_, number)| &lanes[*number].chunks).all(|chunk| {
            let follows = last.is_none_or(|last| last < chunk.min);
            last = Some(chunk.max);
            follows
        })
    }

    /// Puts the chunk `first`, and all that overlap it, into `into`; what is left of a cluster goes back as a lane.
    fn next_cluster(
        &mut self,
        first: SourceChunk,
        floats: FloatEncoding,
        encoder: &mut Encoder,
        into: &mut Vec<SourceChunk>,
        holes: &mut Vec<Hole>,
    ) {
        self.cluster.clear();
        let mut end = first.max;
        while let Some(next) = self.heap.peek().and_then(|lane| self.lanes[lane].chunks.get(self.lanes[lane].next)) {
            if next.min > end {
                break;
            }
            let before = self.cluster.last().unwrap_or(&first);
            let repeated = (next.min, next.max) == (before.min, before.max) && next.bytes == before.bytes;
            if !repeated {
                end = end.max(next.max);
                self.cluster.push(next.clone());
            }
            self.take();
        }
        if self.cluster.is_empty() {
            into.push(first);
            return;
        }
        // Prometheus asks the first chunk last, which matters where samples have the same time.
        self.cluster.push(first);
        self.decode(encoder, holes);
        let mut chunks = Vec::new();
        encoder.begin(merged(floats));
        self.chain.run(&self.decoded, |columns, rows| encoder.append(columns, rows, &mut chunks));
        encoder.finish(&mut chunks, holes);
        self.decoded.drain(..).for_each(|columns| encoder.give_back(columns));
        if chunks.is_empty() {
            return;
        }
        // The rest of the cluster must take its turn in the heap: the order of equal ones depends on what else is there.
        into.push(chunks.remove(0));
        if !chunks.is_empty() {
            self.add(&mut chunks);
            self.push(self.used - 1);
        }
    }

    fn decode(&mut self, encoder: &mut Encoder, holes: &mut Vec<Hole>) {
        for chunk in self.cluster.drain(..) {
            let mut columns = encoder.take_columns();
            if let Err(error) = chunk.chunk().decode_into(&mut columns) {
                holes.push(undecodable(columns.times().last(), chunk.interval(), &error));
            }
            self.decoded.push(columns);
        }
    }

    /// Takes the earliest chunk of all lanes.
    fn take(&mut self) -> Option<SourceChunk> {
        let Self { lanes, heap, .. } = self;
        let top = heap.pop(|a, b| lanes[a].times() < lanes[b].times())?;
        let lane = &mut self.lanes[top];
        let chunk = lane.chunks.get(lane.next).cloned();
        lane.next += 1;
        self.push(top);
        chunk
    }

    /// Lets a lane take part, unless it is at its end.
    fn push(&mut self, number: usize) {
        let Self { lanes, heap, .. } = self;
        if lanes[number].next < lanes[number].chunks.len() {
            heap.push(number, |a, b| lanes[a].times() < lanes[b].times());
        }
    }
}
