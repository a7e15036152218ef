//! `oci_sd_configs`.

use promd_model::Duration;
use promd_model::quote;

use super::{fail, require};
use crate::http::HttpClient;
use crate::path::FilePath;
use crate::secret::Secret;

record! {
    /// Instances of Oracle Cloud.
    pub struct OciSd("oci.plain") {
        /// `api_key` or `instance_principal`.
        auth: String, omit;
        tenancy: String, omit;
        user: String, omit;
        fingerprint: String, omit;
        key_file: FilePath, omit;
        key_passphrase: Secret, omit;
        key_passphrase_file: FilePath, omit;
        region: String;
        compartments: Vec<String>, omit;
        http: HttpClient, inline;
        port: i64;
        refresh_interval: Duration;
    }
}

over_http! { OciSd { every: 60, port: 80, auth: "api_key".to_owned() }, check: Self::check }

impl OciSd {
    fn check(&mut self) -> Result<(), String> {
        require(&self.region, "oci_sd: region is required")?;
        let passphrase = (!self.key_passphrase.is_empty(), !self.key_passphrase_file.is_empty());
        match self.auth.as_str() {
            "api_key" => {
                require(&self.tenancy, "oci_sd: api_key auth requires tenancy")?;
                require(&self.user, "oci_sd: api_key auth requires user")?;
                require(&self.fingerprint, "oci_sd: api_key auth requires fingerprint")?;
                require(&self.key_file, "oci_sd: api_key auth requires key_file")?;
                if passphrase == (true, true) {
                    return fail("oci_sd: at most one of key_passphrase and key_passphrase_file must be configured");
                }
            }
            "instance_principal" => {
                let texts = [&self.tenancy, &self.user, &self.fingerprint, self.key_file.as_str()];
                if texts.iter().any(|text| !text.is_empty()) || passphrase != (false, false) {
                    return fail(
                        "oci_sd: instance_principal auth must not have tenancy, user, fingerprint, key_file, \
                         key_passphrase, or key_passphrase_file set",
                    );
                }
            }
            auth => {
                return Err(format!(
                    "oci_sd: unknown auth method {}, expected \"api_key\" or \"instance_principal\"",
                    quote::go(auth)
                ));
            }
        }
        if let Some(at) = self.compartments.iter().position(String::is_empty) {
            return Err(format!("oci_sd: compartments[{at}] must not be empty"));
        }
        if self.refresh_interval <= Duration::ZERO {
            return Err(format!("oci_sd: refresh_interval must be positive, got {}", self.refresh_interval));
        }
        Ok(())
    }
}
