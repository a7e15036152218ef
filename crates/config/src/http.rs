//! How a server is talked to: the settings that scraping, discovery, remote storage and alerting share
//! (`config/http_config.go` of `prometheus/common`).

mod auth;
mod headers;
mod oauth2;
mod proxy;
mod tls;

pub use auth::{Authorization, BasicAuth};
pub use headers::HttpHeader;
pub use oauth2::OAuth2;
pub use proxy::Proxy;
pub use tls::{ClientTls, TlsVersion};

use std::collections::BTreeMap;

use crate::path::FilePath;
use crate::secret::Secret;

record! {
    /// Settings of an HTTP client.
    pub struct HttpClient("config.plain") {
        /// User and password.
        basic_auth: Option<BasicAuth>, omit;
        /// Credentials of another kind; those of `bearer_token` come here too.
        authorization: Option<Authorization>, omit;
        /// Where a token is fetched.
        oauth2: Option<Box<OAuth2>>, omit;
        /// Only while a file is read: the old form of `authorization`.
        bearer_token: Secret, omit;
        /// Only while a file is read: the old form of `authorization`.
        bearer_token_file: FilePath, omit;
        /// Certificates and versions.
        tls: ClientTls = "tls_config", omit;
        /// Whether redirects are followed.
        follow_redirects: bool;
        /// Whether HTTP/2 may be spoken.
        enable_http2: bool;
        proxy: Proxy, inline;
        /// Headers that each request has.
        headers: Option<BTreeMap<String, HttpHeader>> = "http_headers", omit;
    }
}

section! { HttpClient { fresh: HttpClient::default(), check: HttpClient::check } }

impl Default for HttpClient {
    fn default() -> Self {
        Self { follow_redirects: true, enable_http2: true, ..<Self as crate::yaml::Value>::zero() }
    }
}

/// How many of these hold.
pub(crate) fn count(conditions: &[bool]) -> usize {
    conditions.iter().filter(|holds| **holds).count()
}

impl HttpClient {
    /// Checks that the settings agree, and moves the old forms to the newer ones.
    pub(crate) fn check(&mut self) -> Result<(), String> {
        let fail = |text: &str| Err(text.to_owned());
        let (token, token_file) = (!self.bearer_token.is_empty(), !self.bearer_token_file.is_empty());
        if token && token_file {
            return fail("at most one of bearer_token & bearer_token_file must be configured");
        }
        if (self.basic_auth.is_some() || self.oauth2.is_some()) && (token || token_file) {
            return fail("at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured");
        }
        if let Some(basic) = &self.basic_auth {
            basic.check()?;
        }
        match &mut self.authorization {
            Some(_) if token || token_file => {
                return fail("authorization is not compatible with bearer_token & bearer_token_file");
            }
            Some(authorization) => {
                authorization.check()?;
                if self.basic_auth.is_some() || self.oauth2.is_some() {
                    return fail("at most one of basic_auth, oauth2 & authorization must be configured");
                }
            }
            None if token || token_file => {
                let credentials = std::mem::take(&mut self.bearer_token);
                let credentials_file = std::mem::take(&mut self.bearer_token_file);
                self.authorization = Some(Authorization::bearer(credentials, credentials_file));
            }
            None => {}
        }
        if let Some(oauth2) = &self.oauth2 {
            if self.basic_auth.is_some() {
                return fail("at most one of basic_auth, oauth2 & authorization must be configured");
            }
            oauth2.check()?;
        }
        self.proxy.check()?;
        self.headers.as_ref().map_or(Ok(()), |headers| headers.keys().try_for_each(|name| headers::check(name)))
    }
}
