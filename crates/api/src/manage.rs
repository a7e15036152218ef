//! What is not part of the API: the life of the server, its metrics, and a page for people.

use http::{Method, StatusCode, header};
use promd_exposition::{Format, Writer, negotiate};
use promd_http::Response;

use crate::api::{Api, Ask};
use crate::json;
use crate::reply::{self, escaped};

impl Api {
    pub(crate) fn healthy(&self, ask: &Ask<'_>) -> Response {
        says(ask, "Prometheus Server is Healthy.\n")
    }

    pub(crate) fn ready(&self, ask: &Ask<'_>) -> Response {
        says(ask, "Prometheus Server is Ready.\n")
    }

    pub(crate) async fn reload(&self, ask: &Ask<'_>) -> Response {
        if let Some(refused) = self.refuse(ask) {
            return refused;
        }
        match self.host.reload().await {
            Ok(()) => reply::empty(StatusCode::OK),
            Err(error) => {
                let text = format!("failed to reload config: {error}");
                reply::http_error(StatusCode::INTERNAL_SERVER_ERROR, &text)
            }
        }
    }

    pub(crate) fn quit(&self, ask: &Ask<'_>) -> Response {
        if let Some(refused) = self.refuse(ask) {
            return refused;
        }
        self.host.quit();
        reply::plain(StatusCode::OK, "Requesting termination... Goodbye!")
    }

    /// Why a request about the life of the server is not done.
    fn refuse(&self, ask: &Ask<'_>) -> Option<Response> {
        if *ask.method == Method::GET {
            return Some(reply::plain(StatusCode::METHOD_NOT_ALLOWED, "Only POST or PUT requests allowed"));
        }
        (!self.options.lifecycle).then(|| reply::plain(StatusCode::FORBIDDEN, "Lifecycle API is not enabled."))
    }

    pub(crate) fn version(&self) -> Response {
        let mut out = Vec::new();
        json::value(&mut out, &self.options.build);
        out.push(b'\n');
        // Prometheus leaves the type to Go, which looks at the text and sees a text.
        reply::plain(StatusCode::OK, out)
    }

    pub(crate) fn own_metrics(&self, ask: &Ask<'_>) -> Response {
        let _scraping = self.metrics.scrapes_in_flight.track();
        let (format, escaping) = negotiate(ask.header(header::ACCEPT), &Format::DEFAULT);
        let mut writer = Writer::new(format, escaping);
        self.gather().visit(&mut writer);
        let text = writer.finish();
        self.metrics.scrapes.with([if text.is_ok() { "200" } else { "500" }]).inc();
        match text {
            Ok(text) => {
                let mut response = reply::plain(StatusCode::OK, text);
                reply::set(&mut response, header::CONTENT_TYPE, &format.content_type(escaping).to_string());
                response
            }
            Err(error) => reply::http_error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        }
    }

    pub(crate) fn features(&self) -> reply::Reply {
        reply::Reply::json(&crate::features::all(&self.options, self.queries.engine().options()))
    }

    /// Whether a feature is on.
    pub(crate) fn feature(&self, category: &str, name: &str) -> bool {
        self.options.features.iter().any(|(of, called, on)| (*of, *called, *on) == (category, name, true))
    }

    pub(crate) fn home(&self) -> Response {
        reply::redirect(StatusCode::FOUND, &format!("{}/query", self.external_path()))
    }

    pub(crate) fn graph(&self, query: &str) -> Response {
        reply::redirect(StatusCode::FOUND, &format!("{}/query?{query}", self.external_path()))
    }

    /// The path under which clients see the server.
    pub(crate) fn external_path(&self) -> &str {
        let url = &*self.options.external_url;
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.find('/').map_or("", |at| rest.split_at(at).1).trim_end_matches('/')
    }

    /// A page that says what there is.
    pub(crate) fn page(&self) -> Response {
        let (title, base) = (escaped(&self.options.page_title), escaped(self.external_path()));
        let links = [
            ("/metrics", "the server's own metrics"),
            ("/api/v1/targets", "targets"),
            ("/api/v1/rules", "rules"),
            ("/api/v1/status/config", "the configuration in force"),
            ("/api/v1/status/flags", "flags"),
            ("/api/v1/status/tsdb", "what the head of the database holds"),
            ("/api/v1/status/queries", "queries that run"),
            ("/api/v1/status/damage", "what is known to be damaged"),
            ("/api/v1/openapi.yaml", "the API as an OpenAPI document"),
        ];
        let links: String = links
            .iter()
            .map(|(path, what)| format!("<li><a href=\"{base}{path}\"><code>{path}</code></a> {what}</li>\n"))
            .collect();
        let page = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head><body>\n\
             <h1>{title}</h1>\n<p>{version} answers as Prometheus {prometheus} does. Its API takes PromQL:</p>\n\
             <form action=\"{base}/api/v1/query\"><input name=\"query\" size=\"80\" placeholder=\"up\"> \
             <button>Ask</button></form>\n<ul>\n{links}</ul>\n</body></html>\n",
            version = escaped(&self.options.build.revision),
            prometheus = escaped(&self.options.build.version),
        );
        let mut response = reply::typed(StatusCode::OK, "text/html; charset=utf-8", page);
        // The page has no script, no style and no picture, so whatever gets into it runs nothing.
        let policy = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        reply::set(&mut response, header::CONTENT_SECURITY_POLICY, policy);
        reply::set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        response
    }

    pub(crate) fn open_api(&self) -> Response {
        let document = crate::openapi::document(&self.options.external_url, &self.options.build.version);
        reply::typed(StatusCode::OK, "application/yaml; charset=utf-8", document)
    }
}

fn says(ask: &Ask<'_>, text: &'static str) -> Response {
    if *ask.method == Method::HEAD {
        return reply::empty(StatusCode::OK);
    }
    reply::plain(StatusCode::OK, text)
}
