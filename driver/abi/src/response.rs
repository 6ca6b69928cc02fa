//! The response message.

use crate::headers::HeaderLines;
use crate::span::Spans;
use crate::{Field, ParseError, STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, Span, VERSION};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Fixed part of a response message.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ResponseHeader {
    /// Bytes written to the output buffer, this part included.
    pub size: u32,
    /// [`crate::VERSION`].
    pub version: u16,
    /// [`ResponseFlags`].
    pub flags: u16,
    /// Bytes that the fixed part and the head need together.
    pub needed: u32,
    /// Status code.
    pub status: u16,
    /// 0 or 1: the minor version of HTTP.
    pub minor_version: u16,
    /// Reason phrase, bytes as received.
    pub reason: Span,
    /// Header lines, each `Name: value` CRLF, in the order received.
    pub headers: Span,
    /// Body bytes in this message.
    pub body: Span,
    /// Length of the body as declared; `u64::MAX` if not.
    pub content_length: u64,
    /// Microseconds of name resolution; these three are 0 on a reused connection.
    pub resolve_us: u32,
    /// Microseconds of the TCP connection.
    pub connect_us: u32,
    /// Microseconds of the TLS handshake.
    pub tls_us: u32,
    /// Microseconds from the request's arrival to the first byte of the response.
    pub first_byte_us: u32,
    /// Microseconds from the request's arrival until this message was written.
    pub total_us: u32,
    /// Peer's port.
    pub remote_port: u16,
    /// 4 or 6; 0 if unknown.
    pub remote_family: u16,
    /// Peer's address, network byte order; an IPv4 address is in the first four bytes.
    pub remote_address: [u8; 16],
    /// 0x0304, 0x0303, or 0 without TLS.
    pub tls_version: u16,
    /// Cipher suite, IANA number.
    pub tls_suite: u16,
    /// Named group, IANA number, or 0.
    pub tls_group: u16,
    /// Zero.
    pub reserved: u16,
}

bitflags::bitflags! {
    /// What is known about a response when its message is written.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct ResponseFlags: u16 {
        /// The body ends with this message: ReadFile would give 0 bytes.
        const BODY_COMPLETE = 1;
        /// It came over a connection that had served another request before.
        const REUSED = 2;
        /// Content codings are removed from the body, whose length is another one than the head says.
        const DECODED = 4;
        /// Its connection's TLS session was resumed: no certificates were sent, those of the first one count.
        const RESUMED = 8;
    }
}

/// Why the head of a response was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The output is shorter than [`ResponseHeader`]: nothing was written.
    TooSmall,
    /// The head does not fit. The fixed part was written, with `needed` and without the variable
    /// parts; these are its bytes, for `IoStatus.Information`.
    Overflow(usize),
}

impl WriteError {
    /// STATUS_BUFFER_TOO_SMALL or STATUS_BUFFER_OVERFLOW.
    #[must_use]
    pub const fn status(self) -> i32 {
        match self {
            Self::TooSmall => STATUS_BUFFER_TOO_SMALL,
            Self::Overflow(_) => STATUS_BUFFER_OVERFLOW,
        }
    }
}

impl ResponseHeader {
    /// `content_length` of a body whose length was not declared.
    pub const UNKNOWN_LENGTH: u64 = u64::MAX;

    /// Begins a message in `out`: writes `reason` and `headers` behind the fixed part, sets `size`,
    /// `version`, `needed`, `reason`, `headers` and `body` here, and gives the offset at which body
    /// bytes may be put, up to the end of `out`. [`ResponseHeader::finish`] writes the fixed part.
    /// `out` is only written, never read.
    ///
    /// # Errors
    /// See [`WriteError`]; on `Overflow` the message is finished.
    pub fn begin(
        &mut self,
        out: &mut [u8],
        reason: &[u8],
        headers: &[u8],
    ) -> Result<usize, WriteError> {
        self.version = VERSION;
        self.reserved = 0;
        self.body = Span::default();
        (self.reason, self.headers) = (Span::default(), Span::default());
        self.size = FIXED;
        self.needed = u32::MAX;
        if out.len() < size_of::<Self>() {
            return Err(WriteError::TooSmall);
        }
        self.place(out, reason, headers).ok_or_else(|| {
            (self.reason, self.headers) = (Span::default(), Span::default());
            self.size = FIXED;
            let written = self.write_to_prefix(out).map(|()| size_of::<Self>());
            written.map_or(WriteError::TooSmall, WriteError::Overflow)
        })
    }

    /// Ends the message that [`ResponseHeader::begin`] began in `out`, after `body_length` bytes of
    /// body were put behind the head: sets `size` and `body`, writes the fixed part, and gives the
    /// message's bytes, for `IoStatus.Information`.
    ///
    /// # Errors
    /// [`WriteError::TooSmall`]: `out` ends before the body does.
    pub fn finish(&mut self, out: &mut [u8], body_length: usize) -> Result<usize, WriteError> {
        let mut at = self.needed;
        let end = usize::try_from(at)
            .ok()
            .and_then(|start| start.checked_add(body_length));
        let body = end
            .and_then(|end| out.get(..end))
            .and_then(|all| all.split_at_checked(usize::try_from(self.needed).ok()?))
            .and_then(|(_, body)| Span::place(body, &mut at))
            .ok_or(WriteError::TooSmall)?;
        (self.body, self.size) = (body, at);
        self.write_to_prefix(out)
            .map_err(|_| WriteError::TooSmall)?;
        usize::try_from(at).map_err(|_| WriteError::TooSmall)
    }

    fn place(&mut self, out: &mut [u8], reason: &[u8], headers: &[u8]) -> Option<usize> {
        let mut at = FIXED;
        self.reason = Span::place(reason, &mut at)?;
        self.headers = Span::place(headers, &mut at)?;
        self.needed = at;
        let head = usize::try_from(at).ok()?;
        if head > out.len() {
            return None;
        }
        self.reason.put(reason, out)?;
        self.headers.put(headers, out)?;
        self.size = at;
        Some(head)
    }
}

/// A response message as its reader sees it; every check has been passed.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// The fixed part: numbers and times.
    pub header: ResponseHeader,
    /// What is known about it.
    pub flags: ResponseFlags,
    /// Reason phrase.
    pub reason: &'a [u8],
    /// Header lines.
    pub headers: &'a [u8],
    /// Body bytes that came along.
    pub body: &'a [u8],
}

impl<'a> Response<'a> {
    /// Reads a message: the bytes that DeviceIoControl returned, no more.
    ///
    /// # Errors
    /// The first field that breaks a rule of [`ResponseHeader`].
    pub fn parse(message: &'a [u8]) -> Result<Self, ParseError> {
        let (header, _) = ResponseHeader::read_from_prefix(message)
            .map_err(|_| ParseError::too_small("shorter than the fixed part of a response"))?;
        let refuse = |field, reason| Err(ParseError::new(field, reason));
        if usize::try_from(header.size) != Ok(message.len()) {
            return refuse(Field::Size, "not the output's length");
        }
        if header.version != VERSION {
            return refuse(Field::Version, "not a version known here");
        }
        let flags = ResponseFlags::from_bits(header.flags)
            .ok_or(ParseError::new(Field::Flags, "an unknown bit is set"))?;
        if header.reserved != 0 {
            return refuse(Field::Reserved, "not zero");
        }
        if header.needed < FIXED {
            return refuse(Field::Needed, "less than the fixed part");
        }
        if !(100..1000).contains(&header.status) {
            return refuse(Field::Status, "not of three digits");
        }
        if header.minor_version > 1 {
            return refuse(Field::MinorVersion, "neither 0 nor 1");
        }
        if !matches!(header.remote_family, 0 | 4 | 6) {
            return refuse(Field::RemoteFamily, "neither 0 nor 4 nor 6");
        }
        let spans = Spans::new(message, size_of::<ResponseHeader>());
        let reason = spans.get(Field::Reason, header.reason, usize::MAX)?;
        let headers = spans.get(Field::Headers, header.headers, usize::MAX)?;
        let body = spans.get(Field::Body, header.body, usize::MAX)?;
        Spans::disjoint(&[
            (Field::Reason, header.reason),
            (Field::Headers, header.headers),
            (Field::Body, header.body),
        ])?;
        Ok(Self {
            header,
            flags,
            reason,
            headers,
            body,
        })
    }

    /// The header lines, as name and value; ends early at a line that is not one.
    #[must_use]
    pub const fn header_lines(&self) -> HeaderLines<'a> {
        HeaderLines(self.headers)
    }

    /// The output length that the head needs, if it did not fit.
    #[must_use]
    pub const fn needed(&self) -> Option<u32> {
        if self.header.needed > self.header.size {
            Some(self.header.needed)
        } else {
            None
        }
    }
}

const FIXED: u32 = 96;
const _: () = assert!(size_of::<ResponseHeader>() == 96);
