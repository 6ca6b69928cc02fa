//! Which hosts are reached without a proxy, in WinHTTP's grammar.

use alloc::string::String;

use wskhttp_core::fallible::copied_text;
use wskhttp_core::io::{Error, Kind, Phase, Scheme};

use super::{entries, no_memory};
use crate::Url;

/// A bypass list.
#[derive(Debug, Default)]
pub(super) struct Bypass {
    list: String,
}

impl Bypass {
    pub(super) fn new(list: &str) -> Result<Self, Error> {
        match unknown(list).next() {
            None => Self::lenient(list, |_| ()),
            Some(_) => Err(invalid("the bypass list has an entry that is not a host")),
        }
    }

    /// Any list of ASCII characters; what is no host in it covers none, and is told to `ignored`.
    pub(super) fn lenient(list: &str, ignored: impl FnMut(&str)) -> Result<Self, Error> {
        unknown(list).for_each(ignored);
        if !list.is_ascii() || list.len() > MOST {
            return Err(invalid(
                "the bypass list is longer than 16 KiB or not ASCII",
            ));
        }
        let list = copied_text(list).map_err(|_| no_memory())?;
        Ok(Self { list })
    }

    pub(super) fn covers(&self, url: &Url) -> bool {
        entries(&self.list).any(|entry| match entry {
            _ if entry.eq_ignore_ascii_case("<local>") => {
                !url.host().bytes().any(|byte| matches!(byte, b'.' | b':'))
            }
            // `<-loopback>` and whatever else there may be: nothing is bypassed unasked.
            _ if entry.starts_with('<') => false,
            _ => Pattern::parse(entry).is_some_and(|pattern| pattern.covers(url)),
        })
    }
}

/// The entries that are neither a host nor a macro.
fn unknown(list: &str) -> impl Iterator<Item = &str> {
    entries(list).filter(|entry| !entry.starts_with('<') && Pattern::parse(entry).is_none())
}

struct Pattern<'a> {
    scheme: Option<Scheme>,
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Pattern<'a> {
    fn parse(entry: &'a str) -> Option<Self> {
        let (scheme, rest) = match entry.split_once("://") {
            None => (None, entry),
            Some((name, rest)) if name.eq_ignore_ascii_case("http") => (Some(Scheme::Http), rest),
            Some((name, rest)) if name.eq_ignore_ascii_case("https") => (Some(Scheme::Https), rest),
            Some(_) => return None,
        };
        let (host, port) = match rest.strip_prefix('[') {
            Some(literal) => {
                let (host, rest) = literal.split_once(']')?;
                (
                    host,
                    rest.strip_prefix(':').or((!rest.is_empty()).then_some("x")),
                )
            }
            None => match rest.split_once(':') {
                // More than one colon: an IPv6 address without brackets.
                Some((_, more)) if more.contains(':') => (rest, None),
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            },
        };
        let port = match port {
            Some(digits) => Some(digits.parse().ok()?),
            None => None,
        };
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:*".contains(&byte);
        let valid = !host.is_empty() && host.bytes().all(is_host);
        valid.then_some(Self { scheme, host, port })
    }

    fn covers(&self, url: &Url) -> bool {
        self.scheme.is_none_or(|scheme| scheme == url.scheme())
            && self.port.is_none_or(|port| port == url.port())
            && matches(self.host.as_bytes(), url.host().as_bytes())
    }
}

/// Whether `text` is `pattern`, in which `*` is any characters, in any case. Goes back only to the
/// last `*`, so that it takes no more than length times length.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut seen): (usize, usize) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(seen) {
        match (pattern.get(at), star) {
            (Some(b'*'), _) => {
                star = Some((at, seen));
                at = at.saturating_add(1);
            }
            (Some(expected), _) if expected.eq_ignore_ascii_case(byte) => {
                at = at.saturating_add(1);
                seen = seen.saturating_add(1);
            }
            (_, Some((last, from))) => {
                let from = from.saturating_add(1);
                star = Some((last, from));
                (at, seen) = (last.saturating_add(1), from);
            }
            (_, None) => return false,
        }
    }
    let rest = pattern.get(at..).unwrap_or_default();
    rest.iter().all(|byte| *byte == b'*')
}

const fn invalid(cause: &'static str) -> Error {
    Error::new(Phase::Request, Kind::InvalidUrl, cause)
}

/// Bytes of the longest list.
const MOST: usize = 16 << 10;
