//! Addresses as Go's `net/url` reads them, as far as a configuration depends on it.

use std::fmt;

use promd_model::quote;

use crate::error::Error;
use crate::yaml::value::parsed;
use crate::yaml::{Decoder, Node, Tree, Value};

/// An address. `Display` and `Debug` show no password; [`expose`](Self::expose) does.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url {
    text: String,
    scheme: String,
    /// User, password, host and port.
    authority: String,
}

impl Url {
    /// Reads an address with Go's rules.
    ///
    /// # Errors
    ///
    /// What is wrong, in Go's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: String| format!("parse {}: {what}", quote::go(text));
        if text.contains(|c: char| c < ' ' || c == '\x7f') {
            return Err(wrong("net/url: invalid control character in URL".to_owned()));
        }
        let (before_fragment, _) = text.split_once('#').unwrap_or((text, ""));
        let (scheme, rest) = scheme(before_fragment).map_err(wrong)?;
        let (rest, _) = rest.split_once('?').unwrap_or((rest, ""));
        let mut authority = "";
        let mut path = rest;
        if let Some(after) = rest.strip_prefix("//").filter(|_| !scheme.is_empty() || !rest.starts_with("///")) {
            let end = after.find('/').unwrap_or(after.len());
            (authority, path) = after.split_at_checked(end).unwrap_or((after, ""));
            check_authority(authority).map_err(wrong)?;
        } else if scheme.is_empty() && !rest.starts_with('/') {
            let first = rest.split('/').next().unwrap_or_default();
            if first.contains(':') {
                return Err(wrong("first path segment in URL cannot contain colon".to_owned()));
            }
        }
        check_escapes(path).map_err(wrong)?;
        Ok(Self { text: text.to_owned(), scheme: scheme.to_ascii_lowercase(), authority: authority.to_owned() })
    }

    /// `http` in `http://host/path`, in lower case; empty if there is none.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Host and port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.rsplit_once('@').map_or(self.authority.as_str(), |(_, host)| host)
    }

    /// The address as it was given, with the password if it has one.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }
}

/// The address with `xxxxx` for the password.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
        match password {
            Some((user, password)) => {
                let (shown, hidden) = (format!("//{user}:xxxxx@"), format!("//{user}:{password}@"));
                f.write_str(&self.text.replacen(&hidden, &shown, 1))
            }
            None => f.write_str(&self.text),
        }
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

impl Value for Url {
    fn go_type() -> String {
        "config.URL".to_owned()
    }

    fn zero() -> Self {
        Self { text: String::new(), scheme: String::new(), authority: String::new() }
    }

    fn is_zero(&self) -> bool {
        self.text.is_empty()
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        let Some(url) = parsed(node, decoder, Self::parse)? else { return Ok(false) };
        *self = url;
        Ok(true)
    }

    fn tree(&self) -> Tree {
        Tree::Text(self.to_string())
    }
}

/// Splits off the scheme, if there is one.
fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default())),
            _ => break,
        }
    }
    Ok(("", text))
}

fn check_authority(authority: &str) -> Result<(), String> {
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let is_user = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
    if user.is_some_and(|user| !user.bytes().all(is_user)) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    let port = match host.strip_prefix('[') {
        Some(inside) => inside.rsplit_once(']').ok_or_else(|| "missing ']' in host".to_owned())?.1,
        None => host.rfind(':').and_then(|at| host.get(at..)).unwrap_or_default(),
    };
    let is_port = |port: &str| {
        port.is_empty() || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if !is_port(port) {
        return Err(format!("invalid port {} after host", quote::go(port)));
    }
    if let Some(bad) = host.chars().find(|c| matches!(c, ' ' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')) {
        return Err(format!("invalid character {} in host name", quote::go(bad.encode_utf8(&mut [0; 4]))));
    }
    check_escapes(host)
}

/// Each `%` must have two hexadecimal digits behind it.
fn check_escapes(text: &str) -> Result<(), String> {
    for (at, _) in text.match_indices('%') {
        let digits = text.as_bytes().get(at + 1..at + 3).unwrap_or_default();
        if digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            let end = (at + 1..=text.len().min(at + 3)).rev().find(|end| text.is_char_boundary(*end));
            let shown = end.and_then(|end| text.get(at..end)).unwrap_or("%");
            return Err(format!("invalid URL escape {}", quote::go(shown)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected texts are those of Go 1.19's `url.Parse`.
    #[test]
    fn what_go_refuses() {
        for (text, expect) in [
            (":x", "missing protocol scheme"),
            ("a:80", ""),
            ("1:80", "first path segment in URL cannot contain colon"),
            ("http://a:b", "invalid port \":b\" after host"),
            ("http://[::1", "missing ']' in host"),
            ("http://a b/", "invalid character \" \" in host name"),
            ("http://u ser@a/", "net/url: invalid userinfo"),
            ("http://a/%zz", "invalid URL escape \"%zz\""),
            ("http://a/\n", "net/url: invalid control character in URL"),
            ("", ""),
            ("/only/path", ""),
            ("http://a:80/x?y=%#z", ""),
        ] {
            let error = Url::parse(text).err().unwrap_or_default();
            let expect = if expect.is_empty() { String::new() } else { format!("parse {}: {expect}", quote::go(text)) };
            assert_eq!(error, expect);
        }
    }

    #[test]
    fn passwords_are_hidden() {
        let url = Url::parse("http://user:hunter2@host:80/x").unwrap();
        assert_eq!(url.to_string(), "http://user:xxxxx@host:80/x");
        assert!(!format!("{url:?}").contains("hunter2"));
        assert_eq!((url.scheme(), url.host()), ("http", "host:80"));
    }
}
