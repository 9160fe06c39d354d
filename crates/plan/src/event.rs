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
    /// Everything is read again and the rest is done anew.
    Again(Again),
    /// What is left to do after a new look: nothing of a kind that was not in the plan before.
    Replanned(Vec<String>),
}
