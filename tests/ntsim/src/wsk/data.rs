//! How data moves between requests and connections.

use super::*;

/// Decides what can be decided of a socket's requests.
pub(super) fn settle(at: usize) {
    let level = enter_quietly();
    with(|s| {
        let Some(socket) = s.sockets.get(&at) else {
            return;
        };
        let (connection, closing) = (socket.connection, socket.closing);
        let ids: Vec<u64> = s
            .ops
            .iter()
            .filter(|(_, op)| op.socket == at && op.result.is_none())
            .map(|(id, _)| *id)
            .collect();
        let mut window = usize::MAX;
        for id in ids {
            let kind = s.ops[&id].kind;
            let result = match (kind, connection) {
                (Kind::Close, _) => {
                    let others = s
                        .ops
                        .iter()
                        .any(|(other, op)| op.socket == at && *other != id);
                    (!others).then_some((0, 0))
                }
                _ if closing => Some((STATUS_CANCELLED, 0)),
                (_, Some(c)) if s.connections[c].reset => Some((STATUS_CONNECTION_RESET, 0)),
                (Kind::Send, Some(c)) => send(s, id, c, &mut window),
                (Kind::Receive, Some(c)) => receive(s, id, c),
                (Kind::Disconnect, Some(c)) => {
                    let sends = s
                        .ops
                        .values()
                        .any(|op| op.socket == at && op.kind == Kind::Send && op.result.is_none());
                    if !sends {
                        s.connections[c].client_fin = true;
                    }
                    (!sends).then_some((0, 0))
                }
                _ => None,
            };
            if let Some(op) = s.ops.get_mut(&id) {
                op.result = op.result.or(result);
            }
        }
    });
    drop(level);
}

fn send(s: &mut State, id: u64, c: usize, window: &mut usize) -> Option<(NTSTATUS, usize)> {
    let op = s.ops.get_mut(&id)?;
    let buffer = op.buffer.as_mut()?;
    let connection = &mut s.connections[c];
    *window = (*window).min(connection.window.saturating_sub(connection.to_peer.len()));
    let n = (buffer.len - buffer.done).min(*window);
    let from: *const u8 = std::ptr::with_exposed_provenance(buffer.address + buffer.done);
    // SAFETY: rules 28 to 30: memory that stays until the request is over.
    connection
        .to_peer
        .extend(unsafe { std::slice::from_raw_parts(from, n) });
    buffer.done += n;
    let all = buffer.done == buffer.len;
    if !all {
        // What comes after waits.
        *window = 0;
    }
    all.then_some((0, buffer.len))
}

fn receive(s: &mut State, id: u64, c: usize) -> Option<(NTSTATUS, usize)> {
    let first = s.ops.range(..id).all(|(_, op)| {
        op.kind != Kind::Receive || op.result.is_some() || op.socket != s.ops[&id].socket
    });
    let buffer = s.ops.get(&id)?.buffer?;
    let connection = &s.connections[c];
    if !first {
        return None;
    }
    if connection.to_client.is_empty() {
        return connection.peer_fin.then_some((0, 0));
    }
    let most = buffer.len.min(connection.to_client.len()) as u64;
    let n = if most == 0 {
        0
    } else {
        1 + s.lot(most) as usize
    };
    let to: *mut u8 = std::ptr::with_exposed_provenance_mut(buffer.address);
    for (i, byte) in s.connections[c].to_client.drain(..n).enumerate() {
        // SAFETY: rules 28 to 30: memory that stays until the request is over.
        unsafe { to.add(i).write(byte) };
    }
    Some((0, n))
}
