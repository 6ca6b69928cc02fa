//! The cases, by what they are about.

mod abi;
mod cancel;
mod close;
mod download;
mod exit;
mod failure;
mod malformed;
mod output;
mod upload;

#[cfg(test)]
pub(crate) use failure::FAULTS;

use crate::{Case, Context, Kind};
use anyhow::Result;

pub(crate) const ALL: &[Case] = &[
    plain("keep-alive", download::keep_alive),
    plain("idle-connection", download::idle_connection),
    plain("one-call", download::one_call),
    plain("in-flight", download::in_flight),
    plain("odd-reads", download::odd_reads),
    plain("upload-sized", upload::sized),
    plain("upload-chunked", upload::chunked),
    plain("head-overflow", output::head_overflow),
    plain("output-poison", output::poison),
    plain("cancel", cancel::each_phase),
    plain("cancel-look-up", cancel::look_up),
    plain("cancel-upload", cancel::upload),
    plain("cancel-twice", cancel::twice),
    plain("cancel-race", cancel::race),
    plain("close", close::each_phase),
    plain("close-look-up", close::look_up),
    plain("busy", cancel::busy),
    plain("failures", failure::distinct),
    plain("malformed", malformed::messages),
    plain("ioctl-lengths", abi::lengths),
    plain("ioctl-unknown", abi::unknown),
    Case {
        name: "exit-in-flight",
        kind: Kind::Exits,
        body: exit::in_flight,
    },
    Case {
        name: "hold-in-flight",
        kind: Kind::Holds,
        body: exit::hold,
    },
    plain("idle", exit::idle),
];

const fn plain(name: &'static str, body: fn(&Context) -> Result<()>) -> Case {
    Case {
        name,
        kind: Kind::Plain,
        body,
    }
}
