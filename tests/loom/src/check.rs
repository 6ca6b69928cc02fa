//! Runs models.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// Runs a model in every order with at most `preemptions`, and gives all that it came to, so that a
/// test sees that the orders that matter were among them.
///
/// # Panics
/// In an order that breaks a promise of the model, leaves all threads waiting, or lets two threads
/// access the same memory without synchronisation.
pub fn explore<T: Ord + Send + 'static>(
    preemptions: usize,
    model: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = outcomes.clone();
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(move || {
        let outcome = model();
        // Not a mutex of loom's: this is no part of the model.
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(outcome);
    });
    std::mem::take(&mut *outcomes.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Runs a flawed model. Gives what the first order to go wrong says of itself, or `None` if no order
/// does.
pub fn failure<T: Ord + Send + 'static>(
    preemptions: usize,
    model: impl Fn() -> T + Send + Sync + 'static,
) -> Option<String> {
    let run = AssertUnwindSafe(|| explore(preemptions, model));
    let panic = catch_unwind(run).err()?;
    let text = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
    Some(text.unwrap_or_default())
}
