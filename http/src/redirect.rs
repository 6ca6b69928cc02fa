//! Redirects (RFC 9110 section 15.4): whether one is followed, and with which request.

use core::net::IpAddr;

use wskhttp_core::io::{Error, Kind, Phase, Scheme};

use crate::{ResponseHead, Url};

/// Which redirects are followed. Never one from https to http, nor one to another scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redirects {
    /// How many in a row; 0: none, the caller gets the redirect itself. 10.
    pub limit: u32,
    /// Only within the same scheme, host and port. For requests whose connection itself identifies
    /// the caller, by a client certificate. False.
    pub same_origin: bool,
    /// Also from elsewhere to this machine: to `localhost`, and to loopback, unspecified and
    /// link-local addresses. Names are not looked up for this. False.
    pub to_local: bool,
}

impl Redirects {
    /// None is followed.
    pub const NONE: Self = Self {
        limit: 0,
        same_origin: false,
        to_local: false,
    };
}

impl Default for Redirects {
    fn default() -> Self {
        Self {
            limit: 10,
            ..Self::NONE
        }
    }
}

/// Where a redirect leads, and what changes on the way.
#[derive(Debug)]
pub struct Redirect {
    /// The new URL.
    pub url: Url,
    /// The method becomes GET, the body and the fields that describe it are dropped (RFC 9110
    /// sections 15.4.2 to 15.4.4).
    pub to_get: bool,
    /// The new URL has another origin: credentials stay behind.
    pub cross_origin: bool,
}

impl Redirects {
    /// The redirect that a response asks for: 301, 302, 303, 307 or 308 with a Location. `None` for
    /// any other response, which is the caller's.
    ///
    /// # Errors
    /// Phase `Head`, kind `RedirectRefused`: more than one Location, one that is not a URL
    /// reference, or one that this policy forbids.
    pub fn judge(
        &self,
        head: &ResponseHead,
        method: &str,
        url: &Url,
    ) -> Result<Option<Redirect>, Error> {
        let to_get = match head.status() {
            301 | 302 => method == "POST",
            303 => !matches!(method, "GET" | "HEAD"),
            307 | 308 => false,
            _ => return Ok(None),
        };
        if self.limit == 0 {
            return Ok(None);
        }
        let mut locations = head
            .headers()
            .filter(|(name, _)| name.eq_ignore_ascii_case("location"));
        let Some((_, location)) = locations.next() else {
            return Ok(None);
        };
        if locations.next().is_some() {
            return Err(refused("the redirect has more than one Location"));
        }
        let location = core::str::from_utf8(location)
            .map_err(|_| refused("the redirect's Location is not a URL"))?;
        let next = url.join(location).map_err(|error| match error.kind {
            Kind::NoResources => error,
            Kind::UnsupportedScheme => refused("the redirect's scheme is neither http nor https"),
            _ => refused("the redirect's Location is not a URL"),
        })?;
        self.check(url, &next)?;
        Ok(Some(Redirect {
            to_get,
            cross_origin: !url.is_same_origin(&next),
            url: next,
        }))
    }

    fn check(&self, from: &Url, to: &Url) -> Result<(), Error> {
        if from.scheme() == Scheme::Https && to.scheme() == Scheme::Http {
            return Err(refused("the redirect leads from https to http"));
        }
        if self.same_origin && !from.is_same_origin(to) {
            return Err(refused("the redirect leads to another origin"));
        }
        if !self.to_local && is_local(to.host()) && !is_local(from.host()) {
            return Err(refused("the redirect leads from elsewhere to this machine"));
        }
        Ok(())
    }
}

/// Whether a header field is about the body of the request, or identifies the caller; as RFC 9110
/// section 15.4 says of a redirect.
pub(crate) fn describes_body(name: &str) -> bool {
    const PREFIX: &str = "content-";
    name.get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
        || [
            "digest",
            "repr-digest",
            "last-modified",
            "idempotency-key",
            "trailer",
        ]
        .iter()
        .any(|other| name.eq_ignore_ascii_case(other))
}

/// Whether a header field must not go to another origin.
pub(crate) fn is_private(name: &str) -> bool {
    [
        "authorization",
        "cookie",
        "cookie2",
        "origin",
        "proxy-authorization",
        "referer",
        "www-authenticate",
    ]
    .iter()
    .any(|private| name.eq_ignore_ascii_case(private))
}

/// Whether a host says itself that it is this machine or one on the same link.
fn is_local(host: &str) -> bool {
    let Ok(address) = host.parse::<IpAddr>() else {
        let host = host.strip_suffix('.').unwrap_or(host);
        let last = host.rsplit_once('.').map_or(host, |(_, last)| last);
        return last.eq_ignore_ascii_case("localhost");
    };
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local() || v4.octets().first() == Some(&0),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || v6.is_unicast_link_local(),
    }
}

const fn refused(cause: &'static str) -> Error {
    Error::new(Phase::Head, Kind::RedirectRefused, cause)
}
