//! TLS of the client: whom it trusts and what it shows, from files that may change while it runs.

use std::sync::Arc;

use parking_lot::Mutex;
use promd_config::{ClientTls, Secret};
use promd_fs::Fs;
use rustls::ClientConfig;
use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::source::Source;
use crate::tls;

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
        let roots = match (&sources.ca, &self.ca) {
            (Some(pem), Some(source)) => tls::roots(pem.expose().as_bytes())
                .ok_or_else(|| format!("unable to use specified CA cert {}", source.description()))?,
            _ => Arc::clone(tls::system_roots()),
        };
        let builder = if config.insecure_skip_verify {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Trusting))
        } else {
            builder.with_root_certificates(roots)
        };
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

/// `insecure_skip_verify`: whoever answers is believed to be whom one asked. That it holds the key of the certificate that it
/// shows is still verified, as in Go.
#[derive(Debug)]
struct Trusting;

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    tls::proofs!();
}

/// What Go's `crypto/tls` and `crypto/x509` say of an error.
pub(super) fn text(error: &std::io::Error) -> String {
    let Some(error) = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>()) else {
        return match error.kind() {
            std::io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
            _ => crate::errno::text(error),
        };
    };
    match error {
        rustls::Error::InvalidCertificate(error) => {
            format!("tls: failed to verify certificate: x509: {}", certificate(error))
        }
        rustls::Error::AlertReceived(alert) => format!("remote error: tls: {}", alert_text(*alert)),
        // What it begins with is no record of TLS: most likely it is HTTP.
        rustls::Error::InvalidMessage(_) => "http: server gave HTTP response to HTTPS client".to_owned(),
        error => format!("tls: {error}"),
    }
}

fn certificate(error: &rustls::CertificateError) -> String {
    use rustls::CertificateError as E;
    match error {
        E::UnknownIssuer => "certificate signed by unknown authority".to_owned(),
        E::Expired | E::ExpiredContext { .. } | E::NotValidYet | E::NotValidYetContext { .. } => {
            "certificate has expired or is not yet valid".to_owned()
        }
        E::NotValidForNameContext { expected: ServerName::IpAddress(address), presented } => {
            let address = std::net::IpAddr::from(*address);
            let addresses: Vec<_> = presented.iter().filter_map(|name| name.strip_prefix("IpAddress(")).collect();
            if addresses.is_empty() {
                return format!("cannot validate certificate for {address} because it doesn't contain any IP SANs");
            }
            let addresses: Vec<_> = addresses.iter().map(|address| address.trim_end_matches(')')).collect();
            format!("certificate is valid for {}, not {address}", addresses.join(", "))
        }
        E::NotValidForNameContext { expected, presented } => {
            let names: Vec<_> = presented
                .iter()
                .filter_map(|name| name.strip_prefix("DnsName(\"").and_then(|name| name.strip_suffix("\")")))
                .collect();
            let expected = expected.to_str();
            if names.is_empty() {
                return format!("certificate is not valid for any names, but wanted to match {expected}");
            }
            format!("certificate is valid for {}, not {expected}", names.join(", "))
        }
        error => error.to_string(),
    }
}

/// The texts of `crypto/tls/alert.go`.
fn alert_text(alert: rustls::AlertDescription) -> String {
    use rustls::AlertDescription as A;
    let text = match alert {
        A::HandshakeFailure => "handshake failure",
        A::BadCertificate => "bad certificate",
        A::UnsupportedCertificate => "unsupported certificate",
        A::CertificateRevoked => "revoked certificate",
        A::CertificateExpired => "expired certificate",
        A::CertificateUnknown => "unknown certificate",
        A::UnknownCA => "unknown certificate authority",
        A::AccessDenied => "access denied",
        A::ProtocolVersion => "protocol version not supported",
        A::InternalError => "internal error",
        A::UnrecognisedName => "unrecognized name",
        A::CertificateRequired => "certificate required",
        A::NoApplicationProtocol => "no application protocol",
        other => return format!("alert({})", u8::from(other)),
    };
    text.to_owned()
}
