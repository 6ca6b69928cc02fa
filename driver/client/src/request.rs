//! A request to send.

use std::io::Read;
use std::time::Duration;

use wskhttp_abi::{Field, ParseError, Request as Message, RequestFlags, RequestHeader};

use crate::options::milliseconds;
use crate::{Error, Kind, Options, Phase, TlsOptions, certificates};

/// A request: method, URL, headers, body, and how it is to be sent.
#[derive(Debug)]
pub struct Request<'a> {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    roots: Vec<u8>,
    flags: RequestFlags,
    options: Options,
    tls: TlsOptions,
    connect_timeout: Option<Duration>,
    timeout: Option<Duration>,
    pub(crate) body: Body<'a>,
}

/// The body of a request.
#[derive(Default)]
pub enum Body<'a> {
    /// None.
    #[default]
    None,
    /// These bytes.
    Bytes(Vec<u8>),
    /// What `reader` gives.
    Reader {
        /// Where the bytes come from.
        reader: Box<dyn Read + 'a>,
        /// How many there are; `None` sends them chunked, until the reader ends.
        length: Option<u64>,
    },
}

impl<'a> Request<'a> {
    /// A request with any method.
    #[must_use]
    pub fn new(method: &str, url: &str) -> Self {
        Self {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            roots: Vec::new(),
            flags: RequestFlags::empty(),
            options: Options::new(),
            tls: TlsOptions::new(),
            connect_timeout: None,
            timeout: None,
            body: Body::None,
        }
    }

    /// GET.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// POST of `body`.
    #[must_use]
    pub fn post(url: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", url).body(Body::Bytes(body.into()))
    }

    /// Adds a header line. Host, Content-Length and Transfer-Encoding are the driver's to set.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: Body<'a>) -> Self {
        self.body = body;
        self
    }

    /// Adds trust anchors from a PEM or DER file's contents; they replace the driver's own for this
    /// request, unless [`TlsOptions::add_roots`] is set.
    ///
    /// # Errors
    /// Kind `Certificates`.
    pub fn root_certificates(mut self, file: &[u8]) -> Result<Self, Error> {
        self.roots.extend(certificates(file)?);
        Ok(self)
    }

    /// Bounds name resolution, connection and TLS handshake together.
    #[must_use]
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Bounds the whole exchange, the body included.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets what else the driver does for it.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Sets how its TLS servers are judged, and what they are told.
    #[must_use]
    pub fn tls(mut self, tls: TlsOptions) -> Self {
        self.tls = tls;
        self
    }

    /// Answers only when the whole body is there, or as much of it as comes along with the head: one
    /// transition into the kernel for a small exchange.
    #[must_use]
    pub fn whole_body(mut self) -> Self {
        self.flags |= RequestFlags::WHOLE_BODY;
        self
    }

    /// Uses a connection of its own, and closes it afterwards.
    #[must_use]
    pub fn no_reuse(mut self) -> Self {
        self.flags |= RequestFlags::NO_REUSE;
        self
    }

    /// The message for the driver. A body that is too long for it is to be streamed.
    pub(crate) fn message(&self) -> Result<Vec<u8>, Error> {
        let (flags, body, body_length) = match &self.body {
            Body::None => (self.flags, &[][..], 0),
            Body::Bytes(bytes) if bytes.len() <= INLINE_BODY => (self.flags, &bytes[..], 0),
            Body::Bytes(bytes) => {
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                (self.flags | RequestFlags::STREAM_BODY, &[][..], length)
            }
            Body::Reader { length, .. } => (
                self.flags | RequestFlags::STREAM_BODY,
                &[][..],
                length.unwrap_or(RequestHeader::CHUNKED),
            ),
        };
        let headers = self.header_block()?;
        let message = Message {
            flags,
            method: &self.method,
            url: &self.url,
            headers: headers.as_bytes(),
            body,
            roots: &self.roots,
            body_length,
            connect_timeout_ms: milliseconds(self.connect_timeout),
            total_timeout_ms: milliseconds(self.timeout),
            options: self.options.message(),
            tls: self.tls.message(),
        };
        let mut bytes = vec![0; message.encoded_length().unwrap_or_default()];
        message.write_to(&mut bytes).map_err(refused)?;
        Ok(bytes)
    }

    fn header_block(&self) -> Result<String, Error> {
        let mut block = String::new();
        for (name, value) in &self.headers {
            if name.contains([':', '\r', '\n']) || value.contains(['\r', '\n']) {
                let cause = format!("headers: a colon or line end where none may be: {name:?}");
                return Err(Error::new(Phase::Request, Kind::InvalidRequest, 0, cause));
            }
            block.extend([name, ": ", value, "\r\n"]);
        }
        Ok(block)
    }

    /// Whether the body goes with the message.
    pub(crate) fn is_inline(&self) -> bool {
        match &self.body {
            Body::None => true,
            Body::Bytes(bytes) => bytes.len() <= INLINE_BODY,
            Body::Reader { .. } => false,
        }
    }
}

impl std::fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Reader { length, .. } => write!(f, "Reader({length:?})"),
        }
    }
}

fn refused(error: ParseError) -> Error {
    let kind = if error.field == Field::Url {
        Kind::InvalidUrl
    } else {
        Kind::InvalidRequest
    };
    Error::new(Phase::Request, kind, error.status(), error.to_string())
}

/// Most bytes of a body that go with the message; the I/O manager copies it into pool.
const INLINE_BODY: usize = 64 * 1024;
