//! Plans carried out in an AWS that is as strict as the real one.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod destroy;
mod permissions;
mod world;
