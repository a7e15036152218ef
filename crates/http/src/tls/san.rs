//! The names that a certificate is for: the extension *subject alternative name* of X.509 (RFC 5280, section 4.2.1.6).
//!
//! ```text
//! Certificate     SEQUENCE { tbs, algorithm, signature }
//! tbs             SEQUENCE { [0] version?, serial, algorithm, issuer, validity, subject, key, [1]?, [2]?, [3] extensions? }
//! extensions      SEQUENCE of SEQUENCE { OBJECT IDENTIFIER, BOOLEAN?, OCTET STRING }
//! alternative     SEQUENCE of [1] mail | [2] DNS | [6] URI | [7] address | others
//! ```

use std::net::{Ipv4Addr, Ipv6Addr};

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const EXTENSIONS: u8 = 0xa3;
const MAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const URI: u8 = 0x86;
const ADDRESS: u8 = 0x87;
/// 2.5.29.17
const ALTERNATIVE_NAME: [u8; 3] = [0x55, 0x1d, 0x11];

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
    let (tbs, _) = expect(SEQUENCE, expect(SEQUENCE, certificate)?.0)?;
    let mut rest = tbs;
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
        if identifier != ALTERNATIVE_NAME {
            continue;
        }
        loop {
            let (tag, value, after) = element(fields)?;
            if tag == OCTET_STRING {
                return Some(expect(SEQUENCE, value)?.0);
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
            let _ = names(&der[..end]);
            let mut damaged = der.to_vec();
            damaged[end] ^= 0xff;
            let _ = names(&damaged);
        }
    }

    #[test]
    fn a_certificate_without_names() {
        let certificate = CertificateParams::default().self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert_eq!(names(certificate.der()), Vec::<String>::new());
    }
}
