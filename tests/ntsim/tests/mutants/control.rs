//! Control operations: rules 78 to 85, and 40, 61 and 71.

use std::ffi::c_void;
use std::ptr::null_mut;

use wdk_sys::KEVENT;
use wdk_sys::ntddk::{ExAllocatePool2, ExFreePool, KeInitializeEvent};
use wskhttp_core::wsk::sys::*;
use wskhttp_ntsim::at_irql;

use crate::client::*;

/// WskControlClient.
pub(crate) fn control_client(
    npi: &WSK_PROVIDER_NPI,
    code: u32,
    (input, input_size): (*mut c_void, usize),
    (output, output_size): (*mut c_void, usize),
    irp: *mut wdk_sys::IRP,
) {
    let (input_size, output_size) = (input_size as _, output_size as _);
    // SAFETY: as WskControlClient asks for, or not.
    unsafe {
        let control = (*npi.Dispatch).WskControlClient.expect("there");
        let _ = control(
            npi.Client,
            code,
            input_size,
            input,
            output_size,
            output,
            null_mut(),
            irp,
        );
    }
}

/// WskControlSocket with four bytes of input and of output.
fn control(socket: PWSK_SOCKET, kind: u32, code: u32, level: u32, irp: *mut wdk_sys::IRP) {
    // SAFETY: a size and a tag.
    let memory = unsafe { ExAllocatePool2(NON_PAGED, 64, TAG) };
    // SAFETY: as WskControlSocket asks for, or not.
    unsafe {
        let to = memory.cast::<u8>().add(32).cast();
        let control = basic(socket).WskControlSocket.expect("there");
        let _ = control(
            socket,
            kind as _,
            code,
            level,
            4,
            memory,
            32,
            to,
            null_mut(),
            irp,
        );
    }
}

/// A cached security descriptor.
pub(crate) fn cache(npi: &WSK_PROVIDER_NPI) -> *mut c_void {
    let mut cached: *mut c_void = null_mut();
    let mut descriptor = [0u64; 5];
    let input = (descriptor.as_mut_ptr().cast(), 40);
    control_client(
        npi,
        WSK_CACHE_SD,
        input,
        ((&raw mut cached).cast(), 8),
        null_mut(),
    );
    cached
}

fn release(npi: &WSK_PROVIDER_NPI, mut cached: *mut c_void) {
    let input = ((&raw mut cached).cast(), 8);
    control_client(npi, WSK_RELEASE_SD, input, NOTHING, null_mut());
}

/// WskSocket with a security descriptor, not waited for.
fn create_with(npi: &WSK_PROVIDER_NPI, security: *mut c_void) {
    let none: *mut c_void = null_mut();
    // SAFETY: as WskSocket asks for, or not.
    unsafe {
        let create = (*npi.Dispatch).WskSocket.expect("there");
        let (flags, events) = (WSK_FLAG_CONNECTION_SOCKET, std::ptr::null());
        let (process, thread) = (none.cast(), none.cast());
        let _ = create(
            npi.Client,
            AF_INET,
            SOCK_STREAM,
            IPPROTO_TCP,
            flags,
            none,
            events,
            process,
            thread,
            security,
            new_irp(),
        );
    }
}

/// `_WSAIORW(IOC_WS2, 25)`.
const SIO_ADDRESS_LIST_SORT: u32 = 0xC800_0019;
const NOTHING: (*mut c_void, usize) = (null_mut(), 0);
const GET: u32 = WskGetOption as u32;
const SET: u32 = WskSetOption as u32;
const IOCTL: u32 = WskIoctl as u32;

fn events(mask: u32) -> WSK_EVENT_CALLBACK_CONTROL {
    WSK_EVENT_CALLBACK_CONTROL {
        NpiId: &raw const NPI_WSK_INTERFACE_ID,
        EventMask: mask,
    }
}

pub(crate) fn set_static(npi: &WSK_PROVIDER_NPI, mask: u32) {
    let mut control = events(mask);
    let input = ((&raw mut control).cast(), size_of_val(&control));
    control_client(
        npi,
        WSK_SET_STATIC_EVENT_CALLBACKS,
        input,
        NOTHING,
        null_mut(),
    );
}

/// Begins to wait for a change of addresses, with input at the far end of a large frame.
#[inline(never)]
fn waits_deep_down(socket: PWSK_SOCKET) {
    let mut input = [0u8; 8 * 1024];
    let (none, size, code) = (null_mut(), null_mut(), SIO_ADDRESS_LIST_CHANGE);
    // SAFETY: as WskControlSocket asks for, as long as this frame is there.
    unsafe {
        let control = basic(socket).WskControlSocket.expect("there");
        let input = input.as_mut_ptr().cast();
        let _ = control(
            socket,
            WskIoctl,
            code,
            0,
            16,
            input,
            0,
            none,
            size,
            new_irp(),
        );
    }
}

unsafe extern "C" {
    fn KeExpandKernelStackAndCalloutEx(
        callout: Option<unsafe extern "C" fn(*mut c_void)>,
        parameter: *mut c_void,
        size: u64,
        wait: u8,
        context: *mut c_void,
    ) -> i32;
}

unsafe extern "C" fn waits_in_a_callout(socket: *mut c_void) {
    waits_deep_down(socket.cast());
}

mutants! {
    releases_a_descriptor_twice breaks WSK_40 {
        let npi = capture();
        let cached = cache(&npi);
        release(&npi, cached);
        release(&npi, cached);
    }
    uses_a_descriptor_that_is_not_cached breaks WSK_40 {
        create_with(&capture(), 0x1000 as *mut _);
    }
    releases_a_descriptor_before_its_socket_is_made breaks WSK_40 {
        let npi = capture();
        // Until it is not made inside the call, which is by lot.
        loop {
            let cached = cache(&npi);
            create_with(&npi, cached);
            release(&npi, cached);
        }
    }
    deregisters_with_a_cached_descriptor breaks WSK_40 {
        let registration = register(&raw const DISPATCH);
        let npi = capture_of(registration);
        cache(&npi);
        WskReleaseProviderNPI(registration);
        WskDeregister(registration);
    }
    sends_in_silent_mode breaks WSK_61 {
        let irp = new_irp();
        let socket = connected(irp);
        control(socket, IOCTL, SIO_WSK_SET_TCP_SILENT_MODE, 0, irp);
        a_while();
        reuse(irp);
        send(socket, null_mut(), 0, irp);
    }
    silent_mode_under_a_send breaks WSK_61 {
        let irp = new_irp();
        let socket = connected(irp);
        let (_, mdl) = buffer(1 << 20);
        send(socket, mdl, 1 << 20, irp);
        control(socket, IOCTL, SIO_WSK_SET_TCP_SILENT_MODE, 0, new_irp());
    }
    silent_mode_after_a_disconnect breaks WSK_61 {
        let irp = new_irp();
        let socket = connected(irp);
        disconnect(socket, null_mut(), 0, irp);
        control(socket, IOCTL, SIO_WSK_SET_TCP_SILENT_MODE, 0, new_irp());
    }
    event_callbacks_of_four_bytes breaks WSK_70 {
        let socket = connected(new_irp());
        control(socket, SET, SO_WSK_EVENT_CALLBACK, SOL_SOCKET, null_mut());
    }
    static_callbacks_after_a_socket breaks WSK_71 {
        let npi = capture();
        create(&npi, new_irp());
        set_static(&npi, WSK_EVENT_RECEIVE);
    }
    lists_addresses_at_dispatch breaks WSK_78 {
        let socket = connected(new_irp());
        at_irql(2, || control(socket, IOCTL, SIO_ADDRESS_LIST_QUERY, 0, null_mut()));
    }
    sorts_addresses_at_dispatch breaks WSK_78 {
        let socket = connected(new_irp());
        at_irql(2, || control(socket, IOCTL, SIO_ADDRESS_LIST_SORT, 0, null_mut()));
    }
    registers_an_extension_with_an_irp breaks WSK_79 {
        let irp = new_irp();
        let socket = connected(irp);
        control(socket, IOCTL, SIO_WSK_REGISTER_EXTENSION, 0, irp);
    }
    keep_alive_without_an_irp breaks WSK_79 {
        let socket = create(&capture(), new_irp());
        control(socket, SET, SO_KEEPALIVE, SOL_SOCKET, null_mut());
    }
    lists_addresses_with_an_irp breaks WSK_79 {
        let irp = new_irp();
        let socket = connected(irp);
        control(socket, IOCTL, SIO_ADDRESS_LIST_QUERY, 0, irp);
    }
    asks_for_the_size_with_an_irp breaks WSK_80 {
        let irp = new_irp();
        let socket = connected(irp);
        let (mut value, mut size) = (0u32, 0);
        let control = basic(socket).WskControlSocket.expect("there");
        let (none, to) = (null_mut(), (&raw mut value).cast());
        let _ = control(
            socket, WskGetOption, SO_KEEPALIVE, SOL_SOCKET, 0, none, 4, to, &raw mut size, irp,
        );
    }
    frees_the_input_of_a_pending_control breaks WSK_81 {
        let irp = new_irp();
        let socket = connected(irp);
        let memory = ExAllocatePool2(NON_PAGED, 16, TAG);
        let control = basic(socket).WskControlSocket.expect("there");
        let (none, size) = (null_mut(), null_mut());
        // Pending until the addresses change.
        let code = SIO_ADDRESS_LIST_CHANGE;
        let _ = control(socket, WskIoctl, code, 0, 16, memory, 0, none, size, irp);
        ExFreePool(memory);
    }
    leaves_the_frame_of_a_pending_control breaks WSK_81 {
        waits_deep_down(connected(new_irp()));
        KeInitializeEvent(Box::leak(Box::new(KEVENT::default())), 0, 0);
    }
    ends_a_callout_with_a_pending_control breaks WSK_81 {
        let socket = connected(new_irp());
        let size = 16 * 1024;
        let callout = Some(waits_in_a_callout as unsafe extern "C" fn(*mut c_void));
        let _ = KeExpandKernelStackAndCalloutEx(callout, socket.cast(), size, 0, null_mut());
    }
    shares_an_address_after_bind breaks WSK_82 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        bind(socket, irp);
        reuse(irp);
        control(socket, SET, SO_REUSEADDR, SOL_SOCKET, irp);
    }
    asks_for_the_backlog_before_connect breaks WSK_82 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        reuse(irp);
        control(socket, IOCTL, SIO_WSK_QUERY_IDEAL_SEND_BACKLOG, 0, irp);
    }
    lists_transports_with_an_irp breaks WSK_84 {
        let npi = capture();
        control_client(&npi, WSK_TRANSPORT_LIST_QUERY, NOTHING, NOTHING, new_irp());
    }
    waits_for_transports_without_an_irp breaks WSK_84 {
        let npi = capture();
        control_client(&npi, WSK_TRANSPORT_LIST_CHANGE, NOTHING, NOTHING, null_mut());
    }
    releases_half_a_descriptor breaks WSK_84 {
        let npi = capture();
        let mut cached = cache(&npi);
        let input = ((&raw mut cached).cast(), 4);
        control_client(&npi, WSK_RELEASE_SD, input, NOTHING, null_mut());
    }
    tdi_behaviour_after_a_socket breaks WSK_85 {
        let npi = capture();
        create(&npi, new_irp());
        let mut behaviour = 1u32;
        let input = ((&raw mut behaviour).cast(), 4);
        control_client(&npi, WSK_TDI_BEHAVIOR, input, NOTHING, null_mut());
    }
}

proofs! {
    an_extension_is_asked_for_without_an_irp shows WSK_79 {
        let socket = connected(new_irp());
        control(socket, IOCTL, SIO_WSK_REGISTER_EXTENSION, 0, null_mut());
    }
    keep_alive_is_off shows WSK_83 {
        let irp = new_irp();
        let socket = connected(irp);
        let mut value = 7u32;
        let control = basic(socket).WskControlSocket.expect("there");
        let (none, to, size) = (null_mut(), (&raw mut value).cast(), null_mut());
        let (code, level) = (SO_KEEPALIVE, SOL_SOCKET);
        let _ = control(socket, GET as _, code, level, 0, none, 4, to, size, irp);
        a_while();
        assert_eq!((&raw const value).read_volatile(), 0);
    }
}
