//! The cluster and its webhook through a kubectl that answers from files.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod certificate;
mod control_plane;
mod control_plane_fixture;
mod kubectl;
mod support;
mod webhook;
mod webhook_fixture;
mod webhook_gaps;
