//! Names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::*;
use crate::host;

/// One element of an address list, and its address.
pub(crate) struct Info {
    info: ADDRINFOEXW,
    address: SOCKADDR_INET,
}

pub(super) unsafe extern "C" fn get_address_info(
    client: PWSK_CLIENT,
    name: *mut UNICODE_STRING,
    _service: *mut UNICODE_STRING,
    _space: u32,
    _provider: *mut wdk_sys::GUID,
    _hints: PADDRINFOEXW,
    result: *mut PADDRINFOEXW,
    process: wdk_sys::PEPROCESS,
    thread: wdk_sys::PETHREAD,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskGetAddressInfo", PASSIVE);
    let _captured = Captured::new(client, "WskGetAddressInfo");
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskGetAddressInfo", irp, Kind::Resolve, 0) };
    // Rule 88.
    if process.is_null() && !thread.is_null() {
        decide(id, STATUS_INVALID_PARAMETER, 0);
    }
    // SAFETY: a valid string by the contract.
    let strings = unsafe {
        [
            (name.addr(), 16),
            ((*name).Buffer.addr(), (*name).Length.into()),
        ]
    };
    // SAFETY: a valid string by the contract.
    let name = unsafe { text(name) };
    let slow = name == SLOW && rule::WSK_91.is_on();
    with(|s| {
        let wine = s.profile.is_wine();
        let now = s.now;
        let Some(op) = s.wsk.ops.get_mut(&id) else {
            return;
        };
        op.strings.extend(strings);
        op.out = (result.expose_provenance(), size_of::<PADDRINFOEXW>());
        // Nothing cancels it on Wine, so it has to end.
        if wine && slow {
            op.decide_at(now + WINE_SLOW, STATUS_NOT_FOUND);
        }
    });
    match name.as_str() {
        _ if slow => {}
        _ if with(|s| s.net.names.contains_key(&name)) => {
            let known = with(|s| s.net.names[&name].clone());
            found(id, known);
        }
        _ if with(|s| s.host.is_some()) => host::look_up(id, &name),
        "localhost" => {
            let mut both = [
                IpAddr::from(Ipv4Addr::LOCALHOST),
                IpAddr::from(Ipv6Addr::LOCALHOST),
            ];
            if lot(2) == 0 {
                both.reverse();
            }
            found(id, both.into());
        }
        _ => found(id, Vec::new()),
    }
    end(id)
}

/// What a look-up has found.
pub(crate) fn found(id: u64, addresses: Vec<IpAddr>) {
    with(|s| {
        let wine = s.profile.is_wine();
        let Some(op) = s.wsk.ops.get_mut(&id) else {
            return;
        };
        match addresses.is_empty() {
            false => op.decide(0, 0),
            true if wine => op.decide(STATUS_NOT_FOUND, 0),
            true => op.decide(STATUS_NO_MATCH, STATUS_NO_MATCH as usize),
        }
        op.addresses = addresses;
    });
}

/// An address list of the provider's.
pub(super) fn list(addresses: &[IpAddr]) -> PADDRINFOEXW {
    let mut infos: Vec<Box<Info>> = Vec::new();
    let mut next = std::ptr::null_mut();
    for ip in addresses.iter().rev() {
        let address = SocketAddr::from((*ip, 0));
        let family = address::family(&address);
        let mut info = Box::new(Info {
            info: ADDRINFOEXW {
                ai_family: family.into(),
                ai_addrlen: address::size(family) as _,
                ai_next: next,
                ..ADDRINFOEXW::ZEROED
            },
            address: address::to_sockaddr(&address),
        });
        info.info.ai_addr = (&raw mut info.address).cast();
        next = &raw mut info.info;
        infos.push(info);
    }
    with(|s| s.wsk.infos.insert(next.addr(), infos));
    next
}

pub(super) unsafe extern "C" fn free_address_info(client: PWSK_CLIENT, list: PADDRINFOEXW) {
    let _entry = enter("WskFreeAddressInfo", PASSIVE);
    let _captured = Captured::new(client, "WskFreeAddressInfo");
    if with(|s| s.wsk.infos.remove(&list.addr())).is_none() {
        breach("rule 87: an address list is freed twice, or none");
    }
}

/// A name that nobody answers for.
const SLOW: &str = "slow.test";
/// How long Wine takes for a name that nobody answers for.
const WINE_SLOW: u64 = 10 * 10_000_000;
