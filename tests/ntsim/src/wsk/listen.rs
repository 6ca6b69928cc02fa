//! Listening and accepting.

use wskhttp_core::wsk::sys::WSK_CLIENT_CONNECTION_DISPATCH;

use super::*;

pub(super) unsafe extern "C" fn listen(socket: PWSK_SOCKET, irp: *mut IRP) -> NTSTATUS {
    let _entry = enter("WskListen", DISPATCH);
    let call = Call::new("WskListen", socket, &[Category::Stream]);
    if call.look(|socket| socket.phase) != Phase::Bound {
        rule::WSK_42.broken("WskListen on a socket that is not bound, or in use");
    }
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskListen", irp, Kind::Listen, call.at) };
    decide(id, 0, 0);
    call.finish(id)
}

pub(super) unsafe extern "C" fn accept(
    socket: PWSK_SOCKET,
    flags: u32,
    context: *mut c_void,
    dispatch: *const WSK_CLIENT_CONNECTION_DISPATCH,
    local: PSOCKADDR,
    remote: PSOCKADDR,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskAccept", DISPATCH);
    let call = Call::new("WskAccept", socket, &[Category::Listen, Category::Stream]);
    let (phase, family) = call.look(|socket| (socket.phase, socket.family));
    if phase != Phase::Listening || flags != 0 {
        rule::WSK_48.broken("WskAccept with flags, or on a socket that does not listen");
    }
    socket::check_context(context);
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskAccept", irp, Kind::Accept, call.at) };
    with(|s| {
        let Some(op) = s.wsk.ops.get_mut(&id) else {
            return;
        };
        op.client = (context.expose_provenance(), dispatch.expose_provenance());
        for to in [local, remote] {
            op.outputs
                .push(Output::new(to.cast(), address::size(family)));
        }
    });
    call.finish(id)
}

/// A socket for the next connection that waits at a listening one.
pub(super) fn take(s: &mut State, at: usize, client: (usize, usize)) -> Option<usize> {
    let listener = s.wsk.sockets.get_mut(&at)?;
    let (owner, family) = (listener.client, listener.family);
    let connection = listener.backlog.pop_front()?;
    let new = new_socket(s, owner, family, Category::Connection, client);
    let local = s.net.connections[connection].addresses[1];
    if let Some(socket) = s.wsk.sockets.get_mut(&new) {
        socket.phase = Phase::Connected;
        socket.link = Some((connection, 1));
        socket.local = Some(local);
    }
    Some(new)
}

/// Decides a WskAccept if a connection waits.
pub(super) fn settle_accept(s: &mut State, op: &mut Op) {
    let Some(new) = take(s, op.socket, op.client) else {
        return;
    };
    let Some((connection, _)) = s.wsk.sockets[&new].link else {
        return;
    };
    let addresses = s.net.connections[connection].addresses;
    for (output, address) in op.outputs.iter_mut().zip([addresses[1], addresses[0]]) {
        output.data = address::bytes(&address);
    }
    op.decide(0, new);
}

/// A connection to `port` from elsewhere; false if no socket listens there.
pub(crate) fn incoming(s: &mut State, port: u16, connection: usize) -> Option<usize> {
    let at = listener(s, port)?;
    s.wsk.sockets.get_mut(&at)?.backlog.push_back(connection);
    Some(at)
}

/// The client's socket that listens at a port.
pub(crate) fn listener(s: &State, port: u16) -> Option<usize> {
    let listens = |socket: &Socket| {
        socket.phase == Phase::Listening
            && !socket.closing
            && socket.local.is_some_and(|local| local.port() == port)
    };
    let found = s.wsk.in_order().find(|(_, socket)| listens(socket));
    found.map(|(at, _)| at)
}
