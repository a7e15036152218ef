//! What a query answers.

use std::sync::Arc;

use promd_model::{FloatHistogram, Labels};

/// The value of a sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Number {
    /// A number.
    Float(f64),
    /// A histogram, which may be shared with other samples.
    Histogram(Arc<FloatHistogram>),
}

/// One series of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorSample {
    /// What names the series.
    pub labels: Labels,
    /// When, in milliseconds.
    pub t: i64,
    /// What.
    pub value: Number,
}

/// One series of a range vector. Both lists ascend by time, and no time is in both.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MatrixSeries {
    /// What names the series.
    pub labels: Labels,
    /// The floats, each with its time in milliseconds.
    pub floats: Vec<(i64, f64)>,
    /// The histograms, each with its time in milliseconds.
    pub histograms: Vec<(i64, Arc<FloatHistogram>)>,
}

/// What a query answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number.
    Scalar {
        /// When, in milliseconds.
        t: i64,
        /// What.
        v: f64,
    },
    /// A text.
    String {
        /// When, in milliseconds.
        t: i64,
        /// What.
        text: Box<str>,
    },
    /// One sample a series.
    Vector(Vec<VectorSample>),
    /// Many samples a series, ascending by labels.
    Matrix(Vec<MatrixSeries>),
}
