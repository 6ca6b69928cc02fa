//! A byte stream that owns its buffers.

use core::future::{Future, poll_fn};
use core::task::{Context, Poll};

use super::Error;

/// A connected byte stream. IRQL: PASSIVE_LEVEL for every method.
///
/// # Invariants
/// - `input` is what has been received and not consumed; only `poll_fill` makes it grow and only
///   `consume` makes it shrink. Dropping a future that waits in `poll_fill` loses nothing.
/// - Bytes are sent in the order in which they were staged by `output` and `stage`.
/// - Dropping a transport aborts the connection: nothing waits, what was not sent is lost, the peer
///   may see a reset. A clean end is `poll_close` until it is ready.
pub trait Transport {
    /// Received bytes that were not consumed yet. They may be changed in place (TLS decrypts there).
    fn input(&mut self) -> &mut [u8];

    /// Removes the first `n` bytes of `input`; more than there are removes them all.
    fn consume(&mut self, n: usize);

    /// Waits until `input` has grown and gives by how many bytes; 0 means that the peer has closed
    /// its side cleanly, and stays so.
    ///
    /// # Errors
    /// Phase [`super::Phase::Receive`] or of the layer; `Kind::BufferFull` when `input` cannot grow
    /// because nothing was consumed.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Error>>;

    /// Free room for bytes to send. May be empty until `poll_flush` is ready.
    fn output(&mut self) -> &mut [u8];

    /// Declares the first `n` bytes of `output` written and to be sent; they may wait for a flush.
    fn stage(&mut self, n: usize);

    /// Sends what is staged. Ready when everything has been accepted by the peer's window or the
    /// transport below, and `output` has room again.
    ///
    /// # Errors
    /// Phase [`super::Phase::Send`] or of the layer.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>>;

    /// Closes both ways gracefully: flushes, says close_notify where there is TLS, sends FIN, and
    /// does not wait for the peer's without a bound.
    ///
    /// # Errors
    /// The connection is gone either way.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>>;

    /// Whether an idle connection still looks usable: nothing received, no end of stream seen.
    /// Never waits.
    fn is_idle_and_open(&mut self, cx: &mut Context<'_>) -> bool {
        self.input().is_empty() && self.poll_fill(cx).is_pending()
    }
}

/// The waiting methods of [`Transport`] as futures. Dropping one loses nothing.
pub trait TransportExt: Transport {
    /// See [`Transport::poll_fill`].
    fn fill(&mut self) -> impl Future<Output = Result<usize, Error>> {
        poll_fn(|cx| self.poll_fill(cx))
    }

    /// See [`Transport::poll_flush`].
    fn flush(&mut self) -> impl Future<Output = Result<(), Error>> {
        poll_fn(|cx| self.poll_flush(cx))
    }

    /// See [`Transport::poll_close`].
    fn close(&mut self) -> impl Future<Output = Result<(), Error>> {
        poll_fn(|cx| self.poll_close(cx))
    }
}

impl<T: Transport + ?Sized> TransportExt for T {}
