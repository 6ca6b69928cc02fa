//! An open handle, and the operations under way on it.

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::null;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use windows_sys::Wdk::Storage::FileSystem::{NtCancelIoFileEx, NtReadFile, NtWriteFile};
use windows_sys::Wdk::System::IO::NtDeviceIoControlFile;
use windows_sys::Win32::Foundation::{HANDLE, NTSTATUS, STATUS_PENDING, WAIT_OBJECT_0};
use windows_sys::Win32::System::IO::{CancelIoEx, IO_STATUS_BLOCK};
use windows_sys::Win32::System::Threading::{CreateEventW, INFINITE, WaitForSingleObject};

use crate::sys::{Completion, Handle, Operation, Pending};

/// An open, overlapped handle.
pub(super) struct File(Arc<Slot>);

/// The handle, until it is closed. A call that uses it holds the lock, so that its number is not
/// closed, and perhaps given out again, meanwhile.
struct Slot(RwLock<Option<OwnedHandle>>);

impl Slot {
    fn read(&self) -> RwLockReadGuard<'_, Option<OwnedHandle>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the kernel uses while an operation is under way.
struct Block {
    iosb: IO_STATUS_BLOCK,
    input: Vec<u8>,
    output: Vec<u8>,
}

/// An operation.
///
/// # Invariants
/// `block` came from `Box::into_raw` and is valid. While `under_way`, the kernel may write to its
/// `iosb` and `output` and read its `input`, and nobody else touches them.
struct Overlapped {
    file: Arc<Slot>,
    event: Option<OwnedHandle>,
    block: *mut Block,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    UnderWay,
    /// Not `UnderWay`; the status is the one here, or that of the block.
    Done(Option<NTSTATUS>),
    Taken,
}

enum Call {
    Ioctl(u32),
    Read,
    Write,
}

impl Call {
    /// # Safety
    /// `file` and `event` are open. `iosb` and the buffers are valid, and nobody else touches them
    /// until the operation is done.
    unsafe fn make(
        &self,
        file: HANDLE,
        event: HANDLE,
        iosb: *mut IO_STATUS_BLOCK,
        (input, input_length): (*const u8, u32),
        (output, output_length): (*mut u8, u32),
    ) -> NTSTATUS {
        let (input, output) = (input.cast(), output.cast());
        // An overlapped handle needs an offset, which the driver does not use.
        let offset = &0;
        match *self {
            // SAFETY: as demanded of the caller.
            Self::Ioctl(code) => unsafe {
                NtDeviceIoControlFile(
                    file,
                    event,
                    None,
                    null(),
                    iosb,
                    code,
                    input,
                    input_length,
                    output,
                    output_length,
                )
            },
            // SAFETY: as demanded of the caller.
            Self::Read => unsafe {
                NtReadFile(
                    file,
                    event,
                    None,
                    null(),
                    iosb,
                    output,
                    output_length,
                    offset,
                    null(),
                )
            },
            // SAFETY: as demanded of the caller.
            Self::Write => unsafe {
                NtWriteFile(
                    file,
                    event,
                    None,
                    null(),
                    iosb,
                    input,
                    input_length,
                    offset,
                    null(),
                )
            },
        }
    }
}

// SAFETY: the block has no tie to a thread, and only this value's owner reaches it.
unsafe impl Send for Overlapped {}

impl File {
    /// # Safety
    /// `handle` is an open file handle that nobody else closes.
    pub(super) unsafe fn new(handle: HANDLE) -> Self {
        // SAFETY: as demanded of the caller.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        Self(Arc::new(Slot(RwLock::new(Some(handle)))))
    }
}

impl Handle for File {
    fn start(&self, operation: Operation) -> Box<dyn Pending> {
        Box::new(Overlapped::start(&self.0, operation))
    }

    fn cancel_all(&self) {
        if let Some(file) = &*self.0.read() {
            // SAFETY: the handle is open; null means every operation on it.
            unsafe { CancelIoEx(file.as_raw_handle(), null()) };
        }
    }

    fn close(&self) {
        let mut slot = self.0.0.write().unwrap_or_else(PoisonError::into_inner);
        *slot = None;
    }
}

impl Overlapped {
    fn start(slot: &Arc<Slot>, operation: Operation) -> Self {
        let (call, input, mut output) = match operation {
            Operation::Ioctl {
                code,
                input,
                output,
            } => (Call::Ioctl(code), input, output),
            Operation::Read(output) => (Call::Read, Vec::new(), output),
            Operation::Write(input) => (Call::Write, input, Vec::new()),
        };
        let from = (input.as_ptr(), length(&input));
        let to = (output.as_mut_ptr(), length(&output));
        let block = Box::into_raw(Box::new(Block {
            iosb: IO_STATUS_BLOCK::default(),
            input,
            output,
        }));
        // SAFETY: `block` is valid; only an address is taken.
        let iosb = unsafe { &raw mut (*block).iosb };
        let event = event();
        let status = match (&*slot.read(), &event) {
            // SAFETY: both handles are open; `iosb` and the buffers stay in `block` until completion
            // (type invariant).
            (Some(file), Some(event)) => unsafe {
                call.make(file.as_raw_handle(), event.as_raw_handle(), iosb, from, to)
            },
            (None, _) => STATUS_INVALID_HANDLE,
            (_, None) => STATUS_INSUFFICIENT_RESOURCES,
        };
        Self {
            file: Arc::clone(slot),
            event,
            block,
            state: match status {
                STATUS_PENDING => State::UnderWay,
                // An error that the call itself returns leaves the status block alone.
                error if error.cast_unsigned() >> 30 == 3 => State::Done(Some(error)),
                _ => State::Done(None),
            },
        }
    }

    fn wait_until_done(&mut self, timeout: Option<Duration>) -> bool {
        let Some(event) = &self.event else {
            return true;
        };
        if self.state == State::UnderWay {
            let ms = timeout.map_or(INFINITE, |timeout| {
                u32::try_from(timeout.as_millis())
                    .unwrap_or(INFINITE - 1)
                    .min(INFINITE - 1)
            });
            // SAFETY: the event is open.
            if unsafe { WaitForSingleObject(event.as_raw_handle(), ms) } == WAIT_OBJECT_0 {
                self.state = State::Done(None);
            }
        }
        self.state != State::UnderWay
    }
}

impl Pending for Overlapped {
    fn wait(&mut self, timeout: Option<Duration>) -> Option<Completion> {
        if !self.wait_until_done(timeout) {
            return None;
        }
        let State::Done(returned) = std::mem::replace(&mut self.state, State::Taken) else {
            return None;
        };
        // SAFETY: the operation is done, so the block is ours alone (type invariant).
        let block = unsafe { &mut *self.block };
        // SAFETY: every member of the union is plain data of which all values are valid.
        let written = unsafe { block.iosb.Anonymous.Status };
        Some(Completion {
            status: returned.unwrap_or(written),
            information: if returned.is_some() {
                0
            } else {
                block.iosb.Information
            },
            input: std::mem::take(&mut block.input),
            output: std::mem::take(&mut block.output),
        })
    }

    fn cancel(&self) {
        if self.state == State::UnderWay
            && let Some(file) = &*self.file.read()
        {
            let mut ignored = IO_STATUS_BLOCK::default();
            // SAFETY: the block is valid (type invariant); only its address is taken.
            let iosb = unsafe { &raw const (*self.block).iosb };
            // SAFETY: the handle is open; `iosb` names the operation and is not written to.
            unsafe { NtCancelIoFileEx(file.as_raw_handle(), iosb, &mut ignored) };
        }
    }
}

impl Drop for Overlapped {
    fn drop(&mut self) {
        self.cancel();
        if self.wait_until_done(Some(CANCEL_BOUND)) {
            // SAFETY: it came from `Box::into_raw`, and the kernel is done with it (type invariant).
            drop(unsafe { Box::from_raw(self.block) });
        }
    }
}

fn event() -> Option<OwnedHandle> {
    // SAFETY: manual reset, not signaled; the pointers may be null.
    let event = unsafe { CreateEventW(null(), 1, 0, null()) };
    if event.is_null() {
        return None;
    }
    // SAFETY: the event was just created, and nobody else has the handle.
    Some(unsafe { OwnedHandle::from_raw_handle(event) })
}

fn length(buffer: &[u8]) -> u32 {
    u32::try_from(buffer.len()).unwrap_or(u32::MAX)
}

const STATUS_INVALID_HANDLE: NTSTATUS = 0xC000_0008_u32.cast_signed();
const STATUS_INSUFFICIENT_RESOURCES: NTSTATUS = 0xC000_009A_u32.cast_signed();
/// How long a dropped operation is waited for before its buffers are leaked.
const CANCEL_BOUND: Duration = Duration::from_secs(10);
