//! Who asks: the header `Authorization`, and headers of the configuration.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use promd_config::HttpClient;
use promd_fs::Fs;

use super::source::Source;

/// Sets the header `Authorization`, but for tokens, which have to be fetched.
#[derive(Debug)]
pub(super) enum Authorization {
    None,
    /// All of it stands in the configuration.
    Ready(HeaderValue),
    /// Part of it is in files, which are read for each request.
    Basic {
        username: Option<Source>,
        password: Option<Source>,
    },
    Credentials {
        kind: String,
        credentials: Option<Source>,
    },
}

impl Authorization {
    pub(super) fn new(config: &HttpClient, fs: &dyn Fs) -> Result<Self, String> {
        let unusable = |what: &'static str| move |error: String| format!("unable to use {what}: {error}");
        let authorization = if let Some(given) = &config.authorization {
            let credentials = Source::new(given.credentials.expose(), &given.credentials_file, &given.credentials_ref);
            let credentials = credentials.map_err(unusable("credentials"))?;
            Self::Credentials { kind: given.kind.clone(), credentials }
        } else if let Some(basic) = &config.basic_auth {
            let username = Source::new(&basic.username, &basic.username_file, &basic.username_ref);
            let password = Source::new(basic.password.expose(), &basic.password_file, &basic.password_ref);
            Self::Basic {
                username: username.map_err(unusable("username"))?,
                password: password.map_err(unusable("password"))?,
            }
        } else {
            return Ok(Self::None);
        };
        if authorization.is_inline()
            && let Some(value) = authorization.value(fs)?
        {
            return Ok(Self::Ready(value));
        }
        Ok(authorization)
    }

    fn is_inline(&self) -> bool {
        let is_inline = |source: &Option<Source>| source.as_ref().is_none_or(Source::is_inline);
        match self {
            Self::None | Self::Ready(_) => true,
            Self::Basic { username, password } => is_inline(username) && is_inline(password),
            Self::Credentials { credentials, .. } => is_inline(credentials),
        }
    }

    /// The value of the header.
    pub(super) fn value(&self, fs: &dyn Fs) -> Result<Option<HeaderValue>, String> {
        let fetch = |source: &Option<Source>, what: &str| match source {
            Some(source) => source.fetch(fs).map(Some).map_err(|error| format!("unable to read {what}: {error}")),
            None => Ok(None),
        };
        match self {
            Self::None => Ok(None),
            Self::Ready(value) => Ok(Some(value.clone())),
            Self::Basic { username, password } => {
                let username = fetch(username, "basic auth username")?.unwrap_or_default();
                let password = fetch(password, "basic auth password")?.unwrap_or_default();
                basic(username.expose(), password.expose()).map(Some)
            }
            Self::Credentials { kind, credentials } => {
                let credentials = fetch(credentials, "authorization credentials")?.unwrap_or_default();
                secret(&format!("{kind} {}", credentials.expose()), "Authorization").map(Some)
            }
        }
    }
}

/// The value of `Authorization` for a user and a password.
pub(super) fn basic(username: &str, password: &str) -> Result<HeaderValue, String> {
    secret(&format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))), "Authorization")
}

/// A value that is not shown by `Debug`.
pub(super) fn secret(text: &str, header: &str) -> Result<HeaderValue, String> {
    let mut value =
        HeaderValue::from_str(text).map_err(|_| format!("net/http: invalid header field value for \"{header}\""))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The headers of `http_headers`.
#[derive(Debug, Default)]
pub(super) struct Headers {
    /// Shown to every host.
    plain: Vec<(HeaderName, HeaderValue)>,
    /// Shown to the host alone that they are meant for.
    secret: Vec<(HeaderName, Source)>,
}

impl Headers {
    pub(super) fn new(config: &HttpClient) -> Result<Self, String> {
        let mut headers = Self::default();
        for (name, values) in config.headers.iter().flatten() {
            let header = HeaderName::try_from(name)
                .map_err(|_| format!("net/http: invalid header field name {}", promd_model::quote::go(name)))?;
            for value in &values.values {
                let value = HeaderValue::from_str(value).map_err(|_| {
                    format!("net/http: invalid header field value for {}", promd_model::quote::go(name))
                })?;
                headers.plain.push((header.clone(), value));
            }
            let secrets = values.secrets.iter().cloned().map(Source::Inline);
            let files = values.files.iter().cloned().map(Source::File);
            headers.secret.extend(secrets.chain(files).map(|source| (header.clone(), source)));
        }
        Ok(headers)
    }

    /// Adds them to a request. `is_home` says whether it goes to the host that the configuration means.
    pub(super) fn add(&self, headers: &mut HeaderMap, is_home: bool, fs: &dyn Fs) -> Result<(), String> {
        for (name, value) in &self.plain {
            if is_home || !is_sensitive(name) {
                headers.append(name.clone(), value.clone());
            }
        }
        for (name, source) in self.secret.iter().filter(|_| is_home) {
            let text = source.fetch(fs).map_err(|error| error.replacen("read file", "read headers file", 1))?;
            headers.append(name.clone(), secret(text.expose(), name.as_str())?);
        }
        Ok(())
    }
}

/// Whether Go's client drops this header when it is sent to another host.
pub(super) fn is_sensitive(name: &HeaderName) -> bool {
    *name == AUTHORIZATION
        || matches!(
            name.as_str(),
            "www-authenticate" | "cookie" | "cookie2" | "proxy-authorization" | "proxy-authenticate"
        )
}
