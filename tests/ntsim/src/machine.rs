//! A simulated machine beside the program that uses it.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use mio::{Poll, Waker};

use crate::door::{Door, Order, Process, What, serve};
use crate::driver::Driver;
use crate::host::{self, DOOR, Host, of};
use crate::profile::{Profile, Sim};
use crate::sched::block;
use crate::sim::Report;
use crate::state::with;

/// How a machine is to be.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// For what is decided by lot.
    pub seed: u64,
    /// How many times as fast its clock runs as the host's, also for time-outs of programs.
    pub speed: u32,
    /// The provider of WSK.
    pub profile: Profile,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            speed: 1,
            profile: Profile::Windows,
        }
    }
}

/// A simulated kernel with `wskhttp.sys` loaded and started, on a thread of its own; its network is the
/// host's. Programs run on other threads, and open the device by [`Process::opener`].
pub struct Machine {
    door: Arc<Door>,
    thread: JoinHandle<Result<Report, String>>,
}

impl Machine {
    /// Loads the driver and starts its device. Waits for any other simulation of this process to end.
    ///
    /// # Errors
    /// The driver does not load, or breaks a rule while it does.
    ///
    /// # Panics
    /// Without a descriptor or a thread to be had.
    pub fn start(options: Options) -> Result<Self, String> {
        let poll = Poll::new().expect("a descriptor of the host");
        let waker = Waker::new(poll.registry(), DOOR).expect("a descriptor of the host");
        let door = Arc::new(Door::new(waker, options.speed));
        let (loaded, loading) = channel();
        let inside = Arc::clone(&door);
        let thread = std::thread::Builder::new()
            .name("kernel".into())
            .spawn(move || {
                let at_end = Arc::clone(&inside);
                let outcome = Sim::new(options.seed)
                    .profile(options.profile)
                    .try_run(move || {
                        Host::attach(poll, inside, options.speed);
                        serve();
                        work(&loaded);
                    });
                at_end.end();
                outcome
            })
            .expect("a thread of the host");
        let machine = Self { door, thread };
        match machine.door.receive(&loading, None) {
            Some(Ok(())) => Ok(machine),
            Some(Err(status)) => Err(format!("the driver does not load: status {status:#X}")),
            None => Err(machine.join().err().unwrap_or_default()),
        }
    }

    /// A process that has no handle yet.
    #[must_use]
    pub fn process(&self) -> Process {
        Process::new(Arc::clone(&self.door))
    }

    /// IRP_MN_SURPRISE_REMOVAL, whatever is in flight.
    pub fn surprise(&self) {
        // The end of the simulation says why.
        let _ = self.door.order(What::Surprise);
    }

    /// Removes the device once every handle is closed, unloads the driver, after which nothing may be
    /// left, and loads it again. False if the simulation has ended.
    #[must_use]
    pub fn restart(&self) -> bool {
        self.door.order(What::Restart) == Some(Ok(()))
    }

    /// Removes the device once every handle is closed, and unloads the driver.
    ///
    /// # Errors
    /// A rule that was broken, now or before.
    pub fn shut_down(self) -> Result<Report, String> {
        let _ = self.door.order(What::Off);
        self.join()
    }

    /// The rule that was broken, if that has ended the simulation. Otherwise it goes on until this
    /// process ends.
    #[must_use]
    pub fn failure(self) -> Option<String> {
        self.door.is_ended().then(|| self.join().err())?
    }

    fn join(self) -> Result<Report, String> {
        match self.thread.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// The thread that has the driver.
fn work(loaded: &Sender<Result<(), i32>>) {
    let mut driver = match Driver::load() {
        Ok(driver) => Some(driver),
        Err(status) => {
            // The one that waits is there until then.
            let _ = loaded.send(Err(status));
            return;
        }
    };
    let _ = loaded.send(Ok(()));
    loop {
        block("an order", None, |s| !host::of(s).orders.is_empty());
        let Some(Order { what, done }) = with(|s| of(s).orders.pop_front()) else {
            continue;
        };
        let outcome = match what {
            What::Surprise => {
                if let Some(driver) = &driver {
                    driver.surprise();
                }
                Ok(())
            }
            What::Restart | What::Off => {
                if let Some(driver) = driver.take() {
                    driver.remove();
                }
                match what {
                    What::Restart => Driver::load().map(|new| driver = Some(new)),
                    _ => Ok(()),
                }
            }
        };
        let _ = done.send(outcome);
        if what == What::Off || driver.is_none() {
            return;
        }
    }
}
