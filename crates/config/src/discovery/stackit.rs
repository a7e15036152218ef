//! `stackit_sd_configs`.

use promd_model::Duration;
use promd_model::quote;

use super::fail;
use crate::http::HttpClient;
use crate::secret::Secret;
use crate::url::Url;

record! {
    /// Servers of STACKIT.
    pub struct StackitSd("stackit.plain") {
        http: HttpClient, inline;
        project: String;
        refresh_interval: Duration, omit;
        port: i64, omit;
        region: String, omit;
        endpoint: String, omit;
        service_account_key: Secret, omit;
        private_key: Secret, omit;
        service_account_key_path: String, omit;
        private_key_path: String, omit;
        credentials_file_path: String, omit;
    }
}

over_http! { StackitSd { every: 60, region: "eu01".to_owned(), port: 80 }, check: Self::check }

impl StackitSd {
    fn check(&mut self) -> Result<(), String> {
        if self.endpoint.is_empty() && self.region.is_empty() {
            return fail("stackit_sd: endpoint and region missing");
        }
        Url::parse(&self.endpoint)
            .map_err(|error| format!("stackit_sd: invalid endpoint {}: {error}", quote::go(&self.endpoint)))?;
        Ok(())
    }
}
