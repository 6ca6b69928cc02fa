//! How files are closed.

use super::{cancel_all, send, wait};
use crate::io::{self, Request};
use crate::rule;
use crate::sched::{self, KERNEL_STACK, block};
use crate::state::{State, with};

/// A request for a cleanup, which does not wait for sockets to close.
pub(crate) fn cleanup() -> Request {
    let by = with(|s| s.now + CLEANUP_TIME);
    Request {
        over_by: rule::WSK_68.is_on().then_some((by, rule::WSK_68)),
        ..Request::default()
    }
}

/// Cleanup now; close once the last request of the file is over. Wine sends no cleanup, and the close
/// whatever is pending.
pub(crate) fn close(file: usize) {
    let first = with(|s| {
        s.files
            .get_mut(&file)
            .is_some_and(|file| !std::mem::replace(&mut file.closed, true))
    });
    if !first {
        return;
    }
    let is_wine = with(|s| s.profile.is_wine());
    if !is_wine {
        let cleanup = send(file, cleanup(), wdk_sys::IRP_MJ_CLEANUP, |_, _| {});
        wait(cleanup, None);
    }
    with(|s| {
        let over_by = (s.now + io::CANCEL_TIME, rule::WSK_97);
        let mine = s
            .requests
            .values_mut()
            .filter(|request| request.file == file);
        mine.for_each(|request| {
            request.over_by.get_or_insert(over_by);
        });
    });
    sched::spawn(
        format!("closes file {file}"),
        KERNEL_STACK,
        false,
        move || {
            block(
                "the requests of a closed file",
                None,
                move |s| match is_wine {
                    // Its one thread calls the dispatch routines in turn.
                    true => !s.is_dispatching(file),
                    false => s.pending(file).is_empty(),
                },
            );
            send(file, Request::default(), wdk_sys::IRP_MJ_CLOSE, |_, _| {});
            block(
                "the close of a file, and what it has left",
                None,
                move |s| s.pending(file).is_empty(),
            );
            with(|s| s.files.remove(&file));
        },
    );
}

/// What the I/O manager does with the requests and handles of a process that ends. That of Wine waits
/// for no request.
pub(crate) fn end(files: &[usize]) {
    for file in files {
        cancel_all(*file);
    }
    let waits = with(|s| !s.profile.is_wine());
    for file in files.iter().copied().filter(|_| waits) {
        block("the requests of a thread that ends", None, move |s| {
            s.pending(file).is_empty()
        });
    }
    files.iter().for_each(|file| close(*file));
}

impl State {
    /// Whether a dispatch routine runs for a request of a file that is not over.
    fn is_dispatching(&self, file: usize) -> bool {
        let pending = self.pending(file);
        let irps = pending.iter().map(|number| self.requests[number].irp);
        irps.into_iter().any(|irp| io::is_dispatched(self, irp))
    }
}

/// What a cleanup may take.
const CLEANUP_TIME: u64 = 30 * 10_000_000;
