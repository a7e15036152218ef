//! Who may ask: users and passwords (`web/handler.go` of `prometheus/exporter-toolkit`).

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use parking_lot::Mutex;
use promd_config::Secret;
use tokio::sync::Semaphore;

/// What is compared with when there is no such user, so that the time of an answer does not say who is one. It is no
/// hash of anything, at the cost that `htpasswd -B` and most others use.
const NOBODY: &str = "$2y$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

/// Name and password as a request has them.
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: Vec<u8>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Reads the header `Authorization`, if it is one of the scheme `Basic`.
pub(crate) fn credentials(headers: &HeaderMap) -> Option<Credentials> {
    const SCHEME: &[u8] = b"Basic ";
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, encoded) = value.split_at_checked(SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    let mut user = STANDARD.decode(encoded).ok()?;
    let colon = user.iter().position(|byte| *byte == b':')?;
    let password = user.get(colon + 1..)?.to_vec();
    user.truncate(colon);
    Some(Credentials { user: String::from_utf8(user).ok()?, password })
}

/// Verifies passwords, and remembers the right ones: a comparison with bcrypt takes a twentieth of a second by design.
///
/// Only right ones are remembered, one a user. So whoever guesses cannot fill the memory or drive others out of it, and
/// pays for each guess.
#[derive(Debug)]
pub(super) struct Users {
    right: Mutex<HashMap<String, Verified>>,
    /// One comparison at a time: guesses must not take all processors.
    turn: Semaphore,
}

struct Verified {
    hash: Secret,
    password: Box<[u8]>,
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verified")
    }
}

impl Users {
    pub(super) fn new() -> Self {
        Self { right: Mutex::default(), turn: Semaphore::new(1) }
    }

    /// Whether `headers` name one of `users` with the right password.
    pub(super) async fn admit(&self, users: &BTreeMap<String, Secret>, headers: &HeaderMap) -> bool {
        let Some(Credentials { user, password }) = credentials(headers) else { return false };
        let known = users.get(&user);
        if let Some(hash) = known
            && self.is_verified(&user, hash, &password)
        {
            return true;
        }
        let hash = known.cloned().unwrap_or_else(|| Secret::new(NOBODY));
        let Ok(turn) = self.turn.acquire().await else { return false };
        // Others may have brought the same password while this one waited.
        if known.is_some() && self.is_verified(&user, &hash, &password) {
            return true;
        }
        let compared = tokio::task::spawn_blocking(move || {
            let is_right = bcrypt::verify(&password, hash.expose()).unwrap_or(false);
            (is_right, hash, password)
        });
        let Ok((is_right, hash, password)) = compared.await else { return false };
        drop(turn);
        if known.is_none() || !is_right {
            return false;
        }
        let mut right = self.right.lock();
        right.retain(|name, _| users.contains_key(name));
        right.insert(user, Verified { hash, password: password.into() });
        true
    }

    fn is_verified(&self, user: &str, hash: &Secret, password: &[u8]) -> bool {
        let right = self.right.lock();
        right.get(user).is_some_and(|verified| verified.hash == *hash && is_same(&verified.password, password))
    }
}

/// Whether two texts are the same, in a time that depends on their lengths alone.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differences = one.iter().zip(other).fold(0, |differences, (one, other)| differences | (one ^ other));
    one.len() == other.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(header: &'static str, expect: Option<(&str, &str)>) {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static(header));
        let found = credentials(&headers);
        let found = found.map(|found| (found.user, String::from_utf8(found.password).unwrap()));
        assert_eq!(found.as_ref().map(|(user, password)| (user.as_str(), password.as_str())), expect, "{header}");
    }

    /// The cases of Go's `parseBasicAuth` (`net/http/request_test.go`) and RFC 7617's examples.
    #[test]
    fn the_header_is_read_as_go_does() {
        check("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Some(("Aladdin", "open sesame")));
        check("BASIC QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Some(("Aladdin", "open sesame")));
        check("basic QWxhZGRpbjpvcGVuOnNlc2FtZQ==", Some(("Aladdin", "open:sesame")));
        check("Basic Og==", Some(("", "")));
        check("BasicQWxhZGRpbjpvcGVuIHNlc2FtZQ==", None);
        check("QWxhZGRpbjpvcGVuIHNlc2FtZQ==", None);
        check("Basic ", None);
        check("Basic Aladdin:open sesame", None);
        check("Digest username=\"Aladdin\"", None);
    }

    #[test]
    fn sameness() {
        assert!(is_same(b"", b"") && is_same(b"abc", b"abc"));
        assert!(!is_same(b"abc", b"abd") && !is_same(b"abc", b"ab") && !is_same(b"", b"a"));
    }

    /// A hash that cannot be read would be refused at once, and give the absence of a user away.
    #[test]
    fn nobody_costs_as_much_as_somebody() {
        let parts: bcrypt::HashParts = NOBODY.parse().unwrap();
        assert_eq!(parts.get_cost(), 10);
        assert!(!bcrypt::verify("", NOBODY).unwrap());
    }
}
