//! Sending the head of a request (RFC 9112 section 3), and a body that is at hand.

use super::digits::Digits;
use crate::{Body, Proxy, Request};

/// The state in which the head goes out, and behind it a [`Body::Full`], into output of any size.
#[derive(Debug)]
pub struct SendHead<'a> {
    request: &'a Request<'a>,
    length: Digits,
    part: Part,
    offset: usize,
    /// The body waits until the server asks for it.
    held: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Method,
    Space,
    Scheme,
    Target,
    Version,
    Host,
    HostEnd,
    Proxy,
    ProxyValue,
    ProxyEnd,
    Fields,
    Expect,
    Framing,
    Length,
    LengthEnd,
    End,
    Body,
    Done,
}

impl<'a> SendHead<'a> {
    /// The beginning of `request`.
    #[must_use]
    pub fn new(request: &'a Request<'a>) -> Self {
        let length = match request.body() {
            Body::Full(body) => Some(body.len() as u64),
            Body::Sized(length) => Some(length),
            Body::Empty if matches!(request.method(), "POST" | "PUT" | "PATCH") => Some(0),
            Body::Empty | Body::Chunked => None,
        };
        Self {
            request,
            length: length.map(Digits::decimal).unwrap_or_default(),
            part: Part::Method,
            offset: 0,
            held: request.expect().is_some(),
        }
    }

    /// Writes as much as fits, the body only once it is [released](SendHead::release) if the request
    /// expects `100 (Continue)`; gives how many bytes.
    pub fn write(&mut self, output: &mut [u8]) -> usize {
        let mut written: usize = 0;
        while self.part != Part::Done && !self.is_held() {
            let bytes = self.bytes().get(self.offset..).unwrap_or_default();
            let room = output.get_mut(written..).unwrap_or_default();
            let count = bytes.len().min(room.len());
            if let (Some(to), Some(from)) = (room.get_mut(..count), bytes.get(..count)) {
                to.copy_from_slice(from);
            }
            written = written.saturating_add(count);
            if count < bytes.len() {
                self.offset = self.offset.saturating_add(count);
                break;
            }
            self.part = self.part.next();
            self.offset = 0;
        }
        written
    }

    /// Whether the head is written and the body waits.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held && self.part == Part::Body
    }

    /// Lets the body follow.
    pub const fn release(&mut self) {
        self.held = false;
    }

    /// Whether everything was written.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.part == Part::Done
    }

    fn bytes(&self) -> &[u8] {
        let forwarder = self.request.forwarder();
        let authorization = forwarder.and_then(Proxy::authorization).unwrap_or_default();
        let has_length = !self.length.as_bytes().is_empty();
        match self.part {
            Part::Method => self.request.method().as_bytes(),
            Part::Space => b" ",
            Part::Scheme if forwarder.is_some() => b"http://",
            Part::Target => self.request.target().as_bytes(),
            Part::Version => b" HTTP/1.1\r\nHost: ",
            Part::Host => self.request.url().authority().as_bytes(),
            Part::HostEnd | Part::End => b"\r\n",
            Part::Proxy if !authorization.is_empty() => b"Proxy-Authorization: ",
            Part::ProxyValue => authorization,
            Part::ProxyEnd if !authorization.is_empty() => b"\r\n",
            Part::Fields => self.request.headers(),
            Part::Expect if self.request.expect().is_some() => b"Expect: 100-continue\r\n",
            Part::Framing if self.request.body() == Body::Chunked => {
                b"Transfer-Encoding: chunked\r\n"
            }
            Part::Framing if has_length => b"Content-Length: ",
            Part::Length => self.length.as_bytes(),
            Part::LengthEnd if has_length => b"\r\n",
            Part::Body => match self.request.body() {
                Body::Full(body) => body,
                _ => b"",
            },
            Part::Scheme
            | Part::Proxy
            | Part::ProxyEnd
            | Part::Expect
            | Part::Framing
            | Part::LengthEnd
            | Part::Done => b"",
        }
    }
}

impl Part {
    const fn next(self) -> Self {
        match self {
            Self::Method => Self::Space,
            Self::Space => Self::Scheme,
            Self::Scheme => Self::Target,
            Self::Target => Self::Version,
            Self::Version => Self::Host,
            Self::Host => Self::HostEnd,
            Self::HostEnd => Self::Proxy,
            Self::Proxy => Self::ProxyValue,
            Self::ProxyValue => Self::ProxyEnd,
            Self::ProxyEnd => Self::Fields,
            Self::Fields => Self::Expect,
            Self::Expect => Self::Framing,
            Self::Framing => Self::Length,
            Self::Length => Self::LengthEnd,
            Self::LengthEnd => Self::End,
            Self::End => Self::Body,
            Self::Body | Self::Done => Self::Done,
        }
    }
}
