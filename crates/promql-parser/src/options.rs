//! What a parser allows.

/// Which parts of PromQL are allowed, and how deep an expression may be.
///
/// The default is what a server allows that was started without feature flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Functions and aggregations that are experimental (the feature flag `promql-experimental-functions`).
    pub experimental_functions: bool,
    /// Arithmetic in the durations of selectors. Prometheus has it on since 3.14.
    pub duration_expressions: bool,
    /// `anchored` and `smoothed` (`promql-extended-range-selectors`).
    pub extended_range_selectors: bool,
    /// `fill`, `fill_left` and `fill_right` (`promql-binop-fill-modifiers`).
    pub fill_modifiers: bool,
    /// How deep a tree may be, 1000 unless it is set. Prometheus knows no such limit; whoever walks a tree by recursion
    /// does.
    pub max_depth: u32,
}

impl Options {
    /// Everything, experimental or not.
    #[must_use]
    pub fn all() -> Self {
        Self {
            experimental_functions: true,
            duration_expressions: true,
            extended_range_selectors: true,
            fill_modifiers: true,
            ..Self::default()
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            experimental_functions: false,
            duration_expressions: true,
            extended_range_selectors: false,
            fill_modifiers: false,
            max_depth: 1000,
        }
    }
}
