//! Transport addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV6};

use super::*;

/// # Safety
/// `address` is readable, for as many bytes as its family has.
pub(super) unsafe fn read(address: PSOCKADDR) -> SocketAddr {
    // SAFETY: by the contract.
    match unsafe { (*address).sa_family } {
        AF_INET => {
            // SAFETY: by the contract.
            let v4 = unsafe { *address.cast::<SOCKADDR_IN>() };
            // SAFETY: every byte of an address is defined by each view.
            let ip = Ipv4Addr::from_bits(u32::from_be(unsafe { v4.sin_addr.S_un.S_addr }));
            SocketAddr::from((ip, u16::from_be(v4.sin_port)))
        }
        AF_INET6 => {
            // SAFETY: by the contract.
            let v6 = unsafe { *address.cast::<SOCKADDR_IN6>() };
            // SAFETY: every byte of an address is defined by each view.
            let ip = Ipv6Addr::from(unsafe { v6.sin6_addr.u.Byte });
            let port = u16::from_be(v6.sin6_port);
            SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id).into()
        }
        family => breach(&format!("rule 42: an address of family {family}")),
    }
}

pub(super) unsafe extern "C" fn local(
    socket: PWSK_SOCKET,
    to: PSOCKADDR,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskGetLocalAddress", DISPATCH);
    let call = Call::new(
        "WskGetLocalAddress",
        socket,
        &[Category::Listen, Category::Connection, Category::Stream],
    );
    let bound = call.look(|socket| {
        let is_bound = socket.phase != Phase::Created;
        socket.local.filter(|_| is_bound)
    });
    // SAFETY: the contract is the same.
    unsafe { tell("WskGetLocalAddress", call, bound, to, irp) }
}

pub(super) unsafe extern "C" fn remote(
    socket: PWSK_SOCKET,
    to: PSOCKADDR,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskGetRemoteAddress", DISPATCH);
    let call = Call::new(
        "WskGetRemoteAddress",
        socket,
        &[Category::Connection, Category::Stream],
    );
    let link = call.look(|socket| socket.link.filter(|_| socket.phase == Phase::Connected));
    let remote = link.map(|(c, side)| with(|s| s.net.connections[c].addresses[1 - side]));
    // SAFETY: the contract is the same.
    unsafe { tell("WskGetRemoteAddress", call, remote, to, irp) }
}

/// Completes with an address, or says that there is none (rule 46).
///
/// # Safety
/// As the functions of WSK.
unsafe fn tell(
    name: &'static str,
    call: Call,
    address: Option<SocketAddr>,
    to: PSOCKADDR,
    irp: *mut IRP,
) -> NTSTATUS {
    let profile = with(|s| s.profile);
    if profile.is_wine() {
        return STATUS_NOT_IMPLEMENTED;
    }
    let family = call.look(|socket| socket.family);
    // SAFETY: the contract is the same.
    let id = unsafe { begin(name, irp, Kind::Control, call.at) };
    with(|s| {
        let Some(op) = s.wsk.ops.get_mut(&id) else {
            return;
        };
        let mut output = Output::new(to.cast(), size(family));
        match address {
            _ if profile == Profile::Viosock => op.decide(STATUS_NOT_IMPLEMENTED, 0),
            None => op.decide(STATUS_INVALID_DEVICE_STATE, 0),
            Some(address) => {
                output.data = bytes(&address);
                op.decide(0, 0);
            }
        }
        op.outputs.push(output);
    });
    call.finish(id)
}

/// The bytes of a SOCKADDR.
pub(super) fn bytes(address: &SocketAddr) -> Vec<u8> {
    let place = to_sockaddr(address);
    let from: *const u8 = (&raw const place).cast();
    // SAFETY: the union is large enough for either family.
    unsafe { std::slice::from_raw_parts(from, size(family(address))) }.to_vec()
}

/// As the interface has it.
pub(super) fn to_sockaddr(address: &SocketAddr) -> SOCKADDR_INET {
    match address {
        SocketAddr::V4(v4) => SOCKADDR_INET {
            Ipv4: SOCKADDR_IN {
                sin_port: v4.port().to_be(),
                sin_addr: wskhttp_core::wsk::sys::IN_ADDR {
                    S_un: wskhttp_core::wsk::sys::IN_ADDR_UN {
                        S_addr: v4.ip().to_bits().to_be(),
                    },
                },
                ..SOCKADDR_IN::ANY
            },
        },
        SocketAddr::V6(v6) => {
            let mut address = SOCKADDR_IN6::ANY;
            address.sin6_port = v6.port().to_be();
            address.sin6_addr.u.Byte = v6.ip().octets();
            address.sin6_scope_id = v6.scope_id();
            SOCKADDR_INET { Ipv6: address }
        }
    }
}

pub(super) fn family(address: &SocketAddr) -> u16 {
    if address.is_ipv4() { AF_INET } else { AF_INET6 }
}

/// How many bytes an address of the family has.
pub(super) fn size(family: u16) -> usize {
    if family == AF_INET {
        size_of::<SOCKADDR_IN>()
    } else {
        size_of::<SOCKADDR_IN6>()
    }
}

/// `local` with a port: of a wildcard bind, the port is fixed here (rule 43).
pub(super) fn with_port(mut local: SocketAddr) -> SocketAddr {
    if local.port() == 0 {
        local.set_port(with(|s| {
            s.wsk.port = s.wsk.port.wrapping_add(1);
            FIRST_PORT + s.wsk.port % (u16::MAX - FIRST_PORT)
        }));
    }
    local
}

/// `local` as it is once it is connected to `remote` (rule 43).
pub(super) fn toward(mut local: SocketAddr, remote: SocketAddr) -> SocketAddr {
    if local.ip().is_unspecified() {
        local.set_ip(match (remote.ip().is_loopback(), remote.is_ipv4()) {
            (true, _) => remote.ip(),
            (_, true) => IpAddr::from(Ipv4Addr::new(192, 0, 2, 1)),
            _ => IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
        });
    }
    local
}

/// The first port that is given to who asks for any.
const FIRST_PORT: u16 = 49152;
