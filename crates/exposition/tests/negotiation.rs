//! Headers in both directions.
//!
//! Expected values: what Prometheus 3.14 and prometheus/common 0.70 expect in their own tests
//! (`scrape/scrape_test.go`, `expfmt/encode_test.go`), and for error texts what they print (`model/textparse/interface.go`).

use promd_exposition::{BodyFormat, Format, ScrapeProtocol, accept_header, content_type, negotiate};
use promd_model::EscapingScheme;

#[test]
fn a_scraper_asks_for_what_it_wants_most() {
    assert_eq!(
        accept_header(&ScrapeProtocol::DEFAULT, EscapingScheme::None),
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
         application/openmetrics-text;version=0.0.1;q=0.5,\
         text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
    );
    assert_eq!(
        accept_header(&ScrapeProtocol::PROTO_FIRST, EscapingScheme::Dots),
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
         application/openmetrics-text;version=1.0.0;escaping=dots;q=0.5,\
         application/openmetrics-text;version=0.0.1;q=0.4,\
         text/plain;version=1.0.0;escaping=dots;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
    );
    assert_eq!(accept_header(&[], EscapingScheme::None), "*/*;q=0.6");
}

#[test]
fn protocols_are_known_by_their_names() {
    for protocol in ScrapeProtocol::ALL {
        assert_eq!(protocol.as_str().parse(), Ok(protocol));
    }
    let error = "prometheusproto".parse::<ScrapeProtocol>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown scrape protocol prometheusproto, supported: \
         [OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 PrometheusText1.0.0]"
    );
}

#[test]
fn a_content_type_names_the_format_by_its_media_type_alone() {
    let check = |header: &str, expect| assert_eq!(content_type(header, None), Ok((expect, None)), "{header}");
    check("text/plain", BodyFormat::Text);
    check("TEXT/PLAIN; VERSION=9", BodyFormat::Text);
    check("application/openmetrics-text; version=2.0.0", BodyFormat::OpenMetrics);
    check("application/vnd.google.protobuf; encoding=text", BodyFormat::Protobuf);
}

#[test]
fn a_content_type_that_names_none_is_told_with_and_without_a_fallback() {
    let fallback = ScrapeProtocol::PrometheusProto;
    let check = |header: &str, without: &str, with: &str| {
        assert_eq!(content_type(header, None).unwrap_err().to_string(), without);
        let (format, warning) = content_type(header, Some(fallback)).unwrap();
        assert_eq!(format, BodyFormat::Protobuf);
        assert_eq!(warning.unwrap().to_string(), with);
    };
    check(
        "",
        "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target",
        "non-compliant scrape target sending blank Content-Type, \
         using fallback_scrape_protocol \"application/vnd.google.protobuf\"",
    );
    check(
        "text/html",
        "received unsupported Content-Type \"text/html\" and no fallback_scrape_protocol specified for target",
        "received unsupported Content-Type \"text/html\", \
         using fallback_scrape_protocol \"application/vnd.google.protobuf\"",
    );
    check(
        "text/plain; a",
        "cannot parse Content-Type \"text/plain; a\" and no fallback_scrape_protocol for target\nmime: invalid media parameter",
        "could not parse received Content-Type \"text/plain; a\", \
         using fallback_scrape_protocol \"application/vnd.google.protobuf\"\nmime: invalid media parameter",
    );
}

#[test]
fn a_server_answers_in_the_format_that_is_wanted_most() {
    let check = |accept: &str, expect: &str| {
        let (format, escaping) = negotiate(accept, &Format::ALL);
        assert_eq!(format.content_type(escaping).to_string(), expect, "{accept}");
    };
    let proto = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
    let om1 = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let om0 = "application/openmetrics-text; version=0.0.1; charset=utf-8";
    let text = "text/plain; version=0.0.4; charset=utf-8";
    let wants_proto = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

    check(wants_proto, &format!("{proto}; escaping=underscores"));
    check(&format!("{wants_proto}; escaping=allow-utf-8;"), &format!("{proto}; escaping=allow-utf-8"));
    check("text/plain;version=0.0.4", &format!("{text}; escaping=underscores"));
    check("text/plain;version=0.0.4; escaping=values;", &format!("{text}; escaping=values"));
    check("application/openmetrics-text", &format!("{om0}; escaping=underscores"));
    check("application/openmetrics-text;version=0.0.1", &format!("{om0}; escaping=underscores"));
    check("application/openmetrics-text;version=1.0.0; escaping=dots", &format!("{om1}; escaping=dots"));
    check("application/openmetrics-text;version=0.0.4", &format!("{text}; escaping=underscores"));
    check("application/openmetrics-text;version=2.0.0", &format!("{text}; escaping=underscores"));
    // An unknown scheme is ignored.
    check("text/plain;escaping=nonsense", &format!("{text}; escaping=underscores"));
    // Nothing that is offered, and wildcards.
    check("", &format!("{text}; escaping=underscores"));
    check("text/html, */*", &format!("{text}; escaping=underscores"));
    // Quality decides, and then the order.
    check("text/plain;q=0.3,application/openmetrics-text;version=1.0.0;q=0.4", &format!("{om1}; escaping=underscores"));
    check("text/plain,application/openmetrics-text;version=1.0.0", &format!("{text}; escaping=underscores"));
    check("text/plain;q=x,application/openmetrics-text;q=0.1", &format!("{om0}; escaping=underscores"));
    // The escaping of a clause that is passed over stays.
    check(
        "application/openmetrics-text;version=2.0.0;escaping=values,text/plain;q=0.1",
        &format!("{text}; escaping=values"),
    );
    // What a Prometheus with its default protocols sends.
    check(&accept_header(&ScrapeProtocol::DEFAULT, EscapingScheme::None), &format!("{om1}; escaping=allow-utf-8"));
}

#[test]
fn a_server_answers_with_what_it_has() {
    assert_eq!(negotiate("application/openmetrics-text", &Format::DEFAULT).0, Format::Text);
    assert_eq!(negotiate("text/plain", &[Format::Protobuf]).0, Format::Protobuf);
    assert_eq!(negotiate("text/plain", &[]).0, Format::Text);
    let many = ",".repeat(100) + &"a/b,".repeat(100) + "application/openmetrics-text;q=0.9,text/plain;q=0.5";
    assert_eq!(negotiate(&many, &Format::ALL).0, Format::OpenMetrics0_0_1);
}
