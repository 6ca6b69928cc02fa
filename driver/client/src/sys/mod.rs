//! The operations of an I/O manager that the client needs: open, ioctl, read, write, cancel, close.
//!
//! Windows provides them; a simulated kernel can take its place through [`Handle`].

use std::sync::Arc;
use std::time::Duration;

#[cfg(not(windows))]
#[path = "unsupported.rs"]
pub(crate) mod os;
#[cfg(windows)]
#[path = "windows/mod.rs"]
pub(crate) mod os;

use crate::Error;

/// An open handle to the device. Dropping it closes it, which aborts its request.
pub trait Handle: Send + Sync {
    /// Starts `operation`. Its buffers belong to the operation until it completes.
    fn start(&self, operation: Operation) -> Box<dyn Pending>;

    /// Cancels every pending operation of this handle (CancelIoEx).
    fn cancel_all(&self);

    /// Closes the handle now, also with operations under way (CloseHandle). What is started later
    /// fails with STATUS_INVALID_HANDLE.
    fn close(&self);
}

/// An operation under way. Dropping it cancels it and waits, within a bound, until the kernel no
/// longer uses its buffers; past the bound they are leaked.
pub trait Pending: Send {
    /// Waits for completion; `None` when `timeout` has passed first. Gives the completion once.
    fn wait(&mut self, timeout: Option<Duration>) -> Option<Completion>;

    /// Asks for this operation to be canceled (CancelIoEx).
    fn cancel(&self);
}

/// What to do, with the buffers for it.
#[derive(Debug)]
pub enum Operation {
    /// DeviceIoControl.
    Ioctl {
        /// Control code.
        code: u32,
        /// Input buffer.
        input: Vec<u8>,
        /// Output buffer, all of its length.
        output: Vec<u8>,
    },
    /// ReadFile into all of the buffer's length.
    Read(Vec<u8>),
    /// WriteFile of all of the buffer.
    Write(Vec<u8>),
}

/// How an operation ended.
#[derive(Debug, Default)]
pub struct Completion {
    /// NTSTATUS.
    pub status: i32,
    /// `IoStatus.Information`: bytes transferred.
    pub information: usize,
    /// The input of an ioctl or the bytes written, given back.
    pub input: Vec<u8>,
    /// The output of an ioctl or the bytes read: the whole buffer, of which the first `information`
    /// bytes are valid.
    pub output: Vec<u8>,
}

impl Completion {
    /// Whether the status is an error (not a success, and not a warning such as
    /// STATUS_BUFFER_OVERFLOW).
    #[must_use]
    pub const fn is_error(&self) -> bool {
        self.status.cast_unsigned() >> 30 == 3
    }

    /// The valid bytes of `output`.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        let length = self.information.min(self.output.len());
        self.output.get(..length).unwrap_or_default()
    }
}

/// Opens the device, again and again if need be.
pub type Opener = Arc<dyn Fn() -> Result<Arc<dyn Handle>, Error> + Send + Sync>;
