//! Answers that are compressed while they are sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName,
    HeaderValue, VARY,
};
use http::{HeaderMap, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;
use promd_codec::compress::{Compression, StreamEncoder};

use crate::{Body, BoxError, Response};

/// A body that is known to be smaller than this goes as it is: it fits into one packet either way.
const MIN_BYTES: u64 = 1_000;
/// How much is gathered before it is sent.
const PIECE: usize = 32 << 10;

/// Compresses an answer if the client wants it (`compression`) and it pays.
pub(super) fn compress(compression: Compression, mut response: Response) -> Response {
    if !pays(&response) {
        return response;
    }
    add_vary(response.headers_mut());
    if compression == Compression::None {
        return response;
    }
    let Ok(encoder) = StreamEncoder::new(compression) else { return response };
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.remove(ACCEPT_RANGES);
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(compression.name()));
    response.map(|body| Compressed { body, encoder: Some(encoder), out: Vec::new() }.boxed_unsync())
}

/// Says to caches that the answer depends on what the client accepts.
fn add_vary(headers: &mut HeaderMap) {
    let name: &HeaderName = &ACCEPT_ENCODING;
    let is_there = headers.get_all(VARY).iter().any(|value| {
        value.as_bytes().split(|byte| *byte == b',').any(|item| {
            let item = item.trim_ascii();
            item == b"*" || item.eq_ignore_ascii_case(name.as_str().as_bytes())
        })
    });
    if !is_there {
        headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

fn pays(response: &Response) -> bool {
    let status = response.status();
    if status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::PARTIAL_CONTENT)
    {
        return false;
    }
    let headers = response.headers();
    if headers.contains_key(CONTENT_ENCODING) || headers.contains_key(CONTENT_RANGE) {
        return false;
    }
    if response.body().size_hint().upper().is_some_and(|size| size < MIN_BYTES) {
        return false;
    }
    let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let is = |prefix: &str| kind.get(..prefix.len()).is_some_and(|kind| kind.eq_ignore_ascii_case(prefix.as_bytes()));
    // Events must not wait in a compressor; the others are compressed already.
    let is_image = is("image/") && !is("image/svg");
    !(is("text/event-stream") || is_image || is("font/woff") || is("video/") || is("application/zip"))
}

struct Compressed {
    body: Body,
    /// `None` once the end has been written.
    encoder: Option<StreamEncoder>,
    /// What has been compressed and not sent.
    out: Vec<u8>,
}

impl http_body::Body for Compressed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        loop {
            let Some(encoder) = &mut this.encoder else { return Poll::Ready(None) };
            match std::task::ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => {
                    // Trailers would come before the end of the stream; nobody here sends any.
                    let Ok(data) = frame.into_data() else { continue };
                    encoder.write(&data, &mut this.out)?;
                    if this.out.len() >= PIECE {
                        return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.out).into()))));
                    }
                }
                Some(Err(error)) => {
                    this.encoder = None;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    if let Some(encoder) = this.encoder.take() {
                        encoder.finish(&mut this.out)?;
                    }
                    return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.out).into()))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.encoder.is_none() && self.out.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body;

    fn response(kind: &'static str, size: usize) -> Response {
        let mut response = Response::new(body::full(vec![b'a'; size]));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    }

    #[test]
    fn what_does_not_pay_is_left_alone() {
        for (kind, size, expect) in [
            ("application/json", 999, false),
            ("application/json", 1_000, true),
            ("image/png", 5_000, false),
            ("image/svg+xml", 5_000, true),
            ("text/event-stream", 5_000, false),
        ] {
            let response = compress(Compression::Gzip, response(kind, size));
            assert_eq!(response.headers().contains_key(CONTENT_ENCODING), expect, "{kind} {size}");
            assert_eq!(response.headers().contains_key(VARY), expect, "{kind} {size}");
        }
        let mut ready_made = response("application/javascript", 5_000);
        ready_made.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
        assert_eq!(compress(Compression::Gzip, ready_made).headers()[CONTENT_ENCODING], "br");
    }
}
