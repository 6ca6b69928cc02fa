//! Connecting.

use super::*;
use crate::host;

pub(super) unsafe extern "C" fn connect(
    socket: PWSK_SOCKET,
    remote: PSOCKADDR,
    flags: u32,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskConnect", DISPATCH);
    let call = Call::new("WskConnect", socket);
    let (family, phase) = call.look(|socket| (socket.family, socket.phase));
    if phase != Phase::Bound {
        breach("rule 42: WskConnect on a socket that is not bound, or connected");
    }
    // SAFETY: readable by the contract.
    let remote = unsafe { address::read(remote) };
    if flags != 0 || address::family(&remote) != family {
        breach("rule 44: WskConnect with flags, or with an address of another family");
    }
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskConnect", irp, Kind::Connect, call.at) };
    if with(|s| s.wsk.ops[&id].result.is_none()) {
        start(id, call.at, remote);
    }
    call.finish(id)
}

/// Makes the connection, or says why not.
fn start(id: u64, at: usize, remote: SocketAddr) {
    let local = with(|s| s.wsk.sockets[&at].local).expect("bound");
    let local = address::toward(local, remote);
    if with(|s| s.host.is_some()) {
        host::connect(id, local, remote);
        return;
    }
    match net::connect(local, remote) {
        Some(connection) => connected(id, connection),
        None if remote.port() == BLACK_HOLE => {}
        None => decide(id, STATUS_CONNECTION_REFUSED, 0),
    }
}

/// A connect has led to a connection.
pub(crate) fn connected(id: u64, connection: usize) {
    with(|s| {
        let local = s.net.connections[connection].addresses[0];
        let at = s.wsk.ops.get(&id).map(|op| op.socket);
        if let Some(socket) = at.and_then(|at| s.wsk.sockets.get_mut(&at)) {
            socket.link = Some((connection, 0));
            socket.local = Some(local);
        }
    });
    decide(id, 0, 0);
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
