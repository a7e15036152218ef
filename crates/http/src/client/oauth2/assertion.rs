//! The grant by a signed statement of who asks (RFC 7523): a JSON web token, signed by RSA.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use promd_clock::Clock;
use promd_config::{Any, OAuth2, Secret};
use promd_model::quote;
use rustls::SignatureScheme;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Map, Value, json};

use crate::tls;

/// For how long a statement holds, in seconds.
const LIFETIME: i64 = 600;

/// The form that asks for a token.
pub(super) fn form(config: &OAuth2, key: &Secret, clock: &dyn Clock) -> Result<Vec<(String, String)>, String> {
    let scopes = config.scopes.join(" ");
    let (algorithm, scheme) = match config.signature_algorithm.as_str() {
        "RS384" => ("RS384", SignatureScheme::RSA_PKCS1_SHA384),
        "RS512" => ("RS512", SignatureScheme::RSA_PKCS1_SHA512),
        _ => ("RS256", SignatureScheme::RSA_PKCS1_SHA256),
    };
    let mut header = json!({ "alg": algorithm, "typ": "JWT" });
    if !config.client_certificate_key_id.is_empty() {
        header["kid"] = Value::from(config.client_certificate_key_id.as_str());
    }
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let now = clock.wall().millis().div_euclid(1_000);
    let mut claims = Map::new();
    claims.insert("iss".to_owned(), or(&config.iss, &config.client_id).into());
    claims.insert("sub".to_owned(), config.client_id.as_str().into());
    claims.insert("jti".to_owned(), random()?.into());
    claims.insert("aud".to_owned(), or(&config.audience, &config.token_url).into());
    claims.insert("iat".to_owned(), now.into());
    claims.insert("exp".to_owned(), (now + LIFETIME).into());
    if !scopes.is_empty() {
        claims.insert("scope".to_owned(), scopes.as_str().into());
    }
    for (name, value) in &config.claims {
        claims.insert(name.clone(), claim(value));
    }
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let statement = format!("{}.{}", encode(&header), encode(&Value::Object(claims)));
    let signature = sign(statement.as_bytes(), key, scheme)?;
    let assertion = format!("{statement}.{}", URL_SAFE_NO_PAD.encode(signature));
    let mut form = vec![("grant_type".to_owned(), OAuth2::JWT_BEARER.to_owned()), ("assertion".to_owned(), assertion)];
    if !scopes.is_empty() {
        form.push(("scope".to_owned(), scopes));
    }
    for (name, value) in &config.endpoint_params {
        if name != "grant_type" && form.iter().any(|(taken, _)| taken == name) {
            return Err(format!("oauth2: cannot overwrite parameter {}", quote::go(name)));
        }
        form.retain(|(taken, _)| taken != name);
        form.push((name.clone(), value.clone()));
    }
    Ok(form)
}

/// A claim of the configuration. How deep it may be nested the reader of the configuration has seen to.
fn claim(value: &Any) -> Value {
    match value {
        Any::Bool(value) => Value::from(*value),
        Any::Int(value) => Value::from(*value),
        Any::Uint(value) => Value::from(*value),
        Any::Float(value) => Value::from(*value),
        Any::Text(value) => Value::from(value.as_str()),
        Any::List(items) => items.iter().map(claim).collect(),
        Any::Map(fields) => fields.iter().map(|(name, value)| (name.clone(), claim(value))).collect(),
        _ => Value::Null,
    }
}

/// Sixteen random bytes in hexadecimal: a name for a statement that no other has.
fn random() -> Result<String, String> {
    let mut bytes = [0; 16];
    let filled = tls::provider().secure_random.fill(&mut bytes);
    filled.map_err(|_| "oauth2: no random numbers".to_owned())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn sign(statement: &[u8], key: &Secret, scheme: SignatureScheme) -> Result<Vec<u8>, String> {
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
        .map_err(|_| "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key".to_owned())?;
    let key = tls::provider().key_provider.load_private_key(key).map_err(|error| error.to_string())?;
    let signer = key.choose_scheme(&[scheme]).ok_or("key is not a valid RSA private key")?;
    signer.sign(statement).map_err(|error| error.to_string())
}
