//! What does not make sense in a web configuration.

use promd_model::{Duration, quote};

use super::{ClientAuth, WebConfig, WebTls};

impl WebConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        self.http.headers.iter().try_for_each(|(name, value)| check_header(name, value))?;
        self.users.values().try_for_each(|hash| check_bcrypt(hash.expose()))?;
        if self.tls.is_enabled() { self.tls.check() } else { Ok(()) }
    }
}

impl WebTls {
    /// Whether the server speaks TLS.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        let texts = [&self.cert, &self.client_ca, &self.client_auth_type];
        let files = [&self.cert_file, &self.key_file, &self.client_ca_file];
        texts.iter().any(|text| !text.is_empty()) || files.iter().any(|file| !file.is_empty()) || !self.key.is_empty()
    }

    /// Whether clients must show certificates, if `client_auth_type` is something.
    ///
    /// # Errors
    ///
    /// If there is no such type.
    pub fn client_auth(&self) -> Result<ClientAuth, String> {
        match self.client_auth_type.as_str() {
            "" | "NoClientCert" => Ok(ClientAuth::None),
            "RequestClientCert" => Ok(ClientAuth::Request),
            "RequireAnyClientCert" | "RequireClientCert" => Ok(ClientAuth::RequireAny),
            "VerifyClientCertIfGiven" => Ok(ClientAuth::VerifyIfGiven),
            "RequireAndVerifyClientCert" => Ok(ClientAuth::RequireAndVerify),
            other => Err(format!("invalid ClientAuth: {other}")),
        }
    }

    fn check(&self) -> Result<(), String> {
        if self.cert.is_empty() && self.cert_file.is_empty() {
            return Err("missing one of cert or cert_file".to_owned());
        }
        if self.key.is_empty() && self.key_file.is_empty() {
            return Err("missing one of key or key_file".to_owned());
        }
        let has_authority = !self.client_ca.is_empty() || !self.client_ca_file.is_empty();
        if self.client_auth()? == ClientAuth::None && has_authority {
            return Err("client CA's have been configured without a Client Auth Policy".to_owned());
        }
        Ok(())
    }
}

/// Headers that may be set, with the values that are allowed if not all are.
fn check_header(name: &str, value: &str) -> Result<(), String> {
    let allowed: &[&str] = match name {
        "Strict-Transport-Security" | "X-XSS-Protection" | "Content-Security-Policy" => return Ok(()),
        "X-Content-Type-Options" => &["nosniff"],
        "X-Frame-Options" => &["deny", "sameorigin"],
        _ => return Err(format!("HTTP header {} can not be configured", quote::go(name))),
    };
    if allowed.contains(&value) {
        return Ok(());
    }
    let shown: Vec<String> = allowed.iter().map(|value| quote::go(*value).to_string()).collect();
    let value = quote::go(value);
    Err(format!("invalid value for {name}. Expected one of: [{}], but got: {value}", shown.join(" ")))
}

/// Checks the form of a hash, as Go's `bcrypt.Cost` does.
fn check_bcrypt(hash: &str) -> Result<(), String> {
    let bytes = hash.as_bytes();
    if bytes.len() < 59 {
        return Err("crypto/bcrypt: hashedSecret too short to be a bcrypted password".to_owned());
    }
    let Some([b'$', major, ..]) = bytes.first_chunk::<4>() else {
        let first = hash.chars().next().unwrap_or_default();
        return Err(format!(
            "crypto/bcrypt: bcrypt hashes must start with '$', but hashedSecret started with '{first}'"
        ));
    };
    if *major > b'2' {
        return Err(format!(
            "crypto/bcrypt: bcrypt algorithm version '{}' requested is newer than current version '2'",
            char::from(*major)
        ));
    }
    let rest = if bytes.get(2) == Some(&b'$') { bytes.get(3..) } else { bytes.get(4..) };
    let digits = rest.and_then(|rest| rest.get(..2)).and_then(|digits| str::from_utf8(digits).ok()).unwrap_or_default();
    let cost: i32 =
        digits.parse().map_err(|_| format!("strconv.Atoi: parsing {}: invalid syntax", quote::go(digits)))?;
    if (4..=31).contains(&cost) {
        return Ok(());
    }
    Err(format!("crypto/bcrypt: cost {cost} is outside allowed inclusive range 4..31"))
}

/// Go's notation for spans of time, in which fractions and several units may stand in any order.
pub(super) fn go_duration(text: &str) -> Option<Duration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut seconds = 0.0;
    let mut any = false;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at_checked(digits)?;
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit_end)?;
        let factor = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * factor;
        any = true;
        rest = after;
    }
    let nanos = (seconds * 1e9).round() / 1e9;
    any.then(|| Duration::from_secs_f64(if negative { -nanos } else { nanos })).flatten()
}
