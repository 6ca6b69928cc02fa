//! The caller's buffer of a pending IRP.

use core::ptr::NonNull;
use core::slice;

use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_core::nt::{irp, mdl};

use crate::queue::{Entry, Operation};

/// The caller's buffer of a direct-I/O request, mapped. The caller may change it meanwhile; every byte
/// is read or written once.
///
/// # Safety
/// The IRP is pending and ours, and outlives the slice; no other slice of it is in use.
pub(crate) unsafe fn buffer<'a>(entry: Entry) -> Result<&'a mut [u8], Error> {
    let irp = entry.irp.0;
    // SAFETY: the caller's word.
    let Some(mdl) = NonNull::new(unsafe { irp::mdl_address(irp) }) else {
        return Ok(&mut []);
    };
    // SAFETY: as above.
    let stack = unsafe { irp::current_stack(irp) };
    let asked = match entry.operation {
        // SAFETY: a device control.
        Operation::Send | Operation::Receive | Operation::Cookies => unsafe {
            irp::output_length(stack)
        },
        // SAFETY: a read.
        Operation::Read => unsafe { irp::read_length(stack) },
        // SAFETY: a write.
        Operation::Write => unsafe { irp::write_length(stack) },
    };
    // SAFETY: the I/O manager locked the pages of a direct-I/O request's MDL.
    let address = unsafe { mdl::system_address(mdl) }.ok_or(Error::new(
        Phase::Request,
        Kind::NoResources,
        "the caller's buffer cannot be mapped",
    ))?;
    // The MDL of a kernel component may describe more than it asks for.
    // SAFETY: as above.
    let length = unsafe { mdl::byte_count(mdl) }.min(asked);
    // SAFETY: the MDL describes at least `length` bytes from there, mapped until the IRP is completed.
    Ok(unsafe { slice::from_raw_parts_mut(address.as_ptr(), length) })
}
