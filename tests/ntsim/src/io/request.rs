//! Requests of the I/O manager's own, and the files that they are for.

use wdk_sys::{FILE_OBJECT, NTSTATUS};

use crate::rule::Rule;
use crate::state::State;

/// An open file object.
pub(crate) struct File {
    pub(crate) object: Box<FILE_OBJECT>,
    pub(crate) device: usize,
    pub(crate) closed: bool,
}

/// A request of the I/O manager's own: of user mode, or of Plug and Play.
#[derive(Default)]
pub(crate) struct Request {
    pub(crate) irp: usize,
    pub(crate) file: usize,
    pub(crate) done: Option<(NTSTATUS, usize)>,
    pub(crate) input: Vec<u8>,
    pub(crate) output: Vec<u8>,
    /// The system buffer of a buffered request, or of the input of a direct one.
    pub(crate) system: Vec<u8>,
    pub(crate) mdl: usize,
    pub(crate) buffered: bool,
    /// Whose thread has asked.
    pub(crate) process: usize,
    /// When it has to be completed, by which rule.
    pub(crate) over_by: Option<(u64, &'static Rule)>,
}

/// What a cancelled request may take: five minutes.
pub(crate) const CANCEL_TIME: u64 = 300 * 10_000_000;

/// What byte `i` of an output buffer is until the driver writes it.
pub(crate) fn unwritten(i: usize) -> u8 {
    let mixed = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)) as u8
}

/// When the next request has to be completed; notes a breach if that was before.
pub(crate) fn next_deadline(s: &mut State) -> Option<u64> {
    let waiting = s.requests.values().filter(|request| request.done.is_none());
    let next = waiting
        .filter_map(|request| request.over_by)
        .min_by_key(|(by, _)| *by)?;
    let (by, rule) = next;
    if by <= s.now {
        rule.fail(s, "a request is not completed, and had to be");
    }
    Some(by)
}
