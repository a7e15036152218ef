//! The path of a request as Go's `http.ServeMux` sees it: without escapes, and without ways around.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// A path that has nothing to be cleaned.
pub(crate) struct Path<'a> {
    pub(crate) text: Cow<'a, str>,
    /// Whether its bytes were UTF-8; what was not is replaced in the text.
    pub(crate) is_utf8: bool,
}

/// Reads the path of a URL; the error is where it leads to, which is where the client should have asked.
pub(crate) fn read(raw: &str) -> Result<Path<'_>, String> {
    let bytes: Cow<'_, [u8]> = percent_encoding::percent_decode_str(raw).into();
    let (text, is_utf8) = match bytes {
        Cow::Borrowed(_) => (Cow::Borrowed(raw), true),
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) => (Cow::Owned(text), true),
            Err(error) => (Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()), false),
        },
    };
    match cleaned(&text) {
        Some(clean) => Err(clean),
        None => Ok(Path { text, is_utf8 }),
    }
}

/// The shortest path to the same place, unless it is that already.
fn cleaned(path: &str) -> Option<String> {
    let is_clean =
        path.starts_with('/') && !path.contains("//") && !path.split('/').any(|part| part == "." || part == "..");
    if is_clean {
        return None;
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            // Nothing is above the root.
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let end = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    Some(format!("/{}{end}", parts.join("/")))
}

/// A path as it stands in a URL.
pub(crate) fn escaped(path: &str) -> String {
    const SET: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'\\')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    utf8_percent_encode(path, SET).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where Prometheus 3.5.3 sends those who ask for such paths, or nowhere.
    #[track_caller]
    fn check(raw: &str, expected: Result<&str, &str>) {
        let got = read(raw).map(|path| path.text.into_owned());
        assert_eq!(got.as_deref().map_err(String::as_str), expected, "{raw}");
    }

    #[test]
    fn paths_are_read_and_cleaned() {
        check("/metrics", Ok("/metrics"));
        check("/api/v1/label/a%20b/values", Ok("/api/v1/label/a b/values"));
        check("//", Err("/"));
        check("/./metrics", Err("/metrics"));
        check("/metrics/../metrics", Err("/metrics"));
        check("/../etc/passwd", Err("/etc/passwd"));
        check("/%2e%2e/x", Err("/x"));
        check("/a%2f..%2fmetrics", Err("/metrics"));
        check("/api/v1//query", Err("/api/v1/query"));
        check("/api/v1/label//values", Err("/api/v1/label/values"));
        check("//example.org/%2e%2e/", Err("/"));
        check("//example.org/a/", Err("/example.org/a/"));
        assert!(!read("/api/v1/label/%ff/values").is_ok_and(|path| path.is_utf8));
    }

    #[test]
    fn a_path_goes_back_into_a_url() {
        assert_eq!(escaped("/a b/\u{e9}?\"<\r\n"), "/a%20b/%C3%A9%3F%22%3C%0D%0A");
    }
}
