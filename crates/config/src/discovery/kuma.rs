//! `kuma_sd_configs`.

use promd_model::Duration;

use super::fail;
use crate::http::HttpClient;
use crate::url::Url;

record! {
    /// Data planes of a Kuma mesh.
    pub struct KumaSd("xds.plainKumaConf") {
        http: HttpClient, inline;
        refresh_interval: Duration, omit;
        fetch_timeout: Duration, omit;
        server: String, omit;
        client_id: String, omit;
    }
}

over_http! { KumaSd { every: 15, fetch_timeout: Duration::from_nanos(120_000_000_000) }, check: Self::check }

impl KumaSd {
    fn check(&mut self) -> Result<(), String> {
        if self.server.is_empty() {
            return fail("kuma SD server must not be empty: ");
        }
        let url = Url::parse(&self.server)?;
        if url.scheme().is_empty() || url.host().is_empty() {
            return Err(format!("kuma SD server must not be empty and have a scheme: {}", self.server));
        }
        Ok(())
    }
}
