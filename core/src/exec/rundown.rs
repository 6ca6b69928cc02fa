//! How many tasks there are, and when the last has ended once no more may begin.
//!
//! ```text
//! one word:  closed (1 bit) │ tasks that have begun and not ended (31 bits)
//! begin  +1, and looks at what was there: closed? too many?
//! close  sets the bit; from then on whoever brings the number to 0 tells the one who waits
//! ```
//! Both are in one word so that a task has either begun before the close, and is waited for, or is
//! refused.

use super::atomic::{AtomicU32, Ordering::SeqCst};

/// A count that can be closed.
#[derive(Debug)]
pub(crate) struct Rundown(AtomicU32);

/// What [`Rundown::begin`] says. The task is counted in any case: [`Rundown::end`] undoes that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Begun {
    Yes,
    /// There are too many; it is to end.
    TooMany,
    /// No more may begin; it is to end.
    Closed,
}

impl Rundown {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Counts a task, of which there may be `most`. IRQL: any.
    pub(crate) fn begin(&self, most: u32) -> Begun {
        let before = self.0.fetch_add(1, SeqCst);
        match before & CLOSED {
            0 if before < most => Begun::Yes,
            0 => Begun::TooMany,
            _ => Begun::Closed,
        }
    }

    /// Counts a task out. True if it was the last and no more may begin: whoever waits for that is to
    /// be told. IRQL: any.
    #[must_use]
    pub(crate) fn end(&self) -> bool {
        self.0.fetch_sub(1, SeqCst) == CLOSED + 1
    }

    /// Refuses further tasks. IRQL: any.
    pub(crate) fn close(&self) {
        self.0.fetch_or(CLOSED, SeqCst);
    }

    /// Tasks that have begun and not ended. IRQL: any.
    #[must_use]
    pub(crate) fn tasks(&self) -> u32 {
        self.0.load(SeqCst) & !CLOSED
    }
}

const CLOSED: u32 = 1 << 31;
