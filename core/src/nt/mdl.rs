//! Memory descriptor lists.

use core::fmt;
use core::ptr::{NonNull, null_mut};

use wdk_sys::ntddk::{
    IoAllocateMdl, IoFreeMdl, MmBuildMdlForNonPagedPool, MmMapLockedPagesSpecifyCache,
};
use wdk_sys::{MDL, PMDL};

use super::pool::{NO_MEMORY, NonPaged};
use crate::io::Error;

/// A kernel address for the pages of `mdl`: `MmGetSystemAddressForMdlSafe`. The mapping lasts as
/// long as the pages are locked. IRQL <= DISPATCH_LEVEL. `None` when there are no system PTEs.
///
/// # Safety
/// `mdl` is valid, and its pages are locked or nonpaged.
#[must_use]
pub unsafe fn system_address(mdl: NonNull<MDL>) -> Option<NonNull<u8>> {
    let mdl = mdl.as_ptr();
    // SAFETY: valid by the contract.
    let flags = unsafe { (*mdl).MdlFlags };
    if i32::from(flags) & MAPPED != 0 {
        // SAFETY: valid by the contract.
        return NonNull::new(unsafe { (*mdl).MappedSystemVa }.cast());
    }
    // SAFETY: locked pages by the contract; BugCheckOnFailure is FALSE.
    let address = unsafe {
        MmMapLockedPagesSpecifyCache(
            mdl,
            wdk_sys::_MODE::KernelMode as _,
            wdk_sys::_MEMORY_CACHING_TYPE::MmCached,
            null_mut(),
            0,
            NORMAL_PRIORITY | NO_EXECUTE,
        )
    };
    NonNull::new(address.cast())
}

/// Bytes that `mdl` describes: `MmGetMdlByteCount`.
///
/// # Safety
/// `mdl` is valid.
#[must_use]
pub unsafe fn byte_count(mdl: NonNull<MDL>) -> usize {
    // SAFETY: valid by the contract.
    let count = unsafe { (*mdl.as_ptr()).ByteCount };
    count as usize
}

/// Nonpaged memory and the MDL that describes all of it. Belongs to an operation, so that it lives
/// as long as the kernel may use it.
pub(crate) struct IoBuffer {
    mdl: PMDL,
    memory: NonPaged,
}

// SAFETY: both parts are owned.
unsafe impl Send for IoBuffer {}
// SAFETY: a shared reference gives raw pointers only.
unsafe impl Sync for IoBuffer {}

impl IoBuffer {
    /// `len` bytes, zero if `zero`; at most 1 MiB. IRQL <= DISPATCH_LEVEL.
    ///
    /// # Errors
    /// [`NO_MEMORY`].
    pub(crate) fn try_new(len: usize, zero: bool) -> Result<Self, Error> {
        let memory = NonPaged::try_new(len, zero)?;
        let size = u32::try_from(len).map_err(|_| NO_MEMORY)?;
        // SAFETY: the range is ours; no IRP is associated.
        let mdl = unsafe { IoAllocateMdl(memory.as_ptr().cast(), size, 0, 0, null_mut()) };
        if mdl.is_null() {
            return Err(NO_MEMORY);
        }
        // SAFETY: a fresh MDL over nonpaged pool. It is never unlocked or unmapped.
        unsafe { MmBuildMdlForNonPagedPool(mdl) };
        Ok(Self { mdl, memory })
    }

    /// A copy of `data`, at most 1 MiB and at least one byte. IRQL <= DISPATCH_LEVEL.
    ///
    /// # Errors
    /// [`NO_MEMORY`].
    pub(crate) fn try_of(data: &[u8]) -> Result<Self, Error> {
        let buffer = Self::try_new(data.len(), false)?;
        // SAFETY: ours, new, and of that size.
        unsafe {
            data.as_ptr()
                .copy_to_nonoverlapping(buffer.as_ptr(), data.len())
        };
        Ok(buffer)
    }

    pub(crate) fn mdl(&self) -> PMDL {
        self.mdl
    }

    /// Has the MDL of `next`, or none, follow in a chain. Only while nobody uses it, and `next` must
    /// not go before.
    pub(crate) fn set_next(&mut self, next: Option<&Self>) {
        let next = next.map_or(null_mut(), |next| next.mdl);
        // SAFETY: our MDL, which nobody uses.
        unsafe { (*self.mdl).Next = next };
    }

    pub(crate) fn as_ptr(&self) -> *mut u8 {
        self.memory.as_ptr()
    }

    pub(crate) fn len(&self) -> usize {
        self.memory.len()
    }
}

impl Drop for IoBuffer {
    fn drop(&mut self) {
        // SAFETY: from IoAllocateMdl; nonpaged pool was never locked, so there is nothing to unlock.
        unsafe { IoFreeMdl(self.mdl) };
    }
}

impl fmt::Debug for IoBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IoBuffer({})", self.len())
    }
}

/// MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL.
const MAPPED: i32 = 0x0001 | 0x0004;
const NORMAL_PRIORITY: u32 = 16;
const NO_EXECUTE: u32 = 0x4000_0000;
