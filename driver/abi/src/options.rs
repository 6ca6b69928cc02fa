//! What is done for a request besides sending it once.

use crate::span::Spans;
use crate::{Field, ParseError, Span};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Fixed part of the options of a request; its spans count from its own start.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct OptionsHeader {
    /// Bytes of the options, variable parts included; equals the length of the request's span.
    pub size: u32,
    /// [`OptionFlags`].
    pub flags: u32,
    /// Most redirects with `FOLLOW`; 0 means 10. At most [`OptionsHeader::MAX_REDIRECTS`].
    pub max_redirects: u32,
    /// Tries after the first one.
    pub retries: u32,
    /// No try begins later than so many milliseconds after the request; 0 means any time.
    pub retry_within_ms: u32,
    /// The lowest speed of the response, in bytes a second; 0 means any.
    pub low_speed_bytes: u32,
    /// Over how many milliseconds the speed is taken; 0 only without a lowest speed.
    pub low_speed_ms: u32,
    /// How many milliseconds a body waits for `100 (Continue)`; 0: it is not asked for.
    pub expect_ms: u32,
    /// Bound of one TLS handshake in milliseconds; 0 means none besides `connect_timeout_ms`.
    pub tls_ms: u32,
    /// Bound of one wait for the peer to take bytes of the request, in milliseconds; 0 means 300 s.
    pub send_ms: u32,
    /// Bound of the wait from the request's last byte to the end of the final head, in milliseconds; 0
    /// means 300 s.
    pub head_ms: u32,
    /// Bound of the wait between two arrivals of bytes of the body, in milliseconds; 0 means 300 s.
    pub body_ms: u32,
    /// Proxies in WinHTTP's grammar, ASCII.
    pub proxies: Span,
    /// Hosts that are reached without a proxy, in WinHTTP's grammar, ASCII.
    pub bypass: Span,
    /// `user:password` or a token for the proxies, whether of the request or of the machine.
    pub proxy_credentials: Span,
    /// `user:password` or a token, as the flags say.
    pub credentials: Span,
    /// With `COOKIES`: cookies to take before the request is sent, in the format of Netscape's files.
    pub cookies: Span,
    /// With `SHA256`: of the body that a response with status 200 must have. Else zero.
    pub sha256: [u8; 32],
}

impl OptionsHeader {
    /// The largest `max_redirects`.
    pub const MAX_REDIRECTS: u32 = 100;
    /// Most bytes of `proxies` and of `bypass`.
    pub const MAX_LIST: usize = 16 * 1024;
    /// Most bytes of `credentials` and of `proxy_credentials`.
    pub const MAX_CREDENTIALS: usize = 16 * 1024;
    /// Most bytes of `cookies`.
    pub const MAX_COOKIES: usize = 64 * 1024;
}

bitflags::bitflags! {
    /// What is done for a request.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct OptionFlags: u32 {
        /// Redirects are followed.
        const FOLLOW = 1;
        /// gzip and deflate are asked for and removed.
        const DECODE = 2;
        /// The credentials are `user:password`, sent at once.
        const BASIC = 4;
        /// The credentials are a token, sent at once.
        const BEARER = 8;
        /// The credentials are `user:password`, for a server that asks for a digest.
        const DIGEST = 16;
        /// Without `proxies`, none is used, whatever the machine's settings are.
        const DIRECT = 32;
        /// Cookies are sent and kept, as long as the handle is open;
        /// [`crate::IOCTL_WSKHTTP_QUERY_COOKIES`] gives them.
        const COOKIES = 64;
        /// The body is checked against the digests that the response's head has.
        const VERIFY = 128;
        /// The body is checked against `sha256`, before content codings are removed.
        const SHA256 = 256;
        /// The credentials for the proxies are a token.
        const PROXY_BEARER = 512;
    }
}

/// The options as their reader sees them.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Options<'a> {
    /// What is done.
    pub flags: OptionFlags,
    /// Most redirects; 0 means 10.
    pub max_redirects: u32,
    /// Tries after the first one.
    pub retries: u32,
    /// Until when a try may begin, in milliseconds from the request; 0 means any time.
    pub retry_within_ms: u32,
    /// The lowest speed in bytes a second; 0 means any.
    pub low_speed_bytes: u32,
    /// Over how many milliseconds the speed is taken.
    pub low_speed_ms: u32,
    /// How many milliseconds a body waits for `100 (Continue)`; 0: it is not asked for.
    pub expect_ms: u32,
    /// Bound of one TLS handshake in milliseconds; this and the next three: 0 means the default.
    pub tls_ms: u32,
    /// Bound of one wait while sending.
    pub send_ms: u32,
    /// Bound of the wait for the final head.
    pub head_ms: u32,
    /// Bound of the wait between two arrivals of bytes of the body.
    pub body_ms: u32,
    /// Proxies.
    pub proxies: &'a str,
    /// Hosts without a proxy.
    pub bypass: &'a str,
    /// `user:password` or a token for the proxies.
    pub proxy_credentials: &'a [u8],
    /// `user:password` or a token.
    pub credentials: &'a [u8],
    /// Cookies to take.
    pub cookies: &'a str,
    /// Of the body.
    pub sha256: [u8; 32],
}

impl<'a> Options<'a> {
    /// Reads the options of a request, which lie in `bytes`. Any IRQL.
    ///
    /// # Errors
    /// Field `Options` and what is wrong.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let (header, _) = OptionsHeader::read_from_prefix(bytes)
            .map_err(|_| refused("shorter than the fixed part of options"))?;
        if usize::try_from(header.size) != Ok(bytes.len()) {
            return Err(refused("their size is not their length"));
        }
        let spans = Spans::new(bytes, size_of::<OptionsHeader>());
        let part = |span, limit| spans.get(Field::Options, span, limit);
        let text = |span| {
            let text = core::str::from_utf8(part(span, OptionsHeader::MAX_LIST)?);
            text.map_err(|_| refused("a list is not ASCII"))
        };
        let cookies = part(header.cookies, OptionsHeader::MAX_COOKIES)?;
        let options = Self {
            flags: OptionFlags::from_bits(header.flags)
                .ok_or(refused("an unknown bit is set in their flags"))?,
            max_redirects: header.max_redirects,
            retries: header.retries,
            retry_within_ms: header.retry_within_ms,
            low_speed_bytes: header.low_speed_bytes,
            low_speed_ms: header.low_speed_ms,
            expect_ms: header.expect_ms,
            tls_ms: header.tls_ms,
            send_ms: header.send_ms,
            head_ms: header.head_ms,
            body_ms: header.body_ms,
            proxies: text(header.proxies)?,
            bypass: text(header.bypass)?,
            proxy_credentials: part(header.proxy_credentials, OptionsHeader::MAX_CREDENTIALS)?,
            credentials: part(header.credentials, OptionsHeader::MAX_CREDENTIALS)?,
            cookies: core::str::from_utf8(cookies).map_err(|_| refused("a list is not ASCII"))?,
            sha256: header.sha256,
        };
        Spans::disjoint(&[
            (Field::Options, header.proxies),
            (Field::Options, header.bypass),
            (Field::Options, header.proxy_credentials),
            (Field::Options, header.credentials),
            (Field::Options, header.cookies),
        ])?;
        options.check().map(|()| options)
    }

    pub(crate) fn check(&self) -> Result<(), ParseError> {
        let schemes = OptionFlags::BASIC | OptionFlags::BEARER | OptionFlags::DIGEST;
        let lists = [self.proxies, self.bypass, self.cookies];
        let secrets = [self.proxy_credentials, self.credentials];
        if lists.iter().any(|list| !list.is_ascii()) {
            return Err(refused("a list is not ASCII"));
        }
        if lists
            .iter()
            .take(2)
            .any(|list| list.len() > OptionsHeader::MAX_LIST)
            || self.cookies.len() > OptionsHeader::MAX_COOKIES
            || secrets
                .iter()
                .any(|secret| secret.len() > OptionsHeader::MAX_CREDENTIALS)
        {
            return Err(refused("a part is longer than its limit"));
        }
        let scheme = self.flags.intersection(schemes).iter().count();
        if scheme > 1 || (scheme == 1) == self.credentials.is_empty() {
            return Err(refused(
                "credentials need one scheme, and a scheme credentials",
            ));
        }
        if self.max_redirects > OptionsHeader::MAX_REDIRECTS {
            return Err(refused("more redirects than 100"));
        }
        if self.flags.contains(OptionFlags::PROXY_BEARER) && self.proxy_credentials.is_empty() {
            return Err(refused("no token for the proxies"));
        }
        if self.flags.contains(OptionFlags::DIRECT) && !self.proxies.is_empty() {
            return Err(refused("proxies, and none"));
        }
        if !self.flags.contains(OptionFlags::COOKIES) && !self.cookies.is_empty() {
            return Err(refused("cookies without COOKIES"));
        }
        if !self.flags.contains(OptionFlags::SHA256) && self.sha256 != [0; 32] {
            return Err(refused("a digest without SHA256"));
        }
        if self.low_speed_bytes != 0 && self.low_speed_ms == 0 {
            return Err(refused("a lowest speed needs a time"));
        }
        Ok(())
    }

    /// Bytes of its message; `None` beyond 4 GiB.
    pub(crate) fn encoded_length(&self) -> Option<u32> {
        Some(self.layout()?.size)
    }

    /// Writes its message into `out`, which has room for exactly that.
    pub(crate) fn put(&self, out: &mut [u8]) -> Option<()> {
        let header = self.layout()?;
        header.write_to_prefix(out).ok()?;
        header.proxies.put(self.proxies.as_bytes(), out)?;
        header.bypass.put(self.bypass.as_bytes(), out)?;
        header.proxy_credentials.put(self.proxy_credentials, out)?;
        header.credentials.put(self.credentials, out)?;
        header.cookies.put(self.cookies.as_bytes(), out)
    }

    fn layout(&self) -> Option<OptionsHeader> {
        let mut at = u32::try_from(size_of::<OptionsHeader>()).ok()?;
        let mut header = OptionsHeader {
            size: 0,
            flags: self.flags.bits(),
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
            proxies: Span::place(self.proxies.as_bytes(), &mut at)?,
            bypass: Span::place(self.bypass.as_bytes(), &mut at)?,
            proxy_credentials: Span::place(self.proxy_credentials, &mut at)?,
            credentials: Span::place(self.credentials, &mut at)?,
            cookies: Span::place(self.cookies.as_bytes(), &mut at)?,
            sha256: self.sha256,
        };
        header.size = at;
        Some(header)
    }
}

impl core::fmt::Debug for Options<'_> {
    /// Without the credentials.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Options")
            .field("flags", &self.flags)
            .field("proxies", &self.proxies)
            .field("bypass", &self.bypass)
            .finish_non_exhaustive()
    }
}

const fn refused(reason: &'static str) -> ParseError {
    ParseError::new(Field::Options, reason)
}

const _: () = assert!(size_of::<OptionsHeader>() == 120);
