//! The functions of a socket.

use super::*;

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

pub(super) unsafe extern "C" fn socket(
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
