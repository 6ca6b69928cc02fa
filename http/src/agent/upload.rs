//! A call whose body is streamed.

use lock_api::RawMutex;
use wskhttp_core::fallible::Boxed;
use wskhttp_core::io::{Clock, Connect, Error};

use super::course::{Course, Verdict};
use super::{Agent, Keys, Response};
use crate::Headers;
use crate::client::Exchange;

/// A call whose head is sent and whose body follows. Dropping it aborts its connection.
pub struct Upload<'c, 'a, C: Connect, K: Clock, R: RawMutex> {
    agent: &'c Agent<C, K, R>,
    exchange: Boxed<Exchange<'c, C, K, R>>,
    course: Course<'a>,
    keys: Keys<'a, C::Key>,
}

impl<'c, 'a, C: Connect, K: Clock, R: RawMutex> Upload<'c, 'a, C, K, R> {
    pub(super) fn new(
        agent: &'c Agent<C, K, R>,
        exchange: Boxed<Exchange<'c, C, K, R>>,
        course: Course<'a>,
        keys: Keys<'a, C::Key>,
    ) -> Self {
        Self {
            agent,
            exchange,
            course,
            keys,
        }
    }

    /// Sends all of `data`; see [`Exchange::write`].
    ///
    /// # Errors
    /// As there.
    pub async fn write(&mut self, data: &[u8]) -> Result<bool, Error> {
        self.exchange.write(data).await
    }

    /// Sends a part of `data`; see [`Exchange::write_some`].
    ///
    /// # Errors
    /// As there.
    pub async fn write_some(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.exchange.write_some(data).await
    }

    /// As [`Upload::finish`], with trailer fields; see [`Exchange::finish_with`].
    ///
    /// # Errors
    /// As both.
    pub async fn finish_with(mut self, trailers: &Headers) -> Result<Response<'c, C, K, R>, Error> {
        self.exchange.finish_with(trailers).await?;
        self.conclude().await
    }

    /// Ends the body and waits for the head of the final response. A redirect that asks for the
    /// body again cannot be followed.
    ///
    /// # Errors
    /// As [`Exchange::finish`] and [`Agent::send`]; kind `NotReplayable`.
    pub async fn finish(mut self) -> Result<Response<'c, C, K, R>, Error> {
        self.exchange.finish().await?;
        self.conclude().await
    }

    async fn conclude(mut self) -> Result<Response<'c, C, K, R>, Error> {
        let head = self.exchange.response().await?;
        match self.course.judge(head, &self.agent.circumstances())? {
            Verdict::Deliver => Response::new(self.exchange, &self.course),
            Verdict::Again(_) => {
                self.exchange.into_inner().discard().await;
                self.agent.run(&mut self.course, self.keys).await
            }
        }
    }
}
