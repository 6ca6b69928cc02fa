//! Memory that may be refused: the kernel's is, and a refusal must not be a bugcheck.
//!
//! Each function gives the refusal back, for the caller to say what it wanted the memory for. Any
//! IRQL at which the global allocator may be called: `<= DISPATCH_LEVEL`.

use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

/// The memory was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

impl From<TryReserveError> for NoMemory {
    fn from(_: TryReserveError) -> Self {
        Self
    }
}

/// An empty vector with room for exactly `count` values.
///
/// # Errors
/// The memory is refused.
pub fn room<T>(count: usize) -> Result<Vec<T>, NoMemory> {
    let mut room = Vec::new();
    room.try_reserve_exact(count)?;
    Ok(room)
}

/// An empty string with room for exactly `bytes`.
///
/// # Errors
/// The memory is refused.
pub fn text_room(bytes: usize) -> Result<String, NoMemory> {
    let mut room = String::new();
    room.try_reserve_exact(bytes)?;
    Ok(room)
}

/// A copy of `values`.
///
/// # Errors
/// The memory is refused.
pub fn copied<T: Copy>(values: &[T]) -> Result<Vec<T>, NoMemory> {
    let mut copy = room(values.len())?;
    copy.extend_from_slice(values);
    Ok(copy)
}

/// A copy of `text`.
///
/// # Errors
/// The memory is refused.
pub fn copied_text(text: &str) -> Result<String, NoMemory> {
    let mut copy = text_room(text.len())?;
    copy.push_str(text);
    Ok(copy)
}

/// Adds a value at the end; drops it if there is no room.
///
/// # Errors
/// The memory is refused; the values that were there stay.
pub fn push<T>(values: &mut Vec<T>, value: T) -> Result<(), NoMemory> {
    values.try_reserve(1)?;
    values.push(value);
    Ok(())
}

/// Adds copies at the end.
///
/// # Errors
/// The memory is refused; what was there stays, and nothing is added.
pub fn extend<T: Copy>(values: &mut Vec<T>, more: &[T]) -> Result<(), NoMemory> {
    values.try_reserve(more.len())?;
    values.extend_from_slice(more);
    Ok(())
}

/// A value in memory of its own, which does not make the futures that hold it larger.
#[derive(Debug)]
pub struct Boxed<T>(Box<[T; 1]>);

impl<T> Boxed<T> {
    /// Moves `value` to memory of its own; drops it if there is none.
    ///
    /// # Errors
    /// The memory is refused.
    pub fn new(value: T) -> Result<Self, NoMemory> {
        let mut one = room(1)?;
        one.push(value);
        one.try_into().map(Self).map_err(|_| NoMemory)
    }

    /// The value.
    #[must_use]
    pub fn into_inner(self) -> T {
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

#[cfg(test)]
mod tests {
    use super::{Boxed, NoMemory, copied, copied_text, extend, push, room};

    #[test]
    fn copies_take_no_more_than_they_need() {
        assert_eq!(copied(&[1, 2, 3]).unwrap(), [1, 2, 3]);
        assert_eq!(copied(&[1_u8; 5]).unwrap().capacity(), 5);
        assert_eq!(copied_text("text").unwrap(), "text");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert_eq!(room::<u64>(usize::MAX), Err(NoMemory));
        let mut values = copied(&[0]).unwrap();
        push(&mut values, 1).unwrap();
        extend(&mut values, &[2, 3]).unwrap();
        assert_eq!(values, [0, 1, 2, 3]);
    }

    #[test]
    fn a_box_gives_its_value_back() {
        let mut boxed = Boxed::new([1, 2]).unwrap();
        boxed[0] = 3;
        assert_eq!(*boxed, [3, 2]);
        assert_eq!(boxed.into_inner(), [3, 2]);
    }
}
