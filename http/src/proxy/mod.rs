//! Proxies: which one serves a URL, and the way through it.

mod bypass;
mod connect;
mod winhttp;

use alloc::string::String;

use sha2::{Digest, Sha256};
use wskhttp_core::fallible::{copied_text, room, text_room};
use wskhttp_core::io::{Error, Kind, Phase, Scheme, Via};
use zeroize::Zeroizing;

use crate::auth::{Secret, joined};
use crate::{Credentials, Url};

pub use connect::ProxyConnect;
pub use winhttp::WinHttpSettings;

use bypass::Bypass;

/// A proxy that speaks HTTP: `http` requests go to it with their whole URL, `https` through a tunnel
/// made by CONNECT.
#[derive(Debug)]
pub struct Proxy {
    scheme: Scheme,
    host: String,
    port: u16,
    authorization: Option<Secret>,
}

impl Proxy {
    /// A proxy by its `host`, `host:port`, `http://host:port` or `https://host:port`; the default
    /// port is the scheme's. An `https` proxy needs a connector that can do it.
    ///
    /// # Errors
    /// Phase `Request`; kind `InvalidUrl`, `UnsupportedScheme` or `NoResources`.
    pub fn new(text: &str) -> Result<Self, Error> {
        let mut whole = text_room(text.len().saturating_add(7)).map_err(|_| no_memory())?;
        if !text.contains("://") {
            whole.push_str("http://");
        }
        whole.push_str(text);
        let url = Url::parse(&whole)?;
        if url.target() != "/" {
            return Err(Error::new(
                Phase::Request,
                Kind::InvalidUrl,
                "the proxy's address has a path",
            ));
        }
        Ok(Self {
            scheme: url.scheme(),
            host: copied_text(url.host()).map_err(|_| no_memory())?,
            port: url.port(),
            authorization: None,
        })
    }

    /// Sets what the proxy is told of the caller: Basic or Bearer.
    ///
    /// # Errors
    /// Phase `Request`; kind `InvalidRequest` for Digest; `NoResources`.
    pub fn with_credentials(mut self, credentials: &Credentials) -> Result<Self, Error> {
        let value = credentials.ready().ok_or(Error::new(
            Phase::Request,
            Kind::InvalidRequest,
            "credentials for a proxy are Basic or Bearer",
        ))?;
        self.authorization = Some(joined(&[value])?);
        Ok(self)
    }

    /// The proxy's host, in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The proxy's port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The value of `Proxy-Authorization`.
    pub(crate) fn authorization(&self) -> Option<&[u8]> {
        self.authorization.as_ref().map(|value| value.as_slice())
    }

    pub(crate) fn via(&self) -> Via<'_> {
        Via {
            scheme: self.scheme,
            host: &self.host,
            port: self.port,
            authorization: self.authorization(),
        }
    }

    /// What two requests must share to share a connection.
    pub(crate) fn identity(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update([self.scheme as u8]);
        hash.update(self.port.to_be_bytes());
        hash.update((self.host.len() as u64).to_be_bytes());
        hash.update(&self.host);
        hash.update(self.authorization().unwrap_or_default());
        hash.finalize().into()
    }
}

/// Which proxy serves which URL.
///
/// The lists have WinHTTP's grammar. Proxies: `[scheme=][scheme://]host[:port]`, separated by
/// semicolons or white space; one without `scheme=` serves the schemes that have none, and the first of
/// several counts. Bypass: hosts, with `*` for
/// any characters, optionally with a scheme before or a port behind, and `<local>` for names without
/// a dot.
#[derive(Debug, Default)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    bypass: Bypass,
}

impl Proxies {
    /// Parses both lists.
    ///
    /// # Errors
    /// As [`Proxy::new`]; kind `InvalidUrl` for a scheme that is not `http` or `https`, or an entry of
    /// the bypass list that is not a host.
    pub fn new(proxies: &str, bypass: &str) -> Result<Self, Error> {
        Self::read(proxies, Bypass::new(bypass)?)
    }

    /// As [`Proxies::new`], for settings that nobody can put right at once: an entry of the bypass list
    /// that is not a host covers none, so that more goes by the proxy, and is told to `ignored`.
    ///
    /// # Errors
    /// As [`Proxies::new`], but for entries of the bypass list.
    pub fn of_machine(
        proxies: &str,
        bypass: &str,
        ignored: impl FnMut(&str),
    ) -> Result<Self, Error> {
        Self::read(proxies, Bypass::lenient(bypass, ignored)?)
    }

    fn read(proxies: &str, bypass: Bypass) -> Result<Self, Error> {
        let mut this = Self {
            bypass,
            ..Self::default()
        };
        let mut both = None;
        for entry in entries(proxies) {
            match entry.split_once('=') {
                None => {
                    both.get_or_insert((Proxy::new(entry)?, Proxy::new(entry)?));
                }
                Some((scheme, proxy)) if scheme.eq_ignore_ascii_case("http") => {
                    this.http.get_or_insert(Proxy::new(proxy)?);
                }
                Some((scheme, proxy)) if scheme.eq_ignore_ascii_case("https") => {
                    this.https.get_or_insert(Proxy::new(proxy)?);
                }
                // WinHTTP has ftp and socks, too, which serve nothing here.
                Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) => {}
                Some(_) => {
                    return Err(Error::new(
                        Phase::Request,
                        Kind::InvalidUrl,
                        "the proxy list has an entry that is not a proxy",
                    ));
                }
            }
        }
        if let Some((http, https)) = both {
            this.http.get_or_insert(http);
            this.https.get_or_insert(https);
        }
        Ok(this)
    }

    /// Whether no URL has one.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.http.is_none() && self.https.is_none()
    }

    /// Sets what all of them are told of the caller.
    ///
    /// # Errors
    /// As [`Proxy::with_credentials`].
    pub fn with_credentials(mut self, credentials: &Credentials) -> Result<Self, Error> {
        for proxy in [&mut self.http, &mut self.https] {
            if let Some(found) = proxy.take() {
                *proxy = Some(found.with_credentials(credentials)?);
            }
        }
        Ok(self)
    }

    /// The proxy for a URL; `None`: none.
    #[must_use]
    pub fn for_url(&self, url: &Url) -> Option<&Proxy> {
        let proxy = match url.scheme() {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        };
        proxy.as_ref().filter(|_| !self.bypass.covers(url))
    }
}

/// The entries of a list with WinHTTP's separators.
fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(|c: char| c == ';' || c.is_ascii_whitespace())
        .filter(|entry| !entry.is_empty())
}

const fn no_memory() -> Error {
    Error::new(Phase::Request, Kind::NoResources, "no memory for the proxy")
}

/// Bytes that may be secret, in a buffer of their own.
fn secret(capacity: usize) -> Result<Secret, Error> {
    room(capacity).map(Zeroizing::new).map_err(|_| no_memory())
}
