//! Classic histograms as native ones with custom buckets. The rules are those of Prometheus 3.14
//! (`model/textparse/nhcbparse.go`, `util/convertnhcb/convertnhcb.go`).

mod common;

use common::{dump, samples};
use promd_exposition::{NhcbParser, OpenMetricsParser, Options, ProtobufParser, TextParser};

fn options(keep: bool) -> Options {
    let mut options = Options::default();
    options.keep_classic_histograms = keep;
    options.skip_created_series = true;
    options
}

#[track_caller]
fn check(body: &str, expected: &[&str]) {
    let text = TextParser::new(body.as_bytes(), options(false));
    assert_eq!(samples(NhcbParser::new(text, options(false))), expected);
}

#[track_caller]
fn check_openmetrics(body: &str, keep: bool, expected: &[&str]) {
    let text = OpenMetricsParser::new(body.as_bytes(), options(keep));
    assert_eq!(samples(NhcbParser::new(text, options(keep))), expected);
}

const TYPE: &str = "# TYPE h histogram\n";

#[test]
fn series_that_follow_each_other_are_one_histogram() {
    let body = format!(
        "{TYPE}h_bucket{{a=\"1\",le=\"0.1\"}} 1\nh_bucket{{a=\"1\",le=\"1\"}} 3\nh_bucket{{a=\"1\",le=\"+Inf\"}} 4\n\
         h_sum{{a=\"1\"}} 3.5\nh_count{{a=\"1\"}} 4\n"
    );
    check(&body, &["h{a=\"1\"} {count:4, sum:3.5, [-Inf,0.1]:1, (0.1,1]:2, (1,+Inf]:1} Unknown"]);
}

#[test]
fn they_may_come_in_any_order_with_their_labels_in_any_order() {
    let body = format!(
        "{TYPE}h_count{{b=\"2\",a=\"1\"}} 4\nh_bucket{{a=\"1\",le=\"1\",b=\"2\"}} 3\nh_sum{{a=\"1\",b=\"2\"}} 3.5\n\
         h_bucket{{le=\"0.1\",a=\"1\",b=\"2\"}} 1\n"
    );
    check(&body, &["h{a=\"1\",b=\"2\"} {count:4, sum:3.5, [-Inf,0.1]:1, (0.1,1]:2, (1,+Inf]:1} Unknown"]);
}

#[test]
fn other_labels_and_metadata_end_a_histogram() {
    let body = format!(
        "{TYPE}h_count{{a=\"1\"}} 1\nh_count{{a=\"2\"}} 2\n# TYPE g gauge\ng 1\n{TYPE}h_count{{a=\"2\"}} 3\n\
         # a comment\nh_count{{a=\"2\"}} 4\nother 1\n"
    );
    let expected = [
        "h{a=\"1\"} {count:1, sum:0, [-Inf,+Inf]:1} Unknown",
        "h{a=\"2\"} {count:2, sum:0, [-Inf,+Inf]:2} Unknown",
        "g 1",
        "h{a=\"2\"} {count:3, sum:0, [-Inf,+Inf]:3} Unknown",
        "comment # a comment",
        "h{a=\"2\"} {count:4, sum:0, [-Inf,+Inf]:4} Unknown",
        "other 1",
    ];
    check(&body, &expected);
}

#[test]
fn metadata_comes_after_the_histogram_that_it_ends() {
    let body = format!("{TYPE}h_count 1\n# TYPE g gauge\n");
    let lines = dump(NhcbParser::new(TextParser::new(body.as_bytes(), options(false)), options(false))).unwrap();
    assert_eq!(lines, ["type h histogram", "h {count:1, sum:0, [-Inf,+Inf]:1} Unknown", "type g gauge"]);
}

#[test]
fn what_is_no_part_of_a_histogram_passes_through() {
    check("h_count 1\n", &["h_count 1"]);
    check("# TYPE s summary\ns_count 1\n", &["s_count 1"]);
    check(&format!("{TYPE}i_count 1\nh 2\nh_max 3\n"), &["i_count 1", "h 2", "h_max 3"]);
    // A bucket without a bound, or with one that is none.
    check(&format!("{TYPE}h_bucket 1\nh_bucket{{le=\"x\"}} 1\n"), &["h_bucket 1", "h_bucket{le=\"x\"} 1"]);
    check(&format!("{TYPE}h_bucket{{le=\"NaN\"}} 1\n"), &["h_bucket{le=\"NaN\"} 1"]);
}

#[test]
fn without_a_count_it_is_that_of_the_last_bucket() {
    let body = format!("{TYPE}h_bucket{{le=\"1\"}} 2\nh_bucket{{le=\"2\"}} 5\n");
    check(&body, &["h {count:5, sum:0, [-Inf,1]:2, (1,2]:3} Unknown"]);
}

#[test]
fn the_first_of_equal_bounds_counts() {
    let bucket = |le: &str, count: u32| format!("h_bucket{{le=\"{le}\"}} {count}\n");
    let expected = ["h {count:3, sum:0, [-Inf,1]:1, (1,2]:2} Unknown"];
    check(&[TYPE, &bucket("1", 1), &bucket("1.0", 9), &bucket("2", 3)].concat(), &expected);
    check(&[TYPE, &bucket("2", 3), &bucket("1", 1), &bucket("1.0", 9)].concat(), &expected);
}

#[test]
fn counts_that_are_not_whole_make_a_histogram_of_floats() {
    let body = format!("{TYPE}h_bucket{{le=\"1\"}} 0.5\nh_count 2\n");
    check(&body, &["h float{count:2, sum:0, [-Inf,1]:0.5, (1,+Inf]:1.5} Unknown"]);
}

#[test]
fn series_that_make_no_histogram_are_gone() {
    let with = |series: &str| format!("{TYPE}{series}g 1\n");
    check(&with("h_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 1\n"), &["g 1"]);
    check(&with("h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 2\n"), &["g 1"]);
    check(&with("h_bucket{le=\"1\"} -2\n"), &["g 1"]);
    check(&with("h_count -2\n"), &["g 1"]);
    check(&with("h_bucket{le=\"+Inf\"} 2\nh_count 3\n"), &["g 1"]);
    // What comes after them starts afresh.
    check(
        &with("h_count{a=\"1\"} -2\nh_count{a=\"2\"} 2\n"),
        &["h{a=\"2\"} {count:2, sum:0, [-Inf,+Inf]:2} Unknown", "g 1"],
    );
}

#[test]
fn the_time_is_that_of_the_last_of_its_series() {
    check(
        &format!("{TYPE}h_bucket{{le=\"1\"}} 1 100\nh_count 1 200\ng 1 300\n"),
        &["h {count:1, sum:0, [-Inf,1]:1} Unknown @200", "g 1 @300"],
    );
}

const OPENMETRICS: &str = "# TYPE h histogram\n\
    h_bucket{le=\"1.0\"} 1 # {trace=\"a\"} 0.5 10.25\n\
    h_bucket{le=\"+Inf\"} 2 # {trace=\"b\",span=\"c\"} 7.0\n\
    h_sum 7.5\nh_count 2\nh_created 5.5\n\
    # TYPE g gauge\ng 1.0\n# EOF\n";

#[test]
fn exemplars_and_start_go_to_the_histogram() {
    let histogram = "h {count:2, sum:7.5, [-Inf,1]:1, (1,+Inf]:1} Unknown >5500 \
         # {trace=\"a\"} 0.5 @10250 # {trace=\"b\",span=\"c\"} 7";
    check_openmetrics(OPENMETRICS, false, &[histogram, "g 1"]);
    let kept = [
        "h_bucket{le=\"1.0\"} 1 >5500 # {trace=\"a\"} 0.5 @10250",
        "h_bucket{le=\"+Inf\"} 2 >5500 # {trace=\"b\",span=\"c\"} 7",
        "h_sum 7.5 >5500",
        "h_count 2 >5500",
        histogram,
        "g 1",
    ];
    check_openmetrics(OPENMETRICS, true, &kept);
}

#[test]
fn gauge_histograms_are_left_alone() {
    check_openmetrics("# TYPE h gaugehistogram\nh_bucket{le=\"1.0\"} 1\n# EOF\n", false, &["h_bucket{le=\"1.0\"} 1"]);
}

#[test]
fn classic_series_behind_a_native_histogram_are_not_converted() {
    use common::{HISTOGRAM, classic, family, native};
    let both = family("h", HISTOGRAM, |histogram| {
        classic(histogram, 1, 0.5, &[(1.0, 1)]);
        native(histogram, 0, 1, &[1]);
    });
    let other = family("i", HISTOGRAM, |histogram| classic(histogram, 1, 0.5, &[]));
    let body = [both, other].concat();
    let parser = NhcbParser::new(ProtobufParser::new(&body, options(true)), options(false));
    let expected = [
        "h {count:1, sum:0.5, (0.5,1]:1} Unknown",
        "h_count 1",
        "h_sum 0.5",
        "h_bucket{le=\"1.0\"} 1",
        "h_bucket{le=\"+Inf\"} 1",
        "i {count:1, sum:0.5, [-Inf,+Inf]:1} Unknown",
    ];
    assert_eq!(samples(parser), expected);
}

#[test]
fn an_error_of_the_parser_below_is_passed_on() {
    let text = TextParser::new(b"# TYPE h histogram\nh_count 1\n{", options(false));
    assert!(dump(NhcbParser::new(text, options(false))).is_err());
}
