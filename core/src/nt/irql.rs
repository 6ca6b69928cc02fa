//! The interrupt request level.

use core::marker::PhantomData;

/// Proof that the code runs at PASSIVE_LEVEL: functions that may block or touch pageable things
/// take one. Stays on its thread.
#[derive(Clone, Copy, Debug)]
pub struct Passive(PhantomData<*const ()>);

impl Passive {
    /// A token, if the processor is at PASSIVE_LEVEL now.
    #[must_use]
    pub fn here() -> Option<Self> {
        (current() == 0).then_some(Self(PhantomData))
    }

    /// A token without a look at the processor.
    ///
    /// # Safety
    /// The caller runs at PASSIVE_LEVEL for as long as the token or a copy of it lives.
    #[must_use]
    pub const unsafe fn assume() -> Self {
        Self(PhantomData)
    }
}

/// The current IRQL (`wdm/nf-wdm-kegetcurrentirql`), which is an inline function on x64.
#[must_use]
pub fn current() -> u8 {
    #[cfg(all(windows, target_arch = "x86_64"))]
    {
        let level: u64;
        // SAFETY: reading CR8 has no side effect, and a driver runs in ring 0.
        unsafe {
            core::arch::asm!("mov {}, cr8", out(reg) level, options(nomem, nostack, preserves_flags));
        }
        u8::try_from(level).unwrap_or(u8::MAX)
    }
    #[cfg(not(all(windows, target_arch = "x86_64")))]
    {
        // SAFETY: callable at any IRQL.
        unsafe { super::ddi::KeGetCurrentIrql() }
    }
}
