//! A transport over a socket that blocks.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream};
use std::task::{Context, Poll};
use std::time::Duration;

use wskhttp_core::io::{Error, Kind, Phase, Transport};

use crate::flags::Flags;

/// A connection to the runner.
pub(crate) struct Wire {
    stream: TcpStream,
    /// Bytes come one at a time, and every other poll waits.
    slow: bool,
    waited: bool,
    input: Vec<u8>,
    output: Vec<u8>,
    staged: usize,
}

/// Room for the longest handshake message and a record.
const INPUT: usize = 1 << 17;
const OUTPUT: usize = 1 << 15;
/// Longest silence of a runner that is to close, and the most that it still says.
const LINGER: Duration = Duration::from_secs(1);
const MOST_LEFT: u64 = 1 << 20;
/// Longest silence of the runner.
const PATIENCE: Duration = Duration::from_secs(600);

impl Wire {
    /// Connects, and says which shim this is.
    pub(crate) fn connect(flags: &Flags) -> Result<Self, Error> {
        let address = if flags.ipv6 {
            SocketAddr::from((Ipv6Addr::LOCALHOST, flags.port))
        } else {
            SocketAddr::from((Ipv4Addr::LOCALHOST, flags.port))
        };
        let connected = TcpStream::connect(address).and_then(|mut stream| {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.write_all(&flags.shim_id.to_le_bytes())?;
            Ok(stream)
        });
        Ok(Self {
            stream: connected.map_err(|_| failed(Phase::Connect, Kind::ConnectFailed))?,
            slow: flags.slow,
            waited: false,
            input: Vec::new(),
            output: vec![0; OUTPUT],
            staged: 0,
        })
    }
}

impl Transport for Wire {
    fn input(&mut self) -> &mut [u8] {
        &mut self.input
    }

    fn consume(&mut self, n: usize) {
        self.input.drain(..n.min(self.input.len()));
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        if self.slow {
            self.waited = !self.waited;
            if self.waited {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        let most = if self.slow { 1 } else { 1 << 14 };
        let room = INPUT.saturating_sub(self.input.len()).min(most);
        if room == 0 {
            return Poll::Ready(Err(failed(Phase::Receive, Kind::BufferFull)));
        }
        let had = self.input.len();
        self.input.resize(had + room, 0);
        let read = loop {
            match self.stream.read(&mut self.input[had..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => break done,
            }
        };
        let n = *read.as_ref().unwrap_or(&0);
        self.input.truncate(had + n);
        Poll::Ready(match read {
            Ok(n) => Ok(n),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                Err(failed(Phase::Receive, Kind::ConnectionReset))
            }
            Err(_) => Err(failed(Phase::Receive, Kind::IoFailed)),
        })
    }

    fn output(&mut self) -> &mut [u8] {
        &mut self.output[self.staged..]
    }

    fn stage(&mut self, n: usize) {
        self.staged = (self.staged + n).min(self.output.len());
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let sent = self.stream.write_all(&self.output[..self.staged]);
        self.staged = 0;
        Poll::Ready(sent.map_err(|_| failed(Phase::Send, Kind::ConnectionReset)))
    }

    /// The socket is closed when this is dropped: until then the runner may answer.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_flush(cx)
    }
}

impl Drop for Wire {
    /// Lets the runner read what was said last: bytes of its own that nobody reads would reset the
    /// connection.
    fn drop(&mut self) {
        let stream = &mut self.stream;
        let silence = stream.set_read_timeout(Some(LINGER));
        if silence.is_ok() && stream.shutdown(Shutdown::Write).is_ok() {
            let _ = std::io::copy(&mut stream.take(MOST_LEFT), &mut std::io::sink());
        }
    }
}

const fn failed(phase: Phase, kind: Kind) -> Error {
    Error::new(phase, kind, "the connection to the runner failed")
}
