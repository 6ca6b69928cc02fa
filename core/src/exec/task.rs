//! A task: a future, its state and its place in the run queue, in one block of nonpaged memory.

use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::future::Future;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use super::executor::Inner;
use super::queue::{Item, ItemRef};
use super::task_state::{Dropped, Paused, TaskState};
use crate::io::Error;
use crate::nt::pool::try_box;
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
struct Task<F> {
    header: Header,
    /// Accessed by the worker that runs the task alone. Gone once the state is complete.
    future: UnsafeCell<ManuallyDrop<F>>,
}

/// Makes a task that is scheduled and not in the run queue yet. On an error the future has been
/// dropped.
pub(super) fn try_new<F>(executor: Shared<Inner>, future: F) -> Result<ItemRef, Error>
where
    F: Future<Output = ()> + Send + 'static,
{
    // A future that is dropped because there is no memory is dropped, not leaked: it is wrapped
    // after the allocation.
    let mut memory = try_box(core::mem::MaybeUninit::<Task<F>>::uninit())?;
    memory.write(Task {
        header: Header {
            item: Item::new(run::<F>),
            state: TaskState::new(),
            executor,
            free: free::<F>,
        },
        future: UnsafeCell::new(ManuallyDrop::new(future)),
    });
    Ok(ItemRef(NonNull::from(Box::leak(memory)).cast()))
}

/// Polls the task's future, or drops it.
unsafe fn run<F: Future<Output = ()>>(item: ItemRef) {
    let task: NonNull<Task<F>> = item.0.cast();
    // SAFETY: the run queue's reference keeps the task alive.
    let header = unsafe { &(*task.as_ptr()).header };
    // SAFETY: as above.
    let future = unsafe { (*task.as_ptr()).future.get() };
    if header.state.start() && !ready::<F>(header, future) {
        match header.state.pause() {
            Paused::Idle => return,
            // SAFETY: scheduled with a reference, and not linked.
            Paused::Schedule => return unsafe { header.executor.queue.push(item) },
            Paused::Abandoned => {}
        }
    }
    let executor = header.executor.clone();
    // SAFETY: this worker alone runs the task.
    let future = unsafe { &mut *future };
    // SAFETY: not dropped before, as the task is not complete.
    unsafe { ManuallyDrop::drop(future) };
    if header.state.complete() {
        // SAFETY: that was the last reference.
        unsafe { (header.free)(task.cast()) };
    }
    executor.task_ended();
}

fn ready<F: Future<Output = ()>>(header: &Header, future: *mut ManuallyDrop<F>) -> bool {
    let header = NonNull::from(header);
    // A waker that does not own its reference: the run queue's is there during the poll.
    // SAFETY: the table belongs to headers.
    let waker = ManuallyDrop::new(unsafe { Waker::from_raw(raw(header)) });
    // SAFETY: this worker alone runs the task.
    let future = unsafe { &mut **future };
    // SAFETY: the task never moves.
    let future = unsafe { Pin::new_unchecked(future) };
    matches!(
        future.poll(&mut Context::from_waker(&waker)),
        Poll::Ready(())
    )
}

unsafe fn free<F>(header: NonNull<Header>) {
    // SAFETY: made by try_new as a boxed Task<F>, whose future was dropped; no reference is left.
    drop(unsafe { Box::from_raw(header.cast::<Task<F>>().as_ptr()) });
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
