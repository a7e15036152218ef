//! Integers and floats: how their counts and buckets are written, relative to the sample before.
#![expect(private_interfaces, reason = "`Kind` is public so that it can be named, and sealed so that nobody calls it")]

use std::fmt::Debug;

use promd_model::{FloatHistogram, Histogram, Population};

use super::view::View;
use crate::ChunkError;
use crate::bits::{BitReader, BitWriter};
use crate::varbit;
use crate::xor::Window;

/// The two kinds of histogram. Nobody else can make another.
pub trait Kind: Debug + Sized + private::Coding {}

/// Histograms of whole numbers: changes of changes as varbits; buckets as the difference to the bucket before.
#[derive(Debug, Clone, Copy)]
pub enum Integer {}

/// Histograms of floats: every number as its difference in bits to that of the sample before.
#[derive(Debug, Clone, Copy)]
pub enum Float {}

impl Kind for Integer {}
impl Kind for Float {}

/// The view of a histogram, made by the kind that knows its type.
pub(super) fn view<K: Kind>(histogram: &K::Histogram) -> View<'_, K> {
    K::view(histogram)
}

mod private {
    use super::{BitReader, BitWriter, ChunkError, Debug, Population, View};

    /// How a kind of number is written and read.
    #[expect(unnameable_types, reason = "that nobody can name it closes the set of kinds")]
    pub trait Coding {
        type Histogram;
        /// The number of observations.
        type Count: Copy + PartialOrd + Default + Population;
        /// A bucket as a histogram stores it.
        type Bucket: Copy + Default + Debug + 'static;
        /// The observations in a bucket.
        type Absolute: Copy + PartialOrd + Default + Debug + 'static;
        /// What a count is written relative to.
        type CountState: Copy + Debug + Default;
        /// What a bucket is written relative to.
        type BucketState: Copy + Debug + Default;

        /// The least that a bucket of the first sample takes: no more buckets than that are allocated for.
        const FIRST_BUCKET_BITS: usize;
        /// Whether a reader of a boundary that is neither a reset nor a plain continuation says so.
        const TELLS_UNKNOWN: bool;

        fn view(histogram: &Self::Histogram) -> View<'_, Self>
        where
            Self: super::Kind;

        fn put_first_count(writer: &mut BitWriter, count: Self::Count) -> Self::CountState;
        fn put_count(writer: &mut BitWriter, state: &mut Self::CountState, count: Self::Count, stale: bool);
        fn first_count(reader: &mut BitReader<'_>) -> Result<Self::CountState, ChunkError>;
        fn next_count(reader: &mut BitReader<'_>, state: &mut Self::CountState) -> Result<(), ChunkError>;
        fn count(state: &Self::CountState) -> Self::Count;

        fn put_first_bucket(writer: &mut BitWriter, bucket: Self::Bucket) -> Self::BucketState;
        fn put_bucket(writer: &mut BitWriter, state: &mut Self::BucketState, bucket: Self::Bucket);
        fn first_bucket(reader: &mut BitReader<'_>) -> Result<Self::BucketState, ChunkError>;
        fn next_bucket(reader: &mut BitReader<'_>, state: &mut Self::BucketState) -> Result<(), ChunkError>;
        fn bucket(state: &Self::BucketState) -> Self::Bucket;

        /// The observations in a bucket behind one that holds `before`.
        fn absolute(before: Self::Absolute, bucket: Self::Bucket) -> Self::Absolute;
        /// The bucket that holds `absolute` behind one that holds `before`.
        fn relative(before: Self::Absolute, absolute: Self::Absolute) -> Self::Bucket;
        /// As the columns count.
        fn population(absolute: Self::Absolute) -> Self::Count;
    }
}

/// A number, and its change at the last sample.
#[derive(Debug, Clone, Copy, Default)]
pub struct Paced {
    value: i64,
    change: i64,
}

impl Paced {
    fn put(&mut self, writer: &mut BitWriter, value: i64) {
        let change = value.wrapping_sub(self.value);
        varbit::put_int(writer, change.wrapping_sub(self.change));
        *self = Self { value, change };
    }

    fn read(&mut self, reader: &mut BitReader<'_>) -> Result<(), ChunkError> {
        self.change = self.change.wrapping_add(varbit::int(reader)?);
        self.value = self.value.wrapping_add(self.change);
        Ok(())
    }
}

impl private::Coding for Integer {
    type Histogram = Histogram;
    type Count = u64;
    type Bucket = i64;
    type Absolute = i64;
    type CountState = Paced;
    type BucketState = Paced;

    const FIRST_BUCKET_BITS: usize = 1;
    const TELLS_UNKNOWN: bool = true;

    fn view(histogram: &Histogram) -> View<'_, Self> {
        histogram.into()
    }

    fn put_first_count(writer: &mut BitWriter, count: u64) -> Paced {
        varbit::put_uint(writer, count);
        Paced { value: count.cast_signed(), change: 0 }
    }

    fn put_count(writer: &mut BitWriter, state: &mut Paced, count: u64, stale: bool) {
        if stale {
            writer.put(0, 1);
            return;
        }
        state.put(writer, count.cast_signed());
    }

    fn first_count(reader: &mut BitReader<'_>) -> Result<Paced, ChunkError> {
        Ok(Paced { value: varbit::uint(reader)?.cast_signed(), change: 0 })
    }

    fn next_count(reader: &mut BitReader<'_>, state: &mut Paced) -> Result<(), ChunkError> {
        state.read(reader)
    }

    fn count(state: &Paced) -> u64 {
        state.value.cast_unsigned()
    }

    fn put_first_bucket(writer: &mut BitWriter, bucket: i64) -> Paced {
        varbit::put_int(writer, bucket);
        Paced { value: bucket, change: 0 }
    }

    fn put_bucket(writer: &mut BitWriter, state: &mut Paced, bucket: i64) {
        state.put(writer, bucket);
    }

    fn first_bucket(reader: &mut BitReader<'_>) -> Result<Paced, ChunkError> {
        Ok(Paced { value: varbit::int(reader)?, change: 0 })
    }

    fn next_bucket(reader: &mut BitReader<'_>, state: &mut Paced) -> Result<(), ChunkError> {
        state.read(reader)
    }

    fn bucket(state: &Paced) -> i64 {
        state.value
    }

    fn absolute(before: i64, bucket: i64) -> i64 {
        before.wrapping_add(bucket)
    }

    fn relative(before: i64, absolute: i64) -> i64 {
        absolute.wrapping_sub(before)
    }

    fn population(absolute: i64) -> u64 {
        absolute.cast_unsigned()
    }
}

/// A float as its bits, and the window of its last difference.
#[derive(Debug, Clone, Copy)]
pub struct Xored {
    bits: u64,
    window: Window,
}

impl Default for Xored {
    fn default() -> Self {
        Self { bits: 0, window: Window::NONE }
    }
}

impl Xored {
    pub(super) fn put_first(writer: &mut BitWriter, value: f64) -> Self {
        writer.put(value.to_bits(), 64);
        Self { bits: value.to_bits(), window: Window::NONE }
    }

    pub(super) fn put(&mut self, writer: &mut BitWriter, value: f64) {
        self.window.put(writer, self.bits, value.to_bits());
        self.bits = value.to_bits();
    }

    pub(super) fn read_first(reader: &mut BitReader<'_>) -> Result<Self, ChunkError> {
        Ok(Self { bits: reader.bits_u64(64)?, window: Window::WHOLE })
    }

    pub(super) fn read(&mut self, reader: &mut BitReader<'_>) -> Result<(), ChunkError> {
        self.bits = self.window.read(reader, self.bits)?;
        Ok(())
    }

    pub(super) fn value(&self) -> f64 {
        f64::from_bits(self.bits)
    }
}

impl private::Coding for Float {
    type Histogram = FloatHistogram;
    type Count = f64;
    type Bucket = f64;
    type Absolute = f64;
    type CountState = Xored;
    type BucketState = Xored;

    const FIRST_BUCKET_BITS: usize = 64;
    const TELLS_UNKNOWN: bool = false;

    fn view(histogram: &FloatHistogram) -> View<'_, Self> {
        histogram.into()
    }

    fn put_first_count(writer: &mut BitWriter, count: f64) -> Xored {
        Xored::put_first(writer, count)
    }

    fn put_count(writer: &mut BitWriter, state: &mut Xored, count: f64, _stale: bool) {
        state.put(writer, count);
    }

    fn first_count(reader: &mut BitReader<'_>) -> Result<Xored, ChunkError> {
        Xored::read_first(reader)
    }

    fn next_count(reader: &mut BitReader<'_>, state: &mut Xored) -> Result<(), ChunkError> {
        state.read(reader)
    }

    fn count(state: &Xored) -> f64 {
        state.value()
    }

    fn put_first_bucket(writer: &mut BitWriter, bucket: f64) -> Xored {
        Xored::put_first(writer, bucket)
    }

    fn put_bucket(writer: &mut BitWriter, state: &mut Xored, bucket: f64) {
        state.put(writer, bucket);
    }

    fn first_bucket(reader: &mut BitReader<'_>) -> Result<Xored, ChunkError> {
        Xored::read_first(reader)
    }

    fn next_bucket(reader: &mut BitReader<'_>, state: &mut Xored) -> Result<(), ChunkError> {
        state.read(reader)
    }

    fn bucket(state: &Xored) -> f64 {
        state.value()
    }

    fn absolute(_before: f64, bucket: f64) -> f64 {
        bucket
    }

    fn relative(_before: f64, absolute: f64) -> f64 {
        absolute
    }

    fn population(absolute: f64) -> f64 {
        absolute
    }
}
