//! `digitalocean_sd_configs`.

use promd_model::Duration;

use super::fail;
use crate::http::HttpClient;
use crate::yaml::Value;

record! {
    /// Machines of DigitalOcean.
    pub struct DigitalOceanSd("digitalocean.plain") {
        http: HttpClient, inline;
        refresh_interval: Duration;
        port: i64;
        role: Option<DigitalOceanRole>;
    }
}

section! { DigitalOceanSd { fresh: DigitalOceanSd::default(), check: DigitalOceanSd::check } }

impl Default for DigitalOceanSd {
    fn default() -> Self {
        Self {
            port: 80,
            refresh_interval: Duration::from_nanos(60_000_000_000),
            http: HttpClient::default(),
            role: Some(DigitalOceanRole::Droplets),
            ..Self::zero()
        }
    }
}

impl DigitalOceanSd {
    fn check(&mut self) -> Result<(), String> {
        if self.role.is_none() {
            return fail("role missing (one of: droplets, databases)");
        }
        self.http.check()
    }
}

roles! {
    /// What is looked for.
    pub enum DigitalOceanRole("unknown DigitalOcean SD role") {
        /// `droplets`
        Droplets = "droplets",
        /// `databases`
        Databases = "databases",
    }
}
