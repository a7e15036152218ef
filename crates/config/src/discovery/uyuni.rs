//! `uyuni_sd_configs`.

use promd_model::Duration;

use super::require;
use crate::http::HttpClient;
use crate::secret::Secret;
use crate::url::Url;
use crate::yaml::Value;

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

section! { UyuniSd { fresh: UyuniSd::default(), check: UyuniSd::check } }

impl Default for UyuniSd {
    fn default() -> Self {
        Self {
            entitlement: "monitoring_entitled".to_owned(),
            separator: ",".to_owned(),
            refresh_interval: Duration::from_nanos(60_000_000_000),
            http: HttpClient::default(),
            ..Self::zero()
        }
    }
}

impl UyuniSd {
    fn check(&mut self) -> Result<(), String> {
        require(&self.server, "Uyuni SD configuration requires server host")?;
        Url::parse(&self.server).map_err(|error| format!("Uyuni Server URL is not valid: {error}"))?;
        require(&self.username, "Uyuni SD configuration requires a username")?;
        require(self.password.expose(), "Uyuni SD configuration requires a password")?;
        self.http.check()
    }
}
