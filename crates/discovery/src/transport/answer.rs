//! What an answer may cost under the SDK, which reads bodies whole: bytes and time, whatever the other side sends.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::BoxError;
use crate::fetch::MAX_DOCUMENT_BYTES;

/// How long one answer may take unless told otherwise, from the request to its last byte. Nothing that is asked for
/// is slow or large.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes of one answer: twice the largest document, so that a document that is too large is told of as
/// one. Policies have 20 KB at most, lists less than a megabyte.
const MAX_ANSWER_BYTES: usize = 2 * MAX_DOCUMENT_BYTES;

/// Why an answer was given up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnswerError {
    #[error("the answer has more than {MAX_ANSWER_BYTES} bytes")]
    TooLarge,
    #[error("the answer was not whole within {} s", .0.as_secs_f32())]
    TooSlow(Duration),
}

/// A body that ends with an error at its bounds.
pub(crate) struct Answer {
    body: Incoming,
    left: usize,
    limit: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl Answer {
    /// Bounds a body whose request was sent `limit` before `deadline`.
    pub(crate) fn new(body: Incoming, limit: Duration, deadline: Instant) -> Self {
        Self { body, left: MAX_ANSWER_BYTES, limit, deadline: Box::pin(sleep_until(deadline)) }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.deadline.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(AnswerError::TooSlow(self.limit).into())));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context)).transpose()?;
        if let Some(data) = frame.as_ref().and_then(Frame::data_ref) {
            match self.left.checked_sub(data.len()) {
                Some(left) => self.left = left,
                None => return Poll::Ready(Some(Err(AnswerError::TooLarge.into()))),
            }
        }
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
