//! What the linter finds; words.rs has the sentence of each finding, and what to do.

use std::fmt;

use crate::lint::provider::ProviderMismatch;

/// One thing that is wrong with a trust policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// How bad it is.
    pub severity: Severity,
    /// Which statement, from one; nothing when it is about the whole policy.
    pub statement: Option<usize>,
    /// What it is.
    pub finding: Finding,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It works, and is wider than it has to be, or cannot be judged here.
    Warning,
    /// It lets in whom it should not, or can never let anyone in.
    Error,
}

/// What is wrong. Keys are in lower case, as AWS compares them without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// AWS would not take it as a trust policy.
    NotATrustPolicy {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// No statement trusts the provider.
    NotTrusted {
        /// The provider's ARN.
        provider: String,
    },
    /// A statement trusts a provider that is nearly, but not quite, the one that is meant.
    Provider {
        /// What the statement has.
        found: String,
        /// What should be there.
        expected: String,
        /// How they differ.
        mismatch: ProviderMismatch,
    },
    /// Everyone as Principal of a web identity statement.
    AnyPrincipal,
    /// Everyone but somebody.
    NotPrincipal,
    /// An AWS principal in a statement that only speaks of web identities.
    AwsPrincipal {
        /// The principal.
        principal: String,
    },
    /// A statement for the provider that does not speak of AssumeRoleWithWebIdentity.
    Action {
        /// Its actions.
        actions: Vec<String>,
    },
    /// Every action but some.
    NotAction {
        /// The actions that are left out.
        actions: Vec<String>,
    },
    /// An action with a wildcard.
    WideAction {
        /// The action.
        action: String,
    },
    /// No condition on the audience.
    NoAudience,
    /// The audience is conditioned, and ours does not meet it.
    OtherAudience {
        /// The audiences that do.
        found: Vec<String>,
        /// The audience of the tokens.
        expected: String,
    },
    /// Any audience is taken.
    AnyAudience {
        /// The pattern.
        pattern: String,
    },
    /// More audiences than the one that is wanted.
    SomeAudiences {
        /// The pattern.
        pattern: String,
    },
    /// No condition on the subject.
    NoSubject,
    /// Every service account of the cluster, or every one of a name.
    AnyNamespace {
        /// The pattern.
        pattern: String,
    },
    /// Several namespaces by a pattern.
    SomeNamespaces {
        /// The pattern.
        pattern: String,
    },
    /// Every service account of a namespace, or several of them.
    AnyName {
        /// The pattern.
        pattern: String,
    },
    /// A subject that no service account has.
    NotAServiceAccount {
        /// The subject.
        subject: String,
    },
    /// A wildcard under an operator that has none.
    LiteralWildcard {
        /// The operator.
        operator: String,
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// ForAllValues, which is true when the key is absent.
    ForAllValues {
        /// The operator.
        operator: String,
        /// The key.
        key: String,
    },
    /// IfExists, which is true when the key is absent.
    IfExists {
        /// The operator.
        operator: String,
        /// The key.
        key: String,
    },
    /// The only condition on a key says who is left out.
    OnlyNegated {
        /// The operator.
        operator: String,
        /// The key.
        key: String,
    },
    /// A key with the URL's scheme in it.
    KeyWithScheme {
        /// The key.
        key: String,
        /// What it has to be.
        expected: String,
    },
    /// A key with a slash before its colon.
    KeyWithSlash {
        /// The key.
        key: String,
        /// What it has to be.
        expected: String,
    },
    /// A key of another issuer than the statement's provider.
    KeyOfAnotherIssuer {
        /// The key.
        key: String,
        /// What it has to be.
        expected: String,
    },
    /// A claim that STS gives no key for.
    UnknownClaim {
        /// The key.
        key: String,
    },
    /// A key that is not judged here.
    KeyNotJudged {
        /// The key.
        key: String,
    },
    /// An operator that AWS does not have.
    UnknownOperator {
        /// The operator.
        operator: String,
    },
    /// An operator of AWS that is not judged here.
    OperatorNotJudged {
        /// The operator.
        operator: String,
    },
    /// Longer than IAM takes.
    TooLarge {
        /// Its characters, white space not counted.
        size: usize,
    },
    /// Nearly as long as IAM takes.
    NearlyTooLarge {
        /// Its characters, white space not counted.
        size: usize,
    },
}

impl Lint {
    /// What to do about it.
    pub fn hint(&self) -> String {
        self.finding.hint()
    }
}

/// A sentence, with the statement's number where it is about one.
impl fmt::Display for Lint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.statement {
            Some(statement) => write!(formatter, "statement {statement}: {}", self.finding),
            None => write!(formatter, "{}", self.finding),
        }
    }
}
