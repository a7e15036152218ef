//! Which encoding of an answer a client wants.

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;
use promd_codec::compress::Compression;

/// The encoding to answer with: of those that are known the one with the highest weight, and of several the first, since
/// that is the one that Prometheus takes. A weight of 0 rules out, and so does one that is no number.
pub(crate) fn choose(headers: &HeaderMap) -> Compression {
    let mut best = (0, Compression::None);
    for value in headers.get_all(ACCEPT_ENCODING) {
        for item in value.as_bytes().split(|byte| *byte == b',') {
            let mut parts = item.split(|byte| *byte == b';');
            let Some(compression) = parts.next().and_then(|name| known(name.trim_ascii())) else { continue };
            let weight = parts.find_map(weight).unwrap_or(1_000);
            if weight > best.0 {
                best = (weight, compression);
            }
        }
    }
    best.1
}

fn known(name: &[u8]) -> Option<Compression> {
    let is = |text: &str| name.eq_ignore_ascii_case(text.as_bytes());
    match () {
        () if is("gzip") => Some(Compression::Gzip),
        () if is("deflate") => Some(Compression::Deflate),
        () if is("zstd") && cfg!(feature = "zstd") => Some(Compression::Zstd),
        () => None,
    }
}

/// The weight in thousandths of a parameter that is one: `q=0.5` is 500.
fn weight(parameter: &[u8]) -> Option<u16> {
    let parameter = parameter.trim_ascii();
    let [b'q' | b'Q', rest @ ..] = parameter else { return None };
    let [b'=', number @ ..] = rest.trim_ascii_start() else { return None };
    Some(thousandths(number.trim_ascii_start()).unwrap_or(0))
}

fn thousandths(number: &[u8]) -> Option<u16> {
    let (whole, fraction) = match number {
        [whole] => (*whole, &[][..]),
        [whole, b'.', fraction @ ..] if fraction.len() <= 3 => (*whole, fraction),
        _ => return None,
    };
    let mut value = u16::from(whole.checked_sub(b'0').filter(|digit| *digit <= 1)?);
    for place in 0..3 {
        let digit = fraction.get(place).map_or(Some(0), |byte| byte.checked_sub(b'0').filter(|digit| *digit <= 9))?;
        value = value * 10 + u16::from(digit);
    }
    (value <= 1_000).then_some(value)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(header: &'static str, expect: Compression) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(header));
        assert_eq!(choose(&headers), expect, "{header:?}");
    }

    /// Weights are those of RFC 9110, section 12.4.2; the order among equals is that of `util/httputil/compression.go`.
    #[test]
    fn the_best_is_chosen() {
        check("gzip", Compression::Gzip);
        check("deflate, gzip", Compression::Deflate);
        check("gzip, deflate, br, zstd", Compression::Gzip);
        check("gzip;q=0.5, zstd;q=0.8", if cfg!(feature = "zstd") { Compression::Zstd } else { Compression::Gzip });
        check("gzip;q=0, deflate;q=0.001", Compression::Deflate);
        check("gzip;q=0", Compression::None);
        check("gzip ; q = 1.000", Compression::Gzip);
        check("gzip;q=1.001", Compression::None);
        check("gzip;q=nan", Compression::None);
        check("gzip;q=", Compression::None);
        check("GZIP", Compression::Gzip);
        check("br", Compression::None);
        check("identity, *", Compression::None);
        check("", Compression::None);
    }
}
