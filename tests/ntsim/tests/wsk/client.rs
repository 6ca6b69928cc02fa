//! A client of WSK that waits for each request, at PASSIVE_LEVEL.

use std::cell::Cell;
use std::ffi::c_void;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::ptr::{null, null_mut};
use std::time::Duration;

use wdk_sys::ntddk::{
    ExAllocatePool2, ExFreePool, IoAllocateIrp, IoAllocateMdl, IoCancelIrp, IoFreeIrp, IoFreeMdl,
    MmBuildMdlForNonPagedPool,
};
use wdk_sys::{DEVICE_OBJECT, IRP, MDL, NTSTATUS, PVOID};
use wskhttp_core::nt::irp;
use wskhttp_core::wsk::sys::*;
use wskhttp_ntsim::{Profile, Sim, as_driver, seeds, sleep};

/// So many that what falls by lot falls both ways.
pub(crate) const SEEDS: u64 = 12;
pub(crate) const PENDING: NTSTATUS = 0x103;
pub(crate) const CANCELLED: NTSTATUS = 0xC000_0120_u32.cast_signed();
pub(crate) const NOT_IMPLEMENTED: NTSTATUS = 0xC000_0002_u32.cast_signed();

/// Runs a client as code of a driver, registered, with the provider captured, on `profiles`.
pub(crate) fn run(profiles: &[Profile], client: impl FnOnce(&Client) + Copy + 'static) {
    for &profile in profiles {
        for seed in seeds(SEEDS) {
            Sim::new(seed).profile(profile).run(move || {
                as_driver(|| {
                    let registered = Client::new();
                    client(&registered);
                    registered.end();
                });
            });
        }
    }
}

pub(crate) struct Client {
    pub(crate) npi: WSK_PROVIDER_NPI,
    registration: PWSK_REGISTRATION,
    client: *mut WSK_CLIENT_NPI,
}

static DISPATCH: WSK_CLIENT_DISPATCH = WSK_CLIENT_DISPATCH {
    Version: MAKE_WSK_VERSION(1, 0),
    Reserved: 0,
    WskClientEvent: None,
};

impl Client {
    fn new() -> Self {
        let registration = Box::into_raw(Box::new(WSK_REGISTRATION::ZEROED));
        let client = Box::into_raw(Box::new(WSK_CLIENT_NPI {
            ClientContext: null_mut(),
            Dispatch: &raw const DISPATCH,
        }));
        let mut npi = WSK_PROVIDER_NPI::ZEROED;
        // SAFETY: both stay until the end.
        unsafe {
            assert_eq!(WskRegister(client, registration), 0);
            while WskCaptureProviderNPI(registration, WSK_NO_WAIT, &raw mut npi) < 0 {
                sleep(Duration::from_millis(1));
            }
        }
        Self {
            npi,
            registration,
            client,
        }
    }

    fn end(self) {
        // SAFETY: registered and captured once; made by Box.
        unsafe {
            WskReleaseProviderNPI(self.registration);
            WskDeregister(self.registration);
            drop(Box::from_raw(self.registration));
            drop(Box::from_raw(self.client));
        }
    }

    pub(crate) fn table(&self) -> &WSK_PROVIDER_DISPATCH {
        // SAFETY: captured.
        unsafe { &*self.npi.Dispatch }
    }

    /// WskSocket.
    pub(crate) fn socket(
        &self,
        category: u32,
        context: *mut c_void,
        dispatch: *const c_void,
    ) -> Result<PWSK_SOCKET, NTSTATUS> {
        let create = self.table().WskSocket.expect("there");
        let (done, information) = request(|irp| unsafe {
            create(
                self.npi.Client,
                AF_INET,
                SOCK_STREAM,
                IPPROTO_TCP,
                category,
                context,
                dispatch,
                null_mut(),
                null_mut(),
                null_mut(),
                irp,
            )
        });
        if done < 0 {
            return Err(done);
        }
        Ok(std::ptr::with_exposed_provenance_mut(information))
    }

    /// A connection socket, bound and connected.
    pub(crate) fn connected(
        &self,
        port: u16,
        context: *mut c_void,
        dispatch: *const c_void,
    ) -> Socket {
        let socket = self.socket(WSK_FLAG_CONNECTION_SOCKET, context, dispatch);
        let socket = Socket(socket.expect("made"));
        assert_eq!(socket.bind(0), 0);
        assert_eq!(socket.connect(port), 0);
        socket
    }

    /// As [`Client::connected`], without callbacks.
    pub(crate) fn plain(&self, port: u16) -> Socket {
        self.connected(port, null_mut(), null())
    }
}

/// A connection socket.
pub(crate) struct Socket(pub(crate) PWSK_SOCKET);

impl Socket {
    pub(crate) fn table(&self) -> &WSK_PROVIDER_CONNECTION_DISPATCH {
        // SAFETY: a connection socket.
        unsafe { &*(*self.0).Dispatch.cast() }
    }

    pub(crate) fn bind(&self, port: u16) -> NTSTATUS {
        self.bind_to(Ipv4Addr::UNSPECIFIED, port)
    }

    pub(crate) fn bind_to(&self, ip: Ipv4Addr, port: u16) -> NTSTATUS {
        let bind = self.table().WskBind.expect("there");
        let mut local = address(ip, port);
        request(|irp| unsafe { bind(self.0, (&raw mut local).cast(), 0, irp) }).0
    }

    pub(crate) fn connect(&self, port: u16) -> NTSTATUS {
        let connect = self.table().WskConnect.expect("there");
        let mut remote = address(Ipv4Addr::LOCALHOST, port);
        request(|irp| unsafe { connect(self.0, (&raw mut remote).cast(), 0, irp) }).0
    }

    pub(crate) fn send(&self, buffer: &Buffer, len: usize, flags: u32) -> (NTSTATUS, usize) {
        let send = self.table().WskSend.expect("there");
        let mut part = buffer.part(0, len);
        request(|irp| unsafe { send(self.0, &raw mut part, flags, irp) })
    }

    pub(crate) fn receive(&self, buffer: &Buffer, len: usize, flags: u32) -> (NTSTATUS, usize) {
        let receive = self.table().WskReceive.expect("there");
        let mut part = buffer.part(0, len);
        request(|irp| unsafe { receive(self.0, &raw mut part, flags, irp) })
    }

    /// WskReceive, not waited for.
    pub(crate) fn start_receive(&self, buffer: &Buffer, len: usize, flags: u32) -> Request {
        let receive = self.table().WskReceive.expect("there");
        let mut part = buffer.part(0, len);
        Request::start(|irp| unsafe { receive(self.0, &raw mut part, flags, irp) })
    }

    /// WskDisconnect.
    pub(crate) fn start_disconnect(&self, last: Option<(&Buffer, usize)>, flags: u32) -> Request {
        let disconnect = self.table().WskDisconnect.expect("there");
        let mut part = last.map(|(buffer, len)| buffer.part(0, len));
        let last = part.as_mut().map_or(null_mut(), std::ptr::from_mut);
        Request::start(|irp| unsafe { disconnect(self.0, last, flags, irp) })
    }

    pub(crate) fn close(self) {
        let close = self.table().Basic.WskCloseSocket.expect("there");
        assert_eq!(request(|irp| unsafe { close(self.0, irp) }).0, 0);
    }
}

pub(crate) fn address(ip: Ipv4Addr, port: u16) -> SOCKADDR_IN {
    SOCKADDR_IN {
        sin_port: port.to_be(),
        sin_addr: IN_ADDR {
            S_un: IN_ADDR_UN {
                S_addr: ip.to_bits().to_be(),
            },
        },
        ..SOCKADDR_IN::ANY
    }
}

pub(crate) fn from_address(address: &SOCKADDR_IN) -> SocketAddrV4 {
    // SAFETY: all bytes are defined by each view.
    let bits = u32::from_be(unsafe { address.sin_addr.S_un.S_addr });
    SocketAddrV4::new(Ipv4Addr::from_bits(bits), u16::from_be(address.sin_port))
}

/// A request under way.
pub(crate) struct Request {
    irp: *mut IRP,
    done: *mut Cell<bool>,
    pub(crate) returned: NTSTATUS,
}

unsafe extern "C" fn completed(_: *mut DEVICE_OBJECT, _: *mut IRP, context: PVOID) -> NTSTATUS {
    // SAFETY: the context of a request under way.
    unsafe { &*context.cast::<Cell<bool>>() }.set(true);
    0xC000_0016_u32.cast_signed()
}

impl Request {
    pub(crate) fn start(call: impl FnOnce(*mut IRP) -> NTSTATUS) -> Self {
        // SAFETY: one location; a new IRP.
        let (irp, done) = unsafe {
            let irp = IoAllocateIrp(1, 0);
            let done = Box::into_raw(Box::new(Cell::new(false)));
            irp::set_completion_routine(irp, Some(completed), done.cast());
            (irp, done)
        };
        let returned = call(irp);
        Self {
            irp,
            done,
            returned,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        // SAFETY: freed by the end only.
        unsafe { (*self.done).get() }
    }

    /// Whether no driver has ever had the IRP.
    pub(crate) fn is_untouched(&self) -> bool {
        // SAFETY: the IRP is there.
        unsafe { (*self.irp).CurrentLocation > (*self.irp).StackCount && !self.is_done() }
    }

    pub(crate) fn cancel(&self) {
        // SAFETY: the IRP is there.
        unsafe { IoCancelIrp(self.irp) };
    }

    /// Waits for it, and gives status and information.
    pub(crate) fn wait(self) -> (NTSTATUS, usize) {
        while !self.is_done() {
            sleep(Duration::from_millis(1));
        }
        // SAFETY: completed.
        unsafe {
            let result = (irp::status(self.irp), irp::information(self.irp));
            IoFreeIrp(self.irp);
            drop(Box::from_raw(self.done));
            result
        }
    }

    /// For a function that never completes its IRP.
    pub(crate) fn forget(self) -> NTSTATUS {
        assert!(!self.is_done());
        // SAFETY: never in flight.
        unsafe {
            IoFreeIrp(self.irp);
            drop(Box::from_raw(self.done));
        }
        self.returned
    }
}

pub(crate) fn request(call: impl FnOnce(*mut IRP) -> NTSTATUS) -> (NTSTATUS, usize) {
    Request::start(call).wait()
}

/// Nonpaged pool, described by a chain of MDLs.
pub(crate) struct Buffer {
    parts: Vec<(*mut u8, usize, *mut MDL)>,
}

impl Buffer {
    /// One MDL for each length.
    pub(crate) fn new(lengths: &[usize]) -> Self {
        let mut parts: Vec<(*mut u8, usize, *mut MDL)> = Vec::new();
        for &len in lengths {
            // SAFETY: a size and a tag; nonpaged pool of that size.
            unsafe {
                let memory = ExAllocatePool2(0x40, len as u64, 1).cast::<u8>();
                let mdl = IoAllocateMdl(memory.cast(), len as u32, 0, 0, null_mut());
                MmBuildMdlForNonPagedPool(mdl);
                if let Some((_, _, last)) = parts.last() {
                    (**last).Next = mdl;
                }
                parts.push((memory, len, mdl));
            }
        }
        Self { parts }
    }

    pub(crate) fn of(data: &[u8]) -> Self {
        let buffer = Self::new(&[data.len()]);
        buffer.fill(data);
        buffer
    }

    pub(crate) fn fill(&self, mut data: &[u8]) {
        for (memory, len, _) in &self.parts {
            let (now, later) = data.split_at(data.len().min(*len));
            // SAFETY: within the memory.
            unsafe { memory.copy_from_nonoverlapping(now.as_ptr(), now.len()) };
            data = later;
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (memory, len, _) in &self.parts {
            // SAFETY: within the memory.
            bytes.extend(unsafe { std::slice::from_raw_parts(*memory, *len) });
        }
        bytes
    }

    pub(crate) fn part(&self, offset: u32, len: usize) -> WSK_BUF {
        WSK_BUF {
            Mdl: self.parts.first().map_or(null_mut(), |(_, _, mdl)| *mdl),
            Offset: offset,
            Length: len as _,
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        for (memory, _, mdl) in &self.parts {
            // SAFETY: ours, and not in use.
            unsafe {
                IoFreeMdl(*mdl);
                ExFreePool(memory.cast());
            }
        }
    }
}
