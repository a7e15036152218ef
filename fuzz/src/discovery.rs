//! Discovery: answers of servers that are not to be trusted.

/// An answer of a server of names.
pub fn dns(data: &[u8]) {
    promd_discovery::fuzzing::dns_answer(data);
}
