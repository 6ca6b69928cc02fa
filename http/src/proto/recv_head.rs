//! Receiving the head of a response (RFC 9112 sections 2 to 5), line by line.

use alloc::vec::Vec;

use wskhttp_core::io::{Error, Kind, Phase};

use super::{CloseReason, Framing, RecvBody, ResponseHead, fields};
use crate::Limits;

/// The state in which the head of a response arrives.
///
/// ```text
/// Start --CRLF--> Skipped --status line--> Fields --empty line--> Complete --finish--> RecvBody
///   |                                      ^  | field line          |
///   +------------status line---------------+  +--+                  +--1xx--> Start
/// ```
///
/// Bytes are copied once, into the head that the caller will see; each line is checked and brought
/// into its normal form when its LF arrives. Stricter than httparse, which checks the grammar of a
/// line here: lines end with CRLF only, no obs-fold, at most one CRLF before the status line
/// (RFC 9112 section 2.2 has servers do so), no status below 100.
#[derive(Debug, Default)]
pub struct RecvHead {
    head: ResponseHead,
    framing: Framing,
    line: usize,
    received: usize,
    fields: usize,
    /// Interim heads before this one.
    interim: u32,
    /// One of them announced a body.
    forbidden: bool,
    /// It answers CONNECT.
    to_connect: bool,
    state: State,
}

/// The state that follows a complete head.
#[derive(Debug)]
pub enum Next {
    /// It was interim and is forgotten: the next head follows.
    Head(RecvHead),
    /// It was final: its body follows. After that the connection can be used again, unless there is
    /// a reason why not.
    Body(ResponseHead, RecvBody, Option<CloseReason>),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    /// One CRLF came before the status line.
    Skipped,
    Fields,
    Complete,
}

impl RecvHead {
    /// A state that uses the memory of `spare`.
    #[must_use]
    pub fn with_memory(mut spare: Vec<u8>) -> Self {
        spare.clear();
        let mut this = Self::default();
        this.head.bytes = spare;
        this
    }

    /// A head that answers CONNECT: in one that makes the tunnel (2xx), `Content-Length` and
    /// `Transfer-Encoding` mean nothing (RFC 9110 section 9.3.6).
    pub(crate) fn to_connect() -> Self {
        Self {
            to_connect: true,
            ..Self::default()
        }
    }

    /// Takes from `input` what belongs to the head; gives how many bytes that was and whether the
    /// head is complete.
    ///
    /// # Errors
    /// Phase `Head`; kind `MalformedHead`, `MalformedFraming`, `HeadTooLarge`,
    /// `UnsupportedResponse` or `NoResources`. The state is of no use afterwards.
    pub fn push(&mut self, input: &[u8], limits: &Limits) -> Result<(usize, bool), Error> {
        let mut used: usize = 0;
        let mut rest = input;
        while !rest.is_empty() && self.state != State::Complete {
            let end = match rest.iter().position(|byte| *byte == b'\n') {
                Some(at) => at.saturating_add(1),
                None => rest.len(),
            };
            // Up to the limit, so that no cut changes which error comes first.
            let room = limits.head_bytes.saturating_sub(self.received);
            let (piece, next) = rest.split_at_checked(end.min(room)).unwrap_or((rest, &[]));
            self.append(piece)?;
            used = used.saturating_add(piece.len());
            rest = next;
            if self.state == State::Start || self.state == State::Skipped {
                self.check_start()?;
            }
            if end > room {
                return Err(Error::new(
                    Phase::Head,
                    Kind::HeadTooLarge,
                    "the response's head is larger than the limit",
                ));
            }
            if piece.ends_with(b"\n") {
                self.end_line(limits)?;
            }
        }
        Ok((used, self.state == State::Complete))
    }

    /// The head. Its values are of use once `push` has said that it is complete.
    #[must_use]
    pub const fn head(&self) -> &ResponseHead {
        &self.head
    }

    /// What the head says about the framing.
    #[must_use]
    pub const fn framing(&self) -> &Framing {
        &self.framing
    }

    /// Leaves this state, once `push` has said that the head is complete. `to_head`: the request's
    /// method is HEAD.
    ///
    /// # Errors
    /// Phase `Head`; kind `MalformedFraming`; `UnsupportedResponse` for 101, since the client never
    /// asks for another protocol; `HeadTooLarge` for more interim heads than the limit. Phase `Body`,
    /// kind `BodyTooLarge`.
    pub fn finish(self, to_head: bool, limits: &Limits) -> Result<Next, Error> {
        if self.state != State::Complete {
            return Err(malformed("the response's head is not complete"));
        }
        let (status, minor_version) = (self.head.status, self.head.minor_version);
        let (length, close) = self.framing.decide(status, minor_version, to_head)?;
        if status == 101 {
            return Err(unsupported("the server switched protocols unasked"));
        }
        if status >= 200 {
            let close = close.or(self.forbidden.then_some(CloseReason::ForbiddenBody));
            return Ok(Next::Body(self.head, RecvBody::new(length, limits)?, close));
        }
        let interim = self.interim.saturating_add(1);
        if interim > limits.interim {
            return Err(Error::new(
                Phase::Head,
                Kind::HeadTooLarge,
                "the server sent more interim responses than the limit",
            ));
        }
        Ok(Next::Head(Self {
            interim,
            forbidden: self.forbidden || close.is_some(),
            ..Self::with_memory(self.head.bytes)
        }))
    }

    /// Whether a part of this head has arrived.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.received > 0
    }

    fn append(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.received = self.received.saturating_add(piece.len());
        let bytes = &mut self.head.bytes;
        // Room for the CRLF that closes a line for httparse, too.
        bytes
            .try_reserve(piece.len().saturating_add(2))
            .map_err(|_| {
                Error::new(
                    Phase::Head,
                    Kind::NoResources,
                    "no memory for the response's head",
                )
            })?;
        bytes.extend_from_slice(piece);
        Ok(())
    }

    fn current(&self) -> &[u8] {
        self.head.bytes.get(self.line..).unwrap_or_default()
    }

    /// Refuses what cannot become a status line without waiting for the end of a line.
    fn check_start(&self) -> Result<(), Error> {
        let line = self.current();
        let begins = |expected: &[u8]| line.iter().zip(expected).all(|(a, b)| a == b);
        if begins(b"HTTP/1.") || (self.state == State::Start && begins(b"\r\n")) {
            return Ok(());
        }
        match line.strip_prefix(b"HTTP/") {
            Some([b'0'..=b'9']) => return Ok(()),
            // The dot and the minor version are left out by some.
            Some([b'0' | b'2'..=b'9', b'.' | b' ', ..]) => {
                return Err(unsupported("the server answered with another HTTP version"));
            }
            Some(_) => return Err(malformed("the response's HTTP version is malformed")),
            None => {}
        }
        // The frame header of an HTTP/2 SETTINGS: 24-bit length below 256, type 4.
        if matches!(line, [0, 0, _, 4, ..]) {
            return Err(unsupported("the server speaks HTTP/2"));
        }
        if matches!(line, [0] | [0, 0] | [0, 0, _]) {
            return Ok(());
        }
        Err(malformed("the server did not answer with HTTP"))
    }

    fn end_line(&mut self, limits: &Limits) -> Result<(), Error> {
        let Some(line) = self.current().strip_suffix(b"\r\n") else {
            return Err(malformed(
                "a line of the response's head ends with a bare LF",
            ));
        };
        if line.contains(&b'\r') {
            return Err(malformed("the response's head has a bare CR"));
        }
        if line.contains(&0) {
            return Err(malformed("the response's head has a NUL"));
        }
        match (self.state, line) {
            (State::Start, []) => {
                self.state = State::Skipped;
                self.head.bytes.truncate(self.line);
            }
            (State::Start | State::Skipped, _) => {
                self.status_line()?;
                self.state = State::Fields;
            }
            (_, []) => {
                self.head.bytes.truncate(self.line);
                self.head.content_length = self.framing.content_length();
                self.state = State::Complete;
            }
            (_, [b' ' | b'\t', ..]) => {
                return Err(malformed("the response's head has a folded line"));
            }
            _ => {
                self.fields = self.fields.saturating_add(1);
                if self.fields > limits.headers {
                    return Err(Error::new(
                        Phase::Head,
                        Kind::HeadTooLarge,
                        "the response has more header fields than the limit",
                    ));
                }
                self.field_line()?;
            }
        }
        Ok(())
    }

    /// Checks the status line and leaves of it the reason phrase.
    fn status_line(&mut self) -> Result<(), Error> {
        self.head.bytes.extend_from_slice(b"\r\n");
        let line = self.current();
        let mut response = httparse::Response::new(&mut []);
        match response.parse(line) {
            Ok(httparse::Status::Complete(used)) if used == line.len() => {}
            Err(httparse::Error::Version)
                if matches!(line.get(7..9), Some([b'0'..=b'9', b' '])) =>
            {
                return Err(unsupported("the server answered with another HTTP version"));
            }
            _ => return Err(malformed("the response's status line is malformed")),
        }
        let (Some(status), Some(minor_version)) = (response.code, response.version) else {
            return Err(malformed("the response's status line is malformed"));
        };
        if status < 100 {
            return Err(malformed("the response's status is below 100"));
        }
        // `HTTP/1.x NNN`, then perhaps a space and the reason.
        let end = self.head.bytes.len().saturating_sub(4);
        let reason = self.line.saturating_add(13).min(end);
        self.head.bytes.truncate(end);
        cut(&mut self.head.bytes, self.line, reason);
        self.head.status = status;
        self.head.minor_version = minor_version;
        self.head.reason = self.head.bytes.len();
        self.line = self.head.bytes.len();
        Ok(())
    }

    /// Checks a field line and leaves it as `Name: value` CRLF.
    fn field_line(&mut self) -> Result<(), Error> {
        self.head.bytes.extend_from_slice(b"\r\n");
        let line = self.head.bytes.get(self.line..).unwrap_or_default();
        let mut slot = [httparse::EMPTY_HEADER];
        let field = match httparse::parse_headers(line, &mut slot) {
            Ok(httparse::Status::Complete((used, [field]))) if used == line.len() => *field,
            _ => return Err(malformed("a header line of the response is malformed")),
        };
        let value = fields::trim(field.value);
        if !(self.to_connect && (200..=299).contains(&self.head.status)) {
            self.framing.note(field.name.as_bytes(), value)?;
        }

        // Where name and value lie in `bytes`.
        let name_end = field.name.len().saturating_add(1);
        let after = line.get(name_end..).unwrap_or_default();
        let blank = match value.is_empty() {
            true => 0,
            false => after
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\t'))
                .count(),
        };
        let value_length = value.len();
        let name_end = self.line.saturating_add(name_end);
        let value_at = name_end.saturating_add(blank);
        let bytes = &mut self.head.bytes;
        bytes.truncate(value_at.saturating_add(value_length));
        match bytes.get_mut(name_end) {
            Some(byte) if blank > 0 => *byte = b' ',
            _ => bytes.insert(name_end.min(bytes.len()), b' '),
        }
        cut(bytes, name_end.saturating_add(1), value_at);
        // The four bytes CRLF CRLF that went make room for at most one space and this CRLF.
        bytes.extend_from_slice(b"\r\n");
        self.line = bytes.len();
        Ok(())
    }
}

/// Removes the bytes from `start` to `end`, if there are any between.
fn cut(bytes: &mut Vec<u8>, start: usize, end: usize) {
    if start < end && end <= bytes.len() {
        bytes.drain(start..end);
    }
}

const fn malformed(cause: &'static str) -> Error {
    Error::new(Phase::Head, Kind::MalformedHead, cause)
}

const fn unsupported(cause: &'static str) -> Error {
    Error::new(Phase::Head, Kind::UnsupportedResponse, cause)
}
