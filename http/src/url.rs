//! Absolute http and https URLs.

use alloc::string::String;
use core::fmt::{self, Write};
use core::net::{Ipv4Addr, Ipv6Addr};

use wskhttp_core::fallible::{copied_text, text_room};
use wskhttp_core::io::{Error, Kind, Phase, Scheme};

use crate::proto::fields::contains;

/// A checked absolute `http` or `https` URL, in the form in which it is sent.
///
/// The `http-URI` form of RFC 9110 section 4.2 over RFC 3986 and nothing more; general URL
/// libraries accept what is refused here (userinfo, backslashes, percent in host, `127.1`) and
/// allocate infallibly.
///
/// Refused: userinfo, anything but ASCII from `!` to `~`, characters that RFC 3986 does not allow
/// in a path or query, percent signs without two hex digits, empty or too long host labels, hosts
/// that look like a number but are not a dotted IPv4 address, port 0. A fragment is dropped, the host
/// is lower-cased, an IPv6 address is written in its canonical form.
#[derive(Debug, PartialEq, Eq)]
pub struct Url {
    /// The `Host` field's value, followed by the request target.
    text: String,
    authority: usize,
    host: (usize, usize),
    scheme: Scheme,
    port: u16,
}

impl Url {
    /// Bytes of the longest URL.
    pub const MAX_LENGTH: usize = 65_535;

    /// Checks `text` and keeps a copy of what will be sent.
    ///
    /// # Errors
    /// Phase `Request`; kind `InvalidUrl`, `UnsupportedScheme` or `NoResources`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        check_characters(text)?;
        let (scheme, rest) = scheme(text)?;
        let (rest, _fragment) = split_before(rest, b"#");
        let (authority, target) = split_before(rest, b"/?");
        Self::of_parts(scheme, authority, target)
    }

    /// Resolves a reference, such as the value of `Location`, against this URL (RFC 3986 section
    /// 5.2), dot segments removed. A fragment is dropped.
    ///
    /// # Errors
    /// As [`Url::parse`]; what that refuses is refused here, too.
    pub fn join(&self, reference: &str) -> Result<Self, Error> {
        check_characters(reference)?;
        let (reference, _fragment) = split_before(reference, b"#");
        let (scheme, rest) = match reference.strip_prefix("//") {
            _ if has_scheme(reference) => scheme(reference)?,
            Some(rest) => (self.scheme, rest),
            None => return self.join_path(reference),
        };
        let (authority, target) = split_before(rest, b"/?");
        // Before dot segments take away what is wrong.
        check_target(target)?;
        let (path, query) = split_before(target, b"?");
        Self::of_parts(scheme, authority, &normal_target("", path, query)?)
    }

    /// [`Url::join`] for a reference with neither scheme nor authority.
    fn join_path(&self, reference: &str) -> Result<Self, Error> {
        check_target(reference)?;
        let (path, query) = split_before(reference, b"?");
        let (own_path, own_query) = split_before(self.target(), b"?");
        let (path, query) = match (path, query) {
            ("", "") => (own_path, own_query),
            ("", _) => (own_path, query),
            _ => (path, query),
        };
        let directory = match path.starts_with('/') {
            true => "",
            false => own_path.rsplit_once('/').map_or("", |(up, _)| up),
        };
        let target = normal_target(directory, path, query)?;
        Self::of_parts(self.scheme, self.authority(), &target)
    }

    /// A copy.
    ///
    /// # Errors
    /// Kind `NoResources`.
    pub fn try_clone(&self) -> Result<Self, Error> {
        let text = copied_text(&self.text).map_err(|_| no_memory())?;
        Ok(Self { text, ..*self })
    }

    /// Whether both have the same scheme, host and port (RFC 9110 section 4.3.1).
    #[must_use]
    pub fn is_same_origin(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.port == other.port && self.host() == other.host()
    }

    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// A lower-case DNS name or an address literal, IPv6 without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.text.get(self.host.0..self.host.1).unwrap_or_default()
    }

    /// The port, also when the URL did not name it.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The value of the `Host` field (RFC 9110 section 7.2): IPv6 in brackets, the port unless it is
    /// the scheme's own.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.text.get(..self.authority).unwrap_or_default()
    }

    /// Path and query, as in the request line: the origin-form of RFC 9112 section 3.2.1.
    #[must_use]
    pub fn target(&self) -> &str {
        self.text.get(self.authority..).unwrap_or_default()
    }

    /// The URL without its scheme and `://`: [`Url::authority`] and [`Url::target`].
    #[must_use]
    pub fn after_scheme(&self) -> &str {
        &self.text
    }

    fn of_parts(scheme: Scheme, authority: &str, target: &str) -> Result<Self, Error> {
        check_target(target)?;
        let (host, port) = host_and_port(authority)?;
        let port = match port {
            Some(digits) => port_number(digits)?,
            None => scheme.default_port(),
        };
        Self::assemble(scheme, &Host::parse(host)?, port, target)
    }

    fn assemble(scheme: Scheme, host: &Host<'_>, port: u16, target: &str) -> Result<Self, Error> {
        let room = host.room().saturating_add(target.len());
        let mut text = text_room(room).map_err(|_| no_memory())?;
        let host = host.write(&mut text)?;
        if port != scheme.default_port() {
            write!(text, ":{port}").map_err(|_| no_memory())?;
        }
        let authority = text.len();
        if !target.starts_with('/') {
            text.push('/');
        }
        text.push_str(target);
        Ok(Self {
            text,
            authority,
            host,
            scheme,
            port,
        })
    }
}

enum Host<'a> {
    Name(&'a str),
    V6(Ipv6Addr),
}

impl<'a> Host<'a> {
    fn parse(text: &'a str) -> Result<Self, Error> {
        if let Some(literal) = text.strip_prefix('[') {
            return literal
                .strip_suffix(']')
                .and_then(|address| address.parse().ok())
                .map(Self::V6)
                .ok_or_else(|| invalid("the URL's bracketed host is not an IPv6 address"));
        }
        check_name(text)?;
        Ok(Self::Name(text))
    }

    /// At least the bytes of what `write` writes, a port and a slash.
    fn room(&self) -> usize {
        match self {
            Self::Name(name) => name.len().saturating_add(8),
            Self::V6(_) => 56,
        }
    }

    /// Writes the host into room that is there; gives where it lies, without brackets.
    fn write(&self, text: &mut String) -> Result<(usize, usize), Error> {
        match self {
            Self::Name(name) => {
                text.push_str(name);
                text.make_ascii_lowercase();
                Ok((0, text.len()))
            }
            Self::V6(address) => {
                write!(text, "[{address}]").map_err(|_| no_memory())?;
                Ok((1, text.len().saturating_sub(1)))
            }
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}", self.text)
    }
}

fn check_characters(text: &str) -> Result<(), Error> {
    if text.len() > Url::MAX_LENGTH {
        return Err(invalid("the URL is too long"));
    }
    if !text.is_ascii() {
        return Err(invalid(
            "the URL has characters beyond ASCII; percent-encode them",
        ));
    }
    if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err(invalid("the URL has a space or control character"));
    }
    Ok(())
}

/// Whether a reference begins with a scheme (RFC 3986 sections 3.1 and 4.2).
fn has_scheme(reference: &str) -> bool {
    let (first, rest) = split_before(reference, b":/?");
    rest.starts_with(':') && first.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// `directory`, `path` and `query` in one, dot segments removed (RFC 3986 section 5.2.4).
fn normal_target(directory: &str, path: &str, query: &str) -> Result<String, Error> {
    let room = directory.len().saturating_add(path.len());
    let room = room.saturating_add(query.len()).saturating_add(2);
    let mut text = text_room(room).map_err(|_| no_memory())?;
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut segments = directory
        .strip_prefix('/')
        .into_iter()
        .flat_map(|directory| directory.split('/'))
        .chain(path.split('/'))
        .peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if segment == ".." {
            while text.pop().is_some_and(|last| last != '/') {}
        }
        match segment {
            "." | ".." if is_last => text.push('/'),
            "." | ".." => {}
            _ => {
                text.push('/');
                text.push_str(segment);
            }
        }
    }
    text.push_str(query);
    Ok(text)
}

fn scheme(text: &str) -> Result<(Scheme, &str), Error> {
    let (name, rest) = split_before(text, b":");
    let Some(rest) = rest.strip_prefix("://") else {
        return Err(invalid("the URL does not begin with http:// or https://"));
    };
    if name.eq_ignore_ascii_case("http") {
        return Ok((Scheme::Http, rest));
    }
    if name.eq_ignore_ascii_case("https") {
        return Ok((Scheme::Https, rest));
    }
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || contains(b"+-.", byte);
    match name.as_bytes() {
        [b'a'..=b'z' | b'A'..=b'Z', others @ ..] if others.iter().all(|byte| is_scheme(*byte)) => {
            Err(Error::new(
                Phase::Request,
                Kind::UnsupportedScheme,
                "the URL's scheme is neither http nor https",
            ))
        }
        _ => Err(invalid("the URL does not begin with http:// or https://")),
    }
}

fn host_and_port(authority: &str) -> Result<(&str, Option<&str>), Error> {
    if contains(authority.as_bytes(), b'@') {
        return Err(invalid("the URL has a user name or password"));
    }
    let (host, rest) = match authority.as_bytes() {
        [b'[', ..] => match split_before(authority, b"]") {
            (open, rest) if !rest.is_empty() => authority
                .split_at_checked(open.len().saturating_add(1))
                .unwrap_or((authority, "")),
            _ => {
                return Err(invalid("the URL's bracketed host is not an IPv6 address"));
            }
        },
        _ => split_before(authority, b":"),
    };
    if host.is_empty() {
        return Err(invalid("the URL has no host"));
    }
    match rest.strip_prefix(':') {
        // RFC 3986 section 3.2.3: an empty port is the default one.
        Some("") => Ok((host, None)),
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err(invalid("the URL has something after its bracketed host")),
    }
}

fn port_number(digits: &str) -> Result<u16, Error> {
    let port = match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => digits.parse().ok(),
        false => None,
    };
    port.filter(|port| *port != 0)
        .ok_or_else(|| invalid("the URL's port is not a number from 1 to 65535"))
}

/// RFC 1123 section 2.1 with the underscore that is in use, and nothing that other software could
/// take for an IPv4 address in another notation.
fn check_name(host: &str) -> Result<(), Error> {
    if host.len() > 253 {
        return Err(invalid("the URL's host is longer than 253 bytes"));
    }
    let is_label = |byte: u8| byte.is_ascii_alphanumeric() || contains(b"-_", byte);
    let mut last: &[u8] = b"";
    for label in host.as_bytes().split(|byte| *byte == b'.') {
        if label.is_empty() || label.len() > 63 {
            return Err(invalid("the URL's host has an empty or too long label"));
        }
        if !label.iter().all(|byte| is_label(*byte)) {
            return Err(invalid(
                "the URL's host has a character that is not allowed",
            ));
        }
        last = label;
    }
    let is_number = match last {
        [b'0', b'x' | b'X', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
        _ => last.iter().all(u8::is_ascii_digit),
    };
    if is_number && host.parse::<Ipv4Addr>().is_err() {
        return Err(invalid(
            "the URL's host is a number but not an IPv4 address",
        ));
    }
    Ok(())
}

/// `text` up to the first byte of `set`, which is ASCII, and from there on.
fn split_before<'a>(text: &'a str, set: &[u8]) -> (&'a str, &'a str) {
    let end = text.bytes().position(|byte| contains(set, byte));
    end.and_then(|end| text.split_at_checked(end))
        .unwrap_or((text, ""))
}

/// RFC 3986 sections 3.3 and 3.4: `*( pchar / "/" / "?" )`.
fn check_target(target: &str) -> Result<(), Error> {
    let mut bytes = target.bytes();
    while let Some(byte) = bytes.next() {
        let allowed = match byte {
            b'%' => {
                let hex = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
                if !hex(bytes.next()) || !hex(bytes.next()) {
                    return Err(invalid("the URL has a percent sign without two hex digits"));
                }
                true
            }
            _ => byte.is_ascii_alphanumeric() || contains(b"-._~!$&'()*+,;=:@/?", byte),
        };
        if !allowed {
            return Err(invalid(
                "the URL has a character that must be percent-encoded in a path or query",
            ));
        }
    }
    Ok(())
}

const fn invalid(cause: &'static str) -> Error {
    Error::new(Phase::Request, Kind::InvalidUrl, cause)
}

const fn no_memory() -> Error {
    Error::new(Phase::Request, Kind::NoResources, "no memory for the URL")
}
