//! When to believe the wall clock.

use core::time::Duration;

/// What to do with a wall clock that is behind a time known to be past, as that of a machine without
/// a battery is until it has asked a time server. Times are since 1970-01-01 00:00 UTC.
///
/// Good times to give are when the program was built and when a clock was last known to be right.
/// A clock that stands at zero is not set, whatever the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockPolicy {
    /// Refuse every server while the clock is behind this time.
    Strict(Duration),
    /// Take this time for the clock's while the clock is behind it: certificates that ended before
    /// it are refused, as are those that began after it.
    Floor(Duration),
}

impl ClockPolicy {
    /// Any time but zero is believed.
    pub const UNBOUNDED: Self = Self::Strict(Duration::ZERO);

    /// The time to verify with, if there is one.
    pub(crate) fn judge(self, wall: Duration) -> Option<Duration> {
        let now = match self {
            Self::Strict(floor) if wall < floor => return None,
            Self::Strict(_) => wall,
            Self::Floor(floor) => wall.max(floor),
        };
        (now != Duration::ZERO).then_some(now)
    }
}

impl Default for ClockPolicy {
    fn default() -> Self {
        Self::UNBOUNDED
    }
}
