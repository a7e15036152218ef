//! TLS of clients.

use std::fmt;
use std::str::FromStr;

use super::count;
use crate::path::FilePath;
use crate::secret::Secret;
use crate::yaml::value::textual;

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.0.
    Tls10,
    /// TLS 1.1.
    Tls11,
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl TlsVersion {
    /// What the configuration calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tls10 => "TLS10",
            Self::Tls11 => "TLS11",
            Self::Tls12 => "TLS12",
            Self::Tls13 => "TLS13",
        }
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TlsVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Tls10, Self::Tls11, Self::Tls12, Self::Tls13];
        all.into_iter().find(|version| version.as_str() == text).ok_or_else(|| format!("unknown TLS version: {text}"))
    }
}

textual!(TlsVersion, TlsVersion::Tls12, "config.TLSVersion", str::parse);

record! {
    /// Which certificates are trusted and shown, and which versions are spoken. Each certificate and key is given here, in
    /// a file, or by a secret manager.
    pub struct ClientTls("config.plain") {
        ca: String, omit;
        cert: String, omit;
        key: Secret, omit;
        ca_file: FilePath, omit;
        cert_file: FilePath, omit;
        key_file: FilePath, omit;
        ca_ref: String, omit;
        cert_ref: String, omit;
        key_ref: String, omit;
        /// The name that the certificate must be for, if it is not that of the host.
        server_name: String, omit;
        insecure_skip_verify: bool;
        min_version: Option<TlsVersion>, omit;
        max_version: Option<TlsVersion>, omit;
    }
}

section! { ClientTls { check: ClientTls::check } }

impl ClientTls {
    fn check(&mut self) -> Result<(), String> {
        let fail = |text: &str| Err(text.to_owned());
        let ca = [!self.ca.is_empty(), !self.ca_file.is_empty(), !self.ca_ref.is_empty()];
        let cert = [!self.cert.is_empty(), !self.cert_file.is_empty(), !self.cert_ref.is_empty()];
        let key = [!self.key.is_empty(), !self.key_file.is_empty(), !self.key_ref.is_empty()];
        if count(&ca) > 1 {
            return fail("at most one of ca, ca_file & ca_ref must be configured");
        }
        if count(&cert) > 1 {
            return fail("at most one of cert, cert_file & cert_ref must be configured");
        }
        if count(&key) > 1 {
            return fail("at most one of key and key_file must be configured");
        }
        match (count(&cert), count(&key)) {
            (1, 0) => fail("exactly one of key or key_file must be configured when a client certificate is configured"),
            (0, 1) => fail("exactly one of cert or cert_file must be configured when a client key is configured"),
            _ => Ok(()),
        }
    }
}
