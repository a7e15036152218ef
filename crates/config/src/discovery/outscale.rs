//! `outscale_sd_configs`.

use promd_model::Duration;

use super::{one_secret, require};
use crate::http::HttpClient;
use crate::path::FilePath;
use crate::secret::Secret;

record! {
    /// Virtual machines of Outscale.
    pub struct OutscaleSd("outscale.plain") {
        /// That of the region, if it is not given.
        endpoint: String, omit;
        region: String;
        access_key: String;
        secret_key: Secret;
        secret_key_file: FilePath;
        refresh_interval: Duration, omit;
        port: i64;
        http: HttpClient, inline;
    }
}

over_http! { OutscaleSd { every: 60, port: 80, region: "eu-west-2".to_owned() }, check: Self::check }

impl OutscaleSd {
    fn check(&mut self) -> Result<(), String> {
        require(&self.region, "outscale SD configuration requires a region")?;
        require(&self.access_key, "outscale SD configuration requires access_key")?;
        one_secret(&self.secret_key, &self.secret_key_file)?;
        if self.endpoint.is_empty() {
            self.endpoint = format!("https://api.{}.outscale.com/api/v1", self.region);
        }
        Ok(())
    }
}
