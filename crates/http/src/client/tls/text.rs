//! Errors of TLS in Go's words.

use promd_model::Millis;
use rustls::pki_types::{ServerName, UnixTime};

use super::verify::LegacyName;

/// What Go's `crypto/tls` and `crypto/x509` say of an error.
pub(in crate::client) fn text(error: &std::io::Error) -> String {
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
        E::Expired | E::NotValidYet => "certificate has expired or is not yet valid: ".to_owned(),
        E::ExpiredContext { time, not_after } => not_valid(*time, "after", *not_after),
        E::NotValidYetContext { time, not_before } => not_valid(*time, "before", *not_before),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            "certificate specifies an incompatible key usage".to_owned()
        }
        // One that vouches for others, and that nobody who is trusted has vouched for.
        E::Other(other) if other.0.downcast_ref::<LegacyName>().is_none() => {
            "certificate signed by unknown authority".to_owned()
        }
        E::Other(other) => other.0.to_string(),
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

/// The text of `CertificateInvalidError` for a time that is not within those of the certificate.
fn not_valid(now: UnixTime, side: &str, limit: UnixTime) -> String {
    let shown = |time: UnixTime| {
        let millis = i64::try_from(time.as_secs()).ok().and_then(|seconds| seconds.checked_mul(1_000));
        Millis(millis.unwrap_or(i64::MAX)).rfc3339().to_string()
    };
    let (now, limit) = (shown(now), shown(limit));
    format!("certificate has expired or is not yet valid: current time {now} is {side} {limit}")
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
