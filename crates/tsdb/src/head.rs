//! The head: the series of the last hours, in memory.
//!
//! What others call (all of it takes `&self`, from any thread):
//!
//! ```text
//! Head::new(HeadOptions, Arc<dyn ChunkStore>, Arc<dyn CommitLog>) -> Head
//! appender() -> HeadAppender                     a promd_storage::Appender
//! reader(Interval) -> HeadReader                 a promd_storage::Reader
//! source(Interval) -> HeadSource                 a promd_block::BlockSource
//! truncate(before: i64)                          waits for readers of what lies before
//! delete(&[Matcher], Interval) -> Vec<(u64, Interval)>    what to log as tombstones
//! min_time(), max_time() -> Option<i64>; min_valid_time() -> i64; series_count() -> usize
//! replay_series(reference, LabelsRef); replay_mapped(reference, MappedChunk)
//! replay_floats(&SampleColumns); replay_histogram(Stamp, &Histogram); replay_float_histogram(Stamp, &FloatHistogram)
//! replay_tombstone(reference, Interval); finish_replay()
//! ```

mod contract;

pub(crate) use contract::{ChunkStore, Commit, CommitBatch, CommitLog, HeadOptions, HistogramColumns, MappedChunk};
