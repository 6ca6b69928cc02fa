//! The head of a response.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use wskhttp_abi::{Response as Message, ResponseFlags, ResponseHeader};

/// The head of a response, and what is known about the connection it came over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Status code.
    pub status: u16,
    /// The minor version of HTTP: 0 or 1.
    pub minor_version: u8,
    /// Reason phrase, bytes as received.
    pub reason: Vec<u8>,
    /// Names and values in the order received, white space around the values removed.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Length of the body as declared.
    pub content_length: Option<u64>,
    /// The peer.
    pub remote: Option<SocketAddr>,
    /// What TLS negotiated; `None` without TLS.
    pub tls: Option<Tls>,
    /// Whether the connection had served another request before.
    pub reused: bool,
    /// How long things took.
    pub timing: Timing,
}

/// How long the parts of an exchange took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Name resolution; this and the next two are 0 on a reused connection.
    pub resolve: Duration,
    /// TCP connection.
    pub connect: Duration,
    /// TLS handshake.
    pub tls: Duration,
    /// From the request's arrival in the driver to the first byte of the response.
    pub first_byte: Duration,
}

/// What TLS negotiated, as IANA numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tls {
    /// 0x0304 for TLS 1.3, 0x0303 for TLS 1.2.
    pub version: u16,
    /// Cipher suite.
    pub suite: u16,
    /// Named group, or 0.
    pub group: u16,
    /// Whether the session was resumed, by what an earlier one with the server left.
    pub resumed: bool,
}

impl Head {
    pub(crate) fn from_message(message: &Message<'_>) -> Self {
        let header = &message.header;
        let us = |us: u32| Duration::from_micros(us.into());
        Self {
            status: header.status,
            minor_version: u8::from(header.minor_version != 0),
            reason: message.reason.to_vec(),
            headers: message
                .header_lines()
                .map(|(name, value)| (name.to_owned(), value.to_vec()))
                .collect(),
            content_length: (header.content_length != ResponseHeader::UNKNOWN_LENGTH)
                .then_some(header.content_length),
            remote: remote(header),
            tls: (header.tls_version != 0).then_some(Tls {
                version: header.tls_version,
                suite: header.tls_suite,
                group: header.tls_group,
                resumed: message.flags.contains(ResponseFlags::RESUMED),
            }),
            reused: message.flags.contains(ResponseFlags::REUSED),
            timing: Timing {
                resolve: us(header.resolve_us),
                connect: us(header.connect_us),
                tls: us(header.tls_us),
                first_byte: us(header.first_byte_us),
            },
        }
    }

    /// The first value of a header, if it is UTF-8. Names are compared without regard to case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .headers
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }
}

impl Tls {
    /// `TLS 1.3`.
    #[must_use]
    pub fn version_name(&self) -> String {
        match self.version {
            0x0304 => "TLS 1.3".into(),
            0x0303 => "TLS 1.2".into(),
            other => format!("TLS 0x{other:04X}"),
        }
    }

    /// The cipher suite's name in the IANA registry.
    #[must_use]
    pub fn suite_name(&self) -> String {
        name(&SUITES, self.suite, "suite")
    }

    /// The named group's name in the IANA registry; empty if it is not known.
    #[must_use]
    pub fn group_name(&self) -> String {
        if self.group == 0 {
            String::new()
        } else {
            name(&GROUPS, self.group, "group")
        }
    }
}

fn remote(header: &ResponseHeader) -> Option<SocketAddr> {
    let address: IpAddr = match header.remote_family {
        4 => {
            let [a, b, c, d, ..] = header.remote_address;
            [a, b, c, d].into()
        }
        6 => Ipv6Addr::from(header.remote_address).into(),
        _ => return None,
    };
    Some((address, header.remote_port).into())
}

fn name(table: &[(u16, &str)], number: u16, what: &str) -> String {
    table.iter().find(|(own, _)| *own == number).map_or_else(
        || format!("{what} 0x{number:04X}"),
        |(_, name)| (*name).to_owned(),
    )
}

const SUITES: [(u16, &str); 9] = [
    (0x1301, "TLS_AES_128_GCM_SHA256"),
    (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
    (0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
];

const GROUPS: [(u16, &str); 5] = [
    (0x0017, "secp256r1"),
    (0x0018, "secp384r1"),
    (0x0019, "secp521r1"),
    (0x001D, "x25519"),
    (0x11EC, "X25519MLKEM768"),
];
