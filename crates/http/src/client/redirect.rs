//! Where an answer sends a request (`redirectBehavior` and what is around it in Go's `net/http/client.go`).

use http::header::{LOCATION, REFERER};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use promd_model::quote;
use url::Url;

/// How many redirects are followed.
pub(super) const MAX: usize = 10;

/// A request that an answer asks for.
#[derive(Debug, PartialEq)]
pub(crate) struct Next {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) keeps_body: bool,
}

/// What is to be sent instead of a request with `method` to `uri`; `None` if the answer is the answer.
pub(crate) fn next(
    status: StatusCode,
    headers: &HeaderMap,
    method: &Method,
    uri: &Uri,
) -> Result<Option<Next>, String> {
    let keeps_body = match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => false,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        _ => return Ok(None),
    };
    let Some(location) = headers.get(LOCATION).filter(|location| !location.is_empty()) else { return Ok(None) };
    let location = String::from_utf8_lossy(location.as_bytes());
    let unusable =
        |error: &dyn std::fmt::Display| format!("failed to parse Location header {}: {error}", quote::go(&*location));
    let read = promd_config::Url::parse(&location).map_err(|error| unusable(&error))?;
    if !read.scheme().is_empty() && read.host().is_empty() && matches!(read.scheme(), "http" | "https") {
        return Err("http: no Host in request URL".to_owned());
    }
    let base = Url::parse(&uri.to_string()).map_err(|error| unusable(&error))?;
    let mut target = base.join(&location).map_err(|error| unusable(&error))?;
    target.set_fragment(None);
    if !matches!(target.scheme(), "http" | "https") {
        return Err(format!("unsupported protocol scheme {}", quote::go(target.scheme())));
    }
    let uri = Uri::try_from(target.as_str()).map_err(|error| unusable(&error))?;
    let method = match *method {
        ref method if keeps_body => method.clone(),
        Method::HEAD => Method::HEAD,
        _ => Method::GET,
    };
    Ok(Some(Next { method, uri, keeps_body }))
}

/// Whether `host` is `home` or below it: then it may see what `home` may.
pub(crate) fn is_home(host: &str, home: &str) -> bool {
    if home.is_empty() {
        return false;
    }
    if host.eq_ignore_ascii_case(home) {
        return true;
    }
    // An address is not below anything; no name has one of these.
    if host.contains([':', '%', '[']) || host.parse::<std::net::IpAddr>().is_ok() {
        return false;
    }
    let Some(split) = host.len().checked_sub(home.len()).filter(|split| host.is_char_boundary(*split)) else {
        return false;
    };
    let (below, end) = host.split_at(split);
    below.ends_with('.') && end.eq_ignore_ascii_case(home)
}

/// Sets the header that says which page led here, as Go does: not from an encrypted one to another that is not.
pub(super) fn set_referer(headers: &mut HeaderMap, from: &Uri, to: &Uri) {
    if headers.contains_key(REFERER) {
        return;
    }
    if from.scheme_str() == Some("https") && to.scheme_str() == Some("http") {
        return;
    }
    let Ok(mut from) = Url::parse(&from.to_string()) else { return };
    let is_bare = from.set_username("").is_ok() && from.set_password(None).is_ok();
    if let (true, Ok(value)) = (is_bare, HeaderValue::from_str(from.as_str())) {
        headers.insert(REFERER, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table is that of `redirectBehavior` in Go 1.19's `net/http/client.go`.
    #[track_caller]
    fn check(status: u16, method: &str, location: &'static str, expect: &str) {
        let mut headers = HeaderMap::new();
        if !location.is_empty() {
            headers.insert(LOCATION, HeaderValue::from_static(location));
        }
        let status = StatusCode::from_u16(status).unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let next = next(status, &headers, &method, &Uri::from_static("http://me:pw@a.example:80/x/y?q=1"));
        let found = match next {
            Ok(Some(Next { method, uri, keeps_body })) => {
                format!("{method} {uri}{}", if keeps_body { " with body" } else { "" })
            }
            Ok(None) => String::new(),
            Err(error) => error,
        };
        assert_eq!(found, expect, "{status} {method} {location:?}");
    }

    #[test]
    fn answers_that_lead_elsewhere() {
        check(301, "GET", "/z", "GET http://me:pw@a.example/z");
        check(302, "POST", "z?p=2", "GET http://me:pw@a.example/x/z?p=2");
        check(303, "HEAD", "//b.example/z", "HEAD http://b.example/z");
        check(303, "PUT", "https://b.example:8443/z#part", "GET https://b.example:8443/z");
        check(307, "POST", "/z", "POST http://me:pw@a.example/z with body");
        check(308, "DELETE", "/z", "DELETE http://me:pw@a.example/z with body");
        check(301, "GET", "", "");
        check(304, "GET", "/z", "");
        check(300, "GET", "/z", "");
        check(200, "GET", "/z", "");
        check(302, "GET", "ftp://b.example/", "unsupported protocol scheme \"ftp\"");
        check(302, "GET", "file:///etc/passwd", "unsupported protocol scheme \"file\"");
        check(
            302,
            "GET",
            "http://[::1",
            "failed to parse Location header \"http://[::1\": parse \"http://[::1\": missing ']' in host",
        );
        check(302, "GET", "%zz", "failed to parse Location header \"%zz\": parse \"%zz\": invalid URL escape \"%zz\"");
        check(302, "GET", "http:///z", "http: no Host in request URL");
    }

    /// The cases of `isDomainOrSubdomain` in `net/http/client.go`, and what could be taken for one.
    #[test]
    fn who_may_see_what_home_may() {
        for (host, home, expect) in [
            ("a.example", "a.example", true),
            ("A.Example", "a.example", true),
            ("b.a.example", "a.example", true),
            ("ba.example", "a.example", false),
            ("a.example", "b.a.example", false),
            ("example", "a.example", false),
            ("[::1]", "::1", false),
            ("::1%.www.example.com", "example.com", false),
            ("10.0.0.1", "0.0.1", false),
            ("", "a.example", false),
            ("a.example", "", false),
        ] {
            assert_eq!(is_home(host, home), expect, "{host} of {home}");
        }
    }

    #[test]
    fn the_page_that_led_here() {
        for (from, to, expect) in [
            ("http://me:pw@a.example/x", "http://b.example/", Some("http://a.example/x")),
            ("https://a.example/x", "https://b.example/", Some("https://a.example/x")),
            ("https://a.example/x", "http://a.example/", None),
        ] {
            let mut headers = HeaderMap::new();
            set_referer(&mut headers, &Uri::from_static(from), &Uri::from_static(to));
            assert_eq!(headers.get(REFERER).map(|value| value.to_str().unwrap()), expect, "{from} {to}");
        }
    }
}
