//! `vultr_sd_configs`.

use promd_model::Duration;

use crate::http::HttpClient;

record! {
    /// Instances of Vultr.
    pub struct VultrSd("vultr.plain") {
        http: HttpClient, inline;
        refresh_interval: Duration;
        port: i64;
    }
}

over_http! { VultrSd { every: 60, port: 80 } }
