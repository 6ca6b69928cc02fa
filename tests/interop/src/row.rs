//! The rows of the matrix.

use std::fmt;

/// A row of the matrix: one test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// The server.
    pub peer: Peer,
    /// The one suite that the server takes, and so the version.
    pub suite: Suite,
    /// The one group that the server takes.
    pub group: Group,
    /// The key of the server's certificate, and mostly of the client's.
    pub leaf: Leaf,
    /// Whether the connection resumes a session.
    pub resume: Resume,
    /// The server wants a client's certificate.
    pub mutual: bool,
}

/// A server that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// `openssl s_server`.
    OpenSsl,
    /// nginx.
    Nginx,
    /// `gnutls-serv`.
    GnuTls,
    /// `selfserv` of NSS.
    Nss,
    /// rustls, as it comes.
    Rustls,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// 1.2.
    Tls12,
    /// 1.3.
    Tls13,
}

/// A cipher suite by its number in IANA's registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Suite(pub u16);

/// A group for the key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// x25519.
    X25519,
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
}

/// The kind of a certificate's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leaf {
    /// RSA of 2048 bits.
    Rsa2048,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// Ed25519.
    Ed25519,
}

/// What a connection resumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resume {
    /// Nothing.
    Fresh,
    /// A session that the server has given a ticket for.
    Ticket,
    /// A session that the server keeps by its id (TLS 1.2).
    Id,
}

/// Number, IANA's name, OpenSSL's, GnuTLS's of the cipher.
#[rustfmt::skip]
const SUITES: [(u16, &str, &str, &str); 9] = [
    (0x1301, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "AES-128-GCM"),
    (0x1302, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", "AES-256-GCM"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305"),
    (0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "AES-128-GCM"),
    (0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", "AES-256-GCM"),
    (0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305", "CHACHA20-POLY1305"),
    (0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", "AES-128-GCM"),
    (0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", "AES-256-GCM"),
    (0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", "CHACHA20-POLY1305"),
];

/// The whole matrix.
#[must_use]
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for peer in Peer::ALL {
        for suite in SUITES.map(|(number, ..)| Suite(number)) {
            for group in Group::ALL {
                for leaf in Leaf::ALL {
                    for resume in [Resume::Fresh, Resume::Ticket, Resume::Id] {
                        for mutual in [false, true] {
                            let row = Row {
                                peer,
                                suite,
                                group,
                                leaf,
                                resume,
                                mutual,
                            };
                            rows.extend(row.is_possible().then_some(row));
                        }
                    }
                }
            }
        }
    }
    rows
}

/// Of each server's rows so many that each suite, group, key, way to resume, and both with and without
/// a client's certificate are among them.
#[must_use]
pub fn chosen() -> Vec<Row> {
    let mut chosen = Vec::new();
    for peer in Peer::ALL {
        let all: Vec<Row> = rows().into_iter().filter(|row| row.peer == peer).collect();
        let mut left: Vec<String> = all.iter().flat_map(|row| row.values()).collect();
        while !left.is_empty() {
            let new = |row: &Row| {
                let values = row.values();
                values.iter().filter(|value| left.contains(value)).count()
            };
            let Some(best) = all.iter().rev().max_by_key(|row| new(row)).copied() else {
                break;
            };
            let values = best.values();
            left.retain(|value| !values.contains(value));
            chosen.push(best);
        }
    }
    chosen
}

impl Row {
    /// The row's name, as in `openssl::tls12_ecdhe_rsa_aes128_gcm_sha256_p256_rsa2048_ticket_mtls`.
    #[must_use]
    pub fn name(&self) -> String {
        self.to_string()
    }

    /// Whether such a connection can be.
    fn is_possible(&self) -> bool {
        let fits = match self.suite.0 {
            0xC02F | 0xC030 | 0xCCA8 => self.leaf == Leaf::Rsa2048,
            0xC02B | 0xC02C | 0xCCA9 => self.leaf != Leaf::Rsa2048,
            _ => true,
        };
        let known = match (self.leaf, self.group) {
            _ if self.peer != Peer::Nss => true,
            // NSS has no certificates with Ed25519.
            (Leaf::Ed25519, _) => false,
            // In TLS 1.2 it wants an ECDSA key to be on a curve that is one of its groups.
            (Leaf::P256, Group::P256) | (Leaf::P384, Group::P384) | (Leaf::Rsa2048, _) => true,
            _ => self.suite.version() == Version::Tls13,
        };
        let ids = self.resume != Resume::Id || self.suite.version() == Version::Tls12;
        fits && known && ids
    }

    /// The key of the client's certificate.
    pub(crate) fn client(&self) -> Leaf {
        let openssl = matches!(self.peer, Peer::OpenSsl | Peer::Nginx);
        match (self.leaf, self.group) {
            _ if !openssl || self.suite.version() == Version::Tls13 => self.leaf,
            (Leaf::P256, Group::P256) | (Leaf::P384, Group::P384) => self.leaf,
            // In TLS 1.2 OpenSSL takes no ECDSA key on a curve that is none of its groups.
            (Leaf::P256 | Leaf::P384, _) => Leaf::Rsa2048,
            _ => self.leaf,
        }
    }

    /// What it shares with other rows.
    fn values(&self) -> Vec<String> {
        vec![
            self.suite.openssl().to_owned(),
            format!("{:?}", self.group),
            format!("{:?} {:?}", self.suite.version(), self.leaf),
            format!("{:?} {:?}", self.suite.version(), self.resume),
            format!("{:?} {}", self.suite.version(), self.mutual),
        ]
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suite = self.suite.openssl().to_lowercase().replace('-', "_");
        let suite = suite.strip_prefix("tls_").unwrap_or(&suite);
        let version = match self.suite.version() {
            Version::Tls12 => "tls12",
            Version::Tls13 => "tls13",
        };
        let (peer, group) = (self.peer.name(), self.group.name());
        write!(f, "{peer}::{version}_{suite}_{group}_{}", self.leaf.name())?;
        match self.resume {
            Resume::Fresh => {}
            Resume::Ticket => f.write_str("_ticket")?,
            Resume::Id => f.write_str("_id")?,
        }
        f.write_str(if self.mutual { "_mtls" } else { "" })
    }
}

impl Peer {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::OpenSsl,
        Self::Nginx,
        Self::GnuTls,
        Self::Nss,
        Self::Rustls,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::OpenSsl => "openssl",
            Self::Nginx => "nginx",
            Self::GnuTls => "gnutls",
            Self::Nss => "nss",
            Self::Rustls => "rustls",
        }
    }
}

impl Suite {
    /// The version that it is of.
    #[must_use]
    pub const fn version(self) -> Version {
        if self.0 >> 8 == 0x13 {
            Version::Tls13
        } else {
            Version::Tls12
        }
    }

    /// The suite with that name in IANA's registry, if it is in the matrix.
    #[must_use]
    pub fn with_name(name: &str) -> Option<Self> {
        let found = SUITES.into_iter().find(|(_, iana, ..)| *iana == name);
        found.map(|(number, ..)| Self(number))
    }

    /// OpenSSL's name.
    #[must_use]
    pub fn openssl(self) -> &'static str {
        self.names().0
    }

    /// GnuTLS's name of its cipher.
    pub(crate) fn gnutls(self) -> &'static str {
        self.names().1
    }

    fn names(self) -> (&'static str, &'static str) {
        let found = SUITES.into_iter().find(|(number, ..)| *number == self.0);
        found.map_or(("?", "?"), |(_, _, openssl, gnutls)| (openssl, gnutls))
    }
}

impl Version {
    /// Its number in the protocol.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Tls12 => 0x0303,
            Self::Tls13 => 0x0304,
        }
    }
}

impl Group {
    const ALL: [Self; 3] = [Self::X25519, Self::P256, Self::P384];

    /// The group with that name in IANA's registry, if it is in the matrix.
    #[must_use]
    pub fn with_name(name: &str) -> Option<Self> {
        match name {
            "x25519" => Some(Self::X25519),
            "secp256r1" => Some(Self::P256),
            "secp384r1" => Some(Self::P384),
            _ => None,
        }
    }

    /// Its number in IANA's registry.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::X25519 => 29,
            Self::P256 => 23,
            Self::P384 => 24,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::X25519 => "x25519",
            Self::P256 => "p256",
            Self::P384 => "p384",
        }
    }
}

impl Leaf {
    pub(crate) const ALL: [Self; 4] = [Self::Rsa2048, Self::P256, Self::P384, Self::Ed25519];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa2048",
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::Ed25519 => "ed25519",
        }
    }
}
