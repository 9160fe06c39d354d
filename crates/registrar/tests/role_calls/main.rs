//! What becomes of IAM's answers to calls on roles: each is scripted here, as IAM sends it.

#![cfg(feature = "iam")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod answers;
mod leaving;
mod pace;
mod reads;
mod support;
mod trust;
