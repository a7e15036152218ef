//! `hetzner_sd_configs`.

use promd_model::Duration;

use super::fail;
use crate::http::HttpClient;
use crate::yaml::Value;

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

section! { HetznerSd { fresh: HetznerSd::default(), check: HetznerSd::check } }

impl Default for HetznerSd {
    fn default() -> Self {
        Self {
            port: 80,
            refresh_interval: Duration::from_nanos(60_000_000_000),
            http: HttpClient::default(),
            ..Self::zero()
        }
    }
}

impl HetznerSd {
    fn check(&mut self) -> Result<(), String> {
        if self.role.is_none() {
            return fail("role missing (one of: robot, hcloud)");
        }
        self.http.check()
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
