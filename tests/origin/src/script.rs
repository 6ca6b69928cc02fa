//! Answers written byte by byte, without hyper.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use crate::log::End;
use crate::observe::Observed;
use crate::pattern::Pattern;

/// What is written, and what happens then.
pub(crate) struct Script {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) ending: Ending,
}

/// A part of what is written.
pub(crate) enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// All bytes of a pattern.
    Pattern(u64),
    /// The bytes of a pattern one by one, with a pause before each.
    Slow(u64, Duration),
}

/// What happens after the last piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The next request on the connection is served.
    KeepAlive,
    /// close_notify under TLS, then FIN.
    CloseNotify,
    /// FIN only.
    Fin,
    /// RST, after what was written has had time to arrive.
    Reset,
    /// Nothing until the client ends the connection.
    Stall,
}

impl Script {
    pub(crate) fn new(bytes: impl Into<Vec<u8>>, ending: Ending) -> Self {
        Self {
            pieces: vec![Piece::Bytes(bytes.into())],
            ending,
        }
    }

    /// Runs it; gives whether the connection goes on.
    pub(crate) async fn run(self, io: &mut Observed) -> bool {
        for piece in self.pieces {
            if write(io, piece).await.is_err() {
                return false;
            }
        }
        match self.ending {
            Ending::KeepAlive => return true,
            Ending::CloseNotify => close(io).await,
            Ending::Fin => {
                // Below TLS, so that no close_notify is sent.
                if io.tcp().shutdown().await.is_ok() {
                    drain(io, CLOSE_WAIT).await;
                }
            }
            Ending::Reset => {
                sleep(ARRIVAL).await;
                io.page().end(End::ServerReset);
                // The caller drops the socket; with a linger time of zero that is a reset.
                let _ = io.tcp().set_zero_linger();
            }
            Ending::Stall => drain(io, STALL).await,
        }
        false
    }
}

/// Ends the connection in good order and waits for the client to do so too.
pub(crate) async fn close(io: &mut Observed) {
    if io.shutdown().await.is_ok() {
        drain(io, CLOSE_WAIT).await;
    }
}

async fn write(io: &mut Observed, piece: Piece) -> io::Result<()> {
    match piece {
        Piece::Bytes(bytes) => io.write_all(&bytes).await?,
        Piece::Pattern(length) => {
            let mut pattern = Pattern::new(length);
            while pattern.left() > 0 {
                io.write_all(pattern.take(STEP)).await?;
            }
        }
        Piece::Slow(length, pause) => {
            let mut pattern = Pattern::new(length);
            while pattern.left() > 0 {
                io.flush().await?;
                sleep(pause).await;
                io.write_all(pattern.take(1)).await?;
            }
        }
    }
    io.flush().await
}

/// Reads until the client has ended the connection, which the stream notes in the log.
async fn drain(io: &mut Observed, most: Duration) {
    let mut sink = vec![0; STEP];
    let ended = timeout(most, async {
        while matches!(io.read(&mut sink).await, Ok(n) if n > 0) {}
    })
    .await;
    if ended.is_err() {
        io.page().end(End::Abandoned);
    }
}

const STEP: usize = 64 * 1024;
const ARRIVAL: Duration = Duration::from_millis(100);
const CLOSE_WAIT: Duration = Duration::from_secs(10);
const STALL: Duration = Duration::from_secs(600);
