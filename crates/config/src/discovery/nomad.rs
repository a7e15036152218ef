//! `nomad_sd_configs`.

use promd_model::Duration;

use super::require;
use crate::http::HttpClient;
use crate::yaml::Value;

record! {
    /// Services of Nomad.
    pub struct NomadSd("nomad.plain") {
        allow_stale: bool;
        http: HttpClient, inline;
        namespace: String;
        refresh_interval: Duration;
        region: String;
        server: String;
        tag_separator: String, omit;
    }
}

section! { NomadSd { fresh: NomadSd::default(), check: NomadSd::check } }

impl Default for NomadSd {
    fn default() -> Self {
        Self {
            allow_stale: true,
            http: HttpClient::default(),
            namespace: "default".to_owned(),
            refresh_interval: Duration::from_nanos(60_000_000_000),
            region: "global".to_owned(),
            server: "http://localhost:4646".to_owned(),
            tag_separator: ",".to_owned(),
            ..Self::zero()
        }
    }
}

impl NomadSd {
    fn check(&mut self) -> Result<(), String> {
        require(self.server.trim(), "nomad SD configuration requires a server address")?;
        self.http.check()
    }
}
