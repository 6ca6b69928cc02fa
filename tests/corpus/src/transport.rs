//! The client's side of a connection to the server of a case.

use std::task::{Context, Poll};
use std::time::Duration;

use wskhttp_core::io::{Clock as _, Error, Phase, Transport};

use crate::clock::Clock;
use crate::server::{Event, Line};

/// Receives so many bytes at a time; every receive is pending once before it gives something.
#[derive(Debug)]
pub(crate) struct Connection {
    line: Line,
    clock: Clock,
    write: usize,
    input: Vec<u8>,
    /// Bytes of `input` that were consumed.
    start: usize,
    output: Vec<u8>,
    staged: usize,
    /// When the wait at the front of the events is over.
    until: Option<Duration>,
    waited: bool,
}

impl Connection {
    pub(crate) fn new(line: Line, clock: Clock, write: usize) -> Self {
        Self {
            line,
            clock,
            write,
            input: Vec::new(),
            start: 0,
            output: vec![0; ROOM],
            staged: 0,
            until: None,
            waited: false,
        }
    }

    /// The event that is due now, waits and empty writes done with.
    fn due(&mut self) -> Option<&mut Event> {
        loop {
            match self.line.events.front()? {
                Event::Bytes(bytes, sent) if *sent < bytes.len() => break,
                Event::Bytes(..) => {}
                Event::Wait(time) => {
                    let now = self.clock.now();
                    let until = *self.until.get_or_insert(now.saturating_add(*time));
                    if now < until {
                        self.clock.wait_for(until);
                        return None;
                    }
                    self.until = None;
                }
                Event::Fin | Event::Fail(_) => break,
            }
            self.line.events.pop_front();
        }
        self.line.events.front_mut()
    }
}

impl Transport for Connection {
    fn input(&mut self) -> &mut [u8] {
        &mut self.input[self.start..]
    }

    fn consume(&mut self, n: usize) {
        self.start = self.start.saturating_add(n).min(self.input.len());
        if self.start == self.input.len() {
            self.input.clear();
            self.start = 0;
        }
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        let write = self.write;
        let waited = std::mem::replace(&mut self.waited, true);
        match self.due() {
            None => {
                self.waited = false;
                return Poll::Pending;
            }
            Some(_) if !waited => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Event::Fin) => return Poll::Ready(Ok(0)),
            Some(Event::Fail(kind)) => {
                let error = Error::new(Phase::Receive, *kind, "the server ended the connection");
                return Poll::Ready(Err(error));
            }
            Some(_) => {}
        }
        self.waited = false;
        let Some(Event::Bytes(bytes, sent)) = self.line.events.front_mut() else {
            return Poll::Pending;
        };
        let count = write.min(bytes.len() - *sent).min(MOST);
        self.input.drain(..self.start);
        self.start = 0;
        self.input.extend_from_slice(&bytes[*sent..*sent + count]);
        *sent += count;
        // A wait begins when what is before it has arrived.
        self.due();
        Poll::Ready(Ok(count))
    }

    fn output(&mut self) -> &mut [u8] {
        &mut self.output[self.staged..]
    }

    fn stage(&mut self, n: usize) {
        self.staged += n;
        assert!(
            self.staged <= self.output.len(),
            "more staged than there was room for"
        );
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let staged = std::mem::take(&mut self.staged);
        if staged > 0 {
            self.line.hear(&self.output[..staged]);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn is_idle_and_open(&mut self, cx: &mut Context<'_>) -> bool {
        // What is due is there, whatever the receive that would bring it.
        self.waited = true;
        let idle = self.input().is_empty() && self.poll_fill(cx).is_pending();
        self.waited = false;
        idle
    }
}

/// Bytes of the output buffer.
const ROOM: usize = 4096;

/// Most bytes of one receive: what a socket's buffer would hold.
const MOST: usize = 64 << 10;
