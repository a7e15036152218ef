//! Which pages of other origins may read answers (`util/httputil/cors.go` of Prometheus).

use http::HeaderMap;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue, ORIGIN, VARY,
};
use promd_regex::Regex;

/// The origins of `--web.cors.origin`.
///
/// ```
/// use http::HeaderMap;
/// use promd_http::Cors;
///
/// let cors = Cors::new(r"https?://(one|two)\.example")?;
/// let (mut request, mut response) = (HeaderMap::new(), HeaderMap::new());
/// request.insert("Origin", "https://one.example".parse()?);
/// cors.apply(&request, &mut response);
/// assert_eq!(response["Access-Control-Allow-Origin"], "https://one.example");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Cors {
    origin: Regex,
}

impl Cors {
    /// Allows the origins that `pattern` matches as a whole.
    ///
    /// # Errors
    ///
    /// If the pattern is no regular expression.
    pub fn new(pattern: &str) -> Result<Self, promd_regex::Error> {
        // The pattern alone first, so that an error speaks of what the user wrote.
        Regex::new(pattern)?;
        Ok(Self { origin: Regex::new(&format!("^(?s:{pattern})$"))? })
    }

    /// Sets the headers of the answer to a request.
    pub fn apply(&self, request: &HeaderMap, response: &mut HeaderMap) {
        response.append(VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = request.get(ORIGIN).filter(|origin| !origin.is_empty()) else { return };
        let allowed = HeaderValue::from_static("Accept, Authorization, Content-Type, Origin");
        response.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        response.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
        response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Date"));
        if origin.to_str().is_ok_and(|text| self.origin.is_match(text)) {
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, origin: &'static str, expect: Option<&str>) {
        let (mut request, mut response) = (HeaderMap::new(), HeaderMap::new());
        request.insert(ORIGIN, HeaderValue::from_static(origin));
        Cors::new(pattern).unwrap().apply(&request, &mut response);
        let allowed = response.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap());
        assert_eq!((allowed, &response[VARY]), (expect, &HeaderValue::from_static("Origin")), "{pattern} {origin}");
    }

    /// Prometheus anchors the pattern (`--web.cors.origin` in `cmd/prometheus/main.go`).
    #[test]
    fn the_pattern_is_anchored() {
        check(".*", "http://a.example", Some("http://a.example"));
        check("http://a", "http://a.example", None);
        check("http://a|http://b", "http://b", Some("http://b"));
        check("http://a|http://b", "http://bc", None);
        check(".*", "", None);
    }
}
