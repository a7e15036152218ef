//! TLS of the client: whom it trusts and what it shows, from files that may change while it runs.

mod text;
mod verify;

use std::sync::Arc;

use parking_lot::Mutex;
use promd_config::{ClientTls, Secret};
use promd_fs::Fs;
use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::ServerName;

use super::source::Source;
use crate::tls;
pub(super) use text::text;
use verify::{Careful, Trusting};

/// The settings of a client, and what they were made of.
#[derive(Debug)]
pub(super) struct TlsSettings {
    config: ClientTls,
    ca: Option<Source>,
    cert: Option<Source>,
    key: Option<Source>,
    http2: bool,
    last: Mutex<(Sources, Arc<ClientConfig>)>,
}

/// What was read.
#[derive(Debug, Default, PartialEq)]
struct Sources {
    ca: Option<Secret>,
    cert: Option<Secret>,
    key: Option<Secret>,
}

impl TlsSettings {
    pub(super) fn new(config: &ClientTls, http2: bool, fs: &dyn Fs) -> Result<Self, String> {
        if let (Some(min), Some(max)) = (config.min_version, config.max_version)
            && max < min
        {
            return Err("tls_config.max_version must be greater than or equal to tls_config.min_version if both are \
                        specified"
                .to_owned());
        }
        let source = |what: &str, text: &str, file: &str, reference: &str| {
            Source::new(text, file, reference).map_err(|error| format!("unable to use {what}: {error}"))
        };
        let ca = source("CA cert", &config.ca, &config.ca_file, &config.ca_ref)?;
        let cert = source("client cert", &config.cert, &config.cert_file, &config.cert_ref)?;
        let key = source("client key", config.key.expose(), &config.key_file, &config.key_ref)?;
        let placeholder = ClientConfig::builder_with_provider(Arc::clone(tls::provider()))
            .with_protocol_versions(&tls::versions(config.min_version, config.max_version)?)
            .map_err(|error| error.to_string())?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let last = Mutex::new((Sources::default(), Arc::new(placeholder)));
        let settings = Self { config: config.clone(), ca, cert, key, http2, last };
        let sources = settings.read(fs)?;
        let made = Arc::new(settings.make(&sources)?);
        *settings.last.lock() = (sources, made);
        Ok(settings)
    }

    /// Whether nothing of it can change.
    pub(super) fn is_inline(&self) -> bool {
        [&self.ca, &self.cert, &self.key].into_iter().flatten().all(Source::is_inline)
    }

    /// The settings of this moment, and whether they differ from those of the last call.
    pub(super) fn current(&self, fs: &dyn Fs) -> Result<(Arc<ClientConfig>, bool), String> {
        if self.is_inline() {
            return Ok((Arc::clone(&self.last.lock().1), false));
        }
        let sources = self.read(fs)?;
        let mut last = self.last.lock();
        let is_changed = last.0 != sources;
        if is_changed {
            let made = Arc::new(self.make(&sources)?);
            *last = (sources, made);
        }
        Ok((Arc::clone(&last.1), is_changed))
    }

    /// The name that the certificate of a host must be for.
    pub(super) fn server_name(&self, host: &str) -> Result<ServerName<'static>, String> {
        let name = if self.config.server_name.is_empty() { host } else { &self.config.server_name };
        ServerName::try_from(name.to_owned()).map_err(|_| format!("tls: {name:?} is no name of a server"))
    }

    fn read(&self, fs: &dyn Fs) -> Result<Sources, String> {
        let fetch = |source: &Option<Source>, what: &str| match source {
            Some(source) => source.fetch(fs).map(Some).map_err(|error| format!("unable to read {what}: {error}")),
            None => Ok(None),
        };
        Ok(Sources {
            ca: fetch(&self.ca, "CA cert")?,
            cert: fetch(&self.cert, "client cert")?,
            key: fetch(&self.key, "client key")?,
        })
    }

    fn make(&self, sources: &Sources) -> Result<ClientConfig, String> {
        let config = &self.config;
        let builder = ClientConfig::builder_with_provider(Arc::clone(tls::provider()))
            .with_protocol_versions(&tls::versions(config.min_version, config.max_version)?)
            .map_err(|error| error.to_string())?;
        let unusable = |source: &Source| format!("unable to use specified CA cert {}", source.description());
        let ca = match (&sources.ca, &self.ca) {
            (Some(pem), Some(source)) => {
                let pem = pem.expose().as_bytes();
                Some((tls::roots(pem).ok_or_else(|| unusable(source))?, tls::certificates(pem)))
            }
            _ => None,
        };
        let verifier: Arc<dyn ServerCertVerifier> = if config.insecure_skip_verify {
            Arc::new(Trusting)
        } else {
            let (roots, trusted) = ca.unwrap_or_else(|| (Arc::clone(tls::system_roots()), Vec::new()));
            Arc::new(Careful::new(roots, trusted)?)
        };
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        let mut made = match (&sources.cert, &sources.key) {
            (Some(cert), Some(key)) => {
                let unusable = |error: &str| {
                    let of = |source: &Option<Source>| source.as_ref().map(Source::description).unwrap_or_default();
                    let (cert, key) = (of(&self.cert), of(&self.key));
                    format!("unable to use specified client cert ({cert}) & key ({key}): {error}")
                };
                let (chain, key) = tls::key_pair(cert.expose().as_bytes(), key.expose().as_bytes())
                    .map_err(|error| unusable(&error))?;
                builder.with_client_auth_cert(chain, key).map_err(|error| unusable(&format!("tls: {error}")))?
            }
            _ => builder.with_no_client_auth(),
        };
        if self.http2 {
            made.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        Ok(made)
    }
}
