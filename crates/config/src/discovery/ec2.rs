//! `ec2_sd_configs`.

use promd_model::Duration;

use super::{AwsKeys, Filter, fail};
use crate::http::HttpClient;
use crate::list::List;

record! {
    /// Instances of Amazon EC2.
    pub struct Ec2Sd("aws.plain") {
        endpoint: String;
        region: String;
        keys: AwsKeys, inline;
        refresh_interval: Duration, omit;
        port: i64;
        filters: List<Filter>;
        http: HttpClient, inline;
    }
}

over_http! { Ec2Sd { every: 60, port: 80 }, check: Self::check }

impl Ec2Sd {
    fn check(&mut self) -> Result<(), String> {
        if self.filters.iter().any(|filter| filter.values.is_empty()) {
            return fail("EC2 SD configuration filter values cannot be empty");
        }
        Ok(())
    }
}
