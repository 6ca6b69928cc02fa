//! IRPs that are cancelled and closed while a handle's task completes them. After the driver's
//! `handle.rs` and `queue.rs`, whose names these have: the real ones need the kernel's.
//!
//! Who takes the cancel routine out of an IRP, by an atomic exchange, decides: the task, which may
//! then complete the IRP, or `IoCancelIrp`, which then calls the routine. In the latter case the IRP
//! stays pending until the routine has marked its entry in the queue, after which it does not touch
//! the IRP again.
//!
//! Every model proves that each IRP is completed exactly once, without a cancel routine in it, never
//! before its routine is through with it; that no one is left waiting; and that the handle is freed
//! once, after its last use. A lost IRP or a lost wake-up is a deadlock, which loom reports.

mod handle;
mod irp;
mod queue;

use std::future::pending;
use std::sync::Arc;

use loom::thread;

use self::handle::Handle;
use self::irp::Irp;
pub use self::irp::Status;
use crate::notify::block_on;

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// None.
    None,
    /// An IRP is completed though its routine was called and has not ended.
    CompletesRunning,
    /// The cancel routine completes the IRP, as does the task.
    CompletesInRoutine,
    /// The oldest IRP is disarmed in one step, and popped in another.
    DisarmsThenPops,
    /// An IRP is popped with its routine.
    NeverDisarms,
    /// Whether the IRP is cancelled is looked up before the routine is set.
    LooksBeforeArming,
    /// After the work has been polled, nobody looks whether the request was aborted meanwhile.
    LooksBeforeWork,
    /// The cancel routine does not wake the task.
    MarksSilently,
    /// The cancel routine has no reference to the handle.
    BorrowsHandle,
}

/// What the request of a model does with its IRPs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// Waits for a server that never answers.
    Silence,
    /// Is answered at once.
    Answer,
    /// Takes the first IRP, as a piece of a body, and waits for the next and for the server.
    Stream,
    /// Takes the first IRP and fails.
    Failure,
}

/// An IRP is queued while it is cancelled. The server never answers, and the handle is closed only
/// after the IRP was completed: the cancellation alone must do it.
pub fn canceled(flaw: Flaw) -> Vec<Status> {
    let model = Model::new(1, flaw);
    let task = model.serve(Work::Silence);
    let canceller = model.cancel(0);
    model.submit(0);
    model.irps[0].wait();
    model.close();
    canceller.join().unwrap();
    task.join().unwrap();
    model.ended()
}

/// An IRP is queued and the handle closed. The server never answers: closing alone must complete it.
pub fn closed(flaw: Flaw) -> Vec<Status> {
    let model = Model::new(1, flaw);
    let task = model.serve(Work::Silence);
    model.submit(0);
    model.close();
    task.join().unwrap();
    model.ended()
}

/// An IRP's answer has come, while it is cancelled and its handle closed.
pub fn raced(flaw: Flaw) -> Vec<Status> {
    let model = Model::new(1, flaw);
    let task = model.serve(Work::Answer);
    let canceller = model.cancel(0);
    model.submit(0);
    model.close();
    canceller.join().unwrap();
    task.join().unwrap();
    model.ended()
}

/// Two IRPs; the task completes the first and waits for the second and for the server, which never
/// answers. The first is cancelled, and the handle closed.
pub fn streamed(flaw: Flaw) -> Vec<Status> {
    let model = Model::new(2, flaw);
    let task = model.serve(Work::Stream);
    let canceller = model.cancel(0);
    model.submit(0);
    model.submit(1);
    model.close();
    canceller.join().unwrap();
    task.join().unwrap();
    model.ended()
}

/// As [`streamed`], but the second IRP is cancelled, and the handle is closed only after it was
/// completed.
pub fn canceled_later(flaw: Flaw) -> Vec<Status> {
    let model = Model::new(2, flaw);
    let task = model.serve(Work::Stream);
    let canceller = model.cancel(1);
    model.submit(0);
    model.submit(1);
    model.irps[1].wait();
    model.close();
    canceller.join().unwrap();
    task.join().unwrap();
    model.ended()
}

/// As [`streamed`], and nothing is cancelled.
pub fn closed_later(flaw: Flaw) -> Vec<Status> {
    let model = Model::new(2, flaw);
    let task = model.serve(Work::Stream);
    model.submit(0);
    model.submit(1);
    model.close();
    task.join().unwrap();
    model.ended()
}

/// The second of two IRPs is queued while the request, which has completed the first, fails.
pub fn failed(flaw: Flaw) -> Vec<Status> {
    let model = Model::new(2, flaw);
    let task = model.serve(Work::Failure);
    model.submit(0);
    model.submit(1);
    model.close();
    task.join().unwrap();
    model.ended()
}

/// What the threads of a model share.
struct Model {
    handle: Handle,
    irps: Vec<Irp>,
    flaw: Flaw,
}

#[derive(Clone)]
struct Shared(Arc<Model>);

impl std::ops::Deref for Shared {
    type Target = Model;

    fn deref(&self) -> &Model {
        &self.0
    }
}

impl Shared {
    /// The handle's task.
    fn serve(&self, work: Work) -> thread::JoinHandle<()> {
        let model = self.clone();
        thread::spawn(move || {
            block_on(async {
                while model.next().await.is_some() {
                    let outcome = model.abortable(model.request(work)).await;
                    model.conclude(outcome).await;
                }
            });
            model.handle.release();
        })
    }

    /// `IoCancelIrp` on a thread of its own.
    fn cancel(&self, irp: usize) -> thread::JoinHandle<()> {
        let model = self.clone();
        thread::spawn(move || model.irps[irp].cancel(|| model.cancel_routine(irp)))
    }
}

impl Model {
    #[expect(
        clippy::new_ret_no_self,
        reason = "a model is shared from the beginning"
    )]
    fn new(irps: usize, flaw: Flaw) -> Shared {
        Shared(Arc::new(Self {
            handle: Handle::new(),
            irps: (0..irps).map(|_| Irp::new()).collect(),
            flaw,
        }))
    }

    async fn request(&self, work: Work) -> Result<(), Status> {
        self.next().await.ok_or(Status::Canceled)?;
        match work {
            Work::Silence => pending().await,
            Work::Answer => Ok(()),
            Work::Stream => {
                self.complete_front(Status::Success).await;
                self.next().await.ok_or(Status::Canceled)?;
                pending().await
            }
            Work::Failure => {
                self.complete_front(Status::Success).await;
                Err(Status::Failed)
            }
        }
    }

    /// The dispatch routine of an IRP.
    fn submit(&self, irp: usize) {
        self.handle.add_reference();
        if let Err(status) = self.queue(irp) {
            self.irps[irp].complete(status);
        }
        self.handle.release();
    }

    /// The handle's cleanup and close.
    fn close(&self) {
        self.end();
        self.handle.release();
    }

    /// Once all threads have ended.
    fn ended(&self) -> Vec<Status> {
        self.handle.assert_freed();
        self.irps.iter().map(Irp::status).collect()
    }
}
