//! `azure_sd_configs`.

use promd_model::Duration;
use promd_model::quote;

use super::require;
use crate::http::HttpClient;
use crate::secret::Secret;

record! {
    /// Virtual machines of Azure.
    pub struct AzureSd("azure.plain") {
        environment: String, omit;
        port: i64;
        subscription_id: String;
        tenant_id: String, omit;
        client_id: String, omit;
        client_secret: Secret, omit;
        refresh_interval: Duration, omit;
        /// `OAuth`, `ManagedIdentity`, `SDK` or `WorkloadIdentity`.
        authentication_method: String, omit;
        resource_group: String, omit;
        http: HttpClient, inline;
    }
}

over_http! { AzureSd { every: 300, port: 80, environment: "AzurePublicCloud".to_owned(), authentication_method: "OAuth".to_owned() }, check: Self::check }

impl AzureSd {
    fn check(&mut self) -> Result<(), String> {
        let required = |value: &str, name: &str| require(value, &format!("azure SD configuration requires a {name}"));
        required(&self.subscription_id, "subscription_id")?;
        if self.authentication_method == "OAuth" {
            required(&self.tenant_id, "tenant_id")?;
            required(&self.client_id, "client_id")?;
            required(self.client_secret.expose(), "client_secret")?;
        }
        if !matches!(self.authentication_method.as_str(), "OAuth" | "ManagedIdentity" | "SDK" | "WorkloadIdentity") {
            return Err(format!(
                "unknown authentication_type {}. Supported types are \"OAuth\", \"ManagedIdentity\", \"SDK\" or \
                 \"WorkloadIdentity\"",
                quote::go(&self.authentication_method)
            ));
        }
        Ok(())
    }
}
