//! The configuration of the server's own HTTP server (`web/tls_config.go` of `prometheus/exporter-toolkit`).

mod check;

use std::collections::BTreeMap;
use std::path::Path;

use promd_fs::Fs;

use crate::error::Error;
use crate::http::TlsVersion;
use crate::path::{FilePath, parent};
use crate::secret::Secret;
use crate::yaml::parse::MAX_BYTES;
use crate::yaml::value::textual;
use crate::yaml::{Decoder, Dialect, Value, parse};

record! {
    /// How the server is reached: certificates, users, headers.
    pub struct WebConfig("web.Config") {
        tls: WebTls = "tls_server_config";
        http: WebHttp = "http_server_config";
        rate_limit: WebRateLimit;
        /// Hashes of passwords (bcrypt) by user.
        users: BTreeMap<String, Secret> = "basic_auth_users";
    }
}

record! {
    /// TLS of the server, which is off if nothing is said of it.
    pub struct WebTls("web.TLSConfig") {
        cert: String;
        key: Secret;
        client_ca: String;
        cert_file: FilePath;
        key_file: FilePath;
        /// Whether clients must have certificates; empty is no. See [`ClientAuth`].
        client_auth_type: String;
        client_ca_file: FilePath;
        cipher_suites: Vec<CipherSuite>;
        curve_preferences: Vec<Curve>;
        min_version: Option<TlsVersion>;
        max_version: Option<TlsVersion>;
        prefer_server_cipher_suites: bool;
        client_allowed_sans: Vec<String>;
    }
}

record! {
    /// HTTP of the server.
    pub struct WebHttp("web.HTTPConfig") {
        http2: bool;
        headers: BTreeMap<String, String>, omit;
    }
}

record! {
    /// How many requests are answered.
    pub struct WebRateLimit("web.RateLimiterConfig") {
        burst: i64;
        /// Between two requests; zero is no limit.
        interval: GoDuration;
    }
}

section! { WebConfig {} }
section! { WebTls {} }
section! { WebHttp {} }
section! { WebRateLimit {} }

/// Whether clients must show certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAuth {
    /// They are not asked.
    None,
    /// They are asked.
    Request,
    /// They must show one, whichever it is.
    RequireAny,
    /// One that they show must be good.
    VerifyIfGiven,
    /// They must show a good one.
    RequireAndVerify,
}

/// Declares names that Go has for something.
macro_rules! names {
    ($(#[$meta:meta])* $Name:ident, $go:literal, $unknown:literal, [$($text:literal),* $(,)?]) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $Name(&'static str);

        impl $Name {
            const ALL: &[&str] = &[$($text),*];

            /// What Go calls it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                self.0
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.0)
            }
        }

        textual!($Name, $Name(""), $go, |text| match $Name::ALL.iter().find(|name| **name == text) {
            Some(name) => Ok($Name(name)),
            None => Err(format!(concat!($unknown, ": {}"), text)),
        });
    };
}

names!(
    /// Algorithms that TLS may use.
    CipherSuite, "string", "unknown cipher",
    [
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    ]
);

names!(
    /// Elliptic curves that TLS may use.
    Curve, "string", "unknown curve",
    ["CurveP256", "CurveP384", "CurveP521", "X25519"]
);

/// A span of time in Go's own notation: `1.5s`, `300ms`, or nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct GoDuration(promd_model::Duration);

impl GoDuration {
    /// The span of time.
    #[must_use]
    pub const fn duration(self) -> promd_model::Duration {
        self.0
    }
}

impl Value for GoDuration {
    fn go_type() -> String {
        "time.Duration".to_owned()
    }

    fn zero() -> Self {
        Self::default()
    }

    fn is_zero(&self) -> bool {
        self.0 == promd_model::Duration::ZERO
    }

    fn decode(&mut self, node: &crate::yaml::Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        let scalar = decoder.scalar(node, &Self::go_type())?;
        if let Some(duration) = scalar.and_then(|(text, _)| check::go_duration(text)) {
            self.0 = duration;
            return Ok(true);
        }
        let mut nanos = 0;
        let good = i64::decode(&mut nanos, node, decoder)?;
        self.0 = promd_model::Duration::from_nanos(nanos);
        Ok(good)
    }

    fn tree(&self) -> crate::yaml::Tree {
        crate::yaml::Tree::Text(self.0.to_string())
    }
}

/// Why a web configuration cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebConfigError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] promd_fs::Error),
    /// The file is not a web configuration.
    #[error(transparent)]
    File(#[from] Error),
}

impl Default for WebConfig {
    fn default() -> Self {
        let tls = WebTls {
            min_version: Some(TlsVersion::Tls12),
            max_version: Some(TlsVersion::Tls13),
            prefer_server_cipher_suites: true,
            ..WebTls::zero()
        };
        Self { tls, http: WebHttp { http2: true, ..WebHttp::zero() }, ..Self::zero() }
    }
}

impl WebConfig {
    /// Reads a web configuration from its text, and checks it as far as that can be done without other files.
    ///
    /// ```
    /// use promd_config::WebConfig;
    ///
    /// let config = WebConfig::parse(b"http_server_config: {http2: false}")?;
    /// assert!(!config.http.http2 && !config.tls.is_enabled());
    /// # Ok::<_, promd_config::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What is wrong with it, in Prometheus' words.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let document = parse(text)?;
        let mut config = Self::default();
        Decoder::new(&document, Dialect::V2, true, &|_| None).run(&mut config)?;
        config.check().map_err(|text| Error::invalid(None, text))?;
        Ok(config)
    }

    /// Reads a web configuration from a file; relative paths in it become relative to the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not a web configuration.
    pub fn load(fs: &dyn Fs, file: &str) -> Result<Self, WebConfigError> {
        let mut config = Self::parse(&fs.read_to_vec(Path::new(file), MAX_BYTES as u64)?)?;
        config.join_paths(&parent(file));
        Ok(config)
    }
}
