//! What AWS STS does with a web identity token: a pure verdict over facts that were fetched before.
//!
//! [`Facts`] are all that STS looks at when [AssumeRoleWithWebIdentity][call] is called; [`Examination::of`] judges
//! every step of them, and [`Examination::verdict`] is what STS would answer: accepted, or refused at the first step
//! that fails, with AWS's code, status and message. Nothing is printed or read from a clock here, and only
//! [`Documents::fetch`] asks anybody, through whatever [`Fetch`](issuer_discovery::Fetch) it is given.
//!
//! For a part of it: [`Token::parse`] shows a token without believing it, [`PublishedKeys`] reads a JWKS, [`trust`]
//! asks a role's trust policy. [`shell_word`] writes what a stranger wrote into a command.
//!
//! [call]: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html

mod algorithm;
mod claims;
mod documents;
mod examination;
mod facts;
mod keys;
mod lean;
mod refusal;
mod rules;
mod shell;
mod step;
mod token;
mod trust;
mod verdict;

pub use algorithm::{NotTaken, TokenAlgorithm};
pub use claims::{Claims, NumericDate, TOLERANCE};
pub use documents::{Authority, Documents};
pub use examination::Examination;
pub use facts::{Context, Facts, Known, known_context};
pub use keys::{PublishedKeys, VerificationKey};
pub use shell::shell_word;
pub use step::Step;
pub use token::Token;
pub use trust::{trust, trust_in};
pub use verdict::{Accepted, Outcome, Refused, Verdict};
