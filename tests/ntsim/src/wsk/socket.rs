//! Sockets: made, bound and closed.

use super::*;

/// What the provider knows of a socket.
pub(crate) struct Socket {
    pub(super) object: Box<WSK_SOCKET>,
    pub(super) family: u16,
    pub(super) phase: Phase,
    /// Its connection, and which side of it this is.
    pub(super) link: Option<(usize, usize)>,
    pub(super) local: Option<SocketAddr>,
    /// Calls that have not returned.
    executing: u32,
    pub(super) closing: bool,
    /// Forced closed.
    pub(super) dead: bool,
    pub(super) sent_fin: bool,
    /// Disconnected abortively.
    pub(super) aborted: bool,
    /// The transport knows the flags of send and receive.
    pub(super) has_flags: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Created,
    Bound,
    Connected,
}

/// A call on a socket: until it is dropped the socket must not be closed.
pub(super) struct Call {
    pub(super) at: usize,
}

impl Call {
    pub(super) fn new(name: &str, socket: PWSK_SOCKET) -> Self {
        let at = socket.addr();
        let good = with(|s| match s.wsk.sockets.get_mut(&at) {
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
        Self { at }
    }

    /// Looks at the socket.
    pub(super) fn look<R>(&self, look: impl FnOnce(&mut Socket) -> R) -> R {
        with(|s| {
            look(
                s.wsk
                    .sockets
                    .get_mut(&self.at)
                    .expect("there during a call"),
            )
        })
    }

    /// The end of a call that has begun a request.
    pub(super) fn finish(self, id: u64) -> NTSTATUS {
        settle(self.at);
        end(id)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        with(|s| {
            if let Some(socket) = s.wsk.sockets.get_mut(&self.at) {
                socket.executing -= 1;
            }
        });
    }
}

/// A new socket, which is not the client's yet.
fn new_socket(family: u16) -> usize {
    let mut object = Box::new(WSK_SOCKET {
        Dispatch: tables::connection(),
    });
    let at = (&raw mut *object).expose_provenance();
    with(|s| {
        let has_flags = match s.profile {
            crate::Profile::Viosock => false,
            crate::Profile::Hostile => s.lot(2) == 0,
            _ => true,
        };
        let socket = Socket {
            object,
            family,
            phase: Phase::Created,
            link: None,
            local: None,
            executing: 0,
            closing: false,
            dead: false,
            sent_fin: false,
            aborted: false,
            has_flags,
        };
        s.wsk.sockets.insert(at, socket);
    });
    at
}

pub(super) unsafe extern "C" fn socket(
    client: PWSK_CLIENT,
    family: u16,
    kind: u16,
    protocol: u32,
    flags: u32,
    _context: *mut c_void,
    dispatch: *const c_void,
    process: wdk_sys::PEPROCESS,
    _thread: wdk_sys::PETHREAD,
    _security: *mut c_void,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskSocket", DISPATCH);
    let owner = crate::ps::owner(process);
    with(|s| s.owners.push(owner));
    let _captured = Captured::new(client, "WskSocket");
    if flags != WSK_FLAG_CONNECTION_SOCKET || !dispatch.is_null() {
        breach("rule 35: only connection sockets without callbacks are simulated");
    }
    let tcp = kind == SOCK_STREAM && protocol == IPPROTO_TCP;
    if !tcp || (family != AF_INET && family != AF_INET6) {
        breach("rule 37: a connection socket that is not TCP over IPv4 or IPv6");
    }
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskSocket", irp, Kind::Create, 0) };
    if with(|s| s.wsk.ops[&id].result.is_none()) {
        decide(id, 0, new_socket(family));
    }
    end(id)
}

pub(super) unsafe extern "C" fn bind(
    socket: PWSK_SOCKET,
    local: PSOCKADDR,
    flags: u32,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskBind", DISPATCH);
    let call = Call::new("WskBind", socket);
    // SAFETY: readable by the contract.
    let local = unsafe { address::read(local) };
    let (family, phase) = call.look(|socket| (socket.family, socket.phase));
    if flags != 0 || address::family(&local) != family || phase != Phase::Created {
        breach("rule 42: WskBind with flags, with an address of another family, or twice");
    }
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskBind", irp, Kind::Bind, call.at) };
    let short = with(|s| s.profile.is_wine()) && local.is_ipv6();
    if short {
        // Wine passes on 16 bytes of it.
        decide(id, STATUS_NO_MEMORY, 0);
    } else {
        let local = address::with_port(local);
        call.look(|socket| socket.local = Some(local));
        decide(id, 0, 0);
    }
    call.finish(id)
}

pub(super) unsafe extern "C" fn close(socket: PWSK_SOCKET, irp: *mut IRP) -> NTSTATUS {
    let _entry = enter("WskCloseSocket", DISPATCH);
    let at = socket.addr();
    let state = with(|s| {
        let socket = s.wsk.sockets.get_mut(&at)?;
        let was_closing = std::mem::replace(&mut socket.closing, true);
        Some((socket.executing, was_closing))
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
    with(|s| {
        let Some((connection, side)) = s.wsk.sockets[&at].link else {
            return;
        };
        let is_wine = s.profile.is_wine();
        let connection = &mut s.net.connections[connection];
        let all_read = connection.incoming(side).data.is_empty();
        let finished = connection.incoming(side).fin && connection.pipes[side].fin;
        if is_wine && all_read {
            connection.pipes[side].fin = true;
        } else if !(finished && all_read) {
            connection.reset(side, false);
        }
    });
    settle(at);
    end(id)
}
