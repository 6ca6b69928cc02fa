//! The WSK provider `script`: registration, sockets and names over the network in memory.

mod data;
mod names;
mod socket;

use std::ffi::c_void;

use wdk_sys::{IRP, NTSTATUS, UNICODE_STRING};
use wskhttp_core::nt::irp as path;
use wskhttp_core::wsk::sys::{
    ADDRINFOEXW, AF_INET, AF_INET6, IPPROTO_TCP, PADDRINFOEXW, PSOCKADDR, PWSK_BUF, PWSK_CLIENT,
    PWSK_CLIENT_NPI, PWSK_PROVIDER_NPI, PWSK_REGISTRATION, PWSK_SOCKET, SOCK_STREAM, SOCKADDR_IN,
    SOCKADDR_IN6, SOCKADDR_INET, WSK_FLAG_ABORTIVE, WSK_FLAG_CONNECTION_SOCKET,
    WSK_PROVIDER_BASIC_DISPATCH, WSK_PROVIDER_CONNECTION_DISPATCH, WSK_PROVIDER_DISPATCH,
    WSK_SOCKET,
};

use data::settle;
use names::{addresses, free_address_info, get_address_info};
use socket::socket;

use crate::io::{IrpState, advance, set_state, state_of, unwind};
use crate::ke::assert_passive;
use crate::mm::text;
use crate::net;
use crate::sched::{APC, DISPATCH, PASSIVE, block, breach, enter, enter_quietly, irql, set_irql};
use crate::sched::{spawn, switch};
use crate::state::{State, lot, with};

/// A live registration.
#[derive(Default)]
pub(crate) struct Registration {
    captures: u32,
    calls: u32,
    going: bool,
}

/// What the provider knows of a socket.
pub(crate) struct Socket {
    object: Box<WSK_SOCKET>,
    family: u16,
    phase: Phase,
    connection: Option<usize>,
    /// Calls that have not returned.
    executing: u32,
    closing: bool,
    sent_fin: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Created,
    Bound,
    Connected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Create,
    Bind,
    Connect,
    Send,
    Receive,
    Disconnect,
    Close,
    Resolve,
}

/// A part of an MDL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffer {
    pub(crate) mdl: usize,
    address: usize,
    len: usize,
    done: usize,
}

/// A request with its IRP.
pub(crate) struct Op {
    irp: usize,
    kind: Kind,
    socket: usize,
    pub(crate) buffer: Option<Buffer>,
    /// Where the provider writes a pointer at the end.
    out: usize,
    result: Option<(NTSTATUS, usize)>,
    posted: bool,
}

/// One element of an address list, and its address.
pub(crate) struct Info {
    info: ADDRINFOEXW,
    address: SOCKADDR_INET,
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WskRegister(
    client: PWSK_CLIENT_NPI,
    registration: PWSK_REGISTRATION,
) -> NTSTATUS {
    let _entry = enter("WskRegister", PASSIVE);
    // SAFETY: readable by the contract.
    let dispatch = unsafe { &*(*client).Dispatch };
    if dispatch.Reserved != 0 {
        breach("rule 3: WSK_CLIENT_DISPATCH.Reserved is not zero");
    }
    let old = with(|s| {
        s.registrations
            .insert(registration.addr(), Registration::default())
    });
    if old.is_some() {
        breach("rule 1: a live WSK_REGISTRATION is registered again");
    }
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WskCaptureProviderNPI(
    registration: PWSK_REGISTRATION,
    wait: u32,
    npi: PWSK_PROVIDER_NPI,
) -> NTSTATUS {
    let highest = if wait == 0 { DISPATCH } else { PASSIVE };
    let _entry = enter("WskCaptureProviderNPI", highest);
    let key = registration.addr();
    let late = lot(8) == 0;
    let captured = with(|s| {
        let registration = s.registrations.get_mut(&key)?;
        if !registration.going && !late {
            registration.captures += 1;
        }
        Some(!registration.going && !late)
    });
    match captured {
        None => breach("a provider is captured without registration"),
        Some(false) => 0xC000_00A3_u32.cast_signed(), // STATUS_DEVICE_NOT_READY
        Some(true) => {
            // SAFETY: writable by the contract.
            unsafe {
                (*npi).Client = registration.cast();
                (*npi).Dispatch = &raw const PROVIDER;
            }
            0
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn WskReleaseProviderNPI(registration: PWSK_REGISTRATION) {
    let _entry = enter("WskReleaseProviderNPI", DISPATCH);
    let good = with(|s| match s.registrations.get_mut(&registration.addr()) {
        Some(registration) if registration.captures > 0 => {
            registration.captures -= 1;
            true
        }
        _ => false,
    });
    if !good {
        breach("rule 8: WskReleaseProviderNPI without a capture");
    }
    if with(|s| s.registrations[&registration.addr()].captures == 0 && !s.infos.is_empty()) {
        breach("rule 87: an address list is not freed when the provider is released");
    }
}

#[unsafe(no_mangle)]
extern "C" fn WskDeregister(registration: PWSK_REGISTRATION) {
    let _entry = enter("WskDeregister", PASSIVE);
    let key = registration.addr();
    let found = with(|s| s.registrations.get_mut(&key).map(|r| r.going = true));
    if found.is_none() {
        breach("rule 1: WskDeregister without WskRegister");
    }
    let what = with(|s| {
        let r = &s.registrations[&key];
        format!(
            "WskDeregister (rule 10): {} captures, {} sockets, {} requests",
            r.captures,
            s.sockets.len(),
            s.ops.len()
        )
    });
    block(what, None, move |s| {
        let r = &s.registrations[&key];
        r.captures == 0 && r.calls == 0 && s.sockets.is_empty() && s.ops.is_empty()
    });
    with(|s| s.registrations.remove(&key));
}

/// Whether the driver may unload.
pub(crate) fn check_at_unload() {
    if with(|s| !s.registrations.is_empty()) {
        breach("rule 12: unloaded while registered with WSK");
    }
}

/// Whether a pending request uses a part of the range.
pub(crate) fn pins(s: &State, address: usize, len: usize) -> bool {
    let within = |at: usize, size: usize| at < address + len && address < at + size;
    s.ops.values().any(|op| {
        op.buffer
            .is_some_and(|buffer| within(buffer.address, buffer.len))
            || (op.out != 0 && within(op.out, 8))
    })
}

/// A request for an IRP, after the rules for IRPs.
///
/// # Safety
/// `irp` is null or what a driver takes for an IRP.
unsafe fn begin(name: &str, irp: *mut IRP, kind: Kind, socket: usize) -> u64 {
    match state_of(irp) {
        None => breach(&format!("rule 14: {name} with an IRP that is not there")),
        Some((_, IrpState::Flight)) => breach(&format!("rule 17: {name} with an IRP in flight")),
        Some((true, IrpState::Completed)) => breach(&format!(
            "rule 17: {name} with a completed IRP that IoReuseIrp has not seen"
        )),
        Some(_) => {}
    }
    // SAFETY: looked up above.
    unsafe {
        if (*irp).CurrentLocation <= 1 {
            breach(&format!(
                "rule 14: {name} with an IRP without free stack location"
            ));
        }
        let next = &*path::next_stack(irp);
        if next.CompletionRoutine.is_none() || next.Control & 0xE0 != 0xE0 {
            breach(&format!(
                "rule 15: {name} with an IRP without completion routine for success, error and cancel"
            ));
        }
        advance(irp);
    }
    set_state(irp, IrpState::Flight);
    with(|s| {
        let id = s.number();
        let op = Op {
            irp: irp.expose_provenance(),
            kind,
            socket,
            buffer: None,
            out: 0,
            result: None,
            posted: false,
        };
        s.ops.insert(id, op);
        id
    })
}

fn resolve_op(id: u64, status: NTSTATUS, information: usize) {
    with(|s| {
        if let Some(op) = s.ops.get_mut(&id) {
            op.result = Some((status, information));
        }
    });
}

/// The end of a call: completes inside it or later, as the lot falls.
fn end(id: u64) -> NTSTATUS {
    let (irp, result) = with(|s| {
        let op = &s.ops[&id];
        (op.irp, op.result.filter(|_| is_first(s, id)))
    });
    let irp: *mut IRP = std::ptr::with_exposed_provenance_mut(irp);
    let choice = lot(4);
    if let (Some((status, _)), 0) = (result, choice) {
        complete(id, irql());
        return status;
    }
    // SAFETY: the provider's IRP.
    unsafe { path::mark_pending(irp) };
    if result.is_some() && choice == 1 {
        complete(id, if lot(2) == 0 { irql() } else { DISPATCH });
    } else {
        with(|s| {
            if let Some(op) = s.ops.get_mut(&id) {
                op.posted = true;
            }
        });
        switch();
    }
    STATUS_PENDING
}

/// Requests of one kind on one socket complete in order.
fn is_first(s: &State, id: u64) -> bool {
    let op = &s.ops[&id];
    !s.ops
        .range(..id)
        .any(|(_, other)| other.socket == op.socket && other.kind == op.kind && op.socket != 0)
}

/// Completes a request, at `level` if that is higher than the thread's.
fn complete(id: u64, level: u8) {
    let op = with(|s| s.ops.remove(&id)).expect("completed once");
    let (status, information) = op.result.expect("decided before");
    let socket = op.socket;
    let object = with(|s| {
        if op.kind == Kind::Close {
            if let Some(mut socket) = s.sockets.remove(&op.socket) {
                socket.object.Dispatch = std::ptr::null();
            }
        } else if let (Some(socket), true) = (s.sockets.get_mut(&op.socket), status >= 0) {
            match op.kind {
                Kind::Bind => socket.phase = Phase::Bound,
                Kind::Connect => socket.phase = Phase::Connected,
                _ => {}
            }
        }
        op.out
    });
    if op.kind == Kind::Resolve && status >= 0 {
        let list = addresses();
        let out: *mut PADDRINFOEXW = std::ptr::with_exposed_provenance_mut(object);
        // SAFETY: rule 90: valid until now.
        unsafe { out.write(list) };
    }
    let irp: *mut IRP = std::ptr::with_exposed_provenance_mut(op.irp);
    let old = set_irql(level.max(irql()));
    // SAFETY: the provider's IRP, completed once.
    unsafe {
        path::set_status(irp, status, information);
        unwind(irp);
    }
    set_irql(old);
    settle(socket);
}

/// A thread of the provider that completes requests, at a random IRQL.
pub(crate) fn worker(number: u32) {
    spawn(format!("provider {number}"), 64 * 1024, false, || {
        loop {
            block("requests of WSK", None, |s| !able(s).is_empty());
            let id = with(|s| {
                let able = able(s);
                able[s.lot(able.len() as u64) as usize]
            });
            complete(id, if lot(2) == 0 { PASSIVE } else { DISPATCH });
        }
    });
}

fn able(s: &State) -> Vec<u64> {
    let ready = |op: &Op| op.posted && op.result.is_some();
    let ids = s.ops.iter().filter(|(_, op)| ready(op)).map(|(id, _)| *id);
    ids.filter(|id| is_first(s, *id)).collect()
}

/// Cancels the request of an IRP, unless it is decided already.
pub(crate) fn cancel(irp: *mut IRP) -> bool {
    let socket = with(|s| {
        let op = s.ops.values_mut().find(|op| op.irp == irp.addr())?;
        if op.result.is_some() || matches!(op.kind, Kind::Close | Kind::Create) {
            return None;
        }
        op.result = Some((STATUS_CANCELLED, 0));
        Some(op.socket)
    });
    if let Some(socket) = socket {
        settle(socket);
    }
    socket.is_some()
}

/// Moves the data of a connection as far as it goes.
pub(crate) fn pump(connection: usize) {
    let socket = with(|s| {
        let found = s
            .sockets
            .iter()
            .find(|(_, socket)| socket.connection == Some(connection));
        found.map(|(at, _)| *at)
    });
    if let Some(socket) = socket {
        settle(socket);
    }
}

/// Rule 9: a call through the provider's table, while it is captured.
fn captured(client: PWSK_CLIENT, name: &str) {
    let good = with(|s| {
        s.registrations
            .get(&client.addr())
            .is_some_and(|r| r.captures > 0)
    });
    if !good {
        breach(&format!(
            "rule 9: {name} while the provider is not captured"
        ));
    }
}

static PROVIDER: WSK_PROVIDER_DISPATCH = WSK_PROVIDER_DISPATCH {
    Version: 0x0100,
    Reserved: 0,
    WskSocket: Some(socket),
    WskSocketConnect: None,
    WskControlClient: None,
    WskGetAddressInfo: Some(get_address_info),
    WskFreeAddressInfo: Some(free_address_info),
    WskGetNameInfo: None,
};

/// A port at which connects neither succeed nor fail.
pub const BLACK_HOLE: u16 = 9;
const STATUS_PENDING: NTSTATUS = 0x103;
const STATUS_CANCELLED: NTSTATUS = 0xC000_0120_u32.cast_signed();
const STATUS_CONNECTION_RESET: NTSTATUS = 0xC000_020D_u32.cast_signed();
const STATUS_CONNECTION_REFUSED: NTSTATUS = 0xC000_0236_u32.cast_signed();
const STATUS_NO_MATCH: NTSTATUS = 0xC000_0272_u32.cast_signed();
