//! `consul_sd_configs`.

use std::collections::BTreeMap;

use promd_model::Duration;

use super::{fail, require};
use crate::http::{BasicAuth, HttpClient};
use crate::secret::Secret;

record! {
    /// Services of Consul.
    pub struct ConsulSd("consul.plain") {
        server: String, omit;
        path_prefix: String, omit;
        token: Secret, omit;
        datacenter: String, omit;
        namespace: String, omit;
        partition: String, omit;
        tag_separator: String, omit;
        scheme: String, omit;
        username: String, omit;
        password: Secret, omit;
        /// Whether any server may answer.
        allow_stale: bool;
        refresh_interval: Duration, omit;
        /// All, if there are none.
        services: Vec<String>, omit;
        tags: Vec<String>, omit;
        node_meta: BTreeMap<String, String>, omit;
        filter: String, omit;
        health_filter: String, omit;
        http: HttpClient, inline;
    }
}

over_http! { ConsulSd { every: 30, tag_separator: ",".to_owned(), scheme: "http".to_owned(), server: "localhost:8500".to_owned(), allow_stale: true }, check: Self::check }

impl ConsulSd {
    fn check(&mut self) -> Result<(), String> {
        require(self.server.trim(), "consul SD configuration requires a server address")?;
        if !self.username.is_empty() || !self.password.is_empty() {
            if self.http.basic_auth.is_some() {
                return fail(
                    "at most one of consul SD configuration username and password and basic auth can be configured",
                );
            }
            self.http.basic_auth = Some(BasicAuth::new(&self.username, self.password.clone()));
        }
        if !self.token.is_empty() && (self.http.authorization.is_some() || self.http.oauth2.is_some()) {
            return fail("at most one of consul SD token, authorization, or oauth2 can be configured");
        }
        Ok(())
    }
}
