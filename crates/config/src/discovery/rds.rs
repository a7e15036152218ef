//! `rds_sd_configs`.

use promd_model::Duration;

use super::{AwsKeys, Filter};
use crate::http::HttpClient;
use crate::list::List;

record! {
    /// Databases of Amazon RDS.
    pub struct RdsSd("aws.plain") {
        region: String;
        endpoint: String;
        keys: AwsKeys, inline;
        clusters: Vec<String>, omit;
        port: i64;
        refresh_interval: Duration, omit;
        filters: List<Filter>;
        /// How many requests are under way at once.
        request_concurrency: i64, omit;
        http: HttpClient, inline;
    }
}

over_http! { RdsSd { every: 60, port: 80, request_concurrency: 10 } }
