//! Control operations on the registration that complete at once.

use core::ptr::null_mut;

use wdk_sys::{NTSTATUS, SIZE_T};

use super::sys::WSK_PROVIDER_NPI;

/// What [`control`] reads and writes.
pub(super) struct Buffers<I, O> {
    pub(super) input: I,
    pub(super) output: O,
    /// How many bytes of the output were written, or are needed.
    pub(super) written: usize,
}

/// Performs a control operation that takes no IRP (`wsk/nc-wsk-pfn_wsk_control_client`).
/// IRQL <= DISPATCH_LEVEL. A provider without any gives STATUS_NOT_IMPLEMENTED.
///
/// # Safety
/// The provider is captured, and stays so during the call; `I` and `O` are what `code` has, and what
/// the input points to is valid during the call.
pub(super) unsafe fn control<I, O>(
    npi: &WSK_PROVIDER_NPI,
    code: u32,
    buffers: &mut Buffers<I, O>,
    unknown_size: bool,
) -> NTSTATUS {
    // SAFETY: captured, by the contract.
    let Some(function) = (unsafe { (*npi.Dispatch).WskControlClient }) else {
        return STATUS_NOT_IMPLEMENTED;
    };
    let mut written: SIZE_T = 0;
    let place = |size: usize, at: *mut core::ffi::c_void| match size {
        0 => (0, null_mut()),
        size => (size as SIZE_T, at),
    };
    let (input_size, input) = place(size_of::<I>(), (&raw mut buffers.input).cast());
    let (output_size, output) = place(size_of::<O>(), (&raw mut buffers.output).cast());
    let returned = match unknown_size {
        true => &raw mut written,
        false => null_mut(),
    };
    // SAFETY: by the contract; without IRP nothing is used after the call.
    let status = unsafe {
        function(
            npi.Client,
            code,
            input_size,
            input,
            output_size,
            output,
            returned,
            null_mut(),
        )
    };
    buffers.written = written as usize;
    status
}

pub(super) const STATUS_NOT_IMPLEMENTED: NTSTATUS = 0xC000_0002_u32.cast_signed();
