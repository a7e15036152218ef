//! `ec2_sd_configs`.

use promd_model::Duration;

use super::{Filter, fail};
use crate::http::HttpClient;
use crate::list::List;
use crate::secret::Secret;
use crate::yaml::Value;

record! {
    /// Instances of Amazon EC2.
    pub struct Ec2Sd("aws.plain") {
        endpoint: String;
        region: String;
        access_key: String, omit;
        secret_key: Secret, omit;
        profile: String, omit;
        role_arn: String, omit;
        external_id: String, omit;
        refresh_interval: Duration, omit;
        port: i64;
        filters: List<Filter>;
        http: HttpClient, inline;
    }
}

section! { Ec2Sd { fresh: Ec2Sd::default(), check: Ec2Sd::check } }

impl Default for Ec2Sd {
    fn default() -> Self {
        Self {
            port: 80,
            refresh_interval: Duration::from_nanos(60_000_000_000),
            http: HttpClient::default(),
            ..Self::zero()
        }
    }
}

impl Ec2Sd {
    fn check(&mut self) -> Result<(), String> {
        if self.filters.iter().any(|filter| filter.values.is_empty()) {
            return fail("EC2 SD configuration filter values cannot be empty");
        }
        self.http.check()
    }
}
