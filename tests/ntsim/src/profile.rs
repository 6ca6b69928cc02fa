//! What is fixed for one run: the seed, and the provider of WSK that the driver meets.

use std::str::FromStr;
use std::time::Duration;

use crate::fault::Plan;
use crate::sim;

/// A provider of WSK, with the machine around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Microsoft's: all that the documents promise, and no more.
    #[default]
    Windows,
    /// Wine 10's `netio.sys`: sockets, names and little else; what is missing returns
    /// STATUS_NOT_IMPLEMENTED and never completes the IRP. IPv4 only, no MDL chains, not even
    /// unused ones, flags and the client's version are not looked at, at most ten requests of a
    /// socket at a time, nothing can be canceled but by closing the socket, which cancels inside the
    /// call, and whatever can be decided is completed inside the call, except that connects, accepts
    /// and look-ups wait. Pool is not zeroed. `tests/wsk-programs` compares it with Wine. The I/O
    /// manager sends no cleanup, and closes a file whatever it has pending.
    Wine,
    /// As that of the virtio drivers: no event callbacks, no flags, no WskSocketConnect, no
    /// WskControlClient; these fail, and complete their IRP.
    Viosock,
    /// What the documents allow, at its worst: the provider is late, completes inside the call and
    /// returns something else than the IRP says, supports no flags on half the sockets; graceful
    /// disconnects hang until they are forced, and so do some closes, or they take their time.
    Hostile,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 4] = [Self::Windows, Self::Wine, Self::Viosock, Self::Hostile];

    /// The one that runs are wanted on, which `NTSIM_PROFILE` names, as `cargo xtask sim --profile` has it;
    /// `None` if they are on each.
    ///
    /// # Panics
    /// If no profile is called that.
    #[must_use]
    pub fn only() -> Option<Self> {
        let name = std::env::var("NTSIM_PROFILE").ok()?;
        Some(name.parse().unwrap_or_else(|error| panic!("{error}")))
    }

    /// Whether runs on it are wanted.
    #[must_use]
    pub fn is_wanted(self) -> bool {
        Self::only().is_none_or(|only| only == self)
    }

    /// Whether the provider leaves out what netio.sys of Wine does.
    pub(crate) fn is_wine(self) -> bool {
        self == Self::Wine
    }

    pub(crate) fn is_hostile(self) -> bool {
        self == Self::Hostile
    }
}

impl FromStr for Profile {
    type Err = String;

    /// By its name, in capitals or not.
    fn from_str(name: &str) -> Result<Self, String> {
        let is_it = |profile: &Self| format!("{profile:?}").eq_ignore_ascii_case(name);
        let found = Self::ALL.into_iter().find(is_it);
        found.ok_or_else(|| format!("no profile is called {name}"))
    }
}

/// One run, to be configured.
///
/// ```ignore
/// Sim::new(seed).profile(Profile::Hostile).run(|| { ... });
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Sim {
    pub(crate) seed: u64,
    pub(crate) profile: Profile,
    pub(crate) ready: Ready,
    pub(crate) faults: Plan,
    /// Versions of WSK, lowest and highest.
    pub(crate) versions: (u16, u16),
    pub(crate) on_host: bool,
    pub(crate) processors: u32,
    pub(crate) slow_completions: bool,
}

/// When the provider can be captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// As the profile has it, by lot.
    Profile,
    After(Duration),
    Never,
}

impl Sim {
    /// A run on [`Profile::Windows`].
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            profile: Profile::Windows,
            ready: Ready::Profile,
            faults: Plan::None,
            versions: (0x0100, 0x0100),
            on_host: false,
            processors: 2,
            slow_completions: false,
        }
    }

    /// Chooses the provider.
    pub fn profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// Chooses the calls that fail.
    pub fn faults(self, faults: Plan) -> Self {
        Self { faults, ..self }
    }

    /// The provider is ready that long after the start. Otherwise the profile decides, by lot.
    pub fn ready_after(self, time: Duration) -> Self {
        Self {
            ready: Ready::After(time),
            ..self
        }
    }

    /// The provider has these versions of WSK, as MAKE_WSK_VERSION makes them.
    pub fn versions(self, lowest: u16, highest: u16) -> Self {
        Self {
            versions: (lowest, highest),
            ..self
        }
    }

    /// The provider never becomes ready.
    pub fn never_ready(self) -> Self {
        Self {
            ready: Ready::Never,
            ..self
        }
    }

    /// The machine has so many processors, and not two.
    pub fn processors(self, processors: u32) -> Self {
        Self { processors, ..self }
    }

    /// A thread that runs a completion routine loses its processor whenever the routine has called the
    /// kernel, and goes on when no other thread can run.
    pub fn slow_completions(self) -> Self {
        Self {
            slow_completions: true,
            ..self
        }
    }

    /// The network, the names and the clock are the host's, and the lot adds nothing to what the
    /// network does: a receive takes all that is there.
    pub fn on_host(self) -> Self {
        Self {
            on_host: true,
            ..self
        }
    }

    /// Runs `body` as a simulated thread, unless runs are wanted on another profile alone.
    ///
    /// # Panics
    /// With the seed and the profile: when `body` panics, a rule is broken, or no thread can run
    /// any more.
    pub fn run(self, body: impl FnOnce() + 'static) {
        if self.profile.is_wanted() {
            self.report(body);
        }
    }

    /// As [`Sim::run`], on whatever profile it is, and gives what the run says of itself.
    ///
    /// # Panics
    /// As [`Sim::run`].
    pub fn report(self, body: impl FnOnce() + 'static) -> sim::Report {
        let (seed, profile) = (self.seed, self.profile);
        let _replay = sim::Replay(seed, profile);
        self.try_run(body)
            .unwrap_or_else(|failure| panic!("seed {seed}, profile {profile:?}: {failure}"))
    }

    /// As [`Sim::run`], but gives a broken rule or a deadlock as an error.
    ///
    /// # Errors
    /// What was broken, with the rule's number and source, and by which thread.
    ///
    /// # Panics
    /// When `body` panics.
    pub fn try_run(self, body: impl FnOnce() + 'static) -> Result<sim::Report, String> {
        sim::execute(self, body)
    }
}
