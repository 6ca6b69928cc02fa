//! Sending, receiving and disconnecting.

use super::*;

/// Begins a request over `buffer`.
///
/// # Safety
/// The contract of the functions of WSK.
unsafe fn transfer(
    name: &'static str,
    kind: Kind,
    call: Call,
    chain: Chain,
    flags: u32,
    irp: *mut IRP,
) -> NTSTATUS {
    let wine = with(|s| s.profile.is_wine());
    let pending = with(|s| s.wsk.ops.values().filter(|op| op.socket == call.at).count());
    let refused = if wine && (chain.goes_on || pending >= WINE_PENDING) {
        Some(STATUS_UNSUCCESSFUL)
    } else if flags != 0 && !call.look(|socket| socket.has_flags) {
        // Rule 50.
        Some(STATUS_NOT_SUPPORTED)
    } else {
        None
    };
    // SAFETY: the contract is the same.
    let id = unsafe { begin(name, irp, kind, call.at) };
    with(|s| {
        let stuck = kind == Kind::Disconnect && s.profile.is_hostile() && s.lot(3) == 0;
        if let Some(op) = s.wsk.ops.get_mut(&id) {
            op.chain = chain;
            op.flags = if wine { 0 } else { flags };
            op.stuck = stuck;
        }
    });
    if let Some(status) = refused {
        decide(id, status, 0);
    }
    call.finish(id)
}

fn check_connected(name: &str, call: &Call) {
    let (phase, aborted, silent) =
        call.look(|socket| (socket.phase, socket.aborted, socket.silent));
    if phase != Phase::Connected {
        breach(&format!(
            "rule 48: {name} on a socket that is not connected"
        ));
    }
    if silent {
        rule::WSK_61.broken(format!("{name} in silent mode"));
    }
    if aborted {
        breach(&format!("rule 60: {name} after an abortive WskDisconnect"));
    }
}

pub(super) unsafe extern "C" fn send(
    socket: PWSK_SOCKET,
    buffer: PWSK_BUF,
    flags: u32,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskSend", DISPATCH);
    let call = Call::new("WskSend", socket, CONNECTED);
    check_connected("WskSend", &call);
    if call.look(|socket| socket.sent_fin) {
        breach("rule 57: WskSend after WskDisconnect");
    }
    if flags & !WSK_FLAG_NODELAY != 0 {
        breach("rule 50: WskSend with flags that are not defined");
    }
    // SAFETY: the contract is the same.
    let chain = unsafe { Chain::new("WskSend", buffer) }.seal();
    // SAFETY: the contract is the same.
    unsafe { transfer("WskSend", Kind::Send, call, chain, flags, irp) }
}

pub(super) unsafe extern "C" fn receive(
    socket: PWSK_SOCKET,
    buffer: PWSK_BUF,
    flags: u32,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskReceive", DISPATCH);
    let call = Call::new("WskReceive", socket, CONNECTED);
    check_connected("WskReceive", &call);
    // SAFETY: the contract is the same.
    let chain = unsafe { Chain::new("WskReceive", buffer) };
    if flags & WSK_FLAG_DRAIN != 0 && (flags & WSK_FLAG_WAITALL != 0 || chain.len > 0) {
        breach("rule 53: WSK_FLAG_DRAIN with a length, or with WSK_FLAG_WAITALL");
    }
    call.look(|socket| {
        socket.events.held = false;
        socket.events.receives += 1;
    });
    if flags & !(WSK_FLAG_DRAIN | WSK_FLAG_WAITALL) != 0 {
        breach("rule 50: WskReceive with flags that are not defined");
    }
    // SAFETY: the contract is the same.
    unsafe { transfer("WskReceive", Kind::Receive, call, chain, flags, irp) }
}

pub(super) unsafe extern "C" fn disconnect(
    socket: PWSK_SOCKET,
    buffer: PWSK_BUF,
    flags: u32,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskDisconnect", DISPATCH);
    let call = Call::new("WskDisconnect", socket, CONNECTED);
    check_connected("WskDisconnect", &call);
    let abortive = flags & WSK_FLAG_ABORTIVE != 0;
    if abortive && !buffer.is_null() {
        breach("rule 58: an abortive WskDisconnect with a buffer");
    }
    if with(|s| s.profile.is_wine()) {
        return STATUS_NOT_IMPLEMENTED;
    }
    let chain = if buffer.is_null() {
        Chain::default()
    } else {
        // SAFETY: the contract is the same.
        unsafe { Chain::new("WskDisconnect", buffer) }.seal()
    };
    call.look(|socket| {
        socket.sent_fin = true;
        socket.aborted = abortive;
    });
    if abortive {
        with(|s| {
            if let Some((connection, side)) = s.wsk.sockets[&call.at].link {
                s.net.connections[connection].reset(side, false);
            }
        });
    }
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskDisconnect", irp, Kind::Disconnect, call.at) };
    with(|s| {
        let stuck = s.profile.is_hostile() && s.lot(3) == 0;
        if let Some(op) = s.wsk.ops.get_mut(&id) {
            op.chain = chain;
            op.stuck = stuck;
        }
    });
    if abortive {
        decide(id, 0, 0);
    }
    call.finish(id)
}

const CONNECTED: &[Category] = &[Category::Connection, Category::Stream];
/// How many requests of a socket Wine keeps at a time.
const WINE_PENDING: usize = 10;
