//! The end of a connection at once.

use core::ptr::null_mut;
use core::time::Duration;

use super::op::{Op, Payload};
use super::status;
use super::sys::WSK_FLAG_ABORTIVE;
use super::transport::TcpTransport;
use crate::io::{Clock, Error, Kind, Phase, deadline};

impl TcpTransport {
    /// Ends the connection both ways at once, with RST, and waits until the network stack has done so:
    /// what is in flight is canceled, what was not sent is lost
    /// (`wsk/nc-wsk-pfn_wsk_disconnect` with `WSK_FLAG_ABORTIVE`). Dropping the transport does the same
    /// and does not wait. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// Phase `Close`. The socket is closed either way.
    pub async fn abort(mut self) -> Result<(), Error> {
        let provider = self.receive.provider().clone();
        let Some(socket) = &self.socket else {
            return Ok(());
        };
        if !provider.quirks().has_disconnect() {
            return Ok(());
        }
        let mut op = Op::try_new(&provider, Abort).map_err(|e| e.in_phase(Phase::Close))?;
        // SAFETY: there is no buffer.
        unsafe { socket.disconnect(&mut op, null_mut(), WSK_FLAG_ABORTIVE) };
        let until = provider.clock().now().saturating_add(BOUND);
        let ended = async {
            match op.completion().await {
                done if done.is_success() => Ok(()),
                done => Err(status::map(Phase::Close, done.status)),
            }
        };
        let ended = deadline(provider.clock(), Some(until), LATE, ended).await;
        // Before the operation, which may still be in flight.
        self.close();
        ended
    }
}

/// Payload of an abortive disconnect.
struct Abort;

impl Payload for Abort {}

const BOUND: Duration = Duration::from_secs(3);

const LATE: Error = Error::new(
    Phase::Close,
    Kind::TimedOut,
    "the network stack did not end the connection in time",
);
