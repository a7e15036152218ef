//! `uyuni_sd_configs`.

use promd_model::Duration;

use super::require;
use crate::http::HttpClient;
use crate::secret::Secret;
use crate::url::Url;

record! {
    /// Systems of Uyuni.
    pub struct UyuniSd("uyuni.plain") {
        server: String;
        username: String;
        password: Secret;
        http: HttpClient, inline;
        entitlement: String, omit;
        separator: String, omit;
        refresh_interval: Duration, omit;
    }
}

over_http! { UyuniSd { every: 60, entitlement: "monitoring_entitled".to_owned(), separator: ",".to_owned() }, check: Self::check }

impl UyuniSd {
    fn check(&mut self) -> Result<(), String> {
        require(&self.server, "Uyuni SD configuration requires server host")?;
        Url::parse(&self.server).map_err(|error| format!("Uyuni Server URL is not valid: {error}"))?;
        require(&self.username, "Uyuni SD configuration requires a username")?;
        require(self.password.expose(), "Uyuni SD configuration requires a password")?;
        Ok(())
    }
}
