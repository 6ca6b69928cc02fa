//! How data moves between requests and connections.

use wskhttp_core::wsk::sys::WSK_EVENT_RECEIVE;

use super::*;

/// Decides what can be decided of a socket's requests, and of those at the other side.
pub(crate) fn settle(at: usize) {
    let level = enter_quietly();
    with(|s| {
        let peer = s.wsk.sockets.get(&at).and_then(|socket| socket.link);
        let peer = peer.and_then(|(connection, side)| socket_of(s, connection, 1 - side));
        while settle_one(s, at) | peer.is_some_and(|peer| settle_one(s, peer)) {}
    });
    drop(level);
}

/// Moves the data of a connection as far as it goes.
pub(crate) fn pump(connection: usize) {
    let sockets = with(|s| [0, 1].map(|side| socket_of(s, connection, side)));
    sockets.into_iter().flatten().for_each(settle);
}

fn socket_of(s: &State, connection: usize, side: usize) -> Option<usize> {
    let mut sockets = s.wsk.sockets.iter();
    let found = sockets.find(|(_, socket)| socket.link == Some((connection, side)));
    found.map(|(at, _)| *at)
}

/// Whether an earlier request of the kind is not decided.
struct Waiting {
    send: bool,
    receive: bool,
}

/// Whether anything has changed.
fn settle_one(s: &mut State, at: usize) -> bool {
    let Some(socket) = s.wsk.sockets.get(&at) else {
        return false;
    };
    let (link, closing, dead) = (socket.link, socket.closing, socket.dead);
    let indicating = socket.events.running & WSK_EVENT_RECEIVE != 0;
    let ids: Vec<u64> = s
        .wsk
        .ops
        .iter()
        .filter(|(_, op)| op.socket == at && op.result.is_none())
        .map(|(id, _)| *id)
        .collect();
    let mut waiting = Waiting {
        send: false,
        // What a callback leaves comes first.
        receive: indicating,
    };
    let mut changed = false;
    for id in ids {
        let Some(mut op) = s.wsk.ops.remove(&id) else {
            continue;
        };
        let done = op.chain.done;
        match (op.kind, link) {
            (Kind::Accept, _) if !dead && !closing => settle_accept(s, &mut op),
            (Kind::Close, _) => close(s, &mut op),
            _ if dead => op.decide(STATUS_FILE_FORCED_CLOSED, 0),
            _ if closing => op.decide(STATUS_CANCELLED, 0),
            (_, Some((c, side))) => transfer(s, &mut op, c, side, &mut waiting),
            _ => {}
        }
        changed |= op.chain.done != done || op.result.is_some();
        s.wsk.ops.insert(id, op);
    }
    changed
}

/// Closing is over when everything else is (rule 63).
fn close(s: &mut State, op: &mut Op) {
    let others = s.wsk.ops.values().any(|other| other.socket == op.socket);
    let called = s.wsk.sockets.get(&op.socket);
    if !others && called.is_none_or(|socket| socket.events.running == 0) {
        // Where time is the machine's own, tests wait for it.
        let longest = LONG_CLOSE / if s.host.is_some() { 20 } else { 1 };
        let takes_time = s.profile.is_hostile() && !rule::WSK_68.is_off(s);
        let end = match takes_time.then(|| s.lot(8)) {
            Some(0) if s.wsk.closes_hang && s.host.is_none() => u64::MAX,
            Some(0 | 1) => s.now + s.lot(longest),
            _ => s.now,
        };
        op.decide_at(end, 0);
    }
}

/// On [`Profile::Hostile`] some of the closes that begin from now on do not complete before
/// [`end_closes`]. So it is while a driver is loaded, unless the network is the host's.
pub fn hang_closes() {
    with(|s| s.wsk.closes_hang = true);
}

/// Forces the closes that hang to complete; none hangs from now on.
pub fn end_closes() {
    with(|s| {
        s.wsk.closes_hang = false;
        let (now, ops) = (s.now, s.wsk.ops.values_mut());
        ops.filter(|op| op.kind == Kind::Close && op.not_before == u64::MAX)
            .for_each(|op| op.not_before = now);
    });
}

/// A request of a connected socket.
fn transfer(s: &mut State, op: &mut Op, c: usize, side: usize, waiting: &mut Waiting) {
    let by = s.net.connections[c].reset;
    let own = by == Some(side);
    match op.kind {
        Kind::Send if own => op.decide(STATUS_CANCELLED, 0),
        Kind::Receive if own => op.decide(STATUS_CONNECTION_ABORTED, 0),
        Kind::Disconnect if own => op.decide(STATUS_CONNECTION_ABORTED, 0),
        Kind::Send | Kind::Disconnect if by.is_some() => op.decide(STATUS_CONNECTION_RESET, 0),
        Kind::Send if !waiting.send => {
            let all = send(s, op, c, side);
            // What comes behind a send that is cut would come out of order.
            let cut = s.net.connections[c].cuts[side] && op.chain.done > 0;
            waiting.send = !all && !cut;
            if all || cut {
                op.decide(0, op.chain.done);
                change_backlog(s, op.socket);
            }
        }
        Kind::Disconnect if !waiting.send => finish(s, op, c, side),
        Kind::Receive if !waiting.receive => {
            receive(s, op, c, side);
            waiting.receive = op.result.is_none();
        }
        _ => {}
    }
}

/// Every now and then the ideal send backlog changes.
fn change_backlog(s: &mut State, at: usize) {
    if s.wsk.ideal_backlog.is_none() && s.lot(8) == 0 {
        let ideal = 4096 << s.lot(8);
        if let Some(socket) = s.wsk.sockets.get_mut(&at) {
            socket.ideal_backlog = ideal;
        }
    }
}

/// The ideal send backlog of every socket is `bytes` from now on.
pub fn set_ideal_backlog(bytes: usize) {
    with(|s| {
        s.wsk.ideal_backlog = Some(bytes);
        for socket in s.wsk.sockets.values_mut() {
            socket.ideal_backlog = bytes;
        }
    });
}

/// Sends the last data, and FIN behind it (rule 58).
fn finish(s: &mut State, op: &mut Op, c: usize, side: usize) {
    if send(s, op, c, side) {
        s.net.connections[c].pipes[side].fin = true;
        if !op.stuck {
            op.decide(0, 0);
        }
    }
}

/// Sends as much as there is room for. Whether that was all (rule 49).
fn send(s: &mut State, op: &mut Op, c: usize, side: usize) -> bool {
    let pipe = &mut s.net.connections[c].pipes[side];
    let n = op.chain.left().min(pipe.room());
    op.chain.take(n, &mut pipe.data);
    op.chain.left() == 0
}

fn receive(s: &mut State, op: &mut Op, c: usize, side: usize) {
    let over = s.net.connections[c].is_over(side);
    let pipe = s.net.connections[c].incoming(side);
    if op.flags & WSK_FLAG_DRAIN != 0 {
        pipe.data.clear();
    }
    let (there, fin) = (pipe.data.len(), pipe.fin);
    let most = op
        .chain
        .left()
        .min(there)
        .min(pipe.at_most.unwrap_or(usize::MAX));
    let all = op.flags & WSK_FLAG_WAITALL != 0;
    if most > 0 {
        let n = if all || s.steady {
            most
        } else {
            1 + s.lot(most as u64) as usize
        };
        let pipe = s.net.connections[c].incoming(side);
        let data: Vec<u8> = pipe.data.drain(..n).collect();
        op.chain.put(&data);
    }
    let done = op.chain.done;
    // Wine waits for data even where there is no room for any.
    let idle = s.profile.is_wine() && op.chain.len == 0 && there == 0;
    let full = op.chain.left() == 0 && op.flags & WSK_FLAG_DRAIN == 0 && !idle;
    let ended = fin && s.net.connections[c].incoming(side).data.is_empty();
    if over {
        op.decide(STATUS_CONNECTION_RESET, 0);
    } else if full || ended || (done > 0 && !all) {
        op.decide(0, done);
    }
}

/// How long closing may take on a hostile provider, where it ends by itself.
const LONG_CLOSE: u64 = 60 * 10_000_000;
