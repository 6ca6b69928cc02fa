//! What the first use of a feature has told about the provider.

use core::sync::atomic::{AtomicU8, Ordering};

/// Whether the provider has something that not every provider has: found out by trying it.
#[derive(Debug)]
pub(super) struct Capability(AtomicU8);

/// What is known of a [`Capability`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It was not tried yet, or none of the tries is over.
    Untried,
    /// It worked.
    Has,
    /// It was refused, so it is not tried again.
    Lacks,
}

impl Capability {
    /// `possible` is false if the provider is known to lack it.
    pub(super) const fn new(possible: bool) -> Self {
        Self(AtomicU8::new(if possible { UNTRIED } else { LACKS }))
    }

    pub(super) fn known(&self) -> Known {
        match self.0.load(Ordering::Relaxed) {
            UNTRIED => Known::Untried,
            HAS => Known::Has,
            _ => Known::Lacks,
        }
    }

    /// Whether it may be used.
    pub(super) fn is_possible(&self) -> bool {
        self.known() != Known::Lacks
    }

    /// A use of it has worked.
    pub(super) fn works(&self) {
        if self.known() == Known::Untried {
            self.0.store(HAS, Ordering::Relaxed);
        }
    }

    /// The provider has refused it.
    pub(super) fn is_refused(&self) {
        self.0.store(LACKS, Ordering::Relaxed);
    }
}

const UNTRIED: u8 = 0;
const HAS: u8 = 1;
const LACKS: u8 = 2;
