//! Media types with parameters, judged as Go's `mime.ParseMediaType` judges them.

/// Why a text is no media type, in Go's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum MediaTypeError {
    #[error("mime: no media type")]
    Empty,
    #[error("mime: expected slash after first token")]
    NoSlash,
    #[error("mime: expected token after slash")]
    NoSubtype,
    #[error("mime: unexpected content after media subtype")]
    Trailing,
    #[error("mime: invalid media parameter")]
    Parameter,
    #[error("mime: duplicate parameter name")]
    Duplicate,
}

/// The media type of `text` in lower case, without its parameters; these are checked.
pub(super) fn parse(text: &str) -> Result<String, MediaTypeError> {
    let base = text.split_once(';').map_or(text, |(base, _)| base);
    let media_type = base.to_lowercase().trim().to_owned();
    check(&media_type)?;
    let mut rest = text.strip_prefix(base).unwrap_or_default();
    let mut names: Vec<String> = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(media_type);
        }
        let Some((name, after)) = parameter(rest) else {
            // A semicolon may end the list.
            return if rest.trim() == ";" { Ok(media_type) } else { Err(MediaTypeError::Parameter) };
        };
        // A header's length bounds the list.
        if names.contains(&name) {
            return Err(MediaTypeError::Duplicate);
        }
        names.push(name);
        rest = after;
    }
}

fn check(media_type: &str) -> Result<(), MediaTypeError> {
    let (first, rest) = token(media_type);
    if first.is_empty() {
        return Err(MediaTypeError::Empty);
    }
    if rest.is_empty() {
        return Ok(());
    }
    let rest = rest.strip_prefix('/').ok_or(MediaTypeError::NoSlash)?;
    let (subtype, rest) = token(rest);
    match (subtype, rest) {
        ("", _) => Err(MediaTypeError::NoSubtype),
        (_, "") => Ok(()),
        _ => Err(MediaTypeError::Trailing),
    }
}

/// The longest token that `text` starts with, and the rest.
fn token(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c| !is_token_char(c)).unwrap_or(text.len()))
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_graphic() && !is_special(c)
}

fn is_special(c: char) -> bool {
    r#"()<>@,;:\"/[]?="#.contains(c)
}

/// The name in lower case of the parameter that `text` starts with, and what follows it.
fn parameter(text: &str) -> Option<(String, &str)> {
    let (name, rest) = token(text.strip_prefix(';')?.trim_start());
    if name.is_empty() {
        return None;
    }
    let value = rest.trim_start().strip_prefix('=')?.trim_start();
    let rest = match value.strip_prefix('"') {
        Some(quoted) => quoted_end(quoted)?,
        None => match token(value) {
            ("", _) => return None,
            (_, rest) => rest,
        },
    };
    Some((name.to_ascii_lowercase(), rest))
}

/// What follows the quoted string whose opening quote stands before `text`.
fn quoted_end(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Some(chars.as_str()),
            // Other backslashes stand for themselves.
            '\\' if chars.clone().next().is_some_and(is_special) => {
                chars.next();
            }
            '\r' | '\n' => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values: `mime.ParseMediaType` of Go 1.19.
    #[test]
    fn judges_as_go_does() {
        let check = |text: &str, expect: Result<&str, &str>| {
            let got = parse(text).map_err(|error| error.to_string());
            assert_eq!(got, expect.map(str::to_owned).map_err(|error| format!("mime: {error}")), "{text:?}");
        };
        check("text/plain", Ok("text/plain"));
        check(" TEXT/Plain ; Version=0.0.4", Ok("text/plain"));
        check("text", Ok("text"));
        check("text/plain;", Ok("text/plain"));
        check("text/plain; ; ", Err("invalid media parameter"));
        check("text/plain; a", Err("invalid media parameter"));
        check("text/plain; a=", Err("invalid media parameter"));
        check("text/plain; a=\"\"", Ok("text/plain"));
        check("text/plain; a=\"b\\\"c\"; d=e", Ok("text/plain"));
        check("text/plain; a=\"b\\c\"", Ok("text/plain"));
        check("text/plain; a=\"b", Err("invalid media parameter"));
        check("text/plain; a=b c", Err("invalid media parameter"));
        check("text/plain; a=1; A=2", Err("duplicate parameter name"));
        check("text/plain; a*0=1; a*1=2", Ok("text/plain"));
        check("", Err("no media type"));
        check(";", Err("no media type"));
        check("text plain", Err("expected slash after first token"));
        check("text/", Err("expected token after slash"));
        check("text/plain x", Err("unexpected content after media subtype"));
        check("text/plain/x", Err("unexpected content after media subtype"));
    }
}
