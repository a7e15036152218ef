//! `http_sd_configs`.

use promd_model::Duration;

use super::http_address;
use crate::http::HttpClient;

record! {
    /// Targets that a server tells.
    pub struct HttpSd("http.plain") {
        http: HttpClient, inline;
        refresh_interval: Duration, omit;
        url: String;
    }
}

over_http! { HttpSd { every: 60 }, check: Self::check }

impl HttpSd {
    fn check(&mut self) -> Result<(), String> {
        http_address(&self.url)?;
        Ok(())
    }
}
