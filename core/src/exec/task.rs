//! A task: a future, its state and its place in the run queue, in one block of nonpaged memory.
//!
//! A future may be larger than a kernel stack, so no thread but a worker, whose stack is large, ever
//! has one on it: the worker that first runs a task makes its future.

use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::future::Future;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use super::executor::Inner;
use super::queue::{Item, ItemRef};
use super::task_state::{Dropped, Paused, TaskState};
use crate::io::Error;
use crate::nt::pool::try_uninit;
use crate::nt::shared::Shared;

/// What all tasks have in common; the first field of each.
#[repr(C)]
struct Header {
    item: Item,
    state: TaskState,
    executor: Shared<Inner>,
    free: unsafe fn(NonNull<Header>),
}

#[repr(C)]
struct Task<M, F> {
    header: Header,
    /// Makes the future. Accessed by the worker that runs the task alone, which takes it the first
    /// time.
    make: UnsafeCell<Option<M>>,
    /// Accessed by the worker that runs the task alone. There from when `make` was taken until the
    /// state is complete.
    future: UnsafeCell<MaybeUninit<F>>,
}

/// Makes a task that is scheduled and not in the run queue yet. On an error `make` has been dropped.
pub(super) fn try_new<M, F>(executor: Shared<Inner>, make: M) -> Result<ItemRef, Error>
where
    M: FnOnce() -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let memory = Box::leak(try_uninit::<Task<M, F>>()?).as_mut_ptr();
    // SAFETY: a field of fresh memory.
    let header = unsafe { &raw mut (*memory).header };
    // SAFETY: as above.
    unsafe {
        header.write(Header {
            item: Item::new(run::<M, F>),
            state: TaskState::new(),
            executor,
            free: free::<M, F>,
        });
    }
    // SAFETY: as above.
    let place = unsafe { &raw mut (*memory).make };
    // SAFETY: as above.
    unsafe { place.write(UnsafeCell::new(Some(make))) };
    // SAFETY: from a box, so not null.
    Ok(ItemRef(unsafe { NonNull::new_unchecked(memory) }.cast()))
}

/// Polls the task's future, or drops it.
unsafe fn run<M: FnOnce() -> F, F: Future<Output = ()>>(item: ItemRef) {
    let task: NonNull<Task<M, F>> = item.0.cast();
    // SAFETY: the run queue's reference keeps the task alive.
    let header = unsafe { &(*task.as_ptr()).header };
    // SAFETY: as above.
    let make = unsafe { (*task.as_ptr()).make.get() };
    // SAFETY: as above.
    let future = unsafe { (*task.as_ptr()).future.get() }.cast::<F>();
    if header.state.start() {
        // SAFETY: this worker alone runs the task.
        if let Some(make) = unsafe { (*make).take() } {
            // SAFETY: the future's place, empty until now.
            unsafe { begin(make, future) };
        }
        if !ready(header, future) {
            match header.state.pause() {
                Paused::Idle => return,
                // SAFETY: scheduled with a reference, and not linked.
                Paused::Schedule => return unsafe { header.executor.queue.push(item) },
                Paused::Abandoned => {}
            }
        }
    }
    let executor = header.executor.clone();
    // SAFETY: this worker alone runs the task.
    if unsafe { (*make).take() }.is_none() {
        // SAFETY: as above; made, and not dropped before, as the task is not complete.
        unsafe { future.drop_in_place() };
    }
    if header.state.complete() {
        // SAFETY: that was the last reference.
        unsafe { (header.free)(task.cast()) };
    }
    executor.task_ended();
}

/// Makes the future. In a function of its own, so that a copy on its way is not on the stack when it
/// is polled.
///
/// # Safety
/// `place` is valid for a write.
#[inline(never)]
unsafe fn begin<M: FnOnce() -> F, F>(make: M, place: *mut F) {
    // SAFETY: by the contract.
    unsafe { place.write(make()) };
}

fn ready<F: Future<Output = ()>>(header: &Header, future: *mut F) -> bool {
    let header = NonNull::from(header);
    // A waker that does not own its reference: the run queue's is there during the poll.
    // SAFETY: the table belongs to headers.
    let waker = ManuallyDrop::new(unsafe { Waker::from_raw(raw(header)) });
    // SAFETY: this worker alone runs the task.
    let future = unsafe { &mut *future };
    // SAFETY: the task never moves.
    let future = unsafe { Pin::new_unchecked(future) };
    matches!(
        future.poll(&mut Context::from_waker(&waker)),
        Poll::Ready(())
    )
}

unsafe fn free<M, F>(header: NonNull<Header>) {
    // SAFETY: made by try_new as a boxed task, whose future was dropped; no reference is left.
    drop(unsafe { Box::from_raw(header.cast::<Task<M, F>>().as_ptr()) });
}

fn raw(header: NonNull<Header>) -> RawWaker {
    RawWaker::new(header.as_ptr().cast(), &VTABLE)
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, release);

/// The header behind a waker.
///
/// # Safety
/// `data` is of a waker that is alive.
unsafe fn header<'a>(data: *const ()) -> &'a Header {
    // SAFETY: by the contract; the waker's reference keeps the task.
    unsafe { &*data.cast::<Header>() }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the contract of wakers.
    let header = unsafe { header(data) };
    header.state.add_reference();
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the contract of wakers.
    unsafe { wake_by_ref(data) };
    // SAFETY: the contract of wakers.
    unsafe { release(data) };
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the contract of wakers.
    let header = unsafe { header(data) };
    if header.state.wake() {
        push(header);
    }
}

unsafe fn release(data: *const ()) {
    // SAFETY: the contract of wakers.
    let header = unsafe { header(data) };
    match header.state.drop_reference() {
        Dropped::Kept => {}
        Dropped::Schedule => push(header),
        // The block is nonpaged and its future gone, so this may happen at DISPATCH_LEVEL.
        // SAFETY: that was the last reference.
        Dropped::Free => unsafe { (header.free)(NonNull::from(header)) },
    }
}

fn push(header: &Header) {
    // The task may run, end and go as soon as it is linked.
    let executor = header.executor.clone();
    let item = ItemRef(NonNull::from(header).cast());
    // SAFETY: scheduled with a reference for the queue, and not linked.
    unsafe { executor.queue.push(item) };
}
