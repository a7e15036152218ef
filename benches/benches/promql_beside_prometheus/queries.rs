//! What is asked: the name, the expression, how far back from the end of the data in milliseconds (0: one instant) and the step.

use crate::fleet::HOUR;

const SECOND: i64 = 1000;
const JOIN: &str = "sum by (node) (container_memory_working_set_bytes \
                    * on (instance, namespace, pod) group_left (node) kube_pod_info)";

fn quantile(labels: &str) -> String {
    format!("histogram_quantile(0.99, sum by (le{labels}) (rate(http_request_duration_seconds_bucket[5m])))")
}

pub(super) fn all() -> Vec<(&'static str, String, i64, i64)> {
    let day = 24 * HOUR - 60 * SECOND;
    let fixed = |name, text: &str, back, step| (name, text.to_owned(), back, step);
    vec![
        fixed("i_raw_1600", "http_requests_total", 0, 0),
        fixed("i_count_all", "count({job=\"bench\"})", 0, 0),
        fixed("i_count_by_name", "topk(10, count by (__name__) ({__name__=~\".+\"}))", 0, 0),
        fixed("i_sum_rate", "sum by (handler) (rate(http_requests_total[5m]))", 0, 0),
        ("i_hist_quantile", quantile(", handler"), 0, 0),
        fixed("i_topk_rate", "topk(10, rate(container_cpu_usage_seconds_total[5m]))", 0, 0),
        fixed("i_quantile_ot_1h", "quantile_over_time(0.95, container_memory_working_set_bytes[1h])", 0, 0),
        fixed("i_max_ot_24h", "max_over_time(container_memory_working_set_bytes[24h])", 0, 0),
        fixed("i_absent", "absent(nonexistent_metric{job=\"bench\"})", 0, 0),
        fixed("r1h_raw_40", "node_memory_MemAvailable_bytes", HOUR, 15 * SECOND),
        fixed("r1h_raw_ns", "container_memory_working_set_bytes{namespace=\"payments\"}", HOUR, 15 * SECOND),
        fixed("r1h_rate_400", "rate(node_cpu_seconds_total{mode=\"user\"}[1m])", HOUR, 15 * SECOND),
        fixed("r1h_sum_rate_3200", "sum by (mode) (rate(node_cpu_seconds_total[1m]))", HOUR, 15 * SECOND),
        ("r1h_hist_quantile", quantile(""), HOUR, 15 * SECOND),
        fixed("r1h_topk", "topk(5, rate(container_cpu_usage_seconds_total[5m]))", HOUR, 60 * SECOND),
        fixed("r1h_subquery", "max_over_time(sum(rate(http_requests_total[5m]))[1h:1m])", HOUR, 60 * SECOND),
        fixed(
            "r1h_regex_alt",
            "sum(rate(http_requests_total{handler=~\"/api/v1/query|/api/v1/orders|/login|/upload\"}[5m]))",
            HOUR,
            15 * SECOND,
        ),
        fixed(
            "r1h_regex_contains",
            "sum(rate(container_cpu_usage_seconds_total{pod=~\".*postgres.*\"}[5m]))",
            HOUR,
            15 * SECOND,
        ),
        fixed(
            "r1h_regex_name_neg",
            "count({__name__=~\"node_f.*\", mountpoint!~\".*volume-[0-3]\"})",
            HOUR,
            60 * SECOND,
        ),
        fixed("r1h_join", JOIN, HOUR, 60 * SECOND),
        fixed(
            "r1h_label_replace",
            r#"sum by (dc) (label_replace(node_memory_MemFree_bytes, "dc", "$1", "instance", "127\\.1\\.0\\.(.).*"))"#,
            HOUR,
            15 * SECOND,
        ),
        fixed("r1h_count_by", "count by (namespace) (container_memory_rss)", HOUR, 15 * SECOND),
        fixed("r1h_binop", "node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.6", HOUR, 60 * SECOND),
        fixed("r6h_sum_rate_1600", "sum by (instance) (rate(http_requests_total[5m]))", 6 * HOUR, 60 * SECOND),
        ("r6h_hist_quantile", quantile(""), 6 * HOUR, 60 * SECOND),
        fixed("r6h_join", JOIN, 6 * HOUR, 60 * SECOND),
        fixed(
            "r6h_quantile_ot_1h",
            "quantile_over_time(0.95, node_memory_MemAvailable_bytes[1h])",
            6 * HOUR,
            60 * SECOND,
        ),
        fixed("r6h_stddev_ot", "stddev_over_time(node_memory_MemAvailable_bytes[1h])", 6 * HOUR, 60 * SECOND),
        fixed("r6h_changes", "sum(changes(node_memory_MemFree_bytes[1h]))", 6 * HOUR, 60 * SECOND),
        fixed("r24h_raw_40", "node_memory_MemFree_bytes", day, 15 * SECOND),
        fixed("r24h_sum_rate_3200", "sum by (mode) (rate(node_cpu_seconds_total[5m]))", day, 300 * SECOND),
        ("r24h_hist_quantile", quantile(""), day, 300 * SECOND),
        fixed(
            "r24h_avg_ot",
            "avg by (namespace) (avg_over_time(container_memory_working_set_bytes[30m]))",
            day,
            300 * SECOND,
        ),
        fixed("r24h_subquery", "max_over_time(rate(http_requests_total{code=\"500\"}[5m])[1h:5m])", day, 300 * SECOND),
        fixed(
            "r24h_ratio",
            "sum(rate(http_requests_total{code=\"500\"}[5m])) / sum(rate(http_requests_total[5m]))",
            day,
            300 * SECOND,
        ),
    ]
}
