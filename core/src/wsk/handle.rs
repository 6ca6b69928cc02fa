//! The ownership of a socket, whatever its category.

use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use wdk_sys::PIRP;

use super::events::Events;
use super::op::{Op, Payload};
use super::provider::Provider;
use super::quirks::Function;
use super::sys::{PWSK_SOCKET, WSK_PROVIDER_BASIC_DISPATCH, WSK_SOCKET};
use crate::nt::shared::Shared;

/// A socket and the operation that will close it. Dropping it closes: abortively, unless both
/// directions were disconnected before. Nobody waits for that; its pending operations are canceled.
///
/// # Invariants
/// The socket exists, and this is its one owner: calls on it borrow it, so none is executing when
/// it is closed (`wsk/nc-wsk-pfn_wsk_close_socket`).
pub(super) struct Handle {
    raw: NonNull<WSK_SOCKET>,
    close: Op<Close>,
}

// SAFETY: WSK's functions may be called by any thread.
unsafe impl Send for Handle {}
// SAFETY: as above; closing takes the socket.
unsafe impl Sync for Handle {}

impl Handle {
    /// Takes over a socket that was just created.
    ///
    /// # Safety
    /// `raw` is a socket that nobody else owns, made with the callbacks of `events`.
    pub(super) unsafe fn adopt(
        raw: NonNull<WSK_SOCKET>,
        mut close: Op<Close>,
        events: Option<Shared<Events>>,
    ) -> Self {
        let provider = close.provider().clone();
        let counters = provider.counters();
        counters.connections_now.fetch_add(1, Ordering::Relaxed);
        counters.connections_total.fetch_add(1, Ordering::Relaxed);
        if let Some(payload) = close.payload_mut() {
            payload.open = Some(provider);
            payload.events = events;
        }
        Self { raw, close }
    }

    pub(super) fn as_ptr(&self) -> PWSK_SOCKET {
        self.raw.as_ptr()
    }

    pub(super) fn provider(&self) -> &Shared<Provider> {
        self.close.provider()
    }

    /// The context of the socket's callbacks, enabled or not.
    pub(super) fn callbacks(&self) -> Option<&Events> {
        self.close.payload().events.as_deref()
    }

    /// The functions that every socket has.
    pub(super) fn basic(&self) -> &WSK_PROVIDER_BASIC_DISPATCH {
        // SAFETY: every table begins with these.
        unsafe { self.table() }
    }

    /// The functions of the socket.
    ///
    /// # Safety
    /// `T` is the table of the category of the socket, or what that begins with.
    pub(super) unsafe fn table<T>(&self) -> &T {
        // SAFETY: the socket exists, by the invariant.
        let dispatch = unsafe { self.raw.as_ref() }.Dispatch;
        // SAFETY: of that type, by the contract; providers' tables are constant.
        unsafe { &*dispatch.cast() }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let raw = self.raw.as_ptr();
        let function = self.basic().WskCloseSocket;
        let call = |irp: PIRP, _: &Close| {
            let function = function?;
            // SAFETY: no call is executing, by the invariant, and none comes later.
            Some(unsafe { function(raw, irp) })
        };
        // The operation becomes an orphan, which a worker counts out.
        // SAFETY: the IRP is passed once, and nothing else.
        unsafe { self.close.submit(Function::Close, call) };
    }
}

/// Payload of the closing of a socket, allocated before the socket is, so that closing cannot fail.
#[derive(Default)]
pub(super) struct Close {
    /// Set as long as the socket counts as open.
    open: Option<Shared<Provider>>,
    /// The context of the callbacks, which may come until the socket is closed to the end.
    events: Option<Shared<Events>>,
}

impl Payload for Close {}

impl Drop for Close {
    fn drop(&mut self) {
        if let Some(provider) = &self.open {
            let counters = provider.counters();
            counters.connections_now.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
