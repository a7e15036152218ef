//! A connection that speaks HTTP/1, and remembers how the last answer began: where that is no answer, the parser says less of it
//! than Go does.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::SendRequest;
use parking_lot::Mutex;
use promd_model::quote;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::error::{Kind, broken};
use super::stream::Stream;

/// How much is remembered of an answer. A head that is longer, and wrong behind that, is called broken without saying where.
const MOST: usize = 1 << 10;

/// The beginning of the last answer.
type Begun = Arc<Mutex<Vec<u8>>>;

/// The sender of a connection.
pub(super) struct Http1 {
    sender: SendRequest<Full<Bytes>>,
    begun: Begun,
}

impl Http1 {
    pub(super) fn new(sender: SendRequest<Full<Bytes>>, begun: Begun) -> Self {
        Self { sender, begun }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    pub(super) async fn ready(&mut self) -> Result<(), hyper::Error> {
        self.sender.ready().await
    }

    pub(super) async fn send(&mut self, request: http::Request<Full<Bytes>>) -> Result<http::Response<Incoming>, Kind> {
        self.sender.send_request(request).await.map_err(|error| self.broken(&error))
    }

    /// Sends a request that comes back if it was not sent.
    pub(super) async fn try_send(
        &mut self,
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<Incoming>, TrySendError<http::Request<Full<Bytes>>>> {
        self.sender.try_send_request(request).await
    }

    /// What Go says of an error of this connection.
    pub(super) fn broken(&self, error: &hyper::Error) -> Kind {
        let begun = self.begun.lock();
        let told = match begun.as_slice() {
            [] => None,
            begun if error.is_incomplete_message() => {
                Some(diagnose(begun, true).unwrap_or_else(|| "unexpected EOF".to_owned()))
            }
            begun if error.is_parse() => diagnose(begun, false),
            _ => None,
        };
        let told = told.filter(|_| begun.len() < MOST);
        Kind::Broken(match told {
            Some(text) => format!("net/http: HTTP/1.x transport connection broken: {text}"),
            None => broken(error),
        })
    }
}

/// A stream that remembers the beginning of what it reads after each write.
pub(super) struct Recorded {
    inner: Stream,
    begun: Begun,
    is_answered: bool,
}

impl Recorded {
    pub(super) fn new(inner: Stream) -> (Self, Begun) {
        let begun = Begun::default();
        (Self { inner, begun: Arc::clone(&begun), is_answered: false }, begun)
    }

    fn asked(&mut self) {
        if std::mem::take(&mut self.is_answered) {
            self.begun.lock().clear();
        }
    }
}

impl AsyncRead for Recorded {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, out))?;
        self.is_answered = true;
        let mut begun = self.begun.lock();
        let room = MOST - begun.len().min(MOST);
        let read = out.filled().get(before..).unwrap_or_default();
        begun.extend_from_slice(read.get(..room).unwrap_or(read));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Recorded {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.asked();
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.asked();
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

/// What Go finds wrong with the head of an answer (`ReadResponse` in `net/http/response.go`, `ReadMIMEHeader` in
/// `net/textproto/reader.go`, `fixLength` in `net/http/transfer.go`). `None` if it would take it, or wait for more; at the end of
/// the stream there is no more, and a last line need not end.
fn diagnose(head: &[u8], is_end: bool) -> Option<String> {
    let mut lines = Lines { rest: head, is_end };
    let line = lines.next()?;
    let wrong = |what: &str, text: &[u8]| Some(format!("{what} {}", quote::go(text)));
    let Some((version, status)) = cut(line, b' ') else { return wrong("malformed HTTP response", line) };
    let status = status.trim_ascii_start();
    let code = cut(status, b' ').map_or(status, |(code, _)| code);
    if code.len() != 3 || !code.iter().all(u8::is_ascii_digit) {
        return wrong("malformed HTTP status code", code);
    }
    let is_version = version.strip_prefix(b"HTTP/").is_some_and(
        |numbers| matches!(numbers, [major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit()),
    );
    if !is_version {
        return wrong("malformed HTTP version", version);
    }
    let mut lengths: Vec<String> = Vec::new();
    let mut is_first = true;
    for line in lines {
        if line.is_empty() {
            break;
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if is_first {
                return wrong("malformed MIME header initial line:", line);
            }
            // It belongs to the one before.
            continue;
        }
        is_first = false;
        let Some((name, value)) = cut(line, b':') else { return wrong("malformed MIME header: missing colon:", line) };
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~ ".contains(byte);
        let is_value = |byte: &u8| *byte == b'\t' || *byte >= b' ' && *byte != 0x7f;
        if name.is_empty() || !name.iter().all(is_name) || !value.iter().all(is_value) {
            return wrong("malformed MIME header line:", line);
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            lengths.push(String::from_utf8_lossy(value.trim_ascii()).into_owned());
        }
    }
    let first = lengths.first()?;
    if lengths.iter().any(|length| length != first) {
        let lengths: Vec<String> = lengths.iter().map(|length| quote::go(length).to_string()).collect();
        let lengths = lengths.join(" ");
        return Some(format!("http: message cannot contain multiple Content-Length headers; got [{lengths}]"));
    }
    let is_length = first.bytes().all(|byte| byte.is_ascii_digit()) && first.parse::<i64>().is_ok();
    if is_length || first.is_empty() { None } else { wrong("bad Content-Length", first.as_bytes()) }
}

fn cut(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|byte| *byte == at)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Lines without their ends.
struct Lines<'a> {
    rest: &'a [u8],
    is_end: bool,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let line = match cut(self.rest, b'\n') {
            Some((line, rest)) => {
                self.rest = rest;
                line
            }
            None if self.is_end && !self.rest.is_empty() => std::mem::take(&mut self.rest),
            None => return None,
        };
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts are those of Prometheus 3.5.3 (Go 1.24) on targets that send these bytes.
    #[test]
    fn heads_are_wrong_as_in_go() {
        const OK: &str = "HTTP/1.1 200 OK\r\n";
        let check = |head: &str, is_end: bool, expect: Option<&str>| {
            assert_eq!(diagnose(head.as_bytes(), is_end).as_deref(), expect, "{head:?}");
        };
        for (head, expect) in [
            ("HELLO\r\n\r\n", "malformed HTTP response \"HELLO\""),
            ("\0\x01\x02\x03\r\n\r\n", "malformed HTTP response \"\\x00\\x01\\x02\\x03\""),
            ("HTTP/1.x 200 OK\r\n\r\n", "malformed HTTP version \"HTTP/1.x\""),
            ("http/1.1 200 OK\r\n\r\n", "malformed HTTP version \"http/1.1\""),
            ("HTTP/1.1 abc OK\r\n\r\n", "malformed HTTP status code \"abc\""),
            ("HTTP/1.1 99 OK\r\n\r\n", "malformed HTTP status code \"99\""),
            ("HTTP/1.1 1000 OK\r\n\r\n", "malformed HTTP status code \"1000\""),
        ] {
            check(head, false, Some(expect));
        }
        for (headers, expect) in [
            (" x: y\r\n", "malformed MIME header initial line: \" x: y\""),
            ("Garbage\r\n", "malformed MIME header: missing colon: \"Garbage\""),
            (": x\r\n", "malformed MIME header line: \": x\""),
            ("Gür: x\r\n", "malformed MIME header line: \"Gür: x\""),
            ("Garbage: x\x01y\r\n", "malformed MIME header line: \"Garbage: x\\x01y\""),
            ("Location: /a\x7fb\r\n", "malformed MIME header line: \"Location: /a\\x7fb\""),
            ("Content-Length: -1\r\n\r\n", "bad Content-Length \"-1\""),
            ("Content-Length: +8\r\n\r\n", "bad Content-Length \"+8\""),
            ("Content-Length: 99999999999999999999\r\n\r\n", "bad Content-Length \"99999999999999999999\""),
            (
                "Content-Length: 8\r\nContent-Length: 9\r\n\r\n",
                "http: message cannot contain multiple Content-Length headers; got [\"8\" \"9\"]",
            ),
        ] {
            check(&format!("{OK}{headers}"), false, Some(expect));
        }
        check("HTTP/1.1 20", true, Some("malformed HTTP status code \"20\""));
        check(&format!("{OK}Content-Ty"), true, Some("malformed MIME header: missing colon: \"Content-Ty\""));
        for taken in ["", "A: b\r\n c\r\n", "A b: c\r\n", "Content-Length: 8\r\nContent-Length: 8\r\n\r\n"] {
            check(&format!("{OK}{taken}"), false, None);
        }
    }
}
