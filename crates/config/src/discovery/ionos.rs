//! `ionos_sd_configs`.

use promd_model::Duration;

use super::require;
use crate::http::HttpClient;

record! {
    /// Servers of IONOS Cloud.
    pub struct IonosSd("ionos.plain") {
        datacenter_id: String;
        http: HttpClient, inline;
        refresh_interval: Duration;
        port: i64;
    }
}

over_http! { IonosSd { every: 60, port: 80 }, check: Self::check }

impl IonosSd {
    fn check(&mut self) -> Result<(), String> {
        require(&self.datacenter_id, "datacenter id can't be empty")?;
        Ok(())
    }
}
