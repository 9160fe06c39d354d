//! Progress, for whoever shows it.

use issuer_discovery::Waiting;

/// Something that happened while a plan is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A step begins.
    Started(String),
    /// A step waits for what AWS makes true in its own time.
    Waiting(Waiting),
    /// A step is done.
    Done(String),
    /// Somebody else was faster: everything is read again and the rest is done anew.
    Again {
        /// What was changed.
        what: String,
    },
    /// What is left to do after a lost race: nothing of a kind that was not in the plan before.
    Replanned(Vec<String>),
}
