//! How much to have in flight: the ideal send backlog.

use core::cell::UnsafeCell;
use core::task::{Context, Poll};

use super::op::{Op, Payload};
use super::provider::Provider;
use super::socket::Socket;
use super::sys::SIO_WSK_QUERY_IDEAL_SEND_BACKLOG;
use crate::nt::shared::Shared;

/// What the transport has last said about the ideal send backlog
/// (`network/sio-wsk-query-ideal-send-backlog`).
pub(super) struct Backlog {
    /// Made when it is first asked.
    query: Option<Op<Query>>,
    bytes: usize,
    /// Sends since it was asked last.
    sends: u32,
}

/// Payload of a query.
struct Query(UnsafeCell<usize>);

impl Payload for Query {}

// SAFETY: WSK writes it in flight, the owner reads it afterwards.
unsafe impl Sync for Query {}

impl Backlog {
    pub(super) const fn new() -> Self {
        Self {
            query: None,
            bytes: USUAL,
            sends: ASK_AFTER,
        }
    }

    /// How many bytes to have in flight, at most [`MOST`].
    pub(super) fn bytes(&self) -> usize {
        self.bytes.clamp(LEAST, MOST)
    }

    /// The transport has said it by itself, as it does again.
    pub(super) fn is_told(&mut self, bytes: usize) {
        self.bytes = bytes;
        self.sends = 0;
    }

    /// A send of a full buffer begins: asks the transport if it was not asked for a while.
    pub(super) fn ask(&mut self, provider: &Shared<Provider>, socket: &Socket) {
        self.sends = self.sends.saturating_add(1);
        if self.sends < ASK_AFTER || !provider.quirks().has_control() {
            return;
        }
        if self.query.is_none() {
            self.query = Op::try_new(provider, Query(UnsafeCell::new(0))).ok();
        }
        if let Some(query) = self.query.as_mut().filter(|query| query.is_idle()) {
            self.sends = 0;
            let output = |query: &Query| (query.0.get().cast(), size_of::<usize>());
            // SAFETY: the output lies in the operation.
            unsafe { socket.ioctl(query, SIO_WSK_QUERY_IDEAL_SEND_BACKLOG, output) };
        }
    }

    /// Takes an answer that is there.
    pub(super) fn look(&mut self, cx: &mut Context<'_>) {
        let Some(query) = self.query.as_mut().filter(|query| !query.is_idle()) else {
            return;
        };
        if let Poll::Ready(done) = query.poll(cx)
            && done.is_success()
            && let Some(Query(answer)) = query.payload_mut()
        {
            self.bytes = *answer.get_mut();
        }
    }

    /// Gives back what asking takes.
    pub(super) fn trim(&mut self) {
        if self.query.as_ref().is_some_and(Op::is_idle) {
            self.query = None;
            self.sends = ASK_AFTER;
        }
    }
}

/// Where the transport does not say.
const USUAL: usize = 192 * 1024;
const LEAST: usize = 16 * 1024;
pub(super) const MOST: usize = 512 * 1024;
const ASK_AFTER: u32 = 16;
