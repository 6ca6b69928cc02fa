//! Names, as the machine's resolver knows them.

use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::of;
use crate::state::with;
use crate::wsk;

type Found = (u64, Vec<IpAddr>);

/// Look-ups under way, each on a thread of the machine's.
pub(crate) struct Names {
    to: Sender<Found>,
    from: Receiver<Found>,
}

impl Default for Names {
    fn default() -> Self {
        let (to, from) = channel();
        Self { to, from }
    }
}

impl Names {
    pub(crate) fn deliver(&self) {
        for (request, addresses) in self.from.try_iter() {
            wsk::found(request, addresses);
        }
    }
}

/// Looks `name` up for a request. Names that are nobody's (RFC 6761) are not asked for.
pub(crate) fn look_up(request: u64, name: &str) {
    let (to, door) = with(|s| {
        let host = of(s);
        (host.names.to.clone(), Arc::clone(&host.door))
    });
    if name.ends_with(".invalid") {
        wsk::found(request, Vec::new());
        return;
    }
    let name = name.to_owned();
    std::thread::spawn(move || {
        let found = (&*name, 0).to_socket_addrs();
        let mut addresses: Vec<IpAddr> = found.into_iter().flatten().map(|a| a.ip()).collect();
        addresses.dedup();
        // The simulation may have ended.
        let _ = to.send((request, addresses));
        door.wake();
    });
}
