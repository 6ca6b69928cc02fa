//! A transport over tokio's TCP, for servers on 127.0.0.1.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use wskhttp_core::io::{Clock, Connect, ConnectionInfo, Error, Kind, Phase, Target, Transport};

pub const CAPACITY: usize = 16 << 10;

pub struct Tcp {
    stream: TcpStream,
    input: Vec<u8>,
    start: usize,
    end: usize,
    output: Vec<u8>,
    sent: usize,
    staged: usize,
}

#[derive(Clone, Default)]
pub struct TcpConnect {
    /// Connections made.
    pub made: Arc<AtomicUsize>,
}

#[derive(Clone, Copy)]
pub struct TokioClock(Instant);

impl Default for TokioClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TokioClock {
    type Sleep = Sleep;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix_time(&self) -> Duration {
        std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap()
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        tokio::time::sleep_until(self.0 + at)
    }
}

impl Connect for TcpConnect {
    type Transport = Tcp;
    type Key = u32;

    async fn connect(
        &self,
        target: &Target<'_>,
        _: &u32,
        info: &mut ConnectionInfo,
    ) -> Result<Tcp, Error> {
        let address = SocketAddr::new(target.host.parse().unwrap(), target.port);
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| map(&error, Phase::Connect))?;
        info.remote = stream.peer_addr().ok();
        self.made.fetch_add(1, Ordering::SeqCst);
        Ok(Tcp {
            stream,
            input: vec![0; CAPACITY],
            start: 0,
            end: 0,
            output: vec![0; CAPACITY],
            sent: 0,
            staged: 0,
        })
    }
}

impl Transport for Tcp {
    fn input(&mut self) -> &mut [u8] {
        &mut self.input[self.start..self.end]
    }

    fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.end);
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        self.input.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end == self.input.len() {
            return Poll::Ready(Err(Error::new(
                Phase::Receive,
                Kind::BufferFull,
                "the input buffer is full",
            )));
        }
        let mut buffer = ReadBuf::new(&mut self.input[self.end..]);
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
        let count = buffer.filled().len();
        self.end += count;
        Poll::Ready(
            read.map(|()| count)
                .map_err(|error| map(&error, Phase::Receive)),
        )
    }

    fn output(&mut self) -> &mut [u8] {
        &mut self.output[self.staged..]
    }

    fn stage(&mut self, n: usize) {
        self.staged += n;
        assert!(self.staged <= self.output.len());
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.sent < self.staged {
            let bytes = &self.output[self.sent..self.staged];
            let wrote = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes));
            self.sent += wrote.map_err(|error| map(&error, Phase::Send))?;
        }
        (self.sent, self.staged) = (0, 0);
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_flush(cx))?;
        Pin::new(&mut self.stream)
            .poll_shutdown(cx)
            .map_err(|error| map(&error, Phase::Close))
    }
}

fn map(error: &std::io::Error, phase: Phase) -> Error {
    let kind = match error.kind() {
        ErrorKind::ConnectionRefused => Kind::ConnectionRefused,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Kind::ConnectionReset,
        _ => Kind::IoFailed,
    };
    Error::new(phase, kind, "the socket failed")
}
