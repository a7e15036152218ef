//! Bodies of requests and responses: made, streamed, and read under a limit.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use promd_codec::compress::{Compression, Decoder, DecompressError};
use tokio::sync::mpsc;

use crate::BoxError;

/// The bytes of a request or response, as they come.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// A body without bytes.
#[must_use]
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body of bytes that are all there.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body that is written while it is sent. At most `capacity` pieces wait: after that the writer does.
///
/// A writer that goes away without [`finish`](BodySender::finish) breaks the body off, so that a reader cannot take a part
/// for the whole.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use promd_http::body;
///
/// let (mut sender, body) = body::channel(1);
/// tokio::spawn(async move {
///     sender.send("{\"data\":".into()).await?;
///     sender.send("1}".into()).await?;
///     sender.finish().await
/// });
/// assert_eq!(body::read(body, 1_000).await.unwrap(), "{\"data\":1}");
/// # });
/// ```
#[must_use]
pub fn channel(capacity: usize) -> (BodySender, Body) {
    let (sender, receiver) = mpsc::channel(capacity.max(1));
    (BodySender { sender }, Streamed { receiver, is_over: false }.boxed_unsync())
}

/// Why a body is not written any more: nobody reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not read any more")]
pub struct Closed;

enum Piece {
    Data(Bytes),
    End,
    Failed(BoxError),
}

/// The writing end of a body, see [`channel`].
#[derive(Debug)]
pub struct BodySender {
    sender: mpsc::Sender<Piece>,
}

impl BodySender {
    /// Writes a piece, when there is room for it.
    ///
    /// # Errors
    ///
    /// If the reader has gone away.
    pub async fn send(&mut self, piece: Bytes) -> Result<(), Closed> {
        self.sender.send(Piece::Data(piece)).await.map_err(|_| Closed)
    }

    /// Writes a piece from a thread that may wait: not one of the runtime's own.
    ///
    /// # Errors
    ///
    /// If the reader has gone away.
    pub fn blocking_send(&mut self, piece: Bytes) -> Result<(), Closed> {
        self.sender.blocking_send(Piece::Data(piece)).map_err(|_| Closed)
    }

    /// Ends the body.
    ///
    /// # Errors
    ///
    /// If the reader has gone away.
    pub async fn finish(self) -> Result<(), Closed> {
        self.sender.send(Piece::End).await.map_err(|_| Closed)
    }

    /// [`finish`](Self::finish) from a thread that may wait.
    ///
    /// # Errors
    ///
    /// If the reader has gone away.
    pub fn blocking_finish(self) -> Result<(), Closed> {
        self.sender.blocking_send(Piece::End).map_err(|_| Closed)
    }

    /// Breaks the body off: the connection is cut, so that the reader knows that something is missing.
    pub async fn fail(self, error: BoxError) {
        // Nobody who reads it is nobody to tell.
        let _ = self.sender.send(Piece::Failed(error)).await;
    }

    /// Waits until nobody reads the body any more: a reason to stop the work that fills it.
    pub async fn closed(&self) {
        self.sender.closed().await;
    }

    /// Whether nobody reads the body any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

struct Streamed {
    receiver: mpsc::Receiver<Piece>,
    is_over: bool,
}

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let piece = std::task::ready!(self.receiver.poll_recv(context));
        Poll::Ready(match piece {
            Some(Piece::Data(data)) => Some(Ok(Frame::data(data))),
            Some(Piece::End) => {
                self.is_over = true;
                None
            }
            Some(Piece::Failed(error)) => {
                self.is_over = true;
                Some(Err(error))
            }
            None => {
                self.is_over = true;
                Some(Err("the body was not finished".into()))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }
}

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is larger than the caller allows.
    #[error("body size limit exceeded")]
    TooLarge {
        /// How many bytes are allowed.
        limit: usize,
    },
    /// It did not come in full.
    #[error("{0}")]
    Failed(#[source] BoxError),
    /// It is not compressed as it says.
    #[error(transparent)]
    Decompress(#[from] DecompressError),
    /// It is compressed in a way that is not understood.
    #[error("unsupported content encoding {0:?}")]
    Encoding(String),
}

/// Reads all of a body, at most `limit` bytes. A body that declares more is refused before it is read.
///
/// # Errors
///
/// If it is larger, or does not come in full.
pub async fn read(mut body: Body, limit: usize) -> Result<Bytes, ReadError> {
    let Some(first) = next(&mut body, limit).await? else { return Ok(Bytes::new()) };
    if http_body::Body::is_end_stream(&body) && first.len() <= limit {
        return Ok(first);
    }
    let mut all = first.to_vec();
    read_more(&mut body, limit, &mut all).await?;
    Ok(all.into())
}

/// Appends all of a body to `out`, at most `limit` bytes.
///
/// # Errors
///
/// If it is larger, or does not come in full. Then `out` holds what came.
pub async fn read_into(body: &mut Body, limit: usize, out: &mut Vec<u8>) -> Result<(), ReadError> {
    read_more(body, out.len().saturating_add(limit), out).await
}

async fn read_more(body: &mut Body, most: usize, out: &mut Vec<u8>) -> Result<(), ReadError> {
    loop {
        let left = most.checked_sub(out.len()).ok_or(ReadError::TooLarge { limit: most })?;
        let Some(piece) = next(body, left).await? else { return Ok(()) };
        if piece.len() > left {
            return Err(ReadError::TooLarge { limit: most });
        }
        out.extend_from_slice(&piece);
    }
}

/// The next bytes of a body of which at most `limit` more are wanted.
async fn next(body: &mut Body, limit: usize) -> Result<Option<Bytes>, ReadError> {
    let declared = usize::try_from(SizeHint::lower(&http_body::Body::size_hint(body))).unwrap_or(usize::MAX);
    if declared > limit {
        return Err(ReadError::TooLarge { limit });
    }
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(ReadError::Failed)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// How a message says that its body is compressed.
///
/// # Errors
///
/// If it says so in a way that is not understood, or names several.
pub fn content_encoding(headers: &HeaderMap) -> Result<Compression, ReadError> {
    let mut all = headers.get_all(CONTENT_ENCODING).iter();
    let (Some(value), None) = (all.next(), all.next()) else {
        return match headers.get(CONTENT_ENCODING) {
            None => Ok(Compression::None),
            Some(value) => Err(ReadError::Encoding(String::from_utf8_lossy(value.as_bytes()).into_owned())),
        };
    };
    let name = value.as_bytes().trim_ascii();
    let is = |text: &str| name.eq_ignore_ascii_case(text.as_bytes());
    Ok(match () {
        () if name.is_empty() || is("identity") => Compression::None,
        () if is("gzip") || is("x-gzip") => Compression::Gzip,
        () if is("deflate") => Compression::Deflate,
        () if is("snappy") => Compression::Snappy,
        () if is("zstd") => Compression::Zstd,
        () => return Err(ReadError::Encoding(String::from_utf8_lossy(name).into_owned())),
    })
}

/// Reads all of a body and decompresses it as `headers` say. At most `limit` bytes come over the wire, and no more than
/// `decoded_limit` bytes come out, whatever the body says of itself.
///
/// # Errors
///
/// If either is exceeded, or the body does not come in full or is not what its headers say.
pub async fn read_decoded(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    decoded_limit: usize,
) -> Result<Bytes, ReadError> {
    let compression = content_encoding(headers)?;
    let bytes = read(body, limit).await?;
    if compression == Compression::None {
        return if bytes.len() > decoded_limit { Err(ReadError::TooLarge { limit: decoded_limit }) } else { Ok(bytes) };
    }
    let mut decoded = Vec::new();
    Decoder::new().decode(compression, &bytes, decoded_limit, &mut decoded)?;
    Ok(decoded.into())
}
