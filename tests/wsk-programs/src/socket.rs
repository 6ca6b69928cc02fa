//! Sockets, by the functions of their tables.

use core::ffi::c_void;
use core::ptr::{null, null_mut};

use wdk_sys::NTSTATUS;
use wskhttp_core::wsk::sys::{
    ADDRESS_FAMILY, AF_INET, IPPROTO_TCP, PWSK_SOCKET, SOCK_STREAM, SOCKADDR_IN, SOCKADDR_IN6,
    WSK_BUF, WSK_CONTROL_SOCKET_TYPE, WSK_PROVIDER_BASIC_DISPATCH,
    WSK_PROVIDER_CONNECTION_DISPATCH, WSK_PROVIDER_LISTEN_DISPATCH,
};

use crate::Bench;
use crate::client::table;
use crate::request::Request;

/// A socket, to be closed.
#[derive(Clone, Copy)]
pub(crate) struct Socket(PWSK_SOCKET);

/// What WskSocket is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) family: ADDRESS_FAMILY,
    pub(crate) kind: u16,
    pub(crate) protocol: u32,
    pub(crate) flags: u32,
    pub(crate) context: *mut c_void,
    pub(crate) dispatch: *const c_void,
}

impl Kind {
    /// TCP over IPv4, without callbacks.
    pub(crate) fn tcp(flags: u32) -> Self {
        Self {
            family: AF_INET,
            kind: SOCK_STREAM,
            protocol: IPPROTO_TCP,
            flags,
            context: null_mut(),
            dispatch: null(),
        }
    }
}

impl Socket {
    /// WskSocket, for TCP over IPv4.
    pub(crate) fn new(bench: &Bench, flags: u32) -> Result<Self, NTSTATUS> {
        Self::of(bench, Kind::tcp(flags))
    }

    /// WskSocket.
    pub(crate) fn of(bench: &Bench, kind: Kind) -> Result<Self, NTSTATUS> {
        let create = table(&bench.npi).WskSocket.expect("WskSocket");
        // SAFETY: captured; the pointers are null or constant.
        let request = Request::make(bench, "WskSocket", |irp| unsafe {
            create(
                bench.npi.Client,
                kind.family,
                kind.kind,
                kind.protocol,
                kind.flags,
                kind.context,
                kind.dispatch,
                null_mut(),
                null_mut(),
                null_mut(),
                irp,
            )
        });
        let end = request.end();
        match end.status {
            0.. => Ok(Self::at(end.information)),
            status => Err(status),
        }
    }

    /// The socket that a request has made.
    pub(crate) fn at(information: usize) -> Self {
        Self(core::ptr::with_exposed_provenance_mut(information))
    }

    /// Of any socket.
    fn basic(&self) -> &WSK_PROVIDER_BASIC_DISPATCH {
        // SAFETY: every table begins with this one.
        unsafe { &*(*self.0).Dispatch.cast() }
    }

    /// Of a connection socket.
    pub(crate) fn table(&self) -> &WSK_PROVIDER_CONNECTION_DISPATCH {
        // SAFETY: a connection socket.
        unsafe { &*(*self.0).Dispatch.cast() }
    }

    /// Of a listening socket.
    pub(crate) fn listener(&self) -> &WSK_PROVIDER_LISTEN_DISPATCH {
        // SAFETY: a listening socket.
        unsafe { &*(*self.0).Dispatch.cast() }
    }

    /// WskBind of a connection socket.
    pub(crate) fn bind<'a>(&self, bench: &'a Bench, mut local: SOCKADDR_IN) -> Request<'a> {
        let bind = self.table().WskBind.expect("WskBind");
        let at = (&raw mut local).cast();
        // SAFETY: the address is read inside the call.
        Request::start(bench, "WskBind", |irp| unsafe { bind(self.0, at, 0, irp) })
    }

    /// WskBind of a connection socket, to an address of IPv6.
    pub(crate) fn bind_v6<'a>(&self, bench: &'a Bench, mut local: SOCKADDR_IN6) -> Request<'a> {
        let bind = self.table().WskBind.expect("WskBind");
        let at = (&raw mut local).cast();
        // SAFETY: the address is read inside the call.
        Request::start(bench, "WskBind", |irp| unsafe { bind(self.0, at, 0, irp) })
    }

    /// WskBind of a listening socket.
    pub(crate) fn listen<'a>(&self, bench: &'a Bench, mut local: SOCKADDR_IN) -> Request<'a> {
        let bind = self.listener().WskBind.expect("WskBind");
        let at = (&raw mut local).cast();
        // SAFETY: the address is read inside the call.
        Request::start(bench, "WskBind", |irp| unsafe { bind(self.0, at, 0, irp) })
    }

    /// WskAccept, which writes the addresses to what is not null.
    pub(crate) fn accept<'a>(
        &self,
        bench: &'a Bench,
        local: *mut SOCKADDR_IN,
        remote: *mut SOCKADDR_IN,
    ) -> Request<'a> {
        let accept = self.listener().WskAccept.expect("WskAccept");
        // SAFETY: null, or valid until the request has ended.
        Request::make(bench, "WskAccept", |irp| unsafe {
            accept(
                self.0,
                0,
                null_mut(),
                null(),
                local.cast(),
                remote.cast(),
                irp,
            )
        })
    }

    /// WskConnect.
    pub(crate) fn connect<'a>(&self, bench: &'a Bench, mut remote: SOCKADDR_IN) -> Request<'a> {
        let connect = self.table().WskConnect.expect("WskConnect");
        let at = (&raw mut remote).cast();
        // SAFETY: the address is read inside the call.
        Request::start(bench, "WskConnect", |irp| unsafe {
            connect(self.0, at, 0, irp)
        })
    }

    /// WskSend.
    pub(crate) fn send<'a>(&self, bench: &'a Bench, mut from: WSK_BUF, flags: u32) -> Request<'a> {
        let send = self.table().WskSend.expect("WskSend");
        // SAFETY: the buffer stays until the request has ended.
        Request::start(bench, "WskSend", |irp| unsafe {
            send(self.0, &raw mut from, flags, irp)
        })
    }

    /// WskReceive.
    pub(crate) fn receive<'a>(&self, bench: &'a Bench, mut to: WSK_BUF, flags: u32) -> Request<'a> {
        let receive = self.table().WskReceive.expect("WskReceive");
        // SAFETY: the buffer stays until the request has ended.
        Request::start(bench, "WskReceive", |irp| unsafe {
            receive(self.0, &raw mut to, flags, irp)
        })
    }

    /// WskDisconnect, with a last buffer if there is one.
    pub(crate) fn disconnect<'a>(
        &self,
        bench: &'a Bench,
        last: Option<WSK_BUF>,
        flags: u32,
    ) -> Request<'a> {
        let disconnect = self.table().WskDisconnect.expect("WskDisconnect");
        let mut last = last;
        let last = last.as_mut().map_or(null_mut(), core::ptr::from_mut);
        // SAFETY: the buffer stays until the request has ended.
        Request::start(bench, "WskDisconnect", |irp| unsafe {
            disconnect(self.0, last, flags, irp)
        })
    }

    /// WskControlSocket, with `value` for input and output.
    pub(crate) fn control<'a>(
        &self,
        bench: &'a Bench,
        request: WSK_CONTROL_SOCKET_TYPE,
        code: u32,
        level: u32,
        value: &mut [u8],
    ) -> Request<'a> {
        let control = self.basic().WskControlSocket.expect("WskControlSocket");
        let (at, len) = (value.as_mut_ptr().cast::<c_void>(), value.len() as _);
        // SAFETY: the value stays until the request has ended.
        Request::start(bench, "WskControlSocket", |irp| unsafe {
            control(
                self.0,
                request,
                code,
                level,
                len,
                at,
                len,
                at,
                null_mut(),
                irp,
            )
        })
    }

    /// WskCloseSocket.
    pub(crate) fn close(self, bench: &Bench) {
        self.start_close(bench).end();
    }

    /// WskCloseSocket, not waited for.
    pub(crate) fn start_close(self, bench: &Bench) -> Request<'_> {
        let close = self.basic().WskCloseSocket.expect("WskCloseSocket");
        // SAFETY: closed once, and no other call is executing.
        Request::start(bench, "WskCloseSocket", |irp| unsafe { close(self.0, irp) })
    }

    /// The object.
    pub(crate) fn raw(&self) -> PWSK_SOCKET {
        self.0
    }
}
