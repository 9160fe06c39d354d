//! Which issuer's tokens, in which account: what the names, tags and trust statements of roles are computed from.

use std::fmt::Write as _;

use issuer_discovery::IssuerUrl;
use issuer_policy::TrustTarget;
use sha2::{Digest as _, Sha256};

use super::name::{PolicyArn, PolicyName, RoleName, RolePath};
use crate::account::Account;
use crate::provider::provider_arn;

/// The tag that names the issuer, by its id, that a role or policy was made for.
pub const ISSUER_TAG: &str = "issuerctl:issuer";

/// An issuer that is trusted in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuing {
    /// The issuer.
    pub issuer: IssuerUrl,
    /// The account that its roles lie in.
    pub account: Account,
}

impl Issuing {
    /// Returns the id of the issuer in names of ours: 16 hexadecimal digits, the beginning of the SHA-256 of its URL.
    #[must_use]
    pub fn id(&self) -> String {
        hex_digest(self.issuer.as_str(), 16)
    }

    /// Returns the ARN of the issuer's provider in this account.
    #[must_use]
    pub fn provider_arn(&self) -> String {
        provider_arn(&self.account, &self.issuer)
    }

    /// Returns the path of this issuer's roles and policies: `/issuerctl/ID/`.
    #[must_use]
    pub fn path(&self) -> RolePath {
        RolePath::of(&["issuerctl", &self.id()])
    }

    /// Returns the Sid of this issuer's statement in trust policies: `IssuerctlID`. Subjects by pattern stand in a
    /// second one, `IssuerctlIDPattern`.
    #[must_use]
    pub fn sid(&self) -> String {
        format!("Issuerctl{}", self.id())
    }

    /// Returns the Sid of this issuer's statement of patterns: `IssuerctlIDPattern`.
    #[must_use]
    pub fn pattern_sid(&self) -> String {
        format!("{}Pattern", self.sid())
    }

    /// Returns the ARN of the managed policy of this name that is made for the issuer.
    #[must_use]
    pub fn policy_arn(&self, name: &PolicyName) -> PolicyArn {
        PolicyArn::of(&self.account, &self.path(), name)
    }

    /// Returns the ARN of a role in this account.
    #[must_use]
    pub fn role_arn(&self, path: &RolePath, name: &RoleName) -> String {
        format!("arn:{}:iam::{}:role{path}{name}", self.account.partition, self.account.id)
    }

    /// Returns whom statements of this issuer trust, `provider_arn` being [`Issuing::provider_arn`].
    pub(super) fn target<'a>(&'a self, provider_arn: &'a str, audience: &'a str) -> TrustTarget<'a> {
        TrustTarget { provider_arn, issuer: self.issuer.without_scheme(), audience }
    }
}

/// The beginning of the SHA-256 of a text, as so many hexadecimal digits.
pub(super) fn hex_digest(text: &str, digits: usize) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(text).iter() {
        // A string takes everything.
        let _ = write!(hex, "{byte:02x}");
    }
    hex.truncate(digits);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_computed_from_the_issuer() {
        let issuing = Issuing {
            issuer: "https://oidc.example.com/c1".parse().unwrap(),
            account: Account::of_caller("123456789012", "arn:aws-cn:iam::123456789012:root").unwrap(),
        };
        // printf https://oidc.example.com/c1 | sha256sum
        assert_eq!(issuing.id(), "133565ffa10def18");
        assert_eq!(issuing.path().as_str(), "/issuerctl/133565ffa10def18/");
        assert_eq!(issuing.path().as_str().parse(), Ok(issuing.path()));
        assert_eq!(issuing.pattern_sid(), "Issuerctl133565ffa10def18Pattern");
        let policy = issuing.policy_arn(&"p".parse().unwrap());
        assert_eq!(policy.as_str(), "arn:aws-cn:iam::123456789012:policy/issuerctl/133565ffa10def18/p");
        assert_eq!(policy.as_str().parse(), Ok(policy));
        let role = issuing.role_arn(&"/".parse().unwrap(), &"r".parse().unwrap());
        assert_eq!(role, "arn:aws-cn:iam::123456789012:role/r");
    }
}
