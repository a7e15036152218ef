//! What reads untrusted bytes, for the fuzz targets: no part of the interface.

/// An answer of a server of names.
pub fn dns_answer(bytes: &[u8]) {
    let _ = crate::dns::message::decode(bytes);
}
