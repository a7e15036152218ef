//! What a database can be told.

use std::sync::Arc;
use std::time::Duration;

use promd_budget::Account;
use promd_compactor::{Ranges, Retention};
use promd_wal::{LogMetrics, Maintenance};

use super::progress::ReplayProgress;

/// The settings of a database; the default is that of Prometheus, where it has one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Whether the directory is locked against other processes.
    pub lockfile: bool,
    /// How much is kept. By default nothing is removed.
    pub retention: Retention,
    /// The length of the shortest blocks, in milliseconds.
    pub min_block_duration: i64,
    /// The length of the longest, in milliseconds; `None` derives it from the retention.
    pub max_block_duration: Option<i64>,
    /// The largest chunk segment of a block that is written, in bytes.
    pub segment_size: u32,
    /// How often the directory is looked at for blocks, and for work to be done.
    pub reload_interval: Duration,
    /// Who does that work.
    pub maintenance: Maintenance,
    /// Whether a block that is damaged, but readable, is written again as a sound one during maintenance, so that Prometheus
    /// can open the directory. The damaged one is moved aside.
    pub repair: bool,
    /// How the write-ahead log is written: segment size, compression, sync policy. Its maintenance is that of the database.
    pub log: promd_wal::Options,
    /// How many samples a chunk of floats in the head should have.
    pub samples_per_chunk: u16,
    /// How many series the head may hold. New ones are refused beyond that, and those that are there go on.
    pub max_series: Option<usize>,
    /// What the memory of the head is charged to. New series are refused when it is full, and those that there are go on.
    pub account: Option<Account>,
    /// How many exemplars all series together may have; the oldest make room. None are kept with 0.
    pub max_exemplars: usize,
    /// How much older than the newest sample of all a sample may be that is older than the newest of its series, in milliseconds.
    /// With 0 samples that are out of order are refused.
    pub out_of_order_window: i64,
    /// How many bytes of the log are kept, beyond what the head needs, for those who follow it by a cursor in `promd/cursors`. They count in
    /// [`retention`](Self::retention) by size. Whoever is further behind finds a gap.
    pub cursor_bytes: u64,
    /// Where the log of samples that came out of order counts.
    pub late_log: Arc<LogMetrics>,
    /// Where it is told how far the log has been replayed.
    pub progress: Arc<ReplayProgress>,
    /// What the names of blocks are made unlike by, beside the time.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lockfile: true,
            retention: Retention::default(),
            min_block_duration: 2 * 60 * 60 * 1000,
            max_block_duration: None,
            segment_size: promd_block::DEFAULT_SEGMENT_SIZE,
            reload_interval: Duration::from_mins(1),
            maintenance: Maintenance::Manual,
            repair: true,
            log: promd_wal::Options::default(),
            samples_per_chunk: 120,
            max_series: None,
            account: None,
            max_exemplars: 0,
            out_of_order_window: 0,
            cursor_bytes: 1 << 30,
            late_log: Arc::new(LogMetrics::new(LogMetrics::WBL)),
            progress: Arc::default(),
            seed: 0,
        }
    }
}

impl Options {
    /// The lengths that blocks grow through.
    pub(super) fn ranges(&self) -> Ranges {
        let longest = self.max_block_duration.unwrap_or_else(|| Ranges::longest_block(self.retention.time));
        Ranges::exponential(self.min_block_duration, longest)
    }
}
