//! The user-mode side: opening, IOCTLs, reads and writes as the I/O manager makes IRPs of them.

mod closing;

use std::sync::Arc;
use std::time::Duration;

use wdk_sys::{DEVICE_OBJECT, FILE_OBJECT, IO_STACK_LOCATION, IRP, NTSTATUS};
use wskhttp_client::{Completion, Error, Fault, Handle, Kind, Opener, Operation, Pending, Phase};
use wskhttp_core::nt::irp as path;

use crate::io::{self, File, Request};
use crate::rule;
use crate::sched::block;
use crate::state::{State, with};
use crate::{device, mm, ps};

pub(crate) use closing::{cleanup, close, end};

/// Opens the device whose interface is enabled.
pub(crate) fn opener() -> Opener {
    Arc::new(|| {
        open()
            .map(|file| Arc::new(Open { file }) as Arc<dyn Handle>)
            .map_err(refused)
    })
}

pub(crate) fn refused(status: NTSTATUS) -> Error {
    const STATUS_QUOTA_EXCEEDED: NTSTATUS = 0xC000_0044_u32.cast_signed();
    Error {
        phase: Phase::Open,
        kind: match status {
            STATUS_QUOTA_EXCEEDED => Kind::TooManyRequests,
            _ => Kind::NotInstalled,
        },
        fault: Fault::Local,
        status,
        cause: "the simulated device cannot be opened".into(),
    }
}

/// NtCreateFile.
pub(crate) fn open() -> Result<usize, NTSTATUS> {
    let Some(pdo) = with(|s| {
        s.interfaces
            .values()
            .find(|(_, on)| *on)
            .map(|(pdo, _)| *pdo)
    }) else {
        return Err(0xC000_0034_u32.cast_signed());
    };
    if with(|s| s.removing) {
        return Err(0xC000_000E_u32.cast_signed());
    }
    let pdo: *mut DEVICE_OBJECT = std::ptr::with_exposed_provenance_mut(pdo);
    // SAFETY: the bus driver's device lives as long as the simulation.
    let top = unsafe { device::top(pdo) };
    let mut object = Box::new(FILE_OBJECT::default());
    object.DeviceObject = top;
    let address = (&raw mut *object).expose_provenance();
    let file = with(|s| {
        let file = s.number() as usize;
        let entry = File {
            object,
            device: top.expose_provenance(),
            closed: false,
        };
        s.files.insert(file, entry);
        file
    });
    let _ = address;
    let request = send(file, Request::default(), wdk_sys::IRP_MJ_CREATE, |_, _| {});
    match wait(request, None).expect("no time-out").0 {
        0.. => Ok(file),
        status => {
            with(|s| s.files.remove(&file));
            Err(status)
        }
    }
}

/// Makes an IRP for the device of `file`, and sends it.
fn send(
    file: usize,
    mut request: Request,
    major: u32,
    fill: impl FnOnce(*mut IRP, *mut IO_STACK_LOCATION),
) -> u64 {
    let (device, object) = with(|s| {
        let entry = s.files.get_mut(&file).expect("open");
        (entry.device, &raw mut *entry.object)
    });
    let device: *mut DEVICE_OBJECT = std::ptr::with_exposed_provenance_mut(device);
    request.file = file;
    to_device(device, request, major, |irp, stack| {
        // SAFETY: a new IRP's next location.
        unsafe { (*stack).FileObject = object };
        fill(irp, stack);
    })
}

/// Makes an IRP for `device`, and sends it.
pub(crate) fn to_device(
    device: *mut DEVICE_OBJECT,
    mut request: Request,
    major: u32,
    fill: impl FnOnce(*mut IRP, *mut IO_STACK_LOCATION),
) -> u64 {
    let number = with(|s| s.number());
    // SAFETY: a device that is there.
    let irp = io::new_irp(unsafe { (*device).StackSize }, false, Some(number));
    request.irp = irp.expose_provenance();
    request.process = ps::current();
    // SAFETY: a new IRP.
    unsafe {
        let stack = path::next_stack(irp);
        (*stack).MajorFunction = major as u8;
        (*irp).RequestorMode = wdk_sys::_MODE::UserMode as i8;
        fill(irp, stack);
    }
    with(|s| s.requests.insert(number, request));
    // SAFETY: both are there, and the IRP is the I/O manager's to send.
    unsafe { io::call_driver(device, irp) };
    number
}

/// Sends a request of the system to `device`, with the status that says that nobody has handled it.
pub(crate) fn of_system(device: *mut DEVICE_OBJECT, major: u32, minor: u32) -> u64 {
    to_device(device, Request::default(), major, |irp, stack| {
        // SAFETY: a new IRP and its location.
        unsafe {
            (*stack).MinorFunction = minor as u8;
            (*irp).RequestorMode = wdk_sys::_MODE::KernelMode as i8;
            path::set_status(irp, 0xC000_00BB_u32.cast_signed(), 0);
        }
    })
}

/// Waits for a request; `None` if the time is over first.
pub(crate) fn wait(number: u64, timeout: Option<Duration>) -> Option<(NTSTATUS, usize)> {
    let until = timeout.map(|timeout| with(|s| s.now) + (timeout.as_nanos() / 100) as u64);
    let done = block(format!("request {number} of user mode"), until, move |s| {
        s.requests
            .get(&number)
            .is_none_or(|request| request.done.is_some())
    });
    if !done {
        return None;
    }
    with(|s| s.requests.get(&number).and_then(|request| request.done))
}

impl State {
    /// The requests of a file that are not over.
    fn pending(&self, file: usize) -> Vec<u64> {
        let mine = |request: &Request| request.file == file && request.done.is_none();
        let all = self.requests.iter().filter(|(_, request)| mine(request));
        all.map(|(number, _)| *number).collect()
    }
}

struct Open {
    file: usize,
}

impl Handle for Open {
    fn start(&self, operation: Operation) -> Box<dyn Pending> {
        Box::new(Started {
            number: start_open(self.file, operation),
        })
    }

    fn cancel_all(&self) {
        cancel_all(self.file);
    }

    fn close(&self) {
        close(self.file);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        close(self.file);
    }
}

/// CancelIoEx for every request of a handle.
pub(crate) fn cancel_all(file: usize) {
    let numbers = with(|s| s.pending(file));
    numbers.into_iter().for_each(cancel);
}

/// Starts an operation; 0 if the handle is closed.
pub(crate) fn start_open(file: usize, operation: Operation) -> u64 {
    if with(|s| s.files.get(&file).is_none_or(|file| file.closed)) {
        return 0;
    }
    start(file, operation)
}

/// Waits for an operation's end.
pub(crate) fn complete(number: u64) -> Completion {
    let mut started = Started { number };
    started.wait(None).unwrap_or_default()
}

fn start(file: usize, operation: Operation) -> u64 {
    let direct = |buffer: &mut Vec<u8>| {
        if buffer.is_empty() {
            0
        } else {
            let address = buffer.as_mut_ptr().expose_provenance();
            mm::new_mdl(address, buffer.len(), false).expose_provenance()
        }
    };
    let mut request = Request::default();
    let attach = |irp: *mut IRP, mdl: usize| {
        // SAFETY: a new IRP.
        unsafe { (*irp).MdlAddress = std::ptr::with_exposed_provenance_mut(mdl) };
    };
    match operation {
        Operation::Read(output) => {
            let len = output.len() as u32;
            request.output = output;
            request.mdl = direct(&mut request.output);
            let mdl = request.mdl;
            send(file, request, wdk_sys::IRP_MJ_READ, |irp, stack| {
                attach(irp, mdl);
                // SAFETY: a new IRP's location.
                unsafe { (*stack).Parameters.Read.Length = len };
            })
        }
        Operation::Write(input) => {
            let len = input.len() as u32;
            request.input = input;
            request.mdl = direct(&mut request.input);
            let mdl = request.mdl;
            send(file, request, wdk_sys::IRP_MJ_WRITE, |irp, stack| {
                attach(irp, mdl);
                // SAFETY: a new IRP's location.
                unsafe { (*stack).Parameters.Write.Length = len };
            })
        }
        Operation::Ioctl {
            code,
            input,
            output,
        } => {
            let (in_len, out_len) = (input.len() as u32, output.len() as u32);
            request.buffered = code & 3 == 0;
            request.system = input.clone();
            if request.buffered {
                let more = input.len()..input.len().max(output.len());
                request.system.extend(more.map(io::unwritten));
            }
            request.input = input;
            request.output = output;
            if !request.buffered {
                request.mdl = direct(&mut request.output);
            }
            let mdl = request.mdl;
            let system = if request.system.is_empty() {
                std::ptr::null_mut()
            } else {
                request.system.as_mut_ptr()
            };
            send(
                file,
                request,
                wdk_sys::IRP_MJ_DEVICE_CONTROL,
                |irp, stack| {
                    attach(irp, mdl);
                    // SAFETY: a new IRP and its location.
                    unsafe {
                        (*irp).AssociatedIrp.SystemBuffer = system.cast();
                        (*stack).Parameters.DeviceIoControl.IoControlCode = code;
                        (*stack).Parameters.DeviceIoControl.InputBufferLength = in_len;
                        (*stack).Parameters.DeviceIoControl.OutputBufferLength = out_len;
                    }
                },
            )
        }
    }
}

/// CancelIoEx.
pub(crate) fn cancel(number: u64) {
    with(|s| {
        let now = s.now;
        if let Some(request) = s.requests.get_mut(&number) {
            request
                .over_by
                .get_or_insert((now + io::CANCEL_TIME, rule::WSK_96));
        }
    });
    io::cancel(|| {
        let irp = with(|s| s.requests.get(&number).map(|request| request.irp))?;
        (irp != 0).then(|| std::ptr::with_exposed_provenance_mut(irp))
    });
}

struct Started {
    /// 0: it never was.
    number: u64,
}

impl Pending for Started {
    fn wait(&mut self, timeout: Option<Duration>) -> Option<Completion> {
        if self.number == 0 {
            return Some(Completion {
                status: 0xC000_0008_u32.cast_signed(),
                ..Completion::default()
            });
        }
        let (status, information) = wait(self.number, timeout)?;
        let request = with(|s| s.requests.remove(&self.number))?;
        self.number = 0;
        Some(Completion {
            status,
            information,
            input: request.input,
            output: request.output,
        })
    }

    fn cancel(&self) {
        if self.number != 0 {
            cancel(self.number);
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if self.number != 0 {
            self.cancel();
            self.wait(None);
        }
    }
}
