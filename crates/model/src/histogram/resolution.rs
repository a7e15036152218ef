//! Fewer and wider buckets.

use super::schema::{MAX_SCHEMA, is_custom_schema, is_known_schema, steps};
use super::validate::check_reducible;
use super::{FloatHistogram, Histogram, HistogramError};

/// How many times to halve the buckets from one schema to another.
fn reduction(from: i32, to: i32) -> Result<u32, HistogramError> {
    if is_custom_schema(from) {
        Err(HistogramError::ReduceFromCustom)
    } else if is_custom_schema(to) {
        Err(HistogramError::ReduceToCustom)
    } else if to >= from {
        Err(HistogramError::ReduceToFiner { from, to })
    } else {
        Ok(steps(from, to))
    }
}

/// The schema that data of a schema is used in, or an error if it is not even read: 9..=52 becomes 8.
fn readable(schema: i32) -> Result<i32, HistogramError> {
    if is_known_schema(schema) { Ok(schema.min(MAX_SCHEMA)) } else { Err(HistogramError::UnknownSchema(schema)) }
}

impl Histogram {
    /// Reduces the resolution to a coarser schema.
    ///
    /// # Errors
    ///
    /// If there are custom bounds, the schema is not coarser, or the spans do not fit the buckets; nothing is changed
    /// then.
    pub fn reduce_resolution(&mut self, schema: i32) -> Result<(), HistogramError> {
        let steps = reduction(self.schema, schema)?;
        check_reducible(&self.positive_spans, self.positive_buckets.len())?;
        check_reducible(&self.negative_spans, self.negative_buckets.len())?;
        self.on_each_side(|mut side| side.coarsen(steps));
        self.schema = schema;
        Ok(())
    }

    /// Makes usable what was read: a schema finer than any that is written is reduced to the finest.
    ///
    /// # Errors
    ///
    /// If the schema is unknown, or must be reduced and the spans do not fit the buckets.
    pub fn reduce_on_read(&mut self) -> Result<(), HistogramError> {
        let schema = readable(self.schema)?;
        if schema == self.schema { Ok(()) } else { self.reduce_resolution(schema) }
    }
}

impl FloatHistogram {
    /// Reduces the resolution to a coarser schema.
    ///
    /// # Errors
    ///
    /// If there are custom bounds, the schema is not coarser, or the spans do not fit the buckets; nothing is changed
    /// then.
    pub fn reduce_resolution(&mut self, schema: i32) -> Result<(), HistogramError> {
        let steps = reduction(self.schema, schema)?;
        check_reducible(&self.positive_spans, self.positive_buckets.len())?;
        check_reducible(&self.negative_spans, self.negative_buckets.len())?;
        self.positive_mut().coarsen(steps);
        self.negative_mut().coarsen(steps);
        self.schema = schema;
        Ok(())
    }

    /// Makes usable what was read: a schema finer than any that is written is reduced to the finest.
    ///
    /// # Errors
    ///
    /// If the schema is unknown, or must be reduced and the spans do not fit the buckets.
    pub fn reduce_on_read(&mut self) -> Result<(), HistogramError> {
        let schema = readable(self.schema)?;
        if schema == self.schema { Ok(()) } else { self.reduce_resolution(schema) }
    }

    /// A copy with the same or a coarser schema. As in Prometheus, a copy that was reduced has no counter reset hint.
    ///
    /// # Errors
    ///
    /// As for [`reduce_resolution`](Self::reduce_resolution).
    pub fn copy_to_schema(&self, schema: i32) -> Result<Self, HistogramError> {
        let mut copy = self.clone();
        if schema != self.schema {
            copy.reduce_resolution(schema)?;
            copy.counter_reset_hint = super::CounterResetHint::Unknown;
        }
        Ok(copy)
    }
}
