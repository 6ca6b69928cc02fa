//! Memory whose use loom checks.

use loom::cell::UnsafeCell;

/// A value that one thread at a time may access, by agreement and not by a lock.
#[derive(Debug, Default)]
pub(crate) struct Owned<T>(UnsafeCell<T>);

// SAFETY: loom ends the model at an access that is not ordered after the last one.
unsafe impl<T: Send> Sync for Owned<T> {}

impl<T> Owned<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Accesses the value alone.
    pub(crate) fn with_mut<R>(&self, access: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: loom has checked that no other access is under way or unordered.
        self.0.with_mut(|value| access(unsafe { &mut *value }))
    }

    /// Reads the value, perhaps along with others.
    pub(crate) fn with<R>(&self, access: impl FnOnce(&T) -> R) -> R {
        // SAFETY: as above, for writes.
        self.0.with(|value| access(unsafe { &*value }))
    }
}

/// A block of memory: freed once, touched only before.
#[derive(Debug, Default)]
pub(crate) struct Block(Owned<bool>);

impl Block {
    /// Any use of the block.
    pub(crate) fn touch(&self) {
        self.0
            .with(|freed| assert!(!freed, "used after it was freed"));
    }

    pub(crate) fn free(&self) {
        self.0.with_mut(|freed| {
            assert!(!*freed, "freed twice");
            *freed = true;
        });
    }

    /// At the end of a model.
    pub(crate) fn assert_freed(&self) {
        self.0.with(|freed| assert!(freed, "never freed"));
    }
}
