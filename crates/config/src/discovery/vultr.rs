//! `vultr_sd_configs`.

use promd_model::Duration;

use crate::http::HttpClient;
use crate::yaml::Value;

record! {
    /// Instances of Vultr.
    pub struct VultrSd("vultr.plain") {
        http: HttpClient, inline;
        refresh_interval: Duration;
        port: i64;
    }
}

section! { VultrSd { fresh: VultrSd::default(), check: VultrSd::check } }

impl Default for VultrSd {
    fn default() -> Self {
        Self {
            port: 80,
            refresh_interval: Duration::from_nanos(60_000_000_000),
            http: HttpClient::default(),
            ..Self::zero()
        }
    }
}

impl VultrSd {
    fn check(&mut self) -> Result<(), String> {
        self.http.check()
    }
}
