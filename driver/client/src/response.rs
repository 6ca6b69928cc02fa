//! A response, and its body as it arrives.

use std::io::{self, BufRead, Read};

use wskhttp_abi::{ParseError, Response as Message, ResponseFlags};

use crate::sys::Operation;
use crate::{Device, Error, Head};

/// A response whose head is there; [`Read`] gives its body. Dropping it before the body's end aborts
/// the request.
pub struct Response<'d> {
    device: &'d mut Device,
    head: Head,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    More,
    Complete,
    Failed,
}

/// What a response message says.
pub(crate) struct Received {
    head: Head,
    body: Vec<u8>,
    complete: bool,
}

impl Received {
    pub(crate) fn parse(message: &[u8]) -> Result<Self, ParseError> {
        let message = Message::parse(message)?;
        Ok(Self {
            head: Head::from_message(&message),
            body: message.body.to_vec(),
            complete: message.flags.contains(ResponseFlags::BODY_COMPLETE),
        })
    }
}

impl<'d> Response<'d> {
    pub(crate) fn new(device: &'d mut Device, received: Received) -> Self {
        Self {
            device,
            head: received.head,
            end: received.body.len(),
            buffer: received.body,
            start: 0,
            state: if received.complete {
                State::Complete
            } else {
                State::More
            },
        }
    }

    /// The head.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Whether the body's end has been seen: all that is left is buffered here.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.state == State::Complete
    }

    /// The server's certificates in DER, its own first, one after the other: empty unless the request
    /// was to keep them ([`TlsOptions::keep_peer`](crate::TlsOptions::keep_peer)), and without TLS.
    ///
    /// # Errors
    /// Phase `Exchange`.
    pub fn peer_certificates(&mut self) -> Result<Vec<u8>, Error> {
        self.device.peer_certificates()
    }

    /// The next bytes of the body, which are empty at its end. They count as read.
    ///
    /// # Errors
    /// What the driver says about the failure.
    pub fn chunk(&mut self) -> Result<&[u8], Error> {
        self.fill()?;
        let start = std::mem::replace(&mut self.start, self.end);
        Ok(&self.buffer[start..self.end])
    }

    fn fill(&mut self) -> Result<(), Error> {
        if self.start < self.end || self.state == State::Complete {
            return Ok(());
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(CHUNK, 0);
        (self.start, self.end) = (0, 0);
        match self.device.checked(Operation::Read(buffer)) {
            Ok(done) => {
                self.end = done.bytes().len();
                self.buffer = done.output;
                if self.end == 0 {
                    self.state = State::Complete;
                }
                Ok(())
            }
            Err(error) => {
                self.device.settle(&error);
                self.state = State::Failed;
                Err(error)
            }
        }
    }
}

impl Read for Response<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let mut from = self.fill_buf()?;
        let read = from.read(to)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Response<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fill()?;
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, n: usize) {
        self.start = self.end.min(self.start.saturating_add(n));
    }
}

impl Drop for Response<'_> {
    fn drop(&mut self) {
        if self.state == State::More {
            self.device.abandon();
        }
    }
}

/// Bytes of one read.
const CHUNK: usize = 256 * 1024;
