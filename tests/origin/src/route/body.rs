//! The bodies that hyper sends.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame, SizeHint};

use crate::pattern::Pattern;

/// A body in memory, or a pattern.
pub(crate) struct Body {
    kind: Kind,
}

enum Kind {
    Whole(Bytes),
    /// With a length, in large frames.
    Sized(Pattern),
    /// Without: each frame becomes a chunk. The number is the state of the frames' sizes.
    Chunked(Pattern, u64),
}

impl Body {
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self {
            kind: Kind::Whole(bytes.into()),
        }
    }

    pub(crate) fn text(text: String) -> Self {
        Self::bytes(text)
    }

    pub(crate) fn sized(length: u64) -> Self {
        Self {
            kind: Kind::Sized(Pattern::new(length)),
        }
    }

    pub(crate) fn chunked(length: u64) -> Self {
        Self {
            kind: Kind::Chunked(Pattern::new(length), length | 1),
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = match &mut self.kind {
            Kind::Whole(bytes) => std::mem::take(bytes),
            Kind::Sized(pattern) => Bytes::copy_from_slice(pattern.take(FRAME)),
            Kind::Chunked(pattern, state) => {
                *state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                // Small and large chunks, by turns of chance.
                let most =
                    1 + (*state >> 33) as usize % if *state >> 63 == 0 { 17 } else { 40_000 };
                Bytes::copy_from_slice(pattern.take(most))
            }
        };
        Poll::Ready((!data.is_empty()).then(|| Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Sized(pattern) => SizeHint::with_exact(pattern.left()),
            Kind::Chunked(..) => SizeHint::default(),
        }
    }
}

const FRAME: usize = 256 * 1024;
