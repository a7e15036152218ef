//! Which parts of Prometheus are there, as `/api/v1/features` tells (`cmd/prometheus/testdata/features.json`).

use std::collections::BTreeMap;

use promd_promql::EngineOptions;
use promd_promql_parser::Function;

use crate::Options;

/// Operators and aggregations that are always there.
const OPERATORS: [&str; 33] = [
    "!=",
    "!~",
    "%",
    "*",
    "+",
    "-",
    "/",
    "<",
    "</",
    "<=",
    "==",
    "=~",
    ">",
    ">/",
    ">=",
    "@",
    "^",
    "and",
    "atan2",
    "avg",
    "bottomk",
    "count",
    "count_values",
    "group",
    "max",
    "min",
    "or",
    "quantile",
    "stddev",
    "stdvar",
    "sum",
    "topk",
    "unless",
];

/// Parts of PromQL that are always there.
const LANGUAGE: [&str; 12] = [
    "at_modifier",
    "bool",
    "by",
    "duration_expr",
    "group_left",
    "group_right",
    "ignoring",
    "negative_offset",
    "offset",
    "on",
    "per_query_lookback_delta",
    "subqueries",
];

/// Parts of the API that are always there.
const API: [&str; 6] =
    ["label_values_match", "openapi_3.1", "query_stats", "query_warnings", "time_range_labels", "time_range_series"];

/// All that is known, by category and name.
pub(crate) fn all(options: &Options, engine: &EngineOptions) -> BTreeMap<&'static str, BTreeMap<&'static str, bool>> {
    let mut all: BTreeMap<&str, BTreeMap<&str, bool>> = BTreeMap::new();
    let mut set = |category, name, on| {
        all.entry(category).or_default().insert(name, on);
    };
    for name in OPERATORS {
        set("promql_operators", name, true);
    }
    let parser = &engine.parser;
    for name in ["limitk", "limit_ratio"] {
        set("promql_operators", name, parser.experimental_functions);
    }
    for function in Function::all() {
        set("promql_functions", function.name, !function.experimental || parser.experimental_functions);
    }
    for name in LANGUAGE.into_iter().chain(["without"]) {
        set("promql", name, true);
    }
    for name in ["anchored", "smoothed"] {
        set("promql", name, parser.extended_range_selectors);
    }
    for name in ["fill", "fill_left", "fill_right"] {
        set("promql", name, parser.fill_modifiers);
    }
    set("promql", "delayed_name_removal", engine.delayed_name_removal);
    set("promql", "per_step_stats", false);
    set("promql", "type_and_unit_labels", engine.type_and_unit_labels);
    for name in API {
        set("api", name, true);
    }
    set("api", "admin", options.admin);
    set("api", "lifecycle", options.lifecycle);
    for name in ["exclude_alerts", "otlp_write_receiver", "remote_write_receiver"] {
        set("api", name, false);
    }
    let search = options.features.iter().any(|(of, name, on)| (*of, *name, *on) == ("api", "search", true));
    for (name, on) in [("search", search), ("search_fuzz_alg_jarowinkler", true), ("search_fuzz_alg_subsequence", true)]
    {
        set("api", name, on);
    }
    for (category, name, on) in &options.features {
        set(category, name, *on);
    }
    all
}
