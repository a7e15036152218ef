//! Headers that requests are sent with.

use crate::path::FilePath;
use crate::secret::Secret;

record! {
    /// The values of a header: given here, secret, or in files.
    pub struct HttpHeader("config.Header") {
        values: Vec<String>, omit;
        secrets: Vec<Secret>, omit;
        files: Vec<FilePath>, omit;
    }
}

section! { HttpHeader {} }

/// Headers that the client sets itself, or that have settings of their own.
const RESERVED: [&str; 18] = [
    "Accept-Encoding",
    "Authorization",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Host",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "User-Agent",
    "Www-Authenticate",
    "X-Amz-Content-Sha256",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "X-Prometheus-Remote-Read-Version",
    "X-Prometheus-Remote-Write-Version",
    "X-Prometheus-Scrape-Timeout-Seconds",
];

pub(super) fn check(name: &str) -> Result<(), String> {
    match RESERVED.iter().find(|reserved| reserved.eq_ignore_ascii_case(name)) {
        Some(reserved) => Err(format!("setting header \"{reserved}\" is not allowed")),
        None => Ok(()),
    }
}
