//! Tokens of OAuth 2: fetched when they are needed, and kept until shortly before they expire.

mod assertion;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use form_urlencoded::byte_serialize;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use parking_lot::Mutex;
use promd_clock::{Clock, Monotonic};
use promd_config::{HttpClient, OAuth2, Secret};
use promd_fs::Fs;
use promd_model::quote;
use serde_json::Value;

use super::credentials::secret;
use super::source::Source;
use super::{Client, ClientOptions};
use crate::body;

/// How long before its end a token is not used any more: `defaultExpiryDelta` of Go's `oauth2`.
const EARLY: Duration = Duration::from_secs(10);
/// No answer with a token is larger.
const MAX_ANSWER: usize = 1 << 20;

/// A token, as it is shown to servers.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) header: HeaderValue,
    expires: Option<Monotonic>,
}

/// Where tokens come from.
#[derive(Debug)]
pub(super) struct Tokens {
    config: OAuth2,
    credential: Option<Source>,
    client: Client,
    fs: Arc<dyn Fs>,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<Last>>,
    /// Whoever fetches a token does so alone; the others wait for it.
    turn: tokio::sync::Mutex<Style>,
}

#[derive(Debug)]
struct Last {
    /// What the token was fetched with.
    credential: Secret,
    token: Token,
}

/// How a server wants to be told who asks. That is found out by trying, as Go does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Unknown,
    Header,
    Parameters,
}

impl Tokens {
    pub(super) fn new(config: &OAuth2, options: &ClientOptions) -> Result<Self, String> {
        let is_assertion = config.grant_type == OAuth2::JWT_BEARER;
        let credential = if is_assertion {
            let key = &config.client_certificate_key;
            let file = &config.client_certificate_key_file;
            Source::new(key.expose(), file, &config.client_certificate_key_ref)
                .map_err(|error| format!("unable to use client certificate: {error}"))?
        } else {
            Source::new(config.client_secret.expose(), &config.client_secret_file, &config.client_secret_ref)
                .map_err(|error| format!("unable to use client secret: {error}"))?
        };
        let mut settings = HttpClient::default();
        settings.tls = config.tls.clone();
        settings.proxy = config.proxy.clone();
        let client = Client::new("oauth2", &settings, options.clone()).map_err(|error| error.to_string())?;
        Ok(Self {
            config: config.clone(),
            credential,
            client,
            fs: Arc::clone(&options.fs),
            clock: Arc::clone(&options.clock),
            last: Mutex::default(),
            turn: tokio::sync::Mutex::new(Style::Unknown),
        })
    }

    /// A token that is valid for a while. The future is boxed since it holds that of a client, which may hold this one.
    pub(super) fn token(&self) -> Pin<Box<dyn Future<Output = Result<Token, String>> + Send + '_>> {
        Box::pin(self.current())
    }

    async fn current(&self) -> Result<Token, String> {
        let credential = match &self.credential {
            Some(source) => {
                source.fetch(&*self.fs).map_err(|error| format!("unable to read oauth2 client secret: {error}"))?
            }
            None => Secret::default(),
        };
        if let Some(token) = self.kept(&credential) {
            return Ok(token);
        }
        let mut style = self.turn.lock().await;
        // Somebody else may have fetched one in the meantime.
        if let Some(token) = self.kept(&credential) {
            return Ok(token);
        }
        let token = if self.config.grant_type == OAuth2::JWT_BEARER {
            let form = assertion::form(&self.config, &credential, &*self.clock)?;
            self.fetch(form, None).await?
        } else {
            self.by_secret(&credential, &mut style).await?
        };
        *self.last.lock() = Some(Last { credential, token: token.clone() });
        Ok(token)
    }

    fn kept(&self, credential: &Secret) -> Option<Token> {
        let last = self.last.lock();
        let last = last.as_ref().filter(|last| last.credential == *credential)?;
        let is_valid = last.token.expires.is_none_or(|expires| self.clock.monotonic() < expires);
        is_valid.then(|| last.token.clone())
    }

    /// The grant `client_credentials`.
    async fn by_secret(&self, credential: &Secret, style: &mut Style) -> Result<Token, String> {
        let config = &self.config;
        let mut form = vec![("grant_type".to_owned(), "client_credentials".to_owned())];
        if !config.scopes.is_empty() {
            form.push(("scope".to_owned(), config.scopes.join(" ")));
        }
        for (name, value) in &config.endpoint_params {
            // Some servers want another grant type than the one of the standard.
            if name != "grant_type" && form.iter().any(|(taken, _)| taken == name) {
                return Err(format!("oauth2: cannot overwrite parameter {}", quote::go(name)));
            }
            form.retain(|(taken, _)| taken != name);
            form.push((name.clone(), value.clone()));
        }
        if *style != Style::Parameters {
            let escape = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let user = format!("{}:{}", escape(&config.client_id), escape(credential.expose()));
            let header = secret(&format!("Basic {}", STANDARD.encode(user)), "Authorization")?;
            match self.fetch(form.clone(), Some(header)).await {
                Ok(token) => {
                    *style = Style::Header;
                    return Ok(token);
                }
                Err(error) if *style == Style::Header => return Err(error),
                Err(_) => {}
            }
        }
        form.push(("client_id".to_owned(), config.client_id.clone()));
        if !credential.is_empty() {
            form.push(("client_secret".to_owned(), credential.expose().to_owned()));
        }
        let token = self.fetch(form, None).await?;
        *style = Style::Parameters;
        Ok(token)
    }

    async fn fetch(&self, mut form: Vec<(String, String)>, header: Option<HeaderValue>) -> Result<Token, String> {
        // As Go's `url.Values` are written.
        form.sort();
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = http::Request::post(&self.config.token_url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(body))
            .map_err(|error| format!("parse {}: {error}", quote::go(&self.config.token_url)))?;
        if let Some(header) = header {
            request.headers_mut().insert(AUTHORIZATION, header);
        }
        let response = self.client.send(&request).await.map_err(|error| error.to_string())?;
        let (head, body) = response.into_parts();
        let body =
            body::read(body, MAX_ANSWER).await.map_err(|error| format!("oauth2: cannot fetch token: {error}"))?;
        self.understand(head.status, head.headers.get(CONTENT_TYPE), &body)
    }

    fn understand(&self, status: StatusCode, kind: Option<&HeaderValue>, body: &[u8]) -> Result<Token, String> {
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let answer = if matches!(kind, "application/x-www-form-urlencoded" | "text/plain") {
            let pairs = form_urlencoded::parse(body);
            Value::Object(pairs.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect())
        } else {
            match serde_json::from_slice(body) {
                Ok(answer) => answer,
                Err(error) if status.is_success() => {
                    return Err(format!("oauth2: cannot parse json: {error}"));
                }
                Err(_) => Value::Null,
            }
        };
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
        let error = text("error");
        if !error.is_empty() {
            let mut message = format!("oauth2: {}", quote::go(error));
            for name in ["error_description", "error_uri"] {
                if !text(name).is_empty() {
                    message += &format!(" {}", quote::go(text(name)));
                }
            }
            return Err(message);
        }
        if !status.is_success() {
            let body = String::from_utf8_lossy(body);
            return Err(format!("oauth2: cannot fetch token: {status}\nResponse: {body}"));
        }
        if text("access_token").is_empty() {
            return Err("oauth2: server response missing access_token".to_owned());
        }
        let seconds = match answer.get("expires_in") {
            Some(Value::String(text)) => text.parse().unwrap_or(0),
            Some(number) => number.as_u64().unwrap_or(0),
            None => 0,
        };
        // No token lives for a hundred years, whatever the server says.
        let lifetime = Duration::from_secs(seconds.min(100 * 365 * 86_400));
        let expires = (seconds > 0).then(|| self.clock.monotonic() + lifetime.saturating_sub(EARLY));
        let kind = match text("token_type") {
            kind if kind.is_empty() || kind.eq_ignore_ascii_case("bearer") => "Bearer",
            kind if kind.eq_ignore_ascii_case("mac") => "MAC",
            kind if kind.eq_ignore_ascii_case("basic") => "Basic",
            kind => kind,
        };
        Ok(Token { header: secret(&format!("{kind} {}", text("access_token")), "Authorization")?, expires })
    }
}
