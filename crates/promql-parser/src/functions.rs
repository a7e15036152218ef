//! The functions of PromQL and their signatures (`promql/parser/functions.go`).

use ValueType::{Matrix as M, Scalar as S, String as T, Vector as V};

use crate::ValueType;

/// A function: what it takes and what it gives.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Function {
    /// What it is called.
    pub name: &'static str,
    /// The types of its arguments. Arguments beyond have the last of these types.
    pub args: &'static [ValueType],
    /// How the number of arguments may differ from that of [`args`](Self::args): `0` not at all; otherwise the last one may
    /// be left out, and in its place there may be any number of arguments (`-1`) or up to so many.
    pub variadic: i8,
    /// The type of what it gives.
    pub result: ValueType,
    /// Whether it is refused unless [`Options::experimental_functions`](crate::Options) is set.
    pub experimental: bool,
}

impl Function {
    /// The function called `name`.
    ///
    /// ```
    /// use promd_promql_parser::{Function, ValueType};
    ///
    /// let rate = Function::find("rate").unwrap();
    /// assert_eq!((rate.args, rate.result), (&[ValueType::Matrix][..], ValueType::Vector));
    /// ```
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        let at = FUNCTIONS.binary_search_by(|function| function.name.cmp(name)).ok()?;
        FUNCTIONS.get(at)
    }

    /// All functions, in the order of their names.
    #[must_use]
    pub const fn all() -> &'static [Self] {
        &FUNCTIONS
    }

    /// How few arguments it takes.
    #[must_use]
    pub const fn min_args(&self) -> usize {
        if self.variadic == 0 { self.args.len() } else { self.args.len() - 1 }
    }

    /// How many arguments it takes, if there is a limit.
    #[must_use]
    pub const fn max_args(&self) -> Option<usize> {
        match self.variadic {
            0 => Some(self.args.len()),
            ..0 => None,
            more => Some(self.args.len() - 1 + more.unsigned_abs() as usize),
        }
    }

    /// The type of the argument at `index`, from 0 on.
    #[must_use]
    pub fn arg_type(&self, index: usize) -> Option<ValueType> {
        match self.args.get(index) {
            Some(&known) => Some(known),
            None if self.variadic == 0 => None,
            None => self.args.last().copied(),
        }
    }
}

const fn stable(name: &'static str, args: &'static [ValueType], variadic: i8, result: ValueType) -> Function {
    Function { name, args, variadic, result, experimental: false }
}

const fn experimental(name: &'static str, args: &'static [ValueType], variadic: i8, result: ValueType) -> Function {
    Function { name, args, variadic, result, experimental: true }
}

/// Sorted by name.
static FUNCTIONS: [Function; 90] = [
    stable("abs", &[V], 0, V),
    stable("absent", &[V], 0, V),
    stable("absent_over_time", &[M], 0, V),
    stable("acos", &[V], 0, V),
    stable("acosh", &[V], 0, V),
    stable("asin", &[V], 0, V),
    stable("asinh", &[V], 0, V),
    stable("atan", &[V], 0, V),
    stable("atanh", &[V], 0, V),
    stable("avg_over_time", &[M], 0, V),
    stable("ceil", &[V], 0, V),
    stable("changes", &[M], 0, V),
    stable("clamp", &[V, S, S], 0, V),
    stable("clamp_max", &[V, S], 0, V),
    stable("clamp_min", &[V, S], 0, V),
    stable("cos", &[V], 0, V),
    stable("cosh", &[V], 0, V),
    stable("count_over_time", &[M], 0, V),
    stable("day_of_month", &[V], 1, V),
    stable("day_of_week", &[V], 1, V),
    stable("day_of_year", &[V], 1, V),
    stable("days_in_month", &[V], 1, V),
    stable("deg", &[V], 0, V),
    stable("delta", &[M], 0, V),
    stable("deriv", &[M], 0, V),
    experimental("double_exponential_smoothing", &[M, S, S], 0, V),
    experimental("end", &[], 0, S),
    stable("exp", &[V], 0, V),
    stable("first_over_time", &[M], 0, V),
    stable("floor", &[V], 0, V),
    stable("histogram_avg", &[V], 0, V),
    stable("histogram_count", &[V], 0, V),
    stable("histogram_fraction", &[S, S, V], 0, V),
    stable("histogram_quantile", &[S, V], 0, V),
    experimental("histogram_quantiles", &[V, T, S, S], 9, V),
    stable("histogram_stddev", &[V], 0, V),
    stable("histogram_stdvar", &[V], 0, V),
    stable("histogram_sum", &[V], 0, V),
    stable("hour", &[V], 1, V),
    stable("idelta", &[M], 0, V),
    stable("increase", &[M], 0, V),
    experimental("info", &[V, V], 1, V),
    stable("irate", &[M], 0, V),
    stable("label_join", &[V, T, T, T], -1, V),
    stable("label_replace", &[V, T, T, T, T], 0, V),
    stable("last_over_time", &[M], 0, V),
    stable("ln", &[V], 0, V),
    stable("log10", &[V], 0, V),
    stable("log2", &[V], 0, V),
    experimental("mad_over_time", &[M], 0, V),
    experimental("max_of", &[S, S], 0, S),
    stable("max_over_time", &[M], 0, V),
    experimental("min_of", &[S, S], 0, S),
    stable("min_over_time", &[M], 0, V),
    stable("minute", &[V], 1, V),
    stable("month", &[V], 1, V),
    stable("pi", &[], 0, S),
    stable("predict_linear", &[M, S], 0, V),
    stable("present_over_time", &[M], 0, V),
    stable("quantile_over_time", &[S, M], 0, V),
    stable("rad", &[V], 0, V),
    experimental("range", &[], 0, S),
    stable("rate", &[M], 0, V),
    stable("resets", &[M], 0, V),
    stable("round", &[V, S], 1, V),
    stable("scalar", &[V], 0, S),
    stable("sgn", &[V], 0, V),
    stable("sin", &[V], 0, V),
    stable("sinh", &[V], 0, V),
    stable("sort", &[V], 0, V),
    experimental("sort_by_label", &[V, T], -1, V),
    experimental("sort_by_label_desc", &[V, T], -1, V),
    stable("sort_desc", &[V], 0, V),
    stable("sqrt", &[V], 0, V),
    experimental("start", &[], 0, S),
    experimental("start_timestamp", &[V], 0, V),
    stable("stddev_over_time", &[M], 0, V),
    stable("stdvar_over_time", &[M], 0, V),
    experimental("step", &[], 0, S),
    stable("sum_over_time", &[M], 0, V),
    stable("tan", &[V], 0, V),
    stable("tanh", &[V], 0, V),
    stable("time", &[], 0, S),
    stable("timestamp", &[V], 0, V),
    experimental("ts_of_first_over_time", &[M], 0, V),
    experimental("ts_of_last_over_time", &[M], 0, V),
    experimental("ts_of_max_over_time", &[M], 0, V),
    experimental("ts_of_min_over_time", &[M], 0, V),
    stable("vector", &[S], 0, V),
    stable("year", &[V], 1, V),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
    }

    /// By the prose of Prometheus' documentation, "Functions".
    #[test]
    fn numbers_of_arguments() {
        for (name, min, max) in [
            ("time", 0, Some(0)),
            ("rate", 1, Some(1)),
            ("hour", 0, Some(1)),
            ("round", 1, Some(2)),
            ("label_join", 3, None),
            ("sort_by_label", 1, None),
            ("info", 1, Some(2)),
            ("histogram_quantiles", 3, Some(12)),
        ] {
            let function = Function::find(name).unwrap();
            assert_eq!((function.min_args(), function.max_args()), (min, max), "{name}");
        }
        assert_eq!(Function::find("holt_winters"), None);
    }
}
