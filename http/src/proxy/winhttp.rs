//! The machine's proxy settings, as `netsh winhttp set proxy` stores them.

use wskhttp_core::io::{Error, Kind, Phase};

/// What the binary value `WinHttpSettings` says, which lies in the registry under
/// `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections`.
///
/// Little-endian: a version (0x18, 0x28 or 0x46), a counter, flags, then twice a length and so many
/// ASCII bytes: the proxies and the bypass list. What follows is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WinHttpSettings<'a> {
    /// The proxy list for [`Proxies::new`](crate::Proxies::new); empty if none is to be used.
    pub proxies: &'a str,
    /// The bypass list.
    pub bypass: &'a str,
}

impl<'a> WinHttpSettings<'a> {
    /// Reads the value.
    ///
    /// # Errors
    /// Phase `Request`, kind `InvalidRequest` for a value that is not of that form. Whoever finds one
    /// must not go on as if there was no proxy.
    pub fn parse(value: &'a [u8]) -> Result<Self, Error> {
        let malformed = || {
            Error::new(
                Phase::Request,
                Kind::InvalidRequest,
                "the machine's proxy settings cannot be understood",
            )
        };
        Self::read(value).ok_or_else(malformed)
    }

    fn read(value: &'a [u8]) -> Option<Self> {
        let (version, rest) = number(value)?;
        let (_counter, rest) = number(rest)?;
        let (flags, rest) = number(rest)?;
        let (proxies, rest) = text(rest)?;
        let (bypass, _) = text(rest)?;
        if !matches!(version, 0x18 | 0x28 | 0x46) {
            return None;
        }
        Some(match flags & NAMED {
            0 => Self {
                proxies: "",
                bypass: "",
            },
            _ => Self { proxies, bypass },
        })
    }
}

fn number(value: &[u8]) -> Option<(u32, &[u8])> {
    let (bytes, rest) = value.split_first_chunk()?;
    Some((u32::from_le_bytes(*bytes), rest))
}

fn text(value: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = number(value)?;
    let (bytes, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let text = core::str::from_utf8(bytes).ok()?;
    text.is_ascii().then_some((text, rest))
}

/// PROXY_TYPE_PROXY of wininet.h.
const NAMED: u32 = 2;
