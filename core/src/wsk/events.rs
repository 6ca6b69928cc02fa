//! Event callbacks of a connection: what WSK says of it while no request is pending.
//!
//! They watch an idle connection, and tell the ideal send backlog. Data is received by requests
//! otherwise, because those put it where it is wanted: a callback that comes then leaves the data
//! with the transport.

use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::Context;

use wdk_sys::{NTSTATUS, PVOID, SIZE_T, ULONG};

use super::sys::{
    NPI_WSK_INTERFACE_ID, PWSK_DATA_INDICATION, WSK_CLIENT_CONNECTION_DISPATCH,
    WSK_EVENT_CALLBACK_CONTROL, WSK_EVENT_DISCONNECT, WSK_EVENT_RECEIVE, WSK_EVENT_SEND_BACKLOG,
    WSK_FLAG_RELEASE_ASAP,
};
use crate::exec::AtomicWaker;
use crate::io::Error;
use crate::nt::lock::SpinLock;
use crate::nt::shared::Shared;

/// What the callbacks of one socket have said. Its context: nonpaged, and there until the socket is
/// closed to the end.
pub(super) struct Events {
    state: SpinLock<State>,
    waker: AtomicWaker,
    /// Ideal send backlog; 0 if it was not told.
    backlog: AtomicUsize,
}

struct State {
    watch: Watch,
    /// Data was left with the transport, which tells nothing more until the next receive.
    refused: bool,
    /// It came while we watched, and could not be kept.
    seen: bool,
    /// The peer has ended the connection, or the network stack has.
    ended: bool,
    kept: Kept,
}

/// What [`Events::watch`] has found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Watched {
    /// Nothing has come.
    Quiet,
    /// Nothing is known to have come, but a receive, perhaps of no bytes, must be made before the
    /// transport tells what comes.
    Deaf,
    /// Data was kept, or waits for a receive.
    Data,
    /// The connection has ended.
    Ended,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Watch {
    /// Data is left to requests.
    Off,
    /// Data that comes is kept.
    On,
    /// The socket is about to be closed: nothing may be kept any more.
    Closed,
}

/// A list of data that WSK has given us for a while (`wsk/nc-wsk-pfn_wsk_receive_event`), and how much
/// of it was taken. Null if there is none.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    pub(super) list: PWSK_DATA_INDICATION,
    pub(super) taken: usize,
}

// SAFETY: the list belongs to whoever has it, whatever the thread.
unsafe impl Send for State {}

impl Events {
    pub(super) fn try_new() -> Result<Shared<Self>, Error> {
        Shared::try_new(Self {
            state: SpinLock::new(State {
                watch: Watch::Off,
                refused: false,
                seen: false,
                ended: false,
                kept: NOTHING,
            }),
            waker: AtomicWaker::new(),
            backlog: AtomicUsize::new(0),
        })
    }

    /// Watches the connection, while no receive is pending, and wakes the task when something comes.
    pub(super) fn watch(&self, cx: &Context<'_>) -> Watched {
        self.waker.register(cx.waker());
        let mut state = self.state.lock();
        if state.ended {
            return Watched::Ended;
        }
        if state.seen || !state.kept.list.is_null() {
            return Watched::Data;
        }
        if state.watch == Watch::Off {
            state.watch = Watch::On;
        }
        match core::mem::replace(&mut state.refused, false) {
            true => Watched::Deaf,
            false => Watched::Quiet,
        }
    }

    /// The data that was kept. Leaves the rest to requests.
    pub(super) fn kept(&self) -> Kept {
        let mut state = self.state.lock();
        if state.watch == Watch::On {
            state.watch = Watch::Off;
        }
        state.kept
    }

    /// How much of what is kept was taken; all of it has been given back if nothing is left.
    pub(super) fn set_kept(&self, kept: Kept) {
        self.state.lock().kept = kept;
    }

    /// A receive is about to be made, after which the transport tells again what has come.
    pub(super) fn receives(&self) {
        let mut state = self.state.lock();
        state.refused = false;
        state.seen = false;
        if state.watch == Watch::On {
            state.watch = Watch::Off;
        }
    }

    /// Keeps nothing from now on; gives what is to be given back before the socket is closed.
    pub(super) fn close(&self) -> PWSK_DATA_INDICATION {
        let mut state = self.state.lock();
        state.watch = Watch::Closed;
        core::mem::replace(&mut state.kept, NOTHING).list
    }

    /// The ideal send backlog, if it was told.
    pub(super) fn backlog(&self) -> Option<usize> {
        match self.backlog.load(Ordering::Relaxed) {
            0 => None,
            bytes => Some(bytes),
        }
    }

    fn end(&self) {
        self.state.lock().ended = true;
        self.waker.wake();
    }
}

/// `WskReceiveEvent`, IRQL <= DISPATCH_LEVEL. What is kept may be given back by another processor before
/// this returns, as it may where a work item is queued, which is how the documentation has it.
///
/// # Safety
/// As WSK calls it, with a context of ours.
unsafe extern "C" fn received(
    context: PVOID,
    flags: ULONG,
    data: PWSK_DATA_INDICATION,
    _: SIZE_T,
    _: *mut SIZE_T,
) -> NTSTATUS {
    // SAFETY: the context of a socket, which keeps it.
    let events = unsafe { &*context.cast::<Events>() };
    if data.is_null() {
        // The socket is to be closed (`wsk/nc-wsk-pfn_wsk_receive_event`).
        events.end();
        return STATUS_SUCCESS;
    }
    let mut state = events.state.lock();
    let watched = state.watch == Watch::On;
    if watched {
        state.watch = Watch::Off;
    }
    let keep = watched && flags & WSK_FLAG_RELEASE_ASAP == 0;
    if keep {
        let list = data;
        state.kept = Kept { list, taken: 0 };
    } else {
        state.refused = true;
        state.seen = watched;
    }
    drop(state);
    if watched {
        events.waker.wake();
    }
    if keep {
        STATUS_PENDING
    } else {
        STATUS_DATA_NOT_ACCEPTED
    }
}

/// `WskDisconnectEvent`, IRQL <= DISPATCH_LEVEL.
///
/// # Safety
/// As WSK calls it, with a context of ours.
unsafe extern "C" fn disconnected(context: PVOID, _: ULONG) -> NTSTATUS {
    // SAFETY: the context of a socket, which keeps it.
    unsafe { &*context.cast::<Events>() }.end();
    STATUS_SUCCESS
}

/// `WskSendBacklogEvent`, IRQL <= DISPATCH_LEVEL.
///
/// # Safety
/// As WSK calls it, with a context of ours.
unsafe extern "C" fn backlog_changed(context: PVOID, ideal: SIZE_T) -> NTSTATUS {
    // SAFETY: the context of a socket, which keeps it.
    let events = unsafe { &*context.cast::<Events>() };
    events.backlog.store(ideal as usize, Ordering::Relaxed);
    STATUS_SUCCESS
}

/// The callbacks of every socket; stays.
static DISPATCH: WSK_CLIENT_CONNECTION_DISPATCH = WSK_CLIENT_CONNECTION_DISPATCH {
    WskReceiveEvent: Some(received),
    WskDisconnectEvent: Some(disconnected),
    WskSendBacklogEvent: Some(backlog_changed),
};

/// Context and table for a new socket, both null without events.
pub(super) fn callbacks(
    events: Option<&Shared<Events>>,
) -> (PVOID, *const WSK_CLIENT_CONNECTION_DISPATCH) {
    match events {
        Some(events) => {
            let context: *const Events = &raw const **events;
            (context.cast_mut().cast::<c_void>(), &raw const DISPATCH)
        }
        None => (null_mut(), core::ptr::null()),
    }
}

/// What enables all of them, for WSK_SET_STATIC_EVENT_CALLBACKS and SO_WSK_EVENT_CALLBACK.
pub(super) const fn all() -> WSK_EVENT_CALLBACK_CONTROL {
    WSK_EVENT_CALLBACK_CONTROL {
        NpiId: &raw const NPI_WSK_INTERFACE_ID,
        EventMask: WSK_EVENT_RECEIVE | WSK_EVENT_DISCONNECT | WSK_EVENT_SEND_BACKLOG,
    }
}

pub(super) const NOTHING: Kept = Kept {
    list: null_mut(),
    taken: 0,
};

const STATUS_SUCCESS: NTSTATUS = 0;
const STATUS_PENDING: NTSTATUS = 0x103;
const STATUS_DATA_NOT_ACCEPTED: NTSTATUS = 0xC000_021B_u32.cast_signed();
