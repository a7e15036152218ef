//! `lightsail_sd_configs`.

use promd_model::Duration;

use super::AwsKeys;
use crate::http::HttpClient;

record! {
    /// Instances of Amazon Lightsail.
    pub struct LightsailSd("aws.plain") {
        endpoint: String;
        region: String;
        keys: AwsKeys, inline;
        refresh_interval: Duration, omit;
        port: i64;
        http: HttpClient, inline;
    }
}

over_http! { LightsailSd { every: 60, port: 80 } }
