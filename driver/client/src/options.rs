//! What the driver does for a request besides sending it once.

use std::fmt;
use std::time::Duration;

use wskhttp_abi::{OptionFlags, Options as Message};

/// What the driver does for a request besides sending it once. The default is nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Options {
    flags: OptionFlags,
    max_redirects: u32,
    retries: u32,
    retry_within_ms: u32,
    low_speed_bytes: u32,
    low_speed_ms: u32,
    expect_ms: u32,
    tls_ms: u32,
    send_ms: u32,
    head_ms: u32,
    body_ms: u32,
    proxies: String,
    bypass: String,
    proxy_credentials: Vec<u8>,
    credentials: Vec<u8>,
    cookies: String,
    sha256: [u8; 32],
}

impl Options {
    /// Nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Follows at most so many redirects, and no more than 100; 0 means 10. Credentials, cookies and the
    /// like stay with their origin; never from https to http.
    #[must_use]
    pub fn follow(mut self, limit: u32) -> Self {
        self.flags |= OptionFlags::FOLLOW;
        self.max_redirects = limit;
        self
    }

    /// Asks for gzip and deflate, and removes them within limits.
    #[must_use]
    pub fn decode(mut self) -> Self {
        self.flags |= OptionFlags::DECODE;
        self
    }

    /// Tries so many times more when a request that may be repeated fails in a way that may pass, with
    /// waits that grow and as `Retry-After` says; no try begins later than `within`.
    #[must_use]
    pub fn retry(mut self, tries: u32, within: Option<Duration>) -> Self {
        self.retries = tries;
        self.retry_within_ms = milliseconds(within);
        self
    }

    /// Gives a response up that arrives with less than so many bytes a second over so long a time.
    #[must_use]
    pub fn low_speed(mut self, bytes: u32, over: Duration) -> Self {
        self.low_speed_bytes = bytes;
        self.low_speed_ms = milliseconds(Some(over));
        self
    }

    /// Lets the body wait for `100 (Continue)`, but no longer than this.
    #[must_use]
    pub fn expect(mut self, timeout: Duration) -> Self {
        self.expect_ms = milliseconds(Some(timeout));
        self
    }

    /// Gives a TLS handshake so long; without this, as long as the connection may take. An error of
    /// this bound and of the next three has the phase that it names: `Tls`, `Send`, `Head`, `Body`.
    #[must_use]
    pub fn tls_timeout(mut self, timeout: Duration) -> Self {
        self.tls_ms = milliseconds(Some(timeout));
        self
    }

    /// Waits no longer than this for the server to take bytes of the request; without this, 300 s.
    #[must_use]
    pub fn send_timeout(mut self, timeout: Duration) -> Self {
        self.send_ms = milliseconds(Some(timeout));
        self
    }

    /// Waits no longer than this from the request's last byte to the end of the response's head;
    /// without this, 300 s.
    #[must_use]
    pub fn head_timeout(mut self, timeout: Duration) -> Self {
        self.head_ms = milliseconds(Some(timeout));
        self
    }

    /// Waits no longer than this for more bytes of the body; without this, 300 s.
    #[must_use]
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.body_ms = milliseconds(Some(timeout));
        self
    }

    /// Uses these proxies, but not for the hosts of `bypass`. Both lists are in WinHTTP's grammar:
    /// `http=proxy:3128;https=other` or `proxy:3128`; `*.example.com;<local>`.
    #[must_use]
    pub fn proxies(mut self, proxies: &str, bypass: &str) -> Self {
        self.flags -= OptionFlags::DIRECT;
        proxies.clone_into(&mut self.proxies);
        bypass.clone_into(&mut self.bypass);
        self
    }

    /// Uses no proxy, whatever the machine's settings are. Without this and [`Options::proxies`], those
    /// that `netsh winhttp set proxy` has set are used.
    #[must_use]
    pub fn direct(mut self) -> Self {
        self.flags |= OptionFlags::DIRECT;
        self.proxies.clear();
        self
    }

    /// Sends and keeps cookies, as long as the device is open; [`Device::cookies`](crate::Device::cookies)
    /// gives them. Those in `text`, in the format of Netscape's files, are taken first.
    #[must_use]
    pub fn cookies(mut self, text: &str) -> Self {
        self.flags |= OptionFlags::COOKIES;
        text.clone_into(&mut self.cookies);
        self
    }

    /// Checks the body against the digests that the response's head has (`Content-Digest`,
    /// `Repr-Digest`), and says at its end if it has another.
    #[must_use]
    pub fn verify(mut self) -> Self {
        self.flags |= OptionFlags::VERIFY;
        self
    }

    /// Checks the body of a response with status 200 against this SHA-256, before content codings are
    /// removed, and says at its end if it has another.
    #[must_use]
    pub fn sha256(mut self, digest: [u8; 32]) -> Self {
        self.flags |= OptionFlags::SHA256;
        self.sha256 = digest;
        self
    }

    /// Tells the proxies, these or the machine's, `user:password` (Basic).
    #[must_use]
    pub fn proxy_credentials(mut self, credentials: &str) -> Self {
        self.flags -= OptionFlags::PROXY_BEARER;
        self.proxy_credentials = credentials.into();
        self
    }

    /// Tells the proxies, these or the machine's, a token (RFC 6750).
    #[must_use]
    pub fn proxy_bearer(mut self, token: &str) -> Self {
        self.flags |= OptionFlags::PROXY_BEARER;
        self.proxy_credentials = token.into();
        self
    }

    /// Tells the server `user:password` (Basic).
    #[must_use]
    pub fn basic(self, credentials: &str) -> Self {
        self.credentials(OptionFlags::BASIC, credentials)
    }

    /// Answers a server that asks for a digest of `user:password` (SHA-256 or MD5).
    #[must_use]
    pub fn digest(self, credentials: &str) -> Self {
        self.credentials(OptionFlags::DIGEST, credentials)
    }

    /// Tells the server this token (Bearer).
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.credentials(OptionFlags::BEARER, token)
    }

    fn credentials(mut self, scheme: OptionFlags, credentials: &str) -> Self {
        self.flags -= OptionFlags::BASIC | OptionFlags::BEARER | OptionFlags::DIGEST;
        self.flags |= scheme;
        self.credentials = credentials.into();
        self
    }

    /// As the driver takes them; `None` if nothing is to be done.
    pub(crate) fn message(&self) -> Option<Message<'_>> {
        (*self != Self::default()).then(|| Message {
            flags: self.flags,
            max_redirects: self.max_redirects,
            retries: self.retries,
            retry_within_ms: self.retry_within_ms,
            low_speed_bytes: self.low_speed_bytes,
            low_speed_ms: self.low_speed_ms,
            expect_ms: self.expect_ms,
            tls_ms: self.tls_ms,
            send_ms: self.send_ms,
            head_ms: self.head_ms,
            body_ms: self.body_ms,
            proxies: &self.proxies,
            bypass: &self.bypass,
            proxy_credentials: &self.proxy_credentials,
            credentials: &self.credentials,
            cookies: &self.cookies,
            sha256: self.sha256,
        })
    }
}

impl fmt::Debug for Options {
    /// Without the credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Options({:?})", self.flags)
    }
}

/// 0 means none in the message, so less than a millisecond is one.
pub(crate) fn milliseconds(time: Option<Duration>) -> u32 {
    time.map_or(0, |time| {
        u32::try_from(time.as_millis()).unwrap_or(u32::MAX).max(1)
    })
}
