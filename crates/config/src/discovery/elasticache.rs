//! `elasticache_sd_configs`.

use promd_model::Duration;

use super::AwsKeys;
use crate::http::HttpClient;

record! {
    /// Caches of Amazon ElastiCache.
    pub struct ElastiCacheSd("aws.plain") {
        region: String;
        endpoint: String;
        keys: AwsKeys, inline;
        clusters: Vec<String>, omit;
        port: i64;
        refresh_interval: Duration, omit;
        /// How many requests are under way at once.
        request_concurrency: i64, omit;
        http: HttpClient, inline;
    }
}

over_http! { ElastiCacheSd { every: 60, port: 80, request_concurrency: 10 } }
