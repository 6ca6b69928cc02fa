//! The kernel's clocks.

use core::fmt;
use core::num::{NonZeroU64, NonZeroU128};
use core::ptr::null_mut;
use core::sync::atomic::{Ordering, fence};
use core::time::Duration;

use wdk_sys::LARGE_INTEGER;
use wdk_sys::ntddk::KeQueryPerformanceCounter;

use super::irql::Passive;
use super::routine::find;
use super::shared::Shared;
use super::timer::{Sleep, TimerQueue};
use crate::io::Clock;

/// The performance counter and the system time, and timers over the former. From
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

/// Where the time is read.
///
/// Monotonic time is the performance counter: the interrupt time is a macro on x64 Windows, and
/// Wine's is in milliseconds. The system time too is a macro there, which reads the page shared with
/// user mode; other kernels export a function.
pub(crate) struct TimeSource {
    /// Counts of the performance counter in a second.
    frequency: NonZeroU64,
    system_time: Option<unsafe extern "C" fn(*mut i64)>,
}

impl TimeSource {
    pub(crate) fn find(passive: Passive) -> Self {
        let mut frequency = LARGE_INTEGER::default();
        // SAFETY: `frequency` is writable.
        unsafe { KeQueryPerformanceCounter(&raw mut frequency) };
        Self {
            frequency: NonZeroU64::new(whole(frequency)).unwrap_or(NonZeroU64::MIN),
            system_time: find(passive, "KeQuerySystemTime").map(|routine| {
                // SAFETY: its prototype (`wdm/nf-wdm-kequerysystemtime-r1`).
                unsafe { core::mem::transmute(routine) }
            }),
        }
    }

    pub(crate) fn now(&self) -> Duration {
        // SAFETY: callable at any IRQL; the frequency is not asked for.
        let count = whole(unsafe { KeQueryPerformanceCounter(null_mut()) });
        // 584 years of nanoseconds fit.
        let nanos = u128::from(count) * 1_000_000_000 / NonZeroU128::from(self.frequency);
        Duration::from_nanos(nanos as u64)
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

fn whole(number: LARGE_INTEGER) -> u64 {
    // SAFETY: every view of the union is defined.
    u64::try_from(unsafe { number.QuadPart }).unwrap_or(0)
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

const SHARED_SYSTEM_TIME: usize = 0xFFFF_F780_0000_0014;
/// 1970-01-01 in 100 ns since 1601-01-01.
const UNIX_EPOCH: u64 = 116_444_736_000_000_000;
