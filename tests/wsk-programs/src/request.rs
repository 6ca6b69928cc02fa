//! A request with its IRP, and what is said of it.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::sync::atomic::{AtomicBool, Ordering::SeqCst};

use wdk_sys::ntddk::{
    IoAllocateIrp, IoCancelIrp, IoFreeIrp, KeInitializeEvent, KeSetEvent, KeWaitForSingleObject,
    PsGetCurrentThreadId,
};
use wdk_sys::{DEVICE_OBJECT, IRP, KEVENT, LARGE_INTEGER, NTSTATUS, PVOID};
use wskhttp_core::nt::irp;

use crate::Bench;
use crate::status;

/// A request under way, or over.
#[must_use]
pub(crate) struct Request<'a> {
    bench: &'a Bench,
    name: &'static str,
    irp: *mut IRP,
    shared: *mut Shared,
    returned: NTSTATUS,
    /// What there is to say was said.
    said: bool,
    /// The result is the address of a socket.
    makes: bool,
}

/// How a request has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) status: NTSTATUS,
    pub(crate) information: usize,
}

/// What the completion routine writes to.
struct Shared {
    event: KEVENT,
    /// The thread that calls, for as long as it does.
    caller: usize,
    calling: AtomicBool,
    inside: AtomicBool,
    done: AtomicBool,
}

fn thread() -> usize {
    // SAFETY: callable at any IRQL.
    unsafe { PsGetCurrentThreadId() }.addr()
}

unsafe extern "C" fn completed(_: *mut DEVICE_OBJECT, _: *mut IRP, context: PVOID) -> NTSTATUS {
    let shared = context.cast::<Shared>();
    // SAFETY: there until the request has ended.
    unsafe {
        let inside = (*shared).calling.load(SeqCst) && (*shared).caller == thread();
        (*shared).inside.store(inside, SeqCst);
        (*shared).done.store(true, SeqCst);
        KeSetEvent(&raw mut (*shared).event, 0, 0);
    }
    STATUS_MORE_PROCESSING_REQUIRED
}

impl<'a> Request<'a> {
    /// Makes a call, and says what it has returned.
    pub(crate) fn start(
        bench: &'a Bench,
        name: &'static str,
        call: impl FnOnce(*mut IRP) -> NTSTATUS,
    ) -> Self {
        Self::begin(bench, name, false, call)
    }

    /// As [`Request::start`], for a call that makes a socket.
    pub(crate) fn make(
        bench: &'a Bench,
        name: &'static str,
        call: impl FnOnce(*mut IRP) -> NTSTATUS,
    ) -> Self {
        Self::begin(bench, name, true, call)
    }

    fn begin(
        bench: &'a Bench,
        name: &'static str,
        makes: bool,
        call: impl FnOnce(*mut IRP) -> NTSTATUS,
    ) -> Self {
        let shared = Box::into_raw(Box::new(Shared {
            event: KEVENT::default(),
            caller: thread(),
            calling: AtomicBool::new(true),
            inside: AtomicBool::new(false),
            done: AtomicBool::new(false),
        }));
        // SAFETY: nonpaged memory that stays; one location; a new IRP.
        let irp = unsafe {
            let event = &raw mut (*shared).event;
            KeInitializeEvent(event, wdk_sys::_EVENT_TYPE::NotificationEvent, 0);
            let irp = IoAllocateIrp(1, 0);
            irp::set_completion_routine(irp, Some(completed), shared.cast());
            irp
        };
        let returned = call(irp);
        // SAFETY: there until the request has ended.
        unsafe { (*shared).calling.store(false, SeqCst) };
        let mut new = Self {
            bench,
            name,
            irp,
            shared,
            returned,
            said: false,
            makes,
        };
        let what = if new.is_inside() {
            new.said = true;
            format!(", completed in the call: {}", new.outcome())
        } else if new.is_untouched() {
            new.said = true;
            ", the IRP untouched".into()
        } else {
            String::new()
        };
        bench.say(format!("{name} -> {}{what}", status::name(returned)));
        new
    }

    fn is_inside(&self) -> bool {
        // SAFETY: freed by the end only.
        unsafe { (*self.shared).inside.load(SeqCst) }
    }

    /// Whether it is completed.
    pub(crate) fn is_done(&self) -> bool {
        // SAFETY: freed by the end only.
        unsafe { (*self.shared).done.load(SeqCst) }
    }

    /// Whether nobody has had the IRP: a function that returned an error and will not complete it.
    fn is_untouched(&self) -> bool {
        // SAFETY: the IRP is there.
        let fresh = unsafe { (*self.irp).CurrentLocation > (*self.irp).StackCount };
        self.returned < 0 && fresh && !self.is_done()
    }

    fn outcome(&self) -> String {
        // SAFETY: completed.
        let (status, information, marked) = unsafe {
            (
                irp::status(self.irp),
                irp::information(self.irp),
                irp::pending_returned(self.irp),
            )
        };
        let information = match (self.makes, information) {
            (true, 1..) => "a socket".into(),
            _ => format!("{information}"),
        };
        let marked = if marked { ", PendingReturned" } else { "" };
        format!(
            "{}, Information {information}{marked}",
            status::name(status)
        )
    }

    /// IoCancelIrp, and says what it has returned.
    pub(crate) fn cancel(&self) {
        // SAFETY: the IRP is there.
        let found = unsafe { IoCancelIrp(self.irp) };
        let found = if found == 0 { "FALSE" } else { "TRUE" };
        self.bench
            .say(format!("IoCancelIrp ({}) -> {found}", self.name));
    }

    /// Says whether it is under way.
    pub(crate) fn look(&self) {
        let state = if self.is_done() { "over" } else { "under way" };
        self.bench.say(format!("{} is {state}", self.name));
    }

    /// Waits for it, and says how it has ended, unless that was said.
    pub(crate) fn end(mut self) -> End {
        if self.is_untouched() {
            let returned = self.returned;
            return self.free(returned, 0);
        }
        let mut timeout = LARGE_INTEGER { QuadPart: -LONG };
        // SAFETY: initialised, and there until the request has ended.
        let waited = unsafe {
            KeWaitForSingleObject(
                (&raw mut (*self.shared).event).cast(),
                wdk_sys::_KWAIT_REASON::Executive,
                wdk_sys::_MODE::KernelMode as _,
                0,
                &raw mut timeout,
            )
        };
        if waited != 0 {
            self.bench.say(format!("{} does not end", self.name));
            self.bench.stuck.set(true);
            // All that it uses stays for good.
            return End {
                status: STATUS_IO_TIMEOUT,
                information: 0,
            };
        }
        if !self.said {
            self.said = true;
            self.bench
                .say(format!("{} completed: {}", self.name, self.outcome()));
        }
        // SAFETY: completed.
        let (status, information) = unsafe { (irp::status(self.irp), irp::information(self.irp)) };
        self.free(status, information)
    }

    fn free(self, status: NTSTATUS, information: usize) -> End {
        // SAFETY: nobody else has either.
        unsafe {
            IoFreeIrp(self.irp);
            drop(Box::from_raw(self.shared));
        }
        End {
            status,
            information,
        }
    }
}

const STATUS_MORE_PROCESSING_REQUIRED: NTSTATUS = 0xC000_0016_u32.cast_signed();
const STATUS_IO_TIMEOUT: NTSTATUS = 0xC000_00B5_u32.cast_signed();
/// What the longest wait takes, in 100 ns.
const LONG: i64 = 15 * 10_000_000;
