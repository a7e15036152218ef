//! `ionos_sd_configs`.

use promd_model::Duration;

use super::require;
use crate::http::HttpClient;
use crate::yaml::Value;

record! {
    /// Servers of IONOS Cloud.
    pub struct IonosSd("ionos.plain") {
        datacenter_id: String;
        http: HttpClient, inline;
        refresh_interval: Duration;
        port: i64;
    }
}

section! { IonosSd { fresh: IonosSd::default(), check: IonosSd::check } }

impl Default for IonosSd {
    fn default() -> Self {
        Self {
            refresh_interval: Duration::from_nanos(60_000_000_000),
            port: 80,
            http: HttpClient::default(),
            ..Self::zero()
        }
    }
}

impl IonosSd {
    fn check(&mut self) -> Result<(), String> {
        require(&self.datacenter_id, "datacenter id can't be empty")?;
        self.http.check()
    }
}
