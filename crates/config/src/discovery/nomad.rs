//! `nomad_sd_configs`.

use promd_model::Duration;

use super::require;
use crate::http::HttpClient;

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

over_http! { NomadSd { every: 60, allow_stale: true, namespace: "default".to_owned(), region: "global".to_owned(), server: "http://localhost:4646".to_owned(), tag_separator: ",".to_owned() }, check: Self::check }

impl NomadSd {
    fn check(&mut self) -> Result<(), String> {
        require(self.server.trim(), "nomad SD configuration requires a server address")?;
        Ok(())
    }
}
