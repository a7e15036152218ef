//! How fine native histograms may be.

use promd_exposition::HistogramRef;
use promd_model::{FloatHistogram, Histogram, HistogramError, MAX_SCHEMA, MIN_SCHEMA};

use crate::error::ScrapeError;

/// What histograms are reduced to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolution {
    /// How many buckets there may be; zero is no limit.
    bucket_limit: u64,
    /// The finest schema.
    max_schema: i32,
}

/// Room for a histogram that is made coarser.
#[derive(Debug, Default)]
pub(crate) struct Reduced {
    integer: Histogram,
    float: FloatHistogram,
}

impl Resolution {
    /// At most so many buckets, each at least `min_factor` times as wide as the one before.
    pub(crate) fn new(bucket_limit: u64, min_factor: f64) -> Self {
        Self { bucket_limit, max_schema: max_schema(min_factor) }
    }

    /// The histogram itself, or a coarser one in `room`.
    ///
    /// The order is that of Prometheus: first the schema, then the number of buckets.
    pub(crate) fn reduce<'h>(
        self,
        histogram: HistogramRef<'h>,
        room: &'h mut Reduced,
    ) -> Result<HistogramRef<'h>, ScrapeError> {
        let (schema, buckets) = size(histogram);
        let too_fine = schema <= promd_model::MAX_SCHEMA_RESERVED && schema > self.max_schema;
        let too_fine = too_fine && self.max_schema < MAX_SCHEMA;
        if !too_fine && !self.has_too_many(buckets) {
            return Ok(histogram);
        }
        if !too_fine && !is_exponential(schema) {
            return Err(ScrapeError::BucketLimit);
        }
        match histogram {
            HistogramRef::Integer(integer) => {
                room.integer.clone_from(integer);
                self.coarsen(&mut room.integer, too_fine)?;
                Ok(HistogramRef::Integer(&room.integer))
            }
            HistogramRef::Float(float) => {
                room.float.clone_from(float);
                self.coarsen(&mut room.float, too_fine)?;
                Ok(HistogramRef::Float(&room.float))
            }
        }
    }

    fn coarsen(self, histogram: &mut impl Coarsen, too_fine: bool) -> Result<(), ScrapeError> {
        if too_fine {
            histogram.coarsen(self.max_schema)?;
        }
        loop {
            let (schema, buckets) = histogram.size();
            if !self.has_too_many(buckets) {
                return Ok(());
            }
            if !is_exponential(schema) || schema <= MIN_SCHEMA {
                return Err(ScrapeError::BucketLimit);
            }
            histogram.coarsen(schema - 1)?;
        }
    }

    fn has_too_many(self, buckets: usize) -> bool {
        self.bucket_limit > 0 && u64::try_from(buckets).is_ok_and(|buckets| buckets > self.bucket_limit)
    }
}

fn is_exponential(schema: i32) -> bool {
    (MIN_SCHEMA..=MAX_SCHEMA).contains(&schema)
}

fn size(histogram: HistogramRef<'_>) -> (i32, usize) {
    match histogram {
        HistogramRef::Integer(integer) => integer.size(),
        HistogramRef::Float(float) => Coarsen::size(float),
    }
}

trait Coarsen {
    /// The schema, and how many buckets there are.
    fn size(&self) -> (i32, usize);
    fn coarsen(&mut self, schema: i32) -> Result<(), HistogramError>;
}

impl Coarsen for Histogram {
    fn size(&self) -> (i32, usize) {
        (self.schema, self.positive_buckets.len() + self.negative_buckets.len())
    }

    fn coarsen(&mut self, schema: i32) -> Result<(), HistogramError> {
        self.reduce_resolution(schema)
    }
}

impl Coarsen for FloatHistogram {
    fn size(&self) -> (i32, usize) {
        (self.schema, self.positive_buckets.len() + self.negative_buckets.len())
    }

    fn coarsen(&mut self, schema: i32) -> Result<(), HistogramError> {
        self.reduce_resolution(schema)
    }
}

/// The finest schema whose buckets grow by at least `factor` (`pickSchema` of `scrape/scrape.go`).
fn max_schema(factor: f64) -> i32 {
    /// The factor of the finest schema, rounded up.
    const FINEST: f64 = 1.002_71;
    let factor = if factor <= 1.0 || factor.is_nan() { FINEST } else { factor };
    let floor = (-factor.log2().log2()).floor();
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the schemas")]
    let schema = floor.clamp(f64::from(MIN_SCHEMA), f64::from(MAX_SCHEMA)) as i32;
    schema
}

#[cfg(test)]
mod tests {
    use promd_model::Span;

    use super::*;

    /// `TestPickSchema` of `scrape/scrape_test.go`.
    #[test]
    fn factors_and_schemas() {
        let cases = [
            (65_536.0, -4),
            (256.0, -3),
            (16.0, -2),
            (4.0, -1),
            (2.0, 0),
            (1.4, 1),
            (1.1, 2),
            (1.09, 3),
            (1.04, 4),
            (1.02, 5),
            (1.01, 6),
            (1.005, 7),
            (1.002, 8),
            (0.0, 8),
        ];
        for (factor, schema) in cases {
            assert_eq!(max_schema(factor), schema, "{factor}");
        }
    }

    fn histogram(schema: i32) -> Histogram {
        Histogram {
            schema,
            count: 4,
            positive_spans: vec![Span::new(1, 4)],
            positive_buckets: vec![1, 0, 0, 0],
            ..Histogram::default()
        }
    }

    #[test]
    fn histograms_are_made_coarser_until_they_fit() {
        let cases = [
            // Buckets 1 to 4 of schema 1 are 1 and 2 of schema 0, and those are 1 of schema −1 (by hand).
            (histogram(1), 0, 0.0, Some((1, 4))),
            (histogram(1), 2, 0.0, Some((0, 2))),
            (histogram(1), 1, 0.0, Some((-1, 1))),
            (histogram(1), 0, 4.0, Some((-1, 1))),
            (histogram(-4), 3, 0.0, None),
        ];
        for (histogram, limit, factor, expect) in cases {
            let mut room = Reduced::default();
            let reduced = Resolution::new(limit, factor).reduce(HistogramRef::Integer(&histogram), &mut room);
            assert_eq!(reduced.ok().map(size), expect, "{limit} {factor}");
        }
    }

    #[test]
    fn custom_buckets_cannot_be_made_coarser() {
        let custom = Histogram { custom_values: vec![1.0, 2.0, 3.0], ..histogram(promd_model::CUSTOM_BUCKETS_SCHEMA) };
        let mut room = Reduced::default();
        let reduce = |limit, room| Resolution::new(limit, 2.0).reduce(HistogramRef::Integer(&custom), room).is_ok();
        assert!(reduce(4, &mut room));
        assert!(!reduce(3, &mut Reduced::default()));
    }
}
