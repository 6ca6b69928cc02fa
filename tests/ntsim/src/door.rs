//! The door between programs, which are threads of the host, and the simulated kernel, which is
//! another one: calls go in, and are made by simulated threads.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mio::Waker;
use wdk_sys::NTSTATUS;
use wskhttp_client::{Completion, Handle, Opener, Operation, Pending};

use crate::host::of;
use crate::sched::{self, KERNEL_STACK, block};
use crate::state::with;
use crate::user;

/// What a simulated thread does for a program.
pub(crate) type Call = Box<dyn FnOnce() + Send>;

/// What the owner of a machine asks of it, and where the answer goes.
pub(crate) struct Order {
    pub(crate) what: What,
    pub(crate) done: Sender<Result<(), NTSTATUS>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Surprise,
    Restart,
    Off,
}

pub(crate) struct Door {
    inner: Mutex<Inner>,
    waker: Waker,
    speed: u32,
}

#[derive(Default)]
struct Inner {
    calls: VecDeque<Call>,
    orders: VecDeque<Order>,
    /// The simulation has ended.
    ended: bool,
}

impl Door {
    pub(crate) fn new(waker: Waker, speed: u32) -> Self {
        Self {
            inner: Mutex::default(),
            waker,
            speed,
        }
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the simulation where it sleeps.
    pub(crate) fn wake(&self) {
        self.waker.wake().expect("an event of the host");
    }

    /// Nobody is served any more.
    pub(crate) fn end(&self) {
        *self.inner() = Inner {
            ended: true,
            ..Inner::default()
        };
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.inner().ended
    }

    /// What has come since the last time.
    pub(crate) fn take(&self, calls: &mut VecDeque<Call>, orders: &mut VecDeque<Order>) {
        let mut inner = self.inner();
        calls.append(&mut inner.calls);
        orders.append(&mut inner.orders);
    }

    fn post(&self, call: Call) {
        let mut inner = self.inner();
        if !inner.ended {
            inner.calls.push_back(call);
        }
        drop(inner);
        self.wake();
    }

    /// Has `call` made by a simulated thread; `None` if the simulation has ended.
    fn call<R: Send + 'static>(&self, call: impl FnOnce() -> R + Send + 'static) -> Option<R> {
        let (to, from) = channel();
        self.post(Box::new(move || {
            // Whoever has asked may be gone.
            let _ = to.send(call());
        }));
        self.receive(&from, None)
    }

    /// Gives an order, and waits until it is carried out; `None` if the simulation has ended.
    pub(crate) fn order(&self, what: What) -> Option<Result<(), NTSTATUS>> {
        let (done, from) = channel();
        self.inner().orders.push_back(Order { what, done });
        self.wake();
        self.receive(&from, None)
    }

    /// Waits for an answer; `None` at `until`, or if the simulation has ended.
    pub(crate) fn receive<T>(&self, from: &Receiver<T>, until: Option<Instant>) -> Option<T> {
        loop {
            let left = until.map_or(LOOK, |until| {
                until.saturating_duration_since(Instant::now()).min(LOOK)
            });
            match from.recv_timeout(left) {
                Ok(answer) => return Some(answer),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.is_ended() || until.is_some_and(|until| Instant::now() >= until) {
                return from.try_recv().ok();
            }
        }
    }
}

/// A program's process: it has handles of its own.
#[derive(Clone)]
pub struct Process {
    door: Arc<Door>,
    files: Arc<Mutex<Vec<usize>>>,
}

impl Process {
    pub(crate) fn new(door: Arc<Door>) -> Self {
        Self {
            door,
            files: Arc::default(),
        }
    }

    /// For [`wskhttp_client::Device::with_opener`], on any thread but the simulation's.
    #[must_use]
    pub fn opener(&self) -> Opener {
        let process = self.clone();
        Arc::new(move || {
            let opened = process.door.call(user::open);
            let file = opened
                .unwrap_or(Err(DEVICE_REMOVED))
                .map_err(user::refused)?;
            process.files().push(file);
            Ok(Arc::new(Remote {
                door: Arc::clone(&process.door),
                file,
            }) as Arc<dyn Handle>)
        })
    }

    /// What the I/O manager does when a process ends: cancels the requests of its threads and waits for
    /// them, then closes its handles.
    pub fn end(&self) {
        let files = std::mem::take(&mut *self.files());
        // Nothing is left to be done if the simulation has ended.
        let _ = self.door.call(move || user::end(&files));
    }

    fn files(&self) -> std::sync::MutexGuard<'_, Vec<usize>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handle of a program.
struct Remote {
    door: Arc<Door>,
    file: usize,
}

impl Handle for Remote {
    fn start(&self, operation: Operation) -> Box<dyn Pending> {
        let (begin, begun) = channel();
        let (to, done) = channel();
        let file = self.file;
        self.door.post(Box::new(move || {
            let number = user::start_open(file, operation);
            // Whoever has asked may be gone, here and below.
            let _ = begin.send(number);
            let _ = to.send(user::complete(number));
        }));
        // DeviceIoControl returns once the dispatch routine has.
        let number = self.door.receive(&begun, None);
        Box::new(Started {
            door: Arc::clone(&self.door),
            number: number.unwrap_or_default(),
            done: Some(done),
        })
    }

    fn cancel_all(&self) {
        let file = self.file;
        let _ = self.door.call(move || user::cancel_all(file));
    }

    fn close(&self) {
        let file = self.file;
        let _ = self.door.call(move || user::close(file));
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.close();
    }
}

struct Started {
    door: Arc<Door>,
    number: u64,
    /// None once the completion is given.
    done: Option<Receiver<Completion>>,
}

impl Pending for Started {
    fn wait(&mut self, timeout: Option<Duration>) -> Option<Completion> {
        let from = self.done.as_ref()?;
        let until = timeout.map(|timeout| Instant::now() + timeout / self.door.speed);
        let completion = match self.door.receive(from, until) {
            Some(completion) => completion,
            None if self.door.is_ended() => Completion {
                status: DEVICE_REMOVED,
                ..Completion::default()
            },
            None => return None,
        };
        self.done = None;
        Some(completion)
    }

    fn cancel(&self) {
        let number = self.number;
        if self.done.is_some() {
            let _ = self.door.call(move || user::cancel(number));
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if self.done.is_some() {
            self.cancel();
            self.wait(None);
        }
    }
}

/// Makes simulated threads that make the calls of programs, as many as are needed.
pub(crate) fn serve() {
    with(|s| of(s).idle_threads += 1);
    sched::spawn("user mode".into(), KERNEL_STACK, false, || {
        loop {
            block("a call of user mode", None, |s| !of(s).calls.is_empty());
            let (call, idle) = with(|s| {
                let host = of(s);
                host.idle_threads -= 1;
                (host.calls.pop_front(), host.idle_threads)
            });
            if idle == 0 {
                serve();
            }
            if let Some(call) = call {
                call();
            }
            with(|s| of(s).idle_threads += 1);
        }
    });
}

const DEVICE_REMOVED: NTSTATUS = 0xC000_02B6_u32.cast_signed();
/// How often a waiting program looks whether the simulation has ended.
const LOOK: Duration = Duration::from_millis(100);
