//! `http_sd_configs`.

use promd_model::Duration;

use super::http_address;
use crate::http::HttpClient;
use crate::yaml::Value;

record! {
    /// Targets that a server tells.
    pub struct HttpSd("http.plain") {
        http: HttpClient, inline;
        refresh_interval: Duration, omit;
        url: String;
    }
}

section! { HttpSd { fresh: HttpSd::default(), check: HttpSd::check } }

impl Default for HttpSd {
    fn default() -> Self {
        Self { refresh_interval: Duration::from_nanos(60_000_000_000), http: HttpClient::default(), ..Self::zero() }
    }
}

impl HttpSd {
    fn check(&mut self) -> Result<(), String> {
        http_address(&self.url)?;
        self.http.check()
    }
}
