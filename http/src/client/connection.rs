//! A connection and what it may be used for.

use alloc::string::String;
use alloc::vec::Vec;

use wskhttp_core::fallible::copied_text;
use wskhttp_core::io::{ConnectionInfo, Error, Kind, Phase, Scheme};

use crate::{ResponseHead, Url};

/// A connection between two exchanges, or in one.
#[derive(Debug)]
pub(crate) struct Connection<T, Key> {
    pub(crate) transport: T,
    pub(crate) origin: Origin,
    pub(crate) key: Key,
    /// [`Proxy::identity`](crate::Proxy) of the proxy through which it goes.
    pub(crate) proxy: Option<[u8; 32]>,
    pub(crate) info: ConnectionInfo,
    /// Memory for response heads.
    pub(crate) spare: Vec<u8>,
    /// The last response was one of HTTP/1.0.
    pub(crate) is_http10: bool,
}

/// Scheme, host and port (RFC 9110 section 4.3.1).
#[derive(Debug)]
pub(crate) struct Origin {
    scheme: Scheme,
    host: String,
    port: u16,
}

impl<T, Key> Connection<T, Key> {
    pub(crate) const fn new(
        transport: T,
        origin: Origin,
        key: Key,
        proxy: Option<[u8; 32]>,
        info: ConnectionInfo,
    ) -> Self {
        Self {
            transport,
            origin,
            key,
            proxy,
            info,
            spare: Vec::new(),
            is_http10: false,
        }
    }

    /// Takes back the memory of a response head, unless that head made it large, and notes what the head
    /// says of the server.
    pub(crate) fn keep(&mut self, head: ResponseHead) {
        self.is_http10 = head.minor_version() == 0;
        let spare = head.into_memory();
        if spare.capacity() <= MOST_SPARE {
            self.spare = spare;
        }
    }
}

impl Origin {
    pub(crate) fn new(url: &Url) -> Result<Self, Error> {
        Ok(Self {
            scheme: url.scheme(),
            host: copied_text(url.host()).map_err(|_| no_memory())?,
            port: url.port(),
        })
    }

    pub(crate) fn serves(&self, url: &Url) -> bool {
        self.scheme == url.scheme() && self.port == url.port() && self.host == url.host()
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.port == other.port && self.host == other.host
    }
}

pub(super) const fn no_memory() -> Error {
    Error::new(
        Phase::Request,
        Kind::NoResources,
        "no memory for the connection",
    )
}

/// Bytes of memory for heads that an idle connection keeps.
const MOST_SPARE: usize = 2048;
