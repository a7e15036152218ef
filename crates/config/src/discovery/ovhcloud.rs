//! `ovhcloud_sd_configs`.

use promd_model::Duration;

use super::require;
use crate::secret::Secret;
use crate::yaml::Value;

record! {
    /// Servers of OVHcloud.
    pub struct OvhCloudSd("ovhcloud.plain") {
        endpoint: String;
        application_key: String;
        application_secret: Secret;
        consumer_key: Secret;
        refresh_interval: Duration;
        /// `vps` or `dedicated_server`.
        service: String;
    }
}

section! { OvhCloudSd { fresh: OvhCloudSd::default(), check: OvhCloudSd::check } }

impl Default for OvhCloudSd {
    fn default() -> Self {
        Self { endpoint: "ovh-eu".to_owned(), refresh_interval: Duration::from_nanos(60_000_000_000), ..Self::zero() }
    }
}

impl OvhCloudSd {
    fn check(&mut self) -> Result<(), String> {
        require(&self.endpoint, "endpoint can not be empty")?;
        require(&self.application_key, "application key can not be empty")?;
        require(self.application_secret.expose(), "application secret can not be empty")?;
        require(self.consumer_key.expose(), "consumer key can not be empty")?;
        match self.service.as_str() {
            "dedicated_server" | "vps" => Ok(()),
            service => Err(format!("unknown service: {service}")),
        }
    }
}
