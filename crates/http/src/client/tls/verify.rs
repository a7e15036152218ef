//! Who is believed to be whom one asked.

use std::sync::Arc;

use promd_model::Millis;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, OtherError, RootCertStore};

use crate::tls::{self, certificate, provider};

/// Whoever shows a certificate that somebody trusted vouches for, or that is itself trusted.
///
/// The second is what the certificates are that people make for themselves: `openssl req -x509` makes one that vouches for
/// others, too. A verifier by the book does not take such a one from a server; Go's does.
#[derive(Debug)]
pub(super) struct Careful {
    /// Nobody, where the system trusts nobody.
    inner: Option<Arc<WebPkiServerVerifier>>,
    trusted: Vec<CertificateDer<'static>>,
}

impl Careful {
    /// Trusts `roots`, and servers that show one of `trusted`.
    pub(super) fn new(roots: Arc<RootCertStore>, trusted: Vec<CertificateDer<'static>>) -> Result<Self, String> {
        if roots.is_empty() {
            return Ok(Self { inner: None, trusted });
        }
        let inner = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider())).build();
        Ok(Self { inner: Some(inner.map_err(|error| format!("tls: {error}"))?), trusted })
    }
}

/// Whether a certificate that is trusted itself holds at this time and for this server, in the order of Go's
/// `Certificate.Verify`.
fn verify_trusted(
    shown: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, rustls::Error> {
    let (from, to) = certificate::validity(shown).ok_or(CertificateError::BadEncoding)?;
    let at = |time: Millis| {
        let seconds = u64::try_from(time.0 / 1_000).unwrap_or_default();
        UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
    };
    if now > at(to) {
        return Err(CertificateError::ExpiredContext { time: now, not_after: at(to) }.into());
    }
    if now < at(from) {
        return Err(CertificateError::NotValidYetContext { time: now, not_before: at(from) }.into());
    }
    rustls::client::verify_server_name(&ParsedCertificate::try_from(shown)?, name)?;
    if !certificate::is_for_servers(shown) {
        return Err(CertificateError::InvalidPurpose.into());
    }
    Ok(ServerCertVerified::assertion())
}

/// What is wrong with a name, where Go says more than the verifier: that the certificate has its name where it was put in
/// former times.
fn named(error: rustls::Error, shown: &CertificateDer<'_>, name: &ServerName<'_>) -> rustls::Error {
    match &error {
        rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })
            if !certificate::has_names(shown)
                && certificate::common_name(shown)
                    .is_some_and(|common| common.eq_ignore_ascii_case(&name.to_str())) =>
        {
            CertificateError::Other(OtherError(Arc::new(LegacyName))).into()
        }
        _ => error,
    }
}

/// The text of `HostnameError` in `crypto/x509/verify.go`.
#[derive(Debug, thiserror::Error)]
#[error("certificate relies on legacy Common Name field, use SANs instead")]
pub(super) struct LegacyName;

impl ServerCertVerifier for Careful {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = if self.trusted.iter().any(|trusted| trusted == shown) {
            verify_trusted(shown, name, now)
        } else if let Some(inner) = &self.inner {
            inner.verify_server_cert(shown, intermediates, name, ocsp, now)
        } else {
            Err(CertificateError::UnknownIssuer.into())
        };
        verified.map_err(|error| named(error, shown, name))
    }

    tls::proofs!();
}

/// `insecure_skip_verify`: whoever answers is believed to be whom one asked. That it holds the key of the certificate that it
/// shows is still verified, as in Go.
#[derive(Debug)]
pub(super) struct Trusting;

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
