//! What the registry says of trust: the machine's certificate stores, and the service's own key.
//!
//! ```text
//! SOFTWARE\Microsoft\SystemCertificates\{ROOT,AuthRoot,CA,Disallowed}\Certificates\*  Blob
//! SOFTWARE\Policies\Microsoft\SystemCertificates\{ROOT,CA,Disallowed}\Certificates\*  Blob
//! SOFTWARE\Microsoft\EnterpriseCertificates\{ROOT,CA,Disallowed}\Certificates\*       Blob
//! <service>\Parameters           Trust, Clock, Revocation, Stapling: REG_DWORD; LastGoodTime: REG_QWORD
//! <service>\Parameters\Roots             each value certificates, DER one after the other or PEM
//! <service>\Parameters\RevocationLists   each value lists, DER one after the other or PEM
//! ```
//! `<service>\Parameters\ClientCertificates` has a key for each server that the driver has a certificate
//! for, named `host` or `host:port`, without which it is 443: `Certificate`, a chain, and `Key`, PKCS#8,
//! both DER or PEM. A request to that host shows it there and nowhere else, unless it brings a certificate
//! or roots of its own: by those, anybody may be that host.
//!
//! What is in `CA` is not trusted, and stands in for what a server has not sent, as Windows has it. A
//! value of `Roots` that is malformed is left out and named in the debugger's log. So is one of
//! `RevocationLists` where certificates pass of which no list tells; where they do not, it is an error: of
//! two lists of an authority, the one that is left out may be the one that revokes. An entry of
//! `Disallowed` that has no certificate is known by its name, and by the digest of what is signed if that is
//! there, which tells nothing of the roots built in.
//!
//! A store that is not there, as at boot, is an empty one. One that cannot be read is an error: it may
//! hold what must not be trusted.

use alloc::vec::Vec;
use core::time::Duration;

use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_core::nt::irql::Passive;
use wskhttp_core::nt::pool;
use wskhttp_core::nt::registry::{Buffer, Key, Name, REG_BINARY, REG_DWORD, REG_QWORD};
use wskhttp_tls::{each_list, each_root};

use super::PLATFORM;
use super::client::ClientCertificate;
use super::store::STORE_KEYS;

/// What the registry says of trust.
#[derive(Default)]
pub(super) struct Machine {
    /// Roots, DER one after the other.
    pub(super) roots: Vec<u8>,
    /// Authorities between servers and roots, DER one after the other.
    pub(super) intermediates: Vec<u8>,
    /// SHA-256 digests of the keys of disallowed certificates that are roots.
    pub(super) disallowed_keys: Vec<[u8; 32]>,
    /// Certificates of the driver's own.
    pub(super) clients: Vec<ClientCertificate>,
    /// SHA-256 digests of certificates that no chain may contain.
    pub(super) disallowed: Vec<[u8; 32]>,
    /// The same, by SHA-1: entries that have no certificate.
    pub(super) disallowed_sha1: Vec<[u8; 20]>,
    /// Revocation lists, DER one after the other.
    pub(super) lists: Vec<u8>,
    /// How they are used: 0 not at all, 1 soft, [`HARD`] hard.
    pub(super) revocation: u32,
    /// What stapled OCSP responses are for: 0 nothing, 1 one that comes must be good, 2 one must come.
    pub(super) stapling: u32,
    /// What is trusted: [`BUILT_IN`], [`STORES`], [`PRIVATE`].
    pub(super) trust: u32,
    /// Whether a clock that is behind the floor is refused, not taken for the floor.
    pub(super) strict_clock: bool,
    /// When a server's certificates were last found good, since 1970.
    pub(super) last_good_time: Duration,
    /// When the first of what is taken now is withdrawn.
    pub(super) until: Option<Duration>,
}

/// Mozilla's roots.
pub(super) const BUILT_IN: u32 = 1;
/// The machine's stores.
pub(super) const STORES: u32 = 2;
/// The service's own roots.
const PRIVATE: u32 = 4;
/// The machine's intermediate authorities.
pub(super) const AUTHORITIES: u32 = 8;

/// A certificate of which no revocation list tells is refused.
const HARD: u32 = 2;

/// A number that is another one when something of all this has changed, the time apart.
pub(super) fn stamp(passive: Passive, service: &Name) -> Result<u64, Error> {
    let mut buffer = Buffer::default();
    let mut hash = Fnv::new();
    for store in STORE_KEYS {
        hash.add(store.path.as_bytes());
        if let Some(key) = Key::open(passive, &store.name()?)? {
            hash.add_subkeys(&key, &mut buffer)?;
        }
    }
    if let Some(key) = Key::open(passive, &below(service, PARAMETERS)?)? {
        for name in [TRUST, CLOCK, REVOCATION, STAPLING] {
            let number = dword(&key, name, &mut buffer)?;
            hash.add(&number.unwrap_or(u32::MAX).to_le_bytes());
        }
    }
    if let Some(key) = Key::open(passive, &below(service, CLIENTS)?)? {
        hash.add_subkeys(&key, &mut buffer)?;
    }
    for path in [ROOTS, LISTS] {
        let key = Key::open(passive, &below(service, path)?)?;
        let written = key.map(|key| key.written(&mut buffer)).transpose()?;
        hash.add(&written.unwrap_or(0).to_le_bytes());
    }
    Ok(hash.0)
}

impl Machine {
    /// Reads all of it; `now` is since 1970, and taken for the last good time if that is later.
    pub(super) fn read(passive: Passive, service: &Name, now: Duration) -> Result<Self, Error> {
        let mut buffer = Buffer::default();
        let mut machine = Self {
            trust: BUILT_IN | STORES | PRIVATE | AUTHORITIES,
            ..Self::default()
        };
        if let Some(key) = Key::open(passive, &below(service, PARAMETERS)?)? {
            if let Some(trust) = dword(&key, TRUST, &mut buffer)? {
                machine.trust = trust;
            }
            machine.strict_clock = dword(&key, CLOCK, &mut buffer)? == Some(1);
            machine.revocation = dword(&key, REVOCATION, &mut buffer)?.unwrap_or(0);
            machine.stapling = dword(&key, STAPLING, &mut buffer)?.unwrap_or(0);
            machine.last_good_time = key
                .value(TIME, &mut buffer)?
                .filter(|value| value.kind == REG_QWORD)
                .and_then(|value| Some(u64::from_le_bytes(value.data.try_into().ok()?)))
                .map_or(Duration::ZERO, Duration::from_secs);
        }
        let now = now.max(machine.last_good_time);
        for store in STORE_KEYS {
            machine.store(passive, store, now, &mut buffer)?;
        }
        if machine.trust & PRIVATE != 0 {
            machine.private_roots(passive, &below(service, ROOTS)?, &mut buffer)?;
        }
        let done = machine.clients(passive, &below(service, CLIENTS)?, &mut buffer);
        buffer.wipe();
        done?;
        if machine.revocation != 0 {
            machine.lists(passive, &below(service, LISTS)?, &mut buffer)?;
        }
        Ok(machine)
    }

    /// The service's own roots; what is malformed is named and left out.
    fn private_roots(
        &mut self,
        passive: Passive,
        path: &Name,
        buffer: &mut Buffer,
    ) -> Result<(), Error> {
        let Some(key) = Key::open(passive, path)? else {
            return Ok(());
        };
        key.each_value(MOST, buffer, |value| {
            let before = self.roots.len();
            let roots = &mut self.roots;
            if value.kind != REG_BINARY
                || !each_root(&PLATFORM, value.data, |der| pool::try_extend(roots, der))?
            {
                self.roots.truncate(before);
                let name = value.name;
                wdk::println!("wskhttp: Parameters\\Roots: {name} is no certificate");
            }
            Ok(())
        })
    }

    /// Revocation lists. What is malformed is named, and left out if [`HARD`] is not asked for.
    fn lists(&mut self, passive: Passive, path: &Name, buffer: &mut Buffer) -> Result<(), Error> {
        let Some(key) = Key::open(passive, path)? else {
            return Ok(());
        };
        key.each_value(MOST, buffer, |value| {
            let before = self.lists.len();
            let lists = &mut self.lists;
            if value.kind != REG_BINARY
                || !each_list(&PLATFORM, value.data, |der| pool::try_extend(lists, der))?
            {
                self.lists.truncate(before);
                let name = value.name;
                wdk::println!("wskhttp: Parameters\\RevocationLists: {name} is no revocation list");
                if self.revocation >= HARD {
                    return Err(NOT_A_LIST);
                }
            }
            Ok(())
        })
    }
}

/// Keeps `now`, at which a server's certificates were good.
pub(super) fn note_time(passive: Passive, service: &Name, now: Duration) -> Result<(), Error> {
    match Key::create(passive, &below(service, PARAMETERS)?)? {
        Some(key) => key.set(TIME, REG_QWORD, &now.as_secs().to_le_bytes()),
        None => Ok(()),
    }
}

fn dword(key: &Key, name: &str, buffer: &mut Buffer) -> Result<Option<u32>, Error> {
    let value = key.value(name, buffer)?;
    Ok(value
        .filter(|value| value.kind == REG_DWORD)
        .and_then(|value| Some(u32::from_le_bytes(value.data.try_into().ok()?))))
}

fn below(service: &Name, path: &str) -> Result<Name, Error> {
    let mut name = service.clone();
    name.push(path)?;
    Ok(name)
}

const NOT_A_LIST: Error = Error::new(
    Phase::Request,
    Kind::InvalidRequest,
    "a value of the service's RevocationLists is no revocation list, and none may be missing",
);

/// Most entries of a store that are looked at.
pub(super) const MOST: u32 = 2048;

const PARAMETERS: &str = r"\Parameters";
const ROOTS: &str = r"\Parameters\Roots";
const CLIENTS: &str = r"\Parameters\ClientCertificates";
const LISTS: &str = r"\Parameters\RevocationLists";
const TRUST: &str = "Trust";
const CLOCK: &str = "Clock";
const REVOCATION: &str = "Revocation";
const STAPLING: &str = "Stapling";
const TIME: &str = "LastGoodTime";

/// FNV-1a.
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    /// When a key was written, and the names of what is below it, and when each was written.
    fn add_subkeys(&mut self, key: &Key, buffer: &mut Buffer) -> Result<(), Error> {
        self.add(&key.written(buffer)?.to_le_bytes());
        key.each_subkey(MOST, buffer, |entry, _| {
            for unit in entry.name.units() {
                self.add(&unit.to_le_bytes());
            }
            self.add(&entry.written.to_le_bytes());
            Ok(())
        })
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
}
