//! Targets of `promd-model`.

use promd_model::{
    ByteSize, Duration, EscapingScheme, Labels, LabelsBuilder, LabelsRef, Millis, float, is_legacy_metric_name,
};

/// Text as a float is read as the standard library reads it, and every form of a float reads back as its bits.
pub fn model_float(bytes: &[u8]) {
    if let Ok(value) = float::parse(bytes) {
        let text = str::from_utf8(bytes).expect("a float is ASCII");
        let expect: f64 = text.parse().expect("what Go reads, Rust reads");
        assert_eq!(
            (value.to_bits(), value.is_nan()),
            (if value.is_nan() { value } else { expect }.to_bits(), expect.is_nan())
        );
        check_forms(value);
    }
    if let Some((bits, _)) = bytes.split_first_chunk() {
        check_forms(f64::from_bits(u64::from_le_bytes(*bits)));
    }
}

fn check_forms(value: f64) {
    let json = float::json(value);
    let json = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).expect("quotes around");
    for text in [float::f(value), float::g(value), float::e(value), json.to_owned()] {
        let back = float::parse(text.as_bytes()).expect("what is written can be read");
        assert!(back.to_bits() == value.to_bits() || back.is_nan() && value.is_nan(), "{text}");
    }
    let openmetrics = float::openmetrics(value);
    assert_eq!(
        float::parse(openmetrics.as_bytes()).map(|back| back == value || back.is_nan()),
        Ok(true),
        "{openmetrics}"
    );
}

/// What reads as a duration, size or time is printed as something that reads the same.
pub fn model_duration(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(duration) = Duration::parse_signed(text) {
        assert_eq!(Duration::parse_signed(&duration.to_string()), Ok(duration), "units are whole milliseconds");
        assert_eq!(Duration::parse_param(text).ok(), text.parse().ok().or((text == "-0").then_some(duration)));
    }
    if let Ok(duration) = Duration::parse_param(text) {
        let printed = Duration::parse_signed(&duration.to_string());
        assert_eq!(printed.map(Duration::as_millis), Ok(duration.as_millis()));
    }
    if let Ok(size) = text.parse::<ByteSize>()
        && size.bytes() >= 0
        // Sizes are sums of floats.
        && size.bytes() < 1 << 53
    {
        assert_eq!(size.to_string().parse(), Ok(size));
    }
    if let Ok(time) = Millis::parse_rfc3339(text) {
        let printed = time.rfc3339().to_string();
        // An offset may lead out of the years that have four digits.
        if (0..=9999).contains(&time.civil().year) {
            assert_eq!(Millis::parse_rfc3339(&printed), Ok(time));
        }
        assert_eq!(Millis::parse_param(&time.to_string()), Ok(time));
    }
    let _ = Millis::parse_param(text);
}

/// Any name is escaped to a legacy name, and from its values it comes back.
pub fn model_escape(bytes: &[u8]) {
    let Ok(name) = str::from_utf8(bytes) else { return };
    for scheme in [EscapingScheme::Underscores, EscapingScheme::Dots, EscapingScheme::Values] {
        let escaped = scheme.escape(name);
        assert!(name.is_empty() || is_legacy_metric_name(&escaped), "{escaped}");
        // Whatever a target sends is unescaped, and that makes it no longer.
        assert!(scheme.unescape(name).len() <= name.len());
        // Neither legacy names in disguise nor code points of six digits come back.
        if scheme == EscapingScheme::Values && !name.starts_with("U__") && name.chars().all(|c| c < '\u{100000}') {
            assert_eq!(scheme.unescape(&escaped), name);
        }
    }
}

/// Bytes are refused or are the one packed form of their labels.
pub fn model_labels(bytes: &[u8]) {
    let Ok(labels) = LabelsRef::from_packed(bytes) else { return };
    let pairs: Vec<(&str, &str)> = labels.iter().map(|label| (label.name, label.value)).collect();
    assert!(pairs.is_sorted_by(|(a, _), (b, _)| a < b));
    assert_eq!(labels.len(), pairs.len());
    let again = Labels::from_pairs(pairs.iter().rev().copied()).expect("they were a label set");
    assert_eq!((again.as_packed(), again.hash()), (bytes, labels.hash()));

    let mut builder = LabelsBuilder::new();
    for (name, value) in &pairs {
        assert_eq!(labels.get(name), Some(*value));
        builder.set(name, value);
    }
    assert_eq!(builder.build().as_ref(), Ok(&again.without_empty()));
    for (name, _) in &pairs {
        builder.remove(name);
    }
    assert!(builder.view().is_ok_and(LabelsRef::is_empty));
    assert_eq!(labels.hash_for(&pairs.iter().map(|(name, _)| name).collect::<Vec<_>>()), labels.stable_hash());
    assert!(labels.to_string().starts_with('{'));
}
