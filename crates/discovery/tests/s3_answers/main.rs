//! What becomes of S3's less friendly answers: each is scripted here, word for word as S3 sends it.

#![cfg(feature = "s3")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod leaving;
mod publishing;
mod scripted;
