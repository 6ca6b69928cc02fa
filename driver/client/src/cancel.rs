//! Stopping a request from another thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::sys::Handle;

/// Cancels what a [`crate::Device`] is doing, from any thread.
#[derive(Clone, Default)]
pub struct Canceller(Arc<Shared>);

#[derive(Default)]
struct Shared {
    canceled: AtomicBool,
    handle: Mutex<Option<Weak<dyn Handle>>>,
}

impl Canceller {
    /// Cancels the request under way (CancelIoEx). The device refuses further operations until
    /// [`Canceller::reset`].
    pub fn cancel(&self) {
        self.0.canceled.store(true, Ordering::SeqCst);
        let handle = self.current().as_ref().and_then(Weak::upgrade);
        if let Some(handle) = handle {
            handle.cancel_all();
        }
    }

    /// Whether [`Canceller::cancel`] was called.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        self.0.canceled.load(Ordering::SeqCst)
    }

    /// Lets the device work again.
    pub fn reset(&self) {
        self.0.canceled.store(false, Ordering::SeqCst);
    }

    pub(crate) fn watch(&self, handle: &Arc<dyn Handle>) {
        *self.current() = Some(Arc::downgrade(handle));
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Option<Weak<dyn Handle>>> {
        self.0.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
