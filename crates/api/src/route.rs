//! Which request means what.

use http::Method;

use crate::search::Search;

/// What a path and a method ask for. `ready` below says which wait for the server to be ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Query,
    QueryRange,
    QueryExemplars,
    FormatQuery,
    ParseQuery,
    Labels,
    LabelValues,
    Series,
    DropSeries,
    ScrapePools,
    ScrapePoolConfig,
    Targets,
    TargetsMetadata,
    RelabelSteps,
    Alertmanagers,
    Metadata,
    Alerts,
    Rules,
    Config,
    RuntimeInfo,
    BuildInfo,
    Flags,
    TsdbStatus,
    TsdbBlocks,
    WalReplay,
    SelfMetrics,
    Damage,
    Cost,
    RunningQueries,
    CancelQuery,
    Features,
    Notifications,
    NotificationsLive,
    RemoteRead,
    RemoteWrite,
    OtlpWrite,
    Search(Search),
    DeleteSeries,
    CleanTombstones,
    Snapshot,
    OpenApi,
    ApiOptions,
    Home,
    Graph,
    Page,
    Version,
    Metrics,
    Federate,
    Healthy,
    Ready,
    Reload,
    Quit,
    Debug,
}

/// The methods of a route.
#[derive(Debug, Clone, Copy)]
enum Methods {
    Get,
    GetHead,
    GetPost,
    Post,
    Delete,
    Options,
    /// `GET` is answered too, with what is wrong about it.
    PostPut,
    /// Nothing but these two.
    OnlyPostPut,
}

impl Methods {
    const fn all(self) -> &'static [Method] {
        match self {
            Self::Get => &[Method::GET],
            Self::GetHead => &[Method::GET, Method::HEAD],
            Self::GetPost => &[Method::GET, Method::POST],
            Self::Post => &[Method::POST],
            Self::Delete => &[Method::DELETE],
            Self::Options => &[Method::OPTIONS],
            Self::PostPut => &[Method::GET, Method::POST, Method::PUT],
            Self::OnlyPostPut => &[Method::POST, Method::PUT],
        }
    }
}

/// Patterns as httprouter has them: `:name` is one part of a path, `*name` all that follows.
const ROUTES: &[(Methods, &str, Route)] = {
    use Methods::{Delete, Get, GetHead, GetPost, OnlyPostPut, Post, PostPut};
    &[
        (GetPost, "/api/v1/query", Route::Query),
        (GetPost, "/api/v1/query_range", Route::QueryRange),
        (GetPost, "/api/v1/query_exemplars", Route::QueryExemplars),
        (GetPost, "/api/v1/format_query", Route::FormatQuery),
        (GetPost, "/api/v1/parse_query", Route::ParseQuery),
        (GetPost, "/api/v1/labels", Route::Labels),
        (Get, "/api/v1/label/:name/values", Route::LabelValues),
        (GetPost, "/api/v1/series", Route::Series),
        // Prometheus says since its second version that it is not implemented.
        (Delete, "/api/v1/series", Route::DropSeries),
        (Get, "/api/v1/scrape_pools", Route::ScrapePools),
        (Get, "/api/v1/scrape_pools/config", Route::ScrapePoolConfig),
        (Get, "/api/v1/targets", Route::Targets),
        (Get, "/api/v1/targets/metadata", Route::TargetsMetadata),
        (Get, "/api/v1/targets/relabel_steps", Route::RelabelSteps),
        (Get, "/api/v1/alertmanagers", Route::Alertmanagers),
        (Get, "/api/v1/metadata", Route::Metadata),
        (Get, "/api/v1/alerts", Route::Alerts),
        (Get, "/api/v1/rules", Route::Rules),
        (Get, "/api/v1/status/config", Route::Config),
        (Get, "/api/v1/status/runtimeinfo", Route::RuntimeInfo),
        (Get, "/api/v1/status/buildinfo", Route::BuildInfo),
        (Get, "/api/v1/status/flags", Route::Flags),
        (Get, "/api/v1/status/tsdb", Route::TsdbStatus),
        (Get, "/api/v1/status/tsdb/blocks", Route::TsdbBlocks),
        (Get, "/api/v1/status/walreplay", Route::WalReplay),
        (Get, "/api/v1/status/self_metrics", Route::SelfMetrics),
        (Get, "/api/v1/status/damage", Route::Damage),
        (Get, "/api/v1/status/cost", Route::Cost),
        (Get, "/api/v1/status/queries", Route::RunningQueries),
        (Delete, "/api/v1/status/queries/:id", Route::CancelQuery),
        (Get, "/api/v1/features", Route::Features),
        (Get, "/api/v1/notifications", Route::Notifications),
        (Get, "/api/v1/notifications/live", Route::NotificationsLive),
        (Post, "/api/v1/read", Route::RemoteRead),
        (Post, "/api/v1/write", Route::RemoteWrite),
        (Post, "/api/v1/otlp/v1/metrics", Route::OtlpWrite),
        (GetPost, "/api/v1/search/metric_names", Route::Search(Search::MetricNames)),
        (GetPost, "/api/v1/search/label_names", Route::Search(Search::LabelNames)),
        (GetPost, "/api/v1/search/label_values", Route::Search(Search::LabelValues)),
        (OnlyPostPut, "/api/v1/admin/tsdb/delete_series", Route::DeleteSeries),
        (OnlyPostPut, "/api/v1/admin/tsdb/clean_tombstones", Route::CleanTombstones),
        (OnlyPostPut, "/api/v1/admin/tsdb/snapshot", Route::Snapshot),
        (Get, "/api/v1/openapi.yaml", Route::OpenApi),
        (Methods::Options, "/api/v1/*path", Route::ApiOptions),
        (Get, "/", Route::Home),
        (Get, "/graph", Route::Graph),
        (Get, "/query", Route::Page),
        (Get, "/targets", Route::Page),
        (Get, "/status", Route::Page),
        (Get, "/config", Route::Page),
        (Get, "/flags", Route::Page),
        (Get, "/tsdb-status", Route::Page),
        (Get, "/service-discovery", Route::Page),
        (Get, "/alerts", Route::Page),
        (Get, "/rules", Route::Page),
        (Get, "/alertmanager-discovery", Route::Page),
        (Get, "/version", Route::Version),
        (Get, "/metrics", Route::Metrics),
        (Get, "/federate", Route::Federate),
        (GetHead, "/-/healthy", Route::Healthy),
        (GetHead, "/-/ready", Route::Ready),
        (PostPut, "/-/reload", Route::Reload),
        (PostPut, "/-/quit", Route::Quit),
        (GetPost, "/debug/*subpath", Route::Debug),
    ]
};

impl Route {
    /// Whether it is answered only once the server is ready.
    pub(crate) const fn needs_ready(self) -> bool {
        !matches!(
            self,
            Self::WalReplay
                | Self::Notifications
                | Self::NotificationsLive
                | Self::ApiOptions
                | Self::Home
                | Self::Graph
                | Self::Page
                | Self::Version
                | Self::Metrics
                | Self::Healthy
                | Self::Reload
                | Self::Quit
                | Self::Debug
        )
    }

    /// Whether it is part of `/api/v1`, which other origins may ask.
    pub(crate) fn is_api(pattern: &str) -> bool {
        pattern.starts_with("/api/v1/")
    }
}

/// What was found for a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'p> {
    /// A route with its pattern, and the part of the path that stands for the parameter of the pattern.
    Route(Route, &'static str, &'p str),
    /// There is such a path, and these are its methods.
    OtherMethods(String),
    /// There is such a path, but for a `/` at the end.
    Redirect(String),
    /// There is no such path.
    Nothing,
}

/// Finds what is asked for; `path` is below the prefix.
pub(crate) fn find<'p>(method: &Method, path: &'p str) -> Found<'p> {
    let mut allowed: Vec<&str> = Vec::new();
    for (methods, pattern, route) in ROUTES {
        let Some(parameter) = matches(pattern, path) else { continue };
        if methods.all().contains(method) {
            return Found::Route(*route, pattern, parameter);
        }
        allowed.extend(methods.all().iter().map(Method::as_str));
    }
    let mut of_method = ROUTES.iter().filter(|(methods, ..)| methods.all().contains(method));
    // httprouter forgives a `/` at the end, and capital letters.
    let other = path.strip_suffix('/').unwrap_or(path);
    if path == "/api/v1" {
        return Found::Redirect("/api/v1/".to_owned());
    }
    if other != path && of_method.clone().any(|(_, pattern, _)| matches(pattern, other).is_some()) {
        return Found::Redirect(other.to_owned());
    }
    if let Some((_, pattern, _)) = of_method.find(|(_, pattern, _)| pattern.eq_ignore_ascii_case(other)) {
        return Found::Redirect((*pattern).to_owned());
    }
    // `OPTIONS` for all of the API does not make a path of it.
    if allowed.is_empty() || allowed == ["OPTIONS"] {
        return Found::Nothing;
    }
    // httprouter answers `OPTIONS` of its own accord.
    allowed.push("OPTIONS");
    allowed.sort_unstable();
    allowed.dedup();
    Found::OtherMethods(allowed.join(", "))
}

/// The parameter of the pattern, if the path fits; empty where the pattern has none.
fn matches<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    let Some(at) = pattern.find([':', '*']) else { return (pattern == path).then_some("") };
    let (before, parameter) = pattern.split_at(at);
    let rest = path.strip_prefix(before)?;
    if parameter.starts_with('*') {
        return Some(rest);
    }
    let after = parameter.find('/').map_or("", |end| parameter.split_at(end).1);
    let value = rest.strip_suffix(after)?;
    (!value.is_empty() && !value.contains('/')).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &Method, path: &str, expected: Found<'_>) {
        assert_eq!(find(method, path), expected, "{method} {path}");
    }

    #[test]
    fn routes_are_found() {
        let values = Found::Route(Route::LabelValues, "/api/v1/label/:name/values", "job");
        check(&Method::GET, "/api/v1/label/job/values", values);
        check(&Method::GET, "/api/v1/label//values", Found::Nothing);
        check(&Method::GET, "/api/v1/label/a/b/values", Found::Nothing);
        check(&Method::GET, "/debug/pprof/heap", Found::Route(Route::Debug, "/debug/*subpath", "pprof/heap"));
        check(&Method::OPTIONS, "/api/v1/x", Found::Route(Route::ApiOptions, "/api/v1/*path", "x"));
        check(&Method::GET, "/api/v1/bogus", Found::Nothing);
        check(&Method::PUT, "/metrics", Found::OtherMethods("GET, OPTIONS".to_owned()));
        check(&Method::GET, "/api/v1/admin/tsdb/snapshot", Found::OtherMethods("OPTIONS, POST, PUT".to_owned()));
        check(&Method::GET, "/metrics/", Found::Redirect("/metrics".to_owned()));
        check(&Method::GET, "/Metrics/", Found::Redirect("/metrics".to_owned()));
        check(&Method::POST, "/METRICS", Found::Nothing);
        check(&Method::POST, "/-/reload/", Found::Redirect("/-/reload".to_owned()));
        check(&Method::GET, "/api/v1", Found::Redirect("/api/v1/".to_owned()));
    }
}
