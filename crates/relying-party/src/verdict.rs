//! What comes out: what became of a step, and STS's answer.

use std::borrow::Cow;

use crate::step::Step;

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not.
    Refused(Refused),
    /// It could not be judged, because this step did not hold.
    Waiting(Step),
    /// It was not judged: the facts say that nobody looked.
    NotLookedAt,
}

/// How STS refuses, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where.
    pub step: Step,
    /// AWS's error code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// AWS's message.
    pub message: Cow<'static, str>,
    /// What is wrong, in a sentence or two.
    pub explanation: String,
    /// What to do, with the command that mends it where there is one.
    pub hint: String,
    /// What is not known, and alone keeps the token from being accepted at this step: STS knows it, and may accept.
    /// Empty when it is known that STS refuses.
    pub unknown: Vec<String>,
}

impl Refused {
    /// Whether this is no more than caution: STS may accept, depending on what is not known here.
    #[must_use]
    pub fn is_unjudged(&self) -> bool {
        !self.unknown.is_empty()
    }
}

/// What STS accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The token's subject.
    pub subject: String,
    /// The audience that counted.
    pub audience: String,
    /// The provider's ARN.
    pub provider: String,
}

/// STS's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The role may be assumed.
    Accepted(Accepted),
    /// It may not.
    Refused(Refused),
    /// Nothing is wrong with what was looked at, and this step needs a fact that nobody looked at.
    Incomplete(Step),
}
