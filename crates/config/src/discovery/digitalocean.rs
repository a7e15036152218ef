//! `digitalocean_sd_configs`.

use promd_model::Duration;

use super::fail;
use crate::http::HttpClient;

record! {
    /// Machines of DigitalOcean.
    pub struct DigitalOceanSd("digitalocean.plain") {
        http: HttpClient, inline;
        refresh_interval: Duration;
        port: i64;
        role: Option<DigitalOceanRole>;
    }
}

over_http! { DigitalOceanSd { every: 60, port: 80, role: Some(DigitalOceanRole::Droplets) }, check: Self::check }

impl DigitalOceanSd {
    fn check(&mut self) -> Result<(), String> {
        if self.role.is_none() {
            return fail("role missing (one of: droplets, databases)");
        }
        Ok(())
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
