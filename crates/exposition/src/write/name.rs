//! What the texts have in common: names, labels, escapes.

use std::borrow::Cow;

use promd_model::{EscapingScheme, is_legacy_label_name, is_legacy_metric_name};

use super::Family;

/// The label that a line has beside those of its sample: `le` or `quantile`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extra {
    pub(super) name: &'static str,
    pub(super) value: f64,
    pub(super) write: fn(&mut Vec<u8>, f64),
}

/// A name as `escaping` writes it. Legacy names stay what they are, whatever the scheme would make of them.
pub(super) fn escaped(name: &str, escaping: EscapingScheme) -> Cow<'_, str> {
    if is_legacy_metric_name(name) { Cow::Borrowed(name) } else { escaping.escape(name) }
}

/// Writes the line of a head: keyword, name, text.
pub(super) fn write_head(out: &mut Vec<u8>, keyword: &str, family: &Family, name: &str, text: &str, quote: bool) {
    out.extend_from_slice(b"# ");
    out.extend_from_slice(keyword.as_bytes());
    out.push(b' ');
    write_name(out, name, "", family.quoted);
    out.push(b' ');
    write_escaped(out, text, quote);
    out.push(b'\n');
}

/// Writes name and labels of a series.
pub(super) fn write_series(
    out: &mut Vec<u8>,
    (name, suffix, quoted): (&str, &str, bool),
    labels: &[(&str, &str)],
    extra: Option<Extra>,
    escaping: EscapingScheme,
) {
    let mut separator = b'{';
    if quoted {
        out.push(separator);
        separator = b',';
    }
    write_name(out, name, suffix, quoted);
    if labels.is_empty() && extra.is_none() {
        if quoted {
            out.push(b'}');
        }
        return;
    }
    write_labels(out, &mut separator, labels.iter().copied(), escaping);
    if let Some(Extra { name, value, write }) = extra {
        out.push(separator);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"=\"");
        write(out, value);
        out.push(b'"');
    }
    out.push(b'}');
}

/// Writes labels, each with the separator that is due before it.
pub(super) fn write_labels<'a>(
    out: &mut Vec<u8>,
    separator: &mut u8,
    labels: impl Iterator<Item = (&'a str, &'a str)>,
    escaping: EscapingScheme,
) {
    for (name, value) in labels {
        out.push(*separator);
        let name = escaped(name, escaping);
        write_name(out, &name, "", !is_legacy_label_name(&name));
        out.extend_from_slice(b"=\"");
        write_escaped(out, value, true);
        out.push(b'"');
        *separator = b',';
    }
}

fn write_name(out: &mut Vec<u8>, name: &str, suffix: &str, quoted: bool) {
    if quoted {
        out.push(b'"');
        write_escaped(out, name, true);
        write_escaped(out, suffix, true);
        out.push(b'"');
    } else {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(suffix.as_bytes());
    }
}

/// Writes `text` with backslashes before backslashes, `\n` for a line feed, and if `quote` says so a backslash before quotes.
pub(super) fn write_escaped(out: &mut Vec<u8>, text: &str, quote: bool) {
    let mut rest = text.as_bytes();
    let special = |rest: &[u8]| {
        if quote { memchr::memchr3(b'\\', b'\n', b'"', rest) } else { memchr::memchr2(b'\\', b'\n', rest) }
    };
    while let Some((plain, [found, after @ ..])) = special(rest).and_then(|at| rest.split_at_checked(at)) {
        out.extend_from_slice(plain);
        out.extend_from_slice(match found {
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            _ => b"\\\"",
        });
        rest = after;
    }
    out.extend_from_slice(rest);
}
