//! Sockets: made, bound and closed.

use wskhttp_core::wsk::sys::{
    WSK_FLAG_BASIC_SOCKET, WSK_FLAG_DATAGRAM_SOCKET, WSK_FLAG_LISTEN_SOCKET, WSK_FLAG_STREAM_SOCKET,
};

use super::*;

/// What the provider knows of a socket.
pub(crate) struct Socket {
    pub(super) object: Box<WSK_SOCKET>,
    /// Sockets come in its order wherever the order matters: that of their addresses is the host's.
    pub(super) number: u64,
    /// The registration that it belongs to.
    pub(super) client: usize,
    pub(super) category: Category,
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
    /// When the client was told, and by which rule it has to close it then.
    told: Option<(u64, &'static rule::Rule)>,
    pub(super) sent_fin: bool,
    /// Disconnected abortively.
    pub(super) aborted: bool,
    /// The transport knows the flags of send and receive.
    pub(super) has_flags: bool,
    /// In silent mode only closing is left.
    pub(super) silent: bool,
    pub(super) events: Events,
    pub(super) options: BTreeMap<(u32, u32), Vec<u8>>,
    pub(super) ideal_backlog: usize,
    /// Connections that nobody has accepted.
    pub(super) backlog: VecDeque<usize>,
}

/// What a socket was made for (rule 38).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    Basic,
    Listen,
    Connection,
    /// Becomes a listening or a connection socket.
    Stream,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Created,
    Bound,
    Listening,
    Connected,
}

/// A call on a socket: until it is dropped the socket must not be closed.
pub(super) struct Call {
    pub(super) at: usize,
}

impl Call {
    /// After rules 38 and 64.
    pub(super) fn new(name: &str, socket: PWSK_SOCKET, of: &[Category]) -> Self {
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
        let category = with(|s| s.wsk.sockets[&at].category);
        if !of.contains(&category) {
            rule::WSK_38.broken(format!("{name} on a {category:?} socket"));
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
pub(super) fn new_socket(
    s: &mut State,
    client: usize,
    family: u16,
    category: Category,
    callbacks: (usize, usize),
) -> usize {
    let mut object = Box::new(WSK_SOCKET {
        Dispatch: tables::of(category),
    });
    let at = (&raw mut *object).expose_provenance();
    let has_flags = match s.profile {
        Profile::Viosock => false,
        Profile::Hostile => s.lot(2) == 0,
        _ => true,
    };
    s.wsk.had_sockets = true;
    let socket = Socket {
        object,
        number: s.number(),
        client,
        category,
        family,
        phase: Phase::Created,
        link: None,
        local: None,
        executing: 0,
        closing: false,
        dead: false,
        told: None,
        sent_fin: false,
        aborted: false,
        has_flags,
        silent: false,
        events: Events::new(callbacks, s.wsk.static_events),
        options: BTreeMap::new(),
        ideal_backlog: s.wsk.ideal_backlog.unwrap_or(IDEAL_BACKLOG),
        backlog: VecDeque::new(),
    };
    s.wsk.sockets.insert(at, socket);
    at
}

/// Rule 37.
pub(super) fn check_kind(family: u16, kind: u16, protocol: u32, category: Category) {
    let tcp = kind == SOCK_STREAM && protocol == IPPROTO_TCP;
    if category != Category::Basic && (!tcp || (family != AF_INET && family != AF_INET6)) {
        rule::WSK_37.broken(format!(
            "a {category:?} socket that is not TCP over IPv4 or IPv6"
        ));
    }
}

/// Rule 36, of the context that callbacks are called with.
pub(super) fn check_context(context: *mut c_void) {
    if with(|s| crate::paged::is_paged(s, context.addr())) {
        rule::WSK_36.broken("a socket with a context in pageable memory");
    }
}

pub(super) unsafe extern "C" fn socket(
    client: PWSK_CLIENT,
    family: u16,
    kind: u16,
    protocol: u32,
    flags: u32,
    context: *mut c_void,
    dispatch: *const c_void,
    process: wdk_sys::PEPROCESS,
    _thread: wdk_sys::PETHREAD,
    security: *mut c_void,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskSocket", DISPATCH);
    let owner = crate::ps::owner(process);
    with(|s| s.owners.push(owner));
    let _captured = Captured::new(client, "WskSocket");
    let category = match flags {
        WSK_FLAG_BASIC_SOCKET => Some(Category::Basic),
        WSK_FLAG_LISTEN_SOCKET => Some(Category::Listen),
        WSK_FLAG_CONNECTION_SOCKET => Some(Category::Connection),
        WSK_FLAG_STREAM_SOCKET => Some(Category::Stream),
        WSK_FLAG_DATAGRAM_SOCKET => None,
        _ => rule::WSK_35.broken(format!("WskSocket with flags {flags:#x}")),
    };
    let callbacks = (context.expose_provenance(), dispatch.expose_provenance());
    if category == Some(Category::Basic) && callbacks != (0, 0) {
        rule::WSK_35.broken("a basic socket with a context or a table");
    }
    if !context.is_null() && dispatch.is_null() {
        rule::WSK_35.broken("a socket with a context, but without callbacks");
    }
    check_context(context);
    if let Some(category) = category {
        check_kind(family, kind, protocol, category);
    }
    client::check_security(security);
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskSocket", irp, Kind::Create, 0) };
    client::need_security(id, security);
    let wine = with(|s| s.profile.is_wine());
    with(|s| {
        let missing = match category {
            None | Some(Category::Basic | Category::Stream) if wine => Some(STATUS_NOT_IMPLEMENTED),
            None => Some(STATUS_NOT_SUPPORTED),
            _ => None,
        };
        let decided = s.wsk.ops[&id].result.is_some();
        let outcome = match (category, missing) {
            _ if decided => return,
            (_, Some(status)) => (status, 0),
            (None, None) => (STATUS_NOT_SUPPORTED, 0),
            (Some(category), None) => {
                (0, new_socket(s, client.addr(), family, category, callbacks))
            }
        };
        if let Some(op) = s.wsk.ops.get_mut(&id) {
            op.decide(outcome.0, outcome.1);
        }
    });
    end(id)
}

pub(super) unsafe extern "C" fn bind(
    socket: PWSK_SOCKET,
    local: PSOCKADDR,
    flags: u32,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskBind", DISPATCH);
    let call = Call::new(
        "WskBind",
        socket,
        &[Category::Listen, Category::Connection, Category::Stream],
    );
    // SAFETY: readable by the contract.
    let local = unsafe { address::read(local) };
    let (family, phase) = call.look(|socket| (socket.family, socket.phase));
    if flags != 0 || address::family(&local) != family || phase != Phase::Created {
        breach("rule 42: WskBind with flags, with an address of another family, or twice");
    }
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskBind", irp, Kind::Bind, call.at) };
    let (wine, taken) = with(|s| (s.profile.is_wine(), sharing::status(s, call.at, local)));
    if wine && local.is_ipv6() {
        // Wine passes on 16 bytes of it.
        decide(id, STATUS_NO_MEMORY, 0);
    } else if taken != 0 {
        decide(id, taken, 0);
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
    if with(|s| !s.wsk.sockets[&at].events.retained.is_empty()) {
        rule::WSK_66.broken("WskCloseSocket with lists of data that are kept");
    }
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskCloseSocket", irp, Kind::Close, at) };
    check_connects(at);
    with(|s| {
        for connection in s.wsk.sockets[&at].backlog.clone() {
            s.net.connections[connection].reset(1, false);
        }
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
    if with(|s| s.profile.is_wine()) {
        op::complete_others(id, at);
    }
    end(id)
}

/// Rule 68: a connect that is not canceled first may keep the socket from closing. Wine cancels none.
fn check_connects(at: usize) {
    let left = with(|s| {
        let wine = s.profile.is_wine();
        let mut ops = s.wsk.ops.values();
        !wine && ops.any(|op| op.socket == at && op.kind == Kind::Connect && op.result.is_none())
    });
    rule::WSK_68.demand(
        !left,
        || "WskCloseSocket under a connect that is not canceled",
    );
}

/// The client knows of a dead socket now.
pub(super) fn tell_dead(s: &mut State, at: usize, rule: &'static rule::Rule) {
    let now = s.now;
    if let Some(socket) = s.wsk.sockets.get_mut(&at)
        && socket.dead
    {
        socket.told.get_or_insert((now, rule));
    }
}

/// When the next dead socket has to be closed; notes a breach if that was before.
pub(crate) fn next_deadline(s: &mut State) -> Option<u64> {
    let open = s.wsk.sockets.values().filter(|socket| !socket.closing);
    let (told, rule) = open
        .filter_map(|socket| socket.told)
        .min_by_key(|(told, _)| *told)?;
    let by = told + SOON;
    if by <= s.now {
        rule.fail(
            s,
            "a dead socket is not closed, 30 s after the client was told",
        );
    }
    Some(by)
}

/// What closing a dead socket may take.
const SOON: u64 = 30 * 10_000_000;
