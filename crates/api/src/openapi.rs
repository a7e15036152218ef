//! The API as an OpenAPI document: small, and true.

use std::fmt::Write;

/// Paths below `/api/v1`, their methods, what they answer, and their parameters; those with a `*` are needed.
const PATHS: &[(&str, &[&str], &str, &[&str])] = &[
    (
        "/query",
        &["get", "post"],
        "The value of an expression at one time",
        &["query*", "time", "timeout", "lookback_delta", "limit", "stats", "explain"],
    ),
    (
        "/query_range",
        &["get", "post"],
        "The values of an expression over a range of time",
        &["query*", "start*", "end*", "step*", "timeout", "lookback_delta", "limit", "stats", "explain"],
    ),
    ("/query_exemplars", &["get", "post"], "Exemplars of the series in an expression", &["query*", "start", "end"]),
    ("/format_query", &["get", "post"], "An expression, formatted", &["query*"]),
    ("/parse_query", &["get", "post"], "The syntax tree of an expression", &["query*"]),
    ("/labels", &["get", "post"], "Names of labels", &["start", "end", "match[]", "limit"]),
    ("/label/{name}/values", &["get"], "Values of a label", &["start", "end", "match[]", "limit"]),
    ("/series", &["get", "post"], "Series by selectors", &["match[]*", "start", "end", "limit"]),
    ("/metadata", &["get"], "What targets say of metrics", &["metric", "limit", "limit_per_metric"]),
    ("/search/metric_names", &["get", "post"], "Names of metrics that fit a search", &[SEARCH, "include_metadata"]),
    ("/search/label_names", &["get", "post"], "Names of labels that fit a search", &[SEARCH]),
    ("/search/label_values", &["get", "post"], "Values of a label that fit a search", &["label*", SEARCH]),
    ("/scrape_pools", &["get"], "Names of scrape pools", &[]),
    ("/scrape_pools/config", &["get"], "The configuration of a scrape pool", &["scrapePool*"]),
    ("/targets", &["get"], "Targets", &["scrapePool", "state"]),
    ("/targets/metadata", &["get"], "What targets say of metrics, by target", &["match_target", "metric", "limit"]),
    ("/targets/relabel_steps", &["get"], "What relabelling does to labels", &["scrapePool*", "labels*"]),
    ("/alertmanagers", &["get"], "Alertmanagers that are notified", &[]),
    ("/alerts", &["get"], "Active alerts", &[]),
    ("/rules", &["get"], "Rules", &["type"]),
    ("/status/config", &["get"], "The configuration in force", &[]),
    ("/status/flags", &["get"], "Flags of the command line", &[]),
    ("/status/runtimeinfo", &["get"], "The process", &[]),
    ("/status/buildinfo", &["get"], "The program", &[]),
    ("/status/tsdb", &["get"], "The head of the database", &["limit"]),
    ("/status/tsdb/blocks", &["get"], "Blocks of the database", &[]),
    ("/status/walreplay", &["get"], "How far the write-ahead log is read", &[]),
    ("/status/self_metrics", &["get"], "The server's own metrics", &["metric_name_pattern"]),
    ("/status/damage", &["get"], "What is known to be damaged", &[]),
    ("/status/cost", &["get"], "What series cost, by the values of a label", &["by", "limit"]),
    ("/status/queries", &["get"], "Queries that wait or run", &[]),
    ("/status/queries/{id}", &["delete"], "Ends a query", &[]),
    ("/features", &["get"], "Which parts of Prometheus are there", &[]),
    ("/notifications", &["get"], "What is to be known of the server", &[]),
    ("/notifications/live", &["get"], "The same as it happens", &[]),
    ("/admin/tsdb/delete_series", &["post", "put"], "Deletes samples", &["match[]*", "start", "end"]),
    ("/admin/tsdb/clean_tombstones", &["post", "put"], "Removes deleted samples from the disk", &[]),
    ("/admin/tsdb/snapshot", &["post", "put"], "Makes a copy of the database", &["skip_head"]),
];

/// Stands for the parameters of every search.
const SEARCH: &str = "(search)";

/// Those are these.
const SEARCH_PARAMETERS: &[&str] = &[
    "search[]",
    "match[]",
    "start",
    "end",
    "limit",
    "batch_size",
    "sort_by",
    "sort_dir",
    "fuzz_alg",
    "fuzz_threshold",
    "case_sensitive",
    "include_score",
];

/// The document.
pub(crate) fn document(server: &str, version: &str) -> String {
    let mut out = format!(
        "openapi: 3.1.0\ninfo:\n  title: Prometheus API\n  version: {version:?}\nservers:\n  - url: {:?}\npaths:\n",
        format!("{server}/api/v1")
    );
    for (path, methods, summary, parameters) in PATHS {
        // Writing to a string does not fail.
        let _ = writeln!(out, "  {path}:");
        for method in *methods {
            let _ = writeln!(out, "    {method}:\n      summary: {summary}");
            let of_path = path.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(name, _)| name);
            if of_path.is_some() || !parameters.is_empty() {
                out.push_str("      parameters:\n");
            }
            if let Some(name) = of_path {
                let _ = writeln!(out, "        - {{name: {name}, in: path, required: true, schema: {{type: string}}}}");
            }
            let parameters = parameters.iter().flat_map(|name| match *name {
                SEARCH => SEARCH_PARAMETERS,
                _ => std::slice::from_ref(name),
            });
            for name in parameters {
                let (name, required) = name.strip_suffix('*').map_or((*name, false), |name| (name, true));
                let schema =
                    if name.ends_with("[]") { "{type: array, items: {type: string}}" } else { "{type: string}" };
                let _ =
                    writeln!(out, "        - {{name: \"{name}\", in: query, required: {required}, schema: {schema}}}");
            }
            out.push_str("      responses: {default: {description: An answer or an error in Prometheus' envelope}}\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::{Found, find};

    #[test]
    fn every_path_is_there() {
        for (path, methods, ..) in PATHS {
            let path = format!("/api/v1{}", path.replace("{name}", "job").replace("{id}", "1"));
            for method in *methods {
                let method = method.to_uppercase().parse().unwrap();
                assert!(matches!(find(&method, &path), Found::Route(..)), "{method} {path}");
            }
        }
    }
}
