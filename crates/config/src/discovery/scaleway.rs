//! `scaleway_sd_configs`.

use promd_model::Duration;

use super::{fail, one_secret, require};
use crate::http::HttpClient;
use crate::path::FilePath;
use crate::secret::Secret;

record! {
    /// Servers of Scaleway.
    pub struct ScalewaySd("scaleway.plain") {
        project_id: String;
        api_url: String, omit;
        zone: String;
        access_key: String;
        secret_key: Secret;
        secret_key_file: FilePath;
        name_filter: String, omit;
        tags_filter: Vec<String>, omit;
        http: HttpClient, inline;
        refresh_interval: Duration;
        port: i64;
        role: Option<ScalewayRole>;
    }
}

over_http! { ScalewaySd { every: 60, port: 80, zone: "fr-par-1".to_owned(), api_url: "https://api.scaleway.com".to_owned() }, check: Self::check }

impl ScalewaySd {
    fn check(&mut self) -> Result<(), String> {
        if self.role.is_none() {
            return fail("role missing (one of: instance, baremetal)");
        }
        require(&self.project_id, "project_id is mandatory")?;
        one_secret(&self.secret_key, &self.secret_key_file)?;
        require(&self.access_key, "access_key is mandatory")?;
        Ok(())
    }
}

roles! {
    /// What is looked for.
    pub enum ScalewayRole("unknown role") {
        /// `instance`
        Instance = "instance",
        /// `baremetal`
        Baremetal = "baremetal",
    }
}
