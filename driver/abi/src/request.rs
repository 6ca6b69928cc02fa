//! The request message.

use crate::headers::{self, HeaderLines};
use crate::roots::{self, Certificates};
use crate::span::Spans;
use crate::{Field, Options, ParseError, Span, Tls, VERSION, tls};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Fixed part of a request message.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct RequestHeader {
    /// Bytes of the whole message, variable parts included; equals the input buffer's length.
    pub size: u32,
    /// [`crate::VERSION`].
    pub version: u16,
    /// [`RequestFlags`].
    pub flags: u16,
    /// Method token, ASCII.
    pub method: Span,
    /// Absolute http or https URL, ASCII (percent-encoded, host as A-labels).
    pub url: Span,
    /// Header lines, each `Name: value` CRLF. No Host, Content-Length, Transfer-Encoding.
    pub headers: Span,
    /// The whole body, if it is sent with the message.
    pub body: Span,
    /// Trust anchors that replace the built-in ones for this request: DER certificates, one after the
    /// other. For an https proxy they only add to the driver's.
    pub roots: Span,
    /// With `STREAM_BODY`: bytes that will be written, or [`RequestHeader::CHUNKED`]. Else 0.
    pub body_length: u64,
    /// Bound for name resolution, connection and TLS together, in milliseconds; 0 means the default.
    pub connect_timeout_ms: u32,
    /// Bound for the whole exchange in milliseconds; 0 means none beyond the driver's own idle bound.
    pub total_timeout_ms: u32,
    /// What else is done for the request: [`crate::OptionsHeader`] and its data. Empty: nothing.
    pub options: Span,
    /// How TLS servers are judged: [`crate::TlsHeader`] and its data. Empty: as the driver's policy
    /// says, as https proxies are in any case.
    pub tls: Span,
}

impl RequestHeader {
    /// `body_length` of a body that is streamed without its length being known.
    pub const CHUNKED: u64 = u64::MAX;
    /// Most bytes of `method`.
    pub const MAX_METHOD: usize = 32;
    /// Most bytes of `url`.
    pub const MAX_URL: usize = 16 * 1024;
    /// Most bytes of `headers`.
    pub const MAX_HEADERS: usize = 64 * 1024;
    /// Most bytes of `body`; a longer one is streamed.
    pub const MAX_BODY: usize = 1024 * 1024;
    /// Most bytes of `roots`.
    pub const MAX_ROOTS: usize = 256 * 1024;
    /// Most bytes of `options`.
    pub const MAX_OPTIONS: usize = 129 * 1024;
    /// Most bytes of `tls`.
    pub const MAX_TLS: usize = 340 * 1024;
}

bitflags::bitflags! {
    /// How a request is sent and answered.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct RequestFlags: u16 {
        /// The body follows by WriteFile; [`crate::IOCTL_WSKHTTP_RECEIVE_RESPONSE`] ends it.
        const STREAM_BODY = 1;
        /// The IRP with the response completes only when the body has ended or the output is full.
        const WHOLE_BODY = 2;
        /// Neither take a pooled connection nor pool this one afterwards.
        const NO_REUSE = 4;
    }
}

/// A request message as its reader sees it. A value made by [`Request::parse`] has passed every
/// check; one made by hand passes them in [`Request::write_to`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request<'a> {
    /// How it is sent and answered.
    pub flags: RequestFlags,
    /// Method, a token.
    pub method: &'a str,
    /// URL, visible ASCII; its parts have not been looked at.
    pub url: &'a str,
    /// Header lines, see [`Request::header_lines`].
    pub headers: &'a [u8],
    /// Body sent with the message.
    pub body: &'a [u8],
    /// Trust anchors, see [`Request::certificates`]; empty for the built-in ones.
    pub roots: &'a [u8],
    /// Length of a streamed body, or [`RequestHeader::CHUNKED`]; 0 without `STREAM_BODY`.
    pub body_length: u64,
    /// Bound of name resolution, connection and TLS in milliseconds; 0 means the default.
    pub connect_timeout_ms: u32,
    /// Bound of the exchange in milliseconds; 0 means none.
    pub total_timeout_ms: u32,
    /// What else is done.
    pub options: Option<Options<'a>>,
    /// How TLS servers are judged.
    pub tls: Option<Tls<'a>>,
}

impl<'a> Request<'a> {
    /// Reads a message. `message` is the whole input buffer; it need not be aligned, but it must not
    /// change meanwhile (a system buffer, not the caller's memory). Any IRQL.
    ///
    /// # Errors
    /// The first field that breaks a rule of [`RequestHeader`].
    pub fn parse(message: &'a [u8]) -> Result<Self, ParseError> {
        let (header, _) = RequestHeader::read_from_prefix(message)
            .map_err(|_| ParseError::too_small("shorter than the fixed part of a request"))?;
        if usize::try_from(header.size) != Ok(message.len()) {
            return Err(ParseError::new(Field::Size, "not the input's length"));
        }
        if header.version != VERSION {
            return Err(ParseError::new(Field::Version, "not a version known here"));
        }
        let flags = RequestFlags::from_bits(header.flags)
            .ok_or(ParseError::new(Field::Flags, "an unknown bit is set"))?;
        let spans = Spans::new(message, size_of::<RequestHeader>());
        let part = |(field, span, limit)| spans.get(field, span, limit);
        let method = part((Field::Method, header.method, RequestHeader::MAX_METHOD))?;
        let url = part((Field::Url, header.url, RequestHeader::MAX_URL))?;
        let headers = part((Field::Headers, header.headers, RequestHeader::MAX_HEADERS))?;
        let body = part((Field::Body, header.body, RequestHeader::MAX_BODY))?;
        let roots = part((Field::Roots, header.roots, RequestHeader::MAX_ROOTS))?;
        let options = part((Field::Options, header.options, RequestHeader::MAX_OPTIONS))?;
        let tls = part((Field::Tls, header.tls, RequestHeader::MAX_TLS))?;
        Spans::disjoint(&[
            (Field::Method, header.method),
            (Field::Url, header.url),
            (Field::Headers, header.headers),
            (Field::Body, header.body),
            (Field::Roots, header.roots),
            (Field::Options, header.options),
            (Field::Tls, header.tls),
        ])?;
        let ascii = |field, bytes: &'a [u8]| {
            core::str::from_utf8(bytes).map_err(|_| ParseError::new(field, "not ASCII"))
        };
        let request = Self {
            flags,
            method: ascii(Field::Method, method)?,
            url: ascii(Field::Url, url)?,
            headers,
            body,
            roots,
            body_length: header.body_length,
            connect_timeout_ms: header.connect_timeout_ms,
            total_timeout_ms: header.total_timeout_ms,
            options: match options {
                [] => None,
                _ => Some(Options::parse(options)?),
            },
            tls: match tls {
                [] => None,
                _ => Some(Tls::parse(tls)?),
            },
        };
        request.check()?;
        Ok(request)
    }

    /// Bytes of its message; `None` beyond 4 GiB.
    #[must_use]
    pub fn encoded_length(&self) -> Option<usize> {
        usize::try_from(self.layout()?.size).ok()
    }

    /// Writes its message to the beginning of `out` and gives its length.
    ///
    /// # Errors
    /// What [`Request::parse`] would find wrong with it; STATUS_BUFFER_TOO_SMALL if `out` is shorter
    /// than [`Request::encoded_length`].
    pub fn write_to(&self, out: &mut [u8]) -> Result<usize, ParseError> {
        self.check()?;
        let header = self
            .layout()
            .ok_or(ParseError::new(Field::Message, "longer than 4 GiB"))?;
        self.put(header, out)
            .ok_or(ParseError::too_small("shorter than the message"))
    }

    /// The header lines, as name and value.
    #[must_use]
    pub const fn header_lines(&self) -> HeaderLines<'a> {
        HeaderLines(self.headers)
    }

    /// The trust anchors, each a certificate in DER.
    #[must_use]
    pub const fn certificates(&self) -> Certificates<'a> {
        Certificates(self.roots)
    }

    /// Overwrites the private key in `message`, if there is one; what it says besides stays. Any IRQL.
    pub fn wipe_key(message: &mut [u8]) {
        let Ok((header, _)) = RequestHeader::read_from_prefix(message) else {
            return;
        };
        if let Some(tls) = header.tls.of_mut(message) {
            tls::wipe(tls);
        }
    }

    fn check(&self) -> Result<(), ParseError> {
        let refuse = |field, reason| Err(ParseError::new(field, reason));
        for (field, length, limit) in [
            (Field::Method, self.method.len(), RequestHeader::MAX_METHOD),
            (Field::Url, self.url.len(), RequestHeader::MAX_URL),
            (
                Field::Headers,
                self.headers.len(),
                RequestHeader::MAX_HEADERS,
            ),
            (Field::Body, self.body.len(), RequestHeader::MAX_BODY),
            (Field::Roots, self.roots.len(), RequestHeader::MAX_ROOTS),
        ] {
            if length > limit {
                return refuse(field, "longer than its limit");
            }
        }
        if self.method.is_empty() || !self.method.bytes().all(headers::is_token) {
            return refuse(Field::Method, "not a token");
        }
        if self.url.is_empty() || !self.url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse(Field::Url, "empty, or not visible ASCII throughout");
        }
        if self.flags.contains(RequestFlags::STREAM_BODY) {
            if !self.body.is_empty() {
                return refuse(Field::Body, "both in the message and to be streamed");
            }
        } else if self.body_length != 0 {
            return refuse(Field::BodyLength, "set without STREAM_BODY");
        }
        if let Some(options) = &self.options {
            options.check()?;
        }
        if let Some(tls) = &self.tls {
            tls.check()?;
        }
        headers::check(self.headers)?;
        roots::check(self.roots)
    }

    fn layout(&self) -> Option<RequestHeader> {
        let mut at = u32::try_from(size_of::<RequestHeader>()).ok()?;
        let mut header = RequestHeader {
            version: VERSION,
            flags: self.flags.bits(),
            method: Span::place(self.method.as_bytes(), &mut at)?,
            url: Span::place(self.url.as_bytes(), &mut at)?,
            headers: Span::place(self.headers, &mut at)?,
            body: Span::place(self.body, &mut at)?,
            roots: Span::place(self.roots, &mut at)?,
            body_length: self.body_length,
            connect_timeout_ms: self.connect_timeout_ms,
            total_timeout_ms: self.total_timeout_ms,
            ..RequestHeader::default()
        };
        if let Some(options) = &self.options {
            header.options = Span {
                offset: at,
                length: options.encoded_length()?,
            };
            at = header.options.end()?;
        }
        if let Some(tls) = &self.tls {
            header.tls = Span {
                offset: at,
                length: tls.encoded_length()?,
            };
            at = header.tls.end()?;
        }
        header.size = at;
        Some(header)
    }

    fn put(&self, header: RequestHeader, out: &mut [u8]) -> Option<usize> {
        let size = usize::try_from(header.size).ok()?;
        let message = out.get_mut(..size)?;
        header.write_to_prefix(message).ok()?;
        header.method.put(self.method.as_bytes(), message)?;
        header.url.put(self.url.as_bytes(), message)?;
        header.headers.put(self.headers, message)?;
        header.body.put(self.body, message)?;
        header.roots.put(self.roots, message)?;
        if let Some(options) = &self.options {
            options.put(header.options.of_mut(message)?)?;
        }
        if let Some(tls) = &self.tls {
            tls.put(header.tls.of_mut(message)?)?;
        }
        Some(size)
    }
}

const _: () = assert!(size_of::<RequestHeader>() == 80);
