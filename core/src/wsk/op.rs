//! One operation of WSK: an IRP and everything the kernel may touch, in one block of nonpaged
//! memory.

use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::future::poll_fn;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};

use wdk_sys::ntddk::{IoAllocateIrp, IoCancelIrp, IoFreeIrp, IoReuseIrp};
use wdk_sys::{NTSTATUS, PDEVICE_OBJECT, PIRP, PVOID};

use super::provider::Provider;
use super::quirks::Function;
use crate::exec::op_state::{Finished, OpState, Progress};
use crate::exec::{Item, ItemRef};
use crate::io::Error;
use crate::nt::irp;
use crate::nt::pool::{NO_MEMORY, try_box};
use crate::nt::shared::Shared;

/// What an operation owns besides its IRP. Parts that the kernel writes are in an `UnsafeCell`.
pub(crate) trait Payload: Send + Sync + 'static {
    /// Whether an operation that is given up is canceled by `IoCancelIrp`. Those on a connected
    /// socket are not: closing it ends them.
    const CANCEL: bool = false;
    /// Whether it ends with the registration at the latest, which therefore does not wait for it.
    const ENDS_WITH_REGISTRATION: bool = false;

    /// A result came that nobody took. PASSIVE_LEVEL.
    fn abandoned(&mut self, result: Completion) {
        let _ = result;
    }
}

/// The result of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    /// `IoStatus.Status`.
    pub(crate) status: NTSTATUS,
    /// `IoStatus.Information`.
    pub(crate) information: usize,
}

impl Completion {
    pub(crate) fn is_success(self) -> bool {
        self.status >= 0
    }
}

/// The owner of an operation. Dropping it in flight leaves the block to the completion routine,
/// and a worker frees it.
///
/// # Invariants
/// The block is alive. While the operation is in flight, its owner changes nothing in it but the
/// state, and the waker as [`OpState`] allows.
pub(crate) struct Op<P: Payload>(NonNull<Block<P>>);

// SAFETY: the block is owned; what is shared with the completion is synchronised by the state.
unsafe impl<P: Payload> Send for Op<P> {}
// SAFETY: a shared reference gives no more than the state and a shared reference to the payload.
unsafe impl<P: Payload> Sync for Op<P> {}

#[repr(C)]
struct Block<P> {
    item: Item,
    state: OpState,
    status: AtomicI32,
    information: AtomicUsize,
    waker: UnsafeCell<Option<Waker>>,
    irp: Irp,
    payload: P,
    /// Last: goes after everything that needs the provider.
    provider: Counted,
}

impl<P: Payload> Op<P> {
    /// An idle operation. IRQL <= DISPATCH_LEVEL.
    ///
    /// # Errors
    /// [`NO_MEMORY`]; `payload` is dropped then.
    pub(crate) fn try_new(provider: &Shared<Provider>, payload: P) -> Result<Self, Error> {
        let block = try_box(Block {
            item: Item::new(reap::<P>),
            state: OpState::new(),
            status: AtomicI32::new(0),
            information: AtomicUsize::new(0),
            waker: UnsafeCell::new(None),
            irp: Irp::try_new()?,
            payload,
            provider: Counted::with(provider.clone(), P::ENDS_WITH_REGISTRATION),
        })?;
        Ok(Self(NonNull::from(Box::leak(block))))
    }

    fn block(&self) -> &Block<P> {
        // SAFETY: alive, by the invariant; the completion too uses shared references only.
        unsafe { self.0.as_ref() }
    }

    pub(crate) fn payload(&self) -> &P {
        &self.block().payload
    }

    /// The payload, unless the kernel has the operation or its result was not taken.
    pub(crate) fn payload_mut(&mut self) -> Option<&mut P> {
        if !self.is_idle() {
            return None;
        }
        // SAFETY: idle, so the block is the owner's alone.
        Some(unsafe { &mut (*self.0.as_ptr()).payload })
    }

    pub(crate) fn provider(&self) -> &Shared<Provider> {
        self.block().provider.provider()
    }

    /// Whether nothing is in flight and no result waits to be taken.
    pub(crate) fn is_idle(&self) -> bool {
        self.block().state.peek() == Progress::Idle
    }

    /// Starts the operation, which must be idle: otherwise nothing happens. `call` passes the IRP
    /// to `function` and gives what that returned, or `None` if the provider lacks it. The result
    /// comes by [`Op::poll`] only, however soon. IRQL <= DISPATCH_LEVEL.
    ///
    /// # Safety
    /// `call` passes the IRP once, and whatever else it passes is valid until the completion, or as
    /// long as the function demands.
    pub(crate) unsafe fn submit(
        &mut self,
        function: Function,
        call: impl FnOnce(PIRP, &P) -> Option<NTSTATUS>,
    ) {
        if !self.is_idle() {
            return;
        }
        let block = self.block();
        let irp = block.irp.0;
        // SAFETY: ours, and not in flight.
        unsafe { IoReuseIrp(irp, 0) };
        // SAFETY: ours, not in flight; the block outlives the completion, by abandon's rules.
        unsafe { irp::set_completion_routine(irp, Some(completed::<P>), self.0.as_ptr().cast()) };
        block.state.submit();
        match call(irp, &block.payload) {
            None => {
                // SAFETY: the IRP was not passed on, so no completion will come.
                unsafe { finish(self.0, STATUS_NOT_SUPPORTED, 0) };
            }
            Some(status) if self.provider().quirks().never_completes(function, status) => {
                // SAFETY: no completion will come, by the quirk.
                unsafe { finish(self.0, status, 0) };
            }
            // Nothing is concluded from the status: the completion has come or will come.
            Some(_) => {}
        }
    }

    /// The result of what was submitted; the operation is idle again then.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Completion> {
        let block = self.block();
        let mut progress = block.state.unregister();
        if progress == Progress::Flight {
            // SAFETY: in flight and not registered, so the cell is the owner's.
            let cell = unsafe { &mut *block.waker.get() };
            if !cell.as_ref().is_some_and(|old| old.will_wake(cx.waker())) {
                *cell = Some(cx.waker().clone());
            }
            progress = block.state.register();
        }
        match progress {
            Progress::Flight => Poll::Pending,
            Progress::Waking => {
                // The old waker is about to be called, and it may not be this one.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Progress::Done => {
                let result = block.result();
                block.state.reset();
                Poll::Ready(result)
            }
            Progress::Idle => Poll::Ready(Completion {
                status: STATUS_INVALID_DEVICE_STATE,
                information: 0,
            }),
        }
    }

    /// [`Op::poll`] as a future, which may be dropped and asked for again.
    pub(crate) async fn completion(&mut self) -> Completion {
        poll_fn(|cx| self.poll(cx)).await
    }
}

impl<P: Payload> Drop for Op<P> {
    fn drop(&mut self) {
        let block = self.block();
        let in_flight = matches!(block.state.peek(), Progress::Flight | Progress::Waking);
        if in_flight && P::CANCEL {
            // The IRP cannot go meanwhile: it is ours until abandon.
            // SAFETY: a valid IRP of ours; canceling one that has completed does nothing.
            unsafe { IoCancelIrp(block.irp.0) };
        }
        let provider = block.provider.provider().clone();
        provider
            .counters()
            .orphans_now
            .fetch_add(1, Ordering::Relaxed);
        if block.state.abandon() {
            provider
                .counters()
                .orphans_total
                .fetch_add(1, Ordering::Relaxed);
            return;
        }
        provider
            .counters()
            .orphans_now
            .fetch_sub(1, Ordering::Relaxed);
        // SAFETY: made by Box::leak; the completion has finished with it.
        let mut block = unsafe { Box::from_raw(self.0.as_ptr()) };
        if block.state.peek() == Progress::Done {
            let result = block.result();
            block.payload.abandoned(result);
        }
    }
}

impl<P> Block<P> {
    fn result(&self) -> Completion {
        Completion {
            status: self.status.load(Ordering::Relaxed),
            information: self.information.load(Ordering::Relaxed),
        }
    }
}

/// The completion routine: IRQL <= DISPATCH_LEVEL, any thread. Frees and allocates nothing.
unsafe extern "C" fn completed<P: Payload>(
    _: PDEVICE_OBJECT,
    irp: PIRP,
    context: PVOID,
) -> NTSTATUS {
    if let Some(block) = NonNull::new(context.cast::<Block<P>>()) {
        // SAFETY: in the completion routine the IRP is ours.
        let status = unsafe { irp::status(irp) };
        // SAFETY: as above.
        let information = unsafe { irp::information(irp) };
        // SAFETY: in flight, so alive.
        let provider = unsafe { block.as_ref() }.provider.provider();
        let running: *const AtomicU32 = &raw const provider.counters().routines_now;
        // SAFETY: of the provider, which stays until this is 0 and no operation is left.
        unsafe { &*running }.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the context of an operation in flight, called once for it.
        unsafe { finish(block, status, information) };
        // SAFETY: as above; nothing comes after it but the return.
        unsafe { &*running }.fetch_sub(1, Ordering::SeqCst);
    }
    STATUS_MORE_PROCESSING_REQUIRED
}

/// Stores the result and wakes the owner, or hands an orphan to a worker.
///
/// # Safety
/// The operation is in flight, and this is called once for that.
unsafe fn finish<P: Payload>(block: NonNull<Block<P>>, status: NTSTATUS, information: usize) {
    let mut waker = None;
    {
        // SAFETY: alive until the state says that it is done.
        let block = unsafe { block.as_ref() };
        block.status.store(status, Ordering::Relaxed);
        block.information.store(information, Ordering::Relaxed);
    }
    loop {
        // SAFETY: still in flight: alive.
        let this = unsafe { block.as_ref() };
        if this.state.take_waker() {
            // SAFETY: the state gave the cell to the completion.
            waker = unsafe { (*this.waker.get()).take() };
        }
        // Kept here, because an orphan may be freed as soon as it is in the run queue.
        let spawner = this.provider.provider().spawner();
        match this.state.finish() {
            Finished::Waker => {}
            Finished::Done => break,
            Finished::Orphan => {
                let spawner = spawner.clone();
                // SAFETY: the block is the completion's, and not linked; workers stay until the
                // provider has counted it out.
                unsafe { spawner.defer(ItemRef(block.cast())) };
                break;
            }
        }
    }
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Frees an orphan. A worker, PASSIVE_LEVEL.
unsafe fn reap<P: Payload>(item: ItemRef) {
    // SAFETY: made by Box::leak, given up by its owner, completed.
    let mut block = unsafe { Box::from_raw(item.0.cast::<Block<P>>().as_ptr()) };
    let result = block.result();
    block.payload.abandoned(result);
    let counters = block.provider.provider().counters();
    counters.orphans_now.fetch_sub(1, Ordering::Relaxed);
}

/// An IRP with one stack location.
struct Irp(PIRP);

impl Irp {
    fn try_new() -> Result<Self, Error> {
        // SAFETY: one stack location, no quota.
        let irp = unsafe { IoAllocateIrp(1, 0) };
        if irp.is_null() {
            return Err(NO_MEMORY);
        }
        Ok(Self(irp))
    }
}

impl Drop for Irp {
    fn drop(&mut self) {
        // SAFETY: from IoAllocateIrp, and not in flight.
        unsafe { IoFreeIrp(self.0) };
    }
}

/// A reference to the provider that counts an operation for as long as it is there: the provider is
/// not released meanwhile, unless the operation ends with the registration.
pub(super) struct Counted {
    provider: Shared<Provider>,
    ends_with_registration: bool,
}

impl Counted {
    pub(super) fn new(provider: Shared<Provider>) -> Self {
        Self::with(provider, false)
    }

    fn with(provider: Shared<Provider>, ends_with_registration: bool) -> Self {
        let counted = Self {
            provider,
            ends_with_registration,
        };
        counted.count().fetch_add(1, Ordering::SeqCst);
        counted
    }

    pub(super) fn provider(&self) -> &Shared<Provider> {
        &self.provider
    }

    fn count(&self) -> &AtomicU32 {
        let counters = self.provider.counters();
        match self.ends_with_registration {
            true => &counters.ending_now,
            false => &counters.operations_now,
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if self.count().fetch_sub(1, Ordering::SeqCst) == 1 {
            self.provider.quiet();
        }
    }
}

const STATUS_MORE_PROCESSING_REQUIRED: NTSTATUS = 0xC000_0016_u32.cast_signed();
const STATUS_NOT_SUPPORTED: NTSTATUS = 0xC000_00BB_u32.cast_signed();
const STATUS_INVALID_DEVICE_STATE: NTSTATUS = 0xC000_0184_u32.cast_signed();
