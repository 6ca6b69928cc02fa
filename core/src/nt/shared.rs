//! A counted pointer whose making may fail.

use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use core::mem::offset_of;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering, fence};

use super::pool::try_box;
use crate::io::Error;

/// Shared ownership of a `T`, like `Arc`, but making one never stops the machine and there are no
/// weak references. Cloning and dropping: IRQL <= DISPATCH_LEVEL, as far as dropping a `T` is.
pub struct Shared<T> {
    inner: NonNull<Inner<T>>,
    owns: PhantomData<Inner<T>>,
}

struct Inner<T> {
    count: AtomicUsize,
    value: T,
}

impl<T> Shared<T> {
    /// Moves `value` into shared memory.
    ///
    /// # Errors
    /// [`super::pool::NO_MEMORY`]; `value` is dropped then.
    pub fn try_new(value: T) -> Result<Self, Error> {
        let inner = try_box(Inner {
            count: AtomicUsize::new(1),
            value,
        })?;
        Ok(Self {
            inner: NonNull::from(Box::leak(inner)),
            owns: PhantomData,
        })
    }

    /// Whether both are the same value, not an equal one.
    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        this.inner == other.inner
    }

    /// The value's address; the reference is kept for [`Shared::from_raw`].
    #[must_use]
    pub fn into_raw(this: Self) -> *const T {
        let value: *const T = &raw const *this;
        core::mem::forget(this);
        value
    }

    /// Takes back a reference given out by [`Shared::into_raw`].
    ///
    /// # Safety
    /// `value` came from `into_raw`, and is taken back once.
    #[must_use]
    pub unsafe fn from_raw(value: *const T) -> Self {
        // SAFETY: the value lies in an Inner, by the contract.
        let inner = unsafe { value.byte_sub(offset_of!(Inner<T>, value)) };
        Self {
            // SAFETY: derived from a reference, by the contract.
            inner: unsafe { NonNull::new_unchecked(inner.cast_mut().cast()) },
            owns: PhantomData,
        }
    }

    fn inner(&self) -> &Inner<T> {
        // SAFETY: alive as long as a reference is counted.
        unsafe { self.inner.as_ref() }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner().value
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        self.inner().count.fetch_add(1, Ordering::Relaxed);
        Self {
            inner: self.inner,
            owns: PhantomData,
        }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        if self.inner().count.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            // SAFETY: made by Box::leak; this was the last reference.
            drop(unsafe { Box::from_raw(self.inner.as_ptr()) });
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

// SAFETY: as Arc: references and, at the end, the value itself may be used by any thread.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}
