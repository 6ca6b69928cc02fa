//! The clock of a simulation that talks to the world outside.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::ke::EPOCH;

/// Virtual time that follows the machine's own, some times as fast.
pub(crate) struct Clock {
    begin: Instant,
    at_begin: u64,
    speed: u32,
}

impl Clock {
    /// It is `now` now.
    pub(crate) fn new(now: u64, speed: u32) -> Self {
        Self {
            begin: Instant::now(),
            at_begin: now,
            speed,
        }
    }

    /// What the machine's system time is ahead of a simulation's, in 100 ns.
    pub(crate) fn wall(&self) -> i64 {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH);
        let unix = units(unix.unwrap_or_default()).cast_signed();
        unix + UNIX_IN_1601 - EPOCH - self.at_begin.cast_signed()
    }

    pub(crate) fn now(&self) -> u64 {
        self.at_begin + units(self.begin.elapsed()) * u64::from(self.speed)
    }

    /// How long the machine has to wait until it is `time`.
    pub(crate) fn until(&self, time: u64) -> Duration {
        let left = time.saturating_sub(self.now());
        Duration::from_nanos(left.saturating_mul(100)) / self.speed
    }
}

fn units(time: Duration) -> u64 {
    (time.as_nanos() / 100) as u64
}

/// 1970 in system time.
const UNIX_IN_1601: i64 = 116_444_736_000_000_000;
