//! The language of IAM, bucket and trust policies: parse, write, merge by Sid, evaluate, lint.
//!
//! Pure: text in, values and text out. A [`Document`] keeps every member and statement that it did not write, so
//! merging one statement into a stranger's policy changes that statement and nothing else. Evaluation is
//! conservative: a condition that it does not know never allows and always denies, and the [`Decision`] names it;
//! [`Document::explain`] says of each statement what keeps it from counting, [`Document::lint_trust`] what is wrong
//! with a trust policy before anybody asks.
//!
//! Follows the [grammar of the IAM JSON policy language][grammar].
//!
//! [grammar]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html

mod compare;
mod condition;
mod document;
mod error;
mod evaluate;
mod explain;
mod iam;
mod json;
mod kind;
mod lint;
mod network;
mod operator;
mod pattern;
mod principal;
mod public;
mod quantity;
mod shown;
mod statement;

pub use condition::Condition;
pub use document::{Document, Merge};
pub use error::PolicyError;
pub use evaluate::{Decision, Request, RequestPrincipal, Unknown};
pub use explain::{Explanation, Mismatch};
pub use json::parse_object;
pub use kind::{BUCKET_POLICY_BYTES, Kind, TRUST_POLICY_CHARACTERS, TRUST_POLICY_CHARACTERS_AT_MOST};
pub use lint::{Finding, Lint, ProviderMismatch, Severity, TrustTarget};
pub use principal::Principal;
pub use shown::{bounded, quoted};
pub use statement::{Effect, Statement};
