//! What a caller asks an agent for.

use alloc::string::String;

use wskhttp_core::fallible::copied_text;
use wskhttp_core::io::{Error, Kind, Phase};

use super::{Policy, no_memory};
use crate::{Body, Credentials, Deadlines, Headers, Jar, Proxies, Url};

/// A request in the making. The first thing that is wrong with it is said when it is sent.
#[derive(Debug)]
pub struct Call<'a> {
    pub(super) parts: Result<Parts, Error>,
    pub(super) body: Body<'a>,
    pub(super) deadlines: Deadlines,
    pub(super) policy: Option<Policy>,
    pub(super) credentials: Option<&'a Credentials>,
    pub(super) proxies: Option<&'a Proxies>,
    pub(super) jar: Option<&'a mut Jar>,
    pub(super) sha256: Option<[u8; 32]>,
}

#[derive(Debug)]
pub(super) struct Parts {
    pub(super) method: String,
    pub(super) url: Url,
    pub(super) headers: Headers,
}

impl<'a> Call<'a> {
    /// A call with this method and absolute URL.
    #[must_use]
    pub fn new(method: &str, url: &str) -> Self {
        Self::of(method, Url::parse(url))
    }

    /// A GET.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// A HEAD.
    #[must_use]
    pub fn head(url: &str) -> Self {
        Self::new("HEAD", url)
    }

    /// A POST of `body`.
    #[must_use]
    pub fn post(url: &str, body: &'a [u8]) -> Self {
        Self::new("POST", url).body(Body::Full(body))
    }

    /// A PUT of `body`.
    #[must_use]
    pub fn put(url: &str, body: &'a [u8]) -> Self {
        Self::new("PUT", url).body(Body::Full(body))
    }

    /// A call with this method and URL.
    #[must_use]
    pub fn of(method: &str, url: Result<Url, Error>) -> Self {
        let parts = url.and_then(|url| {
            Ok(Parts {
                method: copied_text(method).map_err(|_| no_memory())?,
                url,
                headers: Headers::new(),
            })
        });
        Self {
            parts,
            body: Body::Empty,
            deadlines: Deadlines::default(),
            policy: None,
            credentials: None,
            proxies: None,
            jar: None,
            sha256: None,
        }
    }

    /// Adds a header field. What [`Request::new`](crate::Request::new) refuses is refused.
    #[must_use]
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.and(|parts| parts.headers.push(name, value.as_ref()))
    }

    /// Adds header lines, each `Name: value` CRLF. What [`Request::new`](crate::Request::new) refuses is
    /// refused.
    #[must_use]
    pub fn lines(self, lines: &[u8]) -> Self {
        // What follows must not become a part of the last one.
        let is_whole = lines.is_empty() || lines.ends_with(b"\r\n");
        self.and(|parts| match is_whole {
            true => parts.headers.extend(lines),
            false => Err(Error::new(
                Phase::Request,
                Kind::InvalidRequest,
                "a header line does not end with CRLF",
            )),
        })
    }

    /// Sets the body.
    #[must_use]
    pub const fn body(mut self, body: Body<'a>) -> Self {
        self.body = body;
        self
    }

    /// Sets who the caller is, for the origin of the URL. An `Authorization` field of the caller's
    /// takes precedence.
    #[must_use]
    pub const fn credentials(mut self, credentials: Option<&'a Credentials>) -> Self {
        self.credentials = credentials;
        self
    }

    /// Sets the proxies, of which each URL on the way gets its own.
    #[must_use]
    pub const fn proxies(mut self, proxies: Option<&'a Proxies>) -> Self {
        self.proxies = proxies;
        self
    }

    /// Sets the jar from which cookies are sent, and into which those of each response go, also of
    /// redirects. Cookies of the caller's own `Cookie` field, which go to its own origin only, follow those
    /// of the jar in one field.
    #[must_use]
    pub fn jar(mut self, jar: &'a mut Jar) -> Self {
        self.jar = Some(jar);
        self
    }

    /// Sets the SHA-256 of the body that a final response with status 200 must have, as it is before
    /// any content coding is removed. It is said at the body's end if it has another.
    #[must_use]
    pub const fn sha256(mut self, digest: Option<[u8; 32]>) -> Self {
        self.sha256 = digest;
        self
    }

    /// Sets until when things must be done.
    #[must_use]
    pub const fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// Sets a policy of its own.
    #[must_use]
    pub const fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    fn and(mut self, change: impl FnOnce(&mut Parts) -> Result<(), Error>) -> Self {
        if let Ok(parts) = &mut self.parts
            && let Err(error) = change(parts)
        {
            self.parts = Err(error);
        }
        self
    }
}
