//! `marathon_sd_configs`.

use promd_model::Duration;

use super::fail;
use crate::http::HttpClient;
use crate::path::FilePath;
use crate::secret::Secret;

record! {
    /// Applications of Marathon.
    pub struct MarathonSd("marathon.plain") {
        servers: Vec<String>, omit;
        refresh_interval: Duration, omit;
        auth_token: Secret, omit;
        auth_token_file: FilePath, omit;
        http: HttpClient, inline;
    }
}

over_http! { MarathonSd { every: 30 }, check: Self::check }

impl MarathonSd {
    fn check(&mut self) -> Result<(), String> {
        if self.servers.is_empty() {
            return fail("marathon_sd: must contain at least one Marathon server");
        }
        let (token, file) = (!self.auth_token.is_empty(), !self.auth_token_file.is_empty());
        if token && file {
            return fail("marathon_sd: at most one of auth_token & auth_token_file must be configured");
        }
        if token || file {
            if self.http.basic_auth.is_some() {
                return fail("marathon_sd: at most one of basic_auth, auth_token & auth_token_file must be configured");
            }
            if !self.http.bearer_token.is_empty() || !self.http.bearer_token_file.is_empty() {
                return fail(
                    "marathon_sd: at most one of bearer_token, bearer_token_file, auth_token & auth_token_file must be \
                     configured",
                );
            }
            if self.http.authorization.is_some() {
                return fail(
                    "marathon_sd: at most one of auth_token, auth_token_file & authorization must be configured",
                );
            }
        }
        Ok(())
    }
}
