//! Progress, for whoever shows it.

use issuer_discovery::Waiting;

use crate::error::Again;

/// Something that happened while a plan is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A step begins.
    Started(String),
    /// A step waits for what AWS makes true in its own time.
    Waiting(Waiting),
    /// A step is done.
    Done(String),
    /// So many of so many are done.
    Progress {
        /// What is counted, such as `roles read`.
        what: &'static str,
        /// How many are done.
        done: usize,
        /// Of how many.
        total: usize,
    },
    /// Everything is read again and the rest is done anew.
    Again(Again),
    /// What is left to do after a new look: nothing of a kind that was not in the plan before.
    Replanned(Vec<String>),
}
