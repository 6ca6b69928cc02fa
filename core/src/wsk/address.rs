//! Socket addresses in the form of Winsock.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::sys::{
    ADDRESS_FAMILY, AF_INET, AF_INET6, IN_ADDR, IN_ADDR_UN, IN6_ADDR, IN6_ADDR_UN, PSOCKADDR,
    SOCKADDR_IN, SOCKADDR_IN6, SOCKADDR_INET,
};

/// Most addresses of a name that are tried.
pub(super) const MAX_ADDRESSES: usize = 8;

/// Addresses to try, in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    list: [SocketAddr; MAX_ADDRESSES],
    len: usize,
}

impl Addresses {
    pub(super) const fn new() -> Self {
        let none = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0));
        Self {
            list: [none; MAX_ADDRESSES],
            len: 0,
        }
    }

    pub(super) fn one(address: IpAddr, port: u16) -> Self {
        let mut addresses = Self::new();
        addresses.push(SocketAddr::new(address, port));
        addresses
    }

    /// Appends `address`, unless it is there or there are too many.
    pub(super) fn push(&mut self, address: SocketAddr) {
        if self.as_slice().contains(&address) {
            return;
        }
        if let Some(slot) = self.list.get_mut(self.len) {
            *slot = address;
            self.len += 1;
        }
    }

    pub(super) fn as_slice(&self) -> &[SocketAddr] {
        self.list.get(..self.len).unwrap_or_default()
    }
}

/// `address` as Winsock has it.
pub(super) fn to_sockaddr(address: &SocketAddr) -> SOCKADDR_INET {
    match address {
        SocketAddr::V4(v4) => SOCKADDR_INET {
            Ipv4: SOCKADDR_IN {
                sin_family: AF_INET,
                sin_port: v4.port().to_be(),
                sin_addr: IN_ADDR {
                    S_un: IN_ADDR_UN {
                        S_addr: u32::from_ne_bytes(v4.ip().octets()),
                    },
                },
                sin_zero: [0; 8],
            },
        },
        SocketAddr::V6(v6) => SOCKADDR_INET {
            Ipv6: SOCKADDR_IN6 {
                sin6_family: AF_INET6,
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: v6.flowinfo(),
                sin6_addr: IN6_ADDR {
                    u: IN6_ADDR_UN {
                        Byte: v6.ip().octets(),
                    },
                },
                sin6_scope_id: v6.scope_id(),
            },
        },
    }
}

/// The wildcard address of the family of `address`.
pub(super) fn wildcard(address: &SocketAddr) -> SOCKADDR_INET {
    match address {
        SocketAddr::V4(_) => SOCKADDR_INET {
            Ipv4: SOCKADDR_IN::ANY,
        },
        SocketAddr::V6(_) => SOCKADDR_INET {
            Ipv6: SOCKADDR_IN6::ANY,
        },
    }
}

/// The family of `address`.
pub(super) fn family(address: &SocketAddr) -> ADDRESS_FAMILY {
    match address {
        SocketAddr::V4(_) => AF_INET,
        SocketAddr::V6(_) => AF_INET6,
    }
}

/// The address that WSK has written, if it has written one.
pub(super) fn from_inet(address: &mut SOCKADDR_INET) -> Option<SocketAddr> {
    // SAFETY: both families have the port in the same place.
    let port = u16::from_be(unsafe { address.Ipv4.sin_port });
    let address: *mut SOCKADDR_INET = address;
    // SAFETY: of that size.
    unsafe { from_sockaddr(address.cast(), size_of::<SOCKADDR_INET>(), port) }
}

/// No address.
pub(super) const NO_ADDRESS: SOCKADDR_INET = SOCKADDR_INET {
    Ipv4: SOCKADDR_IN::ANY,
};

/// The address at `address`, with `port` in the place of its own; `None` if it is neither IPv4 nor
/// IPv6.
///
/// # Safety
/// `address` is null or points to `len` readable bytes.
pub(super) unsafe fn from_sockaddr(
    address: PSOCKADDR,
    len: usize,
    port: u16,
) -> Option<SocketAddr> {
    if address.is_null() || len < size_of::<ADDRESS_FAMILY>() {
        return None;
    }
    // SAFETY: there are that many bytes, by the contract.
    match unsafe { address.cast::<ADDRESS_FAMILY>().read_unaligned() } {
        AF_INET if len >= size_of::<SOCKADDR_IN>() => {
            // SAFETY: there are that many bytes, by the contract.
            let v4 = unsafe { address.cast::<SOCKADDR_IN>().read_unaligned() };
            // SAFETY: every view of the union is defined.
            let ip = unsafe { v4.sin_addr.S_un.S_addr };
            let ip = Ipv4Addr::from(ip.to_ne_bytes());
            Some(SocketAddrV4::new(ip, port).into())
        }
        AF_INET6 if len >= size_of::<SOCKADDR_IN6>() => {
            // SAFETY: there are that many bytes, by the contract.
            let v6 = unsafe { address.cast::<SOCKADDR_IN6>().read_unaligned() };
            // SAFETY: every view of the union is defined.
            let ip = Ipv6Addr::from(unsafe { v6.sin6_addr.u.Byte });
            Some(SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id).into())
        }
        _ => None,
    }
}
