//! JSON as Prometheus writes it.
//!
//! Prometheus has two encoders. What its own code marshals (labels, samples) has strings escaped as JSON asks for. All
//! else goes through one that escapes as Go's `encoding/json` does, which leaves no `<`, `>` or `&` to a browser.

use std::io;

use promd_model::{FloatHistogram, Labels, LabelsRef, Millis, float};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::ser::{CharEscape, Formatter};

/// What is written for a byte of a string, unless it is written as it is.
fn escape(byte: u8) -> Option<&'static [u8]> {
    #[expect(clippy::indexing_slicing, reason = "a wrong index would not compile")]
    const CONTROL: [[u8; 6]; 32] = {
        let mut table = [*b"\\u0000"; 32];
        let digits = b"0123456789abcdef";
        let mut at = 0;
        while at < 32 {
            table[at][4] = digits[at >> 4];
            table[at][5] = digits[at & 15];
            at += 1;
        }
        table
    };
    match byte {
        b'"' => Some(b"\\\""),
        b'\\' => Some(b"\\\\"),
        b'\n' => Some(b"\\n"),
        b'\r' => Some(b"\\r"),
        b'\t' => Some(b"\\t"),
        _ => CONTROL.get(usize::from(byte)).map(<[u8; 6]>::as_slice),
    }
}

/// Appends a string of labels or samples.
/// All that is escaped is a byte, so it need not be shown that these are a text.
fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    let mut written = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if let Some(escape) = escape(*byte) {
            out.extend_from_slice(bytes.get(written..at).unwrap_or_default());
            out.extend_from_slice(escape);
            written = at + 1;
        }
    }
    out.extend_from_slice(bytes.get(written..).unwrap_or_default());
    out.push(b'"');
}

/// Appends labels as an object.
pub(crate) fn labels(out: &mut Vec<u8>, labels: LabelsRef<'_>) {
    out.push(b'{');
    for (index, (name, value)) in labels.iter_bytes().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        string(out, name);
        out.push(b':');
        string(out, value);
    }
    out.push(b'}');
}

/// Appends a time and a value.
pub(crate) fn float_point(out: &mut Vec<u8>, t: i64, v: f64) {
    out.push(b'[');
    Millis(t).write_json(out);
    out.push(b',');
    float::write_json(out, v);
    out.push(b']');
}

/// Appends a time and a histogram.
pub(crate) fn histogram_point(out: &mut Vec<u8>, t: i64, histogram: &FloatHistogram) {
    out.push(b'[');
    Millis(t).write_json(out);
    out.extend_from_slice(br#",{"count":"#);
    float::write_json(out, histogram.count);
    out.extend_from_slice(br#","sum":"#);
    float::write_json(out, histogram.sum);
    let mut first = true;
    for bucket in histogram.all() {
        if bucket.count == 0.0 {
            continue;
        }
        out.extend_from_slice(if first { br#","buckets":[["#.as_slice() } else { b",[" });
        first = false;
        out.push(match (bucket.lower_inclusive, bucket.upper_inclusive) {
            (false, true) => b'0',
            (true, false) => b'1',
            (false, false) => b'2',
            (true, true) => b'3',
        });
        for number in [bucket.lower, bucket.upper, bucket.count] {
            out.push(b',');
            float::write_json(out, number);
        }
        out.push(b']');
    }
    out.extend_from_slice(if first { b"}]" } else { b"]}]" });
}

/// Writes what serde hands it as Go's `encoding/json` does.
struct GoFormatter;

impl Formatter for GoFormatter {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        let mut text = Vec::with_capacity(24);
        float::write_json(&mut text, value);
        writer.write_all(text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or_default())
    }

    fn write_char_escape<W: ?Sized + io::Write>(&mut self, writer: &mut W, escaped: CharEscape) -> io::Result<()> {
        let byte = match escaped {
            CharEscape::Quote => b'"',
            CharEscape::ReverseSolidus => b'\\',
            CharEscape::Solidus => b'/',
            CharEscape::Backspace => 8,
            CharEscape::FormFeed => 12,
            CharEscape::LineFeed => b'\n',
            CharEscape::CarriageReturn => b'\r',
            CharEscape::Tab => b'\t',
            CharEscape::AsciiControl(byte) => byte,
        };
        writer.write_all(escape(byte).unwrap_or(&[byte]))
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let (before, from) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let mut chars = from.chars();
            if let Some(c) = chars.next() {
                write!(writer, "\\u{:04x}", u32::from(c))?;
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Appends a value as Go's `encoding/json` writes it.
pub(crate) fn value(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let length = out.len();
    if value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, GoFormatter)).is_err() {
        // Writing to memory does not fail, and the keys of all maps here are strings.
        out.truncate(length);
        out.extend_from_slice(b"null");
    }
}

/// Labels for serde.
pub(crate) struct LabelsJson<'a>(pub &'a Labels);

impl Serialize for LabelsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for label in self.0 {
            map.serialize_entry(label.name, label.value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// What Prometheus 3.5.3 answers for such labels, and what Go's `json.Marshal` makes of such texts.
    #[test]
    fn strings_are_escaped_in_two_ways() {
        let nasty = "a\"b\\c\nd\te\u{1}<&>\u{7f}\u{2028}é";
        assert_eq!(text(|out| string(out, nasty.as_bytes())), "\"a\\\"b\\\\c\\nd\\te\\u0001<&>\u{7f}\u{2028}é\"");
        let expected = "\"a\\\"b\\\\c\\nd\\te\\u0001\\u003c\\u0026\\u003e\u{7f}\\u2028é\"";
        assert_eq!(text(|out| value(out, nasty)), expected);
    }

    #[test]
    fn floats_are_gos() {
        assert_eq!(text(|out| value(out, &[1.0, 1e21, 0.5, 1e-7])), "[1,1e+21,0.5,1e-07]");
        assert_eq!(text(|out| float_point(out, 1500, f64::NEG_INFINITY)), r#"[1.500,"-Inf"]"#);
    }

    /// From the description of `MarshalHistogram` in `util/jsonutil/marshal.go`.
    #[test]
    fn a_histogram_shows_its_populated_buckets() {
        let histogram = FloatHistogram {
            count: 3.0,
            sum: 2.5,
            zero_threshold: 0.25,
            zero_count: 1.0,
            positive_spans: vec![promd_model::Span::new(0, 2)],
            positive_buckets: vec![0.0, 2.0],
            ..FloatHistogram::default()
        };
        let expected = r#"[2,{"count":"3","sum":"2.5","buckets":[[3,"-0.25","0.25","1"],[0,"1","2","2"]]}]"#;
        assert_eq!(text(|out| histogram_point(out, 2000, &histogram)), expected);
        let expected = r#"[0,{"count":"0","sum":"0"}]"#;
        assert_eq!(text(|out| histogram_point(out, 0, &FloatHistogram::default())), expected);
    }
}
