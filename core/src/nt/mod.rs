//! Safe layer over the NT kernel: what the executor, WSK and the driver need of it, and no more.
//!
//! Functions that a driver for every version of Windows cannot import, or that Wine lacks, are not
//! used here: see [`routine`].

pub mod clock;
pub mod cng;
pub(crate) mod ddi;
pub mod event;
pub mod irp;
pub mod irql;
pub mod lock;
pub mod mdl;
pub mod pool;
pub mod process;
pub mod random;
pub mod registry;
pub mod remove_lock;
pub mod routine;
pub mod semaphore;
pub mod shared;
pub mod stack;
pub mod thread;
pub mod timer;
pub(crate) mod wait;
