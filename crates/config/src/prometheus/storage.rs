//! `storage`.

use promd_model::{ByteSize, Duration, quote};

use crate::yaml::Value;

record! {
    /// How samples are kept.
    pub struct StorageConfig("config.StorageConfig") {
        /// Set when a configuration is read.
        tsdb: Option<TsdbConfig>, omit;
        exemplars: Option<ExemplarsConfig>, omit;
    }
}

section! { StorageConfig {} }

record! {
    /// The database.
    pub struct TsdbConfig("config.plain") {
        /// How far behind the newest one a sample may be.
        out_of_order_time_window: Duration, omit;
        /// From which share of stale series on the head is compacted early; zero is never.
        stale_series_compaction_threshold: f64, omit;
        chunk_encoding: ChunkEncodingConfig, omit;
        /// Set when a configuration is read.
        retention: Option<RetentionConfig>, omit;
    }
}

section! { TsdbConfig { fresh: TsdbConfig::zero(), check: TsdbConfig::check } }

impl TsdbConfig {
    /// What is meant if the configuration says nothing of it.
    pub(super) fn unsaid() -> Self {
        Self { retention: Some(RetentionConfig::zero()), ..Self::zero() }
    }

    fn check(&mut self) -> Result<(), String> {
        if !matches!(self.chunk_encoding.floats.as_str(), "" | "xor" | "xor2") {
            return Err(format!(
                "'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted entirely, \
                 got {}",
                quote::go(&self.chunk_encoding.floats)
            ));
        }
        self.retention.get_or_insert_with(RetentionConfig::zero);
        Ok(())
    }
}

record! {
    /// How chunks are encoded.
    pub struct ChunkEncodingConfig("config.ChunkEncodingConfig") {
        /// `xor`, `xor2`, or empty for what the flags say.
        floats: String, omit;
    }
}

section! { ChunkEncodingConfig {} }

record! {
    /// How long samples are kept; zeros for what the flags say.
    pub struct RetentionConfig("config.plain") {
        time: Duration, omit;
        size: ByteSize, omit;
        /// Of the disk.
        percentage: f64, omit;
    }
}

section! { RetentionConfig { fresh: RetentionConfig::zero(), check: RetentionConfig::check } }

impl RetentionConfig {
    fn check(&mut self) -> Result<(), String> {
        if self.size.bytes() < 0 {
            return Err(format!("'storage.tsdb.retention.size' must be greater than or equal to 0, got {}", self.size));
        }
        if !(0.0..=100.0).contains(&self.percentage) && !self.percentage.is_nan() {
            return Err(format!(
                "'storage.tsdb.retention.percentage' must be in the range [0, 100], got {}",
                promd_model::float::g(self.percentage)
            ));
        }
        Ok(())
    }
}

record! {
    /// How exemplars are kept.
    pub struct ExemplarsConfig("config.ExemplarsConfig") {
        /// How many at most; none if it is not positive.
        max_exemplars: i64, omit;
    }
}

section! { ExemplarsConfig {} }
