//! TLS configurations: the driver's own, or what a request asks for.

use alloc::sync::Arc;

use core::time::Duration;

use wskhttp_abi::{Request, Tls, TlsFlags, TlsHeader};
use wskhttp_core::io::{Clock, Error, Kind, Phase};
use wskhttp_core::nt::{lock::RawSpinLock, random};
use wskhttp_tls::{Identity, Platform, Policy, Revocation, Roots, TlsConfig, Versions};

use crate::entry;
use crate::reserve;

/// What the driver trusts by itself.
pub(crate) struct Trust {
    built_in: Arc<TlsConfig>,
}

impl Trust {
    pub(crate) fn new() -> Result<Self, Error> {
        Ok(Self {
            built_in: TlsConfig::new(&PLATFORM, Roots::BuiltIn)?,
        })
    }
}

/// The configurations of one handle, which keep its TLS sessions from those of other handles.
#[derive(Default)]
pub(crate) struct OwnTrust {
    built_in: Option<Arc<TlsConfig>>,
    /// Of the request before.
    private: Option<Arc<TlsConfig>>,
}

impl OwnTrust {
    /// The configuration for a request: that of `shared` unless it says something of roots or of TLS.
    pub(crate) fn config(
        &mut self,
        shared: &Trust,
        message: &Request<'_>,
    ) -> Result<Arc<TlsConfig>, Error> {
        let tls = Tls {
            flags: message.tls.unwrap_or_default().flags - TlsFlags::KEEP_PEER,
            ..message.tls.unwrap_or_default()
        };
        if message.roots.is_empty() && tls == Tls::default() {
            if let Some(config) = &self.built_in {
                return Ok(Arc::clone(config));
            }
            let config = shared.built_in.isolated::<RawSpinLock>(SERVERS)?;
            return Ok(Arc::clone(self.built_in.insert(config)));
        }
        let policy = policy(message.roots, &tls)?;
        if let Some(config) = self
            .private
            .as_ref()
            .filter(|config| config.is_under(&policy))
        {
            return Ok(Arc::clone(config));
        }
        let config = TlsConfig::resuming::<RawSpinLock>(&PLATFORM, &policy, SERVERS)?;
        Ok(Arc::clone(self.private.insert(config)))
    }
}

/// The policy of a request that trusts `roots` (DER, one after the other) and says `tls`.
fn policy<'a>(roots: &'a [u8], tls: &Tls<'a>) -> Result<Policy<'a>, Error> {
    let mut policy = Policy::new(match roots {
        [] => Roots::BuiltIn,
        _ if tls.flags.contains(TlsFlags::ADD_ROOTS) => Roots::BuiltInAnd(roots),
        _ => Roots::Only(roots),
    });
    (policy.pins, _) = tls.pins.as_chunks::<{ TlsHeader::PIN }>();
    policy.revocation = if tls.flags.contains(TlsFlags::REVOCATION_HARD) {
        Revocation::Hard(tls.revocation_lists)
    } else if tls.flags.contains(TlsFlags::REVOCATION_SOFT) {
        Revocation::Soft(tls.revocation_lists)
    } else {
        Revocation::Off
    };
    policy.identity = (!tls.key.is_empty()).then_some(Identity {
        chain: tls.certificate,
        key: tls.key,
    });
    policy.protocol.versions = match (tls.min_version, tls.max_version) {
        (TLS13, _) => Versions::Tls13,
        (_, TLS12) => Versions::Tls12,
        (0 | TLS12, 0 | TLS13) => Versions::All,
        _ => return Err(UNKNOWN_VERSION),
    };
    Ok(policy)
}

const TLS12: u16 = 0x0303;
const TLS13: u16 = 0x0304;

const UNKNOWN_VERSION: Error = Error::new(
    Phase::Request,
    Kind::InvalidRequest,
    "a version of TLS is not known",
);

/// Servers of which a handle keeps TLS sessions.
const SERVERS: usize = 8;

/// The wall clock; zero, with which every certificate is refused, when the driver is not running.
fn unix_time() -> Duration {
    entry::services().map_or(Duration::ZERO, |services| services.clock.unix_time())
}

static PLATFORM: Platform = Platform::new(random::fill, unix_time).with_reserve(reserve::promise);
