//! The first byte of a record.

use std::fmt;

/// What a record holds, as its first byte says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum RecordType {
    /// Labels of series.
    Series = 1,
    /// Floats.
    Samples = 2,
    /// Deleted intervals.
    Tombstones = 3,
    /// Exemplars.
    Exemplars = 4,
    /// Chunks that out-of-order samples went to; in the WBL only.
    MmapMarkers = 5,
    /// Type, unit and help of series.
    Metadata = 6,
    /// Integer histograms with exponential buckets.
    Histograms = 7,
    /// Float histograms with exponential buckets.
    FloatHistograms = 8,
    /// Integer histograms with custom buckets.
    CustomHistograms = 9,
    /// Float histograms with custom buckets.
    CustomFloatHistograms = 10,
    /// Floats with start timestamps.
    SamplesV2 = 11,
    /// Integer histograms of any kind with start timestamps.
    HistogramsV2 = 12,
    /// Float histograms of any kind with start timestamps.
    FloatHistogramsV2 = 13,
}

impl RecordType {
    /// All types, by number.
    pub const ALL: [Self; 13] = [
        Self::Series,
        Self::Samples,
        Self::Tombstones,
        Self::Exemplars,
        Self::MmapMarkers,
        Self::Metadata,
        Self::Histograms,
        Self::FloatHistograms,
        Self::CustomHistograms,
        Self::CustomFloatHistograms,
        Self::SamplesV2,
        Self::HistogramsV2,
        Self::FloatHistogramsV2,
    ];

    /// The type of a record, or `None` if it is empty or of a type that this version does not know.
    #[must_use]
    pub fn of(record: &[u8]) -> Option<Self> {
        let number = record.first()?.checked_sub(1)?;
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The byte that stands for it.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// The name that Prometheus' metrics and tools have for it (`tsdb/record/record.go`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Series => "series",
            Self::Samples => "samples",
            Self::Tombstones => "tombstones",
            Self::Exemplars => "exemplars",
            Self::MmapMarkers => "mmapmarkers",
            Self::Metadata => "metadata",
            Self::Histograms => "histogram_samples",
            Self::FloatHistograms => "float_histogram_samples",
            Self::CustomHistograms => "custom_buckets_histogram_samples",
            Self::CustomFloatHistograms => "custom_buckets_float_histogram_samples",
            Self::SamplesV2 => "samples_v2",
            Self::HistogramsV2 => "histogram_samples_v2",
            Self::FloatHistogramsV2 => "float_histogram_samples_v2",
        }
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_the_first_byte() {
        for (index, kind) in RecordType::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(kind.byte()), index + 1);
            assert_eq!(RecordType::of(&[kind.byte(), 0xff]), Some(kind));
        }
        for unknown in [&[][..], &[0], &[14], &[255, 1]] {
            assert_eq!(RecordType::of(unknown), None);
        }
    }
}
