//! `linode_sd_configs`.

use promd_model::Duration;

use crate::http::HttpClient;
use crate::yaml::Value;

record! {
    /// Instances of Linode.
    pub struct LinodeSd("linode.plain") {
        http: HttpClient, inline;
        refresh_interval: Duration;
        port: i64;
        tag_separator: String, omit;
        region: String, omit;
    }
}

section! { LinodeSd { fresh: LinodeSd::default(), check: LinodeSd::check } }

impl Default for LinodeSd {
    fn default() -> Self {
        Self {
            tag_separator: ",".to_owned(),
            port: 80,
            refresh_interval: Duration::from_nanos(60_000_000_000),
            http: HttpClient::default(),
            ..Self::zero()
        }
    }
}

impl LinodeSd {
    fn check(&mut self) -> Result<(), String> {
        self.http.check()
    }
}
