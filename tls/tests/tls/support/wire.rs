//! A transport in memory, and what is at its other end.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::{ServerConfig, ServerConnection};
use wskhttp_core::io::{Error, Kind, Phase, Transport};

/// Receives bytes and answers at once.
pub(crate) trait Peer {
    /// Takes what the client sent; what it answers goes to `answer`.
    fn receive(&mut self, bytes: &[u8], answer: &mut Vec<u8>);
}

/// A transport to a [`Peer`].
pub(crate) struct Wire<P> {
    pub(crate) peer: P,
    /// Bytes on their way to the client.
    pub(crate) arriving: VecDeque<u8>,
    /// Most bytes that one fill brings.
    pub(crate) per_fill: usize,
    /// Bytes that the first fill brings, if not 0.
    pub(crate) first_fill: usize,
    /// Bytes that it brought.
    pub(crate) first_fill_had: usize,
    /// After what is arriving comes the end.
    pub(crate) ends: bool,
    /// The client has closed.
    pub(crate) closed: bool,
    input: Vec<u8>,
    capacity: usize,
    output: Vec<u8>,
    staged: usize,
}

impl<P: Peer> Wire<P> {
    pub(crate) fn new(peer: P) -> Self {
        Self::sized(peer, usize::MAX, 1 << 17, 1 << 15)
    }

    /// At most `per_fill` bytes a fill, `input` and `output` bytes of buffers.
    pub(crate) fn sized(peer: P, per_fill: usize, input: usize, output: usize) -> Self {
        Self {
            peer,
            arriving: VecDeque::new(),
            per_fill,
            first_fill: 0,
            first_fill_had: 0,
            ends: false,
            closed: false,
            input: Vec::new(),
            capacity: input,
            output: vec![0; output],
            staged: 0,
        }
    }

    /// Lets the peer say something unasked.
    pub(crate) fn provoke(&mut self, say: impl FnOnce(&mut P, &mut Vec<u8>)) {
        let mut answer = Vec::new();
        say(&mut self.peer, &mut answer);
        self.arriving.extend(answer);
    }
}

impl<P: Peer> Transport for Wire<P> {
    fn input(&mut self) -> &mut [u8] {
        &mut self.input
    }

    fn consume(&mut self, n: usize) {
        self.input.drain(..n.min(self.input.len()));
    }

    fn poll_fill(&mut self, _cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        let room = self.capacity - self.input.len();
        let most = match self.first_fill {
            first if first > 0 && self.first_fill_had == 0 => first,
            _ => self.per_fill,
        };
        let n = self.arriving.len().min(most).min(room);
        if n > 0 {
            if self.first_fill_had == 0 {
                self.first_fill_had = n;
            }
            self.input.extend(self.arriving.drain(..n));
            return Poll::Ready(Ok(n));
        }
        if room == 0 {
            return Poll::Ready(Err(Error::new(
                Phase::Receive,
                Kind::BufferFull,
                "the wire's buffer is full",
            )));
        }
        if self.ends {
            return Poll::Ready(Ok(0));
        }
        Poll::Pending
    }

    fn output(&mut self) -> &mut [u8] {
        &mut self.output[self.staged..]
    }

    fn stage(&mut self, n: usize) {
        self.staged = (self.staged + n).min(self.output.len());
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut answer = Vec::new();
        if self.staged > 0 {
            self.peer.receive(&self.output[..self.staged], &mut answer);
        }
        self.output.fill(0xDD);
        self.staged = 0;
        self.arriving.extend(answer);
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.closed = true;
        self.poll_flush(cx)
    }
}

/// A TLS server that echoes.
pub(crate) struct Echo {
    pub(crate) tls: ServerConnection,
    /// Why the server gave up.
    pub(crate) error: Option<rustls::Error>,
    /// The client said close_notify.
    pub(crate) saw_close: bool,
    /// Plaintext received.
    pub(crate) received: Vec<u8>,
    /// Whether to send back what is received.
    pub(crate) echo: bool,
}

impl Echo {
    pub(crate) fn new(config: Arc<ServerConfig>) -> Self {
        Self {
            tls: ServerConnection::new(config).expect("a server"),
            error: None,
            saw_close: false,
            received: Vec::new(),
            echo: true,
        }
    }

    /// Moves what TLS wants to send to `answer`.
    pub(crate) fn pump(&mut self, answer: &mut Vec<u8>) {
        while self.tls.wants_write() {
            self.tls.write_tls(answer).expect("a vector takes all");
        }
    }

    /// Sends `bytes` as they are cut by `record` bytes.
    pub(crate) fn say(&mut self, bytes: &[u8], answer: &mut Vec<u8>) {
        self.tls.writer().write_all(bytes).expect("room");
        self.pump(answer);
    }
}

impl Peer for Echo {
    fn receive(&mut self, mut bytes: &[u8], answer: &mut Vec<u8>) {
        while !bytes.is_empty() && self.error.is_none() {
            self.tls.read_tls(&mut bytes).expect("a slice");
            match self.tls.process_new_packets() {
                Ok(state) => {
                    let mut plain = vec![0; state.plaintext_bytes_to_read()];
                    self.tls.reader().read_exact(&mut plain).expect("plaintext");
                    if self.echo {
                        self.tls.writer().write_all(&plain).expect("room");
                    }
                    self.received.extend(plain);
                    self.saw_close |= state.peer_has_closed();
                }
                Err(error) => self.error = Some(error),
            }
            self.pump(answer);
        }
    }
}

/// Answers the first bytes with a fixed reply, and keeps what it hears.
pub(crate) struct Script {
    pub(crate) reply: Option<Vec<u8>>,
    pub(crate) heard: Vec<u8>,
}

impl Script {
    pub(crate) fn new(reply: &[u8]) -> Self {
        Self {
            reply: Some(reply.to_vec()),
            heard: Vec::new(),
        }
    }
}

impl Peer for Script {
    fn receive(&mut self, bytes: &[u8], answer: &mut Vec<u8>) {
        self.heard.extend(bytes);
        answer.extend(self.reply.take().unwrap_or_default());
    }
}
