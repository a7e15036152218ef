//! The kinds of number that histograms count in, and which columns each is in.

use super::Columns;
use super::layout::Layout;
use crate::CounterResetHint;

/// The two kinds of number that histograms count in: `u64` and `f64`.
pub trait Population: Copy + Default + private::Column {
    /// The count as a float.
    fn to_float(self) -> f64;
}

impl Population for u64 {
    fn to_float(self) -> f64 {
        self as f64
    }
}

impl Population for f64 {
    fn to_float(self) -> f64 {
        self
    }
}

/// Which columns a kind of number is in. That nobody else can name this closes the set of kinds.
mod private {
    use super::{Columns, Kind, Numbers, Place};

    pub trait Column: Sized {
        fn numbers(columns: &mut Columns) -> &mut Numbers<Self>;
        fn kind(place: Place) -> Kind;
        fn place(kind: &Kind) -> Option<Place>;
    }

    impl Column for u64 {
        fn numbers(columns: &mut Columns) -> &mut Numbers<Self> {
            &mut columns.integers
        }

        fn kind(place: Place) -> Kind {
            Kind::Integers(place)
        }

        fn place(kind: &Kind) -> Option<Place> {
            match kind {
                Kind::Integers(place) => Some(*place),
                _ => None,
            }
        }
    }

    impl Column for f64 {
        fn numbers(columns: &mut Columns) -> &mut Numbers<Self> {
            &mut columns.floats
        }

        fn kind(place: Place) -> Kind {
            Kind::FloatHistograms(place)
        }

        fn place(kind: &Kind) -> Option<Place> {
            match kind {
                Kind::FloatHistograms(place) => Some(*place),
                _ => None,
            }
        }
    }
}

/// The columns of histograms of one kind.
#[derive(Debug, Clone)]
pub struct Numbers<C> {
    pub(super) counts: Vec<C>,
    pub(super) zero_counts: Vec<C>,
    pub(super) sums: Vec<f64>,
    pub(super) hints: Vec<CounterResetHint>,
    pub(super) buckets: Vec<C>,
}

impl<C> Default for Numbers<C> {
    fn default() -> Self {
        Self { counts: Vec::new(), zero_counts: Vec::new(), sums: Vec::new(), hints: Vec::new(), buckets: Vec::new() }
    }
}

impl<C> Numbers<C> {
    pub(super) fn clear(&mut self) {
        self.counts.clear();
        self.zero_counts.clear();
        self.sums.clear();
        self.hints.clear();
        self.buckets.clear();
    }

    /// Removes what lies at and behind a place.
    pub(super) fn truncate(&mut self, end: Place) {
        self.counts.truncate(end.histogram);
        self.zero_counts.truncate(end.histogram);
        self.sums.truncate(end.histogram);
        self.hints.truncate(end.histogram);
        self.buckets.truncate(end.bucket);
    }

    pub(super) fn heap_bytes(&self) -> usize {
        bytes(&self.counts) + bytes(&self.zero_counts) + bytes(&self.sums) + bytes(&self.hints) + bytes(&self.buckets)
    }
}

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// From this place in `values`.
    Floats { value: usize },
    /// From this place in `integers`.
    Integers(Place),
    /// From this place in `floats`.
    FloatHistograms(Place),
}

/// Where histograms of one layout start in the columns of their kind.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub(super) layout: Layout,
    pub(super) histogram: usize,
    pub(super) bucket: usize,
}

impl Place {
    pub(super) fn skip(self, rows: usize) -> Self {
        Self { histogram: self.histogram + rows, bucket: self.bucket + rows * self.layout.width(), ..self }
    }
}

pub(super) fn bytes<T>(column: &Vec<T>) -> usize {
    column.capacity() * size_of::<T>()
}
