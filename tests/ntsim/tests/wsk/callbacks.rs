//! The callbacks of a client, and what they have seen.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::time::Duration;

use wdk_sys::ntddk::MmMapLockedPagesSpecifyCache;
use wdk_sys::{NTSTATUS, PVOID, SIZE_T, ULONG};
use wskhttp_core::wsk::sys::*;
use wskhttp_ntsim::{Profile, sleep};

use crate::client::*;

pub(crate) const FULL: &[Profile] = &[Profile::Windows, Profile::Hostile];
const NOT_ACCEPTED: NTSTATUS = 0xC000_021B_u32.cast_signed();
pub(crate) const EVENTS: u32 = WSK_EVENT_RECEIVE | WSK_EVENT_DISCONNECT | WSK_EVENT_SEND_BACKLOG;

/// What the callbacks do and have seen.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) data: Vec<u8>,
    pub(crate) lists: Vec<PWSK_DATA_INDICATION>,
    pub(crate) ended: Option<u32>,
    pub(crate) dead: bool,
    pub(crate) backlogs: usize,
    pub(crate) calls: usize,
    /// A part was taken, and nothing may come before a receive.
    pub(crate) held: bool,
    mode: Mode,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    #[default]
    All,
    /// A byte at a time.
    Part,
    Nothing,
    Keep,
}

unsafe extern "C" {
    safe fn KeGetCurrentIrql() -> u8;
}

pub(crate) fn check_level(flags: ULONG) {
    if flags & WSK_FLAG_AT_DISPATCH_LEVEL != 0 {
        assert_eq!(KeGetCurrentIrql(), 2);
    }
}

/// The data of a list.
pub(crate) unsafe fn read(mut list: PWSK_DATA_INDICATION) -> Vec<u8> {
    let mut data = Vec::new();
    // SAFETY: a list that we have been given, and its locked memory.
    unsafe {
        while let Some(one) = list.as_ref() {
            let (buffer, none) = (one.Buffer, null_mut());
            let memory = MmMapLockedPagesSpecifyCache(buffer.Mdl, 0, 1, none, 0, 16);
            let from = memory.cast::<u8>().add(buffer.Offset as usize);
            data.extend(std::slice::from_raw_parts(from, buffer.Length as usize));
            list = one.Next;
        }
    }
    data
}

unsafe extern "C" fn receive(
    context: PVOID,
    flags: ULONG,
    list: PWSK_DATA_INDICATION,
    indicated: SIZE_T,
    accepted: *mut SIZE_T,
) -> NTSTATUS {
    check_level(flags);
    // SAFETY: the context of the socket; calls are serial.
    let seen = unsafe { &mut *context.cast::<Seen>() };
    seen.calls += 1;
    if list.is_null() {
        seen.dead = true;
        return 0;
    }
    // SAFETY: what WSK passes.
    let data = unsafe { read(list) };
    assert_eq!(data.len(), indicated as usize);
    match seen.mode {
        Mode::All => seen.data.extend(data),
        Mode::Part => {
            assert!(!seen.held, "the rest comes before a receive");
            seen.held = data.len() > 1;
            seen.data.push(data[0]);
            // SAFETY: as above.
            unsafe { accepted.write(1) };
        }
        Mode::Nothing => return NOT_ACCEPTED,
        Mode::Keep => {
            seen.lists.push(list);
            return PENDING;
        }
    }
    0
}

unsafe extern "C" fn disconnected(context: PVOID, flags: ULONG) -> NTSTATUS {
    check_level(flags);
    // SAFETY: as above.
    unsafe { &mut *context.cast::<Seen>() }.ended = Some(flags & WSK_FLAG_ABORTIVE);
    0
}

unsafe extern "C" fn backlog(context: PVOID, ideal: SIZE_T) -> NTSTATUS {
    assert!(ideal > 0);
    // SAFETY: as above.
    unsafe { &mut *context.cast::<Seen>() }.backlogs += 1;
    0
}

pub(crate) static CALLBACKS: WSK_CLIENT_CONNECTION_DISPATCH = WSK_CLIENT_CONNECTION_DISPATCH {
    WskReceiveEvent: Some(receive),
    WskDisconnectEvent: Some(disconnected),
    WskSendBacklogEvent: Some(backlog),
};

pub(crate) fn change(socket: PWSK_SOCKET, mask: u32, irp: *mut wdk_sys::IRP) -> NTSTATUS {
    let mut control = WSK_EVENT_CALLBACK_CONTROL {
        NpiId: &raw const NPI_WSK_INTERFACE_ID,
        EventMask: mask,
    };
    // SAFETY: every table begins with the basic one.
    unsafe {
        let table: *const WSK_PROVIDER_BASIC_DISPATCH = (*socket).Dispatch.cast();
        (*table).WskControlSocket.expect("there")(
            socket,
            WskSetOption,
            SO_WSK_EVENT_CALLBACK,
            SOL_SOCKET,
            size_of_val(&control) as _,
            (&raw mut control).cast(),
            0,
            null_mut(),
            null_mut(),
            irp,
        )
    }
}

/// A connected socket with callbacks, and what they see.
pub(crate) fn connected(client: &Client, mode: Mode) -> (Socket, *mut Seen) {
    let seen = Box::into_raw(Box::new(Seen {
        mode,
        ..Seen::default()
    }));
    let table: *const c_void = (&raw const CALLBACKS).cast();
    (client.connected(80, seen.cast(), table), seen)
}

pub(crate) fn a_while() {
    sleep(Duration::from_secs(1));
}

/// After the socket is closed.
pub(crate) fn end(seen: *mut Seen) -> Seen {
    // SAFETY: made by Box, and used by nobody.
    *unsafe { Box::from_raw(seen) }
}
