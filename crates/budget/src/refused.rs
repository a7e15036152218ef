//! The error of a request that does not fit.

use std::fmt;
use std::sync::Arc;

/// Who an account is, apart from its counters: an error may outlive the account that it speaks of without holding it.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) name: Box<str>,
    pub(crate) key: Box<str>,
    pub(crate) flag: Box<str>,
}

/// A request for bytes that was refused. Nothing was charged.
///
/// Its text names the consumer, the limit and the flag that sets the limit; the accessors give the same to a program.
/// Making one allocates nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub struct Refused {
    pub(crate) kind: Kind,
    pub(crate) consumer: Arc<Identity>,
    pub(crate) limit_owner: Arc<Identity>,
    pub(crate) asked: usize,
    pub(crate) used: usize,
    pub(crate) limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The bytes do not fit into the account `limit_owner`.
    Full,
    /// The account `limit_owner` was revoked.
    Revoked,
}

impl Refused {
    /// The name of the account that asked, such as `query`.
    pub fn consumer(&self) -> &str {
        &self.consumer.name
    }

    /// The attribution key of the account that asked, such as the text of the query. Empty if it has none.
    pub fn key(&self) -> &str {
        &self.consumer.key
    }

    /// The name of the account whose limit was met (or that was revoked): the asking one or an ancestor of it.
    pub fn limit_name(&self) -> &str {
        &self.limit_owner.name
    }

    /// The flag that sets the limit. Empty if no flag does.
    pub fn flag(&self) -> &str {
        &self.limit_owner.flag
    }

    /// How many bytes were asked for.
    pub fn asked(&self) -> usize {
        self.asked
    }

    /// How many bytes the account with the limit held at that moment, what its meters had taken in advance included.
    pub fn used(&self) -> usize {
        self.used
    }

    /// The limit, or `None` if the account was revoked and has none.
    pub fn limit(&self) -> Option<usize> {
        (self.limit != usize::MAX).then_some(self.limit)
    }

    /// Whether the consumer was stopped by [`Account::revoke`](crate::Account::revoke) rather than by a limit.
    pub fn is_revoked(&self) -> bool {
        self.kind == Kind::Revoked
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let consumer = Title(&self.consumer);
        match self.kind {
            Kind::Revoked => {
                write!(f, "memory is short: {consumer} was stopped at {} to make room", Bytes(self.used))?;
            }
            Kind::Full => {
                write!(f, "memory limit reached: {consumer} asked for {}, but ", Bytes(self.asked))?;
                if Arc::ptr_eq(&self.consumer, &self.limit_owner) {
                    f.write_str("it")?;
                } else {
                    write!(f, "{}", Title(&self.limit_owner))?;
                }
                write!(f, " uses {} of its {}", Bytes(self.used), Bytes(self.limit))?;
            }
        }
        if !self.limit_owner.flag.is_empty() {
            write!(f, " (see {})", self.limit_owner.flag)?;
        }
        Ok(())
    }
}

/// An account in a sentence: its name and the beginning of its key.
struct Title<'a>(&'a Identity);

impl fmt::Display for Title<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// A query may be pages long; its beginning tells it from others, and the whole is in [`Refused::key`].
        const KEY_CHARS: usize = 100;
        f.write_str(&self.0.name)?;
        let key = &self.0.key;
        match key.char_indices().nth(KEY_CHARS) {
            _ if key.is_empty() => Ok(()),
            None => write!(f, " {key:?}"),
            Some((end, _)) => write!(f, " {:?}...", key.get(..end).unwrap_or_default()),
        }
    }
}

/// A number of bytes for a reader: exact below one KiB, otherwise one decimal in binary units.
struct Bytes(usize);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 1024 {
            return write!(f, "{} B", self.0);
        }
        let mut value = self.0 as f64;
        let mut unit = "";
        for name in UNITS {
            if value < 1023.95 {
                break;
            }
            value /= 1024.0;
            unit = name;
        }
        write!(f, "{value:.1} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Identity, Title};

    #[test]
    fn bytes_read_well() {
        #[track_caller]
        fn check(bytes: usize, expect: &str) {
            assert_eq!(Bytes(bytes).to_string(), expect);
        }
        check(0, "0 B");
        check(1023, "1023 B");
        check(1024, "1.0 KiB");
        check(1536, "1.5 KiB");
        check((1 << 20) - 1, "1.0 MiB");
        check(1 << 20, "1.0 MiB");
        check(5 << 30, "5.0 GiB");
        check(usize::MAX, "16.0 EiB");
    }

    #[test]
    fn long_keys_are_cut_at_a_character() {
        let title = |key: &str| Title(&Identity { name: "query".into(), key: key.into(), flag: "".into() }).to_string();
        assert_eq!(title(""), "query");
        assert_eq!(title("up"), "query \"up\"");
        assert_eq!(title(&"é".repeat(100)), format!("query \"{}\"", "é".repeat(100)));
        assert_eq!(title(&"é".repeat(101)), format!("query \"{}\"...", "é".repeat(100)));
    }
}
