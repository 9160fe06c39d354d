//! What a policy is for, and what AWS asks of it then: elements, names and sizes.

use std::fmt;

use crate::document::Document;
use crate::error::PolicyError;
use crate::statement::Statement;

/// The most bytes of a bucket policy.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html>: "Bucket policies are limited to 20 KB
/// in size."
pub const BUCKET_POLICY_BYTES: usize = 20 * 1024;

/// The most characters of a role's trust policy, white space not counted, unless the account's quota was raised.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>: "Role trust policy length".
pub const TRUST_POLICY_CHARACTERS: usize = 2048;

/// What the quota of [`TRUST_POLICY_CHARACTERS`] can be raised to.
pub const TRUST_POLICY_CHARACTERS_AT_MOST: usize = 8192;

/// What a policy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It hangs on a bucket.
    Bucket,
    /// It says who may assume a role.
    Trust,
    /// It hangs on a role or user.
    Identity,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Bucket => "a bucket policy",
            Self::Trust => "a trust policy",
            Self::Identity => "an identity policy",
        })
    }
}

impl Document {
    /// Whether AWS takes this policy for such a use.
    ///
    /// A trust policy is held to what the quota can be raised to; compare [`Document::characters`] with
    /// [`TRUST_POLICY_CHARACTERS`] for an account that never asked.
    ///
    /// # Errors
    /// No statement; a statement that lacks a Principal or Resource, or has one where there is none; a Sid or action
    /// that the service refuses; a policy over the limit.
    pub fn check(&self, kind: Kind) -> Result<(), PolicyError> {
        if self.is_empty() {
            return Err(PolicyError::Empty { kind });
        }
        for (statement, index) in self.statements().iter().zip(1..) {
            if let Some(problem) = problem(statement, kind) {
                return Err(PolicyError::WrongKind { kind, statement: index, problem });
            }
        }
        let (size, unit, limit) = match kind {
            Kind::Bucket => (self.size_in_bytes(), "bytes", BUCKET_POLICY_BYTES),
            Kind::Trust => (self.characters(), "characters", TRUST_POLICY_CHARACTERS_AT_MOST),
            Kind::Identity => return Ok(()),
        };
        if size > limit { Err(PolicyError::TooLarge { kind, size, unit, limit }) } else { Ok(()) }
    }

    /// The size as IAM counts it: characters, "IAM doesn't count white space".
    pub fn characters(&self) -> usize {
        self.to_json().chars().filter(|character| !character.is_whitespace()).count()
    }
}

/// What keeps a statement from standing in such a policy.
pub(crate) fn problem(statement: &Statement, kind: Kind) -> Option<&'static str> {
    let principal = statement.principal().is_some() || statement.not_principal().is_some();
    let resource = !(statement.resource().is_empty() && statement.not_resource().is_empty());
    let mut actions = statement.action().iter().chain(statement.not_action());
    match kind {
        Kind::Bucket | Kind::Trust if !principal => Some("it needs a Principal"),
        Kind::Identity if principal => Some("a Principal is not for it"),
        Kind::Bucket | Kind::Identity if !resource => Some("it needs a Resource"),
        Kind::Trust if resource => Some("a Resource is not for it"),
        Kind::Bucket if !actions.all(|action| action == "*" || has_prefix(action, "s3:")) => {
            Some("its actions have to be those of S3, such as s3:GetObject")
        }
        Kind::Trust | Kind::Identity if !actions.all(|action| action == "*" || action.contains(':')) => {
            Some("its actions have to name their service, such as sts:AssumeRoleWithWebIdentity")
        }
        // "Statement IDs (SID) must be alpha-numeric"; S3 takes any text.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
        Kind::Trust | Kind::Identity
            if !statement.sid().unwrap_or_default().bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            Some("its Sid may hold only ASCII letters and digits")
        }
        Kind::Bucket | Kind::Trust | Kind::Identity => None,
    }
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::{BUCKET_POLICY_BYTES, Kind};
    use crate::document::Document;
    use crate::statement::Statement;

    fn check(statement: &str, kind: Kind) -> Result<(), String> {
        let document = Document::parse(&format!(r#"{{"Statement":[{statement}]}}"#)).unwrap();
        document.check(kind).map_err(|error| error.to_string())
    }

    #[test]
    fn elements() {
        let bucket =
            r#"{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","S3:Put*"],"Resource":"r"}"#;
        let trust =
            r#"{"Effect":"Allow","Principal":{"Federated":"p"},"Action":"sts:AssumeRoleWithWebIdentity"}"#;
        let identity = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        for (text, kind, refused) in [
            (bucket, Kind::Bucket, ""),
            (trust, Kind::Trust, ""),
            (identity, Kind::Identity, ""),
            (bucket, Kind::Trust, "a Resource is not for it"),
            (bucket, Kind::Identity, "a Principal is not for it"),
            (trust, Kind::Bucket, "needs a Resource"),
            (identity, Kind::Trust, "needs a Principal"),
            (
                r#"{"Effect":"Deny","Principal":"*","Action":"iam:x","Resource":"r"}"#,
                Kind::Bucket,
                "those of S3",
            ),
            (r#"{"Effect":"Deny","Principal":"*","Action":"x"}"#, Kind::Trust, "name their service"),
            (
                r#"{"Sid":"a b","Effect":"Deny","Principal":"*","Action":"s:x"}"#,
                Kind::Trust,
                "letters and digits",
            ),
            (
                r#"{"Sid":"a b","Effect":"Deny","Principal":"*","Action":"s3:x","Resource":"r"}"#,
                Kind::Bucket,
                "",
            ),
        ] {
            match check(text, kind) {
                Ok(()) => assert!(refused.is_empty(), "{text} as {kind} was not refused"),
                Err(error) => {
                    assert!(!refused.is_empty() && error.contains(refused), "{text} as {kind}: {error}");
                }
            }
        }
        assert_eq!(
            Document::empty().check(Kind::Bucket).unwrap_err().to_string(),
            "a bucket policy needs at least one statement"
        );
    }

    #[test]
    fn sizes() {
        let mut document = Document::empty();
        let statement = |length| Statement::allow_anonymous_read("S", ["r".repeat(length)]);
        let _ = document.merge(statement(1));
        let fixed = document.size_in_bytes() - 1;
        let _ = document.merge(statement(BUCKET_POLICY_BYTES - fixed));
        assert!(document.check(Kind::Bucket).is_ok());
        let _ = document.merge(statement(BUCKET_POLICY_BYTES - fixed + 1));
        assert_eq!(
            document.check(Kind::Bucket).unwrap_err().to_string(),
            "a bucket policy of 20481 bytes is over AWS's limit of 20480"
        );
        let _ = document.merge(Statement::allow_anonymous_read("S p", ["a  b".to_owned()]));
        assert!(document.characters() < document.size_in_bytes());
    }
}
