//! `puppetdb_sd_configs`.

use promd_model::Duration;

use super::{http_address, require};
use crate::http::HttpClient;

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

over_http! { PuppetDbSd { every: 60, port: 80 }, check: Self::check }

impl PuppetDbSd {
    fn check(&mut self) -> Result<(), String> {
        http_address(&self.url)?;
        require(&self.query, "query missing")?;
        Ok(())
    }
}
