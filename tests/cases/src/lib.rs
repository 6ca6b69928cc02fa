//! Test bodies that talk to `wskhttp.sys` through its device interface, and to the origin for what
//! the server saw. They know nothing of the runner: Wine, Windows, or a simulated kernel behind
//! [`Context::opener`].
//!
//! Every case ends with the driver idle again, within a bound: see [`run`].

mod case;
mod context;
mod idle;
mod message;
mod observer;
mod phase;
mod random;

use anyhow::{Context as _, Result, bail};

pub use context::{Context, Process};

/// A test body.
#[derive(Clone, Copy)]
pub struct Case {
    /// Its name, for `run`.
    pub name: &'static str,
    /// What the runner has to do besides running it.
    pub kind: Kind,
    body: fn(&Context) -> Result<()>,
}

/// What the runner has to do with a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Run it.
    Plain,
    /// It ends its process with requests in flight: run `idle` afterwards.
    Exits,
    /// It never returns: kill its process, or stop the driver, after it has printed `holding`.
    Holds,
}

/// All cases.
pub const CASES: &[Case] = case::ALL;

/// Runs a case, and checks that the driver is idle again: no request, handle, connection, orphan or
/// allocation more than after a warm-up before it.
///
/// # Errors
/// What went wrong.
pub fn run(name: &str, context: &Context) -> Result<()> {
    let Some(case) = CASES.iter().find(|case| case.name == name) else {
        bail!("no case is called {name}");
    };
    if case.kind != Kind::Plain {
        return (case.body)(context);
    }
    let idle = idle::Idle::warm_up(context).context("before the case")?;
    let outcome = (case.body)(context);
    let settled = idle.wait().context("after the case");
    outcome.and(settled)
}
