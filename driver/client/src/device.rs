//! An open handle to the driver.

use std::io::Read;
use std::sync::Arc;

use wskhttp_abi::{
    CookiesHeader, Failure, IOCTL_WSKHTTP_QUERY_COOKIES, IOCTL_WSKHTTP_QUERY_FAILURE,
    IOCTL_WSKHTTP_QUERY_PEER, IOCTL_WSKHTTP_QUERY_STATUS, IOCTL_WSKHTTP_RECEIVE_RESPONSE,
    IOCTL_WSKHTTP_SEND_REQUEST, STATUS_BUFFER_OVERFLOW, Status,
};

use crate::response::Received;
use crate::sys::{Completion, Handle, Opener, Operation, Pending, os};
use crate::{Body, Canceller, Error, Kind, Phase, Request, Response};

/// An open handle to the driver. It carries one request at a time, and keeps its connections alive
/// from one to the next.
pub struct Device {
    opener: Opener,
    handle: Option<Arc<dyn Handle>>,
    canceller: Canceller,
}

impl Device {
    /// Opens the driver's device interface.
    ///
    /// # Errors
    /// Kind `NotInstalled`, `AccessDenied`, `TooManyRequests` when too many handles are open, `NotReady`;
    /// `NotWindows` elsewhere.
    pub fn open() -> Result<Self, Error> {
        Self::with_opener(Arc::new(os::open))
    }

    /// A device that `opener` opens: a simulated kernel, say.
    ///
    /// # Errors
    /// Those of `opener`.
    pub fn with_opener(opener: Opener) -> Result<Self, Error> {
        let mut device = Self {
            opener,
            handle: None,
            canceller: Canceller::default(),
        };
        device.handle()?;
        Ok(device)
    }

    /// Sends `request` and its body, and waits for the head of the response.
    ///
    /// # Errors
    /// What the driver says about the failure; kind `BodySource` if the body's reader fails.
    pub fn send<'d>(&'d mut self, request: Request<'_>) -> Result<Response<'d>, Error> {
        match self.head_of(request) {
            Ok(received) => Ok(Response::new(self, received)),
            Err(error) => {
                self.settle(&error);
                Err(error)
            }
        }
    }

    /// The driver's counters.
    ///
    /// # Errors
    /// Phase `Exchange`.
    pub fn status(&mut self) -> Result<Status, Error> {
        let output = vec![0; size_of::<Status>()];
        let done = self.ioctl(IOCTL_WSKHTTP_QUERY_STATUS, Vec::new(), output)?;
        if done.is_error() {
            return Err(refused(done.status));
        }
        Status::parse(done.bytes()).map_err(|error| strange(&error))
    }

    /// Why the last request failed; `None` if it did not.
    ///
    /// # Errors
    /// Phase `Exchange`.
    pub fn failure(&mut self) -> Result<Option<Failure>, Error> {
        let output = vec![0; size_of::<Failure>()];
        // Not `ioctl`: a canceled request can be asked about.
        let operation = Operation::Ioctl {
            code: IOCTL_WSKHTTP_QUERY_FAILURE,
            input: Vec::new(),
            output,
        };
        let done = finish(self.handle()?.start(operation))?;
        match done.status {
            STATUS_NOT_FOUND => Ok(None),
            status if done.is_error() => Err(refused(status)),
            _ => Failure::parse(done.bytes())
                .map(Some)
                .map_err(|error| strange(&error)),
        }
    }

    /// The certificates of the server that answered the last request, or was refused for them, in DER one
    /// after the other; empty if none were kept.
    ///
    /// # Errors
    /// Phase `Exchange`.
    pub fn peer_certificates(&mut self) -> Result<Vec<u8>, Error> {
        let output = vec![0; PEER];
        let done = self.ioctl(IOCTL_WSKHTTP_QUERY_PEER, Vec::new(), output)?;
        match done.status {
            STATUS_NOT_FOUND => Ok(Vec::new()),
            status if done.is_error() => Err(refused(status)),
            _ => Ok(done.bytes().to_vec()),
        }
    }

    /// The cookies that requests with [`Options::cookies`](crate::Options::cookies) have left here, in
    /// the format of Netscape's files. Between requests.
    ///
    /// # Errors
    /// Phase `Exchange`.
    pub fn cookies(&mut self) -> Result<String, Error> {
        let mut room = FIRST_COOKIES;
        loop {
            let done = self.ioctl(IOCTL_WSKHTTP_QUERY_COOKIES, Vec::new(), vec![0; room])?;
            // An overflow is a warning, and has its fixed part.
            if done.is_error() {
                return Err(refused(done.status));
            }
            let (needed, text) =
                CookiesHeader::parse(done.bytes()).map_err(|error| strange(&error))?;
            let needed = usize::try_from(needed).unwrap_or(usize::MAX);
            if needed <= room || room == MOST_COOKIES {
                return Ok(String::from_utf8_lossy(text).into_owned());
            }
            room = needed.min(MOST_COOKIES);
        }
    }

    /// What cancels this device's requests from another thread.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// DeviceIoControl, waited for. An error status is a completion too.
    ///
    /// # Errors
    /// Kind `Canceled`; those of opening again after a response was dropped half read.
    pub fn ioctl(
        &mut self,
        code: u32,
        input: Vec<u8>,
        output: Vec<u8>,
    ) -> Result<Completion, Error> {
        self.run(Operation::Ioctl {
            code,
            input,
            output,
        })
    }

    /// ReadFile into `buffer`, waited for.
    ///
    /// # Errors
    /// See [`Device::ioctl`].
    pub fn read(&mut self, buffer: Vec<u8>) -> Result<Completion, Error> {
        self.run(Operation::Read(buffer))
    }

    /// WriteFile of `buffer`, waited for.
    ///
    /// # Errors
    /// See [`Device::ioctl`].
    pub fn write(&mut self, buffer: Vec<u8>) -> Result<Completion, Error> {
        self.run(Operation::Write(buffer))
    }

    /// Starts an overlapped operation.
    ///
    /// # Errors
    /// Those of opening again after a response was dropped half read.
    pub fn start(&mut self, operation: Operation) -> Result<Box<dyn Pending>, Error> {
        Ok(self.handle()?.start(operation))
    }

    /// Starts an overlapped DeviceIoControl.
    ///
    /// # Errors
    /// See [`Device::start`].
    pub fn ioctl_overlapped(
        &mut self,
        code: u32,
        input: Vec<u8>,
        output: Vec<u8>,
    ) -> Result<Box<dyn Pending>, Error> {
        self.start(Operation::Ioctl {
            code,
            input,
            output,
        })
    }

    /// Closes the handle, which aborts its request; the next operation opens another.
    pub fn abandon(&mut self) {
        self.handle = None;
    }

    /// The handle itself.
    ///
    /// # Errors
    /// Those of opening again after [`Device::abandon`].
    pub fn handle(&mut self) -> Result<Arc<dyn Handle>, Error> {
        if let Some(handle) = &self.handle {
            return Ok(Arc::clone(handle));
        }
        let handle = (self.opener)()?;
        self.canceller.watch(&handle);
        self.handle = Some(Arc::clone(&handle));
        Ok(handle)
    }

    /// Runs an operation of a request: an error status becomes what the driver says about it.
    pub(crate) fn checked(&mut self, operation: Operation) -> Result<Completion, Error> {
        let done = self.run(operation)?;
        if done.is_error() {
            return Err(self.explain(done.status));
        }
        Ok(done)
    }

    fn exchange(
        &mut self,
        code: u32,
        input: Vec<u8>,
        output: Vec<u8>,
    ) -> Result<Completion, Error> {
        self.checked(Operation::Ioctl {
            code,
            input,
            output,
        })
    }

    fn head_of(&mut self, mut request: Request<'_>) -> Result<Received, Error> {
        let message = request.message()?;
        let output = vec![0; OUTPUT];
        let mut done = if request.is_inline() {
            self.exchange(IOCTL_WSKHTTP_SEND_REQUEST, message, output)?
        } else {
            self.exchange(IOCTL_WSKHTTP_SEND_REQUEST, message, Vec::new())?;
            self.stream(std::mem::take(&mut request.body))?;
            self.exchange(IOCTL_WSKHTTP_RECEIVE_RESPONSE, Vec::new(), output)?
        };
        if done.status == STATUS_BUFFER_OVERFLOW {
            let message = wskhttp_abi::Response::parse(done.bytes()).map_err(|e| strange(&e))?;
            let head = usize::try_from(message.header.needed).unwrap_or(MAX_HEAD);
            let output = vec![0; head.min(MAX_HEAD).saturating_add(OUTPUT)];
            done = self.exchange(IOCTL_WSKHTTP_RECEIVE_RESPONSE, Vec::new(), output)?;
        }
        Received::parse(done.bytes()).map_err(|error| strange(&error))
    }

    /// Closes the handle if after `error` the driver may still be busy with the request.
    pub(crate) fn settle(&mut self, error: &Error) {
        if error.phase == Phase::Exchange
            || matches!(
                error.kind,
                Kind::BodySource | Kind::BodyLengthMismatch | Kind::Canceled
            )
        {
            self.abandon();
        }
    }

    fn stream(&mut self, body: Body<'_>) -> Result<(), Error> {
        match body {
            Body::None => Ok(()),
            Body::Bytes(bytes) => {
                let length = u64::try_from(bytes.len()).ok();
                self.copy(&mut &bytes[..], length)
            }
            Body::Reader { mut reader, length } => self.copy(&mut reader, length),
        }
    }

    fn copy(&mut self, reader: &mut dyn Read, length: Option<u64>) -> Result<(), Error> {
        let mut left = length.unwrap_or(u64::MAX);
        let mut buffer = Vec::new();
        while left > 0 {
            let want = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            buffer.resize(want, 0);
            let got = read_full(reader, &mut buffer)
                .map_err(|error| Error::new(Phase::Send, Kind::BodySource, 0, error.to_string()))?;
            if got == 0 {
                break;
            }
            buffer.truncate(got);
            let done = self.checked(Operation::Write(buffer))?;
            if done.information > got {
                return Err(strange(&"more was written than was given"));
            }
            if done.information < got {
                // The response has come, and the server wants no more.
                return Ok(());
            }
            buffer = done.input;
            left = left.saturating_sub(u64::try_from(got).unwrap_or(u64::MAX));
        }
        if length.is_some() && left > 0 {
            let cause = format!("the body ended {left} bytes early");
            return Err(Error::new(Phase::Send, Kind::BodyLengthMismatch, 0, cause));
        }
        Ok(())
    }

    fn run(&mut self, operation: Operation) -> Result<Completion, Error> {
        let handle = self.handle()?;
        if self.canceller.is_canceled() {
            return Err(canceled());
        }
        let is_request = matches!(
            operation,
            Operation::Ioctl { code, .. } if code == IOCTL_WSKHTTP_SEND_REQUEST
        );
        let pending = handle.start(operation);
        // A cancel between the two: it found nothing to cancel.
        if self.canceller.is_canceled() {
            pending.cancel();
        }
        let mut done = finish(pending)?;
        if is_request {
            wskhttp_abi::Request::wipe_key(&mut done.input);
        }
        Ok(done)
    }

    fn explain(&mut self, status: i32) -> Error {
        match self.failure() {
            Ok(Some(failure)) if failure.status == status => Error::from_failure(&failure),
            _ if status == STATUS_CANCELLED => canceled(),
            _ => refused(status),
        }
    }
}

fn finish(mut pending: Box<dyn Pending>) -> Result<Completion, Error> {
    pending
        .wait(None)
        .ok_or_else(|| strange(&"an operation did not complete"))
}

/// Reads until `buffer` is full or the reader ends.
fn read_full(reader: &mut dyn Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match reader.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

fn canceled() -> Error {
    let cause = "canceled by the caller";
    Error::new(Phase::Exchange, Kind::Canceled, STATUS_CANCELLED, cause)
}

fn refused(status: i32) -> Error {
    let cause = match status.cast_unsigned() {
        0xC000_000D => "the driver refused the message as malformed",
        0xC000_0184 => "a request is under way on this handle",
        0xC000_0056 | 0xC000_00C0 | 0xC000_009D => "the driver is going away",
        0xC000_009A => "out of memory",
        _ => "the driver refused",
    };
    Error::new(Phase::Exchange, Kind::DriverRefused, status, cause)
}

fn strange(what: &dyn std::fmt::Display) -> Error {
    let cause = format!("the driver's answer cannot be understood: {what}");
    Error::new(Phase::Exchange, Kind::DriverMessage, 0, cause)
}

const STATUS_NOT_FOUND: i32 = 0xC000_0225_u32.cast_signed();
const STATUS_CANCELLED: i32 = 0xC000_0120_u32.cast_signed();
/// Room for a head and the beginning of a body.
const OUTPUT: usize = 64 * 1024;
const FIRST_COOKIES: usize = 64 * 1024;
/// What a jar can hold.
const MOST_COOKIES: usize = 2 * 1024 * 1024;
const MAX_HEAD: usize = 16 * 1024 * 1024;
/// Bytes of one write.
const CHUNK: usize = 256 * 1024;
/// Most bytes of a server's certificates.
const PEER: usize = 64 * 1024;
