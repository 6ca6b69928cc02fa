//! An open handle: its pending IRPs, its task, and how both end.

use alloc::vec::Vec;
use core::future::Future;
use core::mem::ManuallyDrop;
use core::pin::pin;
use core::sync::atomic::Ordering::Relaxed;
use core::task::{Context, Poll, ready};

use wdk_sys::{
    DEVICE_OBJECT, IRP, NTSTATUS, PVOID, STATUS_CANCELLED, STATUS_FILE_CLOSED,
    STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_DEVICE_STATE, STATUS_SUCCESS,
};
use wskhttp_abi::Failure;
use wskhttp_core::exec::Notify;
use wskhttp_core::io::{Error, Kind, Phase, Turns};
use wskhttp_core::nt::irp;
use wskhttp_core::nt::lock::SpinLock;
use wskhttp_core::nt::process::Process;
use wskhttp_core::nt::shared::Shared;

use crate::dispatch::finish;
use crate::exchange;
use crate::handles::Handles;
use crate::queue::{Cancel, Entry, Operation, Pending, Queue};
use crate::reply;
use crate::runtime::Services;

/// An open handle. Its task holds a reference until the queue is empty and the handle has ended, so
/// an IRP in the queue keeps it alive.
pub(crate) struct Handle {
    pub(crate) services: Shared<Services>,
    process: Option<Process>,
    notify: Notify,
    state: SpinLock<State>,
}

struct State {
    queue: Queue,
    progress: Progress,
    turns: Turns,
    /// The handle is closed or the device goes away.
    ending: bool,
    /// A pending IRP was cancelled: the request ends.
    aborted: bool,
    failure: Option<Error>,
    /// The last server's certificates, DER one after the other.
    peer: Vec<u8>,
}

/// How far the handle's request has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// None was sent yet, or the last one failed.
    Idle,
    /// One is under way.
    Busy,
    /// The last one's response was delivered whole.
    Complete,
}

impl Handle {
    /// Makes a handle for a process of user mode, or a kernel component, and starts its task. IRQL:
    /// PASSIVE_LEVEL.
    pub(crate) fn open(
        services: &Shared<Services>,
        handles: &Shared<Handles>,
        process: Option<Process>,
    ) -> Result<Shared<Self>, Error> {
        let handle = Shared::try_new(Self {
            services: services.clone(),
            process,
            notify: Notify::new(),
            state: SpinLock::new(State {
                queue: Queue::new(),
                progress: Progress::Idle,
                turns: Turns::default(),
                ending: false,
                aborted: false,
                failure: None,
                peer: Vec::new(),
            }),
        })?;
        handles.insert(&handle)?;
        services.counters.handles.fetch_add(1, Relaxed);
        let (task, registry) = (handle.clone(), handles.clone());
        let spawned = services.spawner.spawn(move || async move {
            exchange::serve(&task).await;
            task.services.counters.handles.fetch_sub(1, Relaxed);
            registry.remove(&task);
        });
        if let Err(error) = spawned {
            services.counters.handles.fetch_sub(1, Relaxed);
            handles.remove(&handle);
            return Err(error);
        }
        Ok(handle)
    }

    /// The process of user mode that opened it.
    pub(crate) fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    /// The handle behind a pointer that [`Shared::into_raw`] gave, which keeps its reference; `None`
    /// for null. IRQL <= DISPATCH_LEVEL.
    ///
    /// # Safety
    /// `context` is null, or such a reference to a handle is alive during the call.
    pub(crate) unsafe fn from_context(context: PVOID) -> Option<Shared<Self>> {
        if context.is_null() {
            return None;
        }
        // SAFETY: by the contract; the reference is not dropped here.
        let borrowed = ManuallyDrop::new(unsafe { Shared::<Self>::from_raw(context.cast()) });
        Some(Shared::clone(&borrowed))
    }

    /// Queues an IRP for the task. IRQL <= DISPATCH_LEVEL. Once queued, the IRP may be completed and
    /// its file object closed before this returns: the caller holds a reference of its own.
    ///
    /// # Errors
    /// The IRP was not taken; the caller completes it with the status, which is STATUS_SUCCESS for a
    /// read behind the end of a response.
    ///
    /// # Safety
    /// The IRP is the caller's to queue, and asks for `operation`.
    pub(crate) unsafe fn submit(
        &self,
        irp: *mut IRP,
        operation: Operation,
    ) -> Result<(), NTSTATUS> {
        let mut state = self.state.lock();
        state.admit(operation)?;
        // SAFETY: the IRP is ours, and with it its DriverContext.
        let context = unsafe { irp::driver_context(irp) }.cast::<PVOID>();
        // SAFETY: the first of its four pointers.
        unsafe { context.write(core::ptr::from_ref(self).cast_mut().cast()) };
        // SAFETY: the IRP is ours, and `cancel` needs only what was stored above.
        unsafe { irp::set_cancel_routine(irp, Some(cancel)) };
        // SAFETY: as above.
        if unsafe { irp::is_canceled(irp) } {
            // SAFETY: as above.
            if unsafe { irp::set_cancel_routine(irp, None) }.is_some() {
                return Err(STATUS_CANCELLED);
            }
            // The routine was called and waits for the lock: it will find the IRP in the queue.
        }
        // SAFETY: as above; STATUS_PENDING is what the dispatch routine will return.
        unsafe { irp::mark_pending(irp) };
        state.queue.push(Entry {
            irp: Pending(irp),
            operation,
            cancel: Cancel::Armed,
        });
        if operation.begins() {
            state.progress = Progress::Busy;
            state.failure = None;
            let is_request = u64::from(operation == Operation::Send);
            self.services
                .counters
                .requests
                .fetch_add(is_request, Relaxed);
            self.services.counters.requests_now.fetch_add(1, Relaxed);
        }
        drop(state);
        self.notify.notify();
        Ok(())
    }

    /// Ends the handle's request and, once that is done, its task. IRQL <= DISPATCH_LEVEL.
    pub(crate) fn end(&self) {
        self.state.lock().ending = true;
        self.notify.notify();
    }

    /// Why the last request failed.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let error = self.state.lock().failure;
        error.map(|error| reply::failure(&error))
    }

    /// Looks at the certificates of the server that answered last. IRQL <= DISPATCH_LEVEL.
    pub(crate) fn with_peer<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        look(&self.state.lock().peer)
    }

    /// Keeps certificates in place of those that were kept.
    pub(crate) fn set_peer(&self, certificates: Vec<u8>) {
        let old = core::mem::replace(&mut self.state.lock().peer, certificates);
        drop(old);
    }

    /// The oldest pending IRP; waits for one. `None` when the handle has ended and none is left.
    pub(crate) async fn next(&self) -> Option<Entry> {
        self.wait_for(|state| match state.queue.front_mut() {
            Some(entry) => Some(Some(*entry)),
            None if state.ending => Some(None),
            None => None,
        })
        .await
    }

    /// Runs `work` until it is done, a pending IRP is cancelled, or the handle ends.
    ///
    /// # Errors
    /// Those of `work`, or `Kind::Canceled`; `work` is then dropped.
    pub(crate) async fn abortable<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let done = self.until(State::is_over, work).await;
        done.unwrap_or(Err(CANCELED))
    }

    /// Runs `work` until it is done, or a pending IRP is cancelled: `work` is then dropped.
    pub(crate) async fn between_requests(&self, work: impl Future<Output = ()>) {
        // Who was cancelled is told when it is served.
        self.until(|state| state.aborted, work).await;
    }

    async fn until<T>(
        &self,
        is_over: impl Fn(&State) -> bool,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let mut work = pin!(work);
        core::future::poll_fn(|cx| {
            if is_over(&self.state.lock()) {
                return Poll::Ready(None);
            }
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(Some(done));
            }
            // It may have been for `work`, which looks again in its turn: not at once, because whoever
            // notifies again and again would hold the worker.
            if self.notify.poll_notified(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
            // `work` may have taken the notification of an abort that came after the look above.
            match is_over(&self.state.lock()) {
                true => Poll::Ready(None),
                false => Poll::Pending,
            }
        })
        .await
    }

    /// Completes the oldest pending IRP while its request goes on. Task only.
    pub(crate) async fn complete_front(&self, status: NTSTATUS, information: usize) {
        if let Some(entry) = self.wait_for(State::take_front).await {
            // SAFETY: popped and disarmed: the IRP is ours alone.
            unsafe { finish(entry, status, information) };
        }
    }

    /// Ends the request: the oldest pending IRP with what `outcome` says, or all with its error. Task
    /// only.
    pub(crate) async fn conclude(&self, outcome: Result<(NTSTATUS, usize), Error>) {
        let mut first = outcome.ok();
        loop {
            let (popped, last) = self
                .wait_for(|state| {
                    let popped = state.take_front()?;
                    let last = state.queue.is_empty();
                    // Before any completion, after which the caller may ask.
                    state.failure = outcome.err();
                    if last {
                        state.aborted = false;
                        let is_ok = outcome.is_ok();
                        state.progress = if is_ok {
                            Progress::Complete
                        } else {
                            Progress::Idle
                        };
                    }
                    Some((popped, last))
                })
                .await;
            if last {
                self.services.counters.requests_now.fetch_sub(1, Relaxed);
                if outcome.is_err() {
                    self.services.counters.failures.fetch_add(1, Relaxed);
                }
            }
            if let Some(entry) = popped {
                let (status, information) = match outcome {
                    Ok(_) => first.take().unwrap_or(match entry.operation {
                        Operation::Read => (STATUS_SUCCESS, 0),
                        _ => (STATUS_INVALID_DEVICE_STATE, 0),
                    }),
                    Err(error) => (error.status(), 0),
                };
                // SAFETY: popped and disarmed: the IRP is ours alone.
                unsafe { finish(entry, status, information) };
            }
            if last {
                return;
            }
        }
    }

    /// To be asked before each step of the task that may be one of many, an IRP or data that is there.
    pub(crate) fn poll_turn(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut turns = self.state.lock().turns;
        let turn = turns.poll(cx);
        self.state.lock().turns = turns;
        turn
    }

    async fn wait_for<T>(&self, mut find: impl FnMut(&mut State) -> Option<T>) -> T {
        core::future::poll_fn(|cx: &mut Context<'_>| {
            ready!(self.poll_turn(cx));
            loop {
                if let Some(found) = find(&mut self.state.lock()) {
                    return Poll::Ready(found);
                }
                if self.notify.poll_notified(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await
    }
}

impl State {
    fn is_over(&self) -> bool {
        self.aborted || self.ending
    }

    /// Takes the oldest pending IRP, if there is one, and our cancel routine out of it. `None` while
    /// that routine runs. In one step, so that an IRP queued meanwhile is not taken with its routine.
    fn take_front(&mut self) -> Option<Option<Entry>> {
        let Some(entry) = self.queue.front_mut() else {
            return Some(None);
        };
        if entry.cancel == Cancel::Armed {
            // SAFETY: the IRP is pending and ours, its queue entry is under the lock.
            let was_set = unsafe { irp::set_cancel_routine(entry.irp.0, None) }.is_some();
            entry.cancel = if was_set {
                Cancel::Disarmed
            } else {
                Cancel::Running
            };
        }
        (entry.cancel != Cancel::Running).then(|| self.queue.pop())
    }

    fn admit(&self, operation: Operation) -> Result<(), NTSTATUS> {
        if self.ending {
            return Err(STATUS_FILE_CLOSED);
        }
        if self.queue.is_full() {
            return Err(STATUS_INSUFFICIENT_RESOURCES);
        }
        match (operation, self.progress) {
            (first, Progress::Busy) if first.begins() => Err(STATUS_INVALID_DEVICE_STATE),
            (_, Progress::Busy) => Ok(()),
            (first, _) if first.begins() => Ok(()),
            (Operation::Read, Progress::Complete) => Err(STATUS_SUCCESS),
            (_, Progress::Complete) => Err(STATUS_INVALID_DEVICE_STATE),
            (_, Progress::Idle) => Err(self
                .failure
                .map_or(STATUS_INVALID_DEVICE_STATE, |error| error.status())),
        }
    }
}

/// Cancel routine of a queued IRP: marks, wakes, completes nothing. IRQL: DISPATCH_LEVEL, cancel spin
/// lock held.
unsafe extern "C" fn cancel(_object: *mut DEVICE_OBJECT, irp: *mut IRP) {
    // SAFETY: held, as in every cancel routine.
    unsafe { irp::release_cancel_lock(irp) };
    // SAFETY: the IRP is not completed before `Ran` is set below.
    let context = unsafe { irp::driver_context(irp) }.cast::<PVOID>();
    // SAFETY: `submit` stored the handle in the first of the four pointers.
    let context = unsafe { context.read() };
    // SAFETY: the handle's task holds a reference while the IRP is in the queue.
    let Some(handle) = (unsafe { Handle::from_context(context) }) else {
        return;
    };
    {
        let mut state = handle.state.lock();
        state.aborted = true;
        if let Some(entry) = state.queue.find_mut(irp) {
            entry.cancel = Cancel::Ran;
        }
    }
    handle.notify.notify();
}

const CANCELED: Error = Error::new(
    Phase::Request,
    Kind::Canceled,
    "the request was cancelled or its handle closed",
);
