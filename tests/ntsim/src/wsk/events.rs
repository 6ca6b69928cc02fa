//! Event callbacks: when they are due, and how the provider calls them.

mod call;

use wskhttp_core::wsk::sys::{
    NPI_WSK_INTERFACE_ID, WSK_EVENT_ACCEPT, WSK_EVENT_CALLBACK_CONTROL, WSK_EVENT_DISABLE,
    WSK_EVENT_DISCONNECT, WSK_EVENT_RECEIVE, WSK_EVENT_SEND_BACKLOG,
};

use super::*;

pub(crate) use call::in_callback;
pub(super) use call::{callback, run};

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
        return with(op::status_of_dead);
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
/// As [`control()`].
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
    for (at, socket) in s.wsk.in_order() {
        if socket.events.enabled == 0 || socket.closing || socket.events.running != 0 {
            continue;
        }
        for event in [
            WSK_EVENT_ACCEPT,
            WSK_EVENT_RECEIVE,
            WSK_EVENT_DISCONNECT,
            WSK_EVENT_SEND_BACKLOG,
        ] {
            if socket.events.enabled & event != 0 && is_due(s, at, socket, event) {
                due.push((at, event));
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
