//! Spin locks.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicUsize, Ordering};

use lock_api::{GuardNoSend, RawMutex};
use wdk_sys::KSPIN_LOCK;
use wdk_sys::ntddk::{KeAcquireSpinLockRaiseToDpc, KeReleaseSpinLock};

/// A mutex over a kernel spin lock. Locking: IRQL <= DISPATCH_LEVEL; the holder runs at
/// DISPATCH_LEVEL, so it must not wait, touch pageable memory, or complete an IRP.
pub type SpinLock<T> = lock_api::Mutex<RawSpinLock, T>;

/// Holds a [`SpinLock`].
pub type SpinLockGuard<'a, T> = lock_api::MutexGuard<'a, RawSpinLock, T>;

/// `KSPIN_LOCK` with the IRQL to return to (`wdm/nf-wdm-keacquirespinlock`).
#[derive(Debug)]
pub struct RawSpinLock {
    lock: UnsafeCell<KSPIN_LOCK>,
    /// Written and read by the holder only.
    level: UnsafeCell<u8>,
}

// SAFETY: the lock word is the kernel's to synchronise; the level belongs to the holder.
unsafe impl Send for RawSpinLock {}
// SAFETY: as above.
unsafe impl Sync for RawSpinLock {}

// SAFETY: the kernel's spin lock excludes others between lock and unlock.
unsafe impl RawMutex for RawSpinLock {
    type GuardMarker = GuardNoSend;

    // A KSPIN_LOCK that is free holds 0: KeInitializeSpinLock is an inline store of it.
    #[allow(
        clippy::declare_interior_mutable_const,
        reason = "the initial value that lock_api asks for"
    )]
    const INIT: Self = Self {
        lock: UnsafeCell::new(0),
        level: UnsafeCell::new(0),
    };

    fn lock(&self) {
        // SAFETY: an initialised spin lock; callers are at <= DISPATCH_LEVEL, by the type's contract.
        let level = unsafe { KeAcquireSpinLockRaiseToDpc(self.lock.get()) };
        // SAFETY: this thread holds the lock.
        unsafe { *self.level.get() = level };
    }

    /// Does not wait for a holder that was seen; may spin for one that came just now.
    fn try_lock(&self) -> bool {
        if self.is_locked() {
            return false;
        }
        self.lock();
        true
    }

    unsafe fn unlock(&self) {
        // SAFETY: this thread holds the lock, by the contract.
        let level = unsafe { *self.level.get() };
        // SAFETY: held, with the level it was acquired at.
        unsafe { KeReleaseSpinLock(self.lock.get(), level) };
    }

    fn is_locked(&self) -> bool {
        // SAFETY: the word is only ever accessed atomically.
        let word = unsafe { AtomicUsize::from_ptr(self.lock.get().cast()) };
        word.load(Ordering::Relaxed) != 0
    }
}
