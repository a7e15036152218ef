//! What the client and the server have in common of TLS: one provider of algorithms, certificates from PEM, versions.

pub(crate) mod certificate;

use std::sync::{Arc, LazyLock};

use promd_config::TlsVersion;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, SupportedProtocolVersion};

/// The algorithms: always these, whatever else in the process chose for itself.
pub(crate) fn provider() -> &'static Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    &PROVIDER
}

/// The certificates that the operating system trusts. What it has that is no certificate is left out, as Go does.
pub(crate) fn system_roots() -> &'static Arc<RootCertStore> {
    static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    });
    &ROOTS
}

/// The certificates in a text: `None` if there is none. Other parts of the text are passed over, as Go does.
pub(crate) fn roots(pem: &[u8]) -> Option<Arc<RootCertStore>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok));
    if roots.is_empty() { None } else { Some(Arc::new(roots)) }
}

/// The certificates in a text, one by one.
pub(crate) fn certificates(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect()
}

/// A certificate with those that vouch for it, and its key. Errors are those of Go's `tls.X509KeyPair`.
pub(crate) fn key_pair(
    certificate: &[u8],
    key: &[u8],
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("tls: failed to parse certificate: {error}"))?;
    if chain.is_empty() {
        return Err("tls: failed to find any PEM data in certificate input".to_owned());
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => "tls: failed to find any PEM data in key input".to_owned(),
        error => format!("tls: failed to parse private key: {error}"),
    })?;
    Ok((chain, key))
}

/// The versions between two, both of them included. Older ones than 1.2 are not spoken: a range reaches into what is, or
/// is refused.
pub(crate) fn versions(
    min: Option<TlsVersion>,
    max: Option<TlsVersion>,
) -> Result<Vec<&'static SupportedProtocolVersion>, String> {
    let all = [(TlsVersion::Tls12, &rustls::version::TLS12), (TlsVersion::Tls13, &rustls::version::TLS13)];
    let is_within = |version: TlsVersion| min.is_none_or(|min| version >= min) && max.is_none_or(|max| version <= max);
    let versions: Vec<_> =
        all.into_iter().filter(|(version, _)| is_within(*version)).map(|(_, version)| version).collect();
    if versions.is_empty() {
        return Err("tls: no supported versions satisfy MinVersion and MaxVersion".to_owned());
    }
    Ok(versions)
}

/// The part of a verifier that looks at how whoever shows a certificate proves that it is theirs. Those that judge certificates in
/// their own way leave that to the provider.
macro_rules! proofs {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &rustls::pki_types::CertificateDer<'_>,
            dss: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            let algorithms = &$crate::tls::provider().signature_verification_algorithms;
            rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &rustls::pki_types::CertificateDer<'_>,
            dss: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            let algorithms = &$crate::tls::provider().signature_verification_algorithms;
            rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            $crate::tls::provider().signature_verification_algorithms.supported_schemes()
        }
    };
}
pub(crate) use proofs;
