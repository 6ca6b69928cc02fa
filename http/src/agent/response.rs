//! The response that ends a call.

use alloc::vec::Vec;

use lock_api::RawMutex;
use wskhttp_core::fallible::{Boxed, extend};
use wskhttp_core::io::{Clock, Connect, ConnectionInfo, Error, Kind, Phase};

use super::course::Course;
use crate::client::{Exchange, Outcome};
use crate::{BodyDigest, Decoder, ResponseHead, Url};

/// The final response to a call, its head complete. Dropping it aborts its connection.
pub struct Response<'c, C: Connect, K: Clock, R: RawMutex> {
    exchange: Boxed<Exchange<'c, C, K, R>>,
    decoder: Option<Decoder>,
    digest: Option<BodyDigest>,
    /// Bytes at the front of what [`Response::data`] gives without a decoder that the digest has.
    digested: usize,
    url: Url,
    hops: u32,
}

impl<'c, C: Connect, K: Clock, R: RawMutex> Response<'c, C, K, R> {
    pub(super) fn new(
        exchange: Boxed<Exchange<'c, C, K, R>>,
        course: &Course<'_>,
    ) -> Result<Self, Error> {
        Ok(Self {
            decoder: course.decoder(exchange.head())?,
            digest: course.digest(exchange.head())?,
            digested: 0,
            exchange,
            url: course.url().try_clone()?,
            hops: course.hops(),
        })
    }

    /// Status line and header fields.
    #[must_use]
    pub fn head(&self) -> &ResponseHead {
        self.exchange.head()
    }

    /// The URL of the request that this answers: that of the last redirect.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// How many redirects were followed.
    #[must_use]
    pub const fn hops(&self) -> u32 {
        self.hops
    }

    /// What is known about the connection.
    #[must_use]
    pub fn info(&self) -> &ConnectionInfo {
        self.exchange.info()
    }

    /// The connection itself, to look at.
    #[must_use]
    pub fn transport(&self) -> &C::Transport {
        self.exchange.transport()
    }

    /// Whether the connection had served another exchange before.
    #[must_use]
    pub fn reused(&self) -> bool {
        self.exchange.reused()
    }

    /// Whether content codings are removed from the body, so that its length is another one than
    /// `Content-Length` says.
    #[must_use]
    pub const fn is_decoded(&self) -> bool {
        self.decoder.is_some()
    }

    /// Waits for the next bytes of the body; empty at its end. The same bytes come again until
    /// [`Response::consume`].
    ///
    /// # Errors
    /// As [`Exchange::data`]; phase `Body`, kinds `MalformedContent`, `BodyTruncated` and
    /// `BodyTooLarge` of a content coding; `DigestMismatch` at the end.
    pub async fn data(&mut self) -> Result<&[u8], Error> {
        let Some(decoder) = &mut self.decoder else {
            let data = self.exchange.data().await?;
            if let Some(digest) = &mut self.digest {
                digest.update(data.get(self.digested..).unwrap_or_default());
                self.digested = data.len();
                if data.is_empty() {
                    digest.finish()?;
                }
            }
            return Ok(data);
        };
        while decoder.data().is_empty() {
            decoder.push(&[])?;
            if !decoder.data().is_empty() {
                break;
            }
            let raw = self.exchange.data().await?;
            if raw.is_empty() {
                decoder.finish()?;
                if let Some(digest) = &self.digest {
                    digest.finish()?;
                }
                break;
            }
            let used = decoder.push(raw)?;
            if let Some(digest) = &mut self.digest {
                digest.update(raw.get(..used).unwrap_or_default());
            }
            self.exchange.consume(used);
        }
        Ok(decoder.data())
    }

    /// Removes the first `n` bytes of what [`Response::data`] gave.
    pub fn consume(&mut self, n: usize) {
        match &mut self.decoder {
            Some(decoder) => decoder.consume(n),
            None => {
                self.digested = self.digested.saturating_sub(n);
                self.exchange.consume(n);
            }
        }
    }

    /// The rest of the body, at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Response::data`]; phase `Body`, kind `BodyTooLarge` or `NoResources`.
    pub async fn read_to_end(&mut self, limit: usize) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        loop {
            let data = self.data().await?;
            let count = data.len();
            if count == 0 {
                return Ok(body);
            }
            if count > limit.saturating_sub(body.len()) {
                return Err(Error::new(
                    Phase::Body,
                    Kind::BodyTooLarge,
                    "the body is larger than the caller takes",
                ));
            }
            extend(&mut body, data).map_err(|_| {
                Error::new(Phase::Body, Kind::NoResources, "no memory for the body")
            })?;
            self.consume(count);
        }
    }

    /// Ends the call; see [`Exchange::done`].
    pub async fn done(self) -> Outcome {
        self.exchange.into_inner().done().await
    }
}
