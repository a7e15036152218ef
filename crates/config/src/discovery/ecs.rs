//! `ecs_sd_configs`.

use promd_model::Duration;

use super::AwsKeys;
use crate::http::HttpClient;

record! {
    /// Tasks of Amazon ECS.
    pub struct EcsSd("aws.plain") {
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

over_http! { EcsSd { every: 60, port: 80, request_concurrency: 20 } }
