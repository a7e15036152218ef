//! From a method and a path to what is meant.

use std::borrow::Cow;
use std::collections::HashMap;

use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;

use crate::{Response, body};

/// Routes below a prefix, each with a value: a number, an enum, a function.
///
/// Paths are patterns: `{name}` is one part, `{*name}` all the rest. The answers for paths that lead nowhere are those of
/// Prometheus' router: `404 page not found`, 405 with `Allow`, 301 or 308 for a slash at the end too many or too few, and
/// from `/` to the prefix.
///
/// ```
/// use http::Method;
/// use promd_http::{Found, Router};
///
/// let mut router = Router::new("/prom");
/// router.insert(&[Method::GET], "/api/v1/label/{name}/values", "values")?;
/// match router.find(&Method::GET, "/prom/api/v1/label/a%20b/values") {
///     Found::Route { value, parameters } => {
///         assert_eq!((*value, parameters.get("name").as_deref()), ("values", Some("a b")));
///     }
///     _ => unreachable!(),
/// }
/// let nothing = router.find(&Method::GET, "/api/v1/label/x/values");
/// assert_eq!(nothing.refusal().unwrap().status(), 404);
/// # Ok::<(), promd_http::RouteError>(())
/// ```
#[derive(Debug)]
pub struct Router<T> {
    /// Without a slash at its end; empty for none.
    prefix: String,
    routes: Vec<Route<T>>,
    by_pattern: HashMap<String, usize>,
    tree: matchit::Router<usize>,
}

#[derive(Debug)]
struct Route<T> {
    values: Vec<(Method, T)>,
}

/// A pattern that cannot be a route: it is none, or collides with another.
#[derive(Debug, Clone, thiserror::Error)]
#[error("route {pattern:?}: {text}")]
pub struct RouteError {
    pattern: String,
    text: String,
}

/// What a path leads to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Found<'r, 'p, T> {
    /// A route.
    Route {
        /// What was inserted.
        value: &'r T,
        /// The parts that the pattern names.
        parameters: Parameters<'r, 'p>,
    },
    /// Another address, at which there is a route.
    Redirect {
        /// The path.
        to: String,
        /// 301, 302 or 308.
        status: StatusCode,
    },
    /// A route for other methods.
    MethodNotAllowed {
        /// The methods, for the header `Allow`.
        allow: String,
    },
    /// The methods of a route, for a request of the method `OPTIONS` that the route does not handle.
    Options {
        /// The methods, for the header `Allow`.
        allow: String,
    },
    /// Nothing.
    NotFound,
}

/// The named parts of a path.
#[derive(Debug)]
pub struct Parameters<'r, 'p>(matchit::Params<'r, 'p>);

impl<'p> Parameters<'_, 'p> {
    /// The part called `name`, percent-decoded; bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'p, str>> {
        self.0.get(name).map(|value| percent_decode_str(value).decode_utf8_lossy())
    }
}

impl<T> Router<T> {
    /// A router without routes. `prefix` stands before each of them; `/` and nothing are no prefix.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
        Self { prefix, routes: Vec::new(), by_pattern: HashMap::new(), tree: matchit::Router::new() }
    }

    /// Adds a route for each of `methods`. A pattern may be added again for others.
    ///
    /// # Errors
    ///
    /// If the pattern is none, or a path could mean it and another one alike.
    pub fn insert(&mut self, methods: &[Method], pattern: &str, value: T) -> Result<(), RouteError>
    where
        T: Clone,
    {
        let index = match self.by_pattern.get(pattern) {
            Some(index) => *index,
            None => {
                let index = self.routes.len();
                self.tree
                    .insert(pattern, index)
                    .map_err(|error| RouteError { pattern: pattern.to_owned(), text: error.to_string() })?;
                self.by_pattern.insert(pattern.to_owned(), index);
                self.routes.push(Route { values: Vec::new() });
                index
            }
        };
        if let Some(route) = self.routes.get_mut(index) {
            route.values.extend(methods.iter().map(|method| (method.clone(), value.clone())));
        }
        Ok(())
    }

    /// What `path`, as it came, leads to.
    #[must_use]
    pub fn find<'r, 'p>(&'r self, method: &Method, path: &'p str) -> Found<'r, 'p, T> {
        let below = match path.strip_prefix(self.prefix.as_str()) {
            Some(below) if below.starts_with('/') || (below.is_empty() && !self.prefix.is_empty()) => below,
            _ if path == "/" => return Found::Redirect { to: self.prefix.clone(), status: StatusCode::FOUND },
            _ => return Found::NotFound,
        };
        if let Ok(found) = self.tree.at(below)
            && let Some(route) = self.routes.get(*found.value)
        {
            return route.choose(method, found.params);
        }
        let other = match below.strip_suffix('/') {
            Some(without) => without.to_owned(),
            None => format!("{below}/"),
        };
        let is_route = || {
            let route = self.tree.at(&other).ok().and_then(|found| self.routes.get(*found.value));
            route.is_some_and(|route| route.values.iter().any(|(one, _)| one == method))
        };
        // A path that begins with two slashes would be the address of another host.
        if !other.is_empty() && !other.starts_with("//") && is_route() {
            return redirect(method, format!("{}{other}", self.prefix));
        }
        Found::NotFound
    }
}

fn redirect<'r, 'p, T>(method: &Method, to: String) -> Found<'r, 'p, T> {
    let status = if *method == Method::GET { StatusCode::MOVED_PERMANENTLY } else { StatusCode::PERMANENT_REDIRECT };
    Found::Redirect { to, status }
}

impl<T> Route<T> {
    fn choose<'r, 'p>(&'r self, method: &Method, params: matchit::Params<'r, 'p>) -> Found<'r, 'p, T> {
        if let Some((_, value)) = self.values.iter().find(|(one, _)| one == method) {
            return Found::Route { value, parameters: Parameters(params) };
        }
        let mut names: Vec<&str> = self.values.iter().map(|(method, _)| method.as_str()).collect();
        names.push("OPTIONS");
        names.sort_unstable();
        names.dedup();
        let allow = names.join(", ");
        if *method == Method::OPTIONS { Found::Options { allow } } else { Found::MethodNotAllowed { allow } }
    }
}

impl<T> Found<'_, '_, T> {
    /// The answer to a request that leads to no route; `None` if it does. A query is not kept by a redirect: add it to
    /// `Location` where it matters.
    #[must_use]
    pub fn refusal(&self) -> Option<Response> {
        let (mut response, header) = match self {
            Self::Route { .. } => return None,
            Self::Redirect { to, status } => (status_only(*status), Some((LOCATION, to))),
            Self::MethodNotAllowed { allow } => {
                (text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n"), Some((ALLOW, allow)))
            }
            Self::Options { allow } => (status_only(StatusCode::OK), Some((ALLOW, allow))),
            Self::NotFound => (text(StatusCode::NOT_FOUND, "404 page not found\n"), None),
        };
        if let Some((name, value)) = header {
            // What is not fit for a header was not fit for a path.
            let Ok(value) = HeaderValue::from_str(value) else {
                return Some(text(StatusCode::NOT_FOUND, "404 page not found\n"));
            };
            response.headers_mut().insert(name, value);
        }
        Some(response)
    }
}

fn status_only(status: StatusCode) -> Response {
    let mut response = Response::new(body::empty());
    *response.status_mut() = status;
    response
}

/// A short text as Go's `http.Error` gives it.
pub(crate) fn text(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(body::full(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(prefix: &str) -> Router<&'static str> {
        let mut router = Router::new(prefix);
        router.insert(&[Method::GET, Method::POST], "/api/v1/query", "query").unwrap();
        router.insert(&[Method::GET], "/api/v1/label/{name}/values", "values").unwrap();
        router.insert(&[Method::GET], "/user/{*path}", "user").unwrap();
        router.insert(&[Method::GET], "/", "root").unwrap();
        router.insert(&[Method::PUT], "/-/reload", "reload").unwrap();
        router.insert(&[Method::GET], "/-/reload", "reload by GET").unwrap();
        router
    }

    /// The statuses are those of Prometheus 3.5.3, asked by `tests/interop_web_config.rs` too.
    #[track_caller]
    fn check(prefix: &str, method: &str, path: &str, expect: &str) {
        let router = router(prefix);
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let found = match router.find(&method, path) {
            Found::Route { value, parameters } => {
                let named = parameters.get("name").or_else(|| parameters.get("path"));
                format!("{value} {}", named.unwrap_or_default()).trim().to_owned()
            }
            Found::Redirect { to, status } => format!("{} {to}", status.as_u16()),
            Found::MethodNotAllowed { allow } => format!("405 {allow}"),
            Found::Options { allow } => format!("200 {allow}"),
            Found::NotFound => "404".to_owned(),
        };
        assert_eq!(found, expect, "{method} {path} below {prefix:?}");
    }

    #[test]
    fn paths_lead_somewhere() {
        check("", "GET", "/api/v1/query", "query");
        check("/", "POST", "/api/v1/query", "query");
        check("", "DELETE", "/api/v1/query", "405 GET, OPTIONS, POST");
        check("", "OPTIONS", "/api/v1/query", "200 GET, OPTIONS, POST");
        check("", "GET", "/api/v1/query/", "301 /api/v1/query");
        check("", "POST", "/api/v1/query/", "308 /api/v1/query");
        check("", "DELETE", "/api/v1/query/", "404");
        check("", "GET", "/api/v1/label/job/values", "values job");
        check("", "GET", "/api/v1/label/a%2Fb%20c/values", "values a/b c");
        check("", "GET", "/api/v1/label/%ff/values", "values \u{fffd}");
        check("", "GET", "/user/a/../b", "user a/../b");
        check("", "PUT", "/-/reload", "reload");
        check("", "GET", "/-/reload", "reload by GET");
        check("", "GET", "/", "root");
        check("", "GET", "/nothing", "404");
        check("", "GET", "", "404");
    }

    #[test]
    fn a_prefix_stands_before_all() {
        check("/prom/", "GET", "/prom/api/v1/query", "query");
        check("/prom", "GET", "/api/v1/query", "404");
        check("/prom", "GET", "/", "302 /prom");
        check("/prom", "GET", "/prom", "301 /prom/");
        check("/prom", "GET", "/prom/", "root");
        check("/prom", "GET", "/promx/api/v1/query", "404");
    }

    #[test]
    fn no_path_redirects_to_another_host() {
        for path in ["//evil.example/", "//evil.example", "/user//evil.example/", "///", "//"] {
            for prefix in ["", "/prom"] {
                if let Found::Redirect { to, .. } = router(prefix).find(&Method::GET, path) {
                    assert!(!to.starts_with("//"), "{path} leads to {to}");
                }
            }
        }
    }

    #[test]
    fn what_collides_is_refused() {
        let mut router = router("");
        let error = router.insert(&[Method::GET], "/api/v1/label/{other}/values", "x").unwrap_err();
        assert!(error.to_string().contains("/api/v1/label/{other}/values"), "{error}");
    }
}
