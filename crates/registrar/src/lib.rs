//! The AWS account and its IAM OpenID Connect provider: what makes AWS trust an issuer.
//!
//! Types and the diff are pure; the calls stand behind the feature `iam`.

mod account;
#[cfg(feature = "iam")]
mod client;
mod provider;

#[cfg(feature = "iam")]
pub use account::caller_account;
pub use account::{Account, AccountError, AccountId};
#[cfg(feature = "iam")]
pub use client::{ProviderClient, RegisterError};
pub use provider::{
    Audience, AudienceError, DEFAULT_AUDIENCE, MAX_CLIENT_IDS, MAX_THUMBPRINTS, Provider, ProviderChange,
    ProviderRefusal, ProviderSpec, Thumbprint, ThumbprintError, diff, provider_arn,
};
