//! Small drivers, for requests from above.

use std::ffi::c_void;

use wdk_sys::{DEVICE_OBJECT, IRP, IRP_MJ_CLEANUP, IRP_MJ_DEVICE_CONTROL, IRP_MJ_PNP, NTSTATUS};

use crate::io::{Request, unwritten};
use crate::state::{simulator, with};
use crate::{device, driver, user};

/// What a driver object has in its table.
pub type Dispatch = unsafe extern "C" fn(*mut DEVICE_OBJECT, *mut IRP) -> NTSTATUS;

/// A driver of one dispatch routine, and its device.
#[derive(Clone, Copy, Debug)]
pub struct Target(*mut DEVICE_OBJECT);

impl Target {
    /// A driver that has `dispatch` for everything, and may pass requests on once.
    #[must_use]
    pub fn new(dispatch: Dispatch) -> Self {
        simulator(|| {
            let driver = driver::new_driver();
            // SAFETY: new.
            unsafe { (*driver).MajorFunction = [Some(dispatch); 28] };
            // SAFETY: new.
            let device = unsafe { device::new(driver, 0) };
            // SAFETY: new.
            unsafe { (*device).StackSize = 2 };
            Self(device)
        })
    }

    /// Its device object.
    #[must_use]
    pub fn device(&self) -> *mut DEVICE_OBJECT {
        self.0
    }

    /// Sends an IOCTL of user mode, with `input` and room for as much output.
    pub fn ioctl(&self, input: &[u8]) -> Sent {
        simulator(|| {
            let len = input.len() as u32;
            let mut request = Request {
                buffered: true,
                system: input.to_vec(),
                output: vec![0; input.len() * 2],
                ..Request::default()
            };
            let more = input.len()..input.len() * 2;
            request.system.extend(more.map(unwritten));
            let system: *mut c_void = request.system.as_mut_ptr().cast();
            request.input = input.to_vec();
            let number = user::to_device(self.0, request, IRP_MJ_DEVICE_CONTROL, |irp, stack| {
                // SAFETY: a new IRP and its location.
                unsafe {
                    (*irp).AssociatedIrp.SystemBuffer = system;
                    (*stack).Parameters.DeviceIoControl.InputBufferLength = len;
                    (*stack).Parameters.DeviceIoControl.OutputBufferLength = len * 2;
                }
            });
            Sent(number)
        })
    }

    /// Sends what closing the last handle of a file sends.
    pub fn cleanup(&self) -> Sent {
        simulator(|| {
            let request = user::cleanup();
            Sent(user::to_device(self.0, request, IRP_MJ_CLEANUP, |_, _| {}))
        })
    }

    /// Sends a request of Plug and Play.
    pub fn pnp(&self, minor: u32) -> Sent {
        simulator(|| Sent(user::of_system(self.0, IRP_MJ_PNP, minor)))
    }
}

/// A request that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent(u64);

impl Sent {
    /// Its IRP, until it is completed.
    #[must_use]
    pub fn irp(self) -> *mut IRP {
        with(|s| s.requests.get(&self.0).map_or(0, |request| request.irp) as *mut IRP)
    }

    /// CancelIoEx.
    pub fn cancel(self) {
        simulator(|| user::cancel(self.0));
    }

    /// Waits for the end of it.
    pub fn wait(self) -> Option<NTSTATUS> {
        user::wait(self.0, None).map(|(status, _)| status)
    }
}
