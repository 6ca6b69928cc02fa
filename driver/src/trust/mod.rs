//! TLS configurations: the driver's own, by what the registry says, or what a request asks for.

mod client;
mod machine;
mod store;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;

use wskhttp_abi::{Request, Tls, TlsFlags, TlsHeader};
use wskhttp_core::io::{Clock, Error, Kind, Phase};
use wskhttp_core::nt::clock::KernelClock;
use wskhttp_core::nt::irql::Passive;
use wskhttp_core::nt::lock::{RawSpinLock, SpinLock};
use wskhttp_core::nt::pool;
use wskhttp_core::nt::random;
use wskhttp_core::nt::registry::Name;
use wskhttp_core::nt::shared::Shared;
use wskhttp_http::Url;
use wskhttp_tls::{
    ClockPolicy, Identity, Platform, Policy, Revocation, Roots, Stapling, TlsConfig, Versions,
    each_list,
};

use self::machine::{BUILT_IN, Machine};
use crate::reserve;
use crate::{crypto, entry};

/// What the driver trusts by itself: read from the registry when it is first asked for, and again when
/// something there has changed, which is looked for every [`LOOK`].
pub(crate) struct Trust {
    service: Name,
    base: SpinLock<Option<Shared<Base>>>,
    /// When the registry was last looked at, in milliseconds of the monotonic clock.
    looked: AtomicU64,
    /// The last good time that was noted, in seconds since 1970.
    noted: AtomicU64,
}

/// What holds for every request.
struct Base {
    machine: Machine,
    clock: ClockPolicy,
    config: Arc<TlsConfig>,
    stamp: u64,
}

impl Trust {
    /// `service` is the path of the service's key.
    pub(crate) const fn new(service: Name) -> Self {
        Self {
            service,
            base: SpinLock::new(None),
            looked: AtomicU64::new(0),
            noted: AtomicU64::new(0),
        }
    }

    /// The path of the service's key.
    pub(crate) const fn service(&self) -> &Name {
        &self.service
    }

    /// A server's certificates were found good now, under the driver's own roots: the floor for clocks that are not set. Written once
    /// a day. IRQL: PASSIVE_LEVEL.
    pub(crate) fn note_time(&self, clock: &KernelClock) {
        let now = clock.unix_time();
        let due = Duration::from_secs(self.noted.load(Relaxed)).saturating_add(DAY);
        let Some(passive) = Passive::here().filter(|_| now >= due) else {
            return;
        };
        self.noted.store(now.as_secs(), Relaxed);
        // The next day is another chance.
        let _ = machine::note_time(passive, &self.service, now);
    }

    /// What the registry says. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// Phase `Request`: no memory, or the registry cannot be read.
    fn base(&self, clock: &KernelClock) -> Result<Shared<Base>, Error> {
        let now = u64::try_from(clock.now().as_millis()).unwrap_or(u64::MAX);
        let known = self.base.lock().clone();
        if let Some(base) = &known
            && now < self.looked.load(Relaxed).saturating_add(LOOK)
        {
            return Ok(base.clone());
        }
        let passive = Passive::here().ok_or(NOT_PASSIVE)?;
        let stamp = machine::stamp(passive, &self.service)?;
        let base = match known {
            Some(base) if base.is_current(stamp, clock) => base,
            _ => {
                let base = Base::read(passive, &self.service, clock.unix_time(), stamp)?;
                let time = base.machine.last_good_time.as_secs();
                self.noted.store(time, Relaxed);
                Shared::try_new(base)?
            }
        };
        self.looked.store(now, Relaxed);
        // Two that read at once settle on one, lest handles begin anew.
        let mut slot = self.base.lock();
        let current = slot.as_ref();
        if let Some(current) = current.filter(|current| current.is_current(base.stamp, clock)) {
            return Ok(current.clone());
        }
        let old = slot.replace(base.clone());
        drop(slot);
        drop(old);
        Ok(base)
    }
}

impl Base {
    fn read(passive: Passive, service: &Name, now: Duration, stamp: u64) -> Result<Self, Error> {
        let machine = Machine::read(passive, service, now.max(BUILT))?;
        let floor = machine.last_good_time.max(BUILT);
        let clock = if machine.strict_clock {
            ClockPolicy::Strict(floor)
        } else {
            ClockPolicy::Floor(floor)
        };
        let mut policy = Policy::new(roots(&machine));
        restrict(&mut policy, &machine, clock);
        let config = TlsConfig::with_policy(&PLATFORM, &policy)?;
        Ok(Self {
            machine,
            clock,
            config,
            stamp,
        })
    }
}

impl Base {
    /// Whether it says what the registry says, `stamp`, and nothing in it is withdrawn by now.
    fn is_current(&self, stamp: u64, clock: &KernelClock) -> bool {
        let until = self.machine.until;
        self.stamp == stamp && until.is_none_or(|until| clock.unix_time() < until)
    }
}

/// The roots of the driver's own.
fn roots(machine: &Machine) -> Roots<'_> {
    if machine.trust & BUILT_IN == 0 {
        Roots::Only(&machine.roots)
    } else if machine.roots.is_empty() {
        Roots::BuiltIn
    } else {
        Roots::BuiltInAnd(&machine.roots)
    }
}

/// What holds whatever the roots are.
fn restrict<'a>(policy: &mut Policy<'a>, machine: &'a Machine, clock: ClockPolicy) {
    policy.disallowed = &machine.disallowed;
    policy.disallowed_sha1 = &machine.disallowed_sha1;
    policy.disallowed_keys = &machine.disallowed_keys;
    policy.intermediates = &machine.intermediates;
    policy.clock = clock;
    policy.revocation = match machine.revocation {
        0 => Revocation::Off,
        1 => Revocation::Soft(&machine.lists),
        _ => Revocation::Hard(&machine.lists),
    };
    policy.stapling = match machine.stapling {
        0 => Stapling::Off,
        1 => Stapling::Soft,
        _ => Stapling::Hard,
    };
}

/// The configurations of one handle, which keep its TLS sessions from those of other handles.
#[derive(Default)]
pub(crate) struct OwnTrust {
    /// What the others are made of.
    base: Option<Shared<Base>>,
    own: Option<Arc<TlsConfig>>,
    /// Of the last request that had a certificate of the client's.
    private: Option<Arc<TlsConfig>>,
    /// Of the last request that said something of roots or of TLS, without a certificate.
    anonymous: Option<Arc<TlsConfig>>,
    /// For proxies, of the last request that brought roots.
    proxies: Option<Arc<TlsConfig>>,
}

/// The configurations of a request.
pub(crate) struct Configs {
    /// For the origin of its URL.
    pub(crate) own: Arc<TlsConfig>,
    /// For other origins to which a redirect leads: the same but for the client's certificate.
    pub(crate) others: Arc<TlsConfig>,
    /// For proxies: as the driver's policy says, and with the roots that the request brings, too. What
    /// else it says is meant for the origin.
    pub(crate) proxies: Arc<TlsConfig>,
}

impl OwnTrust {
    /// The configurations for a request: that of `shared` unless it says something of roots or of TLS.
    /// `by_proxy`: it may go by one. IRQL: PASSIVE_LEVEL.
    pub(crate) fn configs(
        &mut self,
        shared: &Trust,
        clock: &KernelClock,
        message: &Request<'_>,
        by_proxy: bool,
    ) -> Result<Configs, Error> {
        let base = shared.base(clock)?;
        if !self
            .base
            .as_ref()
            .is_some_and(|old| Shared::ptr_eq(old, &base))
        {
            *self = Self::default();
            self.base = Some(base.clone());
        }
        let tls = Tls {
            flags: message.tls.unwrap_or_default().flags - TlsFlags::KEEP_PEER,
            ..message.tls.unwrap_or_default()
        };
        let without = Tls {
            certificate: &[],
            key: &[],
            ..tls
        };
        let others = self.config(&base, message.roots, &without)?;
        let server = Url::parse(message.url)?;
        let (host, port) = (server.host(), server.port());
        let mut with = tls;
        // Under the request's own roots, anybody may be that server.
        if tls.key.is_empty()
            && message.roots.is_empty()
            && let Some(client) = base.machine.client(host, port)
        {
            (with.certificate, with.key) = (&client.chain, &client.key);
        }
        let own = match with.key {
            [] => Arc::clone(&others),
            _ => private(
                &mut self.private,
                &base,
                message.roots,
                &with,
                Some((host, port)),
            )?,
        };
        let proxies = match (by_proxy, message.roots) {
            (false, _) => Arc::clone(&others),
            (true, []) => self.config(&base, &[], &Tls::default())?,
            (true, roots) => {
                let tls = Tls {
                    flags: TlsFlags::ADD_ROOTS,
                    ..Tls::default()
                };
                private(&mut self.proxies, &base, roots, &tls, None)?
            }
        };
        Ok(Configs {
            own,
            others,
            proxies,
        })
    }

    /// A configuration without a client's certificate.
    fn config(
        &mut self,
        base: &Base,
        roots: &[u8],
        tls: &Tls<'_>,
    ) -> Result<Arc<TlsConfig>, Error> {
        if !roots.is_empty() || *tls != Tls::default() {
            return private(&mut self.anonymous, base, roots, tls, None);
        }
        if let Some(config) = &self.own {
            return Ok(Arc::clone(config));
        }
        let config = base.config.isolated::<RawSpinLock>(SERVERS)?;
        Ok(Arc::clone(self.own.insert(config)))
    }
}

/// What a policy borrows that neither the driver nor a request has as it must be.
#[derive(Default)]
struct Room {
    /// The roots of both sides, and the revocation lists.
    roots: Vec<u8>,
    lists: Vec<u8>,
    groups: [u16; TlsHeader::MAX_GROUPS / TlsHeader::GROUP],
}

/// The configuration `known`, or another one in its place if that is not what is asked for.
/// `identity_for` is the server to which the client's certificate is shown.
fn private(
    known: &mut Option<Arc<TlsConfig>>,
    base: &Base,
    roots: &[u8],
    tls: &Tls<'_>,
    identity_for: Option<(&str, u16)>,
) -> Result<Arc<TlsConfig>, Error> {
    let mut room = Room::default();
    let mut policy = policy(base, roots, tls, &mut room)?;
    policy.identity_for = identity_for;
    if let Some(config) = known.as_ref().filter(|config| config.is_under(&policy)) {
        return Ok(Arc::clone(config));
    }
    let config = TlsConfig::resuming::<RawSpinLock>(&PLATFORM, &policy, SERVERS)?;
    Ok(Arc::clone(known.insert(config)))
}

/// The policy of a request that brings `roots` (DER, one after the other) and says `tls`.
fn policy<'a>(
    base: &'a Base,
    roots: &'a [u8],
    tls: &Tls<'a>,
    room: &'a mut Room,
) -> Result<Policy<'a>, Error> {
    let machine = &base.machine;
    let mut policy = Policy::new(if roots.is_empty() {
        self::roots(machine)
    } else if tls.flags.contains(TlsFlags::ADD_ROOTS) {
        pool::try_extend(&mut room.roots, &machine.roots)?;
        pool::try_extend(&mut room.roots, roots)?;
        match machine.trust & BUILT_IN {
            0 => Roots::Only(&room.roots),
            _ => Roots::BuiltInAnd(&room.roots),
        }
    } else {
        Roots::Only(roots)
    });
    restrict(&mut policy, machine, base.clock);
    (policy.pins, _) = tls.pins.as_chunks::<{ TlsHeader::PIN }>();
    // The stricter of both, by the lists of both.
    if tls.flags.contains(TlsFlags::REVOCATION_HARD) {
        policy.revocation = Revocation::Hard(lists(machine, tls, &mut room.lists)?);
    } else if tls.flags.contains(TlsFlags::REVOCATION_SOFT) {
        let lists = lists(machine, tls, &mut room.lists)?;
        policy.revocation = match policy.revocation {
            Revocation::Hard(_) => Revocation::Hard(lists),
            Revocation::Off | Revocation::Soft(_) => Revocation::Soft(lists),
        };
    }
    if tls.flags.contains(TlsFlags::STAPLING_HARD) {
        policy.stapling = Stapling::Hard;
    } else if tls.flags.contains(TlsFlags::STAPLING_SOFT) {
        policy.stapling = policy.stapling.max(Stapling::Soft);
    }
    policy.identity = (!tls.key.is_empty()).then_some(Identity {
        chain: tls.certificate,
        key: tls.key,
    });
    let (groups, _) = tls.groups.as_chunks();
    for (to, from) in room.groups.iter_mut().zip(groups) {
        *to = u16::from_le_bytes(*from);
    }
    policy.protocol.groups = room.groups.get(..groups.len()).unwrap_or_default();
    policy.protocol.versions = match (tls.min_version, tls.max_version) {
        (TLS13, _) => Versions::Tls13,
        (_, TLS12) => Versions::Tls12,
        (0 | TLS12, 0 | TLS13) => Versions::All,
        _ => return Err(UNKNOWN_VERSION),
    };
    Ok(policy)
}

/// The revocation lists of the machine and of a request.
fn lists<'a>(
    machine: &'a Machine,
    tls: &Tls<'a>,
    room: &'a mut Vec<u8>,
) -> Result<&'a [u8], Error> {
    if machine.lists.is_empty() {
        return Ok(tls.revocation_lists);
    }
    pool::try_extend(room, &machine.lists)?;
    if each_list(&PLATFORM, tls.revocation_lists, |der| {
        pool::try_extend(room, der)
    })? || tls.revocation_lists.is_empty()
    {
        Ok(room)
    } else {
        // They are refused where they are loaded.
        Ok(tls.revocation_lists)
    }
}

const TLS12: u16 = 0x0303;
const TLS13: u16 = 0x0304;

const UNKNOWN_VERSION: Error = Error::new(
    Phase::Request,
    Kind::InvalidRequest,
    "a version of TLS is not known",
);

pub(crate) const NOT_PASSIVE: Error = Error::new(
    Phase::Request,
    Kind::NotReady,
    "the registry is not read at this IRQL",
);

/// Milliseconds between two looks at the registry.
const LOOK: u64 = 10_000;

const DAY: Duration = Duration::from_secs(86_400);

/// No clock is right that is behind the making of this program, as build.rs has it.
const BUILT: Duration = Duration::from_secs(match u64::from_str_radix(env!("WSKHTTP_BUILT"), 10) {
    Ok(seconds) => seconds,
    Err(_) => u64::MAX,
});

/// Servers of which a handle keeps TLS sessions.
const SERVERS: usize = 8;

/// The wall clock; zero, with which every certificate is refused, when the driver is not running.
fn unix_time() -> Duration {
    entry::services().map_or(Duration::ZERO, |services| services.clock.unix_time())
}

static PLATFORM: Platform = Platform::new(random::fill, unix_time)
    .with_reserve(reserve::promise)
    .with_stack(crypto::with_stack)
    .with_crypto(crypto::set);
