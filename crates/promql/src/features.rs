//! Feature flags that change how queries are evaluated.

use crate::EngineOptions;

impl EngineOptions {
    /// Switches on what a value of `--enable-feature` stands for. `false` if it has nothing to do with queries.
    ///
    /// ```
    /// use promd_promql::EngineOptions;
    ///
    /// let mut options = EngineOptions::default();
    /// assert!(options.enable("promql-delayed-name-removal"));
    /// assert!(options.delayed_name_removal);
    /// assert!(!options.enable("memory-snapshot-on-shutdown"));
    /// ```
    pub fn enable(&mut self, feature: &str) -> bool {
        match feature {
            "promql-experimental-functions" => self.parser.experimental_functions = true,
            "promql-extended-range-selectors" => self.parser.extended_range_selectors = true,
            "promql-binop-fill-modifiers" => self.parser.fill_modifiers = true,
            "promql-delayed-name-removal" => self.delayed_name_removal = true,
            "type-and-unit-labels" => self.type_and_unit_labels = true,
            "use-start-timestamps" => self.start_timestamps = true,
            // Always on.
            "promql-duration-expr" => {}
            _ => return false,
        }
        true
    }
}
