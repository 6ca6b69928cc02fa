//! The machine's certificate stores.

use core::time::Duration;

use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_core::nt::irql::Passive;
use wskhttp_core::nt::pool;
use wskhttp_core::nt::registry::{Buffer, Key, Name, REG_BINARY};
use wskhttp_tls::{BadBlob, StoredCertificate, signature_hash};

use super::machine::{AUTHORITIES, MOST, Machine, STORES};

/// A certificate store.
#[derive(Clone, Copy)]
pub(super) struct Store {
    pub(super) path: &'static str,
    holds: Holds,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Roots,
    Authorities,
    Disallowed,
}

impl Store {
    /// The path of the key of its certificates.
    pub(super) fn name(self) -> Result<Name, Error> {
        let mut name = Name::of(r"\Registry\Machine\SOFTWARE\")?;
        name.push(self.path)?;
        name.push(r"\Certificates")?;
        Ok(name)
    }
}

const fn roots(path: &'static str) -> Store {
    Store {
        path,
        holds: Holds::Roots,
    }
}

const fn disallowed(path: &'static str) -> Store {
    Store {
        path,
        holds: Holds::Disallowed,
    }
}

const fn authorities(path: &'static str) -> Store {
    Store {
        path,
        holds: Holds::Authorities,
    }
}

/// All of them.
pub(super) const STORE_KEYS: [Store; 10] = [
    roots(r"Microsoft\SystemCertificates\ROOT"),
    roots(r"Microsoft\SystemCertificates\AuthRoot"),
    roots(r"Policies\Microsoft\SystemCertificates\ROOT"),
    roots(r"Microsoft\EnterpriseCertificates\ROOT"),
    authorities(r"Microsoft\SystemCertificates\CA"),
    authorities(r"Policies\Microsoft\SystemCertificates\CA"),
    authorities(r"Microsoft\EnterpriseCertificates\CA"),
    disallowed(r"Microsoft\SystemCertificates\Disallowed"),
    disallowed(r"Policies\Microsoft\SystemCertificates\Disallowed"),
    disallowed(r"Microsoft\EnterpriseCertificates\Disallowed"),
];

impl Machine {
    /// Takes what `store` holds, as far as it is wanted.
    pub(super) fn store(
        &mut self,
        passive: Passive,
        store: Store,
        now: Duration,
        buffer: &mut Buffer,
    ) -> Result<(), Error> {
        let wanted = match store.holds {
            Holds::Roots => STORES,
            Holds::Authorities => AUTHORITIES,
            Holds::Disallowed => 0,
        };
        if self.trust & wanted != wanted {
            return Ok(());
        }
        let path = store.name()?;
        let Some(key) = Key::open(passive, &path)? else {
            return Ok(());
        };
        key.each_subkey(MOST, buffer, |entry, buffer| {
            let mut path = path.clone();
            path.push("\\")?;
            path.push_units(entry.name.units())?;
            let Some(certificate) = Key::open(passive, &path)? else {
                return Ok(());
            };
            let blob = certificate.value("Blob", buffer)?;
            // Without one, the name still tells what is disallowed.
            let blob = blob.filter(|blob| blob.kind == REG_BINARY);
            let blob = blob.map_or(&[][..], |blob| blob.data);
            self.entry(store, blob, &entry.name, now)
        })?;
        if store.holds == Holds::Disallowed && key.subkey(MOST, buffer)?.is_some() {
            return Err(TOO_MANY);
        }
        Ok(())
    }

    fn entry(
        &mut self,
        store: Store,
        blob: &[u8],
        name: &Name,
        now: Duration,
    ) -> Result<(), Error> {
        match (store.holds, StoredCertificate::parse(blob)) {
            (Holds::Disallowed, Ok(stored)) => {
                if let Some(key) = stored.root_key() {
                    pool::try_push(&mut self.disallowed_keys, key)?;
                }
                pool::try_push(&mut self.disallowed, stored.sha256())
            }
            // The key's name is the certificate's digest.
            (Holds::Disallowed, Err(BadBlob::Malformed | BadBlob::NoCertificate)) => {
                let signed = signature_hash(blob);
                if let Some(digest) = signed.and_then(|digest| digest.try_into().ok()) {
                    pool::try_push(&mut self.disallowed, digest)?;
                }
                let signed = signed.and_then(|digest| digest.try_into().ok());
                for digest in [thumbprint(name.units()), signed].into_iter().flatten() {
                    pool::try_push(&mut self.disallowed_sha1, digest)?;
                }
                Ok(())
            }
            (Holds::Roots, Ok(stored)) if stored.is_restricted() => {
                let path = store.path;
                wdk::println!("wskhttp: {path}: {name} is for some servers only, and left out");
                Ok(())
            }
            (Holds::Roots, Ok(stored)) if stored.is_for_servers(now) && stored.is_root() => {
                self.until = self.until.into_iter().chain(stored.withdrawn()).min();
                pool::try_extend(&mut self.roots, stored.certificate)
            }
            (Holds::Authorities, Ok(stored))
                if stored.is_for_servers(now) && stored.is_authority() =>
            {
                self.until = self.until.into_iter().chain(stored.withdrawn()).min();
                pool::try_extend(&mut self.intermediates, stored.certificate)
            }
            (_, Ok(_) | Err(_)) => Ok(()),
        }
    }
}

/// A SHA-1 digest in hexadecimal.
fn thumbprint(units: &[u16]) -> Option<[u8; 20]> {
    let mut digest = [0; 20];
    let (pairs, []) = units.as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != digest.len() {
        return None;
    }
    for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
        let digit = |unit: u16| char::from_u32(unit.into())?.to_digit(16);
        *byte = u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?;
    }
    Some(digest)
}

const TOO_MANY: Error = Error::new(
    Phase::Request,
    Kind::InvalidRequest,
    "a Disallowed store of the machine has too many entries",
);
