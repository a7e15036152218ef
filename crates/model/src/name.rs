//! Names of metrics and labels: which are valid, and how those that are not are written for who cannot read them.

/// Whether `name` is a label name of the kind that Prometheus had before UTF-8: `[a-zA-Z_][a-zA-Z0-9_]*`.
#[must_use]
pub fn is_legacy_label_name(name: &str) -> bool {
    legacy(name, |b| b.is_ascii_alphabetic() || b == b'_')
}

/// Whether `name` is a metric name of the kind that Prometheus had before UTF-8: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
#[must_use]
pub fn is_legacy_metric_name(name: &str) -> bool {
    legacy(name, |b| b.is_ascii_alphabetic() || b == b'_' || b == b':')
}

fn legacy(name: &str, starts: impl Fn(u8) -> bool) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(&starts) && bytes.all(|b| starts(b) || b.is_ascii_digit())
}
