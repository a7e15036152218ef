//! The address of a target, as Go's `net/url` writes it: it is hashed, shown and asked.

use std::collections::BTreeMap;

/// Which part of an address a text becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Host,
    Path,
    Query,
}

/// The address `scheme://host/path?params`.
pub(crate) fn format(scheme: &str, host: &str, path: &str, params: &BTreeMap<String, Vec<String>>) -> String {
    let mut url = String::with_capacity(scheme.len() + host.len() + path.len() + 8);
    url.push_str(scheme);
    url.push_str("://");
    escape(&mut url, host, Part::Host);
    if !path.is_empty() && !path.starts_with('/') {
        url.push('/');
    }
    escape(&mut url, path, Part::Path);
    let mut separator = '?';
    for (name, values) in params {
        for value in values {
            url.push(separator);
            separator = '&';
            escape(&mut url, name, Part::Query);
            url.push('=');
            escape(&mut url, value, Part::Query);
        }
    }
    url
}

fn escape(out: &mut String, text: &str, part: Part) {
    use std::fmt::Write as _;
    for byte in text.bytes() {
        match byte {
            b' ' if part == Part::Query => out.push('+'),
            byte if stays(byte, part) => out.push(char::from(byte)),
            byte => write!(out, "%{byte:02X}").expect("a String takes all that is written to it"),
        }
    }
}

/// `shouldEscape` of `net/url/url.go`, turned round.
fn stays(byte: u8, part: Part) -> bool {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => true,
        b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'@' if part == Part::Path => true,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'[' | b']' | b'<'
        | b'>' | b'"' => part == Part::Host,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values from Go 1.19: `(&url.URL{Scheme, Host, Path, RawQuery: params.Encode()}).String()`.
    #[test]
    fn addresses_are_those_of_go() {
        let check = |host, path, params: &[(&str, &[&str])], expect: &str| {
            let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
            let params = params.iter().map(|(name, values)| ((*name).to_owned(), owned(values))).collect();
            assert_eq!(format("http", host, path, &params), expect);
        };
        check("a:80", "/metrics", &[], "http://a:80/metrics");
        check("[::1]:80", "metrics", &[], "http://[::1]:80/metrics");
        check("a:80", "", &[], "http://a:80");
        check("a:80", "/m?x=1#y", &[], "http://a:80/m%3Fx=1%23y");
        check("a:80", "/m!*'() ä", &[], "http://a:80/m%21%2A%27%28%29%20%C3%A4");
        check("a:80", "/m", &[("b", &["1", "2"]), ("a", &["x y~*"])], "http://a:80/m?a=x+y~%2A&b=1&b=2");
        check("a:80", "/m", &[("module", &[""])], "http://a:80/m?module=");
    }
}
