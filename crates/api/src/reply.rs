//! Answers: the envelope, and bodies that are written as the client takes them.
//!
//! An answer of a hundred megabytes is never in memory as text. What it is made from is, and writes itself a piece at a time
//! into a buffer of [`PIECE`] bytes whenever the connection has room ([`Pieces`]); a client that does not read costs a buffer
//! and no thread.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use http_body::Frame;
use http_body_util::BodyExt;
use promd_http::{Body, Response, body};

use crate::{ApiError, json};

/// How much is written before it is sent.
const PIECE: usize = 64 * 1024;

/// How many warnings an answer shows, and how many infos.
const NOTES: usize = 10;

/// Something that writes itself piece by piece.
pub(crate) trait Pieces: Send {
    /// Appends a piece, unless all of them are written.
    fn next(&mut self, out: &mut Vec<u8>) -> bool;
}

/// What a successful request answers with.
pub(crate) struct Reply {
    data: Data,
    warnings: Vec<String>,
    infos: Vec<String>,
    held: Held,
}

/// Something that must not go before the last byte of an answer is handed over, such as what pays for its memory.
type Held = Option<Box<dyn std::any::Any + Send>>;

enum Data {
    Nothing,
    Json(Vec<u8>),
    Pieces { head: Vec<u8>, pieces: Box<dyn Pieces>, tail: Vec<u8> },
}

impl Reply {
    /// Success that has nothing to say.
    pub(crate) const fn nothing() -> Self {
        Self::of(Data::Nothing)
    }

    /// A value that serde knows.
    pub(crate) fn json(value: &(impl serde::Serialize + ?Sized)) -> Self {
        let mut out = Vec::new();
        json::value(&mut out, value);
        Self::of(Data::Json(out))
    }

    /// Pieces between a head and a tail.
    pub(crate) fn pieces(head: &[u8], pieces: impl Pieces + 'static, tail: Vec<u8>) -> Self {
        Self::of(Data::Pieces { head: head.to_vec(), pieces: Box::new(pieces), tail })
    }

    /// A list, of which each element is written by a function.
    pub(crate) fn list<T: Send + 'static>(items: Vec<T>, write: fn(&mut Vec<u8>, &T)) -> Self {
        Self::pieces(b"[", List { items: items.into_iter(), write, first: true }, b"]".to_vec())
    }

    const fn of(data: Data) -> Self {
        Self { data, warnings: Vec::new(), infos: Vec::new(), held: None }
    }

    /// The same, with something that stays until all of it is sent.
    pub(crate) fn holding(mut self, held: impl std::any::Any + Send) -> Self {
        self.held = Some(Box::new(held));
        self
    }

    /// The same with warnings.
    pub(crate) fn warn(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// The same with infos.
    pub(crate) fn inform(mut self, infos: impl IntoIterator<Item = String>) -> Self {
        self.infos.extend(infos);
        self
    }

    pub(crate) fn into_response(self) -> Response {
        let mut end = Vec::new();
        notes(&mut end, "warnings", self.warnings, "warning");
        notes(&mut end, "infos", self.infos, "info");
        end.push(b'}');
        let mut out = br#"{"status":"success","data":"#.to_vec();
        let body = match self.data {
            Data::Nothing => return empty(StatusCode::NO_CONTENT),
            Data::Json(data) => {
                out.extend_from_slice(&data);
                out.extend_from_slice(&end);
                body::full(out)
            }
            Data::Pieces { head, pieces, mut tail } => {
                out.extend_from_slice(&head);
                tail.extend_from_slice(&end);
                streamed(out, pieces, tail, self.held)
            }
        };
        json_response(StatusCode::OK, body)
    }
}

impl ApiError {
    pub(crate) fn into_response(self) -> Response {
        let mut out = br#"{"status":"error","errorType":""#.to_vec();
        out.extend_from_slice(self.kind().as_str().as_bytes());
        out.extend_from_slice(br#"","error":"#);
        json::value(&mut out, &self.to_string());
        out.push(b'}');
        json_response(self.kind().status(), body::full(out))
    }
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(body::empty());
    *response.status_mut() = status;
    response
}

/// An answer of a content type.
pub(crate) fn typed(status: StatusCode, content_type: &'static str, text: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body::full(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A page or a word of success.
pub(crate) fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response {
    typed(status, "text/plain; charset=utf-8", text)
}

/// An error as Go's `http.Error` writes it.
pub(crate) fn http_error(status: StatusCode, text: &str) -> Response {
    let mut response = plain(status, format!("{text}\n"));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// An answer that is elsewhere, as Go's `http.Redirect` says it.
pub(crate) fn redirect(status: StatusCode, to: &str) -> Response {
    let reason = status.canonical_reason().unwrap_or_default();
    let text = format!("<a href=\"{}\">{reason}</a>.\n\n", escaped(to));
    let mut response = typed(status, "text/html; charset=utf-8", text);
    set(&mut response, header::LOCATION, to);
    response
}

/// A text as it stands in a page.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Sets a header; a value that cannot be one is left out.
pub(crate) fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn json_response(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn notes(out: &mut Vec<u8>, key: &str, mut notes: Vec<String>, kind: &str) {
    if notes.is_empty() {
        return;
    }
    if notes.len() > NOTES {
        let more = notes.len() - NOTES;
        notes.truncate(NOTES);
        notes.push(format!("{more} more {kind} annotations omitted"));
    }
    out.extend_from_slice(format!(r#","{key}":"#).as_bytes());
    json::value(out, &notes);
}

/// A body that is written as it is sent. What fits one buffer is sent whole, and with its length.
pub(crate) fn streamed(head: Vec<u8>, mut pieces: Box<dyn Pieces>, tail: Vec<u8>, held: Held) -> Body {
    let mut out = head;
    if fill(&mut out, &mut *pieces) {
        return BodyExt::boxed_unsync(
            Streamed { ready: Some(out), pieces: Some(pieces), tail, _held: held }
                .map_err(|never: Infallible| match never {}),
        );
    }
    out.extend_from_slice(&tail);
    body::full(out)
}

/// Fills a buffer, and says whether there is more.
fn fill(out: &mut Vec<u8>, pieces: &mut dyn Pieces) -> bool {
    while out.len() < PIECE {
        if !pieces.next(out) {
            return false;
        }
    }
    true
}

struct Streamed {
    ready: Option<Vec<u8>>,
    pieces: Option<Box<dyn Pieces>>,
    tail: Vec<u8>,
    _held: Held,
}

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let out = match (this.ready.take(), this.pieces.as_mut()) {
            (Some(ready), _) => ready,
            (None, Some(pieces)) => {
                let mut out = Vec::with_capacity(PIECE + PIECE / 8);
                if !fill(&mut out, &mut **pieces) {
                    this.pieces = None;
                    out.append(&mut this.tail);
                }
                out
            }
            (None, None) => return Poll::Ready(None),
        };
        Poll::Ready(Some(Ok(Frame::data(out.into()))))
    }
}

struct List<T> {
    items: std::vec::IntoIter<T>,
    write: fn(&mut Vec<u8>, &T),
    first: bool,
}

impl<T: Send> Pieces for List<T> {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(item) = self.items.next() else { return false };
        if !std::mem::take(&mut self.first) {
            out.push(b',');
        }
        (self.write)(out, &item);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(response: Response) -> String {
        let body = response.into_body().collect().await.unwrap();
        String::from_utf8(body.to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn an_answer_has_what_there_is_to_say() {
        let warnings = (0..12).map(|number| format!("w{number}"));
        let reply = Reply::json(&[1]).warn(warnings).inform(["i".to_owned()]);
        let expected = r#"{"status":"success","data":[1],"warnings":["w0","w1","w2","w3","w4","w5","w6","w7","w8","w9","2 more warning annotations omitted"],"infos":["i"]}"#;
        assert_eq!(text(reply.into_response()).await, expected);
        assert_eq!(Reply::nothing().into_response().status(), StatusCode::NO_CONTENT);
        let error = ApiError::bad_data("a <b>").into_response();
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
        assert_eq!(text(error).await, r#"{"status":"error","errorType":"bad_data","error":"a \u003cb\u003e"}"#);
    }

    #[test]
    fn texts_in_pages_are_no_markup() {
        assert_eq!(escaped("<a href=\"x\">'&' é"), "&lt;a href=&#34;x&#34;&gt;&#39;&amp;&#39; é");
    }

    #[tokio::test]
    async fn a_long_list_comes_in_buffers() {
        let write = |out: &mut Vec<u8>, number: &usize| json::value(out, number);
        let mut body = Reply::list((0..100_000).collect(), write).into_response().into_body();
        let (mut whole, mut largest) = (Vec::new(), 0);
        while let Some(frame) = body.frame().await {
            let data = frame.unwrap().into_data().unwrap();
            largest = largest.max(data.len());
            whole.extend_from_slice(&data);
        }
        assert!(largest < PIECE + 100, "{largest}");
        let answer: serde_json::Value = serde_json::from_slice(&whole).unwrap();
        assert_eq!(answer["data"].as_array().unwrap().len(), 100_000);
        assert_eq!(answer["data"][99_999], 99_999);
    }
}
