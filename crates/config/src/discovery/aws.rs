//! `aws_sd_configs`.

use promd_model::{Duration, quote};

use super::Filter;
use crate::http::HttpClient;
use crate::list::List;
use crate::secret::Secret;
use crate::yaml::Value;

record! {
    /// Anything of Amazon's that is looked for: by one role.
    pub struct AwsSd("aws.plain") {
        role: Option<AwsRole>;
        region: String, omit;
        endpoint: String, omit;
        keys: AwsKeys, inline;
        /// Zero: 60 seconds.
        refresh_interval: Duration, omit;
        /// Zero: 80.
        port: i64, omit;
        http: HttpClient, inline;
        /// For the roles `ec2` and `rds`.
        filters: List<Filter>, omit;
        /// For the roles other than `ec2` and `lightsail`.
        clusters: Vec<String>, omit;
    }
}

record! {
    /// Who asks.
    pub struct AwsKeys("aws.plain") {
        access_key: String, omit;
        secret_key: Secret, omit;
        profile: String, omit;
        role_arn: String, omit;
        external_id: String, omit;
    }
}

section! { AwsKeys {} }

section! { AwsSd { fresh: AwsSd::zero(), check: AwsSd::check } }

impl AwsSd {
    fn check(&mut self) -> Result<(), String> {
        match self.role {
            Some(_) => Ok(()),
            None => Err(format!("unknown AWS SD role {}", quote::go(""))),
        }
    }
}

roles! {
    /// What is looked for.
    pub enum AwsRole("unknown AWS SD role") {
        /// `ec2`
        Ec2 = "ec2",
        /// `ecs`
        Ecs = "ecs",
        /// `elasticache`
        Elasticache = "elasticache",
        /// `lightsail`
        Lightsail = "lightsail",
        /// `msk`
        Msk = "msk",
        /// `rds`
        Rds = "rds",
    }
}
