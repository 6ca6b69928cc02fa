//! Connecting.

use wskhttp_core::wsk::sys::WSK_CLIENT_CONNECTION_DISPATCH;

use super::*;
use crate::host;
use crate::net::Host;

const CONNECTS: &[Category] = &[Category::Connection, Category::Stream];

pub(super) unsafe extern "C" fn connect(
    socket: PWSK_SOCKET,
    remote: PSOCKADDR,
    flags: u32,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskConnect", DISPATCH);
    let call = Call::new("WskConnect", socket, CONNECTS);
    // SAFETY: the contract is the same.
    let remote = unsafe { check("WskConnect", &call, remote) };
    if flags != 0 {
        rule::WSK_44.broken("WskConnect with flags");
    }
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskConnect", irp, Kind::Connect, call.at) };
    start(id, call.at, remote);
    call.finish(id)
}

pub(super) unsafe extern "C" fn connect_ex(
    socket: PWSK_SOCKET,
    remote: PSOCKADDR,
    buffer: PWSK_BUF,
    flags: u32,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskConnectEx", DISPATCH);
    let call = Call::new("WskConnectEx", socket, CONNECTS);
    if with(|s| s.profile.is_wine()) {
        return STATUS_NOT_IMPLEMENTED;
    }
    // SAFETY: the contract is the same.
    let remote = unsafe { check("WskConnectEx", &call, remote) };
    let chain = if buffer.is_null() {
        Chain::default()
    } else {
        // SAFETY: the contract is the same.
        unsafe { Chain::new("WskConnectEx", buffer) }.seal()
    };
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskConnectEx", irp, Kind::Connect, call.at) };
    // Rule 45.
    let refused = match (with(|s| s.profile), flags, chain.len) {
        (Profile::Viosock, ..) => Some(STATUS_NOT_IMPLEMENTED),
        (_, 1.., _) => Some(STATUS_INVALID_PARAMETER),
        (.., 65536..) => Some(STATUS_BUFFER_OVERFLOW),
        _ => None,
    };
    if let Some(status) = refused {
        decide(id, status, 0);
    }
    with(|s| {
        if let Some(op) = s.wsk.ops.get_mut(&id) {
            op.chain = chain;
        }
    });
    start(id, call.at, remote);
    call.finish(id)
}

pub(super) unsafe extern "C" fn socket_connect(
    client: PWSK_CLIENT,
    kind: u16,
    protocol: u32,
    local: PSOCKADDR,
    remote: PSOCKADDR,
    flags: u32,
    context: *mut c_void,
    dispatch: *const WSK_CLIENT_CONNECTION_DISPATCH,
    process: wdk_sys::PEPROCESS,
    _thread: wdk_sys::PETHREAD,
    security: *mut c_void,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskSocketConnect", DISPATCH);
    let _captured = Captured::new(client, "WskSocketConnect");
    if with(|s| s.profile.is_wine()) {
        return STATUS_NOT_IMPLEMENTED;
    }
    let owner = crate::ps::owner(process);
    with(|s| s.owners.push(owner));
    if flags != 0 {
        rule::WSK_41.broken("WskSocketConnect with flags");
    }
    // SAFETY: readable by the contract.
    let (local, remote) = unsafe { (address::read(local), address::read(remote)) };
    let family = address::family(&local);
    if address::family(&remote) != family {
        rule::WSK_41.broken("WskSocketConnect with addresses of two families");
    }
    socket::check_context(context);
    socket::check_kind(family, kind, protocol, Category::Connection);
    client::check_security(security);
    let callbacks = (context.expose_provenance(), dispatch.expose_provenance());
    let connection = Category::Connection;
    let at = with(|s| new_socket(s, client.addr(), family, connection, callbacks));
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskSocketConnect", irp, Kind::SocketConnect, at) };
    client::need_security(id, security);
    if with(|s| s.wsk.lost) {
        decide(id, STATUS_DEVICE_NOT_READY, 0);
    }
    if with(|s| s.profile) == Profile::Viosock {
        decide(id, STATUS_NOT_IMPLEMENTED, 0);
    }
    let local = address::with_port(local);
    with(|s| {
        s.wsk
            .sockets
            .get_mut(&at)
            .map(|socket| socket.local = Some(local))
    });
    start(id, at, remote);
    settle(at);
    end(id)
}

/// The remote address of a connect, after its rules.
///
/// # Safety
/// `remote` is readable.
unsafe fn check(name: &str, call: &Call, remote: PSOCKADDR) -> SocketAddr {
    let (family, phase) = call.look(|socket| (socket.family, socket.phase));
    if phase != Phase::Bound {
        rule::WSK_42.broken(format!("{name} on a socket that is not bound, or in use"));
    }
    // SAFETY: by the contract.
    let remote = unsafe { address::read(remote) };
    if address::family(&remote) != family {
        rule::WSK_44.broken(format!("{name} with an address of another family"));
    }
    remote
}

/// Makes the connection, or says why not, unless that is decided.
fn start(id: u64, at: usize, remote: SocketAddr) {
    if with(|s| s.wsk.ops[&id].result.is_some()) {
        return;
    }
    let local = with(|s| s.wsk.sockets[&at].local).expect("bound");
    let local = address::toward(local, remote);
    // Sockets of the client's own are not the host's.
    if with(|s| s.host.is_some() && listener(s, remote.port()).is_none()) {
        host::connect(id, local, remote);
        return;
    }
    match with(|s| s.net.hosts.get(&remote.ip()).copied()) {
        Some(Host::Silent) => return,
        Some(Host::Refuses) => return decide(id, STATUS_CONNECTION_REFUSED, 0),
        Some(Host::Slow(time)) => {
            spawn("a slow host".into(), 64 * 1024, false, move || {
                net::sleep(time);
                let waits = with(|s| s.wsk.ops.get(&id).is_some_and(|op| op.result.is_none()));
                if let (true, Some(connection)) = (waits, net::connect(local, remote)) {
                    connected(id, connection);
                    settle(at);
                }
            });
            return;
        }
        None => {}
    }
    match net::connect(local, remote) {
        Some(connection) => connected(id, connection),
        None if remote.port() == BLACK_HOLE => {}
        None => decide(id, STATUS_CONNECTION_REFUSED, 0),
    }
}

/// A connect has led to a connection, over which the data of WskConnectEx goes first.
pub(crate) fn connected(id: u64, connection: usize) {
    with(|s| {
        let local = s.net.connections[connection].addresses[0];
        let Some(op) = s.wsk.ops.get_mut(&id) else {
            return;
        };
        if let Some(socket) = s.wsk.sockets.get_mut(&op.socket) {
            socket.link = Some((connection, 0));
            socket.local = Some(local);
        }
        let pipe = &mut s.net.connections[connection].pipes[0];
        op.chain.take(op.chain.left(), &mut pipe.data);
        let information = match op.kind {
            Kind::SocketConnect => op.socket,
            _ => op.chain.len,
        };
        op.decide(0, information);
    });
}

/// A connect has led to nothing.
pub(crate) fn failed(id: u64, status: NTSTATUS) {
    decide(id, status, 0);
}

/// Whether a connection still has a socket of the driver's.
pub(crate) fn is_used(connection: usize) -> bool {
    with(|s| {
        let mut sockets = s.wsk.sockets.values();
        sockets.any(|socket| socket.link == Some((connection, 0)))
    })
}
