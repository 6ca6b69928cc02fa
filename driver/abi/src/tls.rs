//! How a request's TLS servers are judged, and what they are told.

use crate::span::Spans;
use crate::{Field, ParseError, Span};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use zeroize::Zeroize;

/// Fixed part of what a request says of TLS; its spans count from its own start.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct TlsHeader {
    /// Bytes of all this, variable parts included; equals the length of the request's span.
    pub size: u32,
    /// [`TlsFlags`].
    pub flags: u32,
    /// The oldest version, 0x0303 or 0x0304; 0 means the driver's oldest, which is TLS 1.2.
    pub min_version: u16,
    /// The newest version; 0 means the driver's newest, which is TLS 1.3.
    pub max_version: u16,
    /// Zero.
    pub reserved: u32,
    /// SHA-256 digests of SubjectPublicKeyInfos, 32 bytes each: a key of the server's chain must have
    /// one of them. Empty: any will do.
    pub pins: Span,
    /// Revocation lists, DER one after the other, or PEM.
    pub revocation_lists: Span,
    /// The client's certificate and what leads from it to a root, DER one after the other, or PEM.
    pub certificate: Span,
    /// The client's private key, PKCS#8 in DER or PEM. The driver overwrites the message's copy when it
    /// completes the request.
    pub key: Span,
    /// Groups for the key exchange, best first, as the IANA numbers them, 2 bytes each: x25519 (29),
    /// secp256r1 (23), secp384r1 (24), X25519MLKEM768 (4588). Empty: all but the last, in that order.
    pub groups: Span,
}

impl TlsHeader {
    /// Most bytes of `pins`.
    pub const MAX_PINS: usize = 64 * Self::PIN;
    /// Bytes of one pin.
    pub const PIN: usize = 32;
    /// Most bytes of `revocation_lists`.
    pub const MAX_LISTS: usize = 256 * 1024;
    /// Most bytes of `certificate`.
    pub const MAX_CERTIFICATE: usize = 64 * 1024;
    /// Most bytes of `key`.
    pub const MAX_KEY: usize = 16 * 1024;
    /// Most bytes of `groups`.
    pub const MAX_GROUPS: usize = 8 * Self::GROUP;
    /// Bytes of one group.
    pub const GROUP: usize = 2;
}

bitflags::bitflags! {
    /// How servers are judged, and what is kept of them.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct TlsFlags: u32 {
        /// The request's roots are trusted besides the driver's own, not instead of them.
        const ADD_ROOTS = 1;
        /// What is on a revocation list is refused; what no list tells of passes.
        const REVOCATION_SOFT = 2;
        /// A revocation list that has not expired must tell of every certificate but the root.
        const REVOCATION_HARD = 4;
        /// The server's certificates are kept for [`crate::IOCTL_WSKHTTP_QUERY_PEER`].
        const KEEP_PEER = 8;
        /// An OCSP response that the server staples to its certificate must be good.
        const STAPLING_SOFT = 16;
        /// And there must be one.
        const STAPLING_HARD = 32;
    }
}

/// What a request says of TLS, as its reader sees it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Tls<'a> {
    /// How servers are judged.
    pub flags: TlsFlags,
    /// The oldest version; 0 means the driver's oldest.
    pub min_version: u16,
    /// The newest version; 0 means the driver's newest.
    pub max_version: u16,
    /// SHA-256 digests of public keys, 32 bytes each.
    pub pins: &'a [u8],
    /// Revocation lists.
    pub revocation_lists: &'a [u8],
    /// The client's certificate.
    pub certificate: &'a [u8],
    /// The client's private key; a secret.
    pub key: &'a [u8],
    /// Groups for the key exchange, 2 bytes each, little-endian.
    pub groups: &'a [u8],
}

impl<'a> Tls<'a> {
    /// Reads what a request says of TLS, which lies in `bytes`. Any IRQL.
    ///
    /// # Errors
    /// Field `Tls` and what is wrong.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let (header, _) = TlsHeader::read_from_prefix(bytes)
            .map_err(|_| refused("shorter than its fixed part"))?;
        if usize::try_from(header.size) != Ok(bytes.len()) {
            return Err(refused("its size is not its length"));
        }
        if header.reserved != 0 {
            return Err(refused("its reserved field is not zero"));
        }
        let spans = Spans::new(bytes, size_of::<TlsHeader>());
        let part = |span, limit| spans.get(Field::Tls, span, limit);
        let tls = Self {
            flags: TlsFlags::from_bits(header.flags)
                .ok_or(refused("an unknown bit is set in its flags"))?,
            min_version: header.min_version,
            max_version: header.max_version,
            pins: part(header.pins, TlsHeader::MAX_PINS)?,
            revocation_lists: part(header.revocation_lists, TlsHeader::MAX_LISTS)?,
            certificate: part(header.certificate, TlsHeader::MAX_CERTIFICATE)?,
            key: part(header.key, TlsHeader::MAX_KEY)?,
            groups: part(header.groups, TlsHeader::MAX_GROUPS)?,
        };
        Spans::disjoint(&[
            (Field::Tls, header.pins),
            (Field::Tls, header.revocation_lists),
            (Field::Tls, header.certificate),
            (Field::Tls, header.key),
            (Field::Tls, header.groups),
        ])?;
        tls.check().map(|()| tls)
    }

    pub(crate) fn check(&self) -> Result<(), ParseError> {
        for (part, limit) in [
            (self.pins, TlsHeader::MAX_PINS),
            (self.revocation_lists, TlsHeader::MAX_LISTS),
            (self.certificate, TlsHeader::MAX_CERTIFICATE),
            (self.key, TlsHeader::MAX_KEY),
            (self.groups, TlsHeader::MAX_GROUPS),
        ] {
            if part.len() > limit {
                return Err(refused("a part is longer than its limit"));
            }
        }
        for version in [self.min_version, self.max_version] {
            if !matches!(version, 0 | TLS12 | TLS13) {
                return Err(refused("a version is neither TLS 1.2 nor TLS 1.3"));
            }
        }
        if self.max_version != 0 && self.min_version > self.max_version {
            return Err(refused("the oldest version is newer than the newest"));
        }
        if !self
            .pins
            .chunks(TlsHeader::PIN)
            .all(|pin| pin.len() == TlsHeader::PIN)
        {
            return Err(refused("a pin is not 32 bytes long"));
        }
        if !self.groups.len().is_multiple_of(TlsHeader::GROUP) {
            return Err(refused("a key exchange group is not 2 bytes long"));
        }
        let stapling = TlsFlags::STAPLING_SOFT | TlsFlags::STAPLING_HARD;
        if self.flags.contains(stapling) {
            return Err(refused("two modes of stapling"));
        }
        let modes = TlsFlags::REVOCATION_SOFT | TlsFlags::REVOCATION_HARD;
        if self.flags.contains(modes) {
            return Err(refused("two modes of revocation"));
        }
        if !self.revocation_lists.is_empty() && !self.flags.intersects(modes) {
            return Err(refused("revocation lists need a mode"));
        }
        if self.certificate.is_empty() != self.key.is_empty() {
            return Err(refused(
                "a client certificate needs a key, and a key a certificate",
            ));
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
        header.pins.put(self.pins, out)?;
        header.revocation_lists.put(self.revocation_lists, out)?;
        header.certificate.put(self.certificate, out)?;
        header.key.put(self.key, out)?;
        header.groups.put(self.groups, out)
    }

    fn layout(&self) -> Option<TlsHeader> {
        let mut at = u32::try_from(size_of::<TlsHeader>()).ok()?;
        let mut header = TlsHeader {
            size: 0,
            flags: self.flags.bits(),
            min_version: self.min_version,
            max_version: self.max_version,
            reserved: 0,
            pins: Span::place(self.pins, &mut at)?,
            revocation_lists: Span::place(self.revocation_lists, &mut at)?,
            certificate: Span::place(self.certificate, &mut at)?,
            key: Span::place(self.key, &mut at)?,
            groups: Span::place(self.groups, &mut at)?,
        };
        header.size = at;
        Some(header)
    }
}

impl core::fmt::Debug for Tls<'_> {
    /// Without the key.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Tls")
            .field("flags", &self.flags)
            .field("min_version", &self.min_version)
            .field("max_version", &self.max_version)
            .finish_non_exhaustive()
    }
}

/// Overwrites the private key in what a request says of TLS; nothing if `tls` is none.
pub(crate) fn wipe(tls: &mut [u8]) {
    let Ok((header, _)) = TlsHeader::read_from_prefix(tls) else {
        return;
    };
    if let Some(key) = header.key.of_mut(tls) {
        key.zeroize();
    }
}

const fn refused(reason: &'static str) -> ParseError {
    ParseError::new(Field::Tls, reason)
}

const TLS12: u16 = 0x0303;
const TLS13: u16 = 0x0304;

const _: () = assert!(size_of::<TlsHeader>() == 56);
