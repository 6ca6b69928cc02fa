//! System threads.

use alloc::boxed::Box;
use core::fmt;
use core::ptr::{NonNull, null_mut};

use wdk_sys::ntddk::{
    ObReferenceObjectByHandle, ObfDereferenceObject, PsCreateSystemThread, PsTerminateSystemThread,
    ZwClose, ZwWaitForSingleObject,
};
use wdk_sys::{HANDLE, NT_SUCCESS, OBJECT_ATTRIBUTES, PVOID};

use super::irql::Passive;
use super::pool::{free_box, try_box};
use super::wait::wait;
use crate::io::{Error, Kind, Phase};

/// A system thread that has to be joined: code must not outlive its image.
#[must_use = "a thread that is not joined may outlive the driver"]
pub struct Thread(Joinable);

enum Joinable {
    /// A referenced thread object.
    Object(PVOID),
    /// A kernel handle.
    Handle(HANDLE),
}

// SAFETY: both are references into the kernel that any thread may use.
unsafe impl Send for Thread {}
// SAFETY: as above; nothing is done with a shared reference.
unsafe impl Sync for Thread {}

impl Thread {
    /// Runs `body` on a thread of its own (`wdm/nf-wdm-pscreatesystemthread`).
    ///
    /// # Errors
    /// `Kind::NoResources`.
    pub fn spawn<F>(_: Passive, body: F) -> Result<Self, Error>
    where
        F: FnOnce(Passive) + Send + 'static,
    {
        let body = Box::into_raw(try_box(body)?);
        let mut attributes = OBJECT_ATTRIBUTES {
            Length: size_of::<OBJECT_ATTRIBUTES>() as _,
            Attributes: OBJ_KERNEL_HANDLE,
            ..OBJECT_ATTRIBUTES::default()
        };
        let mut handle: HANDLE = null_mut();
        // SAFETY: the routine takes ownership of the body; PASSIVE_LEVEL by the token.
        let status = unsafe {
            PsCreateSystemThread(
                &raw mut handle,
                THREAD_ALL_ACCESS,
                &raw mut attributes,
                null_mut(),
                null_mut(),
                Some(run::<F>),
                body.cast(),
            )
        };
        if !NT_SUCCESS(status) {
            // SAFETY: the thread was not made, so the body is still ours.
            drop(unsafe { Box::from_raw(body) });
            return Err(Error::with_status(
                Phase::Wait,
                Kind::NoResources,
                status,
                "no system thread",
            ));
        }
        Ok(Self(reference(handle)))
    }

    /// Waits until the thread has ended.
    pub fn join(self, passive: Passive) {
        match self.0 {
            Joinable::Object(object) => {
                // SAFETY: a thread is a dispatcher object, and it is referenced.
                unsafe { wait(passive, object, None) };
                // SAFETY: pairs with ObReferenceObjectByHandle.
                unsafe { ObfDereferenceObject(object) };
            }
            Joinable::Handle(handle) => {
                // SAFETY: an open kernel handle, without time limit.
                let _ended = unsafe { ZwWaitForSingleObject(handle, 0, null_mut()) };
                close(handle);
            }
        }
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Thread")
    }
}

/// The thread object behind `handle`, which is closed; or the handle, where that fails.
fn reference(handle: HANDLE) -> Joinable {
    let mut object: PVOID = null_mut();
    // SAFETY: an open handle; KernelMode asks for no access check.
    let status = unsafe {
        ObReferenceObjectByHandle(
            handle,
            THREAD_ALL_ACCESS,
            null_mut(),
            wdk_sys::_MODE::KernelMode as _,
            &raw mut object,
            null_mut(),
        )
    };
    if NT_SUCCESS(status) {
        close(handle);
        Joinable::Object(object)
    } else {
        Joinable::Handle(handle)
    }
}

fn close(handle: HANDLE) {
    // SAFETY: an open handle of ours, not used any more. It cannot fail.
    let _closed = unsafe { ZwClose(handle) };
}

unsafe extern "C" fn run<F: FnOnce(Passive)>(context: PVOID) {
    if let Some(body) = NonNull::new(context.cast::<F>()) {
        // SAFETY: ownership was passed by spawn.
        let call = unsafe { body.read() };
        // SAFETY: its value has been moved out.
        unsafe { free_box(body) };
        // SAFETY: system threads start at PASSIVE_LEVEL.
        call(unsafe { Passive::assume() });
    }
    // SAFETY: the calling thread is a system thread and holds nothing.
    let _never = unsafe { PsTerminateSystemThread(0) };
}

const OBJ_KERNEL_HANDLE: u32 = 0x200;
const THREAD_ALL_ACCESS: u32 = 0x001F_FFFF;
