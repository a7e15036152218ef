//! `eureka_sd_configs`.

use promd_model::Duration;

use super::{fail, require};
use crate::http::HttpClient;
use crate::url::Url;

record! {
    /// Instances of Eureka.
    pub struct EurekaSd("eureka.plain") {
        server: String, omit;
        http: HttpClient, inline;
        refresh_interval: Duration, omit;
    }
}

over_http! { EurekaSd { every: 30 }, check: Self::check }

impl EurekaSd {
    fn check(&mut self) -> Result<(), String> {
        require(&self.server, "eureka_sd: empty or null eureka server")?;
        let url = Url::parse(&self.server)?;
        if url.scheme().is_empty() || url.host().is_empty() {
            return fail("eureka_sd: invalid eureka server URL");
        }
        Ok(())
    }
}
