//! The WSK provider `script`: registration, sockets and names over the network in memory.

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

/// Decides what can be decided of a socket's requests.
fn settle(at: usize) {
    let level = enter_quietly();
    with(|s| {
        let Some(socket) = s.sockets.get(&at) else {
            return;
        };
        let (connection, closing) = (socket.connection, socket.closing);
        let ids: Vec<u64> = s
            .ops
            .iter()
            .filter(|(_, op)| op.socket == at && op.result.is_none())
            .map(|(id, _)| *id)
            .collect();
        let mut window = usize::MAX;
        for id in ids {
            let kind = s.ops[&id].kind;
            let result = match (kind, connection) {
                (Kind::Close, _) => {
                    let others = s
                        .ops
                        .iter()
                        .any(|(other, op)| op.socket == at && *other != id);
                    (!others).then_some((0, 0))
                }
                _ if closing => Some((STATUS_CANCELLED, 0)),
                (_, Some(c)) if s.connections[c].reset => Some((STATUS_CONNECTION_RESET, 0)),
                (Kind::Send, Some(c)) => send(s, id, c, &mut window),
                (Kind::Receive, Some(c)) => receive(s, id, c),
                (Kind::Disconnect, Some(c)) => {
                    let sends = s
                        .ops
                        .values()
                        .any(|op| op.socket == at && op.kind == Kind::Send && op.result.is_none());
                    if !sends {
                        s.connections[c].client_fin = true;
                    }
                    (!sends).then_some((0, 0))
                }
                _ => None,
            };
            if let Some(op) = s.ops.get_mut(&id) {
                op.result = op.result.or(result);
            }
        }
    });
    drop(level);
}

fn send(s: &mut State, id: u64, c: usize, window: &mut usize) -> Option<(NTSTATUS, usize)> {
    let op = s.ops.get_mut(&id)?;
    let buffer = op.buffer.as_mut()?;
    let connection = &mut s.connections[c];
    *window = (*window).min(connection.window.saturating_sub(connection.to_peer.len()));
    let n = (buffer.len - buffer.done).min(*window);
    let from: *const u8 = std::ptr::with_exposed_provenance(buffer.address + buffer.done);
    // SAFETY: rules 28 to 30: memory that stays until the request is over.
    connection
        .to_peer
        .extend(unsafe { std::slice::from_raw_parts(from, n) });
    buffer.done += n;
    let all = buffer.done == buffer.len;
    if !all {
        // What comes after waits.
        *window = 0;
    }
    all.then_some((0, buffer.len))
}

fn receive(s: &mut State, id: u64, c: usize) -> Option<(NTSTATUS, usize)> {
    let first = s.ops.range(..id).all(|(_, op)| {
        op.kind != Kind::Receive || op.result.is_some() || op.socket != s.ops[&id].socket
    });
    let buffer = s.ops.get(&id)?.buffer?;
    let connection = &s.connections[c];
    if !first {
        return None;
    }
    if connection.to_client.is_empty() {
        return connection.peer_fin.then_some((0, 0));
    }
    let most = buffer.len.min(connection.to_client.len()) as u64;
    let n = if most == 0 {
        0
    } else {
        1 + s.lot(most) as usize
    };
    let to: *mut u8 = std::ptr::with_exposed_provenance_mut(buffer.address);
    for (i, byte) in s.connections[c].to_client.drain(..n).enumerate() {
        // SAFETY: rules 28 to 30: memory that stays until the request is over.
        unsafe { to.add(i).write(byte) };
    }
    Some((0, n))
}

/// A call on a socket: between this and [`leave`] the socket must not be closed.
fn enter_socket(name: &str, socket: PWSK_SOCKET) -> usize {
    let at = socket.addr();
    let good = with(|s| match s.sockets.get_mut(&at) {
        Some(socket) if !socket.closing => {
            socket.executing += 1;
            true
        }
        _ => false,
    });
    if !good {
        breach(&format!(
            "rule 64: {name} on a socket that is closed or being closed"
        ));
    }
    switch();
    at
}

fn leave(at: usize, id: u64) -> NTSTATUS {
    settle(at);
    let status = end(id);
    with(|s| {
        if let Some(socket) = s.sockets.get_mut(&at) {
            socket.executing -= 1;
        }
    });
    status
}

fn phase(at: usize) -> Phase {
    with(|s| s.sockets[&at].phase)
}

#[expect(clippy::too_many_arguments, reason = "the prototype is Microsoft's")]
unsafe extern "C" fn socket(
    client: PWSK_CLIENT,
    family: u16,
    kind: u16,
    protocol: u32,
    flags: u32,
    _context: *mut c_void,
    dispatch: *const c_void,
    _process: wdk_sys::PEPROCESS,
    _thread: wdk_sys::PETHREAD,
    _security: *mut c_void,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskSocket", DISPATCH);
    captured(client, "WskSocket");
    if flags != WSK_FLAG_CONNECTION_SOCKET || !dispatch.is_null() {
        breach("WskSocket: only connection sockets without callbacks are simulated");
    }
    let tcp = kind == SOCK_STREAM && protocol == IPPROTO_TCP;
    if !tcp || (family != AF_INET && family != AF_INET6) {
        breach("rule 37: a connection socket that is not TCP over IPv4 or IPv6");
    }
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskSocket", irp, Kind::Create, 0) };
    let mut object = Box::new(WSK_SOCKET {
        Dispatch: (&raw const CONNECTION.0).cast(),
    });
    let at = (&raw mut *object).expose_provenance();
    with(|s| {
        let socket = Socket {
            object,
            family,
            phase: Phase::Created,
            connection: None,
            executing: 0,
            closing: false,
            sent_fin: false,
        };
        s.sockets.insert(at, socket)
    });
    resolve_op(id, 0, at);
    end(id)
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

unsafe extern "C" fn bind(
    socket: PWSK_SOCKET,
    address: PSOCKADDR,
    flags: u32,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskBind", DISPATCH);
    let at = enter_socket("WskBind", socket);
    // SAFETY: readable by the contract.
    let family = unsafe { (*address).sa_family };
    if flags != 0 || with(|s| s.sockets[&at].family) != family || phase(at) != Phase::Created {
        breach("rule 42: WskBind with flags, with an address of another family, or twice");
    }
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskBind", irp, Kind::Bind, at) };
    resolve_op(id, 0, 0);
    leave(at, id)
}

unsafe extern "C" fn connect(
    socket: PWSK_SOCKET,
    address: PSOCKADDR,
    flags: u32,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskConnect", DISPATCH);
    let at = enter_socket("WskConnect", socket);
    if phase(at) != Phase::Bound {
        breach("rule 42: WskConnect on a socket that is not bound, or connected");
    }
    // SAFETY: readable by the contract; both families have the port in the same place.
    let (family, port) = unsafe {
        let v4 = address.cast::<SOCKADDR_IN>();
        ((*v4).sin_family, u16::from_be((*v4).sin_port))
    };
    if flags != 0 || with(|s| s.sockets[&at].family) != family {
        breach("rule 44: WskConnect with flags, or with an address of another family");
    }
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskConnect", irp, Kind::Connect, at) };
    match net::connect(port) {
        Some(connection) => {
            with(|s| {
                if let Some(socket) = s.sockets.get_mut(&at) {
                    socket.connection = Some(connection);
                }
            });
            resolve_op(id, 0, 0);
        }
        None if port == BLACK_HOLE => {}
        None => resolve_op(id, STATUS_CONNECTION_REFUSED, 0),
    }
    leave(at, id)
}

/// The part of an MDL that a buffer names, after the rules for buffers.
///
/// # Safety
/// `buffer` is readable.
unsafe fn buffer(name: &str, buffer: PWSK_BUF) -> Buffer {
    // SAFETY: by the contract.
    let buffer = unsafe { *buffer };
    let (offset, len) = (buffer.Offset as usize, buffer.Length as usize);
    let mdl = buffer.Mdl.addr();
    let known = with(|s| {
        s.mdls
            .get(&mdl)
            .map(|mdl| (mdl.address, mdl.len, mdl.resident))
    });
    let Some((address, room, resident)) = known else {
        if mdl == 0 && len == 0 {
            return Buffer {
                mdl: 0,
                address: 0,
                len: 0,
                done: 0,
            };
        }
        breach(&format!("rule 29: {name} with an MDL that is not there"));
    };
    if !resident {
        breach(&format!(
            "rule 28: {name} with an MDL of memory that is neither locked nor nonpaged"
        ));
    }
    if offset >= room.max(1) || len > room - offset {
        breach(&format!(
            "rule 29: {name} with an offset or a length outside its MDL"
        ));
    }
    if !with(|s| crate::ex::is_pool(s, address, room)) {
        breach(&format!(
            "rule 30: {name} with an MDL of memory that is freed"
        ));
    }
    Buffer {
        mdl,
        address: address + offset,
        len,
        done: 0,
    }
}

unsafe fn transfer(
    name: &str,
    kind: Kind,
    socket: PWSK_SOCKET,
    part: PWSK_BUF,
    irp: *mut IRP,
) -> NTSTATUS {
    let at = enter_socket(name, socket);
    if phase(at) != Phase::Connected {
        breach(&format!(
            "rule 48: {name} on a socket that is not connected"
        ));
    }
    if kind == Kind::Send && with(|s| s.sockets[&at].sent_fin) {
        breach("rule 57: WskSend after WskDisconnect");
    }
    // SAFETY: the contract is the same.
    let part = unsafe { buffer(name, part) };
    // SAFETY: the contract is the same.
    let id = unsafe { begin(name, irp, kind, at) };
    with(|s| {
        if let Some(op) = s.ops.get_mut(&id) {
            op.buffer = Some(part);
        }
    });
    leave(at, id)
}

unsafe extern "C" fn wsk_send(
    socket: PWSK_SOCKET,
    buffer: PWSK_BUF,
    _flags: u32,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskSend", DISPATCH);
    // SAFETY: the contract is the same.
    unsafe { transfer("WskSend", Kind::Send, socket, buffer, irp) }
}

unsafe extern "C" fn wsk_receive(
    socket: PWSK_SOCKET,
    buffer: PWSK_BUF,
    _flags: u32,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskReceive", DISPATCH);
    // SAFETY: the contract is the same.
    unsafe { transfer("WskReceive", Kind::Receive, socket, buffer, irp) }
}

unsafe extern "C" fn disconnect(
    socket: PWSK_SOCKET,
    buffer: PWSK_BUF,
    flags: u32,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskDisconnect", DISPATCH);
    let at = enter_socket("WskDisconnect", socket);
    if flags & WSK_FLAG_ABORTIVE != 0 || !buffer.is_null() {
        breach("WskDisconnect: only graceful ones without data are simulated");
    }
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskDisconnect", irp, Kind::Disconnect, at) };
    with(|s| s.sockets.get_mut(&at).map(|socket| socket.sent_fin = true));
    leave(at, id)
}

unsafe extern "C" fn close(socket: PWSK_SOCKET, irp: *mut IRP) -> NTSTATUS {
    let _entry = enter("WskCloseSocket", DISPATCH);
    let at = socket.addr();
    let state = with(|s| {
        let socket = s.sockets.get_mut(&at)?;
        Some((
            socket.executing,
            std::mem::replace(&mut socket.closing, true),
        ))
    });
    match state {
        None | Some((_, true)) => {
            breach("rule 64: WskCloseSocket on a socket that is closed or being closed")
        }
        Some((1.., _)) => {
            breach("rule 62: WskCloseSocket while another call on the socket is executing")
        }
        Some((0, false)) => {}
    }
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskCloseSocket", irp, Kind::Close, at) };
    let connection = with(|s| {
        let c = s.sockets[&at].connection?;
        let connection = &mut s.connections[c];
        connection.reset |= !(connection.client_fin && connection.peer_fin);
        Some(c)
    });
    let _ = connection;
    settle(at);
    end(id)
}

#[expect(clippy::too_many_arguments, reason = "the prototype is Microsoft's")]
unsafe extern "C" fn get_address_info(
    client: PWSK_CLIENT,
    name: *mut UNICODE_STRING,
    _service: *mut UNICODE_STRING,
    _space: u32,
    _provider: *mut wdk_sys::GUID,
    _hints: PADDRINFOEXW,
    result: *mut PADDRINFOEXW,
    _process: wdk_sys::PEPROCESS,
    _thread: wdk_sys::PETHREAD,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskGetAddressInfo", APC);
    assert_passive("rule 86: WskGetAddressInfo above PASSIVE_LEVEL");
    captured(client, "WskGetAddressInfo");
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskGetAddressInfo", irp, Kind::Resolve, 0) };
    // SAFETY: a valid string by the contract.
    let name = unsafe { text(name) };
    with(|s| {
        if let Some(op) = s.ops.get_mut(&id) {
            op.out = result.expose_provenance();
        }
    });
    match name.as_str() {
        "localhost" => resolve_op(id, 0, 0),
        "slow.test" => {}
        _ => resolve_op(id, STATUS_NO_MATCH, STATUS_NO_MATCH as usize),
    }
    end(id)
}

/// 127.0.0.1 and ::1, in random order.
fn addresses() -> PADDRINFOEXW {
    let v4 = SOCKADDR_INET {
        Ipv4: SOCKADDR_IN {
            sin_addr: wskhttp_core::wsk::sys::IN_ADDR {
                S_un: wskhttp_core::wsk::sys::IN_ADDR_UN {
                    S_addr: 0x0100_007F,
                },
            },
            ..SOCKADDR_IN::ANY
        },
    };
    let mut loopback = SOCKADDR_IN6::ANY;
    loopback.sin6_addr.u.Byte = std::net::Ipv6Addr::LOCALHOST.octets();
    let v6 = SOCKADDR_INET { Ipv6: loopback };
    let mut list = vec![
        (v4, AF_INET, size_of::<SOCKADDR_IN>()),
        (v6, AF_INET6, size_of::<SOCKADDR_IN6>()),
    ];
    if lot(2) == 0 {
        list.reverse();
    }
    let mut infos: Vec<Box<Info>> = Vec::new();
    let mut next = std::ptr::null_mut();
    for (address, family, len) in list {
        let mut info = Box::new(Info {
            info: ADDRINFOEXW {
                ai_family: family.into(),
                ai_addrlen: len as _,
                ai_next: next,
                ..ADDRINFOEXW::ZEROED
            },
            address,
        });
        info.info.ai_addr = (&raw mut info.address).cast();
        next = &raw mut info.info;
        infos.push(info);
    }
    with(|s| s.infos.insert(next.addr(), infos));
    next
}

unsafe extern "C" fn free_address_info(client: PWSK_CLIENT, list: PADDRINFOEXW) {
    let _entry = enter("WskFreeAddressInfo", APC);
    assert_passive("rule 86: WskFreeAddressInfo above PASSIVE_LEVEL");
    captured(client, "WskFreeAddressInfo");
    if with(|s| s.infos.remove(&list.addr())).is_none() {
        breach("rule 87: an address list is freed twice, or none");
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

/// The table has pointers, which are null.
struct Table(WSK_PROVIDER_CONNECTION_DISPATCH);
// SAFETY: constant.
unsafe impl Sync for Table {}

static CONNECTION: Table = Table(WSK_PROVIDER_CONNECTION_DISPATCH {
    Basic: WSK_PROVIDER_BASIC_DISPATCH {
        WskControlSocket: None,
        WskCloseSocket: Some(close),
    },
    WskBind: Some(bind),
    WskConnect: Some(connect),
    WskGetLocalAddress: None,
    WskGetRemoteAddress: None,
    WskSend: Some(wsk_send),
    WskReceive: Some(wsk_receive),
    WskDisconnect: Some(disconnect),
    WskRelease: None,
    WskConnectEx: None,
    WskSendEx: std::ptr::null_mut(),
    WskReceiveEx: std::ptr::null_mut(),
});

/// A port at which connects neither succeed nor fail.
pub const BLACK_HOLE: u16 = 9;
const STATUS_PENDING: NTSTATUS = 0x103;
const STATUS_CANCELLED: NTSTATUS = 0xC000_0120_u32.cast_signed();
const STATUS_CONNECTION_RESET: NTSTATUS = 0xC000_020D_u32.cast_signed();
const STATUS_CONNECTION_REFUSED: NTSTATUS = 0xC000_0236_u32.cast_signed();
const STATUS_NO_MATCH: NTSTATUS = 0xC000_0272_u32.cast_signed();
