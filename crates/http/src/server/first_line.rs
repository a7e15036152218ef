//! URLs as people type them behind `curl -g`, with quotes and angle brackets in them.
//!
//! `http::Uri` takes no `"`, `<`, `>` or `` ` `` in a query, and hyper answers such a request before anybody sees it. Go takes them, and
//! Prometheus' own documentation has such commands. So these bytes are escaped in the first line of a connection, on their way
//! to hyper. Clients that send a second request over one connection are programs with a library, which escapes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much is read at once as long as the first line goes on.
const PIECE: usize = 1024;

/// A stream that escapes what is in its first line and in no URL.
#[derive(Debug)]
pub(super) struct FirstLine<S> {
    inner: S,
    is_over: bool,
    /// What has been read and not handed on, from `at` on: at most three times [`PIECE`].
    escaped: Vec<u8>,
    at: usize,
}

impl<S> FirstLine<S> {
    pub(super) const fn new(inner: S) -> Self {
        Self { inner, is_over: false, escaped: Vec::new(), at: 0 }
    }

    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'"' if !self.is_over => self.escaped.extend_from_slice(b"%22"),
                b'<' if !self.is_over => self.escaped.extend_from_slice(b"%3C"),
                b'>' if !self.is_over => self.escaped.extend_from_slice(b"%3E"),
                b'`' if !self.is_over => self.escaped.extend_from_slice(b"%60"),
                other => self.escaped.push(*other),
            }
            self.is_over |= *byte == b'\n';
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FirstLine<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.at == self.escaped.len() {
            if self.is_over {
                return Pin::new(&mut self.inner).poll_read(context, buffer);
            }
            let mut piece = [0; PIECE];
            let mut read = ReadBuf::new(&mut piece);
            ready!(Pin::new(&mut self.inner).poll_read(context, &mut read))?;
            self.escaped.clear();
            self.at = 0;
            self.take(read.filled());
        }
        let rest = self.escaped.get(self.at..).unwrap_or_default();
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(rest.get(..count).unwrap_or_default());
        self.at += count;
        if self.is_over && self.at == self.escaped.len() {
            // Nobody needs the room any more.
            self.escaped = Vec::new();
            self.at = 0;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FirstLine<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn only_the_first_line_is_escaped() {
        let line = "GET /series?match[]=up{job=\"<a>`\"} HTTP/1.1\r\n";
        let long = format!("GET /?{} HTTP/1.1\r\n", "\"".repeat(PIECE));
        let rest = "X: \"<>`\"\r\n\r\n\"body\"";
        for (line, expected) in [
            (line, "GET /series?match[]=up{job=%22%3Ca%3E%60%22} HTTP/1.1\r\n".to_owned()),
            (&*long, format!("GET /?{} HTTP/1.1\r\n", "%22".repeat(PIECE))),
        ] {
            let text = format!("{line}{rest}");
            let mut read = String::new();
            FirstLine::new(text.as_bytes()).read_to_string(&mut read).await.unwrap();
            assert_eq!(read, format!("{expected}{rest}"));
            // However small the pieces are that are asked for.
            let mut stream = FirstLine::new(text.as_bytes());
            let mut read = Vec::new();
            let mut byte = [0];
            while stream.read(&mut byte).await.unwrap() == 1 {
                read.push(byte[0]);
            }
            assert_eq!(read, format!("{expected}{rest}").into_bytes());
        }
    }
}
