//! Exemplars on their way out.

use promd_model::{Exemplar, Labels};

/// The exemplars of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesExemplars {
    /// What names the series.
    pub labels: Labels,
    /// Its exemplars, in order of time.
    pub exemplars: Vec<Exemplar>,
}
