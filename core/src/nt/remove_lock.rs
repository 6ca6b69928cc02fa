//! Remove locks.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::ManuallyDrop;

use wdk_sys::ntddk::{
    IoAcquireRemoveLockEx, IoInitializeRemoveLockEx, IoReleaseRemoveLockAndWaitEx,
    IoReleaseRemoveLockEx,
};
use wdk_sys::{IO_REMOVE_LOCK, IRP, NT_SUCCESS, NTSTATUS, PVOID};

use super::irql::Passive;
use super::pool;

/// An `IO_REMOVE_LOCK`: how a device extension is kept while a dispatch routine uses it, and the lower
/// device while an IRP is passed to it (`kernel/using-remove-locks`).
pub struct RemoveLock(UnsafeCell<IO_REMOVE_LOCK>);

// SAFETY: the kernel synchronises access to the object.
unsafe impl Send for RemoveLock {}
// SAFETY: as above.
unsafe impl Sync for RemoveLock {}

impl RemoveLock {
    /// A lock that [`Self::initialize`] makes ready.
    #[must_use]
    pub fn new() -> Self {
        Self(UnsafeCell::new(IO_REMOVE_LOCK::default()))
    }

    /// Makes the lock ready, in AddDevice. IRQL: PASSIVE_LEVEL (`wdm/nf-wdm-ioinitializeremovelock`).
    ///
    /// # Safety
    /// The lock lies in a device extension, where it stays until IoDeleteDevice, and nobody uses it yet.
    pub unsafe fn initialize(&self) {
        // SAFETY: nonpaged memory by the caller's word; neither minutes nor a mark to watch for.
        unsafe { IoInitializeRemoveLockEx(self.0.get(), pool::TAG, 0, 0, SIZE) };
    }

    /// Keeps the device until what it gives is dropped. `irp` is the tag, by which the kernel's debugger
    /// shows who holds it; null outside a dispatch routine. IRQL <= DISPATCH_LEVEL
    /// (`wdm/nf-wdm-ioacquireremovelock`).
    ///
    /// # Errors
    /// STATUS_DELETE_PENDING once [`Held::remove`] was called: the IRP is completed with it.
    pub fn acquire(&self, irp: *mut IRP) -> Result<Held<'_>, NTSTATUS> {
        // SAFETY: initialised; the tag is not followed, nor are file and line there in a free build.
        let status =
            unsafe { IoAcquireRemoveLockEx(self.0.get(), irp.cast(), c"".as_ptr(), 0, SIZE) };
        if !NT_SUCCESS(status) {
            return Err(status);
        }
        Ok(Held {
            lock: self,
            tag: irp.cast(),
        })
    }
}

impl Default for RemoveLock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RemoveLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RemoveLock")
    }
}

/// A [`RemoveLock`] that is held.
#[derive(Debug)]
pub struct Held<'a> {
    lock: &'a RemoveLock,
    tag: PVOID,
}

impl Held<'_> {
    /// For IRP_MN_REMOVE_DEVICE, after it was passed down: nobody acquires the lock any more; waits until
    /// whoever had has released it (`wdm/nf-wdm-ioreleaseremovelockandwait`). The device may then be
    /// detached and deleted.
    pub fn remove(self, _passive: Passive) {
        let held = ManuallyDrop::new(self);
        // SAFETY: acquired with that tag, and not released: `drop` does not run.
        unsafe { IoReleaseRemoveLockAndWaitEx(held.lock.0.get(), held.tag, SIZE) };
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // SAFETY: acquired with that tag, and released once.
        unsafe { IoReleaseRemoveLockEx(self.lock.0.get(), self.tag, SIZE) };
    }
}

/// By which the kernel tells a free build's lock from a checked one's.
const SIZE: u32 = size_of::<IO_REMOVE_LOCK>() as u32;
