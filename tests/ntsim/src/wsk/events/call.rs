//! How the provider calls the client's callbacks.

use wskhttp_core::wsk::sys::{
    WSK_CLIENT_CONNECTION_DISPATCH, WSK_CLIENT_LISTEN_DISPATCH, WSK_CLIENT_STREAM_DISPATCH,
    WSK_EVENT_ACCEPT, WSK_EVENT_DISCONNECT, WSK_EVENT_RECEIVE, WSK_FLAG_AT_DISPATCH_LEVEL,
};

use super::*;
use crate::sched::call_at;

/// Calls one that is due.
pub(in crate::wsk) fn run(at: usize, event: u32) {
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
                with(|s| socket::tell_dead(s, at, rule::WSK_75));
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
pub(in crate::wsk) fn callback<R>(level: u8, name: &str, call: impl FnOnce() -> R) -> R {
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
