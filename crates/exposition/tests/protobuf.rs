//! What is read of protobuf. The order, the forms and the error texts are those of Prometheus 3.14
//! (`model/textparse/protobufparse.go`, `prompb/io/prometheus/client/{decoder,metrics.pb}.go`).

mod common;

use common::{
    COUNTER, GAUGE, GAUGE_HISTOGRAM, HISTOGRAM, SUMMARY, classic, dump, exemplar, family, message, native, samples,
};
use promd_exposition::{Entry, Options, Parser, ProtobufParser};

fn options(keep: bool, convert: bool) -> Options {
    let mut options = Options::default();
    options.keep_classic_histograms = keep;
    options.convert_classic_histograms = convert;
    options
}

#[track_caller]
fn check(body: &[u8], options: Options, expected: &[&str]) {
    assert_eq!(samples(ProtobufParser::new(body, options)), expected);
}

#[track_caller]
fn fails(body: &[u8], expected: &str) {
    let error = dump(ProtobufParser::new(body, Options::default())).expect_err("the body is broken");
    assert_eq!(error.to_string(), expected);
    assert!(error.offset() <= body.len() && error.line().is_none());
}

#[test]
fn a_family_is_help_unit_type_and_metrics_whatever_the_order_of_its_fields() {
    let body = message(|family| {
        for (job, value) in [("a", 1.0), ("b", 2.0)] {
            family.message(4, |metric| {
                metric.message(2, |gauge| gauge.double(1, value));
                metric.message(1, |label| {
                    label.string(1, "job");
                    label.string(2, job);
                });
                metric.int64(6, 1_700_000_000_123);
            });
        }
        family.string(5, "seconds");
        family.uint64(3, GAUGE);
        family.string(2, "A \\help\n");
        family.string(1, "g_seconds");
    });
    let lines = dump(ProtobufParser::new(&body, Options::default())).unwrap();
    let expected = [
        "help g_seconds A \\help\n",
        "unit g_seconds seconds",
        "type g_seconds gauge",
        "g_seconds{job=\"a\"} 1 @1700000000123",
        "g_seconds{job=\"b\"} 2 @1700000000123",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn families_without_metrics_are_passed_over() {
    let empty = message(|family| family.string(1, ""));
    let body = [empty.clone(), family("up", 3, |untyped| untyped.double(1, 1.0)), empty].concat();
    let lines = dump(ProtobufParser::new(&body, Options::default())).unwrap();
    assert_eq!(lines, ["help up ", "type up unknown", "up 1"]);
}

#[test]
fn a_counter_has_its_start_and_one_exemplar() {
    let body = family("c_total", COUNTER, |counter| {
        counter.double(1, 5.0);
        exemplar(counter, 2, "x", 0.5, Some(10));
        counter.message(3, |start| {
            start.int64(1, 100);
            start.int64(2, 999_999);
        });
    });
    check(&body, Options::default(), &["c_total 5 >100000 # {trace=\"x\"} 0.5 @10250"]);
}

#[test]
fn a_summary_is_count_sum_and_quantiles() {
    let body = family("s", SUMMARY, |summary| {
        summary.uint64(1, 10);
        summary.double(2, 55.5);
        for (quantile, value) in [(0.5, 1.0), (1.0, f64::NAN)] {
            summary.message(3, |message| {
                message.double(1, quantile);
                message.double(2, value);
            });
        }
    });
    check(&body, Options::default(), &["s_count 10", "s_sum 55.5", "s{quantile=\"0.5\"} 1", "s{quantile=\"1.0\"} NaN"]);
    check(&family("s", SUMMARY, |_| {}), Options::default(), &["s_count 0", "s_sum 0"]);
}

const CLASSIC: [&str; 5] =
    ["h_count 4", "h_sum 3.5", "h_bucket{le=\"0.1\"} 1", "h_bucket{le=\"1.0\"} 3", "h_bucket{le=\"+Inf\"} 4"];
const CONVERTED: &str = "h {count:4, sum:3.5, [-Inf,0.1]:1, (0.1,1]:2, (1,+Inf]:1} Unknown";

fn classic_family(metric_type: u64) -> Vec<u8> {
    family("h", metric_type, |histogram| classic(histogram, 4, 3.5, &[(0.1, 1), (1.0, 3)]))
}

#[test]
fn a_classic_histogram_gets_the_bucket_of_all_observations() {
    check(&classic_family(HISTOGRAM), options(false, false), &CLASSIC);
    let infinity = (f64::INFINITY, 4);
    // What is behind the last bucket is not read.
    let body = family("h", HISTOGRAM, |h| classic(h, 4, 3.5, &[(0.1, 1), (1.0, 3), infinity, (7.0, 7)]));
    check(&body, options(false, false), &CLASSIC);
}

#[test]
fn a_classic_histogram_is_converted_behind_its_series_or_in_their_place() {
    let both: Vec<_> = CLASSIC.into_iter().chain([CONVERTED]).collect();
    check(&classic_family(HISTOGRAM), options(false, true), &[CONVERTED]);
    check(&classic_family(HISTOGRAM), options(true, true), &both);
    check(&classic_family(HISTOGRAM), options(true, false), &CLASSIC);
    let gauge = CONVERTED.replace("Unknown", "Gauge");
    check(&classic_family(GAUGE_HISTOGRAM), options(false, true), &[&gauge]);
}

#[test]
fn counts_in_floats_override_whole_ones_unless_they_are_zero() {
    let body = family("h", HISTOGRAM, |histogram| {
        histogram.uint64(1, 9);
        histogram.double(4, 2.5);
        histogram.message(3, |bucket| {
            bucket.uint64(1, 9);
            bucket.double(4, 1.5);
            bucket.double(2, 1.0);
        });
        histogram.message(3, |bucket| {
            bucket.uint64(1, 2);
            bucket.double(4, 0.0);
            bucket.double(2, 2.0);
        });
    });
    let series =
        ["h_count 2.5", "h_sum 0", "h_bucket{le=\"1.0\"} 1.5", "h_bucket{le=\"2.0\"} 2", "h_bucket{le=\"+Inf\"} 2.5"];
    check(&body, options(false, false), &series);
    check(&body, options(false, true), &["h float{count:2.5, sum:0, [-Inf,1]:1.5, (1,2]:0.5, (2,+Inf]:0.5} Unknown"]);
}

const NATIVE: &str = "h {count:6, sum:5.5, (0.5,1]:1, (1,2]:3, (2,4]:2} Unknown";

fn native_family(buckets: &[(f64, u64)]) -> Vec<u8> {
    family("h", HISTOGRAM, |histogram| {
        classic(histogram, 6, 5.5, buckets);
        native(histogram, 0, 3, &[1, 2, -1]);
    })
}

#[test]
fn a_native_histogram_is_classic_too_only_if_that_is_asked_for() {
    let both = [NATIVE, "h_count 6", "h_sum 5.5", "h_bucket{le=\"1.0\"} 1", "h_bucket{le=\"+Inf\"} 6"];
    check(&native_family(&[(1.0, 1)]), options(false, false), &[NATIVE]);
    check(&native_family(&[(1.0, 1)]), options(false, true), &[NATIVE]);
    check(&native_family(&[(1.0, 1)]), options(true, false), &both);
    check(&native_family(&[(1.0, 1)]), options(true, true), &both);
    check(&native_family(&[]), options(true, true), &[NATIVE]);
    let mut ignore = options(false, false);
    ignore.ignore_native_histograms = true;
    check(&native_family(&[(1.0, 1)]), ignore, &both[1..]);
    ignore.convert_classic_histograms = true;
    check(&native_family(&[(1.0, 1)]), ignore, &["h {count:6, sum:5.5, [-Inf,1]:1, (1,+Inf]:5} Unknown"]);
}

#[test]
fn what_makes_a_histogram_native() {
    let with = |build: fn(&mut promd_codec::proto::Writer<'_>)| family("h", HISTOGRAM, build);
    let empty = "h {count:0, sum:0} Unknown";
    check(&with(|h| h.message(12, |_| {})), Options::default(), &[empty]);
    check(&with(|h| h.message(9, |_| {})), Options::default(), &[empty]);
    check(&with(|h| h.double(6, 0.001)), Options::default(), &[empty]);
    check(
        &with(|h| {
            h.uint64(1, 2);
            h.uint64(7, 2);
        }),
        Options::default(),
        &["h {count:2, sum:0, [-0,0]:2} Unknown"],
    );
    // A zero bucket in floats alone does not, as in Prometheus.
    let classic = ["h_count 0", "h_sum 0", "h_bucket{le=\"+Inf\"} 0"];
    check(&with(|h| h.double(8, 2.0)), Options::default(), &classic);
}

#[test]
fn a_native_histogram_of_floats() {
    let body = family("h", GAUGE_HISTOGRAM, |histogram| {
        histogram.double(4, 3.5);
        histogram.double(6, 0.5);
        histogram.double(8, 1.0);
        histogram.message(12, |span| span.uint64(2, 2));
        histogram.packed_doubles(14, [1.5, 1.0]);
    });
    check(&body, Options::default(), &["h float{count:3.5, sum:0, [-0.5,0.5]:1, (0.5,1]:1.5, (1,2]:1} Gauge"]);
}

#[test]
fn each_metric_of_a_family_is_native_or_not_on_its_own() {
    let metric = |family: &mut promd_codec::proto::Writer<'_>, is_native| {
        family.message(4, |metric| {
            metric.message(7, |histogram| {
                classic(histogram, 1, 0.5, &[]);
                if is_native {
                    native(histogram, 0, 1, &[1]);
                }
            });
        });
    };
    let body = message(|family| {
        family.string(1, "h");
        family.uint64(3, HISTOGRAM);
        [true, false, true].into_iter().for_each(|is_native| metric(family, is_native));
    });
    let one = "h {count:1, sum:0.5, (0.5,1]:1} Unknown";
    check(&body, Options::default(), &[one, "h_count 1", "h_sum 0.5", "h_bucket{le=\"+Inf\"} 1", one]);
}

#[test]
fn exemplars_of_a_native_histogram_need_a_time() {
    let body = |own: &[Option<i64>], in_buckets: &[Option<i64>]| {
        family("h", HISTOGRAM, |histogram| {
            native(histogram, 0, 0, &[]);
            for (number, time) in (1u8..).zip(own) {
                exemplar(histogram, 16, "own", f64::from(number), *time);
            }
            for (number, time) in (1u8..).zip(in_buckets) {
                histogram.message(3, |bucket| {
                    bucket.double(2, f64::from(number));
                    exemplar(bucket, 3, "bucket", f64::from(number), *time);
                });
            }
        })
    };
    let empty = "h {count:0, sum:0} Unknown";
    check(
        &body(&[Some(1), None, Some(3)], &[Some(4)]),
        Options::default(),
        &[&format!("{empty} # {{trace=\"own\"}} 1 @1250 # {{trace=\"own\"}} 3 @3250")],
    );
    check(&body(&[None], &[Some(4)]), Options::default(), &[empty]);
    check(&body(&[], &[None, Some(4)]), Options::default(), &[&format!("{empty} # {{trace=\"bucket\"}} 2 @4250")]);
    // A classic bucket's does not.
    let mut classic = Options::default();
    classic.ignore_native_histograms = true;
    let lines = samples(ProtobufParser::new(&body(&[], &[None]), classic));
    assert_eq!(lines[2], "h_bucket{le=\"1.0\"} 0 # {trace=\"bucket\"} 1");
}

#[test]
fn type_and_unit_become_labels_in_the_place_of_those_of_the_body() {
    let body = message(|family| {
        family.string(1, "g");
        family.uint64(3, GAUGE);
        family.string(5, "bytes");
        family.message(4, |metric| {
            for name in ["__name__", "__type__", "__unit__", "a"] {
                metric.message(1, |label| {
                    label.string(1, name);
                    label.string(2, "own");
                });
            }
        });
    });
    let mut options = Options::default();
    options.type_and_unit_labels = true;
    check(&body, options, &["g{__type__=\"gauge\",__unit__=\"bytes\",a=\"own\"} 0"]);
}

#[test]
fn what_is_not_there_is_zero_and_what_belongs_to_another_type_is_left_out() {
    let mismatch = message(|family| {
        family.string(1, "g");
        family.uint64(3, GAUGE);
        family.message(4, |metric| metric.message(3, |counter| counter.double(1, 7.0)));
    });
    check(&mismatch, Options::default(), &["g 0"]);
    let bare = message(|family| {
        family.string(1, "h");
        family.uint64(3, HISTOGRAM);
        family.message(4, |_| {});
    });
    check(&bare, Options::default(), &["h_count 0", "h_sum 0", "h_bucket{le=\"+Inf\"} 0"]);
}

#[test]
fn a_value_in_two_pieces_is_merged() {
    let body = message(|family| {
        family.string(1, "h");
        family.uint64(3, HISTOGRAM);
        family.message(4, |metric| {
            metric.message(7, |histogram| classic(histogram, 1, 0.5, &[(1.0, 1)]));
            metric.message(7, |histogram| classic(histogram, 2, 0.5, &[(2.0, 2)]));
        });
    });
    let expected =
        ["h_count 2", "h_sum 0.5", "h_bucket{le=\"1.0\"} 1", "h_bucket{le=\"2.0\"} 2", "h_bucket{le=\"+Inf\"} 2"];
    check(&body, Options::default(), &expected);
}

#[test]
fn the_bytes_of_a_series_tell_series_apart() {
    let body = [classic_family(HISTOGRAM), native_family(&[]), family("h", SUMMARY, |s| s.message(3, |_| {}))].concat();
    let mut parser = ProtobufParser::new(&body, Options::default());
    let mut seen = std::collections::HashMap::new();
    while let Some(entry) = parser.next().unwrap() {
        let mut labels = String::new();
        let bytes = match entry {
            Entry::Series(sample) => {
                sample.for_each_label(|name, value| labels.push_str(&format!("{name}={value},")));
                sample.series
            }
            Entry::Histogram(sample) => {
                sample.for_each_label(|name, value| labels.push_str(&format!("{name}={value},")));
                sample.series
            }
            _ => continue,
        };
        let before = seen.insert(bytes.to_vec(), labels.clone());
        assert!(before.is_none_or(|before| before == labels), "{labels}");
    }
    // Count and sum of the summary are those of the histogram; its quantile and the native histogram are of their own.
    assert_eq!(seen.len(), 7);
}

#[test]
fn broken_bodies() {
    fails(&[0x80, 0x80, 0x80, 0x80, 0x80, 0], "clientpb: invalid varint encountered");
    fails(&[5, 0], "clientpb: insufficient length of buffer, expected at least 6 bytes, got 2 bytes");
    fails(&[1, 0x0c], "proto: MetricFamily: wiretype end group for non-group");
    fails(&[2, 0x00, 0x00], "proto: MetricFamily: illegal tag 0 (wire type 0)");
    fails(&[2, 0x20, 0x00], "proto: wrong wireType = 0 for field Metric");
    fails(&[2, 0x0a, 0x05], "unexpected EOF");
    fails(&message(|f| f.bytes(4, &[0x32, 0])), "proto: wrong wireType = 2 for field TimestampMs");
    fails(&message(|f| f.message(4, |m| m.bytes(7, &[0x2c]))), "proto: Histogram: wiretype end group for non-group");
    fails(
        &message(|f| f.message(4, |m| m.message(7, |h| h.bytes(3, &[0x0c])))),
        "proto: Bucket: wiretype end group for non-group",
    );
    fails(&message(|f| f.message(4, |m| m.message(7, |h| h.bytes(14, &[0])))), "unexpected EOF");
}

#[test]
fn bad_heads() {
    fails(&message(|f| f.message(4, |_| {})), "invalid metric name: ");
    let bad_help = message(|f| {
        f.string(1, "a\"b");
        f.bytes(2, b"\xff");
        f.message(4, |_| {});
    });
    fails(&bad_help, "invalid help for metric \"a\\\"b\": \u{fffd}");
    let bad_type = message(|f| {
        f.string(1, "a");
        f.uint64(3, 9);
        f.message(4, |_| {});
    });
    fails(&bad_type, "unknown metric type for metric \"a\": 9");
}

#[test]
fn bad_labels() {
    let with = |name: &[u8], value: &[u8]| {
        message(|family| {
            family.string(1, "a");
            family.message(4, |metric| {
                metric.message(1, |label| {
                    label.bytes(1, name);
                    label.bytes(2, value);
                });
            });
        })
    };
    fails(&with(b"", b"x"), "invalid label name: ");
    fails(&with(b"n", b"\xffx"), "invalid label value: \u{fffd}x");
}

#[test]
fn spans_must_fit_buckets_in_every_metric() {
    let bad = |family: &mut promd_codec::proto::Writer<'_>| {
        family.message(4, |metric| metric.message(7, |histogram| native(histogram, 0, 5, &[1])));
    };
    let good = |family: &mut promd_codec::proto::Writer<'_>| {
        family.message(4, |metric| metric.message(7, |histogram| native(histogram, 0, 1, &[1])));
    };
    let expected = "histogram \"nh\": positive side: spans require 5 buckets, have 1";
    for with_good in [false, true] {
        let body = message(|family| {
            family.string(1, "nh");
            family.uint64(3, HISTOGRAM);
            if with_good {
                good(family);
            }
            bad(family);
        });
        fails(&body, expected);
    }
    let negative = family("nh", HISTOGRAM, |histogram| {
        histogram.message(9, |span| span.uint64(2, 1));
        histogram.double(4, 1.0);
        histogram.packed_sint64s(10, [1]);
    });
    fails(&negative, "histogram \"nh\": negative side: spans require 1 buckets, have 0");
}

#[test]
fn what_cannot_be_converted() {
    let converted = |buckets: &[(f64, u64)], count| {
        let body = family("h", HISTOGRAM, |histogram| classic(histogram, count, 0.0, buckets));
        dump(ProtobufParser::new(&body, options(false, true))).expect_err("no histogram").to_string()
    };
    assert_eq!(converted(&[(1.0, 2), (2.0, 1)], 2), "count is not cumulative: 1 < 2");
    assert_eq!(converted(&[(f64::NAN, 2)], 2), "bucket boundary must not be NaN");
    assert_eq!(converted(&[(f64::INFINITY, 2)], 3), "count mismatch: count=3 != le=+Inf count=2");
}
