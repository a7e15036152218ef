//! The parameters of a request: those of its URL and of its form, read as Go's `net/url` reads them.

use std::borrow::Cow;

use crate::multipart;

/// Names and values. Those of the form come before those of the URL, so that the first of a name is the one that Go's
/// `FormValue` would give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    pairs: Vec<(String, String)>,
    error: Option<String>,
}

impl Form {
    /// Reads the query of a URL.
    #[must_use]
    pub fn of_query(query: &str) -> Self {
        let mut form = Self::default();
        form.extend(query.as_bytes());
        form
    }

    /// Reads the body of a form, and the query of the URL it was sent to.
    #[must_use]
    pub fn of_body_and_query(body: &[u8], query: &str) -> Self {
        let mut form = Self::default();
        form.extend(body);
        form.extend(query.as_bytes());
        form
    }

    /// Reads a form in parts, and the query of the URL it was sent to, which here comes first.
    #[must_use]
    pub fn of_multipart(body: &[u8], boundary: &str, query: &str) -> Self {
        let mut form = Self::of_query(query);
        form.pairs.extend(multipart::fields(body, boundary).unwrap_or_default());
        form
    }

    /// The first value of a name; empty if there is none, since nobody tells the two apart.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// The first value of a name, unless it is empty.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<&str> {
        Some(self.value(name)).filter(|value| !value.is_empty())
    }

    /// All values of a name.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// What is wrong with the text that this was read from. What could be read is there all the same.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    pub(crate) fn fail(&mut self, error: impl Into<String>) {
        self.error.get_or_insert(error.into());
    }

    fn extend(&mut self, text: &[u8]) {
        for pair in text.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
            if pair.contains(&b';') {
                self.fail("invalid semicolon separator in query");
                continue;
            }
            let (name, value) = match pair.iter().position(|&byte| byte == b'=') {
                Some(at) => (pair.get(..at).unwrap_or_default(), pair.get(at + 1..).unwrap_or_default()),
                None => (pair, &b""[..]),
            };
            match (unescape(name), unescape(value)) {
                (Ok(name), Ok(value)) => self.pairs.push((name, value)),
                (Err(error), _) | (_, Err(error)) => self.fail(error),
            }
        }
    }
}

fn unescape(text: &[u8]) -> Result<String, String> {
    let mut bytes = Cow::Borrowed(text);
    if text.contains(&b'+') {
        bytes.to_mut().iter_mut().filter(|byte| **byte == b'+').for_each(|byte| *byte = b' ');
    }
    if let Some(at) = bad_escape(&bytes) {
        let escape = bytes.get(at..bytes.len().min(at + 3)).unwrap_or_default();
        return Err(format!("invalid URL escape {}", promd_model::quote::go(escape)));
    }
    let decoded: Cow<'_, [u8]> = percent_encoding::percent_decode(&bytes).into();
    Ok(String::from_utf8(decoded.into_owned()).unwrap_or_else(|error| {
        // Go goes on with the bytes as they are; they match nothing, since labels are UTF-8.
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    }))
}

/// Where a `%` is without two digits behind it.
fn bad_escape(text: &[u8]) -> Option<usize> {
    let is_good = |at: usize| text.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    let mut escapes = text.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    escapes.find(|(at, _)| !is_good(*at)).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected pairs are those of Go's `url.ParseQuery`.
    #[track_caller]
    fn check(query: &str, expected: &[(&str, &str)], error: Option<&str>) {
        let form = Form::of_query(query);
        let pairs: Vec<_> = form.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, expected, "{query}");
        assert_eq!(form.error(), error, "{query}");
    }

    #[test]
    fn queries_are_read_as_go_reads_them() {
        check("query=a%2Bb+c&x", &[("query", "a+b c"), ("x", "")], None);
        check("a=1&a=2&&b==", &[("a", "1"), ("a", "2"), ("b", "=")], None);
        check("a=1;b=2&c=3", &[("c", "3")], Some("invalid semicolon separator in query"));
        check("a=%zz&b=%2", &[], Some(r#"invalid URL escape "%zz""#));
        check("match%5B%5D=%7Ba%3D%22%C3%A9%22%7D", &[("match[]", r#"{a="é"}"#)], None);
    }

    #[test]
    fn the_form_goes_before_the_query() {
        let form = Form::of_body_and_query(b"time=1", "time=2&step=3");
        assert_eq!((form.value("time"), form.value("step"), form.value("end")), ("1", "3", ""));
        assert_eq!(form.all("time").collect::<Vec<_>>(), ["1", "2"]);
    }
}
