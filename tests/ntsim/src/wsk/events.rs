//! Event callbacks: when they are due, and how the provider calls them.

use wskhttp_core::wsk::sys::{
    NPI_WSK_INTERFACE_ID, WSK_CLIENT_CONNECTION_DISPATCH, WSK_CLIENT_LISTEN_DISPATCH,
    WSK_CLIENT_STREAM_DISPATCH, WSK_EVENT_ACCEPT, WSK_EVENT_CALLBACK_CONTROL, WSK_EVENT_DISABLE,
    WSK_EVENT_DISCONNECT, WSK_EVENT_RECEIVE, WSK_EVENT_SEND_BACKLOG, WSK_FLAG_AT_DISPATCH_LEVEL,
};

use super::*;
use crate::sched::call_at;

/// What a socket's callbacks are at.
#[derive(Default)]
pub(super) struct Events {
    pub(super) context: usize,
    /// The client's table: of the category of the socket.
    dispatch: usize,
    enabled: u32,
    /// Those that the client's functions have not returned from.
    pub(super) running: u32,
    /// To be disabled when they return.
    disabling: u32,
    /// No WskReceiveEvent before the next WskReceive (rule 73).
    pub(super) held: bool,
    /// Calls of WskReceive.
    pub(super) receives: u64,
    told_end: bool,
    told_dead: bool,
    told_backlog: usize,
    /// Lists of data that the client keeps.
    pub(super) retained: Vec<usize>,
    /// The list that WskReceiveEvent is being called with, 0 once that is given back.
    pub(super) shown: usize,
}

impl Events {
    /// Of a new socket: only what is enabled for all is enabled (rule 39).
    pub(super) fn new(client: (usize, usize), enabled: u32) -> Self {
        let (context, dispatch) = client;
        Self {
            context,
            dispatch,
            enabled: if dispatch == 0 { 0 } else { enabled },
            told_backlog: IDEAL_BACKLOG,
            ..Self::default()
        }
    }
}

impl Events {
    /// The client's context and table.
    pub(super) fn client(&self) -> (usize, usize) {
        (self.context, self.dispatch)
    }
}

pub(super) const CONNECTION_EVENTS: u32 =
    WSK_EVENT_RECEIVE | WSK_EVENT_DISCONNECT | WSK_EVENT_SEND_BACKLOG;

pub(super) fn check_npi(control: &WSK_EVENT_CALLBACK_CONTROL) {
    let right = (&raw const NPI_WSK_INTERFACE_ID).addr();
    // SAFETY: an identifier that the client keeps.
    let same = control.NpiId.addr() == right
        || (!control.NpiId.is_null()
            && unsafe { (*control.NpiId).Data1 } == NPI_WSK_INTERFACE_ID.Data1);
    if !same {
        rule::WSK_69.broken("event callbacks of another interface than NPI_WSK_INTERFACE_ID");
    }
}

/// SO_WSK_EVENT_CALLBACK.
///
/// # Safety
/// `irp` is null or what a driver takes for an IRP.
pub(super) unsafe fn control(
    call: Call,
    control: WSK_EVENT_CALLBACK_CONTROL,
    irp: *mut IRP,
) -> NTSTATUS {
    check_npi(&control);
    let (category, phase, dispatch) =
        call.look(|socket| (socket.category, socket.phase, socket.events.dispatch));
    let mask = control.EventMask & !WSK_EVENT_DISABLE;
    let listens = matches!(phase, Phase::Listening);
    let allowed = match category {
        Category::Basic => 0,
        Category::Listen => WSK_EVENT_ACCEPT | CONNECTION_EVENTS,
        Category::Connection => CONNECTION_EVENTS,
        Category::Stream if listens => WSK_EVENT_ACCEPT | CONNECTION_EVENTS,
        Category::Stream => CONNECTION_EVENTS,
    };
    if !listens && phase != Phase::Connected {
        rule::WSK_69.broken(format!("event callbacks of a socket that is {phase:?}"));
    }
    if mask & !allowed != 0 || mask == 0 {
        rule::WSK_70.broken(format!("events {mask:#x} on a {category:?} socket"));
    }
    if dispatch == 0 {
        rule::WSK_35.broken("event callbacks are enabled of a socket without a table of them");
    }
    if control.EventMask & WSK_EVENT_DISABLE != 0 {
        // SAFETY: the contract is the same.
        return unsafe { disable(call, mask, irp) };
    }
    if !irp.is_null() {
        rule::WSK_69.broken("event callbacks are enabled with an IRP");
    }
    if with(|s| s.profile) == Profile::Viosock {
        return STATUS_NOT_IMPLEMENTED;
    }
    if call.look(|socket| socket.dead) {
        return STATUS_FILE_FORCED_CLOSED;
    }
    if let Some(status) = fault::status("WskControlSocket") {
        return status;
    }
    call.look(|socket| {
        socket.events.enabled |= mask;
        socket.events.disabling &= !mask;
    });
    0
}

/// # Safety
/// As [`control`].
unsafe fn disable(call: Call, mask: u32, irp: *mut IRP) -> NTSTATUS {
    if !mask.is_power_of_two() {
        rule::WSK_70.broken("several event callbacks are disabled at once");
    }
    if with(|s| s.wsk.static_events) & mask != 0 {
        rule::WSK_71.broken("a static event callback is disabled");
    }
    let running = call.look(|socket| {
        socket.events.enabled &= !mask;
        socket.events.disabling |= mask & socket.events.running;
        socket.events.running & mask != 0
    });
    if irp.is_null() {
        return if running { STATUS_EVENT_PENDING } else { 0 };
    }
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskControlSocket", irp, Kind::Control, call.at) };
    if running {
        with(|s| s.wsk.ops.get_mut(&id).map(|op| op.disables = mask));
    } else {
        decide(id, 0, 0);
    }
    call.finish(id)
}

/// The callbacks that the provider could call now.
pub(super) fn due(s: &State) -> Vec<(usize, u32)> {
    let mut due = Vec::new();
    for (at, socket) in &s.wsk.sockets {
        if socket.events.enabled == 0 || socket.closing || socket.events.running != 0 {
            continue;
        }
        for event in [
            WSK_EVENT_ACCEPT,
            WSK_EVENT_RECEIVE,
            WSK_EVENT_DISCONNECT,
            WSK_EVENT_SEND_BACKLOG,
        ] {
            if socket.events.enabled & event != 0 && is_due(s, *at, socket, event) {
                due.push((*at, event));
            }
        }
    }
    due
}

fn is_due(s: &State, at: usize, socket: &Socket, event: u32) -> bool {
    let events = &socket.events;
    let pending = |kind| {
        let mut ops = s.wsk.ops.values();
        ops.any(|op| op.socket == at && op.kind == kind && op.result.is_none())
    };
    if event == WSK_EVENT_ACCEPT {
        let dead = socket.dead && !events.told_dead;
        return dead || (!socket.backlog.is_empty() && !pending(Kind::Accept) && !socket.dead);
    }
    if socket.phase != Phase::Connected {
        return false;
    }
    if socket.dead {
        return event == WSK_EVENT_RECEIVE && !events.told_dead;
    }
    let Some((c, side)) = socket.link else {
        return false;
    };
    let connection = &s.net.connections[c];
    let incoming = &connection.pipes[1 - side];
    let over = connection.is_over(side);
    match event {
        WSK_EVENT_RECEIVE => {
            !over && !incoming.data.is_empty() && !events.held && !pending(Kind::Receive)
        }
        WSK_EVENT_DISCONNECT => {
            let by_peer = connection.reset == Some(1 - side) && over;
            let finished = connection.reset.is_none() && incoming.fin && incoming.data.is_empty();
            !events.told_end && (by_peer || finished)
        }
        _ => !over && socket.ideal_backlog != events.told_backlog,
    }
}

/// Calls one that is due.
pub(super) fn run(at: usize, event: u32) {
    let level = if lot(2) == 0 { PASSIVE } else { DISPATCH };
    let flags = if level == DISPATCH {
        WSK_FLAG_AT_DISPATCH_LEVEL
    } else {
        0
    };
    let (context, dispatch, category, dead) = with(|s| {
        let socket = s.wsk.sockets.get_mut(&at).expect("it is due");
        socket.events.running |= event;
        let events = &socket.events;
        (
            events.context,
            events.dispatch,
            socket.category,
            socket.dead,
        )
    });
    let context = std::ptr::with_exposed_provenance_mut(context);
    if event == WSK_EVENT_ACCEPT {
        // SAFETY: rule 36: the client's table for the category stays.
        let table = unsafe { listen_table(category, dispatch) };
        accept_event(at, context, table, level, flags, dead);
    } else {
        // SAFETY: as above.
        let table = unsafe { connection_table(category, dispatch) };
        connection_event(at, event, context, table, level, flags, dead);
    }
    with(|s| {
        if let Some(socket) = s.wsk.sockets.get_mut(&at) {
            socket.events.running &= !event;
            socket.events.disabling &= !event;
        }
        for op in s.wsk.ops.values_mut() {
            if op.socket == at && op.disables == event {
                op.decide(0, 0);
            }
        }
    });
    settle(at);
}

fn connection_event(
    at: usize,
    event: u32,
    context: *mut c_void,
    table: &WSK_CLIENT_CONNECTION_DISPATCH,
    level: u8,
    flags: u32,
    dead: bool,
) {
    match event {
        WSK_EVENT_RECEIVE => {
            let function = table.WskReceiveEvent.unwrap_or_else(|| missing());
            if dead {
                tell(at, |events| events.told_dead = true);
                let null = std::ptr::null_mut();
                // SAFETY: the client's function (rule 75).
                callback(level, "WskReceiveEvent", || unsafe {
                    function(context, flags, null, 0, &mut 0)
                });
            } else {
                indication::indicate(at, function, context, level, flags);
            }
        }
        WSK_EVENT_DISCONNECT => {
            let function = table.WskDisconnectEvent.unwrap_or_else(|| missing());
            let abortive = with(|s| {
                let link = s.wsk.sockets[&at].link;
                link.is_some_and(|(c, _)| s.net.connections[c].reset.is_some())
            });
            tell(at, |events| events.told_end = true);
            let how = if abortive { WSK_FLAG_ABORTIVE } else { 0 };
            // SAFETY: the client's function.
            let status = callback(level, "WskDisconnectEvent", || unsafe {
                function(context, flags | how)
            });
            check_status("WskDisconnectEvent", status);
        }
        _ => {
            let function = table.WskSendBacklogEvent.unwrap_or_else(|| missing());
            let ideal = with(|s| s.wsk.sockets[&at].ideal_backlog);
            tell(at, |events| events.told_backlog = ideal);
            // SAFETY: the client's function.
            let status = callback(level, "WskSendBacklogEvent", || unsafe {
                function(context, ideal as u64)
            });
            check_status("WskSendBacklogEvent", status);
        }
    }
}

fn accept_event(
    at: usize,
    context: *mut c_void,
    table: &WSK_CLIENT_LISTEN_DISPATCH,
    level: u8,
    flags: u32,
    dead: bool,
) {
    let function = table.WskAcceptEvent.unwrap_or_else(|| missing());
    let new = if dead {
        tell(at, |events| events.told_dead = true);
        None
    } else {
        with(|s| listen::take(s, at, (0, 0)))
    };
    let addresses = new.and_then(|new| {
        with(|s| {
            let (c, _) = s.wsk.sockets[&new].link?;
            Some(s.net.connections[c].addresses)
        })
    });
    let mut places = addresses.map(|both| both.map(|address| address::to_sockaddr(&address)));
    let [remote, local] = match &mut places {
        Some([from, to]) => [from, to].map(|place| std::ptr::from_mut(place).cast()),
        None => [std::ptr::null_mut(); 2],
    };
    let socket = std::ptr::with_exposed_provenance_mut(new.unwrap_or(0));
    let mut new_context = std::ptr::null_mut();
    let mut new_table = std::ptr::null();
    // SAFETY: the client's function.
    let status = callback(level, "WskAcceptEvent", || unsafe {
        function(
            context,
            flags,
            local,
            remote,
            socket,
            &raw mut new_context,
            &raw mut new_table,
        )
    });
    let Some(new) = new else {
        return;
    };
    with(|s| {
        let inherited = s
            .wsk
            .sockets
            .get(&at)
            .map_or(0, |socket| socket.events.enabled);
        let enabled = (inherited & CONNECTION_EVENTS) | s.wsk.static_events;
        if status == 0 {
            let client = (
                new_context.expose_provenance(),
                new_table.expose_provenance(),
            );
            if let Some(socket) = s.wsk.sockets.get_mut(&new) {
                socket.events = Events::new(client, enabled & CONNECTION_EVENTS);
            }
        } else if let Some(socket) = s.wsk.sockets.remove(&new)
            && let Some((c, side)) = socket.link
        {
            s.net.connections[c].reset(side, false);
        }
    });
    if status != 0 && status != STATUS_REQUEST_NOT_ACCEPTED {
        rule::WSK_72.broken(format!("WskAcceptEvent has returned {status:#x}"));
    }
}

fn tell(at: usize, change: impl FnOnce(&mut Events)) {
    with(|s| {
        if let Some(socket) = s.wsk.sockets.get_mut(&at) {
            change(&mut socket.events);
        }
    });
}

fn check_status(name: &str, status: NTSTATUS) {
    if status != 0 {
        rule::WSK_77.broken(format!("{name} has returned {status:#x}"));
    }
}

fn missing() -> ! {
    rule::WSK_36.broken("an event callback is enabled that the client's table does not have")
}

/// Calls the client, which must not wait meanwhile (rule 72).
pub(super) fn callback<R>(level: u8, name: &str, call: impl FnOnce() -> R) -> R {
    let thread = with(|s| {
        s.wsk.in_callback.extend(s.current);
        s.current
    });
    let result = call_at(level, rule::C4_FA, name, call);
    with(|s| thread.map(|thread| s.wsk.in_callback.remove(&thread)));
    result
}

/// Whether the thread that runs now is in an event callback.
pub(crate) fn in_callback() -> bool {
    with(|s| s.current.is_some_and(|id| s.wsk.in_callback.contains(&id)))
}

/// # Safety
/// `dispatch` is the table of a socket of that category.
unsafe fn connection_table<'a>(
    category: Category,
    dispatch: usize,
) -> &'a WSK_CLIENT_CONNECTION_DISPATCH {
    // SAFETY: by the contract.
    unsafe {
        match category {
            Category::Stream => {
                let stream: *const WSK_CLIENT_STREAM_DISPATCH =
                    std::ptr::with_exposed_provenance(dispatch);
                &*(*stream).Connect
            }
            _ => &*std::ptr::with_exposed_provenance(dispatch),
        }
    }
}

/// # Safety
/// `dispatch` is the table of a socket of that category.
unsafe fn listen_table<'a>(category: Category, dispatch: usize) -> &'a WSK_CLIENT_LISTEN_DISPATCH {
    // SAFETY: by the contract.
    unsafe {
        match category {
            Category::Stream => {
                let stream: *const WSK_CLIENT_STREAM_DISPATCH =
                    std::ptr::with_exposed_provenance(dispatch);
                &*(*stream).Listen
            }
            _ => &*std::ptr::with_exposed_provenance(dispatch),
        }
    }
}
