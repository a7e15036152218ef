//! `linode_sd_configs`.

use promd_model::Duration;

use crate::http::HttpClient;

record! {
    /// Instances of Linode.
    pub struct LinodeSd("linode.plain") {
        http: HttpClient, inline;
        refresh_interval: Duration;
        port: i64;
        tag_separator: String, omit;
        region: String, omit;
    }
}

over_http! { LinodeSd { every: 60, tag_separator: ",".to_owned(), port: 80 } }
