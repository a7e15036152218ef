//! TLS of the server (`web/tls_config.go` of `prometheus/exporter-toolkit`): certificates that change while it runs, and
//! what clients must show.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use promd_config::{CipherSuite, ClientAuth, Curve, WebConfig, WebTls};
use promd_fs::Fs;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CipherSuite as Suite, DistinguishedName, NamedGroup, RootCertStore, ServerConfig};

use crate::tls;

/// No certificate or key is larger.
const MAX_BYTES: u64 = 16 << 20;

/// What connections are encrypted with, and what it was made of.
#[derive(Debug)]
pub(super) struct ServerTls {
    last: Mutex<Option<(Sources, Arc<ServerConfig>)>>,
}

/// All that the settings depend on.
#[derive(PartialEq)]
struct Sources {
    config: Arc<WebConfig>,
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Vec<u8>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sources")
    }
}

impl ServerTls {
    pub(super) fn new() -> Self {
        Self { last: Mutex::default() }
    }

    /// The settings for a connection: those of the last one, unless a file has changed since.
    pub(super) fn current(&self, config: &Arc<WebConfig>, fs: &dyn Fs) -> Result<Arc<ServerConfig>, String> {
        let tls = &config.tls;
        let read = |what: &str, path: &str, text: &str| {
            if path.is_empty() {
                return Ok(text.as_bytes().to_vec());
            }
            fs.read_to_vec(Path::new(path), MAX_BYTES).map_err(|error| match what {
                "" => error.to_string(),
                what => format!("failed to read {what} ({path}): {error}"),
            })
        };
        let sources = Sources {
            config: Arc::clone(config),
            certificate: read("cert_file", &tls.cert_file, &tls.cert)?,
            key: read("key_file", &tls.key_file, tls.key.expose())?,
            client_ca: read("", &tls.client_ca_file, &tls.client_ca)?,
        };
        let mut last = self.last.lock();
        if let Some((_, settings)) = last.as_ref().filter(|(of, _)| *of == sources) {
            return Ok(Arc::clone(settings));
        }
        let settings = Arc::new(settings(&sources)?);
        *last = Some((sources, Arc::clone(&settings)));
        Ok(settings)
    }
}

fn settings(sources: &Sources) -> Result<ServerConfig, String> {
    let tls = &sources.config.tls;
    let (chain, key) = tls::key_pair(&sources.certificate, &sources.key)
        .map_err(|error| format!("failed to load X509KeyPair: {error}"))?;
    let provider = Arc::new(algorithms(tls)?);
    let versions = tls::versions(tls.min_version, tls.max_version)?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions)
        .map_err(|error| error.to_string())?;
    let builder = match clients(tls, &sources.client_ca, &provider)? {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut settings = builder
        .with_single_cert(chain, key)
        .map_err(|error| format!("failed to load X509KeyPair: tls: {}", lower(&error.to_string())))?;
    settings.alpn_protocols =
        if sources.config.http.http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
    Ok(settings)
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// The algorithms that the configuration leaves. As in Go, `cipher_suites` is about TLS 1.2 alone. Names that Go knows and
/// rustls does not (CBC suites, P-521) are passed over; nothing left is an error.
fn algorithms(tls: &WebTls) -> Result<CryptoProvider, String> {
    let mut provider = CryptoProvider::clone(tls::provider());
    if !tls.cipher_suites.is_empty() {
        let wanted: Vec<Suite> = tls.cipher_suites.iter().filter_map(suite).collect();
        provider.cipher_suites.retain(|suite| suite.tls13().is_some() || wanted.contains(&suite.suite()));
        if tls.max_version == Some(promd_config::TlsVersion::Tls12) && wanted.is_empty() {
            return Err("none of the cipher_suites is supported".to_owned());
        }
    }
    if !tls.curve_preferences.is_empty() {
        let known = std::mem::take(&mut provider.kx_groups);
        let wanted = tls.curve_preferences.iter().filter_map(group);
        provider.kx_groups =
            wanted.filter_map(|name| known.iter().find(|group| group.name() == name)).copied().collect();
        if provider.kx_groups.is_empty() {
            return Err("none of the curve_preferences is supported".to_owned());
        }
    }
    Ok(provider)
}

fn suite(name: &CipherSuite) -> Option<Suite> {
    Some(match name.as_str() {
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" => Suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" => Suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" => Suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" => Suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" => Suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" => Suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        _ => return None,
    })
}

fn group(name: &Curve) -> Option<NamedGroup> {
    Some(match name.as_str() {
        "CurveP256" => NamedGroup::secp256r1,
        "CurveP384" => NamedGroup::secp384r1,
        "CurveP521" => NamedGroup::secp521r1,
        "X25519" => NamedGroup::X25519,
        _ => return None,
    })
}

/// What is asked of clients, if anything.
fn clients(
    tls: &WebTls,
    client_ca: &[u8],
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, String> {
    let authority = || -> Result<Arc<dyn ClientCertVerifier>, String> {
        // Without an authority of its own, Go trusts the system's here as it does elsewhere.
        let roots = if client_ca.is_empty() {
            Arc::clone(tls::system_roots())
        } else {
            tls::roots(client_ca).unwrap_or_else(|| Arc::new(RootCertStore::empty()))
        };
        WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider))
            .build()
            .map_err(|error| format!("client_ca: {error}"))
    };
    let (required, authority) = match tls.client_auth()? {
        ClientAuth::None => return Ok(None),
        ClientAuth::Request => (false, None),
        ClientAuth::RequireAny => (true, None),
        ClientAuth::VerifyIfGiven => (false, Some(authority()?)),
        _ => (true, Some(authority()?)),
    };
    let allowed = tls.client_allowed_sans.clone();
    Ok(Some(Arc::new(ClientVerifier { required, authority, allowed })))
}

/// Judges the certificates of clients.
#[derive(Debug)]
struct ClientVerifier {
    required: bool,
    /// Who must have signed them; `None` if anybody may.
    authority: Option<Arc<dyn ClientCertVerifier>>,
    /// Of which names they must have one; empty if they need not.
    allowed: Vec<String>,
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.authority.as_ref().map_or(&[], |authority| authority.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if let Some(authority) = &self.authority {
            authority.verify_client_cert(end_entity, intermediates, now)?;
        }
        if !self.allowed.is_empty() {
            let names = tls::certificate::names(end_entity);
            if !names.iter().any(|name| self.allowed.contains(name)) {
                return Err(rustls::Error::General(format!(
                    "could not find allowed SANs in client cert, found: [{}]",
                    self.allowed.join(" ")
                )));
            }
        }
        Ok(ClientCertVerified::assertion())
    }

    tls::proofs!();
}
