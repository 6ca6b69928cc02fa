//! A box whose memory may be refused.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

use wskhttp_core::io::{Error, Kind, Phase};

/// A value that does not make the futures that hold it larger.
#[derive(Debug)]
pub(crate) struct Boxed<T>(Box<[T; 1]>);

impl<T> Boxed<T> {
    /// Moves `value` to memory of its own; drops it if there is none.
    pub(crate) fn new(value: T) -> Result<Self, Error> {
        let no_memory = Error::new(
            Phase::Request,
            Kind::NoResources,
            "no memory for the exchange",
        );
        let mut one = Vec::new();
        one.try_reserve_exact(1).map_err(|_| no_memory)?;
        one.push(value);
        one.try_into().map(Self).map_err(|_| no_memory)
    }

    pub(crate) fn into_inner(self) -> T {
        let [value] = *self.0;
        value
    }
}

impl<T> Deref for Boxed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        let [value] = &*self.0;
        value
    }
}

impl<T> DerefMut for Boxed<T> {
    fn deref_mut(&mut self) -> &mut T {
        let [value] = &mut *self.0;
        value
    }
}
