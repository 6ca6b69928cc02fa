//! Idle connections, looked after.

use core::future::poll_fn;
use core::pin::pin;
use core::task::{Context, Poll};

use lock_api::RawMutex;
use wskhttp_core::io::{Clock, Connect, Transport};

use super::Client;
use super::pool::Idle;

impl<C: Connect, K: Clock, R: RawMutex> Client<C, K, R> {
    /// Waits until idle connections were aborted because their time is up, or one was closed because the
    /// peer has closed it or spoken; for ever if there is none. For whoever waits for the next request to
    /// wait for besides, so that dead connections are noticed while they are idle. While one is looked at,
    /// another task does not find it in the pool.
    ///
    /// Dropping the future loses nothing: what it was closing is in the pool again, where no request uses
    /// it.
    pub async fn tend_idle(&self) {
        let before = self.idle();
        loop {
            let next = self.close_expired();
            if self.idle() < before {
                return;
            }
            let mut expiry = pin!(next.map(|at| self.clock.sleep_until(at)));
            let dead = poll_fn(|cx| {
                let dead = self.take_dead(cx);
                if dead.is_some() {
                    return Poll::Ready(dead);
                }
                match expiry.as_mut().as_pin_mut() {
                    Some(expiry) => expiry.poll(cx).map(|()| None),
                    None => Poll::Pending,
                }
            });
            if let Some(dead) = dead.await {
                return dead.close().await;
            }
        }
    }

    /// Takes an idle connection that is no longer open, if there is one. The others wake `cx` when
    /// something comes.
    fn take_dead(&self, cx: &mut Context<'_>) -> Option<Closing<'_, C, K, R>> {
        let mut at: usize = 0;
        loop {
            // The guard must be gone before the look, and before the drop.
            let taken = self.pool.lock().take_nth(at);
            let mut idle = taken?;
            if !idle.connection.transport.is_idle_and_open(cx) {
                return Some(Closing {
                    client: self,
                    at,
                    idle: Some(idle),
                });
            }
            let homeless = self.pool.lock().put_back(at, idle);
            drop(homeless);
            at = at.saturating_add(1);
        }
    }
}

/// A connection out of the pool that is being closed, back in it if that is dropped.
struct Closing<'c, C: Connect, K: Clock, R: RawMutex> {
    client: &'c Client<C, K, R>,
    /// Where it was.
    at: usize,
    idle: Option<Idle<C::Transport, C::Key>>,
}

impl<C: Connect, K: Clock, R: RawMutex> Closing<'_, C, K, R> {
    async fn close(mut self) {
        let client = self.client;
        let until = client.clock.now().saturating_add(client.limits.close);
        if let Some(idle) = &mut self.idle {
            client.close(&mut idle.connection.transport, until).await;
        }
        self.idle = None;
    }
}

impl<C: Connect, K: Clock, R: RawMutex> Drop for Closing<'_, C, K, R> {
    fn drop(&mut self) {
        if let Some(idle) = self.idle.take() {
            let homeless = self.client.pool.lock().put_back(self.at, idle);
            drop(homeless);
        }
    }
}
