//! Forms as browsers and `curl --form` send them: `multipart/form-data` (RFC 7578).

use memchr::memmem::find;

/// A type of content with its parameters.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct MediaType {
    pub(crate) name: String,
    parameters: Vec<(String, String)>,
    /// Whether all of it could be read.
    pub(crate) is_whole: bool,
}

impl MediaType {
    /// Reads a `Content-Type`, or a `Content-Disposition`, which has the same form.
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = split_outside_quotes(text);
        let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let mut media = Self { name, parameters: Vec::new(), is_whole: true };
        let mut parts = parts.peekable();
        while let Some(part) = parts.next() {
            let part = part.trim();
            if part.is_empty() && parts.peek().is_none() {
                break;
            }
            match part.split_once('=').and_then(|(name, value)| Some((token(name)?, unquoted(value)?))) {
                Some((name, value)) => media.parameters.push((name.to_ascii_lowercase(), value)),
                None => media.is_whole = false,
            }
        }
        media
    }

    /// The value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn split_outside_quotes(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' => return !quoted,
            _ => {}
        }
        false
    })
}

/// A word without anything that has a meaning in headers.
fn token(text: &str) -> Option<&str> {
    let is_token = |byte: u8| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte);
    (!text.is_empty() && text.bytes().all(is_token)).then_some(text)
}

fn unquoted(text: &str) -> Option<String> {
    let Some(inner) = text.strip_prefix('"') else { return token(text).map(str::to_owned) };
    let inner = inner.strip_suffix('"')?;
    let (mut out, mut escaped) = (String::with_capacity(inner.len()), false);
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            out.push(c);
            escaped = false;
        }
    }
    Some(out)
}

/// The fields of a form that are no files; `None` if it is broken, in which case Go takes none of it either.
pub(crate) fn fields(body: &[u8], boundary: &str) -> Option<Vec<(String, String)>> {
    let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    let mut rest = match body.strip_prefix(delimiter.get(2..)?) {
        Some(rest) => rest,
        // What comes before the first part means nothing.
        None => body.get(find(body, &delimiter)? + delimiter.len()..)?,
    };
    let mut fields = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(fields);
        }
        rest = rest.get(find(rest, b"\r\n")?..)?;
        let end = find(rest, &delimiter)?;
        let (part, after) = (rest.get(..end)?, rest.get(end + delimiter.len()..)?);
        // A part begins with the line break of its delimiter; one without headers begins with two.
        let at = find(part, b"\r\n\r\n")?;
        let (headers, content) = (part.get(..at)?, part.get(at + 4..)?);
        let headers = String::from_utf8_lossy(headers);
        let disposition = headers.lines().filter_map(|line| line.split_once(':'));
        let mut disposition = disposition.filter(|(name, _)| name.eq_ignore_ascii_case("content-disposition"));
        let disposition = disposition.next().map(|(_, value)| MediaType::parse(value)).unwrap_or_default();
        let name = disposition.parameter("name").filter(|_| disposition.name == "form-data");
        if let Some(name) = name.filter(|_| disposition.parameter("filename").is_none()) {
            fields.push((name.to_owned(), String::from_utf8_lossy(content).into_owned()));
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Go's `mime.ParseMediaType` makes of these.
    #[test]
    fn types_have_parameters() {
        let media = MediaType::parse("Multipart/Form-Data; boundary=\"a;\\\"b\"; Charset=x");
        assert_eq!((&*media.name, media.is_whole), ("multipart/form-data", true));
        assert_eq!(media.parameter("boundary"), Some("a;\"b"));
        assert_eq!(media.parameter("charset"), Some("x"));
        for broken in ["a/b; bad", "a/b; c=", "a/b;;x=y", "a/b; c=\"", "a/b; =c"] {
            assert!(!MediaType::parse(broken).is_whole, "{broken}");
        }
        assert!(MediaType::parse("a/b;").is_whole);
    }

    #[track_caller]
    fn check(body: &str, expected: Option<&[(&str, &str)]>) {
        let got = fields(body.as_bytes(), "xyz");
        let got: Option<Vec<(&str, &str)>> =
            got.as_ref().map(|fields| fields.iter().map(|(name, value)| (&**name, &**value)).collect());
        assert_eq!(got.as_deref(), expected, "{body}");
    }

    /// What Prometheus 3.5.3 takes of these.
    #[test]
    fn fields_are_found_and_files_left() {
        let field = "--xyz\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nup\r\n";
        let file = "--xyz\r\ncontent-disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\nx\r\n";
        check(&format!("{field}{file}--xyz--\r\n"), Some(&[("query", "up")]));
        check(&format!("before\r\n{field}--xyz--"), Some(&[("query", "up")]));
        check(&format!("{field}{field}--xyz--"), Some(&[("query", "up"), ("query", "up")]));
        check("--xyz\r\n\r\nno name\r\n--xyz--", Some(&[]));
        check("--xyz--", Some(&[]));
        check(field, None);
        check("--xyz", None);
        check("", None);
        check("--abc\r\n\r\n--abc--", None);
    }
}
