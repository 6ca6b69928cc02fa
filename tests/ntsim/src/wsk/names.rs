//! Names.

use super::*;

pub(super) unsafe extern "C" fn get_address_info(
    client: PWSK_CLIENT,
    name: *mut UNICODE_STRING,
    _service: *mut UNICODE_STRING,
    _space: u32,
    _provider: *mut wdk_sys::GUID,
    _hints: PADDRINFOEXW,
    result: *mut PADDRINFOEXW,
    _process: wdk_sys::PEPROCESS,
    _thread: wdk_sys::PETHREAD,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskGetAddressInfo", APC);
    assert_passive("rule 86: WskGetAddressInfo above PASSIVE_LEVEL");
    captured(client, "WskGetAddressInfo");
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskGetAddressInfo", irp, Kind::Resolve, 0) };
    // SAFETY: a valid string by the contract.
    let name = unsafe { text(name) };
    with(|s| {
        if let Some(op) = s.ops.get_mut(&id) {
            op.out = result.expose_provenance();
        }
    });
    match name.as_str() {
        "localhost" => resolve_op(id, 0, 0),
        "slow.test" => {}
        _ => resolve_op(id, STATUS_NO_MATCH, STATUS_NO_MATCH as usize),
    }
    end(id)
}

/// 127.0.0.1 and ::1, in random order.
pub(super) fn addresses() -> PADDRINFOEXW {
    let v4 = SOCKADDR_INET {
        Ipv4: SOCKADDR_IN {
            sin_addr: wskhttp_core::wsk::sys::IN_ADDR {
                S_un: wskhttp_core::wsk::sys::IN_ADDR_UN {
                    S_addr: 0x0100_007F,
                },
            },
            ..SOCKADDR_IN::ANY
        },
    };
    let mut loopback = SOCKADDR_IN6::ANY;
    loopback.sin6_addr.u.Byte = std::net::Ipv6Addr::LOCALHOST.octets();
    let v6 = SOCKADDR_INET { Ipv6: loopback };
    let mut list = vec![
        (v4, AF_INET, size_of::<SOCKADDR_IN>()),
        (v6, AF_INET6, size_of::<SOCKADDR_IN6>()),
    ];
    if lot(2) == 0 {
        list.reverse();
    }
    let mut infos: Vec<Box<Info>> = Vec::new();
    let mut next = std::ptr::null_mut();
    for (address, family, len) in list {
        let mut info = Box::new(Info {
            info: ADDRINFOEXW {
                ai_family: family.into(),
                ai_addrlen: len as _,
                ai_next: next,
                ..ADDRINFOEXW::ZEROED
            },
            address,
        });
        info.info.ai_addr = (&raw mut info.address).cast();
        next = &raw mut info.info;
        infos.push(info);
    }
    with(|s| s.infos.insert(next.addr(), infos));
    next
}

pub(super) unsafe extern "C" fn free_address_info(client: PWSK_CLIENT, list: PADDRINFOEXW) {
    let _entry = enter("WskFreeAddressInfo", APC);
    assert_passive("rule 86: WskFreeAddressInfo above PASSIVE_LEVEL");
    captured(client, "WskFreeAddressInfo");
    if with(|s| s.infos.remove(&list.addr())).is_none() {
        breach("rule 87: an address list is freed twice, or none");
    }
}
