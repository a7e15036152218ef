//! `puppetdb_sd_configs`.

use promd_model::Duration;

use super::{http_address, require};
use crate::http::HttpClient;
use crate::yaml::Value;

record! {
    /// Resources of PuppetDB.
    pub struct PuppetDbSd("puppetdb.plain") {
        http: HttpClient, inline;
        refresh_interval: Duration, omit;
        url: String;
        query: String;
        include_parameters: bool;
        port: i64;
    }
}

section! { PuppetDbSd { fresh: PuppetDbSd::default(), check: PuppetDbSd::check } }

impl Default for PuppetDbSd {
    fn default() -> Self {
        Self {
            refresh_interval: Duration::from_nanos(60_000_000_000),
            port: 80,
            http: HttpClient::default(),
            ..Self::zero()
        }
    }
}

impl PuppetDbSd {
    fn check(&mut self) -> Result<(), String> {
        http_address(&self.url)?;
        require(&self.query, "query missing")?;
        self.http.check()
    }
}
