//! Allocation that fails instead of stopping the machine, and buffers for MDLs.

use alloc::alloc::{alloc, dealloc};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use wdk_sys::ntddk::{ExAllocatePool2, ExFreePool};

use crate::io::{Error, Kind, Phase};

/// What an allocation that failed gives. [`Error::in_phase`] corrects the phase.
pub const NO_MEMORY: Error = Error::with_status(
    Phase::Wait,
    Kind::NoResources,
    0xC000_009A_u32.cast_signed(), // STATUS_INSUFFICIENT_RESOURCES
    "out of nonpaged pool",
);

/// Moves `value` into a box. IRQL <= DISPATCH_LEVEL.
///
/// # Errors
/// [`NO_MEMORY`]; `value` is dropped then.
pub fn try_box<T>(value: T) -> Result<Box<T>, Error> {
    let layout = Layout::new::<T>();
    if layout.size() == 0 {
        return Ok(Box::new(value));
    }
    // SAFETY: the size is not 0.
    let memory = unsafe { alloc(layout) }.cast::<T>();
    if memory.is_null() {
        return Err(NO_MEMORY);
    }
    // SAFETY: fresh memory of T's layout.
    unsafe { memory.write(value) };
    // SAFETY: from the global allocator, with T's layout, initialised.
    Ok(unsafe { Box::from_raw(memory) })
}

/// Memory for a `T`, which never passes over the stack. IRQL <= DISPATCH_LEVEL.
///
/// # Errors
/// [`NO_MEMORY`].
pub(crate) fn try_uninit<T>() -> Result<Box<MaybeUninit<T>>, Error> {
    const { assert!(size_of::<T>() != 0) };
    // SAFETY: the size is not 0.
    let memory = unsafe { alloc(Layout::new::<T>()) }.cast::<MaybeUninit<T>>();
    if memory.is_null() {
        return Err(NO_MEMORY);
    }
    // SAFETY: from the global allocator, with T's layout, and nothing to initialise.
    Ok(unsafe { Box::from_raw(memory) })
}

/// Frees the memory of a value that was moved out of a box made by [`try_box`].
///
/// # Safety
/// `memory` came from `Box::into_raw` and its value has been moved out or dropped.
pub(crate) unsafe fn free_box<T>(memory: NonNull<T>) {
    let layout = Layout::new::<T>();
    if layout.size() != 0 {
        // SAFETY: allocated with this layout, by the contract.
        unsafe { dealloc(memory.as_ptr().cast(), layout) };
    }
}

/// An empty vector with room for `capacity` items. IRQL <= DISPATCH_LEVEL.
///
/// # Errors
/// [`NO_MEMORY`].
pub fn try_vec<T>(capacity: usize) -> Result<Vec<T>, Error> {
    let mut vector = Vec::new();
    vector.try_reserve_exact(capacity).map_err(|_| NO_MEMORY)?;
    Ok(vector)
}

/// Appends `item`. IRQL <= DISPATCH_LEVEL.
///
/// # Errors
/// [`NO_MEMORY`]; `item` is dropped then.
pub fn try_push<T>(vector: &mut Vec<T>, item: T) -> Result<(), Error> {
    vector.try_reserve(1).map_err(|_| NO_MEMORY)?;
    vector.push(item);
    Ok(())
}

/// Appends a copy of `items`. IRQL <= DISPATCH_LEVEL.
///
/// # Errors
/// [`NO_MEMORY`]; nothing is appended then.
pub fn try_extend<T: Copy>(vector: &mut Vec<T>, items: &[T]) -> Result<(), Error> {
    vector.try_reserve(items.len()).map_err(|_| NO_MEMORY)?;
    vector.extend_from_slice(items);
    Ok(())
}

/// A block of `len` zero bytes. IRQL <= DISPATCH_LEVEL.
///
/// # Errors
/// [`NO_MEMORY`].
pub fn try_zeroed(len: usize) -> Result<Box<[u8]>, Error> {
    let mut vector = try_vec(len)?;
    vector.resize(len, 0);
    Ok(vector.into_boxed_slice())
}

/// Memory straight from nonpaged pool, which `MmBuildMdlForNonPagedPool` insists on. Never moves.
#[derive(Debug)]
pub struct NonPaged {
    memory: NonNull<u8>,
    len: usize,
}

// SAFETY: plain memory, owned.
unsafe impl Send for NonPaged {}

impl NonPaged {
    /// `len` bytes, zero if `zero`. IRQL <= DISPATCH_LEVEL (`wdm/nf-wdm-exallocatepool2`).
    ///
    /// # Errors
    /// [`NO_MEMORY`].
    pub fn try_new(len: usize, zero: bool) -> Result<Self, Error> {
        let flags = if zero {
            NON_PAGED
        } else {
            NON_PAGED | UNINITIALIZED
        };
        // SAFETY: flags, size and tag are valid.
        let memory = unsafe { ExAllocatePool2(flags, len as _, TAG) };
        let memory = NonNull::new(memory.cast()).ok_or(NO_MEMORY)?;
        usage::taken(len);
        Ok(Self { memory, len })
    }

    /// Its beginning.
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        self.memory.as_ptr()
    }

    /// Its size.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "it has a size")]
    pub fn len(&self) -> usize {
        self.len
    }
}

impl Drop for NonPaged {
    fn drop(&mut self) {
        usage::given_back(self.len);
        // SAFETY: from ExAllocatePool2, freed once.
        unsafe { ExFreePool(self.memory.as_ptr().cast()) };
    }
}

pub mod usage {
    //! How much pool is in use: what operations hold, and what the program's allocator reports.

    use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    /// Bytes and allocations in use now, and the highest number of bytes so far.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Usage {
        /// Bytes in use.
        pub bytes: usize,
        /// Highest `bytes`.
        pub high: usize,
        /// Allocations in use.
        pub allocations: usize,
    }

    /// What is in use. IRQL: any.
    #[must_use]
    pub fn now() -> Usage {
        Usage {
            bytes: BYTES.load(Relaxed),
            high: HIGH.load(Relaxed),
            allocations: ALLOCATIONS.load(Relaxed),
        }
    }

    /// An allocation of `size` bytes was made. IRQL: any.
    pub fn taken(size: usize) {
        ALLOCATIONS.fetch_add(1, Relaxed);
        let bytes = BYTES.fetch_add(size, Relaxed).wrapping_add(size);
        HIGH.fetch_max(bytes, Relaxed);
    }

    /// An allocation of `size` bytes was freed. IRQL: any.
    pub fn given_back(size: usize) {
        ALLOCATIONS.fetch_sub(1, Relaxed);
        BYTES.fetch_sub(size, Relaxed);
    }

    static BYTES: AtomicUsize = AtomicUsize::new(0);
    static HIGH: AtomicUsize = AtomicUsize::new(0);
    static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
}

const NON_PAGED: u64 = 0x40; // POOL_FLAG_NON_PAGED
const UNINITIALIZED: u64 = 0x2; // POOL_FLAG_UNINITIALIZED
pub(super) const TAG: u32 = u32::from_le_bytes(*b"wskb");
