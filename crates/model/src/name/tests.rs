use proptest::prelude::*;

use super::*;

fn text(hex: &str) -> String {
    let bytes = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
    String::from_utf8(bytes).unwrap()
}

/// `testdata/model/escape.tsv` was printed by prometheus/common.
#[test]
fn names_are_judged_and_escaped_as_in_prometheus() {
    let table = std::fs::read_to_string(promd_testkit::testdata("model/escape.tsv")).unwrap();
    for row in table.lines() {
        let columns: Vec<&str> = row.split('\t').collect();
        let name = text(columns[0]);
        assert_eq!(is_legacy_metric_name(&name).to_string(), columns[1], "{name:?}");
        assert_eq!(is_legacy_label_name(&name).to_string(), columns[2], "{name:?}");
        for (scheme, column) in
            [EscapingScheme::Underscores, EscapingScheme::Dots, EscapingScheme::Values].into_iter().zip(3..)
        {
            assert_eq!(scheme.escape(&name), text(columns[column]), "{name:?} in {scheme}");
        }
        for (scheme, column) in [EscapingScheme::Dots, EscapingScheme::Values].into_iter().zip(6..) {
            assert_eq!(scheme.unescape(&name), text(columns[column]), "{name:?} from {scheme}");
        }
        for scheme in [EscapingScheme::None, EscapingScheme::Underscores] {
            assert_eq!(scheme.unescape(&name), name);
        }
        assert_eq!(EscapingScheme::None.escape(&name), name);
    }
    assert!(table.lines().count() > 300);
}

#[test]
fn validation_asks_for_text_or_for_legacy_text() {
    for (name, metric, label) in [("a:b", true, false), ("a_b", true, true), ("a.b", false, false), ("0", false, false)]
    {
        assert_eq!(ValidationScheme::Legacy.is_metric_name(name), metric, "{name}");
        assert_eq!(ValidationScheme::Legacy.is_label_name(name), label, "{name}");
        assert!(ValidationScheme::Utf8.is_metric_name(name) && ValidationScheme::Utf8.is_label_name(name));
    }
    for scheme in [ValidationScheme::Legacy, ValidationScheme::Utf8] {
        assert!(!scheme.is_metric_name("") && !scheme.is_label_name(""));
        assert_eq!(scheme.to_string().parse(), Ok(scheme));
    }
}

/// The texts are those of `model/metric.go` of prometheus/common.
#[test]
fn schemes_are_called_as_in_prometheus() {
    for scheme in [EscapingScheme::None, EscapingScheme::Underscores, EscapingScheme::Dots, EscapingScheme::Values] {
        assert_eq!(scheme.to_string().parse(), Ok(scheme));
    }
    let error = |text: &str| text.parse::<EscapingScheme>().unwrap_err().to_string();
    assert_eq!(error("dot"), "unknown format scheme dot");
    assert_eq!(error(""), "got empty string instead of escaping scheme");
    assert_eq!("UTF8".parse::<ValidationScheme>().unwrap_err().to_string(), r#"unrecognized ValidationScheme: "UTF8""#);
}

proptest! {
    #[test]
    fn an_escaped_name_is_a_legacy_metric_name(name in "\\PC{1,8}|[ -~]{1,12}") {
        for scheme in [EscapingScheme::Underscores, EscapingScheme::Dots, EscapingScheme::Values] {
            prop_assert!(is_legacy_metric_name(&scheme.escape(&name)), "{name:?} in {scheme}");
        }
    }

    #[test]
    fn a_name_comes_back_from_its_values(name in "[ -~\u{80}-\u{fffff}]{0,8}|[a_.é]{0,8}") {
        prop_assume!(!name.starts_with("U__"));
        let escaped = EscapingScheme::Values.escape(&name);
        prop_assert_eq!(EscapingScheme::Values.unescape(&escaped), name.as_str());
    }

    #[test]
    fn a_name_comes_back_from_its_dots(name in "[a-c:_.][a-c0-9:_.]{0,8}") {
        let escaped = EscapingScheme::Dots.escape(&name);
        prop_assert_eq!(EscapingScheme::Dots.unescape(&escaped), name.as_str());
    }
}
