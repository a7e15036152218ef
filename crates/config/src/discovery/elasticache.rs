//! `elasticache_sd_configs`.

use promd_model::Duration;

use crate::http::HttpClient;
use crate::secret::Secret;
use crate::yaml::Value;

record! {
    /// Caches of Amazon ElastiCache.
    pub struct ElastiCacheSd("aws.plain") {
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

section! { ElastiCacheSd { fresh: ElastiCacheSd::default(), check: ElastiCacheSd::check } }

impl Default for ElastiCacheSd {
    fn default() -> Self {
        Self {
            port: 80,
            refresh_interval: Duration::from_nanos(60_000_000_000),
            request_concurrency: 10,
            http: HttpClient::default(),
            ..Self::zero()
        }
    }
}

impl ElastiCacheSd {
    fn check(&mut self) -> Result<(), String> {
        self.http.check()
    }
}
