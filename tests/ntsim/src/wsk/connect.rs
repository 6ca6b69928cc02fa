//! Connecting.

use super::*;

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
    match net::connect(local, remote) {
        Some(connection) => {
            with(|s| {
                if let Some(socket) = s.wsk.sockets.get_mut(&at) {
                    socket.link = Some((connection, 0));
                    socket.local = Some(local);
                }
            });
            decide(id, 0, 0);
        }
        None if remote.port() == BLACK_HOLE => {}
        None => decide(id, STATUS_CONNECTION_REFUSED, 0),
    }
}
