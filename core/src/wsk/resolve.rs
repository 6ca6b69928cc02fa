//! Host names.

use core::cell::UnsafeCell;
use core::net::IpAddr;
use core::ptr::null_mut;

use wdk_sys::{PIRP, UNICODE_STRING};

use super::address::{Addresses, from_sockaddr};
use super::op::{Completion, Op, Payload};
use super::provider::Provider;
use super::quirks::Function;
use super::status;
use super::sys::{ADDRINFOEXW, AF_UNSPEC, IPPROTO_TCP, NS_ALL, PADDRINFOEXW, SOCK_STREAM};
use crate::io::{Error, Kind, Phase};
use crate::nt::shared::Shared;

/// The addresses of `host`: a literal, or a name that WSK looks up. Dropping the future cancels
/// the look-up. A worker, PASSIVE_LEVEL (`wsk/nc-wsk-pfn_wsk_get_address_info`).
///
/// # Errors
/// Phase `Resolve`.
pub(super) async fn resolve(
    provider: &Shared<Provider>,
    host: &str,
    port: u16,
) -> Result<Addresses, Error> {
    if let Ok(literal) = host.parse::<IpAddr>() {
        return Ok(Addresses::one(literal, port));
    }
    let mut lookup = Op::try_new(provider, Lookup::new(provider.clone(), host)?)?;
    start(&mut lookup)?;
    let done = lookup.completion().await;
    if !done.is_success() {
        return Err(status::map(Phase::Resolve, done.status));
    }
    let addresses = lookup
        .payload_mut()
        .map_or_else(Addresses::new, |lookup| lookup.found(port));
    if addresses.as_slice().is_empty() {
        return Err(NO_ADDRESS);
    }
    Ok(addresses)
}

fn start(lookup: &mut Op<Lookup>) -> Result<(), Error> {
    let npi = lookup.provider().npi()?;
    let call = move |irp: PIRP, lookup: &Lookup| {
        // SAFETY: captured, and not released while there is an operation.
        let function = unsafe { (*npi.Dispatch).WskGetAddressInfo }?;
        let parts = lookup.parts.get();
        // SAFETY: not in flight yet, so the parts are ours; they do not move afterwards.
        let buffer = unsafe { &raw mut (*parts).name }.cast();
        // SAFETY: as above.
        let string = unsafe { &raw mut (*parts).string };
        // SAFETY: as above.
        let hints = unsafe { &raw mut (*parts).hints };
        // SAFETY: as above.
        let result = unsafe { &raw mut (*parts).result };
        // SAFETY: as above.
        unsafe { (*string).Buffer = buffer };
        // SAFETY: everything that is passed lies in the operation; PASSIVE_LEVEL.
        Some(unsafe {
            function(
                npi.Client,
                string,
                null_mut(),
                NS_ALL,
                null_mut(),
                hints,
                result,
                null_mut(),
                null_mut(),
                irp,
            )
        })
    };
    // SAFETY: the IRP is passed once; the rest by the above.
    unsafe { lookup.submit(Function::GetAddressInfo, call) };
    Ok(())
}

/// Payload of a look-up.
struct Lookup {
    parts: UnsafeCell<Parts>,
    /// The look-up succeeded, so that there is a list to free. A result of one that failed means
    /// nothing (`wsk/nc-wsk-pfn_wsk_get_address_info`).
    succeeded: bool,
    provider: Shared<Provider>,
}

/// What WSK reads and writes while the operation is in flight.
struct Parts {
    name: [u16; MAX_NAME],
    string: UNICODE_STRING,
    hints: ADDRINFOEXW,
    result: PADDRINFOEXW,
}

// SAFETY: the pointers are into the operation itself, or to WSK's list, which it owns.
unsafe impl Send for Lookup {}
// SAFETY: the cell is used by the exclusive owner of the operation, and by WSK in flight.
unsafe impl Sync for Lookup {}

impl Lookup {
    fn new(provider: Shared<Provider>, host: &str) -> Result<Self, Error> {
        let mut name = [0; MAX_NAME];
        // One is left for a terminator: Wine takes the buffer for a C string.
        if host.is_empty() || host.len() >= MAX_NAME {
            return Err(BAD_NAME);
        }
        for (to, from) in name.iter_mut().zip(host.bytes()) {
            if !from.is_ascii_graphic() {
                return Err(BAD_NAME);
            }
            *to = u16::from(from);
        }
        let bytes = host.len() as u16 * 2;
        Ok(Self {
            parts: UnsafeCell::new(Parts {
                name,
                string: UNICODE_STRING {
                    Length: bytes,
                    MaximumLength: bytes + 2,
                    Buffer: null_mut(),
                },
                hints: ADDRINFOEXW {
                    ai_family: AF_UNSPEC.into(),
                    ai_socktype: SOCK_STREAM.into(),
                    ai_protocol: IPPROTO_TCP.cast_signed(),
                    ..ADDRINFOEXW::ZEROED
                },
                result: null_mut(),
            }),
            succeeded: false,
            provider,
        })
    }

    /// Copies what was found by a look-up that succeeded.
    fn found(&mut self, port: u16) -> Addresses {
        self.succeeded = true;
        let mut addresses = Addresses::new();
        let mut next = self.parts.get_mut().result;
        // SAFETY: WSK's list, not freed yet.
        while let Some(info) = unsafe { next.as_ref() } {
            // SAFETY: the list says how long the address is.
            let address = unsafe { from_sockaddr(info.ai_addr, info.ai_addrlen as usize, port) };
            if let Some(address) = address {
                addresses.push(address);
            }
            next = info.ai_next;
        }
        addresses
    }
}

impl Payload for Lookup {
    const CANCEL: bool = true;

    fn abandoned(&mut self, result: Completion) {
        self.succeeded = result.is_success();
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        let list = self.parts.get_mut().result;
        if !self.succeeded || list.is_null() {
            return;
        }
        // SAFETY: the operation is still there, and was made with the provider captured.
        let npi = unsafe { self.provider.npi_of_operation() };
        // SAFETY: captured.
        if let Some(free) = unsafe { (*npi.Dispatch).WskFreeAddressInfo } {
            // SAFETY: a list of this client, freed once; payloads are dropped at PASSIVE_LEVEL.
            unsafe { free(npi.Client, list) };
        }
    }
}

/// The longest name of DNS in text has 253 characters.
const MAX_NAME: usize = 256;

const BAD_NAME: Error = Error::new(
    Phase::Resolve,
    Kind::InvalidUrl,
    "the host name is not valid",
);
const NO_ADDRESS: Error = Error::new(
    Phase::Resolve,
    Kind::HostNotFound,
    "the host name has no address",
);
