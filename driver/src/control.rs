//! What a device control asks for, checked before anything is queued.

use core::slice;

use wdk_sys::{
    IRP, NTSTATUS, STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_DEVICE_REQUEST, STATUS_NOT_FOUND,
    STATUS_SUCCESS,
};
use wskhttp_abi::{
    CookiesHeader, Failure, IOCTL_WSKHTTP_QUERY_COOKIES, IOCTL_WSKHTTP_QUERY_FAILURE,
    IOCTL_WSKHTTP_QUERY_PEER, IOCTL_WSKHTTP_QUERY_STATUS, IOCTL_WSKHTTP_RECEIVE_RESPONSE,
    IOCTL_WSKHTTP_SEND_REQUEST, Request, RequestFlags, ResponseHeader, Status,
};
use wskhttp_core::nt::irp;
use zerocopy::{Immutable, IntoBytes};
use zeroize::Zeroize;

use crate::handle::Handle;
use crate::queue::Operation;

/// What to do with a device control.
pub(crate) enum Begin {
    /// Hand it to the handle's task.
    Queue(Operation),
    /// Complete it now, with this status and information.
    Done(NTSTATUS, usize),
}

/// Looks at the code and at both lengths; answers the queries.
///
/// # Safety
/// The IRP is ours, its current stack location a device control.
pub(crate) unsafe fn begin(irp: *mut IRP, handle: &Handle) -> Begin {
    // SAFETY: the caller's word.
    let stack = unsafe { irp::current_stack(irp) };
    // SAFETY: a device control.
    let code = unsafe { irp::ioctl_code(stack) };
    // SAFETY: as above.
    let output_length = unsafe { irp::output_length(stack) };
    match code {
        IOCTL_WSKHTTP_SEND_REQUEST => {
            // SAFETY: as above; nothing writes to the system buffer of a METHOD_OUT_DIRECT.
            match Request::parse(unsafe { input(irp) }) {
                Err(error) => Begin::Done(error.status(), 0),
                Ok(request) if request.flags.contains(RequestFlags::STREAM_BODY) => {
                    Begin::Queue(Operation::Send)
                }
                Ok(_) => with_response(Operation::Send, output_length),
            }
        }
        IOCTL_WSKHTTP_RECEIVE_RESPONSE => with_response(Operation::Receive, output_length),
        IOCTL_WSKHTTP_QUERY_COOKIES if output_length < size_of::<CookiesHeader>() => {
            Begin::Done(STATUS_BUFFER_TOO_SMALL, 0)
        }
        IOCTL_WSKHTTP_QUERY_COOKIES => Begin::Queue(Operation::Cookies),
        // SAFETY: a METHOD_BUFFERED code.
        IOCTL_WSKHTTP_QUERY_STATUS => unsafe {
            answer::<Status>(irp, output_length, || Some(handle.services.status()))
        },
        // SAFETY: as above.
        IOCTL_WSKHTTP_QUERY_FAILURE => unsafe {
            answer::<Failure>(irp, output_length, || handle.failure())
        },
        IOCTL_WSKHTTP_QUERY_PEER => {
            // SAFETY: as above.
            let out = unsafe { output(irp, output_length) };
            handle.with_peer(|certificates| match out.get_mut(..certificates.len()) {
                _ if certificates.is_empty() => Begin::Done(STATUS_NOT_FOUND, 0),
                Some(room) => {
                    room.copy_from_slice(certificates);
                    Begin::Done(STATUS_SUCCESS, certificates.len())
                }
                None => Begin::Done(STATUS_BUFFER_TOO_SMALL, 0),
            })
        }
        _ => Begin::Done(STATUS_INVALID_DEVICE_REQUEST, 0),
    }
}

/// The input of a device control: the system's copy, which stays until the IRP is completed.
///
/// # Safety
/// The IRP is a pending device control of ours, and outlives the slice.
pub(crate) unsafe fn input<'a>(irp: *mut IRP) -> &'a [u8] {
    // SAFETY: the caller's word.
    let buffer = unsafe { irp::system_buffer(irp) };
    // SAFETY: as above.
    let stack = unsafe { irp::current_stack(irp) };
    // SAFETY: as above.
    let length = unsafe { irp::input_length(stack) };
    if buffer.is_null() {
        return &[];
    }
    // SAFETY: the I/O manager allocated at least the input's length, and filled it.
    unsafe { slice::from_raw_parts(buffer.cast(), length) }
}

/// Overwrites the private key in the message of a SEND_REQUEST, before the system frees its copy.
///
/// # Safety
/// The IRP is a pending SEND_REQUEST of ours, and nothing else looks at its message.
pub(crate) unsafe fn wipe_key(irp: *mut IRP) {
    // SAFETY: the caller's word.
    let stack = unsafe { irp::current_stack(irp) };
    // SAFETY: as above.
    let length = unsafe { irp::input_length(stack) };
    // SAFETY: as above.
    Request::wipe_key(unsafe { system_copy(irp, length) });
}

/// Overwrites the message of a SEND_REQUEST that was refused: a key may be anywhere in it.
///
/// # Safety
/// The IRP is a pending device control of ours, and nothing else looks at its message.
pub(crate) unsafe fn wipe_refused(irp: *mut IRP) {
    // SAFETY: the caller's word.
    let stack = unsafe { irp::current_stack(irp) };
    // SAFETY: as above.
    if unsafe { irp::ioctl_code(stack) } != IOCTL_WSKHTTP_SEND_REQUEST {
        return;
    }
    // SAFETY: as above.
    let length = unsafe { irp::input_length(stack) };
    // SAFETY: as above.
    unsafe { system_copy(irp, length) }.zeroize();
}

/// The output of a METHOD_BUFFERED device control.
///
/// # Safety
/// The IRP is one of ours with that output length, and outlives the slice.
unsafe fn output<'a>(irp: *mut IRP, length: usize) -> &'a mut [u8] {
    // SAFETY: the caller's word.
    unsafe { system_copy(irp, length) }
}

/// # Safety
/// The system buffer of the IRP has `length` bytes, if there is one, and nothing else looks at it.
unsafe fn system_copy<'a>(irp: *mut IRP, length: usize) -> &'a mut [u8] {
    // SAFETY: the caller's word.
    let buffer = unsafe { irp::system_buffer(irp) };
    if buffer.is_null() {
        return &mut [];
    }
    // SAFETY: the caller's word.
    unsafe { slice::from_raw_parts_mut(buffer.cast(), length) }
}

fn with_response(operation: Operation, output_length: usize) -> Begin {
    if output_length < size_of::<ResponseHeader>() {
        Begin::Done(STATUS_BUFFER_TOO_SMALL, 0)
    } else {
        Begin::Queue(operation)
    }
}

/// # Safety
/// The IRP is a METHOD_BUFFERED device control of ours with that output length.
unsafe fn answer<T: IntoBytes + Immutable>(
    irp: *mut IRP,
    output_length: usize,
    value: impl FnOnce() -> Option<T>,
) -> Begin {
    if output_length < size_of::<T>() {
        return Begin::Done(STATUS_BUFFER_TOO_SMALL, 0);
    }
    let Some(value) = value() else {
        return Begin::Done(STATUS_NOT_FOUND, 0);
    };
    let bytes = value.as_bytes();
    // SAFETY: the caller's word.
    let buffer = unsafe { irp::system_buffer(irp) }.cast::<u8>();
    // SAFETY: the system buffer holds `output_length` bytes, no fewer than `bytes`; no overlap.
    unsafe { buffer.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    Begin::Done(STATUS_SUCCESS, bytes.len())
}
