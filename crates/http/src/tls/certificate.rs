//! What is read of a certificate (X.509, RFC 5280) beside what the verifier reads of it: the names that it is for, when it
//! holds, and what it may be used for.
//!
//! ```text
//! Certificate     SEQUENCE { tbs, algorithm, signature }
//! tbs             SEQUENCE { [0] version?, serial, algorithm, issuer, validity, subject, key, [1]?, [2]?, [3] extensions? }
//! validity        SEQUENCE { time, time }
//! subject         SEQUENCE of SET of SEQUENCE { OBJECT IDENTIFIER, text }
//! extensions      SEQUENCE of SEQUENCE { OBJECT IDENTIFIER, BOOLEAN?, OCTET STRING }
//! alternative     SEQUENCE of [1] mail | [2] DNS | [6] URI | [7] address | others
//! usage           SEQUENCE of OBJECT IDENTIFIER
//! ```

use std::net::{Ipv4Addr, Ipv6Addr};

use promd_model::Millis;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const MAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const URI: u8 = 0x86;
const ADDRESS: u8 = 0x87;
/// 2.5.4.3
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
/// 2.5.29.17
const ALTERNATIVE_NAME: [u8; 3] = [0x55, 0x1d, 0x11];
/// 2.5.29.37
const EXTENDED_USAGE: [u8; 3] = [0x55, 0x1d, 0x25];
/// 2.5.29.37.0
const ANY_USAGE: [u8; 4] = [0x55, 0x1d, 0x25, 0x00];
/// 1.3.6.1.5.5.7.3.1
const SERVER_USAGE: [u8; 8] = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];

/// The names of a certificate as text. A certificate that is not one has none: who signed it was asked before.
pub(crate) fn names(certificate: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let Some(mut list) = alternative_names(certificate) else { return names };
    while let Some((tag, value, rest)) = element(list) {
        list = rest;
        match tag {
            MAIL | DNS | URI => names.extend(str::from_utf8(value).map(str::to_owned)),
            ADDRESS => names.extend(address(value)),
            _ => {}
        }
    }
    names
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(bytes).to_string());
    }
    let address = Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?);
    // Go prints an IPv4 address in either form as one.
    Some(address.to_ipv4_mapped().map_or_else(|| address.to_string(), |address| address.to_string()))
}

fn alternative_names(certificate: &[u8]) -> Option<&[u8]> {
    Some(expect(SEQUENCE, extension(certificate, &ALTERNATIVE_NAME)?)?.0)
}

/// Whether a certificate says at all which names it is for, otherwise than in its subject.
pub(crate) fn has_names(certificate: &[u8]) -> bool {
    alternative_names(certificate).is_some()
}

/// The common name of the subject, in which old certificates have the name of a server.
pub(crate) fn common_name(certificate: &[u8]) -> Option<String> {
    let mut names = tbs(certificate)?.subject;
    while let Some((SET, set, rest)) = element(names) {
        names = rest;
        let (attribute, _) = expect(SEQUENCE, set)?;
        let (identifier, value) = expect(OBJECT_IDENTIFIER, attribute)?;
        if identifier == COMMON_NAME {
            return str::from_utf8(element(value)?.1).ok().map(str::to_owned);
        }
    }
    None
}

/// From when to when a certificate holds, both included.
pub(crate) fn validity(certificate: &[u8]) -> Option<(Millis, Millis)> {
    let (from, rest) = time(tbs(certificate)?.validity)?;
    Some((from, time(rest)?.0))
}

/// Whether a server may show a certificate: it says so, or says nothing of what it is for.
pub(crate) fn is_for_servers(certificate: &[u8]) -> bool {
    let Some(usage) = extension(certificate, &EXTENDED_USAGE) else { return true };
    let Some((mut usage, _)) = expect(SEQUENCE, usage) else { return false };
    while let Some((identifier, rest)) = expect(OBJECT_IDENTIFIER, usage) {
        if identifier == ANY_USAGE || identifier == SERVER_USAGE {
            return true;
        }
        usage = rest;
    }
    false
}

/// A time, `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`, and what follows it.
fn time(bytes: &[u8]) -> Option<(Millis, &[u8])> {
    let (tag, text, rest) = element(bytes)?;
    let text = str::from_utf8(text).ok()?;
    let (year, text) = match tag {
        UTC_TIME => {
            let (year, text) = text.split_at_checked(2)?;
            // RFC 5280, section 4.1.2.5.1.
            (format!("{}{year}", if year >= "50" { "19" } else { "20" }), text)
        }
        GENERALIZED_TIME => text.split_at_checked(4).map(|(year, text)| (year.to_owned(), text))?,
        _ => return None,
    };
    let part = |at: usize| text.get(at..at + 2);
    let (month, day, hour, minute, second) = (part(0)?, part(2)?, part(4)?, part(6)?, part(8)?);
    let text = format!("{year}-{month}-{day}T{hour}:{minute}:{second}{}", text.get(10..)?);
    Some((Millis::parse_param(&text).ok()?, rest))
}

/// The parts of a certificate that are read here.
struct Tbs<'a> {
    validity: &'a [u8],
    subject: &'a [u8],
    /// What follows the subject.
    rest: &'a [u8],
}

fn tbs(certificate: &[u8]) -> Option<Tbs<'_>> {
    let (tbs, _) = expect(SEQUENCE, expect(SEQUENCE, certificate)?.0)?;
    let tbs = expect(VERSION, tbs).map_or(tbs, |(_, rest)| rest);
    let (_, _, after_serial) = element(tbs)?;
    let (_, after_algorithm) = expect(SEQUENCE, after_serial)?;
    let (_, after_issuer) = expect(SEQUENCE, after_algorithm)?;
    let (validity, after_validity) = expect(SEQUENCE, after_issuer)?;
    let (subject, rest) = expect(SEQUENCE, after_validity)?;
    Some(Tbs { validity, subject, rest })
}

/// What the extension of this name holds.
fn extension<'a>(certificate: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut rest = tbs(certificate)?.rest;
    let extensions = loop {
        let (tag, value, after) = element(rest)?;
        if tag == EXTENSIONS {
            break value;
        }
        rest = after;
    };
    let (mut rest, _) = expect(SEQUENCE, extensions)?;
    loop {
        let (extension, after) = expect(SEQUENCE, rest)?;
        rest = after;
        let (identifier, mut fields) = expect(OBJECT_IDENTIFIER, extension)?;
        if identifier != name {
            continue;
        }
        loop {
            let (tag, value, after) = element(fields)?;
            if tag == OCTET_STRING {
                return Some(value);
            }
            fields = after;
        }
    }
}

/// The value of an element that must have this tag, and what follows it.
fn expect(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    element(bytes).filter(|(found, ..)| *found == tag).map(|(_, value, rest)| (value, rest))
}

/// The first element: its tag, its value, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, length, rest @ ..] = bytes else { return None };
    let (length, rest) = match *length {
        short @ 0..=0x7f => (usize::from(short), rest),
        // As many bytes of length as it says, four at most; DER has no open end.
        long @ 0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((*tag, value, rest))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    /// The certificate is made by another library.
    #[test]
    fn names_of_every_kind() {
        let mut params = CertificateParams::new(vec!["a.example".to_owned(), "*.b.example".to_owned()]).unwrap();
        params.subject_alt_names.extend([
            SanType::IpAddress("192.0.2.1".parse().unwrap()),
            SanType::IpAddress("2001:db8::1".parse().unwrap()),
            SanType::Rfc822Name("me@c.example".try_into().unwrap()),
            SanType::URI("spiffe://d.example/x".try_into().unwrap()),
        ]);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let expect = ["a.example", "*.b.example", "192.0.2.1", "2001:db8::1", "me@c.example", "spiffe://d.example/x"];
        assert_eq!(names(certificate.der()), expect);
        // And none of its beginnings, nor any flipped byte, does harm.
        let der = certificate.der().as_ref();
        for end in 0..der.len() {
            let mut damaged = der.to_vec();
            damaged[end] ^= 0xff;
            for bytes in [&der[..end], &damaged] {
                let _ = (names(bytes), validity(bytes), common_name(bytes), is_for_servers(bytes));
            }
        }
    }

    #[test]
    fn the_other_parts() {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "those who test");
        params.distinguished_name.push(rcgen::DnType::CommonName, "a.example");
        params.not_before = rcgen::date_time_ymd(1999, 12, 31);
        // From 2050 on times have four digits of a year.
        params.not_after = rcgen::date_time_ymd(2051, 1, 2);
        let made = |params: &CertificateParams| params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let certificate = made(&params);
        let der = certificate.der();
        let shown = validity(der).map(|(from, to)| format!("{} {}", from.rfc3339(), to.rfc3339()));
        assert_eq!(shown.as_deref(), Some("1999-12-31T00:00:00Z 2051-01-02T00:00:00Z"));
        assert_eq!(common_name(der).as_deref(), Some("a.example"));
        assert!(!has_names(der));
        assert!(is_for_servers(der));
        for (usage, expect) in [
            (rcgen::ExtendedKeyUsagePurpose::ClientAuth, false),
            (rcgen::ExtendedKeyUsagePurpose::ServerAuth, true),
            (rcgen::ExtendedKeyUsagePurpose::Any, true),
        ] {
            params.extended_key_usages = vec![usage];
            assert_eq!(is_for_servers(made(&params).der()), expect);
        }
    }

    #[test]
    fn a_certificate_without_names() {
        let certificate = CertificateParams::default().self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert_eq!(names(certificate.der()), Vec::<String>::new());
    }
}
