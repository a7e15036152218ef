//! `ecs_sd_configs`.

use promd_model::Duration;

use crate::http::HttpClient;
use crate::secret::Secret;
use crate::yaml::Value;

record! {
    /// Tasks of Amazon ECS.
    pub struct EcsSd("aws.plain") {
        region: String;
        endpoint: String;
        access_key: String, omit;
        secret_key: Secret, omit;
        profile: String, omit;
        role_arn: String, omit;
        external_id: String, omit;
        clusters: Vec<String>, omit;
        port: i64;
        refresh_interval: Duration, omit;
        /// How many requests are under way at once.
        request_concurrency: i64, omit;
        http: HttpClient, inline;
    }
}

section! { EcsSd { fresh: EcsSd::default(), check: EcsSd::check } }

impl Default for EcsSd {
    fn default() -> Self {
        Self {
            port: 80,
            refresh_interval: Duration::from_nanos(60_000_000_000),
            request_concurrency: 20,
            http: HttpClient::default(),
            ..Self::zero()
        }
    }
}

impl EcsSd {
    fn check(&mut self) -> Result<(), String> {
        self.http.check()
    }
}
