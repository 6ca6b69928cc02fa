//! TLS configurations: the driver's own, by what the registry says, or what a request asks for.

mod client;
mod configs;
mod machine;
mod policy;
mod store;

pub(crate) use self::configs::OwnTrust;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;

use wskhttp_core::io::{Clock, Error, Kind, Phase};
use wskhttp_core::nt::clock::KernelClock;
use wskhttp_core::nt::irql::Passive;
use wskhttp_core::nt::lock::SpinLock;
use wskhttp_core::nt::random;
use wskhttp_core::nt::registry::Name;
use wskhttp_core::nt::shared::Shared;
use wskhttp_tls::{ClockPolicy, Platform, Policy, TlsConfig};

use self::machine::Machine;
use self::policy::{restrict, roots};
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

    /// A server's certificates were found good now, under the driver's own roots: the floor for clocks
    /// that are not set. Written once a day. IRQL: PASSIVE_LEVEL.
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

    /// Whether it says what the registry says, `stamp`, and nothing in it is withdrawn by now.
    fn is_current(&self, stamp: u64, clock: &KernelClock) -> bool {
        let until = self.machine.until;
        self.stamp == stamp && until.is_none_or(|until| clock.unix_time() < until)
    }
}

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

/// The wall clock; zero, with which every certificate is refused, when the driver is not running.
fn unix_time() -> Duration {
    entry::services().map_or(Duration::ZERO, |services| services.clock.unix_time())
}

static PLATFORM: Platform = Platform::new(random::fill, unix_time)
    .with_reserve(reserve::promise)
    .with_stack(crypto::with_stack)
    .with_crypto(crypto::set);
