//! `lightsail_sd_configs`.

use promd_model::Duration;

use crate::http::HttpClient;
use crate::secret::Secret;
use crate::yaml::Value;

record! {
    /// Instances of Amazon Lightsail.
    pub struct LightsailSd("aws.plain") {
        endpoint: String;
        region: String;
        access_key: String, omit;
        secret_key: Secret, omit;
        profile: String, omit;
        role_arn: String, omit;
        external_id: String, omit;
        refresh_interval: Duration, omit;
        port: i64;
        http: HttpClient, inline;
    }
}

section! { LightsailSd { fresh: LightsailSd::default(), check: LightsailSd::check } }

impl Default for LightsailSd {
    fn default() -> Self {
        Self {
            port: 80,
            refresh_interval: Duration::from_nanos(60_000_000_000),
            http: HttpClient::default(),
            ..Self::zero()
        }
    }
}

impl LightsailSd {
    fn check(&mut self) -> Result<(), String> {
        self.http.check()
    }
}
