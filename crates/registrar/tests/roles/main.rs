//! What a role needs, in which order, and how an issuer leaves it: from values alone.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod checks;
mod diffs;
mod issuers;
mod removals;
mod support;
mod texts;
