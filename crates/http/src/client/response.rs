//! The body of an answer, which gives its connection back when it is at its end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use promd_clock::Sleep;

use super::error::{DEADLINE, broken};
use super::http1::Http1;
use super::pool::Server;
use crate::{Body, BoxError};

/// The body of an answer.
pub(super) struct ResponseBody {
    inner: Incoming,
    /// What its connection is, until it is given back.
    lease: Option<Lease>,
    deadline: Option<Sleep>,
}

/// A connection that an answer comes on.
pub(super) struct Lease {
    pub(super) server: Arc<Server>,
    pub(super) connection: Http1,
}

impl Lease {
    fn release(self) {
        self.server.put(self.connection);
    }
}

impl ResponseBody {
    pub(super) fn new(inner: Incoming, lease: Option<Lease>) -> Self {
        let mut body = Self { inner, lease, deadline: None };
        body.release_at_end();
        body
    }

    pub(super) fn with_deadline(mut self, deadline: Option<Sleep>) -> Self {
        self.deadline = deadline.filter(|_| !self.inner.is_end_stream());
        self
    }

    /// Reads what is left, as far as that is little, so that the connection can be used again.
    pub(super) async fn drain(mut self) {
        /// What Go's client reads of the answer to a request that is redirected (`maxBodySlurpSize`).
        const LITTLE: u64 = 2 << 10;
        let mut left = LITTLE;
        while let Some(Ok(frame)) = self.frame().await {
            let length = frame.data_ref().map_or(0, |data| data.len() as u64);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    }

    pub(super) fn into_body(self) -> Body {
        self.boxed_unsync()
    }

    fn release_at_end(&mut self) {
        if self.inner.is_end_stream() {
            self.deadline = None;
            if let Some(lease) = self.lease.take() {
                lease.release();
            }
        }
    }

    /// After an error the connection is of no use.
    fn fail<T>(&mut self, text: String) -> Poll<Option<Result<T, BoxError>>> {
        self.lease = None;
        self.deadline = None;
        Poll::Ready(Some(Err(text.into())))
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) {
            return match frame {
                Some(Ok(frame)) => {
                    this.release_at_end();
                    Poll::Ready(Some(Ok(frame)))
                }
                // Go's reader of a body calls an end that comes too early unexpected.
                Some(Err(error)) if error.is_incomplete_message() => this.fail("unexpected EOF".to_owned()),
                Some(Err(error)) => this.fail(broken(&error)),
                None => {
                    this.release_at_end();
                    Poll::Ready(None)
                }
            };
        }
        if let Some(deadline) = &mut this.deadline {
            ready!(Pin::new(deadline).poll(context));
            return this.fail(DEADLINE.to_owned());
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
