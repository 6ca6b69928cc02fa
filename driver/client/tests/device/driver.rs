//! A driver that follows a script.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use wskhttp_client::abi::{
    Failure, IOCTL_WSKHTTP_QUERY_FAILURE, ResponseFlags, ResponseHeader, WriteError,
};
use wskhttp_client::{Canceller, Completion, Device, Handle, Operation, Pending};
use zerocopy::IntoBytes;

const CANCELLED: i32 = 0xC000_0120_u32.cast_signed();
const NOT_FOUND: i32 = 0xC000_0225_u32.cast_signed();

/// What the driver does next.
pub(crate) enum Step {
    /// Answers SEND or RECEIVE with a head, the beginning of the body, and flags.
    Answer(&'static [u8], &'static [u8], ResponseFlags),
    /// Completes SEND without output, as for a streamed body.
    Accept,
    /// Completes any operation with a status.
    Fail(i32),
    /// Completes a read with these bytes.
    Body(&'static [u8]),
    /// Completes a write, all of it.
    Written,
    /// Gives an ioctl these bytes of output.
    Output(Vec<u8>),
    /// Stays pending until canceled.
    Hang,
    /// The same, but a cancel comes just before the operation is there to be canceled.
    Race(Canceller),
}

#[derive(Default)]
pub(crate) struct Driver {
    pub(crate) steps: Mutex<VecDeque<Step>>,
    pub(crate) seen: Mutex<Vec<(u32, Vec<u8>)>>,
    pub(crate) failure: Mutex<Option<Failure>>,
    pub(crate) opened: AtomicUsize,
    canceled: Mutex<bool>,
    wake: Condvar,
}

struct Opened(Arc<Driver>);

struct Running {
    driver: Arc<Driver>,
    done: Option<Completion>,
}

impl Handle for Opened {
    fn start(&self, operation: Operation) -> Box<dyn Pending> {
        Box::new(Running {
            done: self.0.act(operation),
            driver: Arc::clone(&self.0),
        })
    }

    fn cancel_all(&self) {
        self.0.cancel();
    }

    fn close(&self) {
        self.0.cancel();
    }
}

impl Pending for Running {
    fn wait(&mut self, timeout: Option<Duration>) -> Option<Completion> {
        assert_eq!(timeout, None);
        if self.done.is_none() {
            let canceled = self.driver.canceled.lock().unwrap();
            let waited = self
                .driver
                .wake
                .wait_timeout_while(canceled, PATIENCE, |canceled| !*canceled);
            assert!(!waited.unwrap().1.timed_out(), "never canceled");
            self.done = Some(with_status(CANCELLED));
        }
        self.done.take()
    }

    fn cancel(&self) {
        self.driver.cancel();
    }
}

fn with_status(status: i32) -> Completion {
    Completion {
        status,
        ..Completion::default()
    }
}

impl Driver {
    fn cancel(&self) {
        *self.canceled.lock().unwrap() = true;
        self.wake.notify_all();
    }

    fn act(&self, operation: Operation) -> Option<Completion> {
        let (code, input, mut output) = match operation {
            Operation::Ioctl {
                code,
                input,
                output,
            } => (code, input, output),
            Operation::Read(output) => (READ, Vec::new(), output),
            Operation::Write(input) => (WRITE, input, Vec::new()),
        };
        if code == IOCTL_WSKHTTP_QUERY_FAILURE {
            return Some(match *self.failure.lock().unwrap() {
                None => with_status(NOT_FOUND),
                Some(failure) => Completion {
                    information: output.len(),
                    output: failure.as_bytes().to_vec(),
                    ..Completion::default()
                },
            });
        }
        self.seen.lock().unwrap().push((code, input.clone()));
        let step = self.steps.lock().unwrap().pop_front();
        let (status, information) = match step.expect("an operation beyond the script") {
            Step::Answer(headers, body, flags) => answer(&mut output, headers, body, flags),
            Step::Accept => {
                assert!(output.is_empty());
                (0, 0)
            }
            Step::Fail(status) => (status, 0),
            Step::Body(bytes) => {
                assert_eq!(code, READ);
                output[..bytes.len()].copy_from_slice(bytes);
                (0, bytes.len())
            }
            Step::Written => {
                assert_eq!(code, WRITE);
                (0, input.len())
            }
            Step::Output(bytes) => {
                output[..bytes.len()].copy_from_slice(&bytes);
                (0, bytes.len())
            }
            Step::Hang => return None,
            Step::Race(canceller) => {
                canceller.cancel();
                *self.canceled.lock().unwrap() = false;
                return None;
            }
        };
        Some(Completion {
            status,
            information,
            input,
            output,
        })
    }
}

fn answer(output: &mut [u8], headers: &[u8], body: &[u8], flags: ResponseFlags) -> (i32, usize) {
    let mut header = ResponseHeader {
        status: 200,
        minor_version: 1,
        flags: flags.bits(),
        content_length: ResponseHeader::UNKNOWN_LENGTH,
        resolve_us: 5,
        remote_family: 4,
        remote_port: 443,
        tls_version: 0x0304,
        tls_suite: 0x1301,
        ..ResponseHeader::default()
    };
    header.remote_address[..4].copy_from_slice(&[127, 0, 0, 1]);
    match header.begin(output, b"OK", headers) {
        Ok(at) => {
            output[at..at + body.len()].copy_from_slice(body);
            (0, header.finish(output, body.len()).unwrap())
        }
        Err(WriteError::Overflow(size)) => (WriteError::Overflow(size).status(), size),
        Err(error) => (error.status(), 0),
    }
}

pub(crate) fn device(steps: impl IntoIterator<Item = Step>) -> (Device, Arc<Driver>) {
    let driver = Arc::new(Driver::default());
    driver.steps.lock().unwrap().extend(steps);
    let opened = Arc::clone(&driver);
    let device = Device::with_opener(Arc::new(move || {
        opened.opened.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::new(Opened(Arc::clone(&opened))))
    }));
    (device.unwrap(), driver)
}

pub(crate) fn codes(driver: &Driver) -> Vec<u32> {
    let seen = driver.seen.lock().unwrap();
    seen.iter().map(|(code, _)| *code).collect()
}

const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const READ: u32 = 1;
pub(crate) const WRITE: u32 = 2;
