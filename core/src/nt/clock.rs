//! The kernel's clocks.

use core::fmt;
use core::sync::atomic::{Ordering, fence};
use core::time::Duration;

use super::irql::Passive;
use super::routine::find;
use super::shared::Shared;
use super::timer::{Sleep, TimerQueue};
use crate::io::Clock;

/// The interrupt time and the system time, and timers over the former. From
/// [`crate::exec::Executor::clock`].
#[derive(Clone)]
pub struct KernelClock {
    queue: Shared<TimerQueue>,
}

impl KernelClock {
    pub(crate) fn new(queue: Shared<TimerQueue>) -> Self {
        Self { queue }
    }
}

impl Clock for KernelClock {
    type Sleep = Sleep;

    fn now(&self) -> Duration {
        self.queue.source().now()
    }

    fn unix_time(&self) -> Duration {
        self.queue.source().unix_time()
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        Sleep::new(self.queue.clone(), at)
    }
}

impl fmt::Debug for KernelClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KernelClock")
    }
}

/// Where the time is read. On x64 Windows `KeQueryInterruptTime` and `KeQuerySystemTime` are macros
/// that read the page shared with user mode; other kernels export them.
pub(crate) struct TimeSource {
    interrupt_time: Option<unsafe extern "C" fn() -> u64>,
    system_time: Option<unsafe extern "C" fn(*mut i64)>,
}

impl TimeSource {
    pub(crate) fn find(passive: Passive) -> Self {
        Self {
            interrupt_time: find(passive, "KeQueryInterruptTime").map(|routine| {
                // SAFETY: its prototype (`wdm/nf-wdm-kequeryinterrupttime`).
                unsafe { core::mem::transmute(routine) }
            }),
            system_time: find(passive, "KeQuerySystemTime").map(|routine| {
                // SAFETY: its prototype (`wdm/nf-wdm-kequerysystemtime-r1`).
                unsafe { core::mem::transmute(routine) }
            }),
        }
    }

    pub(crate) fn now(&self) -> Duration {
        let ticks = match self.interrupt_time {
            // SAFETY: callable at any IRQL.
            Some(query) => unsafe { query() },
            None => read_shared(SHARED_INTERRUPT_TIME),
        };
        from_ticks(ticks)
    }

    pub(crate) fn unix_time(&self) -> Duration {
        let ticks = match self.system_time {
            Some(query) => {
                let mut time = 0;
                // SAFETY: callable at any IRQL; `time` is writable.
                unsafe { query(&raw mut time) };
                u64::try_from(time).unwrap_or(0)
            }
            None => read_shared(SHARED_SYSTEM_TIME),
        };
        from_ticks(ticks.saturating_sub(UNIX_EPOCH))
    }
}

/// Reads a `KSYSTEM_TIME` of `KUSER_SHARED_DATA`: low part, high part, and the high part again,
/// which differs while the kernel is writing.
fn read_shared(address: usize) -> u64 {
    let time: *const u32 = core::ptr::with_exposed_provenance(address);
    loop {
        // SAFETY: the page is mapped at this address in every x64 and Arm64 kernel.
        let high = unsafe { time.wrapping_add(1).read_volatile() };
        fence(Ordering::Acquire);
        // SAFETY: as above.
        let low = unsafe { time.read_volatile() };
        fence(Ordering::Acquire);
        // SAFETY: as above.
        if unsafe { time.wrapping_add(2).read_volatile() } == high {
            return u64::from(high) << 32 | u64::from(low);
        }
        core::hint::spin_loop();
    }
}

/// From units of 100 ns.
fn from_ticks(ticks: u64) -> Duration {
    let nanos = (ticks % 10_000_000) as u32 * 100;
    Duration::new(ticks / 10_000_000, nanos)
}

const SHARED_INTERRUPT_TIME: usize = 0xFFFF_F780_0000_0008;
const SHARED_SYSTEM_TIME: usize = 0xFFFF_F780_0000_0014;
/// 1970-01-01 in 100 ns since 1601-01-01.
const UNIX_EPOCH: u64 = 116_444_736_000_000_000;
