//! Why a policy is refused, each reason as a sentence for who wrote the policy.

use crate::kind::Kind;

/// A policy that cannot be read, or that AWS would refuse.
///
/// `statement` counts from one, as a reader of the policy counts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not JSON, a member twice in one object, or a number that could not be written back unchanged.
    #[error("the policy cannot be read")]
    Json(#[source] serde_json::Error),
    /// The whole is not a JSON object.
    #[error("the policy has to be a JSON object")]
    NotAnObject,
    /// A member of the document that the policy language does not have.
    #[error("the policy has the member {name:?}; only Version, Id and Statement are known")]
    UnknownMember {
        /// The member's name.
        name: String,
    },
    /// A Version that AWS does not have.
    #[error("the policy's Version has to be \"2012-10-17\" or \"2008-10-17\"")]
    Version,
    /// An Id that is not text.
    #[error("the policy's Id has to be a string")]
    Id,
    /// Statement is missing, or neither an object nor a list.
    #[error("the policy needs a Statement: one object or a list of objects")]
    NoStatement,
    /// One entry of Statement is not an object.
    #[error("statement {statement} is not a JSON object")]
    StatementNotAnObject {
        /// Which statement, from one.
        statement: usize,
    },
    /// A member of a statement that the policy language does not have.
    #[error("statement {statement} has the member {name:?}, which the policy language does not know")]
    UnknownStatementMember {
        /// Which statement, from one.
        statement: usize,
        /// The member's name.
        name: String,
    },
    /// A member of a statement is missing or has the wrong form.
    #[error("statement {statement}: {element} {problem}")]
    Element {
        /// Which statement, from one.
        statement: usize,
        /// Which member of it.
        element: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Two statements with one Sid.
    #[error(
        "statements {first} and {second} have the same Sid {sid:?}; a Sid has to be unique in its policy"
    )]
    DuplicateSid {
        /// The Sid.
        sid: String,
        /// The statement that has it first, from one.
        first: usize,
        /// The statement that has it again, from one.
        second: usize,
    },
    /// A well-formed policy that cannot serve as this kind of policy.
    #[error("statement {statement} cannot stand in {kind}: {problem}")]
    WrongKind {
        /// What the policy was to be.
        kind: Kind,
        /// Which statement, from one.
        statement: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A policy without a single statement, which AWS refuses.
    #[error("{kind} needs at least one statement")]
    Empty {
        /// What the policy was to be.
        kind: Kind,
    },
    /// A policy over AWS's size limit.
    #[error("{kind} of {size} {unit} is over AWS's limit of {limit}")]
    TooLarge {
        /// What the policy was to be.
        kind: Kind,
        /// Its size.
        size: usize,
        /// What size and limit count.
        unit: &'static str,
        /// The limit.
        limit: usize,
    },
}
