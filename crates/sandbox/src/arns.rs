//! The ARNs of an account's things.
//!
//! Follows [IAM ARNs][iam] and [S3's][s3].
//!
//! [iam]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
//! [s3]: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-resources-for-iam-policies

use crate::account::Account;

impl Account {
    /// The ARN of a user.
    pub(crate) fn user_arn(&self, path: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:user{path}{name}", self.partition, self.config.account)
    }

    /// The ARN of a bucket, or of `BUCKET/KEY`.
    pub(crate) fn s3_arn(&self, path: &str) -> String {
        format!("arn:{}:s3:::{path}", self.partition)
    }

    /// The ARN of the provider of an issuer, given without `https://`.
    pub(crate) fn provider_arn(&self, url: &str) -> String {
        format!("arn:{}:iam::{}:oidc-provider/{url}", self.partition, self.config.account)
    }

    /// The ARN of a role.
    pub(crate) fn role_arn(&self, path: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:role{path}{name}", self.partition, self.config.account)
    }

    /// The ARN of a role's session: without the role's path.
    pub(crate) fn session_arn(&self, role: &str, session: &str) -> String {
        format!("arn:{}:sts::{}:assumed-role/{role}/{session}", self.partition, self.config.account)
    }

    /// The ARN of a managed policy of the account's own.
    pub(crate) fn policy_arn(&self, path: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:policy{path}{name}", self.partition, self.config.account)
    }
}
