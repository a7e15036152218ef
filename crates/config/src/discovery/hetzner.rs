//! `hetzner_sd_configs`.

use promd_model::Duration;

use super::fail;
use crate::http::HttpClient;

record! {
    /// Servers of Hetzner.
    pub struct HetznerSd("hetzner.plain") {
        http: HttpClient, inline;
        refresh_interval: Duration;
        port: i64;
        role: Option<HetznerRole>;
        label_selector: String, omit;
    }
}

over_http! { HetznerSd { every: 60, port: 80 }, check: Self::check }

impl HetznerSd {
    fn check(&mut self) -> Result<(), String> {
        if self.role.is_none() {
            return fail("role missing (one of: robot, hcloud)");
        }
        Ok(())
    }
}

roles! {
    /// Which of Hetzner's interfaces is asked.
    pub enum HetznerRole("unknown role") {
        /// `robot`
        Robot = "robot",
        /// `hcloud`
        Hcloud = "hcloud",
    }
}
