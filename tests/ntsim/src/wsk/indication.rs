//! Received data that the client is shown, and may keep.

use wskhttp_core::wsk::sys::{
    PFN_WSK_RECEIVE_EVENT, PWSK_DATA_INDICATION, WSK_BUF, WSK_DATA_INDICATION,
    WSK_FLAG_RELEASE_ASAP,
};

use super::*;

/// One element of a list, with its memory, which begins somewhere in its MDL.
pub(crate) struct Node {
    indication: WSK_DATA_INDICATION,
    memory: Box<[u8]>,
    offset: usize,
}

type Function =
    unsafe extern "C" fn(*mut c_void, u32, PWSK_DATA_INDICATION, u64, *mut u64) -> NTSTATUS;
const _: fn(Function) -> PFN_WSK_RECEIVE_EVENT = |function| Some(function);

/// A list of the client's, until it is released.
#[expect(clippy::vec_box, reason = "pointers to them are given out")]
pub(crate) struct List(Vec<Box<Node>>);

impl List {
    /// `data` in pieces.
    fn new(data: &[u8]) -> Self {
        let mut nodes: Vec<Box<Node>> = Vec::new();
        let mut left = data;
        while !left.is_empty() {
            let n = 1 + lot(left.len() as u64) as usize;
            let (piece, rest) = left.split_at(n);
            left = rest;
            let offset = lot(8) as usize;
            let mut memory = vec![POISON; offset];
            memory.extend(piece);
            let memory = memory.into_boxed_slice();
            let address = memory.as_ptr().expose_provenance();
            let mdl = crate::mm::new_mdl(address, memory.len(), false);
            let indication = WSK_DATA_INDICATION {
                Next: std::ptr::null_mut(),
                Buffer: WSK_BUF {
                    Mdl: mdl,
                    Offset: offset as u32,
                    Length: n as u64,
                },
            };
            nodes.push(Box::new(Node {
                indication,
                memory,
                offset,
            }));
        }
        let mut next = std::ptr::null_mut();
        for node in nodes.iter_mut().rev() {
            node.indication.Next = next;
            next = &raw mut node.indication;
        }
        Self(nodes)
    }

    fn head(&mut self) -> PWSK_DATA_INDICATION {
        &raw mut self.0[0].indication
    }

    /// The data from byte `from` on.
    fn rest(&self, from: usize) -> Vec<u8> {
        let data = self.0.iter().flat_map(|node| &node.memory[node.offset..]);
        data.skip(from).copied().collect()
    }

    /// Takes the memory from the client. It stays, with nothing of use in it.
    fn end(mut self) {
        for node in &mut self.0 {
            crate::mm::free(node.indication.Buffer.Mdl);
            node.memory.fill(POISON);
            node.indication.Next = std::ptr::null_mut();
            node.indication.Buffer.Mdl = std::ptr::null_mut();
        }
        with(|s| s.wsk.released.push(self));
    }
}

/// How many lists of received data the client keeps.
#[must_use]
pub fn kept_lists() -> usize {
    with(|s| s.wsk.retained.len())
}

/// Shows the client what has arrived.
pub(super) fn indicate(at: usize, function: Function, context: *mut c_void, level: u8, flags: u32) {
    let (data, receives) = with(|s| {
        let socket = &s.wsk.sockets[&at];
        let receives = socket.events.receives;
        let (c, side) = socket.link.expect("it is due");
        let most = s.net.connections[c].incoming(side).data.len();
        let n = 1 + s.lot(most as u64) as usize;
        let pipe = s.net.connections[c].incoming(side);
        let n = n.min(most).min(pipe.at_most.unwrap_or(usize::MAX));
        (pipe.data.drain(..n).collect::<Vec<u8>>(), receives)
    });
    if data.is_empty() {
        // Another thread has taken it.
        return;
    }
    let asap = if lot(4) == 0 {
        WSK_FLAG_RELEASE_ASAP
    } else {
        0
    };
    let mut list = List::new(&data);
    let head = list.head();
    let total = data.len();
    let mut accepted = total as u64;
    with(|s| {
        if let Some(socket) = s.wsk.sockets.get_mut(&at) {
            socket.events.shown = head.addr();
        }
    });
    // SAFETY: the client's function.
    let status = events::callback(level, "WskReceiveEvent", || unsafe {
        function(context, flags | asap, head, total as u64, &raw mut accepted)
    });
    let back = match status {
        0 if accepted as usize > total => rule::WSK_73.broken("more bytes accepted than indicated"),
        0 => list.rest(accepted as usize),
        STATUS_PENDING => Vec::new(),
        STATUS_DATA_NOT_ACCEPTED => data,
        _ => rule::WSK_73.broken(format!("WskReceiveEvent has returned {status:#x}")),
    };
    with(|s| {
        let Some(socket) = s.wsk.sockets.get_mut(&at) else {
            return;
        };
        if !back.is_empty() {
            socket.events.held = socket.events.receives == receives;
            if let Some((c, side)) = socket.link {
                let pipe = s.net.connections[c].incoming(side);
                for byte in back.iter().rev() {
                    pipe.data.push_front(*byte);
                }
            }
        }
    });
    let given_back = with(|s| {
        let socket = s.wsk.sockets.get_mut(&at);
        socket.is_some_and(|socket| std::mem::take(&mut socket.events.shown) == 0)
    });
    if given_back && status != STATUS_PENDING {
        rule::WSK_74.broken("WskRelease of what WskReceiveEvent then does not keep");
    }
    if status == STATUS_PENDING && !given_back {
        with(|s| {
            if let Some(socket) = s.wsk.sockets.get_mut(&at) {
                socket.events.retained.push(head.addr());
            }
            s.wsk.retained.insert(head.addr(), list);
        });
    } else {
        list.end();
    }
}

pub(super) unsafe extern "C" fn release(
    socket: PWSK_SOCKET,
    list: PWSK_DATA_INDICATION,
) -> NTSTATUS {
    let _entry = enter("WskRelease", DISPATCH);
    let call = Call::new(
        "WskRelease",
        socket,
        &[Category::Connection, Category::Stream],
    );
    if !with(|s| matches!(s.profile, Profile::Windows | Profile::Hostile)) {
        return STATUS_NOT_IMPLEMENTED;
    }
    let kept = call.look(|socket| {
        let retained = &mut socket.events.retained;
        let place = retained.iter().position(|head| *head == list.addr());
        let kept = place.map(|place| retained.swap_remove(place)).is_some();
        // Another thread may give it back before the callback has said that it keeps it.
        let shown = !list.is_null() && socket.events.shown == list.addr();
        if shown {
            socket.events.shown = 0;
        }
        kept || shown
    });
    if !kept {
        rule::WSK_74.broken("WskRelease of what is not the head of a list that is kept");
    }
    if let Some(list) = with(|s| s.wsk.retained.remove(&list.addr())) {
        list.end();
    }
    0
}

const POISON: u8 = 0xDD;
