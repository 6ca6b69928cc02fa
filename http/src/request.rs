//! What a caller asks for.

use core::time::Duration;

use wskhttp_core::io::{Error, Kind, Phase, Scheme};

use crate::headers::find;
use crate::proto::fields::{is_token, is_value, split_line, trim};
use crate::proto::trailer::may_be_trailer;
use crate::{Proxy, Timeouts, Url};

/// A checked request. Nothing in it can inject a line into the head.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    method: &'a str,
    url: &'a Url,
    headers: &'a [u8],
    body: Body<'a>,
    close: bool,
    timeouts: Timeouts,
    proxy: Option<&'a Proxy>,
    expect: Option<Duration>,
    asterisk: bool,
}

/// The body of a request and how its end is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// None. `Content-Length: 0` is sent with POST, PUT and PATCH (RFC 9110 section 8.6).
    Empty,
    /// All of it, at hand.
    Full(&'a [u8]),
    /// So many bytes, streamed by [`Exchange::write`](crate::Exchange::write).
    Sized(u64),
    /// Streamed by [`Exchange::write`](crate::Exchange::write) in the chunked coding.
    Chunked,
}

impl<'a> Request<'a> {
    /// Checks a request. `headers` are lines `Name: value` CRLF, or empty.
    ///
    /// Every name must be a token and every value free of control characters. The client itself
    /// says `Host`, `Content-Length` and `Transfer-Encoding`; those, and fields that ask for what it
    /// does not do (`Upgrade`, `Expect`, `Keep-Alive`, `Proxy-Connection`), are refused. `Connection` may
    /// only say `close`, `keep-alive` and `TE`; `TE` only `trailers`, with `Connection: TE`; `Trailer` only
    /// fields that may follow, with a chunked body. `CONNECT` is refused, and credentials and cookies in
    /// a `TRACE`, which shows them to whoever reads the answer (RFC 9110 section 9.3.8).
    ///
    /// # Errors
    /// Phase `Request`, kind `InvalidRequest`.
    pub fn new(
        method: &'a str,
        url: &'a Url,
        headers: &'a [u8],
        body: Body<'a>,
    ) -> Result<Self, Error> {
        if !is_token(method.as_bytes()) {
            return Err(invalid("the method is not a token"));
        }
        if method == "CONNECT" {
            return Err(invalid("the method CONNECT is for proxies only"));
        }
        if method == "TRACE" && body != Body::Empty {
            return Err(invalid("a TRACE request has no body"));
        }
        let close = check_headers(headers, body)?;
        if method == "TRACE" && SECRET.iter().any(|name| find(headers, name).is_some()) {
            return Err(invalid("a TRACE request says nothing that is secret"));
        }
        Ok(Self {
            method,
            url,
            headers,
            body,
            close,
            timeouts: Timeouts::NONE,
            proxy: None,
            expect: None,
            asterisk: false,
        })
    }

    /// The method token.
    #[must_use]
    pub const fn method(&self) -> &'a str {
        self.method
    }

    /// The URL.
    #[must_use]
    pub const fn url(&self) -> &'a Url {
        self.url
    }

    /// The caller's header lines.
    #[must_use]
    pub const fn headers(&self) -> &'a [u8] {
        self.headers
    }

    /// The body.
    #[must_use]
    pub const fn body(&self) -> Body<'a> {
        self.body
    }

    /// Sends `Expect: 100-continue` with a body, and the body only when the server says to go on, or
    /// after so long (RFC 9110 section 10.1.1). Without a body it does nothing.
    #[must_use]
    pub const fn with_expect(mut self, timeout: Option<Duration>) -> Self {
        self.expect = timeout;
        self
    }

    /// How long the body waits for the server to ask for it.
    #[must_use]
    pub const fn expect(&self) -> Option<Duration> {
        match self.body {
            Body::Empty | Body::Full([]) | Body::Sized(0) => None,
            _ => self.expect,
        }
    }

    /// Asks for the server itself, not for something on it: the asterisk-form of RFC 9112 section
    /// 3.2.4.
    ///
    /// # Errors
    /// Phase `Request`, kind `InvalidRequest` unless the method is OPTIONS and the URL has neither
    /// path nor query.
    pub fn with_asterisk(mut self) -> Result<Self, Error> {
        if self.method != "OPTIONS" || self.url.target() != "/" {
            return Err(invalid("the asterisk-form is for OPTIONS of a server"));
        }
        self.asterisk = true;
        Ok(self)
    }

    /// What stands in the request line, behind `http://` if a proxy forwards the request.
    pub(crate) fn target(&self) -> &'a str {
        match (self.asterisk, self.forwarder()) {
            (true, Some(_)) => self.url.authority(),
            (true, None) => "*",
            (false, Some(_)) => self.url.after_scheme(),
            (false, None) => self.url.target(),
        }
    }

    /// Sets the proxy through which the request goes.
    #[must_use]
    pub const fn with_proxy(mut self, proxy: Option<&'a Proxy>) -> Self {
        self.proxy = proxy;
        self
    }

    /// The proxy through which the request goes.
    #[must_use]
    pub const fn proxy(&self) -> Option<&'a Proxy> {
        self.proxy
    }

    /// The proxy that gets the request itself, with its whole URL (RFC 9112 section 3.2.2), and not
    /// only a tunnel.
    pub(crate) fn forwarder(&self) -> Option<&'a Proxy> {
        self.proxy.filter(|_| self.url.scheme() == Scheme::Http)
    }

    /// Sets how long single waits may last.
    #[must_use]
    pub const fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// How long single waits may last.
    #[must_use]
    pub const fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// Whether the caller asked for the connection to be closed.
    #[must_use]
    pub const fn wants_close(&self) -> bool {
        self.close
    }

    /// Whether the request may be sent a second time (RFC 9110 section 9.2.2): its method is
    /// idempotent and its body is at hand.
    #[must_use]
    pub fn is_replayable(&self) -> bool {
        matches!(self.body, Body::Empty | Body::Full(_))
            && matches!(
                self.method,
                "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "TRACE"
            )
    }
}

/// Whether the lines ask for the connection to be closed.
fn check_headers(headers: &[u8], body: Body<'_>) -> Result<bool, Error> {
    let (mut close, mut te, mut connection_te) = (false, false, false);
    let mut rest = headers;
    while !rest.is_empty() {
        let Some((line, next)) = split_line(rest) else {
            return Err(invalid("a header line does not end with CRLF"));
        };
        rest = next;
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return Err(invalid("a header line has no colon"));
        };
        let (name, value) = line.split_at_checked(colon).unwrap_or((line, &[]));
        let value = value.strip_prefix(b":").unwrap_or(value);
        if !is_token(name) {
            return Err(invalid("a header name is not a token"));
        }
        if !is_value(value) {
            return Err(invalid("a header value has a control character"));
        }
        if REFUSED
            .iter()
            .any(|refused| name.eq_ignore_ascii_case(refused))
        {
            return Err(invalid(
                "a header that the client sets itself or does not support",
            ));
        }
        let mut items = value.split(|byte| *byte == b',').map(trim);
        if name.eq_ignore_ascii_case(b"connection") {
            for option in items {
                match () {
                    () if option.eq_ignore_ascii_case(b"close") => close = true,
                    () if option.eq_ignore_ascii_case(b"te") => connection_te = true,
                    () if option.eq_ignore_ascii_case(b"keep-alive") => {}
                    () => {
                        return Err(invalid(
                            "a Connection header may only say close, keep-alive and TE",
                        ));
                    }
                }
            }
        } else if name.eq_ignore_ascii_case(b"te") {
            te = true;
            if !trim(value).eq_ignore_ascii_case(b"trailers") {
                return Err(invalid("a TE header may only say trailers"));
            }
        } else if name.eq_ignore_ascii_case(b"trailer")
            && !(body == Body::Chunked && items.all(may_be_trailer))
        {
            return Err(invalid(
                "a Trailer header needs a chunked body and fields that may follow it",
            ));
        }
    }
    // RFC 9110 section 10.1.4.
    match te == connection_te {
        true => Ok(close),
        false => Err(invalid("TE and Connection: TE go together")),
    }
}

/// Fields that a TRACE must not have.
const SECRET: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

const REFUSED: [&[u8]; 7] = [
    b"host",
    b"content-length",
    b"transfer-encoding",
    b"upgrade",
    b"expect",
    b"keep-alive",
    b"proxy-connection",
];

const fn invalid(cause: &'static str) -> Error {
    Error::new(Phase::Request, Kind::InvalidRequest, cause)
}
