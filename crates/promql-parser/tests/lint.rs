//! Each rule where it applies and where it does not.

use promd_model::Duration;
use promd_promql_parser::lint::{self, Finding, Linter, Rule};
use promd_promql_parser::{Options, Parser};

fn parser() -> Parser {
    Parser::new(Options::all())
}

#[track_caller]
fn findings(linter: &Linter, query: &str) -> Vec<Finding> {
    let expr = parser().parse(query).unwrap_or_else(|error| panic!("{query:?}: {error}"));
    linter.lint(query, &expr)
}

/// What one rule finds, as the text at its span, and what becomes of the query by its fixes.
#[track_caller]
fn check_with(linter: &Linter, rule: Rule, query: &str, found: &[&str], fixed: &str) {
    let findings = findings(&linter.clone().with_rules([rule]), query);
    let texts: Vec<_> = findings.iter().map(|finding| finding.span.slice(query).unwrap_or("?")).collect();
    assert_eq!(texts, found, "{query:?}: {findings:#?}");
    assert!(findings.iter().all(|finding| finding.rule == rule && finding.reason.len() > 10), "{findings:#?}");
    assert_eq!(lint::apply(query, &findings), fixed, "{query:?}");
}

/// Nothing of that rule is in the query.
#[track_caller]
fn clean(rule: Rule, queries: &[&str]) {
    for query in queries {
        check_with(&Linter::default(), rule, query, &[], query);
    }
}

#[track_caller]
fn check(rule: Rule, query: &str, found: &[&str], fixed: &str) {
    check_with(&Linter::default(), rule, query, found, fixed);
}

/// Found, and no fix is certain.
#[track_caller]
fn unfixed(rule: Rule, query: &str, found: &[&str]) {
    check(rule, query, found, query);
}

#[test]
fn rate_of_gauge() {
    let rule = Rule::RateOfGauge;
    unfixed(rule, "rate(memory_bytes{a=\"b\"}[5m] offset 1h)", &["memory_bytes{a=\"b\"}"]);
    unfixed(rule, "sum(increase(({__name__=\"load\"}[5m])))", &["{__name__=\"load\"}"]);
    unfixed(rule, "rate(a_total[5m]) / irate(up[5m])", &["up"]);
    clean(
        rule,
        &[
            "rate(a_total[5m]) + rate(a_sum[5m]) + rate(a_count[5m]) + rate(a_bucket[5m])",
            "deriv(memory_bytes[5m]) + delta(memory_bytes[5m])",
            "rate({job=\"x\"}[5m])",
            // A native histogram; what a recording rule holds.
            "histogram_quantile(0.9, sum(rate(request_seconds[5m])))",
            "rate(job:requests:sum[5m])",
        ],
    );
}

#[test]
fn rate_of_aggregate() {
    let rule = Rule::RateOfAggregate;
    let query = "1 + rate(sum by (job) (a_total{x=\"y\"})[5m:30s] offset 1h)";
    let found = "rate(sum by (job) (a_total{x=\"y\"})[5m:30s] offset 1h)";
    check(rule, query, &[found], "1 + sum by (job) (rate(a_total{x=\"y\"}[5m] offset 1h))");
    check(rule, "increase((sum(a_total))[1h:])", &["increase((sum(a_total))[1h:])"], "sum(increase(a_total[1h]))");
    unfixed(rule, "rate(max(a_total)[5m:])", &["rate(max(a_total)[5m:])"]);
    unfixed(rule, "rate(sum(a_total + b_total)[5m:])", &["rate(sum(a_total + b_total)[5m:])"]);
    unfixed(rule, "rate(sum(a_total offset 1m)[5m:])", &["rate(sum(a_total offset 1m)[5m:])"]);
    clean(
        rule,
        &["sum(rate(a_total[5m]))", "max_over_time(sum(a)[5m:])", "deriv(sum(a)[5m:])", "rate(topk(3, a_total)[5m:])"],
    );
}

#[test]
fn never_matches() {
    let rule = Rule::NeverMatches;
    // What one side surely has the other has lost.
    unfixed(rule, "a{job=\"x\"} / sum(b)", &["/"]);
    unfixed(rule, "sum by (instance) (a) > b{job!=\"\"}", &[">"]);
    unfixed(rule, "a{job=\"x\"} and ignoring (instance) sum by (instance) (b)", &["and"]);
    unfixed(rule, "a{code=~\"5..\"} * ignoring (x) group_left () (sum without (code) (b))", &["*"]);
    unfixed(rule, "count_values(\"v\", a) - sum(b)", &["-"]);
    // Both have it, with different values.
    unfixed(rule, "a{mode=\"idle\"} + a{mode=\"user\"}", &["+"]);
    unfixed(rule, "rate(a_total{x=\"1\"}[5m]) / on (x) rate(a_total{x=\"2\"}[5m])", &["/"]);
    unfixed(rule, "(a{x=\"1\"} * on (x) b) / on (x) c{x=\"2\"}", &["/"]);
    clean(
        rule,
        &[
            "a{job=\"x\"} / b",
            "a{job=\"x\"} / b{job=\"x\"}",
            "a{job=\"x\"} / ignoring (job) b{job=\"y\"}",
            "a{job=\"x\"} / on (instance) b{job=\"y\"}",
            "a{job=\"x\"} or sum(b)",
            "a{job=\"x\"} / fill (0) sum(b)",
            "a{job=\"x\"} > 1",
            "a{job=\"x\"} / on () group_left () sum(b)",
            "sum by (job) (a{job=\"x\"}) / sum by (job) (b)",
            "a{job=\"x\"} / label_replace(sum(b), \"job\", \"x\", \"\", \"\")",
            "a{job=~\"x|\"} / sum(b)",
            "info(a{job=\"x\"}) / info(b{job=\"x\"})",
        ],
    );
}

#[test]
fn on_lost_label() {
    let rule = Rule::OnLostLabel;
    unfixed(rule, "sum by (job) (a) / on (job, instance) b", &["instance"]);
    unfixed(rule, "a * on (job) group_left () sum(b)", &["job"]);
    unfixed(rule, "histogram_quantile(0.9, a_bucket) > on (le) b", &["le"]);
    check(
        rule,
        "a * on (job) group_left (x, version) max by (job, version) (b)",
        &["x"],
        "a * on (job) group_left (version) max by (job, version) (b)",
    );
    check(
        rule,
        "max by (job) (b) * on (job) group_right (version) a",
        &["version"],
        "max by (job) (b) * on (job) group_right () a",
    );
    clean(
        rule,
        &[
            "a / on (job) b",
            "sum by (job) (a) / on (job) sum by (job, x) (b)",
            "a * on (job) group_left (version) b",
            "sum(a) / on () sum(b)",
            "label_join(sum(a), \"x\", \",\", \"y\") / on (x) b",
            "absent(a{job=\"x\"}) * on (job) b",
            "sum without (instance) (a) / on (job) b",
        ],
    );
}

#[test]
fn literal_regex() {
    let rule = Rule::LiteralRegex;
    check(rule, "a{b=~\"c\", d!~'e\\\\.f'}", &["b=~\"c\"", "d!~'e\\\\.f'"], "a{b=\"c\", d!=\"e.f\"}");
    check(rule, "rate(a{\"x.y\"=~\"(z)\"}[5m])", &["\"x.y\"=~\"(z)\""], "rate(a{\"x.y\"=\"z\"}[5m])");
    check(rule, "a{b=~\"\"}", &["b=~\"\""], "a{b=\"\"}");
    clean(rule, &["a{b=~\"c|d\"}", "a{b=~\"c.*\"}", "a{b=~\".+\"}", "a{b=~\"(?i)c\"}", "a{b=\"c\"}", "a{b=~\"c.d\"}"]);
}

#[test]
fn regex_matches_all() {
    let rule = Rule::RegexMatchesAll;
    check(rule, "a{b=~\".*\"}", &["b=~\".*\""], "a{}");
    check(rule, "a{b=~\".*\",}", &["b=~\".*\""], "a{}");
    check(rule, "a{b=~\".*\", c=\"d\"}[5m]", &["b=~\".*\""], "a{c=\"d\"}[5m]");
    check(rule, "{c=\"d\", b=~\"(.*)\",}", &["b=~\"(.*)\""], "{c=\"d\",}");
    check(rule, "a{b=~\".*\" # why\n}", &["b=~\".*\""], "a{ # why\n}");
    check(rule, "a{b=~\".*\" # why\n, c=\"d\"}", &["b=~\".*\""], "a{b=~\".*\" # why\n, c=\"d\"}");
    unfixed(rule, "a{b!~\".*\"}", &["b!~\".*\""]);
    clean(rule, &["a{b=~\".+\"}", "a{b=~\".*x\"}", "a{b!=\"\"}", "a{b=~\"x|.+\"}"]);
}

#[test]
fn impossible_grouping() {
    let rule = Rule::ImpossibleGrouping;
    check(rule, "max by (job, pod) (sum by (job) (a))", &["pod"], "max by (job) (sum by (job) (a))");
    check(rule, "max without (pod) (sum by (job) (a))", &["pod"], "max without () (sum by (job) (a))");
    check(
        rule,
        "sum by (le) (histogram_quantile(0.9, a_bucket))",
        &["le"],
        "sum by () (histogram_quantile(0.9, a_bucket))",
    );
    check(rule, "sum by (x) (a{x=\"\"})", &["x"], "sum by () (a{x=\"\"})");
    check(rule, "sum by (x,) (vector(1))", &["x"], "sum by () (vector(1))");
    check(rule, "sum by (job, x) (a / on (job) b)", &["x"], "sum by (job) (a / on (job) b)");
    clean(
        rule,
        &[
            "sum by (job) (a)",
            "sum by (__name__) (rate(a_total[5m]))",
            "max by (job) (sum by (job, pod) (a))",
            "max by (pod) (topk by (job) (3, a))",
            "max without (pod) (sum without (job) (a))",
            "sum by (x) (a * on (job) group_left (x) b)",
            "sum by (x) (sum(a) or b)",
            "sum by (v) (count_values(\"v\", a))",
            "sum by (x) (info(sum(a)))",
        ],
    );
}

#[test]
fn redundant_parentheses() {
    let rule = Rule::RedundantParentheses;
    check(rule, "(a + b)", &["(a + b)"], "a + b");
    check(rule, "((a + b)) * c", &["((a + b))"], "(a + b) * c");
    check(rule, "sum((a + b))", &["(a + b)"], "sum(a + b)");
    check(rule, "(a) + (rate(b_total[5m])) - (2)", &["(a)", "(rate(b_total[5m]))", "(2)"], "a + rate(b_total[5m]) - 2");
    check(rule, "a and(b)or c", &["(b)"], "a and b or c");
    check(rule, "a * on (x) (b)", &["(b)"], "a * on (x) b");
    check(rule, "(a # why\n)", &["(a # why\n)"], "(a # why\n)");
    clean(
        rule,
        &[
            "(a + b) * c",
            "a - (b - c)",
            "(-2) ^ 2",
            "-(a + b)",
            "-(-2)",
            "(a)[5m:]",
            "(a + b)[5m:]",
            "a + (b * c)",
            "(-a) ^ 2",
        ],
    );
}

#[test]
fn alert_without_comparison() {
    let (rule, alerts) = (Rule::AlertWithoutComparison, Linter::default().for_alerts(true));
    check_with(&alerts, rule, "rate(a_total[5m])", &["rate(a_total[5m])"], "rate(a_total[5m])");
    check_with(&alerts, rule, "sum(a) / sum(b)", &["sum(a) / sum(b)"], "sum(a) / sum(b)");
    check_with(&alerts, rule, "a > bool 1", &["a > bool 1"], "a > 1");
    check_with(&alerts, rule, "a > 1 or b", &["a > 1 or b"], "a > 1 or b");
    for query in [
        "a > 1",
        "sum(a > 1)",
        "absent(a)",
        "a unless b",
        "a and b == 1",
        "(sort(a != 0)) * 100",
        "count_over_time((a > 1)[5m:])",
        "a > 1 or b > 1",
        // An alert that is to fire always.
        "vector(1)",
    ] {
        check_with(&alerts, rule, query, &[], query);
    }
    clean(rule, &["rate(a_total[5m])"]);
}

#[test]
fn short_range() {
    let rule = Rule::ShortRange;
    check(rule, "rate(a_total[1m]) + deriv(a[90s])", &["1m", "90s"], "rate(a_total[4m]) + deriv(a[4m])");
    check(rule, "rate(a_total[1m:40s])", &["1m"], "rate(a_total[2m40s:40s])");
    let interval = Duration::from_secs_f64(10.0).unwrap_or(Duration::ZERO);
    check_with(
        &Linter::default().with_scrape_interval(interval),
        rule,
        "irate(a_total[15s]) + rate(a_total[20s])",
        &["15s"],
        "irate(a_total[40s]) + rate(a_total[20s])",
    );
    clean(
        rule,
        &[
            "rate(a_total[2m])",
            "max_over_time(a[1m])",
            "rate(a_total[1m:])",
            "rate(a_total[1m:30s])",
            "rate(a_total[1m] anchored)",
            "rate(a_total[step()])",
        ],
    );
}

#[test]
fn rules_have_names() {
    for rule in Rule::ALL {
        assert_eq!(Rule::find(rule.name()), Some(rule));
    }
    assert_eq!(Rule::find("no-such-rule"), None);
}

/// Whatever a rule recurses over is as deep as a tree may be.
#[test]
fn deep_queries() {
    for (open, close) in [("sum by (x) (", ")"), ("a{x=\"y\"} / (", ")"), ("histogram_quantile(0.5, ", ")"), ("(", ")")]
    {
        let query = format!("{}a{}", open.repeat(450), close.repeat(450));
        assert!(findings(&Linter::default(), &query).len() < 2_000);
    }
}
