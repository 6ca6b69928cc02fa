//! A [`Transport`] that speaks TLS over another one.

use alloc::vec::Vec;
use core::task::{Context, Poll, ready};

use wskhttp_core::io::{Error, Kind, Phase, TlsInfo, Transport};

use crate::error;
use crate::session::{MAX_PLAIN, OVERHEAD, Session, Step};

/// Steps without data in one poll, after which other tasks, and the deadline, get their turn.
const STEPS_PER_POLL: usize = 64;
/// Room below which a record waits for a flush of the transport below.
const SMALL: usize = 1024;

/// TLS over the transport `T`.
///
/// [`Transport::input`] is plaintext inside the input of `T`, decrypted where it arrived:
/// ```text
/// input of T: | used up | plaintext | used up | not processed ... |
///             0         start       +length   end
/// ```
/// When the caller wants more before it has consumed what is there, the rest moves up to the next
/// record's plaintext. The input of `T` must be able to hold a record of 16,645 bytes, what the
/// caller leaves unconsumed, and the longest handshake message.
///
/// [`Transport::output`] is a buffer of one record, made when it is first wanted and freed by
/// [`Transport::is_idle_and_open`].
pub struct TlsTransport<T> {
    inner: T,
    session: Session,
    start: usize,
    length: usize,
    end: usize,
    staging: Vec<u8>,
    staged: usize,
    sealed: usize,
    starved: bool,
    /// Own bytes of the session may wait in the transport below.
    unflushed: bool,
    receive_error: Option<Error>,
    close_notified: bool,
}

impl<T: Transport> TlsTransport<T> {
    pub(crate) fn new(inner: T, session: Session) -> Self {
        Self {
            inner,
            session,
            start: 0,
            length: 0,
            end: 0,
            staging: Vec::new(),
            staged: 0,
            sealed: 0,
            starved: false,
            unflushed: false,
            receive_error: None,
            close_notified: false,
        }
    }

    /// What was negotiated.
    #[must_use]
    pub fn info(&self) -> Option<TlsInfo> {
        self.session.info()
    }

    /// The session, to look at.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// The transport below, to look at. Reading or writing through it breaks the connection.
    pub fn inner_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Ready when the handshake is done. The last flight waits for the first flush or fill, so that
    /// it can share a segment with the first request.
    pub(crate) fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        for _ in 0..STEPS_PER_POLL {
            match self.step()? {
                Step::Again => {}
                Step::NeedOutput => ready!(self.poll_drain(cx)).map_err(in_handshake)?,
                Step::Data { .. } => return Poll::Ready(Ok(())),
                // What came with the end of the handshake is no part of it.
                Step::Closed if !self.session.is_handshaking() => return Poll::Ready(Ok(())),
                Step::Closed => return Poll::Ready(Err(ended())),
                Step::NeedInput => {
                    ready!(self.poll_drain(cx)).map_err(in_handshake)?;
                    if !self.session.is_handshaking() {
                        return Poll::Ready(Ok(()));
                    }
                    ready!(self.inner.poll_flush(cx)).map_err(in_handshake)?;
                    if ready!(self.inner.poll_fill(cx)).map_err(in_handshake)? == 0 {
                        return Poll::Ready(Err(ended()));
                    }
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// After a failed handshake: tells the peer why, if there is something to tell.
    pub(crate) fn poll_last_words(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_drain(cx))?;
        self.inner.poll_close(cx)
    }

    pub(crate) fn has_last_words(&self) -> bool {
        !self.session.outgoing().is_empty()
    }

    /// One step of the session over what follows the plaintext that is there.
    fn step(&mut self) -> Result<Step, Error> {
        let input = self.inner.input().get_mut(self.end..).unwrap_or_default();
        let (used, step) = self.session.step(input)?;
        let end = self.end.saturating_add(used);
        if let Step::Data { start, length } = step {
            let to = self.end.saturating_add(start);
            if self.length == 0 {
                self.start = to;
            } else {
                self.start = self.move_up(to)?;
            }
            self.length = self.length.saturating_add(length);
            self.end = end;
        } else {
            self.use_up(used);
        }
        Ok(step)
    }

    /// Moves the plaintext that is there so that it ends at `to`; gives where it begins.
    fn move_up(&mut self, to: usize) -> Result<usize, Error> {
        let end = self.start.saturating_add(self.length);
        let (start, length) = (self.start, self.length);
        let room = self.inner.input().get_mut(start..to);
        match (room, to.checked_sub(end)) {
            (Some(room), Some(by))
                if length <= room.len() && by <= room.len().saturating_sub(length) =>
            {
                room.copy_within(..length, by);
                Ok(start.saturating_add(by))
            }
            _ => Err(error::internal("a record's plaintext is out of place")),
        }
    }

    /// `n` bytes after the plaintext need not be seen again.
    fn use_up(&mut self, n: usize) {
        if self.length == 0 {
            self.inner.consume(self.end.saturating_add(n));
            self.start = 0;
            self.end = 0;
        } else {
            self.end = self.end.saturating_add(n);
        }
    }

    /// Removes what is used up in front of the plaintext.
    fn compact(&mut self) {
        let n = self.start;
        if n > 0 {
            self.inner.consume(n);
            self.start = 0;
            self.end = self.end.saturating_sub(n);
        }
    }

    /// Moves the session's own bytes to the transport below.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while !self.session.outgoing().is_empty() {
            if self.inner.output().is_empty() {
                ready!(self.inner.poll_flush(cx))?;
            }
            let room = self.inner.output();
            let bytes = self.session.outgoing();
            let n = room.len().min(bytes.len());
            if n == 0 {
                return Poll::Ready(Err(no_room()));
            }
            for (to, from) in room.iter_mut().zip(bytes) {
                *to = *from;
            }
            self.inner.stage(n);
            self.session.sent(n);
            self.unflushed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// What the session wants to say is said as far as it goes without waiting.
    fn answer(&mut self, cx: &mut Context<'_>) {
        // An error shows up where the caller sends or receives next.
        if matches!(self.poll_drain(cx), Poll::Ready(Ok(())))
            && self.unflushed
            && self.inner.poll_flush(cx).is_ready()
        {
            self.unflushed = false;
        }
    }

    /// Lets the session get ready to send.
    fn prepare(&mut self) -> Result<(), Error> {
        let input = self.inner.input().get_mut(self.end..).unwrap_or_default();
        let used = self
            .session
            .prepare(input)
            .map_err(|error| error.in_phase(Phase::Send))?;
        self.use_up(used);
        Ok(())
    }

    /// Seals one record of what is staged, into the transport below if it has room.
    fn seal(&mut self) -> Result<(), Error> {
        let rest = self
            .staging
            .get(self.sealed..self.staged)
            .unwrap_or_default();
        let room = self.inner.output().len();
        let n = rest.len().min(MAX_PLAIN).min(room.saturating_sub(OVERHEAD));
        let input = self.inner.input().get_mut(self.end..).unwrap_or_default();
        if n < rest.len().min(SMALL) {
            let n = self.session.seal_outgoing(input, rest)?;
            self.sealed = self.sealed.saturating_add(n);
            return Ok(());
        }
        let sealer = self.session.sealer(input)?;
        let written = sealer.seal(rest.get(..n).unwrap_or_default(), self.inner.output())?;
        self.inner.stage(written);
        self.sealed = self.sealed.saturating_add(n);
        Ok(())
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        for _ in 0..STEPS_PER_POLL {
            match self.step()? {
                Step::Again => {}
                Step::NeedOutput => ready!(self.poll_drain(cx))?,
                Step::Data { length, .. } => return Poll::Ready(Ok(length)),
                Step::Closed => return Poll::Ready(Ok(0)),
                Step::NeedInput => {
                    self.answer(cx);
                    self.compact();
                    if ready!(self.inner.poll_fill(cx))? == 0 {
                        return Poll::Ready(Err(truncated()));
                    }
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<T: Transport> Transport for TlsTransport<T> {
    fn input(&mut self) -> &mut [u8] {
        let end = self.start.saturating_add(self.length);
        self.inner
            .input()
            .get_mut(self.start..end)
            .unwrap_or_default()
    }

    fn consume(&mut self, n: usize) {
        let n = n.min(self.length);
        self.start = self.start.saturating_add(n);
        self.length = self.length.saturating_sub(n);
        if self.length == 0 {
            self.use_up(0);
        }
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        if let Some(error) = self.receive_error {
            return Poll::Ready(Err(error));
        }
        let done = ready!(self.poll_receive(cx));
        if let Err(error) = done
            && error.kind != Kind::BufferFull
        {
            self.receive_error = Some(error);
            self.answer(cx);
        }
        Poll::Ready(done)
    }

    fn output(&mut self) -> &mut [u8] {
        if self.staging.is_empty() {
            self.starved = self.staging.try_reserve_exact(MAX_PLAIN).is_err();
            if !self.starved {
                self.staging.resize(MAX_PLAIN, 0);
            }
        }
        self.staging.get_mut(self.staged..).unwrap_or_default()
    }

    fn stage(&mut self, n: usize) {
        self.staged = self.staged.saturating_add(n).min(self.staging.len());
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.sealed < self.staged {
            self.prepare()?;
            ready!(self.poll_drain(cx))?;
            let wanted = self.staged.saturating_sub(self.sealed).min(MAX_PLAIN);
            if self.inner.output().len() < wanted.saturating_add(OVERHEAD) {
                ready!(self.inner.poll_flush(cx))?;
            }
            self.seal()?;
        }
        self.staged = 0;
        self.sealed = 0;
        ready!(self.poll_drain(cx))?;
        ready!(self.inner.poll_flush(cx))?;
        self.unflushed = false;
        if self.starved && self.output().is_empty() {
            return Poll::Ready(Err(error::no_memory().in_phase(Phase::Send)));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.receive_error.is_none() {
            if self.staged > 0 {
                ready!(self.poll_flush(cx))?;
            }
            if !self.close_notified {
                self.prepare()?;
                let input = self.inner.input().get_mut(self.end..).unwrap_or_default();
                self.session
                    .close(input)
                    .map_err(|error| error.in_phase(Phase::Close))?;
                self.close_notified = true;
            }
            ready!(self.poll_drain(cx))?;
        }
        self.inner.poll_close(cx)
    }

    fn is_idle_and_open(&mut self, cx: &mut Context<'_>) -> bool {
        if self.staged == 0 {
            self.staging = Vec::new();
        }
        if self.length > 0 {
            return false;
        }
        // With nothing to decrypt or to say, the transport below may have a cheaper way to watch.
        let said = !self.unflushed && self.session.outgoing().is_empty();
        let nothing = self.receive_error.is_none() && self.inner.input().is_empty();
        said && nothing && self.inner.is_idle_and_open(cx) || self.poll_fill(cx).is_pending()
    }
}

fn in_handshake(error: Error) -> Error {
    if error.kind == Kind::BufferFull {
        return Error::new(
            Phase::Tls,
            Kind::TlsMisbehaved,
            "the server sent a handshake message that is too large",
        );
    }
    error.in_phase(Phase::Tls)
}

const fn ended() -> Error {
    Error::new(
        Phase::Tls,
        Kind::TlsTruncated,
        "the server closed the connection during the TLS handshake",
    )
}

const fn truncated() -> Error {
    Error::new(
        Phase::Receive,
        Kind::TlsTruncated,
        "the connection ended without close_notify, so data may be missing",
    )
}

const fn no_room() -> Error {
    Error::new(
        Phase::Send,
        Kind::NoResources,
        "the transport under TLS has no room to send",
    )
}
