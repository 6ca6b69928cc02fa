//! The rules: their numbers, texts and sources, and how a breach is raised.
//!
//! [`WSK`] are the 100 rules for clients of Winsock Kernel, [`VERIFIER`] those of Driver Verifier and
//! Static Driver Verifier, under Microsoft's own codes and names. `RULES.md` is the table of them all.

mod irql;
mod verifier;
mod wsk;

use std::fmt::Display;

pub(crate) use irql::for_irql;
pub use verifier::*;
pub use wsk::*;

use crate::sched::switch;
use crate::state::{State, set_in_driver, simulator, with};

/// A rule, as a document states it.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `rule 9`, or Microsoft's code or name.
    pub id: &'static str,
    /// What has to hold.
    pub text: &'static str,
    /// The page that says so.
    pub source: &'static str,
    /// Whether anything watches it.
    pub standing: Standing,
    /// Taken from experience, in whole or in part: a run can do without what no document says.
    pub inferred: bool,
}

/// What the simulator does about a rule.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    /// A breach ends the run.
    Checked,
    /// The kernel or the provider does it, so that no client can break it. It is simulated, which these
    /// tests show, besides proofs among the mutants.
    Provider(&'static str),
    /// It is broken with the rule of that name, under which a breach is raised.
    Same(&'static str),
    /// Nothing, because the build looks at it: by which test of it that is proved.
    Built(&'static str),
}

impl Rule {
    /// Does without what is inferred of a rule for the rest of the run: no client is held to it, and the
    /// provider does not keep to it, or not do it. `RULES.md` says what that is for each.
    ///
    /// # Panics
    /// When the rule stands in a document, and outside a simulation.
    pub fn switch_off(&self) {
        assert!(self.inferred, "{} is documented", self.id);
        simulator(|| with(|s| s.off.insert(self.id)));
    }

    /// Whether this run holds clients to it, or shows them the behaviour.
    pub(crate) fn is_on(&self) -> bool {
        with(|s| !self.is_off(s))
    }

    /// As [`Rule::is_on`], for who has the state, and the other way round.
    pub(crate) fn is_off(&self, s: &State) -> bool {
        s.off.contains(self.id)
    }

    /// Ends the simulation unless `holds`.
    pub(crate) fn demand<T: Display>(&self, holds: bool, how: impl FnOnce() -> T) {
        if !holds && self.is_on() {
            self.broken(how());
        }
    }

    /// Ends the simulation: the rule was broken, and how. The thread never runs again.
    pub(crate) fn broken(&self, how: impl Display) -> ! {
        set_in_driver(false);
        let on_thread = with(|s| {
            self.fail(s, &how);
            s.current.is_some()
        });
        assert!(on_thread, "{}: {how}", self.id);
        loop {
            switch();
        }
    }

    /// As [`Rule::broken`], for who has the state and goes on to the next switch.
    pub(crate) fn fail(&self, s: &mut State, how: impl Display) {
        let place = s.current.map_or_else(String::new, |id| {
            let thread = &s.threads[id];
            format!(" [thread {}, IRQL {}]", thread.name, thread.irql)
        });
        let Self {
            id, text, source, ..
        } = self;
        let others: Vec<_> = VERIFIER
            .iter()
            .filter(|other| other.standing == Standing::Same(id))
            .map(|other| other.id)
            .collect();
        let also = if others.is_empty() {
            String::new()
        } else {
            format!(" ({})", others.join(", "))
        };
        s.failure.get_or_insert(format!(
            "{id}{also}: {how}{place}\n  the rule: {text}\n  its source: {source}"
        ));
    }
}

/// The rule of that name.
pub(crate) fn find(id: &str) -> Option<&'static Rule> {
    let all = WSK.iter().chain(VERIFIER);
    all.copied().find(|rule| rule.id == id)
}

macro_rules! rules {
    ($list:ident: $($name:ident = $standing:ident($id:literal, $text:literal, $source:literal
        $(, $why:literal)?)$(.$inferred:ident())?;)*) => {
        $(
            #[doc = $text]
            pub const $name: &super::Rule =
                &super::$standing($id, $text, $source $(, $why)?)$(.$inferred())?;
        )*
        #[doc = concat!(stringify!($list), ": all of them, in order.")]
        pub static $list: &[&super::Rule] = &[$($name),*];
    };
}
use rules;

const fn checked(id: &'static str, text: &'static str, source: &'static str) -> Rule {
    Rule {
        id,
        text,
        source,
        standing: Standing::Checked,
        inferred: false,
    }
}

const fn provider(
    id: &'static str,
    text: &'static str,
    source: &'static str,
    tests: &'static str,
) -> Rule {
    Rule {
        standing: Standing::Provider(tests),
        ..checked(id, text, source)
    }
}

const fn same(
    id: &'static str,
    text: &'static str,
    source: &'static str,
    other: &'static str,
) -> Rule {
    Rule {
        standing: Standing::Same(other),
        ..checked(id, text, source)
    }
}

const fn built(
    id: &'static str,
    text: &'static str,
    source: &'static str,
    test: &'static str,
) -> Rule {
    Rule {
        standing: Standing::Built(test),
        ..checked(id, text, source)
    }
}

impl Rule {
    const fn inferred(self) -> Self {
        Self {
            inferred: true,
            ..self
        }
    }
}
