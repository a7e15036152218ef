//! Tokens from an authorization server.

use std::collections::BTreeMap;

use super::{ClientTls, Proxy, count};
use crate::path::FilePath;
use crate::secret::Secret;
use crate::yaml::Any;

record! {
    /// How a token is got by OAuth 2.
    pub struct OAuth2("config.plain") {
        client_id: String, omit;
        client_secret: Secret, omit;
        client_secret_file: FilePath, omit;
        client_secret_ref: String, omit;
        client_certificate_key_id: String, omit;
        client_certificate_key: Secret, omit;
        /// Relative to the working directory: Prometheus does not join this one.
        client_certificate_key_file: String, omit;
        client_certificate_key_ref: String, omit;
        /// `client_credentials` if it is empty, or [`JWT_BEARER`](Self::JWT_BEARER).
        grant_type: String, omit;
        /// `RS256` if it is empty.
        signature_algorithm: String, omit;
        iss: String, omit;
        audience: String, omit;
        claims: BTreeMap<String, Any>, omit;
        scopes: Vec<String>, omit;
        token_url: String, omit;
        endpoint_params: BTreeMap<String, String>, omit;
        tls: ClientTls = "tls_config", omit;
        proxy: Proxy, inline;
    }
}

section! { OAuth2 {} }

impl OAuth2 {
    /// The grant by a signed token (RFC 7523).
    pub const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

    pub(super) fn check(&self) -> Result<(), String> {
        let fail = |text: &str| Err(text.to_owned());
        if self.client_id.is_empty() {
            return fail("oauth2 client_id must be configured");
        }
        if self.token_url.is_empty() {
            return fail("oauth2 token_url must be configured");
        }
        if self.grant_type == Self::JWT_BEARER {
            let key = [
                !self.client_certificate_key.is_empty(),
                !self.client_certificate_key_file.is_empty(),
                !self.client_certificate_key_ref.is_empty(),
            ];
            if count(&key) > 1 {
                return fail(
                    "at most one of oauth2 client_certificate_key, client_certificate_key_file & \
                     client_certificate_key_ref must be configured using \
                     grant-type=urn:ietf:params:oauth:grant-type:jwt-bearer",
                );
            }
            if !matches!(self.signature_algorithm.as_str(), "" | "RS256" | "RS384" | "RS512") {
                return fail("valid signature algorithms are RS256, RS384 and RS512");
            }
            return Ok(());
        }
        let secret =
            [!self.client_secret.is_empty(), !self.client_secret_file.is_empty(), !self.client_secret_ref.is_empty()];
        if count(&secret) > 1 {
            return fail(
                "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured using \
                 grant-type=client_credentials",
            );
        }
        Ok(())
    }
}
